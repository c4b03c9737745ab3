"""How many wrong cells does some check catch? python tests/mutate.py --sample 400 --seed 2026

Each mutation changes one thing in a copy of data/: a digit, a sign, a day, a letter, a source key,
a value of a list; a row dropped, or two rows swapped. Then the checks decide, the fastest first:

1. validation  publish.validation finds an error;
2. headlines   a figure transcribed from its primary source no longer agrees;
3. outputs     a notebook that loads the table no longer gives what it stores. Notebooks run in
               this process, after a check that this gives what a kernel stored; lines, shapes
               and texts of figures are compared before they are drawn.

That a notebook's digest is out of date is not counted: any change of a file would do that.
What no check catches is tried twice more. With a cell that is plainly wrong: if nothing changes
then either, the cell reaches no page, it is in the download of the table alone. With ten or a
hundred times the change of a number, or with another month, year or decade of a date: if that is
caught, pages show the cell less exactly than the change, as the year of a visit alone. What
remains is a wrong cell on a page that no check sees. All three are listed; for the last the exit
status is 1.
"""

from __future__ import annotations

import argparse
import ast
import csv
import datetime
import hashlib
import importlib.util
import io
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "book")]

import numpy as np  # noqa: E402
from matplotlib.collections import Collection  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from nbformat import v4  # noqa: E402

from publish import notebooks, reproduce, validation  # noqa: E402
from report import data, exhibits  # noqa: E402

SOURCE_KEYS = {"source", "source_2", "reference"}
NO_PAGE = "reaches no page"
LESS = "shown less exactly"
UNSEEN = "on a page, not caught"
CAUGHT = ("validation", "headlines", "outputs")
Rows = list[list[str]]


@dataclass(frozen=True)
class Mutation:
    """One change of one table; row 1 is the header, as in every message."""

    table: str
    kind: str
    row: int
    column: str
    before: str
    after: str

    def __str__(self) -> str:
        cell = f", {self.column}: {self.before!r} to {self.after!r}" if self.column else ""
        return f"{self.table} row {self.row}: {self.kind}{cell}"

    def apply(self, rows: Rows) -> Rows:
        """Return the table with the change made."""
        rows, place = [list(row) for row in rows], self.row - 1
        if self.column:
            rows[place][rows[0].index(self.column)] = self.after
        elif self.kind == "row dropped":
            del rows[place]
        else:
            rows[place], rows[place + 1] = rows[place + 1], rows[place]
        return rows


@cache
def rows_of(table: str) -> Rows:
    return list(csv.reader(io.StringIO((ROOT / "data" / data.describe(table)["path"]).read_text())))


# ---- Making mutations ----------------------------------------------------------------------------


def a_digit(cell: str, chance: random.Random) -> str:
    """Change one digit, never to a leading zero."""
    place = chance.choice([n for n, c in enumerate(cell) if c.isdigit()])
    first = place == 0 or (not cell[place - 1].isdigit() and cell[place - 1] != ".")
    digits = "123456789" if first and cell[place + 1 : place + 2].isdigit() else "0123456789"
    return cell[:place] + chance.choice([d for d in digits if d != cell[place]]) + cell[place + 1 :]


def a_letter(cell: str, chance: random.Random) -> str:
    place = chance.choice([n for n, c in enumerate(cell) if c.isalpha()] or [len(cell) - 1])
    other = chance.choice([c for c in "abcdefghijklmnopqrstuvwxyz" if c != cell[place].lower()])
    return cell[:place] + (other.upper() if cell[place].isupper() else other) + cell[place + 1 :]


def a_time(cell: str, chance: random.Random) -> str:
    """Move a date by a day, a month by a month."""
    step = chance.choice([-1, 1])
    if len(cell) == 10:
        return (datetime.date.fromisoformat(cell) + datetime.timedelta(step)).isoformat()
    months = int(cell[:4]) * 12 + int(cell[5:]) - 1 + step
    return f"{months // 12}-{months % 12 + 1:02d}"


