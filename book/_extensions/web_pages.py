"""The web pages: what Sphinx writes into them differently, and the files that they load.

Pages are mended where they are made, in the translator and the page's context, for the theme
furo. A page runs few scripts, asks no other host for anything, and says so in its policy.
"""

from __future__ import annotations

import base64
import re
import tempfile
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from docutils import nodes
from fontTools import subset
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.writers.html5 import HTML5Translator

from report.sortkeys import sort_key

#: What a page may load. The hashes are of the inline scripts, of the theme (the choice of colours)
#: and of page.html (fonts); "file:" stands beside 'self', which not every browser takes to mean
#: the files next to an opened file.
POLICY = (
    "default-src 'none'; script-src 'self' file: "
    "'sha256-ySvT2PEZeueHGC1y2crNuNTfphBynFPP7i+U21fEgX0=' "
    "'sha256-8HUj1la45V+8/wQwS8jCwDbD7/EfjUm3knRiBfw3tPc='; style-src 'self' file: "
    "'unsafe-inline'; img-src 'self' file: data:; font-src data:; connect-src 'self'; "
    "base-uri 'self'; form-action 'self' file:"
)
STYLES = {"furo.css", "pygments.css", "fonts.css", "report.css"}
SCRIPTS = {"furo.js", "report.js"}  # of every page; the others by what a page has
#: Tables from this length on can be sorted; report.js makes the buttons.
SORTABLE = 8
#: Files of the package font-source-sans-pro, with the weight and style they stand for.
FACES = (("Regular", 400, "normal"), ("It", 400, "italic"), ("Semibold", 600, "normal"))


#: Marks of docutils that no style asks for: a tenth of a page of tables.
UNSTYLED = re.compile(r' class="(?:(?:head|stub|simple|text-left|row-\w+|field-\w+)\s?)+"')


class WebTranslator(HTML5Translator):
    """Sphinx's translator, with tables that sort, sized pictures and lighter tags."""

    def starttag(
        self, node: Any, tagname: str, suffix: str = "\n", empty: bool = False, **attributes: Any
    ) -> str:
        if tagname in {"th", "td"}:
            group = node.parent.parent  # head or body of the table
            sortable = len(group.parent[-1]) >= SORTABLE
            if tagname == "th":
                attributes["scope"] = "col" if isinstance(group, nodes.thead) else "row"
            if sortable and isinstance(group, nodes.thead):
                attributes["class"] = "sortable"
            elif sortable and not isinstance(key := sort_key(node.astext()), str):
                attributes["data-sort"] = "" if key is None else f"{key:.12g}"
        elif tagname == "caption":  # stays in sight while a wide table scrolls
            suffix += '<div class="caption-box">'
        elif tagname == "img":
            attributes |= self.room(node) | {"decoding": "async", "loading": "lazy"}
        elif attributes.get("role") == "doc-biblioentry":  # given up by the standard
            attributes["role"] = "listitem"
        return UNSTYLED.sub("", super().starttag(node, tagname, suffix, empty, **attributes))

    def room(self, node: nodes.Element) -> dict[str, str]:
        """Return width and height of a drawing, so that its room is kept before it is loaded."""
        name = unquote(node["uri"]).rpartition("/")[2]
        for source in (s for s, target in self.builder.images.items() if target == name):
            head = Path(self.builder.srcdir, source).read_text("utf-8", errors="replace")[:400]
            if box := re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', head):
                width, height = (f"{float(n) * 4 / 3:.0f}" for n in box.groups())
                return {"width": width, "height": height}
        return {}

    def depart_title(self, node: nodes.Element) -> None:
        if isinstance(node.parent, nodes.table):
            self.context[-1] = "</div></caption>\n"
        super().depart_title(node)

    def visit_paragraph(self, node: nodes.Element) -> None:
        if not _lone(node):
            super().visit_paragraph(node)

    def depart_paragraph(self, node: nodes.Element) -> None:
        if not _lone(node):
            super().depart_paragraph(node)


def _lone(paragraph: nodes.Element) -> bool:
    """Return whether a paragraph is all that its cell or item holds, and needs no tags."""
    boxes = nodes.entry | nodes.list_item | nodes.definition | nodes.field_body
    return isinstance(paragraph.parent, boxes) and len(paragraph.parent) == 1


