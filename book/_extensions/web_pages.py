"""The web pages: what Sphinx writes into them differently, and the files that they load.

Pages are mended where they are made, in the translator and the page's context, for the theme
furo. A page runs few scripts, asks no other host for anything, and says so in its policy.
"""

from __future__ import annotations

import base64
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from fontTools import subset
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from report import data
from report.sortkeys import sort_key
from report.style import FACE, FONTS

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
#: What is not broken over two lines: 2026-02-24, 2026-02, 2014-2016, 8 April 2010.
DATE = re.compile(r"\b\d{4}-\d\d(?:-?\d\d)?(?!\d)|\b\d{1,2} [A-Z][a-z]{2,8} \d{4}\b")
BOXES = nodes.entry | nodes.list_item | nodes.definition | nodes.field_body
#: Marks of docutils that no style asks for: a tenth of a page of tables.
UNSTYLED = re.compile(r' class="(?:(?:head|stub|simple|text-left|row-\w+|field-\w+)\s?)+"')


class WebTranslator(HTML5Translator):
    """Sphinx's translator, with tables that sort, sized pictures and lighter tags."""

    def starttag(
        self, node: Any, tagname: str, suffix: str = "\n", empty: bool = False, **attributes: Any
    ) -> str:
        if tagname in {"th", "td"}:
            group = node.parent.parent  # head or body of the table
            grid = group.parent
            sortable = len(grid[-1]) >= SORTABLE and "ordered" not in grid.parent["classes"]
            if tagname == "th":
                attributes["scope"] = "col" if isinstance(group, nodes.thead) else "row"
            if sortable and isinstance(group, nodes.thead):
                attributes["class"] = "sortable"
            elif sortable and not isinstance(key := sort_key(node.astext()), str):
                attributes["data-sort"] = "" if key is None else f"{key:.12g}"
        elif tagname == "caption":  # stays in sight while a wide table scrolls
            suffix += '<div class="caption-box">'
        elif tagname == "img":
            room = zip(("width", "height"), node.get("room", ()), strict=False)
            attributes |= {"decoding": "async", "loading": "lazy", **dict(room)}
        elif attributes.get("role") == "doc-biblioentry":  # given up by the standard
            attributes["role"] = "listitem"
        return UNSTYLED.sub("", super().starttag(node, tagname, suffix, empty, **attributes))

    def depart_title(self, node: nodes.Element) -> None:
        if isinstance(node.parent, nodes.table):
            self.context[-1] = "</div></caption>\n"
        super().depart_title(node)

    def visit_Text(self, node: nodes.Text) -> None:  # noqa: N802  # docutils names it so
        super().visit_Text(node)
        self.body[-1] = DATE.sub(r'<span class="date">\g<0></span>', self.body[-1])

    def visit_paragraph(self, node: nodes.Element) -> None:
        """Leave out the tags of a paragraph that is all that its cell or item holds."""
        if not (isinstance(node.parent, BOXES) and len(node.parent) == 1):
            super().visit_paragraph(node)

    def depart_paragraph(self, node: nodes.Element) -> None:
        if not (isinstance(node.parent, BOXES) and len(node.parent) == 1):
            super().depart_paragraph(node)


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


def font_faces(characters: set[str]) -> str:
    """Return a style sheet with the fonts in it, cut to these characters.

    Pages that are opened from a folder may not load fonts as files.
    """
    options = subset.Options(flavor="woff2", layout_features=["kern", "liga", "tnum", "ccmp"])
    options.drop_tables += ["FFTM"]
    faces = []
    for (weight, style), path in FONTS.items():
        font, cut = subset.load_font(path, options), io.BytesIO()
        subsetter = subset.Subsetter(options)
        subsetter.populate(text="".join(sorted(characters)))
        subsetter.subset(font)
        subset.save_font(font, cut, options)
        data = base64.b64encode(cut.getvalue()).decode()
        faces.append(
            f"@font-face{{font-family:'{FACE}';font-weight:{weight};font-style:{style};"
            f"font-display:block;src:url(data:font/woff2;base64,{data}) format('woff2')}}\n"
        )
    return "".join(faces)


