"""How many wrong cells does some check catch? python tests/mutate.py --sample 400 --seed 2026

Each mutation changes one thing in a copy of data/: a digit, a sign, a day, a letter, a source key,
a value of a list; a row dropped, or two rows swapped. Then the checks decide, the fastest first:

1. validation  publish.validation finds an error;
2. headlines   a figure transcribed from its primary source no longer agrees;
3. outputs     a notebook that loads the table no longer gives what it stores. Notebooks run in
               this process, after a check that this gives what a kernel stored; lines, shapes
               and texts of figures are compared before they are drawn.

That a notebook's digest is out of date is not counted: any change of a file would do that.
What no check catches is tried again. With cells that are plainly wrong, too small and too large: if
nothing changes for any, the cell reaches no page, it is in the download of the table alone; if
something changes for one and not for the other, the cell only enters a largest value, a window or
a count. With ten or a hundred times the change of a number, or with another month, year or decade
of a date: if that is caught, or if the cell only enters something, pages show it less exactly than
the change. What remains is a wrong cell on a page that no check sees. All three are listed; for
the last the exit status is 1.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import hashlib
import multiprocessing
import os
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "book"), str(ROOT / "tests/data")]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import test_headlines as headlines  # noqa: E402
from matplotlib.collections import Collection  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from nbformat import v4  # noqa: E402

from publish import notebooks, reproduce, validation  # noqa: E402
from report import data, exhibits  # noqa: E402

SOURCE_KEYS = {"source", "source_2", "reference"}
CAUGHT = ["validation", "headlines", "outputs"]
NO_PAGE, LESS, UNSEEN = "reaches no page", "shown less exactly", "on a page, not caught"
#: What no page that shows a cell could show without a difference, by the type of its column.
PLAIN = {
    "date": ["1801-01-01", "2026-11-21"],
    "yearmonth": ["1801-01", "2026-10"],
    "year": ["1801", "2026"],
    "boolean": [],
}


class Mutation(NamedTuple):
    """One change of one table; row 1 is the header, as in every message."""

    table: str
    change: str
    row: int
    column: str = ""
    before: str = ""
    after: str = ""

    def apply(self) -> pd.DataFrame:
        """Return the table with the change made."""
        rows = cells(self.table).copy()
        if self.column:
            rows.loc[self.row, self.column] = self.after
        elif self.change == "row dropped":
            rows = rows.drop(self.row)
        else:
            rows.loc[[self.row, self.row + 1]] = rows.loc[[self.row + 1, self.row]].to_numpy()
        return rows


@cache
def cells(table: str) -> pd.DataFrame:
    """Return the cells of a table as text, indexed by row."""
    path = ROOT / "data" / data.describe(table)["path"]
    return data.cells(path.read_bytes(), data.describe(table))[0]


def field_of(table: str, column: str) -> dict[str, Any]:
    return next(f for f in data.describe(table)["schema"]["fields"] if f["name"] == column)


# ---- Making mutations ----------------------------------------------------------------------------


def another(cell: str, letters: str, chance: random.Random) -> str:
    """Change one letter or digit of those given, never to a leading zero."""
    places = [n for n, character in enumerate(cell) if character.lower() in letters]
    place = chance.choice(places or [len(cell) - 1])
    first = re.match(r"\d\d", cell[place:]) and not re.search(r"[\d.]$", cell[:place])
    barred = {cell[place].lower(), "0" if first else ""}
    letter = chance.choice([c for c in letters if c not in barred])
    letter = letter.upper() if cell[place].isupper() else letter
    return cell[:place] + letter + cell[place + 1 :]


def a_time(cell: str, step: int) -> str:
    """Move a date by a day, a month by a month."""
    if len(cell) == 10:
        return (datetime.date.fromisoformat(cell) + datetime.timedelta(step)).isoformat()
    months = int(cell[:4]) * 12 + int(cell[5:]) - 1 + step
    return f"{months // 12}-{months % 12 + 1:02d}"


def of_cell(table: str, row: int, column: str, chance: random.Random) -> Mutation:
    """Return a change of a cell that its type allows."""
    field, cell = field_of(table, column), cells(table).loc[row, column]
    kind = field["type"]
    listed = [v for v in field.get("constraints", {}).get("enum", []) if v != cell]
    if column in SOURCE_KEYS:
        known = {*cells(table)[column], *cells("sources")["source_key"][:11]}
        change, after = "a source key", chance.choice(sorted(known - {cell, ""}))
    elif kind == "boolean":
        change, after = "yes or no", "false" if cell == "true" else "true"
    elif kind in {"date", "yearmonth"}:
        change, after = "a day", a_time(cell, chance.choice([-1, 1]))
    elif kind in {"integer", "number"} and chance.random() < 0.15 and cell.strip("0."):
        change, after = "a sign", cell[1:] if cell.startswith("-") else f"-{cell}"
    elif kind != "string" or (re.search(r"\d", cell) and chance.random() < 0.4):
        change, after = "a digit", another(cell, "0123456789", chance)
    elif listed and chance.random() < 0.5:
        change, after = "another value", chance.choice(listed)
    else:
        change, after = "a letter", another(cell, "abcdefghijklmnopqrstuvwxyz", chance)
    return Mutation(table, change, row, column, cell, after)


def sample(count: int, seed: int) -> list[Mutation]:
    """Return that many mutations, spread evenly over the tables, without repeats."""
    chance, found = random.Random(seed), dict[Mutation, None]()
    names = [name for name in data.tables() if len(cells(name))]
    while len(found) < count:
        for table in chance.sample(names, len(names))[: count - len(found)]:
            rows, draw = cells(table), chance.random()
            row = chance.randrange(2, len(rows) + 2)
            filled = [column for column in rows if rows.loc[row, column]]
            if draw < 0.2 and (draw < 0.1 or row <= len(rows)):
                found[Mutation(table, "row dropped" if draw < 0.1 else "rows swapped", row)] = None
            else:
                found[of_cell(table, row, chance.choice(filled), chance)] = None
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
    run, space, shown = notebooks.Run(path, ["to compare"]), {"__name__": "__main__"}, []
    run.notebook = notebooks.read(path)

    def publish(bundle: dict[str, Any]) -> None:
        shown.append(v4.new_output("display_data", bundle))

    def save(figure: Figure, file: Any, **options: Any) -> None:
        file.write(f"<svg><defs></defs>{drawing(figure)}</svg>")

    data._used.clear()
    exhibits.recorded.clear()
    kept, exhibits.publish_display_data = Figure.savefig, publish
    Figure.savefig = kept if draw else save
    try:
        for cell in notebooks.code_cells(run.notebook):
            tree = ast.parse(cell.source)
            ends = isinstance(tree.body[-1], ast.Expr) and not cell.source.endswith(";")
            last = ast.Expression(tree.body.pop().value) if ends else ast.parse("None", mode="eval")
            exec(compile(tree, path.name, "exec"), space)
            value = eval(compile(last, path.name, "eval"), space)
            if hasattr(value, "_repr_mimebundle_"):
                shown.append(v4.new_output("execute_result", value._repr_mimebundle_()))
            elif value is not None:
                shown.append(v4.new_output("execute_result", {"text/plain": repr(value)}))
            cell.outputs, shown[:] = shown[:], []
    except Exception as error:  # whatever a cell raises stops the build
        run.error = f"{type(error).__name__}: {error}"
    finally:
        Figure.savefig = kept
    return run


@cache
def as_it_is(path: Path) -> Any:
    """Return a notebook with its outputs from the data as it is, drawings as their digests."""
    run = ran(path)
    assert not run.error, run.error
    return run.notebook


@cache
def users() -> dict[str, list[Path]]:
    """Return the notebooks that load each table, the quickest first."""
    found: dict[str, list[Path]] = {name: [] for name in data.tables()}
    for path in sorted(notebooks.paths(), key=lambda p: p.stat().st_size):
        for key in notebooks.read(path).metadata["inputs"]:
            found.get(key.removeprefix("table "), []).append(path)
    return found


# ---- The checks ----------------------------------------------------------------------------------


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
        other = [larger(mutation), plainly_wrong(mutation)]
        more, wrong = [[c for c in cells if shows(mutation, c, root)] for cells in other]
        why = f"although {(more or wrong or [''])[0]!r} would change the page"
        if not more and not wrong:
            return NO_PAGE, ""
        return (LESS if more or wrong != other[1] else UNSEEN), why


def shows(mutation: Mutation, cell: str, root: Path) -> bool:
    """Return whether pages would change with this in the cell."""
    return bool(caught(mutation._replace(after=cell), root, pages_only=True)[0])


def larger(mutation: Mutation) -> list[str]:
    """Return the cell with another month, year or decade, or 10 or 100 times the change."""
    _, change, *_, before, after = mutation
    if change == "a day" and len(before) == 10:
        years = [f"{int(before[:4]) + step}{before[4:]}" for step in (-1, 1, -10, 10)]
        return [f"{before[:4]}-{(int(before[5:7]) + 5) % 12 + 1:02d}-15", *years]
    if change != "a digit" or not re.fullmatch(r"-?[\d.]+", before):
        return []
    return [f"{float(before) + n * (float(after) - float(before)):.10g}" for n in (10, 100)]


def plainly_wrong(mutation: Mutation) -> list[str]:
    """Return what no page that shows the cell could show without a difference."""
    kind, cell = field_of(mutation.table, mutation.column)["type"], mutation.before
    if kind in {"integer", "number"}:
        return [str(int(float(cell) * 10 + 7)), "0"]
    return PLAIN.get(kind, [f"Zzz {cell}"])


def caught(mutation: Mutation, root: Path, pages_only: bool = False) -> tuple[str, str]:
    """Apply a mutation to the copy in ``root`` and run the checks until one of them objects."""
    target = root / "data" / data.describe(mutation.table)["path"]
    mutation.apply().to_csv(target, index=False, lineterminator="\n")
    if not pages_only:
        if lines := validation.problems(root):
            return "validation", lines[0]
        headlines.load.cache_clear()
        for row in headlines.FIGURES:
            try:
                headlines.test_a_headline_figure_is_what_its_primary_source_says(row)
            except Exception as error:
                return "headlines", f"{row['figure']}: {error}"
    for path in users()[mutation.table]:
        run = ran(path)
        run.stored = as_it_is(path)
        if lines := reproduce.compare(run).differences:
            return "outputs", f"{path.stem}: {lines[0]}"
    return "", ""


def baseline() -> list[str]:
    """Return why the checks would object to the data as it is: they must not."""
    compared = [reproduce.compare(ran(path, draw=True)) for path in notebooks.paths()]
    return validation.problems() + [line for found in compared for line in found.differences]


def tried(mutations: list[Mutation]) -> Iterator[tuple[Mutation, str, str]]:
    """Yield each mutation with the check that caught it and its words; a process for each."""
    users(), [cells(name) for name in data.tables()]  # once for all processes
    for path in notebooks.paths():
        as_it_is(path)
    with multiprocessing.get_context("fork").Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        for mutation, found in zip(mutations, pool.imap(verdict, mutations), strict=True):
            yield mutation, *found


def report(results: list[tuple[Mutation, str, str]]) -> int:
    """Print the score by table and by kind of change; list what no check caught."""
    how = pd.Series([found for _, found, _ in results], name="")
    for key in ("table", "change"):
        names = pd.Series([getattr(mutation, key) for mutation, *_ in results], name=key)
        table = pd.crosstab(names, how, margins=True, margins_name="all")
        table = table.reindex(columns=[*CAUGHT, NO_PAGE, LESS, UNSEEN, "all"], fill_value=0)
        shown = table["all"] - table[NO_PAGE] - table[LESS]
        print(table.assign(score=table[CAUGHT].sum(axis=1) / shown).round(3).to_string(), "\n")
    for title in (UNSEEN, LESS, NO_PAGE):
        print(f"{title}:")
        for mutation, found, why in results:
            if found == title:
                cell = "{3}: {4!r} to {5!r}, ".format(*mutation) if mutation.column else ""
                print(f"  {mutation.table} row {mutation.row}: {mutation.change}, {cell}{why}")
    return int((how == UNSEEN).any())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=400, help="how many mutations")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--unchecked", action="store_true", help="trust the stored outputs")
    chosen = parser.parse_args()
    if not chosen.unchecked and (wrong := baseline()):
        print("The checks object to the data as it is:", *wrong, sep="\n  ", file=sys.stderr)
        return 2
    return report(list(tried(sample(chosen.sample, chosen.seed))))


if __name__ == "__main__":
    sys.exit(main())