def of_cell(table: str, row: int, column: str, chance: random.Random) -> Mutation:
    """Return a change of a cell that its type allows."""
    field = next(f for f in data.describe(table)["schema"]["fields"] if f["name"] == column)
    cell = rows_of(table)[row - 1][rows_of(table)[0].index(column)]
    listed = field.get("constraints", {}).get("enum", [])
    if column in SOURCE_KEYS:
        place = rows_of(table)[0].index(column)
        known = {r[place] for r in rows_of(table)[1:]} | {r[0] for r in rows_of("sources")[1:12]}
        kind, after = "a source key", chance.choice(sorted(known - {cell, ""}))
    elif field["type"] == "boolean":
        kind, after = "yes or no", "false" if cell == "true" else "true"
    elif field["type"] in {"date", "yearmonth"}:
        kind, after = "a day", a_time(cell, chance)
    elif field["type"] in {"integer", "number"} and chance.random() < 0.15 and cell.strip("0."):
        kind, after = "a sign", cell[1:] if cell.startswith("-") else f"-{cell}"
    elif field["type"] in {"integer", "number", "year"}:
        kind, after = "a digit", a_digit(cell, chance)
    elif len(listed) > 1 and chance.random() < 0.5:
        kind, after = "another value", chance.choice([v for v in listed if v != cell])
    elif field["type"] == "string" and any(c.isdigit() for c in cell) and chance.random() < 0.4:
        kind, after = "a digit", a_digit(cell, chance)
    else:
        kind, after = "a letter", a_letter(cell, chance)
    return Mutation(table, kind, row, column, cell, after)


