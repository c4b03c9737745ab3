"""Execute notebooks afresh and compare every output with the stored one, value by value."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from publish import notebooks
from publish.notebooks import Run
from report.exhibits import FACTS_MIME, FIGURE_MIME, TABLE_MIME

KINDS = ("table", "figure", "number in prose", "other")


@dataclass
class Output:
    """One stored output: its cell, what it is, its name, and what it holds."""

    cell: int
    kind: str
    name: str
    content: dict[str, Any]

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


def outputs(notebook: Any) -> Iterator[Output]:
    """Yield every output of a notebook; of facts, each."""
    for place, cell in enumerate(notebooks.code_cells(notebook), start=1):
        for output in cell.outputs:
            content = {key: output[key] for key in output if key != "execution_count"}
            bundle = content.get("data", {})
            body = exhibit(bundle)
            if body is not None:
                kind = "figure" if FIGURE_MIME in bundle else "table"
                yield Output(place, kind, body["name"], content)
            elif FACTS_MIME in bundle:
                for name, text in json.loads(bundle[FACTS_MIME]).items():
                    yield Output(place, "number in prose", f"Number {name}", {"text": text})
            else:
                yield Output(place, "other", f"Output of code cell {place}", content)


def exhibit(bundle: dict[str, Any]) -> dict[str, Any] | None:
    """Return the JSON body of a table or figure output, None for anything else."""
    stored = bundle.get(FIGURE_MIME) or bundle.get(TABLE_MIME)
    return json.loads(stored) if stored else None


def compare(run: Run) -> Comparison:
    """Compare what a run produced with what the notebook stored, cell by cell."""
    stored = list(outputs(run.stored))
    code = notebooks.code_cells(run.stored)
    counts = {kind: sum(o.kind == kind for o in stored) for kind in KINDS}
    result = Comparison(run.name, len(code), run.seconds, counts, 0, len(stored), [])
    if run.error:
        result.differences.append(f"did not run: {run.error}")
        return result
    fresh = list(outputs(run.notebook))
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
                result.differences.append(f"{was.name}: {first_difference(was, now)}")
        result.differences += [f"{o.name}: stored, but not produced" for o in old[len(new) :]]
        result.differences += [f"{o.name}: produced, but not stored" for o in new[len(old) :]]
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
        if old.kind == new.kind == "number in prose":
            return f"stored {old.content['text']!r}, now {new.content['text']!r}"
        return _first_line(old.content, new.content)
    titles = [column["title"] for column in before["columns"]]
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
