"""The translator: from resolved doctrees to Typst markup.

Each node is served by the first of its classes (then base classes) that has a method
``do_<class>`` here or an entry in ``FORMS``; any other is an error. Blocks are joined by blank
lines, which makes a paragraph of each run of text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from docutils import nodes
from sphinx.environment import BuildEnvironment
from sphinx.locale import admonitionlabels

from . import tables
from .markup import Code, NotPrintableError, breakable, call, content, label, literal

NUMBERING = {"loweralpha": "a", "upperalpha": "A", "lowerroman": "i", "upperroman": "I"}
ASCII = "".join(map(chr, range(128)))
LISTS = (nodes.bullet_list, nodes.enumerated_list)
LABELLED = (nodes.section, nodes.figure, nodes.table)  # Typst's own elements carry their labels
NOTES = {"exhibit-source", "exhibit-note"}
NOT_IN_PRINT = "screen-only"
QUIET = {"table", "caption", "note", "heading", "footnote", "bibliography"}  # short references here
#: What stands for a node, around its children in a line ...
FORMS = {
    **dict.fromkeys(["inline", "term", "field_name", "download_reference"], "{}"),
    **dict.fromkeys(["emphasis", "literal_emphasis", "title_reference"], "#emph[{}]"),
    **dict.fromkeys(["strong", "literal_strong"], "#strong[{}]"),
    "subscript": "#sub[{}]",
    "superscript": "#super[{}]",
}
#: ... or below each other.
BLOCKS = {"document", "compound", "glossary", "definition"}
SKIP = {"comment", "index", "target", "substitution_definition", "meta", "highlightlang"}


@dataclass(frozen=True)
class Chapter:
    """A document of a volume, its depth in the toctrees (1: a chapter), the part it starts."""

    docname: str
    depth: int = 1
    part: str | None = None


class Translator:
    """Renders the documents of one volume; ``errors`` names all that cannot be printed."""

    def __init__(
        self,
        env: BuildEnvironment,
        trees: dict[str, nodes.document],
        picture: Callable[[str], str],
    ) -> None:
        """Take what is for the screen only out of the trees, and read what refers to what.

        Args:
            env: Sphinx's environment, for the numbers.
            trees: The resolved documents of the volume, which are changed; "" is the imprint.
            picture: Takes a picture's address and returns its name for Typst.
        """
        self.env, self.trees, self.picture = env, trees, picture
        self.errors: list[str] = []
        self.around: list[str] = []  # what stands around the node at hand
        self.low = False  # a table that may break is the last exhibit: no float rises above it
        self._notes: set[str] = set()  # footnotes met so far
        self._anchors: dict[str, str] = {}
        self._nodes: dict[str, nodes.Element] = {}
        for docname, tree in trees.items():
            for node in [n for n in tree.findall(nodes.Element) if _is_for_screen(n)]:
                if node.parent is not None:
                    node.parent.remove(node)
            self._collect(docname, tree, None)
        links = ((d, link) for d, tree in trees.items() for link in tree.findall(nodes.reference))
        goals = {self._anchors.get(_target(docname, link) or "") for docname, link in links}
        self._wanted = {goal for goal in goals if goal}

    def document(self, chapter: Chapter) -> str:
        """Render one document."""
        self.docname, self.depth, self.part = chapter.docname, chapter.depth - 1, chapter.part
        self.around = [] if chapter.docname else ["note"]
        return self.render(self.trees[chapter.docname])

    def place(self, node: nodes.Node, docname: str) -> str:
        """Say where a node stands in the sources, and in which row and column of a table."""
        at: nodes.Node | None = node
        cell = ""
        while at is not None and not (at.line and isinstance(at, nodes.Element)):
            if isinstance(at, nodes.entry):
                row = at.parent
                cell = f", row {row.parent.index(at.parent) + 1}, column {row.index(at) + 1}"
            at = at.parent
        if not docname:
            return "typst_imprint"
        path, line = str(self.env.doc2path(docname, base=False)), (at and at.line) or 0
        if line >= 10_000:  # myst-nb counts each cell of a notebook from ten thousand
            return f"{path}: cell {line // 10_000}, line {line % 10_000}{cell}"
        return f"{path}:{line or '?'}{cell}"

    # -- targets and numbers ------------------------------------------------------------

    def _collect(self, docname: str, node: nodes.Element, owner: str | None) -> None:
        """Map each id to its anchor; ids within a title or text of code share the owner's."""
        closed = nodes.title | nodes.caption | nodes.literal | nodes.literal_block
        ids = node.get("ids")
        for child in node.children:
            if isinstance(child, nodes.Element):
                inside = isinstance(child, closed) and ids and f"{docname}#{ids[0]}"
                anchor = inside or owner
                if own := child.get("ids"):
                    name = anchor or f"{docname}#{own[0]}"
                    self._anchors |= {f"{docname}#{key}": name for key in own}
                    self._nodes.setdefault(name, child)
                    if isinstance(child, nodes.section):
                        self._anchors.setdefault(f"{docname}#", name)
                self._collect(docname, child, anchor)

    def label(self, node: nodes.Element) -> str:
        """Return the label of a node if something refers to it."""
        ids = node.get("ids")
        name = f"{self.docname}#{ids[0]}" if ids else ""
        wanted = name in self._wanted and self._anchors.get(name) == name
        return f"#{label(name)}" if wanted else ""

    def anchor(self, node: nodes.Element) -> str:
        """Return an invisible target for a node that cannot carry a label itself."""
        mark = "" if isinstance(node, LABELLED) else self.label(node)
        return f"#metadata(none){mark}" if mark else ""

    def number(self, node: nodes.Element) -> str:
        """Return the number that Sphinx gave a table or figure."""
        known = self.env.toc_fignumbers.get(self.docname, {}).get(node.tagname, {})
        return next((_dotted(known[key]) for key in node.get("ids", []) if known.get(key)), "")

    # -- the machine --------------------------------------------------------------------

    def render(self, node: nodes.Node) -> str:
        """Return the Typst markup of a node."""
        if not isinstance(node, nodes.Element):
            text = re.sub(r"[ \t\r\n\f\v]+", " ", node.astext())
            return breakable(text, 22 if "table" in self.around else 44)
        anchor = self.anchor(node)
        for name in (cls.__name__ for cls in type(node).__mro__):
            if method := getattr(self, f"do_{name}", None):
                try:
                    return anchor + str(method(node))
                except NotPrintableError as problem:
                    self.errors.append(f"{self.place(node, self.docname)}: {problem}")
                    return ""
            if name in FORMS:
                return anchor + FORMS[name].format(self.inline(node))
            if name in BLOCKS:
                return anchor + self.blocks(node.children)
            if name in SKIP:
                return anchor
        what = f"{type(node).__name__!r} {node.astext()[:60]!r}"
        self.errors.append(f"{self.place(node, self.docname)}: no printable form for {what}")
        return ""

    def inline(self, node: nodes.Element) -> str:
        """Render the children one after the other."""
        return "".join(map(self.render, node.children))

    def blocks(self, children: Iterable[nodes.Node]) -> str:
        """Render nodes as blocks, with blank lines between them."""
        return "\n\n".join(filter(None, map(self.render, children)))

    def item(self, node: nodes.Element) -> str:
        """Render an item or cell, where a lone paragraph stays a run of text."""
        first, *rest = node.children or [None]
        if isinstance(first, nodes.paragraph) and all(isinstance(c, LISTS) for c in rest):
            return self.anchor(node) + "\n".join(map(self.render, node.children))
        return self.anchor(node) + self.blocks(node.children)

    @contextmanager
    def within(self, place: str) -> Iterator[None]:
        """Note that what is rendered now stands inside ``place``."""
        self.around.append(place)
        yield
        self.around.pop()

    # -- structure ----------------------------------------------------------------------

    def do_section(self, node: nodes.section) -> str:
        known = self.env.toc_secnumbers.get(self.docname, {})
        keys = [f"#{key}" for key in node["ids"]]
        keys += [] if isinstance(node.parent, nodes.section) else [""]
        number = next((_dotted(known[key]) for key in keys if known.get(key)), "")
        self.depth += 1
        start = ""
        options: dict[str, Any] = {"level": self.depth, "numbering": _always(number)}
        if self.depth == 1:
            start, part = call("chapter", self.part) + "\n", self.part
            options["supplement"] = part or Code("none")  # the contents look there
        elif self.depth == 2:
            start = "#place.flush()\n"  # floats of the last section come before
        self.part = None
        title, *rest = node.children
        with self.within("heading"):
            text = self.inline(title)
        head = start + call("heading", body=text, **options) + self.label(node)
        text = "\n\n".join(filter(None, [head, self.blocks(rest)]))
        self.depth -= 1
        return text

    def do_container(self, node: nodes.container) -> str:
        if "exhibit" not in node["classes"] or not node.children:
            return self.blocks(node.children)
        split = len(node.children)
        while split and NOTES & set(node[split - 1].get("classes", [])):
            split -= 1
        return self._exhibit(node.children[:split], node.children[split:])

    def do_paragraph(self, node: nodes.paragraph) -> str:
        if NOTES & set(node["classes"]) or isinstance(node.parent, nodes.legend):
            with self.within("note"):
                return call("small", body=self.inline(node))
        return self.inline(node)

    def do_transition(self, node: nodes.transition) -> str:
        return "" if "footnotes" in node["classes"] else "#separator"

    def do_rubric(self, node: nodes.rubric) -> str:
        return call("rubric", body=self.inline(node))

    def do_Admonition(self, node: nodes.Element) -> str:  # noqa: N802
        children, title = node.children, f"#{literal(admonitionlabels.get(node.tagname, ''))}"
        with self.within("box"):
            if isinstance(children[0], nodes.title):
                title, children = self.inline(children[0]), children[1:]
            return call("notice", content(title), body=self.blocks(children))

    def do_block_quote(self, node: nodes.block_quote) -> str:
        return call("quote", body=self.blocks(node.children))

    def do_attribution(self, node: nodes.attribution) -> str:
        return call("small", body='#"— "' + self.inline(node))

    def do_raw(self, node: nodes.raw) -> str:
        raise NotPrintableError(
            f"{node.get('format')} alone cannot be printed (class {NOT_IN_PRINT} leaves it out)"
        )

    # -- lists --------------------------------------------------------------------------

    def do_bullet_list(self, node: nodes.Element) -> str:
        return self._list("list", node)

    def do_enumerated_list(self, node: nodes.enumerated_list) -> str:
        sign = NUMBERING.get(node.get("enumtype", ""), "1")
        sign = node.get("prefix", "") + sign + (node.get("suffix") or ".")
        return self._list("enum", node, numbering=sign, start=int(node.get("start", 1)))

    def _list(self, function: str, node: nodes.Element, **options: Any) -> str:
        with self.within("list"):
            items = [self.item(child) for child in node.children]
        tight = not any("\n\n" in item for item in items)
        return call(function, *map(content, items), tight=tight, **options)

    def do_definition_list(self, node: nodes.definition_list) -> str:
        pairs = []
        with self.within("list"):
            for item in node.children:
                terms = [child for child in item.children if isinstance(child, nodes.term)]
                rest = self.blocks(child for child in item.children if child not in terms)
                pairs.append([content('#", "'.join(map(self.render, terms))), content(rest)])
        return call("definitions", *pairs)

    def do_field_list(self, node: nodes.field_list) -> str:
        """Run the fields in, and the paragraphs of each."""
        pairs = []
        with self.within("note"):
            for name, body in (field.children for field in node.children):
                texts = map(self.inline, body.findall(nodes.paragraph))
                pairs.append([content(self.render(name)), content("#dot".join(texts))])
        return call("run-in", *pairs)

    # -- exhibits -----------------------------------------------------------------------

    def do_table(self, node: nodes.Element) -> str:
        return self._exhibit([node], [])

    do_figure = do_table

    def _exhibit(self, children: list[nodes.Element], notes: list[nodes.Element]) -> str:
        """Set a table or figure with caption and notes, as wide as it needs to be.

        One that floats finds its place at an edge of the page, unless it may break over pages.
        The last row of a table that ends the exhibit keeps room for the notes below it.
        """
        if {"list", "box"} & set(self.around):
            raise NotPrintableError("a table or figure in a list or box cannot be printed")
        tied = bool(notes) and isinstance(children[-1], nodes.table)
        parts: list[str] = []
        grids: list[tables.Grid] = []
        floats = False
        for child in children:
            if isinstance(child, nodes.table):
                grids.append(tables.read(child))
                floats = floats or self._floats(child, grids[-1])
                parts.append(self._table(child, grids[-1], tied and child is children[-1]))
            elif isinstance(child, nodes.figure):
                floats = floats or self._floats(child)
                legends = [c for c in child.children if isinstance(c, nodes.legend)]
                notes = [n for legend in legends for n in legend.children] + notes
                parts.append(self._figure(child))
            else:
                parts.append(self.render(child))
        below = "\n".join(map(self.render, notes))
        limit = tables.TALL * (0.6 if floats else 0.2)
        breaks = any(grid.height > limit for grid in grids)
        options: dict[str, Any] = {
            "out": not grids or any(grid.plan.wide for grid in grids),
            "breaks": breaks,
            "tied": tied,
            "tight": any("compact" in child["classes"] for child in children),
            "notes": content(below) if below else None,
        }
        if floats and not breaks:
            options["floats"] = Code("bottom" if self.low else "auto")
        self.low = breaks
        body = "\n\n".join(filter(None, parts))
        return call("exhibit", Code(f"room => [\n{body}\n]"), **options)

    def _floats(self, node: nodes.Element, grid: tables.Grid | None = None) -> bool:
        """Say whether a table or figure has a number, and text below it to take its place.

        A small table stays where it is, and so does what ends a section of the chapter.
        """
        if not self.number(node) or (grid and grid.height < 0.12 * tables.TALL):
            return False
        at, text = node, 0
        while not isinstance(at, nodes.document):
            above = at.parent
            if isinstance(above, nodes.section):
                if isinstance(at, nodes.section) and not isinstance(above.parent, nodes.section):
                    break
                text += sum(map(_length_of_text, above[above.index(at) + 1 :]))
            at = above
        return text > 400

    def _captioned(self, node: nodes.Element, function: str, body: str) -> str:
        """Give a table or figure the caption and number that HTML shows."""
        number = self.number(node)
        captions = [c for c in node.children if isinstance(c, nodes.title | nodes.caption)]
        if not captions and not number:
            mark = self.label(node)
            return (f"#metadata(none){mark}\n" if mark else "") + body
        with self.within("caption"):
            caption = "".join(map(self.inline, captions))
        word = self.env.config.numfig_format[node.tagname].partition("%s")[0].strip()
        figure = call(
            "figure",
            body=body,
            kind=Code(function),
            supplement=content(f"#{literal(word)}"),
            numbering=_always(number),
            outlined=bool(number),
            caption=content(caption),
        )
        return figure + self.label(node)

    def _figure(self, node: nodes.figure) -> str:
        aside = nodes.caption | nodes.legend
        body = self.blocks(child for child in node.children if not isinstance(child, aside))
        return self._captioned(node, "image", body)

    def do_image(self, node: nodes.image) -> str:
        alt, uri = str(node.get("alt") or "").strip(), str(node.get("uri", ""))
        if not alt:
            raise NotPrintableError(f"picture without alternative text: {uri}")
        return call("picture", self.picture(uri), alt=alt)

    def _table(self, node: nodes.table, grid: tables.Grid, tied: bool) -> str:
        rows, plan = [], grid.plan
        with self.within("table"):
            for row in grid.rows:
                tall = grid.lines(row) > 12
                cells = zip(row, grid.aligns, strict=True)
                rows.append(", ".join(self._cell(cell, align, tall) for cell, align in cells))
        head = f"table.header({', '.join(rows[: grid.heads])}),\n" if grid.heads else ""
        body = call(
            "grid-table",
            grid.heads,
            len(grid.rows) - 1,
            Code(f"{plan.size}pt"),
            Code(f"{plan.inset}pt"),
            plan.hyphenate,
            Code("\n" + head + ",\n".join(rows[grid.heads :])),
            room=Code("room" if tied else "0pt"),
            tight="compact" in node["classes"],
            columns=[Code(column) for column in plan.columns],
            align=[Code(side) for side in grid.aligns],
        )
        return self._captioned(node, "table", body)

    def _cell(self, cell: tables.Cell, align: str, tall: bool) -> Code:
        text = self.item(cell.entry)
        if cell.stub:
            text = f"#strong[{text}]"
        if cell.padding:
            text += call("hide", body=f"#{literal(cell.padding)}")
        options: dict[str, object] = {"breakable": True} if tall else {}
        if cell.side and cell.side != align:
            options["align"] = Code(cell.side)
        return Code(call("table.cell", body=text, **options)[1:] if options else f"[{text}]")

    def do_literal(self, node: nodes.literal) -> str:
        text, limit = node.astext(), 16 if "table" in self.around else 24
        return call("long-raw" if re.search(rf"\S{{{limit + 1}}}", text) else "raw", text)

    def do_literal_block(self, node: nodes.literal_block) -> str:
        return call("code", node.astext().expandtabs(4))

    # -- references ---------------------------------------------------------------------

    def do_reference(self, node: nodes.reference) -> str:
        body, target = self.inline(node), _target(self.docname, node)
        if not body or next(node.findall(nodes.image), None):
            return body
        if target is None:
            return self._outside(node, str(node.get("refuri", "")), body)
        name = self._anchors.get(target)
        if name is None:
            if target.partition("#")[0] in self.trees:
                raise NotPrintableError(f"reference to what is not in print: {node.astext()!r}")
            return body  # to another volume
        if not isinstance(self._nodes.get(name), LABELLED) or QUIET & set(self.around):
            return self._once(call("inner", label(name), body=body), body)
        siblings = node.parent.children
        before = "".join(child.astext() for child in siblings[: siblings.index(node)])
        in_brackets = before.count("(") > before.count(")")
        return call("paged", label(name), body=body, comma=in_brackets)

    def _outside(self, node: nodes.reference, uri: str, body: str) -> str:
        """Render a link to the world; paper shows its address, unless the text does."""
        if not re.match(r"(https?|ftp|mailto):", uri):
            raise NotPrintableError(f"link leads nowhere in print: {uri or node.astext()!r}")
        uri = quote(uri, safe=ASCII)  # a PDF has no other letters in addresses
        shown = node.astext().strip().removeprefix("doi:").rstrip("/")
        address = re.sub(r"^(https?://|mailto:)", "", uri).rstrip("/")
        how = "outside-inline" if QUIET & set(self.around) else "outside-note"
        if address in shown or uri.endswith(shown) or "heading" in self.around:
            how = "outside"
        return self._once(call(how, uri, body=body), body)

    def _once(self, markup: str, other: str) -> str:
        """Keep links and notes of a title out of where the title is repeated."""
        if not {"heading", "caption"} & set(self.around):
            return markup
        return call("unless-repeated", body=markup, other=content(other))

    def do_footnote_reference(self, node: nodes.footnote_reference) -> str:
        name = f"{self.docname}#{node.get('refid')}"
        goal = self._nodes.get(self._anchors.get(name, ""))
        if goal is None:
            raise NotPrintableError(f"footnote not found: {node.astext()!r}")
        if name in self._notes:
            return self._once(call("note-again", name), "")
        self._notes.add(name)
        with self.within("footnote"):
            body = self.blocks(c for c in goal.children if not isinstance(c, nodes.label))
        return self._once(call("note", name, body=body), "")

    def do_footnote(self, node: nodes.footnote) -> str:
        if not node.get("backrefs"):
            raise NotPrintableError(f"nothing refers to this footnote: {node.astext()[:60]!r}")
        return ""  # printed where it is referred to

    def do_citation(self, node: nodes.citation) -> str:
        """Print an entry; its key only where citations in the text show the key."""
        key, *rest = node.children
        shown = not str(getattr(self.env.config, "bibtex_reference_style", "")).startswith("author")
        with self.within("bibliography"):
            return call(
                "entry", content(self.inline(key)) if shown else None, body=self.blocks(rest)
            )


