"""The translator: from resolved doctrees to Typst markup.

Each node is served by the first of its classes (then base classes) that has a method
``do_<class>`` here or an entry in ``INLINE``, ``BLOCK`` or ``SKIP``; any other is an error.
Blocks are joined by blank lines, which makes a paragraph of each run of text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from urllib.parse import quote

from docutils import nodes
from sphinx.environment import BuildEnvironment
from sphinx.locale import admonitionlabels

from . import tables
from .markup import Code, NotPrintableError, breakable, call, content, literal

INLINE = {
    **dict.fromkeys(["inline", "term", "field_name", "download_reference"], "{}"),
    **dict.fromkeys(["emphasis", "literal_emphasis", "title_reference"], "#emph[{}]"),
    **dict.fromkeys(["strong", "literal_strong"], "#strong[{}]"),
    "attribution": '#small[#"— "{}]',
}
BLOCK = dict.fromkeys(["document", "compound", "glossary", "definition", "legend"], "{}")
BLOCK["block_quote"] = "#quote[{}]"
SKIP = {"comment", "index", "target", "substitution_definition", "meta", "highlightlang"}
#: These classes are not in print (the last: a line above footnotes, which are elsewhere there).
SCREEN_ONLY = {"screen-only", "toctree-wrapper", "cell_input", "footnotes"}
NOTES = {"exhibit-source", "exhibit-note"}
MARKED = nodes.section | nodes.figure | nodes.table  # their own elements carry the labels
TITLE = {"heading", "caption"}  # contents, lists and heads of pages repeat what stands there
SHORT = {"table", "note", "footnote", "bibliography"} | TITLE  # references are short there
TALL = 690.0  # points: the height of the text on A4


@dataclass(frozen=True)
class Chapter:
    """A document of a volume, its depth in the toctrees (1: a chapter), the part it is in."""

    docname: str
    depth: int = 1
    part: str = ""


class Translator:
    """Renders the documents of one volume.

    Args:
        env: Sphinx's environment, for the numbers.
        trees: The resolved documents, which lose what is for the screen; "" is the imprint.
        picture: Takes a picture's address and returns its name for Typst.
        others: Documents of other volumes, with what these are called.
        without: Ids of sections that are left out.
    """

    def __init__(
        self,
        env: BuildEnvironment,
        trees: dict[str, nodes.document],
        picture: Callable[[str], str],
        others: dict[str, str],
        without: set[str],
    ) -> None:
        self.env, self.trees, self.picture, self.others = env, trees, picture, others
        labels: Any = env.get_domain("std")
        self._titled = {f"{docname}#" for docname in others}
        self._titled |= {f"{docname}#{key}" for docname, key, _ in labels.labels.values()}
        self.part = ""  # that of the last document
        self.without, self.left_out = without, set[str]()  # what is to be, and what was
        self.errors: set[str] = set()  # all that cannot be printed, with its place
        self.around: list[str] = []  # what stands around the node at hand
        self.grid: tables.Grid | None = None  # of the exhibit at hand
        self.low = False  # a table that may break is the last exhibit: no float rises above it
        self._met: set[str] = set()  # footnotes
        self._named: tuple[Any, Any] = (None, None)  # paragraph and the volume it named last
        self._anchors: dict[str, str] = {}  # targets, as document#id, to what can be linked to
        self._nodes: dict[str, nodes.Element] = {}
        self._targets: set[str] = set()  # of references
        for docname, tree in trees.items():
            self._collect(docname, tree, None)
        self._wanted = {self._anchors.get(target) for target in self._targets}

    def document(self, chapter: Chapter) -> str:
        """Render one document."""
        self.docname, self.depth = chapter.docname, chapter.depth - 1
        self.starts = chapter.part if chapter.part != self.part else None
        self.part = chapter.part
        self.around = [] if chapter.docname else ["note"]
        return self.render(self.trees[chapter.docname])

    def place(self, node: nodes.Node, docname: str) -> str:
        """Say where a node stands in the sources, and in which row and column of a table."""
        above = [node]
        while above[-1].parent is not None:
            above.append(above[-1].parent)
        line = next((n.line for n in [*node.findall(nodes.Element), *above[1:]] if n.line), 1)
        where = f":{line}"
        if line >= 10_000:  # myst-nb counts each cell of a notebook from ten thousand
            where = f": cell {line // 10_000}, line {line % 10_000}"
        for entry in (n for n in above if isinstance(n, nodes.entry)):
            row = entry.parent
            where += f", row {row.parent.index(row) + 1}, column {row.index(entry) + 1}"
        return f"{self.env.doc2path(docname, base=False)}{where}" if docname else "typst_imprint"

    # -- targets and numbers ------------------------------------------------------------

    def _collect(self, docname: str, node: nodes.Element, owner: str | None) -> None:
        """Remove what is not in print; note targets, and the anchor that serves each id.

        Ids within a title or caption share the anchor of the whole, their owner.
        """
        for child in [child for child in node.children if isinstance(child, nodes.Element)]:
            names = {*child["ids"]}
            if SCREEN_ONLY & {*child["classes"]} or self.without & names:
                self.left_out |= names
                node.remove(child)
                continue
            inside = owner
            if isinstance(child, nodes.title | nodes.caption) and node["ids"]:
                inside = owner or f"{docname}#{node['ids'][0]}"
            if names:
                name = inside or f"{docname}#{child['ids'][0]}"
                self._anchors |= {f"{docname}#{key}": name for key in names}
                self._nodes.setdefault(name, child)
                if isinstance(child, nodes.section):
                    self._anchors.setdefault(f"{docname}#", name)
            if isinstance(child, nodes.reference):
                self._targets.add(_target(docname, child))
            self._collect(docname, child, inside)

    def mark(self, node: nodes.Element) -> str | None:
        """Return the name of a node for links, if there are any to it."""
        name = f"{self.docname}#{node['ids'][0]}" if node["ids"] else ""
        return name if name in self._wanted and self._anchors[name] == name else None

    def number(self, node: nodes.Element) -> str | None:
        """Return the number that Sphinx gave a section, table or figure."""
        if isinstance(node, nodes.section):
            known: Any = self.env.toc_secnumbers.get(self.docname, {})
            top = not isinstance(node.parent, nodes.section)
            keys = [*(f"#{key}" for key in node["ids"]), *([""] if top else [])]
        else:
            known = self.env.toc_fignumbers.get(self.docname, {}).get(node.tagname, {})
            keys = node["ids"]
        return next((".".join(map(str, known[key])) for key in keys if known.get(key)), None)

    # -- the machine --------------------------------------------------------------------

    def render(self, node: nodes.Node) -> str:
        """Return the Typst markup of a node."""
        if not isinstance(node, nodes.Element):
            text = re.sub(r"[ \t\r\n\f\v]+", " ", node.astext())
            return breakable(text, 22 if "table" in self.around else 44)
        mark = None if isinstance(node, MARKED) else self.mark(node)
        anchor = call("anchor", mark) if mark else ""
        try:
            return anchor + self._form(node)
        except NotPrintableError as problem:
            self.errors.add(f"{self.place(node, self.docname)}: {problem}")
            return ""

    def _form(self, node: nodes.Element) -> str:
        for name in (cls.__name__ for cls in type(node).__mro__):
            if method := getattr(self, f"do_{name}", None):
                return str(method(node))
            if name in INLINE:
                return INLINE[name].format(self.inline(node))
            if name in BLOCK:
                return BLOCK[name].format(self.blocks(node.children))
            if name in SKIP:
                return ""
        what = f"{type(node).__name__!r} {node.astext()[:60]!r}"
        raise NotPrintableError(f"no printable form for {what} (class screen-only leaves it out)")

    def inline(self, node: nodes.Element) -> str:
        """Render the children one after the other."""
        return "".join(map(self.render, node.children))

    def blocks(self, children: Iterable[nodes.Node]) -> str:
        """Render nodes as blocks, with blank lines between them."""
        return "\n\n".join(filter(None, map(self.render, children)))

    def item(self, node: nodes.Element) -> str:
        """Render an item or cell, where a lone paragraph stays a run of text."""
        first, *rest = node.children or [nodes.paragraph()]
        only_lists = all(isinstance(child, nodes.Sequential) for child in rest)
        if isinstance(first, nodes.paragraph) and only_lists:
            return "\n".join(map(self.render, [first, *rest]))
        return self.blocks(node.children)

    do_list_item = do_entry = item

    @contextmanager
    def within(self, place: str) -> Iterator[None]:
        """Note that what is rendered now stands inside ``place``."""
        self.around.append(place)
        yield
        self.around.pop()

    # -- structure ----------------------------------------------------------------------

    def do_section(self, node: nodes.section) -> str:
        title, *rest = node.children
        self.depth += 1
        options = {"part": self.starts, "number": self.number(node), "mark": self.mark(node)}
        self.starts = None
        with self.within("heading"):
            head = call("titled", self.depth, body=self.inline(title), **options)
        text = "\n\n".join(filter(None, [head, self.blocks(rest)]))
        self.depth -= 1
        return text

    def do_container(self, node: nodes.container) -> str:
        notes = [child for child in node.children if NOTES & {*child["classes"]}]
        rest = [child for child in node.children if child not in notes]
        if "exhibit" in node["classes"] and rest:
            return self._exhibit(rest, notes)
        return self.blocks(node.children)

    def do_paragraph(self, node: nodes.paragraph) -> str:
        if NOTES & set(node["classes"]) or isinstance(node.parent, nodes.legend):
            with self.within("note"):
                return call("small", body=self.inline(node))
        return self.inline(node)

    def do_Admonition(self, node: nodes.Element) -> str:  # noqa: N802
        children, title = node.children, f"#{literal(admonitionlabels.get(node.tagname, ''))}"
        with self.within("box"):
            if isinstance(children[0], nodes.title):
                title, children = self.inline(children[0]), children[1:]
            return call("notice", content(title), body=self.blocks(children))

    # -- lists --------------------------------------------------------------------------

    def do_bullet_list(self, node: nodes.Element) -> str:
        if node.get("enumtype", "arabic") != "arabic":
            raise NotPrintableError("lists are numbered 1, 2, 3 in print")
        with self.within("list"):
            items = list(map(self.render, node.children))
        numbers: dict[str, Any] = {"start": int(node.get("start", 1))} if "enumtype" in node else {}
        tight = not any("\n\n" in item for item in items)
        return call("enum" if numbers else "list", *map(content, items), tight=tight, **numbers)

    do_enumerated_list = do_bullet_list

    def do_definition_list(self, node: nodes.definition_list) -> str:
        pairs = []
        with self.within("list"):
            for item in node.children:
                terms = [child for child in item.children if isinstance(child, nodes.term)]
                rest = self.blocks(item.children[len(terms) :])
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

    def _exhibit(self, children: list[nodes.Element], notes: list[nodes.Element]) -> str:
        """Set a table or figure with caption and notes, as wide as it needs to be.

        One that floats finds its place at an edge of the page, unless it may break over pages.
        The last row of a table keeps room for the notes below it.
        """
        if {"list", "box"} & set(self.around):
            raise NotPrintableError("a table or figure in a list or box cannot be printed")
        self.grid = None
        with self.within("exhibit"):
            body = self.blocks(children)
        below = content("\n".join(map(self.render, notes))) if notes else None
        height = self.grid.plan.height if self.grid else 0.2 * TALL
        floats = height > 0.12 * TALL and any(map(self._floats, children))
        breaks = height > TALL * (0.35 if floats else 0.2)
        edge = "none" if breaks or not floats else "bottom" if self.low else "auto"
        self.low = breaks
        options: dict[str, Any] = {"breaks": breaks, "floats": Code(edge), "notes": below}
        options["out"] = not self.grid or self.grid.plan.wide
        options["tight"] = any("compact" in child["classes"] for child in children)
        options["tied"] = bool(notes) and isinstance(children[-1], nodes.table)
        return call("exhibit", Code(f"room => [\n{body}\n]"), **options)

    def _floats(self, node: nodes.Element) -> bool:
        """Say whether it has a number and, in its section, text below it to take its place."""
        rest = node.findall(include_self=False, descend=False, siblings=True, ascend=True)
        own = takewhile(lambda after: not _is_section_of_chapter(after), rest)
        return self.number(node) is not None and sum(map(_length_of_text, own)) > 400

    def _captioned(self, node: nodes.Element, kind: str, body: str) -> str:
        """Give a table or figure the caption and number that HTML shows."""
        titles = [c for c in node.children if isinstance(c, nodes.title | nodes.caption)]
        with self.within("caption"):
            caption = "".join(map(self.inline, titles))
        word = self.env.config.numfig_format[node.tagname].partition("%s")[0].strip()
        words = [word, self.number(node), content(caption) if caption else None]
        return call("captioned", Code(kind), *words, self.mark(node), body=body)

    def do_figure(self, node: nodes.figure) -> str:
        if "exhibit" not in self.around:
            return self._exhibit([node], [])
        own = [c for c in node.children if not isinstance(c, nodes.caption | nodes.legend)]
        legends = [c for c in node.children if isinstance(c, nodes.legend)]
        body = self._captioned(node, "image", self.blocks(own))
        return "\n\n".join([body, *map(self.render, legends)])

    def do_image(self, node: nodes.image) -> str:
        alt, uri = str(node.get("alt") or "").strip(), str(node.get("uri", ""))
        if not alt:
            raise NotPrintableError(f"picture without alternative text: {uri}")
        return call("picture", self.picture(uri), alt=alt)

    def do_table(self, node: nodes.table) -> str:
        if "exhibit" not in self.around:
            return self._exhibit([node], [])
        self.grid = grid = tables.read(node)
        plan, rows = grid.plan, []
        with self.within("table"):
            for y, row in enumerate(grid.rows):
                texts = list(map(self.render, row))
                if y >= grid.heads:  # the press tags what is strong as row headers
                    pairs = zip(texts, grid.stubs, strict=True)
                    texts = [f"#strong[{text}]" if stub else text for text, stub in pairs]
                rows.append([plan.lines[y] > 12, *map(content, texts)])
        options: dict[str, Any] = {"size": plan.size, "inset": plan.inset, "room": Code("room")}
        options |= {"hyphenate": plan.hyphenate, "tight": "compact" in node["classes"]}
        options |= {"columns": list(map(Code, plan.columns)), "align": list(map(Code, grid.aligns))}
        return self._captioned(node, "table", call("grid-table", grid.heads, *rows, **options))

    # -- code and references --------------------------------------------------------------

    def do_literal(self, node: nodes.literal) -> str:
        text, limit = node.astext(), 16 if "table" in self.around else 24
        return call("long-raw" if re.search(rf"\S{{{limit + 1}}}", text) else "raw", text)

    def do_literal_block(self, node: nodes.literal_block) -> str:
        return call("code", node.astext().expandtabs(4))

    def do_reference(self, node: nodes.reference) -> str:
        body, target = self.inline(node), _target(self.docname, node)
        if not body or next(node.findall(nodes.image), None):
            return body
        if not target:
            return self._outside(node, str(node.get("refuri", "")), body)
        name, other = self._anchors.get(target), self.others.get(target.partition("#")[0])
        if name is None and other is None:
            raise NotPrintableError(f"reference to what is not in print: {node.astext()!r}")
        titled = isinstance(self._nodes[name], MARKED) if name else target in self._titled
        before = "".join(child.astext() for child in node.parent[: node.parent.index(node)])
        comma = before.count("(") > before.count(")")
        if not titled or SHORT & set(self.around):
            return call("inner", name, body=body) if name else body
        if name:
            return call("paged", name, body=body, comma=comma)
        known, self._named = (node.parent, other) == self._named, (node.parent, other)
        if known or not other:  # a paragraph names another volume once
            return body
        return body + "#" + literal(f", {other}" if comma else f" ({other})")

    def _outside(self, node: nodes.reference, uri: str, body: str) -> str:
        """Render a link to the world; paper shows its address, unless the text does."""
        if not re.match(r"(https?|ftp|mailto):", uri):
            raise NotPrintableError(f"link leads nowhere in print: {uri or node.astext()!r}")
        uri = quote(uri, safe="".join(map(chr, range(128))))  # addresses in a PDF are ASCII
        shown = node.astext().strip().removeprefix("doi:").rstrip("/")
        address = re.sub(r"^(https?://|mailto:)", "", uri).rstrip("/")
        how = "outside-inline" if SHORT & set(self.around) else "outside-note"
        if address in shown or uri.endswith(shown) or "heading" in self.around:
            how = "outside"
        return call(how, uri, body=body)

    def do_footnote_reference(self, node: nodes.footnote_reference) -> str:
        if TITLE & {*self.around}:
            raise NotPrintableError("a footnote in a heading or caption cannot be printed")
        name = f"{self.docname}#{node.get('refid')}"
        if name in self._met:
            return call("note-again", name)
        self._met.add(name)
        with self.within("footnote"):  # its first child is the number
            body = self.blocks(self._nodes[name].children[1:])
        return call("note", name, body=body)

    def do_footnote(self, node: nodes.footnote) -> str:
        if not node.get("backrefs"):
            raise NotPrintableError(f"nothing refers to this footnote: {node.astext()[:60]!r}")
        return ""  # printed where it is referred to

    def do_citation(self, node: nodes.citation) -> str:
        """Print an entry of the bibliography that the volume cites, without its key."""
        if not self.mark(node):
            return ""
        with self.within("bibliography"):
            return call("entry", body=self.render(node.children[1]))  # twice for two volumes


def _target(docname: str, node: nodes.Element) -> str:
    """Return the target of a reference as document#id, or "" for an address."""
    if "refid" in node:
        return f"{docname}#{node['refid']}"
    page, _, anchor = str(node.get("refuri", "")).partition("#")
    return f"{page[1:]}#{anchor}" if page.startswith("%") else ""


def _is_section_of_chapter(node: nodes.Node) -> bool:
    """Say whether a node is a section of level 2."""
    return isinstance(node, nodes.section) and isinstance(node.parent.parent, nodes.document)


def _length_of_text(node: nodes.Node) -> int:
    """Count the letters of the paragraphs and lists in a node, not of its exhibits."""
    if isinstance(node, nodes.section):
        return sum(map(_length_of_text, node.children))
    text = isinstance(node, nodes.paragraph | nodes.Sequential) and not NOTES & {*node["classes"]}
    return len(node.astext()) if text else 0
