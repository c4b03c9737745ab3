"""Execute notebooks afresh and compare every output with the stored one, value by value."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
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


class Comparison(NamedTuple):
    """The outcome for one notebook: what is stored, how much of it came again, what did not."""

    run: Run
    stored: list[Output]
    reproduced: int
    differences: list[str]


def outputs(notebook: Any) -> Iterator[Output]:
    """Yield every output of a notebook; of facts, each."""
    for number, cell in enumerate(notebooks.code_cells(notebook), start=1):
        for output in cell.outputs:
            bundle, values = output.get("data", {}), dict[str, Any]()
            if FACTS_MIME in bundle:
                for fact, text in json.loads(bundle[FACTS_MIME]).items():
                    yield Output(number, "numbers", f"Number {fact}", {"": text})
                continue
            kind, name = "other", f"Output of code cell {number}"
            if stored := bundle.get(FIGURE_MIME) or bundle.get(TABLE_MIME):
                kind, body = "figures" if FIGURE_MIME in bundle else "tables", json.loads(stored)
                name, titles = body["name"], [column["title"] for column in body["columns"]]
                for n, row in enumerate(body.pop("rows"), start=1):
                    places = (f"row {n}, column {title!r}: " for title in titles)
                    values |= zip(places, row, strict=True)
                values |= {f"its {key}: ": value for key, value in body.items()}
            content = {key: output[key] for key in output if key != "execution_count"}
            lines = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)
            for n, line in enumerate(lines.replace("\\n", "\n").split("\n"), start=1):
                values[f"its drawing or text, line {n}: "] = line.strip()
            yield Output(number, kind, name, values)


def compare(run: Run) -> Comparison:
    """Compare what a run produced with what the notebook stored, cell by cell."""
    stored = list(outputs(run.stored))
    if run.error:
        return Comparison(run, stored, 0, [f"did not run: {run.error}"])
    fresh, said = list(outputs(run.notebook)), list[str]()
    pairs: list[tuple[Output | None, Output | None]] = []
    for number, cell in enumerate(notebooks.code_cells(run.stored), start=1):
        if cell.execution_count is None:
            said.append(f"code cell {number} stores nothing: it was never executed")
        else:
            old, new = ([o for o in found if o.cell == number] for found in (stored, fresh))
            pairs += zip_longest(old, new)
    said += [difference(was, now) for was, now in pairs if was != now]
    return Comparison(run, stored, sum(was == now for was, now in pairs), said)


def difference(was: Output | None, now: Output | None) -> str:
    """Say in words where two versions of an output first differ, or which of them is not there."""
    if now is None:
        return f"{was and was.name}: stored, but not produced"
    if was is None:
        return f"{now.name}: produced, but not stored"
    for place in was.values | now.values:
        old, new = was.values.get(place), now.values.get(place)
        if old != new:
            return f"{was.name}: {place}stored {quoted(old)}, now {quoted(new)}"
    return f"{was.name}: it is now {now.name}"


def report(results: list[Comparison]) -> str:
    """Return a table with a line for each notebook, the differences, and the sum."""
    rows = {}
    for run, stored, reproduced, _ in results:
        kinds = Counter(output.kind for output in stored)
        row = {"cells": len(notebooks.code_cells(run.stored))}
        row |= {kind: kinds[kind] for kind in ("tables", "figures", "numbers")}
        again = {"reproduced": f"{reproduced} of {len(stored)}", "seconds": f"{run.seconds:.1f}"}
        rows[run.name] = row | again
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis(columns="notebook")
    lines = [f"{r.run.name}: {line}" for r in results for line in r.differences]
    same, total = sum(r.reproduced for r in results), sum(len(r.stored) for r in results)
    return "\n".join([frame.to_string(), *lines, f"{same} of {total} outputs reproduced."])
