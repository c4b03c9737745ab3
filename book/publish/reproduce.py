"""Execute notebooks afresh and compare every output with the stored one, value by value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from publish.notebooks import ROOT, Run, read
from report.exhibits import FACT_MIME, FIGURE_MIME

KINDS = ("table", "figure", "number in prose", "other")


@dataclass
class Output:
    """One stored output: what it is, its name, number and title, and its representations."""

    kind: str
    name: str
    title: str
    data: dict[str, Any]


@dataclass
class Comparison:
    """The outcome for one notebook."""

    name: str
    cells: int
    seconds: float
    counts: dict[str, int]
    differences: list[str]

    @property
    def total(self) -> int:
        """How many outputs were compared."""
        return sum(self.counts.values())


def chapter_numbers() -> dict[str, str]:
    """Return the number that the table of contents gives each document below book/."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [
        chapter["file"].removeprefix("book/")
        for part in toc["parts"]
        if part.get("numbered")
        for chapter in part["chapters"]
    ]
    return {file: str(number) for number, file in enumerate(files, start=1)}


def outputs(notebook: Any, chapter: str) -> Iterator[Output]:
    """Yield every output of a notebook; exhibits with the number they have in the book."""
    counts = {"table": 0, "figure": 0}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = dict(output.get("data", {}))
            body = exhibit(data)
            if body is not None:
                kind = "figure" if FIGURE_MIME in data else "table"
                counts[kind] += 1
                number = f"{chapter}.{counts[kind]}" if chapter else str(counts[kind])
                yield Output(kind, f"{kind.capitalize()} {number}", body["caption"], data)
            elif FACT_MIME in data:
                name = output.metadata["scrapbook"]["name"]
                yield Output("number in prose", f"Number {name}", "", data)
            else:
                yield Output("other", f"Output of type {output.output_type}", "", data or output)


def exhibit(data: dict[str, Any]) -> dict[str, Any] | None:
    """Return the JSON body of a table or figure output, None for anything else."""
    if FIGURE_MIME in data:
        return json.loads(data[FIGURE_MIME])
    markdown = data.get("text/markdown", "")
    if markdown.startswith("~~~{data-table}"):
        return json.loads("\n".join(markdown.splitlines()[1:-1]))
    return None


def compare(run: Run) -> Comparison:
    """Compare what a run produced with what the notebook stores."""
    chapter = chapter_numbers().get(run.name, "")
    stored_notebook = read(run.path)
    stored = list(outputs(stored_notebook, chapter))
    cells = sum(cell.cell_type == "code" for cell in stored_notebook.cells)
    counts = {kind: sum(o.kind == kind for o in stored) for kind in KINDS}
    if run.error:
        return Comparison(run.name, cells, run.seconds, counts, [f"did not run: {run.error}"])
    fresh = list(outputs(run.notebook, chapter))
    differences = []
    if len(fresh) != len(stored):
        differences.append(f"{len(stored)} outputs are stored, {len(fresh)} were produced")
    for old, new in zip(stored, fresh, strict=False):
        if old.data != new.data:
            title = f" “{old.title}”" if old.title else ""
            differences.append(f"{old.name}{title}: {first_difference(old, new)}")
    return Comparison(run.name, cells, run.seconds, counts, differences)


def first_difference(old: Output, new: Output) -> str:
    """Say in words where two versions of an output first differ."""
    before, after = exhibit(old.data), exhibit(new.data)
    if before is None or after is None:
        was, now = (o.data.get(FACT_MIME, "its content").strip("'") for o in (old, new))
        return f"stored {was!r}, now {now!r}"
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
    return "the drawing differs though its numbers do not"
