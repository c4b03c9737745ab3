"""A search that works from a folder: the text of every section, which search.js looks through.

Sphinx's own search skips numbers, knows no phrases, folds no accents and, opened from a folder,
shows titles alone (sphinx-doc/sphinx 776, 3301). lunr and MiniSearch have no phrases either,
and Pagefind needs a server.
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
        parts = (part for part in rest if not isinstance(part, nodes.section))
        text = " ".join(block.astext() for part in parts for block in part.findall(_is_prose))
        plain = (unicodedata.normalize("NFD", " ".join(t.split())) for t in (title.astext(), text))
        yield section["ids"][0], *plain


def _is_prose(node: nodes.Node) -> bool:
    left_out = nodes.Inline | nodes.FixedTextElement | nodes.label
    return isinstance(node, nodes.TextElement) and not isinstance(node, left_out)


def setup(app: Sphinx) -> dict[str, Any]:
    """Keep Sphinx from building its index; note the text of each page and write our own."""
    pages: dict[str, list[Any]] = {}

    def begin(app: Sphinx) -> None:
        app.builder.search = False  # type: ignore[attr-defined]

    def note(app: Sphinx, name: str, _template: str, _context: Any, doctree: Any) -> None:
        if doctree is not None:
            pages[name] = [app.builder.get_target_uri(name), *sections(doctree)]

    def write(app: Sphinx, error: Exception | None) -> None:
        if error is None and app.builder.name == "html":
            text = json.dumps([pages[name] for name in sorted(pages)], ensure_ascii=False)
            script = Path(app.outdir, "_static", "search-data.js")
            script.write_text(f"const PAGES = {text};\n", encoding="utf-8")

    app.connect("builder-inited", begin)
    app.connect("html-page-context", note)
    app.connect("html-collect-pages", lambda app: [("search", {"title": "Search"}, "search.html")])
    app.connect("build-finished", write)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": False}