def _is_for_screen(node: nodes.Element) -> bool:
    """Say whether a node is not for print: marked so, code of a cell, a toctree, a backlink."""
    classes = node.get("classes", [])
    return (
        NOT_IN_PRINT in classes
        or "toctree-wrapper" in classes
        or node.get("nb_element") == "cell_code_source"
        or (isinstance(node, nodes.rubric) and node.astext() == "Footnotes")
    )


def _target(docname: str, node: nodes.Element) -> str | None:
    """Return the target of a reference as document#id, or nothing for an address."""
    if "refid" in node:
        return f"{docname}#{node['refid']}"
    page, _, anchor = str(node.get("refuri", "")).partition("#")
    return f"{page[1:]}#{anchor}" if page.startswith("%") else None


def _length_of_text(node: nodes.Node) -> int:
    """Count the letters of the paragraphs and lists in a node, not of its exhibits."""
    if isinstance(node, nodes.section):
        return sum(map(_length_of_text, node.children))
    return len(node.astext()) if isinstance(node, nodes.paragraph | nodes.Sequential) else 0


def _dotted(number: Iterable[int]) -> str:
    return ".".join(map(str, number))


def _always(number: str) -> Code | None:
    """Write a Typst numbering that gives this number, whatever Typst counts."""
    return Code(f"(..) => {literal(number)}") if number else None
