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
from report.data import quoted
from report.exhibits import FACTS_MIME, FIGURE_MIME, TABLE_MIME


class Output(NamedTuple):
    """A stored output: its cell, its kind ("tables", ..), its name, its values by their place."""

    cell: int
    kind: str
    name: str
    values: dict[str, Any]


@dataclass
class Comparison:
    """The outcome for one notebook: what is stored, how much of it came again, what did not."""

    run: Run
    stored: list[Output]
    reproduced: int = 0
    differences: list[str] = field(default_factory=list)


def outputs(notebook: Any) -> Iterator[Output]:
    """Yield every output of a notebook; of facts, each."""
    for number, cell in enumerate(notebooks.code_cells(notebook), start=1):
        for output in cell.outputs:
            kind, name, bundle = "other", f"Output of code cell {number}", output.get("data", {})
            values: dict[str, Any] = {}
            if FACTS_MIME in bundle:
                for fact, text in json.loads(bundle[FACTS_MIME]).items():
                    yield Output(number, "numbers", f"Number {fact}", {"": text})
                continue
            if stored := bundle.get(FIGURE_MIME) or bundle.get(TABLE_MIME):
                kind, body = "figures" if FIGURE_MIME in bundle else "tables", json.loads(stored)
                name, titles = body["name"], [column["title"] for column in body["columns"]]
                for n, row in enumerate(body.pop("rows"), start=1):
                    places = (f"row {n}, column {title!r}: " for title in titles)
                    values |= zip(places, row, strict=True)
                values |= {f"its {key}: ": value for key, value in body.items()}
            content = {key: output[key] for key in output if key != "execution_count"}
            lines = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)
            lines = lines.replace("\\n", "\n")
            for n, line in enumerate(lines.split("\n"), start=1):
                values[f"its drawing or text, line {n}: "] = line.strip()
            yield Output(number, kind, name, values)


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
    old, new = was.values, now.values
    place = next((place for place in old | new if old.get(place) != new.get(place)), None)
    if place is None:
        return f"it is now {now.name}"
    return f"{place}stored {quoted(old.get(place))}, now {quoted(new.get(place))}"
