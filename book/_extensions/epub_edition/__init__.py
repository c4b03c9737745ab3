"""Sphinx's EPUB builder for a book that is a website first: one clean file, the same each time.

It replaces the builder ``epub``. What belongs to the screen is left out: containers of class
``screen-only``, raw HTML, scripts, the theme and its styles. All style is ``epub.css`` beside
this file; on narrow screens tables stack, each cell under its column's name. The cover is drawn
from title and subtitle. Dates come from ``SOURCE_DATE_EPOCH``, as Sphinx has it.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.epub3 import Epub3Builder
from sphinx.writers.html5 import HTML5Translator

from about_report import draw_card
from publish import kits

STYLE = Path(__file__).with_name("epub.css")
COVER = "_static/cover.png"
PAGE = """\
<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
  xml:lang="{lang}" lang="{lang}">
<head>
<title>{title}</title>
<link rel="stylesheet" type="text/css" href="{style}"/>
</head>
<body>
{body}
</body>
</html>
"""


class Translator(HTML5Translator):
    """Sphinx's translator, with the name of its column in each cell."""

    def starttag(self, node: Any, tagname: str, *rest: Any, **attributes: Any) -> str:
        if attributes.get("role") == "doc-biblioentry":  # the standard has given it up
            del attributes["role"]
        if tagname in {"td", "th"} and isinstance(node.parent.parent, nodes.tbody):
            heads = node.parent.parent.parent.next_node(nodes.thead)[0]
            attributes["data-label"] = heads[node.parent.index(node)].astext()
        return str(super().starttag(node, tagname, *rest, **attributes))


class EpubEdition(Epub3Builder):
    """Write the book's documents as plain XHTML and pack them into an EPUB."""

    default_translator_class = Translator

    def write_doc(self, docname: str, doctree: nodes.document) -> None:
        for node in list(doctree.findall(nodes.Element)):
            if isinstance(node, nodes.raw) or "screen-only" in node["classes"]:
                node.parent.remove(node)
        super().write_doc(docname, doctree)

    def handle_page(self, pagename: str, addctx: dict[str, Any], *_args: Any, **_more: Any) -> None:
        if pagename not in self.env.found_docs:
            return  # search, index and their like
        path = Path(self.outdir, pagename + self.out_suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        page = PAGE.format(
            lang=html.escape(self.config.epub_language),
            title=html.escape(nodes.unescape(self.env.titles[pagename].astext())),
            style="../" * pagename.count("/") + STYLE.name,
            body=addctx["body"],
        )
        path.write_text(page, "utf-8")

    def copy_static_files(self) -> None:
        Path(self.outdir, STYLE.name).write_bytes(STYLE.read_bytes())
        Path(self.outdir, "_static").mkdir(exist_ok=True)  # other extensions write there
        title, _, subtitle = self.config.epub_title.partition(": ")
        draw_card(Path(self.outdir, COVER), title, subtitle, 10, 16)

    def build_content(self) -> None:
        super().build_content()
        path = Path(self.outdir, "content.opf")  # Sphinx knows the cover of EPUB 2 alone
        item = f'href="{COVER}" media-type="image/png"'
        text = path.read_text("utf-8").replace(item, f'{item} properties="cover-image"')
        path.write_text(text, "utf-8")

    def build_epub(self) -> None:
        first = ["mimetype", "META-INF/container.xml", "content.opf", "toc.ncx"]
        out = Path(self.outdir)
        files = ((name, (out / name).read_bytes()) for name in [*first, *sorted(self.files)])
        kits.pack(out / f"{self.config.epub_basename}.epub", files, (1980, 1, 1, 0, 0, 0))


def setup(app: Sphinx) -> dict[str, Any]:
    """Replace the builder."""
    app.add_builder(EpubEdition, override=True)
    app.config.epub_cover = (COVER, "")
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
