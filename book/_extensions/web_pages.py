"""The web pages: what Sphinx writes into them differently, and the files that they load.

Pages are mended where they are made, in the translator and the page's context, for the theme
furo. A page runs two scripts, asks no other host for anything, and says so in its policy.
"""

from __future__ import annotations

import base64
import io
import logging
import re
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from docutils import nodes
from fontTools import subset
from fontTools.ttLib import TTFont
from pygments.formatters import HtmlFormatter
from sphinx.application import Sphinx
from sphinx.highlighting import PygmentsBridge
from sphinx.writers.html5 import HTML5Translator

from report.sortkeys import sort_key

#: The theme's one inline script, which chooses the colours before the first paint.
THEME_SCRIPT = "sha256-ySvT2PEZeueHGC1y2crNuNTfphBynFPP7i+U21fEgX0="
#: "file:" beside 'self', which not every browser takes to mean the files next to an opened file.
POLICY = (
    f"default-src 'none'; script-src 'self' file: '{THEME_SCRIPT}'; style-src 'self' file: "
    "'unsafe-inline'; img-src 'self' file: data:; font-src data:; connect-src 'self'; "
    "base-uri 'self'; form-action 'self' file:"
)
#: Scripts by the pages that need them; "" stands for all.
SCRIPTS = {"furo.js": "", "report.js": "", "search.js": "search", "search-data.js": "search"}
#: Static files that a browser asks for by itself.
KEEP = {"favicon.svg", "social-card.png", "fonts.css"}
#: Tables from this length on can be sorted; report.js makes the buttons.
SORTABLE = 8
#: Marks of docutils and Sphinx that no style of ours asks for: a tenth of a page.
LIGHT = {
    *("align-default", "compact", "docutils", "even", "external", "field-even", "field-odd"),
    *("head", "internal", "notranslate", "odd", "row-even", "row-odd", "simple", "stub"),
    *("text-left", "std", "std-ref", "std-numref", "doc"),
}
#: Names, operators and punctuation in code keep the colour of the text: half of its weight.
QUIET = {"n", "o", "p", "w", "si", "bp"}
FACE = "Source Sans Pro"
#: Files of the package font-source-sans-pro, with the weight and style they stand for.
FACES = (("Regular", 400, "normal"), ("It", 400, "italic"), ("Semibold", 600, "normal"))


class QuietCode(HtmlFormatter):  # type: ignore[type-arg]
    """Colour only what helps to read code: words of the language, texts, numbers, comments."""

    def _get_css_class(self, ttype: Any) -> str:
        name = str(super()._get_css_class(ttype))
        return "" if name in QUIET else name


class WebTranslator(HTML5Translator):
    """Sphinx's translator, with tables that scroll and sort, sized pictures and folds.

    A container with the attribute ``summary`` becomes a fold (details) under these words.
    """

    sortable = False  # whether the table that is being written can be sorted

    def starttag(
        self, node: Any, tagname: str, suffix: str = "\n", empty: bool = False, **attributes: Any
    ) -> str:
        if tagname == "th":
            inside_head = isinstance(node.parent.parent, nodes.thead)
            attributes["scope"] = "col" if inside_head else "row"
            if inside_head and self.sortable:
                attributes["class"] = "sortable"
        if tagname in {"th", "td"} and self.sortable and isinstance(node.parent.parent, nodes.tbody):
            text = " ".join(node.astext().split())
            if (key := sort_key(text)) != text:
                attributes["data-sort"] = "" if key is None else f"{key:.12g}"
        if tagname == "caption":
            suffix += '<div class="caption-box">'
        if tagname == "img":
            attributes |= self.room(node) | {"decoding": "async", "loading": "lazy"}
        if attributes.get("role") == "doc-biblioentry":  # given up by the standard; axe, too
            attributes["role"] = "listitem"
        tag = str(super().starttag(node, tagname, suffix, empty, **attributes))
        return re.sub(r' class="([^"]*)"', _lighter, tag, count=1)

    def room(self, node: nodes.Element) -> dict[str, str]:
        """Return width and height of a drawing, so that its room is kept before it is loaded."""
        name = unquote(node["uri"]).rpartition("/")[2]
        for source in (s for s, target in self.builder.images.items() if target == name):
            head = Path(self.builder.srcdir, source).read_text("utf-8", errors="replace")[:400]
            if box := re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', head):
                width, height = (f"{float(n) * 4 / 3:.0f}" for n in box.groups())
                return {"width": width, "height": height}
        return {}

    def should_be_compact_paragraph(self, node: nodes.Element) -> bool:
        lone = len(node.parent) == 1 and not node["classes"] and not node["ids"]
        boxes = (nodes.entry, nodes.list_item, nodes.definition, nodes.field_body)
        return (lone and isinstance(node.parent, boxes)) or bool(
            super().should_be_compact_paragraph(node)
        )

    def visit_container(self, node: nodes.Element) -> None:
        if "table-wrapper" in node["classes"]:  # the theme's; the ids are the table's
            title = node.next_node(nodes.title)
            words = title.astext() if title else "Columns of the table"
            self.body.append(
                f'<div class="table-scroll" role="region" tabindex="0" aria-label="{escape(words)}">'
            )
        elif "summary" in node:
            self.body.append(self.starttag(node, "details"))
            self.body.append(f"<summary>{escape(node['summary'])}</summary>\n")
        else:
            super().visit_container(node)

    def depart_container(self, node: nodes.Element) -> None:
        self.body.append("</details>\n" if "summary" in node else "</div>\n")

    def visit_table(self, node: nodes.Element) -> None:
        body = node.next_node(nodes.tbody)
        self.sortable = body is not None and len(body) >= SORTABLE
        super().visit_table(node)

    def depart_table(self, node: nodes.Element) -> None:
        super().depart_table(node)
        self.sortable = False

    def depart_title(self, node: nodes.Element) -> None:
        if isinstance(node.parent, nodes.table):  # stays in sight while a wide table scrolls
            self.context[-1] = "</div></caption>\n"
        super().depart_title(node)

    def visit_raw(self, node: nodes.Element) -> None:
        if node.astext().startswith("<!--"):  # a comment is for authors
            raise nodes.SkipNode
        super().visit_raw(node)