def sample(count: int, seed: int) -> list[Mutation]:
    """Return that many mutations, spread evenly over the tables, without repeats."""
    chance, found = random.Random(seed), {}
    names = [t for t in data.tables() if len(rows_of(t)) > 1]
    order = [t for _ in range(count // len(names) + 1) for t in chance.sample(names, len(names))]
    for table in order * 3:
        if len(found) == count:
            break
        rows, draw = rows_of(table), chance.random()
        row = chance.randrange(2, len(rows) + 1)
        if draw < 0.1:
            made = Mutation(table, "row dropped", row, "", "", "")
        elif draw < 0.2 and row < len(rows):
            made = Mutation(table, "rows swapped", row, "", "", "")
        else:
            filled = [c for c, cell in zip(rows[0], rows[row - 1], strict=True) if cell]
            made = of_cell(table, row, chance.choice(filled), chance)
        found[made] = None
    return list(found)


# ---- Running a notebook in this process ----------------------------------------------------------


def drawing(figure: Figure) -> str:
    """Return a digest of what a figure would draw: every line, shape, text and axis.

    It stands for the SVG where two runs are compared, since drawing takes ten times as long.
    """
    parts = []
    for artist in figure.findobj():
        seen = [type(artist).__name__, getattr(artist, "get_text", str)()]
        for name in ("get_xydata", "get_offsets", "get_xlim", "get_ylim", "get_position", "get_fc"):
            if hasattr(artist, name):
                seen.append(np.asarray(getattr(artist, name)()).tolist())
        if hasattr(artist, "get_patch_transform"):
            shape = artist.get_patch_transform().transform_path(artist.get_path())
            seen.append(shape.vertices.tolist())
        elif isinstance(artist, Collection):
            seen.append([path.vertices.tolist() for path in artist.get_paths()])
        parts.append(repr([*seen, getattr(artist, "xy", "")]))
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def ran(path: Path, draw: bool = False) -> notebooks.Run:
    """Execute a notebook's code here, each figure drawn or replaced by the digest of its drawing.

    A cell's outputs are what the kernel would store: facts, and the exhibit it ends on.
    """
    notebook = notebooks.read(path)
    run, space, shown = notebooks.Run(path, ["to compare"]), {"__name__": "__main__"}, []

    def publish(bundle: dict[str, Any], metadata: dict[str, Any]) -> None:
        shown.append(v4.new_output("display_data", bundle, metadata=metadata))

    def save(figure: Figure, file: Any, **options: Any) -> None:
        file.write(f"<svg><defs></defs>{drawing(figure)}</svg>")

    data._used.clear()
    kept, exhibits.publish_display_data = Figure.savefig, publish
    Figure.savefig = kept if draw else save
    try:
        for cell in (c for c in notebook.cells if c.cell_type == "code"):
            tree = ast.parse(cell.source)
            ends = tree.body and isinstance(tree.body[-1], ast.Expr)
            last = tree.body.pop() if ends and not cell.source.rstrip().endswith(";") else None
            exec(compile(tree, path.name, "exec"), space)
            if last:
                value = eval(compile(ast.Expression(last.value), path.name, "eval"), space)
                if value is not None:
                    shown.append(v4.new_output("execute_result", value._repr_mimebundle_()))
            cell.outputs, shown = shown, []
    except Exception as error:  # whatever a cell raises stops the build
        run.error = f"{type(error).__name__}: {error}"
    finally:
        Figure.savefig = kept
    run.notebook = notebook
    return run


@cache
def as_it_is(path: Path) -> list[reproduce.Output]:
    """Return a notebook's outputs from the data as it is, with the digests of its drawings."""
    return list(reproduce.outputs(ran(path).notebook, ""))


def difference(path: Path) -> str:
    """Return the first output of a notebook that is not what it is with the data as it is."""
    run, known = ran(path), as_it_is(path)
    if run.error:
        return run.error
    fresh = list(reproduce.outputs(run.notebook, ""))
    for old, new in zip(known, fresh, strict=False):
        if old.data != new.data:
            return f"{old.name}: {reproduce.first_difference(old, new)}"
    return "" if len(known) == len(fresh) else f"{len(known)} outputs are stored, not {len(fresh)}"


@cache
def users() -> dict[str, list[Path]]:
    """Return the notebooks that load each table, the quickest first."""
    found = defaultdict(list)
    for path in sorted(notebooks.paths(), key=lambda p: p.stat().st_size):
        for name in notebooks.read(path).metadata.get("inputs", {}):
            found[name.removeprefix("table ")].append(path)
    return found


# ---- The checks ----------------------------------------------------------------------------------


def headline_checks() -> Any:
    place = ROOT / "tests/data/test_headlines.py"
    spec = importlib.util.spec_from_file_location("test_headlines", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def wrong_headline(table: str) -> str:
    """Return the first headline figure of a table that no longer agrees with its source."""
    headlines.load.cache_clear()
    for row in headlines.FIGURES if table in headline_tables() else []:
        try:
            headlines.test_a_headline_figure_is_what_its_primary_source_says(row)
        except Exception as error:
            return f"{row['figure']}: {error}"
    return ""


@cache
def headline_tables() -> set[str]:
    """Return the tables that any headline figure is read from."""
    read, load = set(), headlines.load
    headlines.load = lambda name: read.add(name) or load(name)
    for selector in headlines.SELECTORS.values():
        selector()
    headlines.load = load
    return read


headlines = headline_checks()


def verdict(mutation: Mutation) -> tuple[str, str]:
    """Return which check catches a mutation, and what it says."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "book").mkdir()
        shutil.copy(ROOT / "book/references.bib", root / "book")
        shutil.copytree(ROOT / "data", root / "data")
        data.DATA = root / "data"
        found = caught(mutation, root)
        if found[0] or not mutation.column:
            return found[0] or NO_PAGE, found[1]
        for plain in larger(mutation):
            if caught(replace(mutation, after=plain), root, pages_only=True)[0]:
                return LESS, f"but {plain!r} would change the page"
        for plain in plainly_wrong(mutation):
            if caught(replace(mutation, after=plain), root, pages_only=True)[0]:
                return UNSEEN, f"although {plain!r} would change the page"
        return NO_PAGE, ""


def larger(mutation: Mutation) -> list[str]:
    """Return the cell with another month, year or decade, or 10 or 100 times the change."""
    before, after = mutation.before, mutation.after
    if mutation.kind == "a day" and len(before) == 10:
        years = [f"{int(before[:4]) + step}{before[4:]}" for step in (-1, 1, -10, 10)]
        return [f"{before[:4]}-{(int(before[5:7]) + 5) % 12 + 1:02d}-15", *years]
    try:
        change = Decimal(after) - Decimal(before)
    except InvalidOperation:
        return []
    return [str(Decimal(before) + n * change) for n in (10, 100) if mutation.kind == "a digit"]


def plainly_wrong(mutation: Mutation) -> list[str]:
    """Return what no page that shows the cell could show without a difference."""
    field = next(
        f for f in data.describe(mutation.table)["schema"]["fields"] if f["name"] == mutation.column
    )
    kind, cell = field["type"], mutation.before
    if kind == "date":
        return ["1801-01-01", "2026-11-21"]
    if kind == "yearmonth":
        return ["1801-01", "2026-10"]
    if kind == "year":
        return ["1801", "2026"]
    if kind in {"integer", "number"}:
        return [str(int(float(cell) * 10 + 7)), "0"]
    return [] if kind == "boolean" else [f"Zzz {cell}"]


def caught(mutation: Mutation, root: Path, pages_only: bool = False) -> tuple[str, str]:
    """Apply a mutation to the copy in ``root`` and run the checks until one of them objects."""
    target = root / "data" / data.describe(mutation.table)["path"]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(mutation.apply(rows_of(mutation.table)))
    target.write_text(text.getvalue(), encoding="utf-8")
    if not pages_only:
        if lines := validation.problems(root):
            return "validation", lines[0]
        if line := wrong_headline(mutation.table):
            return "headlines", line
    for path in users().get(mutation.table, []):
        if line := difference(path):
            return "outputs", f"{path.stem}: {line}"
    return "", ""


def baseline() -> list[str]:
    """Return why the checks would object to the data as it is: they must not."""
    wrong = validation.problems()
    for path in notebooks.paths():
        wrong += reproduce.compare(ran(path, draw=True)).differences
    return wrong


def run(mutations: list[Mutation], workers: int = 2) -> Iterator[tuple[Mutation, str, str]]:
    """Yield each mutation with the check that caught it and its words; a process for each."""
    users(), headline_tables(), [rows_of(name) for name in data.tables()]  # once for all processes
    for path in notebooks.paths():
        as_it_is(path)
    with multiprocessing.get_context("fork").Pool(workers, maxtasksperchild=1) as pool:
        found = pool.imap(verdict, mutations)
        for mutation, how in zip(mutations, found, strict=True):
            yield mutation, *how


def report(results: list[tuple[Mutation, str, str]], write: Callable[[str], Any] = print) -> int:
    """Print the score by table and by kind of change; list what no check caught."""
    for title, key in (("table", lambda m: m.table), ("change", lambda m: m.kind)):
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for mutation, how, _ in results:
            counts[key(mutation)][how] += 1
            counts["all"][how] += 1
        heads = [title, "tried", *CAUGHT, NO_PAGE, LESS, UNSEEN, "score"]
        write("\t".join(heads))
        for name, count in sorted(counts.items(), key=lambda item: (item[0] == "all", item[0])):
            good, shown = (
                sum(count[c] for c in CAUGHT),
                count.total() - count[NO_PAGE] - count[LESS],
            )
            score = f"{good / shown:.1%}" if shown else "-"
            cells = [count.total(), *(count[h] for h in heads[2:-1]), score]
            write("\t".join([name, *map(str, cells)]))
        write("")
    for title in (UNSEEN, LESS, NO_PAGE):
        write(f"{title}:")
        for mutation, how, why in results:
            if how == title:
                write(f"  {mutation} {why}")
    return int(any(how == UNSEEN for _, how, _ in results))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=400, help="how many mutations")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--unchecked", action="store_true", help="trust the stored outputs")
    chosen = parser.parse_args()
    if not chosen.unchecked and (wrong := baseline()):
        print("The checks object to the data as it is:", *wrong, sep="\n  ", file=sys.stderr)
        return 2
    made = sample(chosen.sample, chosen.seed)
    return report(list(run(made, os.cpu_count() or 1)))


if __name__ == "__main__":
    sys.exit(main())
