"""The data dictionary and the lists of pages read: Markdown written from data/ when it is read.

A section per table says what a row is, its columns, coverage, sources and caveats. The lists name,
table by table, the pages that its rows were read from, the best kind of source first.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from report import data

#: Columns that mean the same in every table; the page explains them once.
COMMON = ("source", "source_2", "verification", "note")
PAGE = "book/appendix/data_dictionary"
MARK = "```{data-dictionary}\n```"
#: In its place, the lists of the tables from one letter to another.
LISTS = re.compile(r"```\{pages-read\} (\w)-(\w)\n```")
GROUPS = {
    "article": "The article",
    "evidence": "The record",
    "research": "The research and our judgement",
    "": "Shared",
}


def write(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put one section per group of tables, or the lists of pages read, in place of their mark."""
    if docname == PAGE:
        app.env.note_dependency(str(data.PACKAGE))
        resources = data.package()["resources"]
        pages, lines = users(app), list[str]()
        for folder, title in GROUPS.items():
            lines += [f"(data-group-{folder or 'shared'})=", f"## {title}", ""]
            for resource in resources:
                if resource["path"].rpartition("/")[0] == folder:
                    lines += [*entry(resource, pages.get(resource["name"], [])), ""]
        source[0] = source[0].replace(MARK, "\n".join(lines))
    elif asked := LISTS.search(source[0]):
        lists = "\n".join(pages_read(app, *asked.groups()))
        source[0] = source[0].replace(asked[0], lists)


def pages_read(app: Sphinx, first: str, last: str) -> Iterator[str]:
    """Return, for each table whose name begins so, the pages its rows name, best kind first."""
    resources = data.package()["resources"]
    rows = {resource["name"]: records(app, resource) for resource in resources}
    fields = data.describe("sources")["schema"]["fields"]
    best = next(f for f in fields if f["name"] == "kind")["constraints"]["enum"]
    register = {row["source_key"]: row for row in rows["sources"]}
    for name, title in sorted((r["name"], r["title"]) for r in resources):
        keys = (row.get(column) for row in rows[name] for column in ("source", "source_2"))
        counts = Counter(filter(None, keys))
        if counts and first <= name[0] <= last:
            yield f"(pages-{name})=\n**{plain(title)}** ([{name}](data-{name})):\n"
            for key in sorted(counts, key=lambda k: (best.index(register[k]["kind"]), k)):
                page, n = register[key], counts[key]
                about = [page["publisher"], *filter(None, [page["date"]]), page["kind"]]
                link = f"[{plain(page['title'])}](<{page['url']}>)"
                yield f"- {link}: {plain(', '.join(about))}, {n} row{'s' * (n > 1)}"
            yield ""


def records(app: Sphinx, resource: dict[str, Any]) -> list[dict[str, str]]:
    """Return the rows of a table as text; the page then depends on its file."""
    path = data.path_of(resource["name"])
    app.env.note_dependency(str(path))
    return data.cells(path.read_bytes(), resource)[0].to_dict("records")


def users(app: Sphinx) -> dict[str, list[str]]:
    """Return links to the pages that load each table, as their notebooks' metadata say."""
    found: dict[str, list[str]] = {}
    for document in sorted(app.env.found_docs):
        path = Path(app.env.doc2path(document))
        if path.suffix == ".ipynb":
            app.env.note_dependency(str(path))
            inputs = json.loads(path.read_text(encoding="utf-8"))["metadata"].get("inputs", {})
            link = f"{{doc}}`{path.stem.replace('_', ' ')} </{document}>`"
            for name in inputs:
                found.setdefault(name.removeprefix("table "), []).append(link)
    return found


def plain(text: str) -> str:
    """Return text as Markdown that shows it as it is."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def entry(resource: dict[str, Any], pages: list[str]) -> list[str]:
    """Return the lines of the section of one table."""
    file = f"data/{resource['path']}"
    download = f"[ ([download](../../{file}){{.external}})]{{.screen-only}}"
    terms = "; ".join(item["title"] for item in resource["licenses"])
    if resource["restricted"]:
        terms += " (not open data)"
    sources = [
        f"[{plain(s['title'])}](<{s['path']}>)" if "path" in s else plain(s["title"])
        for s in resource["sources"]
    ]
    breaks = [f"{b['field']}, {b['at']}: {b['note']}" for b in resource["breaks"]]
    fields = {
        "File": [f"`{file}`{download}"],
        "Used in": [", ".join(pages) or plain(resource.get("reason", "no page"))],
        "Coverage": [plain(resource["coverage"])],
        "Selection": [plain(resource["selection"])] if "selection" in resource else [],
        "Sources": sources,
        "Licence": [plain(terms)],
        "Caveats": [f"- {plain(line)}" for line in resource["caveats"]],
        "Breaks": [f"- {plain(line)}" for line in breaks],
    }
    return [
        f"(data-{resource['name']})=",
        f"### {plain(resource['title'])}",
        f"\n{plain(resource['description'])}\n",
        *(f":{name}:\n  " + "\n\n  ".join(body) for name, body in fields.items() if body),
        "\n:::{list-table}\n:header-rows: 1\n:stub-columns: 1",
        ":class: dictionary-columns compact\n\n* - Column\n  - Type\n  - Meaning",
        *columns(resource["schema"], resource["name"]),
        ":::",
    ]


def columns(schema: dict[str, Any], table: str) -> Iterator[str]:
    """Return the row of each column of a table: name, type and unit, meaning."""
    targets = {
        field: key["reference"]["resource"] or table
        for key in schema.get("foreignKeys", [])
        for field in ([key["fields"]] if isinstance(key["fields"], str) else key["fields"])
    }
    for field in [f for f in schema["fields"] if f["name"] not in COMMON]:
        name, limits = field["name"], field.get("constraints", {})
        kind = field["type"] + (f", {field['unit']}" if field.get("unit") else "")
        says = field["description"].rstrip(".") + "."
        says += " Key." if name in schema.get("primaryKey", []) else ""
        says += f" Points to {targets[name]}." if name in targets else ""
        says += f" One of: {', '.join(map(str, limits['enum']))}." if "enum" in limits else ""
        yield f"* - {plain(name)}\n  - {plain(kind)}\n  - {plain(says)}"


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages when they are read."""
    app.connect("source-read", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
