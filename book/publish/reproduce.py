"""Execute notebooks afresh and compare every output with the stored one, value by value."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from publish import notebooks
from publish.notebooks import Run
from report import data
from report.exhibits import FACT_MIME, FIGURE_MIME

KINDS = ("table", "figure", "number in prose", "other")
#: For each notebook: what stands before the number of its exhibits, and how many of each kind
#: came before.
Numbering = dict[str, tuple[str, Counter[str]]]


@dataclass
class Output:
    """One stored output: its cell, what it is, its name and title, and what it holds."""

    cell: int
    kind: str
    name: str
    title: str
    content: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.name} “{self.title}”" if self.title else self.name

    @property
    def data(self) -> dict[str, Any]:
        """Its representations by MIME type."""
        return self.content.get("data", {})


@dataclass
class Comparison:
    """The outcome for one notebook."""

    name: str
    cells: int
    seconds: float
    counts: dict[str, int]
    reproduced: int
    total: int
    differences: list[str]


def numbering() -> Numbering:
    """Return how the book numbers the exhibits of each notebook.

    A numbered chapter counts from 1 behind its own number; the others share one count, in the
    order of the table of contents.
    """
    found: Numbering = {}
    before: Counter[str] = Counter()
    chapters = 0
    for name, numbered in data.pages().items():
        chapters += numbered
        found[name] = (f"{chapters}.", Counter()) if numbered else ("", Counter(before))
        path = notebooks.BOOK / f"{name}.ipynb"
        if not numbered and path.exists():
            before.update(output.kind for output in outputs(notebooks.read(path)))
    return found


def outputs(
    notebook: Any, prefix: str = "", before: Counter[str] | None = None
) -> Iterator[Output]:
    """Yield every output of a notebook; exhibits with the number they have in the book."""
    counts = Counter(before or {})
    for place, cell in enumerate(notebooks.code_cells(notebook), start=1):
        for output in cell.outputs:
            content = {key: output[key] for key in output if key != "execution_count"}
            held = content.get("data", {})
            body = exhibit(held)
            if body is not None:
                kind = "figure" if FIGURE_MIME in held else "table"
                counts[kind] += 1
                name = f"{kind.capitalize()} {prefix}{counts[kind]}"
                yield Output(place, kind, name, body["caption"], content)
            elif FACT_MIME in held:
                name = f"Number {output.metadata['scrapbook']['name']}"
                yield Output(place, "number in prose", name, "", content)
            else:
                yield Output(place, "other", f"Output of code cell {place}", "", content)


def exhibit(held: dict[str, Any]) -> dict[str, Any] | None:
    """Return the JSON body of a table or figure output, None for anything else."""
    if FIGURE_MIME in held:
        return json.loads(held[FIGURE_MIME])
    markdown = held.get("text/markdown", "")
    if markdown.startswith("~~~{data-table}"):
        return json.loads("\n".join(markdown.splitlines()[1:-1]))
    return None


def compare(run: Run, numbers: Numbering | None = None) -> Comparison:
    """Compare what a run produced with what the notebook stored, cell by cell."""
    place = (numbering() if numbers is None else numbers).get(run.name, ("", Counter()))
    stored = list(outputs(run.stored, *place))
    code = notebooks.code_cells(run.stored)
    counts = {kind: sum(o.kind == kind for o in stored) for kind in KINDS}
    result = Comparison(run.name, len(code), run.seconds, counts, 0, len(stored), [])
    if run.error:
        result.differences.append(f"did not run: {run.error}")
        return result
    fresh = list(outputs(run.notebook, *place))
    for number, cell in enumerate(code, start=1):
        if cell.execution_count is None:
            result.differences.append(f"code cell {number} stores nothing: it was never executed")
            continue
        old = [o for o in stored if o.cell == number]
        new = [o for o in fresh if o.cell == number]
        for was, now in zip(old, new, strict=False):
            if was.content == now.content:
                result.reproduced += 1
            else:
                result.differences.append(f"{was}: {first_difference(was, now)}")
        result.differences += [f"{o}: stored, but not produced" for o in old[len(new) :]]
        result.differences += [f"{o}: produced, but not stored" for o in new[len(old) :]]
    return result


def overview(results: list[Comparison]) -> str:
    """Return a table with a line for each notebook, at most 80 characters wide."""
    lines = [["notebook", "cells", "tables", "figures", "numbers", "reproduced", "seconds"]]
    for r in results:
        kinds = [str(r.counts[kind]) for kind in KINDS[:3]]
        same = f"{r.reproduced} of {r.total}"
        lines.append([r.name, str(r.cells), *kinds, same, f"{r.seconds:.1f}"])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([name.ljust(widths[0]), *map(str.rjust, rest, widths[1:])])
        for name, *rest in lines
    )


def summary(results: list[Comparison]) -> str:
    """Return the last line of a comparison."""
    same, total = sum(r.reproduced for r in results), sum(r.total for r in results)
    return f"{same} of {total} outputs reproduced."


def report(results: list[Comparison]) -> str:
    """Return what the report file says: where it ran, each notebook, each difference, the sum."""
    lines = [f"Python {platform.python_version()} on {platform.platform()}", overview(results)]
    lines += [f"{r.name}: {difference}" for r in results for difference in r.differences]
    return "\n".join([*lines, summary(results)]) + "\n"


def first_difference(old: Output, new: Output) -> str:
    """Say in words where two versions of an output first differ."""
    before, after = exhibit(old.data), exhibit(new.data)
    if before is None or after is None:
        if FACT_MIME in old.data and FACT_MIME in new.data:
            was, now = (o.data[FACT_MIME].strip("'") for o in (old, new))
            return f"stored {was!r}, now {now!r}"
        return _first_line(old.content, new.content)
    titles = [c["title"] if isinstance(c, dict) else c for c in before["columns"]]
    for number, (row, other) in enumerate(zip(before["rows"], after["rows"], strict=False), 1):
        for title, was, now in zip(titles, row, other, strict=False):
            if was != now:
                return f"row {number}, column {title!r}: stored {was!r}, now {now!r}"
    if len(before["rows"]) != len(after["rows"]):
        return f"stored {len(before['rows'])} rows, now {len(after['rows'])}"
    for key in before:
        if before[key] != after.get(key):
            return f"its {key} differs: stored {before[key]!r}, now {after.get(key)!r}"
    if before == after and old.data.get("image/svg+xml") != new.data.get("image/svg+xml"):
        return "the drawing differs though its numbers do not"
    return _first_line(old.content, new.content)


def _first_line(old: dict[str, Any], new: dict[str, Any]) -> str:
    texts = (json.dumps(o, indent=1, ensure_ascii=False).replace("\\n", "\n") for o in (old, new))
    for was, now in zip(*(text.split("\n") for text in texts), strict=False):
        if was != now:
            return f"stored {was.strip()[:80]!r}, now {now.strip()[:80]!r}"
    return "it is longer or shorter than the stored one"
