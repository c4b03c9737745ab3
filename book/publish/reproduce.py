"""Execute notebooks afresh and compare every output with the stored one, value by value."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from publish import notebooks
from publish.notebooks import Run
from report.exhibits import FACTS_MIME, FIGURE_MIME, TABLE_MIME


class Output(NamedTuple):
    """A stored output: its cell, its kind ("tables", ..), its name, the body of an exhibit, all."""

    cell: int
    kind: str
    name: str
    body: dict[str, Any]
    content: Any


@dataclass
class Comparison:
    """The outcome for one notebook: what is stored, how much of it came again, what did not."""

    run: Run
    stored: list[Output]
    reproduced: int = 0
    differences: list[str] = field(default_factory=list)


def outputs(notebook: Any) -> Iterator[Output]:
    """Yield every output of a notebook; of facts, each."""
    for place, cell in enumerate(notebooks.code_cells(notebook), start=1):
        for output in cell.outputs:
            content = {key: output[key] for key in output if key != "execution_count"}
            bundle = content.get("data", {})
            if FACTS_MIME in bundle:
                for name, text in json.loads(bundle[FACTS_MIME]).items():
                    yield Output(place, "numbers", f"Number {name}", {}, text)
            elif stored := bundle.get(FIGURE_MIME) or bundle.get(TABLE_MIME):
                kind, body = "figures" if FIGURE_MIME in bundle else "tables", json.loads(stored)
                yield Output(place, kind, body["name"], body, content)
            else:
                yield Output(place, "other", f"Output of code cell {place}", {}, content)


def compare(run: Run) -> Comparison:
    """Compare what a run produced with what the notebook stored, cell by cell."""
    result = Comparison(run, list(outputs(run.stored)))
    said = result.differences
    if run.error:
        said.append(f"did not run: {run.error}")
        return result
    fresh = list(outputs(run.notebook))
    for number, cell in enumerate(notebooks.code_cells(run.stored), start=1):
        if cell.execution_count is None:
            said.append(f"code cell {number} stores nothing: it was never executed")
            continue
        old, new = ([o for o in found if o.cell == number] for found in (result.stored, fresh))
        pairs = list(zip(old, new, strict=False))
        result.reproduced += sum(was == now for was, now in pairs)
        said += [f"{a.name}: {first_difference(a, b)}" for a, b in pairs if a != b]
        said += [f"{o.name}: stored, but not produced" for o in old[len(new) :]]
        said += [f"{o.name}: produced, but not stored" for o in new[len(old) :]]
    return result


def report(results: list[Comparison]) -> str:
    """Return a table with a line for each notebook, the differences, and the sum."""
    rows = []
    for result in results:
        counts = Counter(output.kind for output in result.stored)
        cells = [len(notebooks.code_cells(result.run.stored))]
        cells += [counts[kind] for kind in ("tables", "figures", "numbers")]
        again = f"{result.reproduced} of {len(result.stored)}"
        rows.append([*cells, again, f"{result.run.seconds:.1f}"])
    heads = ["cells", "tables", "figures", "numbers", "reproduced", "seconds"]
    frame = pd.DataFrame(rows, [r.run.name for r in results], pd.Index(heads, name="notebook"))
    lines = [f"{r.run.name}: {line}" for r in results for line in r.differences]
    same, total = sum(r.reproduced for r in results), sum(len(r.stored) for r in results)
    return "\n".join([frame.to_string(), *lines, f"{same} of {total} outputs reproduced."])


def machine() -> str:
    """Return where a comparison ran."""
    return f"Python {platform.python_version()} on {platform.platform()}"


def first_difference(was: Output, now: Output) -> str:
    """Say in words where two versions of an output first differ."""
    if was.kind == now.kind == "numbers":
        return f"stored {was.content!r}, now {now.content!r}"
    old, new = was.body, now.body
    if old and new:
        titles = [column["title"] for column in old["columns"]]
        for number, rows in enumerate(zip(old["rows"], new["rows"], strict=False), 1):
            for title, one, two in zip(titles, *rows, strict=False):
                if one != two:
                    return f"row {number}, column {title!r}: stored {one!r}, now {two!r}"
        if len(old["rows"]) != len(new["rows"]):
            return f"stored {len(old['rows'])} rows, now {len(new['rows'])}"
        for key in old:
            if old[key] != new.get(key):
                return f"its {key} differs: stored {old[key]!r}, now {new.get(key)!r}"
        if was.content["data"].get("image/svg+xml") != now.content["data"].get("image/svg+xml"):
            return "the drawing differs though its numbers do not"
    pair = (json.dumps(o.content, indent=1, ensure_ascii=False) for o in (was, now))
    for one, two in zip(*(text.replace("\\n", "\n").split("\n") for text in pair), strict=False):
        if one != two:
            return f"stored {one.strip()[:80]!r}, now {two.strip()[:80]!r}"
    return "it is longer or shorter than the stored one"