def visit_container(self: Any, node: nodes.Element) -> None:
    """Open a box; one with the attribute ``summary`` becomes a fold under these words.

    The theme's box around a table scrolls, and is named for it; the ids are the table's.
    """
    if "table-wrapper" in node["classes"]:
        title = node.next_node(nodes.title) or node.parent[0]
        name = escape(node.parent.get("label") or title.astext())
        box = f'<div class="table-scroll" role="region" tabindex="0" aria-label="{name}">'
    elif "summary" in node:
        box = f"{self.starttag(node, 'details')}<summary>{escape(node['summary'])}</summary>\n"
    else:
        box = self.starttag(node, "div")
    self.body.append(box)


def depart_container(self: Any, node: nodes.Element) -> None:
    """Close a box."""
    self.body.append("</details>\n" if "summary" in node else "</div>\n")


class SpeakingIds(SphinxTransform):
    """Give sections that docutils numbers (#id1) an address of their words, which stays theirs."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        taken = self.document.ids
        for section in self.document.findall(nodes.section):
            if re.fullmatch(r"id\d+", old := section["ids"][0]):
                words = re.sub(r"[^a-z0-9]+", "-", section[0].astext().lower()).strip("-")
                name = f"s-{words}"
                while name in taken:
                    name = f"{section.parent['ids'][0]}-{name}"
                section["ids"][0], taken[name] = name, taken.pop(old)


def font_faces(characters: set[str]) -> str:
    """Return a style sheet with the fonts in it, cut to these characters.

    Pages that are opened from a folder may not load fonts as files.
    """
    folder, faces = files("font_source_sans_pro") / "files", []
    for name, weight, style in FACES:
        with tempfile.TemporaryDirectory() as out:
            cut = Path(out, "cut.woff2")
            options = [
                "--flavor=woff2",
                "--layout-features=kern,liga,tnum,ccmp",
                "--drop-tables+=FFTM",
            ]
            text = f"--text={''.join(sorted(characters))}"
            subset.main(
                [f"{folder}/SourceSansPro-{name}.ttf", text, f"--output-file={cut}", *options]
            )
            data = base64.b64encode(cut.read_bytes()).decode()
        faces.append(
            f"@font-face{{font-family:'Source Sans Pro';font-weight:{weight};font-style:{style};"
            f"font-display:block;src:url(data:font/woff2;base64,{data}) format('woff2')}}\n"
        )
    return "".join(faces)


def _name(file: Any) -> str:
    return str(file.filename).partition("?")[0].rpartition("/")[2]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register translator and transform; note what pages load and show, and publish only that."""
    loaded, characters = {"favicon.svg", "social-card.png"}, set(map(chr, range(32, 127)))

    def choose(app: Sphinx, page: str, _: str, context: dict[str, Any], doctree: Any) -> None:
        """Leave the page the style sheets and scripts that it needs, and give it its policy."""
        body = context.get("body", "")
        wanted = SCRIPTS | ({"weights.js"} if "weights-explorer" in body else set())
        wanted |= {"search-data.js", "search.js"} if page == "search" else set()
        for kind, names in (("script_files", wanted), ("css_files", STYLES)):
            context[kind] = [file for file in context[kind] if _name(file) in names]
            loaded.update(map(_name, context[kind]))
        characters.update(body)
        policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        context["metatags"] = policy + context.get("metatags", "")

    def finish(app: Sphinx, error: Exception | None) -> None:
        """Write the fonts, then remove what no page loads."""
        if error is None and app.builder.name == "html":
            static = Path(app.outdir, "_static")
            for path in [p for p in static.rglob("*") if p.is_file() and p.name not in loaded]:
                path.unlink()
            (static / "fonts.css").write_text(font_faces(characters), encoding="utf-8")

    app.add_config_value("comments_config", {}, "")  # Jupyter Book sets it in any case
    app.set_translator("html", WebTranslator, override=True)
    app.add_node(nodes.container, override=True, html=(visit_container, depart_container))
    app.add_transform(SpeakingIds)
    app.add_css_file("fonts.css")
    app.connect("html-page-context", choose, priority=900)
    app.connect("build-finished", finish, priority=900)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": False}