def _lighter(found: re.Match[str]) -> str:
    names = [name for name in found[1].split() if name not in LIGHT]
    return f' class="{" ".join(names)}"' if names else ""


def cut_font(font: bytes, characters: Iterable[str]) -> bytes:
    """Return a font with these characters only, as woff2, the same bytes each time."""
    options = subset.Options(flavor="woff2", layout_features=["kern", "liga", "tnum", "ccmp"])
    options.drop_tables += ["FFTM"]
    loaded = TTFont(io.BytesIO(font), recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(sorted(set(characters))))
    cutter.subset(loaded)
    target = io.BytesIO()
    subset.save_font(loaded, target, options)
    return target.getvalue()


def font_faces(characters: set[str]) -> str:
    """Return the style sheet of the fonts, cut to what the pages show.

    The fonts are in the sheet: pages opened from a folder may not load them as files.
    """
    folder, faces = files("font_source_sans_pro") / "files", []
    for name, weight, style in FACES:
        font = (folder / f"SourceSansPro-{name}.ttf").read_bytes()
        data = base64.b64encode(cut_font(font, characters)).decode()
        faces.append(
            f"@font-face{{font-family:'{FACE}';font-weight:{weight};font-style:{style};"
            f"font-display:block;src:url(data:font/woff2;base64,{data}) format('woff2')}}\n"
        )
    return "".join(faces)


class Files:
    """What the pages load and show, noted page by page; what no page loads is not published."""

    def __init__(self) -> None:
        self.loaded = set(KEEP)
        self.characters = set(map(chr, range(32, 127)))

    def choose(
        self, app: Sphinx, pagename: str, _template: str, context: dict[str, Any], doctree: Any
    ) -> None:
        """Leave the page the style sheets and scripts that it needs, and its policy."""
        if app.builder.format != "html" or app.builder.name == "epub":
            return
        wanted = {name for name, page in SCRIPTS.items() if page in {"", pagename}}
        if "weights-explorer" in context.get("body", ""):
            wanted.add("weights.js")
        context["script_files"] = [f for f in context["script_files"] if _name(f) in wanted]
        context["css_files"] = [f for f in context["css_files"] if "extensions" not in _name(f)]
        self.loaded |= {_name(f) for f in [*context["script_files"], *context["css_files"]]}
        self.characters |= set(context.get("body", ""))
        policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        context["metatags"] = policy + context.get("metatags", "")

    def finish(self, app: Sphinx, error: Exception | None) -> None:
        """Write the fonts, then remove what no page loads."""
        if error is not None or app.builder.name not in {"html", "dirhtml"}:
            return
        static = Path(app.outdir, "_static")
        (static / "fonts.css").write_text(font_faces(self.characters), encoding="utf-8")
        for path in sorted(static.rglob("*"), reverse=True):
            if path.is_file() and path.name not in self.loaded:
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()


def _name(file: Any) -> str:
    return str(file.filename).partition("?")[0].rpartition("/")[2]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the translator; choose files for each page, and at the end of all."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every table it cuts
    seen = Files()
    PygmentsBridge.html_formatter = QuietCode
    app.add_config_value("comments_config", {}, "")  # Jupyter Book sets it in any case
    app.set_translator("html", WebTranslator, override=True)
    app.add_css_file("fonts.css")
    app.connect("html-page-context", seen.choose, priority=900)
    app.connect("build-finished", seen.finish, priority=900)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": False}