def sections(doctree: nodes.Node) -> Iterator[tuple[str, ...]]:
    """Yield id, title and text of each section and exhibit for search.js, and what it is if more.

    A line of the text is a paragraph, or a row of a table with " | " between cells. Sphinx's own
    search skips numbers, phrases, accents, and from a folder all but titles (sphinx-doc/sphinx 776,
    3301). lunr and MiniSearch have no phrases either, and Pagefind needs a server.
    """
    about = {nodes.make_id(f"data-{table['name']}") for table in data.package()["resources"]}
    for node in doctree.findall(nodes.Element):
        left_out = nodes.Inline | nodes.FixedTextElement | nodes.label
        if isinstance(node, nodes.section):
            kind = ["Data table"] if about & {*node["ids"]} else []
            name, title, rest = node["ids"][0], node[0].astext(), node.children[1:]
        elif "search" in node:
            (name, title, *kind), rest = node["search"], node.children
            left_out |= nodes.title | nodes.caption
        else:
            continue
        texts = (
            block.astext().replace("\n\n", " | ")  # between the cells of a row
            for part in rest
            if not (isinstance(part, nodes.section) or "search" in part)
            for block in part.findall(nodes.Element)
            if isinstance(block, nodes.TextElement | nodes.row)
            and not isinstance(block, left_out)
            and not isinstance(block.parent, nodes.entry)
        )
        yield name, plain(title), "\n".join(map(plain, texts)), *kind


def recommendations(app: Sphinx) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the page of each recommendation, and what search.js finds it by: its short name."""
    for claim in data.load("claims").dropna(subset="short_name").itertuples():
        label = f"claim-{claim.claim_id.lower()}"
        page, name, *_ = app.env.domaindata["std"]["anonlabels"].get(label, ("", ""))
        short = claim.short_name[:1].upper() + claim.short_name[1:]
        yield page, (name, plain(short), plain(claim.claim), "Recommendation")


def plain(text: str) -> str:
    """Return a text on one line, letters apart from accents (NFD)."""
    return unicodedata.normalize("NFD", " ".join(text.split()))


def _name(file: Any) -> str:
    return str(file.filename).partition("?")[0].rpartition("/")[2]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the translator; note what pages load, show and say, and publish only that."""
    loaded, characters = {"favicon.svg", "social-card.png"}, set(map(chr, range(32, 127)))
    searched: dict[str, list[Any]] = {}

    def choose(app: Sphinx, page: str, _: str, context: dict[str, Any], doctree: Any) -> None:
        """Leave the page the style sheets and scripts that it needs, and give it its policy."""
        body = context.get("body", "")
        wanted = SCRIPTS | ({"weights.js"} if "weights-explorer" in body else set())
        wanted |= {"search-data.js", "search.js"} if page == "search" else set()
        styles = STYLES - ({"pygments.css"} if 'class="highlight' not in body else set())
        for kind, names in (("script_files", wanted), ("css_files", styles)):
            context[kind] = [file for file in context[kind] if _name(file) in names]
            loaded.update(map(_name, context[kind]))
        characters.update(body)
        if doctree is not None:
            searched[page] = [app.builder.get_target_uri(page), *sections(doctree)]
        policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        context["metatags"] = policy + context.get("metatags", "")

    def finish(app: Sphinx, error: Exception | None) -> None:
        """Remove what no page loads; write the fonts, and the text that search.js looks through."""
        if error is None and app.builder.name == "html":
            static = Path(app.outdir, "_static")
            unused = [p for p in static.rglob("*") if p.is_file() and p.name not in loaded]
            for path in [*unused, *Path(app.outdir, "_sources").rglob("*.md")]:  # with comments
                path.unlink()
            (static / "fonts.css").write_text(font_faces(characters), encoding="utf-8")
            for page, found in recommendations(app):
                searched.get(page, []).append(found)
            text = json.dumps([*map(searched.get, app.env.collect_relations())], ensure_ascii=False)
            (static / "search-data.js").write_text(f"const PAGES = {text};\n", encoding="utf-8")

    app.add_config_value("comments_config", {}, "")  # Jupyter Book sets it in any case
    app.set_translator("html", WebTranslator, override=True)
    app.add_node(nodes.container, override=True, html=(visit_container, depart_container))
    app.add_css_file("fonts.css")
    # No index of Sphinx's own.
    app.connect("builder-inited", lambda app: setattr(app.builder, "search", False))
    app.connect("html-page-context", choose, priority=900)
    app.connect("build-finished", finish, priority=900)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": False}
