"""Pages whose Markdown is a Jinja template over data/: the data dictionary, the pages read.

In a page, ``tables`` are the descriptions of the package, ``users`` links to the pages that load
each, ``common`` the columns of all, and ``read(first, last)`` the tables from one letter to another
with the pages that their rows were read from; the filter ``plain`` shows text as it is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from sphinx.application import Sphinx

from report import data
from report.exhibits import escape

#: Columns that mean the same in every table; the page explains them once.
COMMON = ("source", "source_2", "verification", "note")
PAGES = {f"book/appendix/{name}" for name in ("data_dictionary", "pages_read", "pages_read_q_z")}


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    """Fill a page that is a template."""
    if docname in PAGES:
        loader = FileSystemLoader(app.srcdir)
        form = Environment(loader=loader, trim_blocks=True, undefined=ChainableUndefined)  # noqa: S701  # Markdown
        form.filters["plain"] = escape
        app.env.note_dependency(str(data.PACKAGE))
        page = form.from_string(source[0])
        known = {"tables": data.package()["resources"], "users": users(app), "common": COMMON}
        source[0] = page.render(**known, read=lambda *ends: read(app, *ends))


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


def read(app: Sphinx, first: str, last: str) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    """Yield tables by name, each with rows of the register and how many of its rows name them.

    The best kind of source comes first.
    """

    def rows(table: dict[str, Any]) -> list[dict[str, str]]:
        path = data.path_of(table["name"])
        app.env.note_dependency(str(path))
        return data.cells(path.read_bytes(), table)[0].to_dict("records")

    sources = data.describe("sources")
    [best] = (f["constraints"]["enum"] for f in sources["schema"]["fields"] if f["name"] == "kind")
    register = {row["source_key"]: row for row in rows(sources)}
    tables = [t for t in data.package()["resources"] if first <= t["name"][0] <= last]
    for table in sorted(tables, key=lambda table: table["name"]):
        keys = [row.get(key) for row in rows(table) for key in ("source", "source_2")]
        counts = Counter(filter(None, keys))
        named = sorted(counts, key=lambda key: (best.index(register[key]["kind"]), key))
        if named:
            times = (f"{counts[key]} row{'s' * (counts[key] > 1)}" for key in named)
            yield table, [*zip(map(register.get, named), times, strict=True)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Fill the pages when they are read."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
