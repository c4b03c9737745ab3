"""A search that works from a folder: the text of every section, which search.js looks through.

Sphinx's own search skips numbers, knows no phrases, folds no accents and, opened from a folder,
shows titles alone (sphinx-doc/sphinx 776, 3301). lunr and MiniSearch have no phrases either,
Pagefind needs a server.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def sections(doctree: nodes.Node) -> Iterator[tuple[str, str, str]]:
    """Yield id, title and text of each section; letters apart from their accents (NFD)."""
    for section in doctree.findall(nodes.section):
        title, *rest = section.children
        parts = [n for n in rest if not isinstance(n, nodes.section)]
        texts = [block.astext() for part in parts for block in part.findall(_is_prose)]
        yield section["ids"][0], *map(_plain, (title.astext(), " ".join(texts)))


def _is_prose(node: nodes.Node) -> bool:
    left_out = nodes.Inline | nodes.FixedTextElement | nodes.label
    return isinstance(node, nodes.TextElement) and not isinstance(node, left_out)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFD", " ".join(text.split()))


class Search:
    """Notes the text of each page that is written, then writes the file for search.js."""

    def __init__(self) -> None:
        self.pages: dict[str, list[Any]] = {}

    def replace_own(self, app: Sphinx) -> None:
        """Keep Sphinx from building its index."""
        app.builder.search = False  # type: ignore[attr-defined]

    def note(self, app: Sphinx, name: str, _template: str, _context: Any, doctree: Any) -> None:
        """Note the sections of a page."""
        if doctree is not None and app.builder.name != "epub":
            self.pages[name] = [app.builder.get_target_uri(name), *sections(doctree)]

    def page(self, app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
        """Return the page of the search."""
        return [("search", {"title": "Search"}, "search.html")] * (app.builder.name != "epub")

    def write(self, app: Sphinx, error: Exception | None) -> None:
        """Write the text of all pages, in the order of their names."""
        if error is None and app.builder.name in {"html", "dirhtml"}:
            text = json.dumps([self.pages[n] for n in sorted(self.pages)], ensure_ascii=False)
            path = Path(app.outdir, "_static", "search-data.js")
            path.write_text(f"const PAGES = {text};\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the event handlers."""
    search = Search()
    app.connect("builder-inited", search.replace_own)
    app.connect("html-page-context", search.note)
    app.connect("html-collect-pages", search.page)
    app.connect("build-finished", search.write, priority=700)
    app.add_js_file("search-data.js")
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": False}
