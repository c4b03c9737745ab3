"""The translator: from resolved doctrees to Typst markup.

Each node is served by the first of its classes (then base classes) that has a method
``do_<class>`` here or an entry in ``FORMS`` or ``SKIP``; any other is an error.
Blocks are joined by blank lines, which makes a paragraph of each run of text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from urllib.parse import quote

from docutils import nodes
from sphinx.environment import BuildEnvironment
from sphinx.locale import admonitionlabels

from . import tables
from .markup import Code, NotPrintableError, breakable, call, content, literal

FORMS = {
    **dict.fromkeys(["document", "compound", "glossary", "definition", "legend"], "{}"),
    **dict.fromkeys(["inline", "target", "term", "field_name", "download_reference"], "{}"),
    **dict.fromkeys(["emphasis", "literal_emphasis", "title_reference"], "#emph[{}]"),
    **dict.fromkeys(["strong", "literal_strong"], "#strong[{}]"),
    "attribution": '#small[#"— "{}]',
    "block_quote": "#quote[{}]",
}
SKIP = {"comment", "index", "substitution_definition", "meta", "highlightlang"}
#: These classes are not in print (the last: a line above footnotes, which are elsewhere there).
SCREEN_ONLY = {"screen-only", "toctree-wrapper", "cell_input", "footnotes"}
NOTES = {"exhibit-source", "exhibit-note"}
MARKED = nodes.section | nodes.figure | nodes.table  # their own elements carry the labels
TITLE = nodes.title | nodes.caption
#: References are short in these, in notes and in the imprint.
SHORT = TITLE | nodes.entry | nodes.legend | nodes.field_list | nodes.footnote | nodes.citation
TALL = 690.0  # points: the height of the text on A4


@dataclass(frozen=True)
class Chapter:
    """A document of a volume, its depth in the toctrees (1: a chapter), the part it is in."""

    docname: str
    depth: int = 1
    part: str = ""


@dataclass
class Translator:
    """Renders the documents of one volume."""

    env: BuildEnvironment  # for the numbers
    trees: dict[str, nodes.document]  # resolved; they lose what is for the screen; "": the imprint
    picture: Callable[[str], str]  # takes a picture's address and returns its name for Typst
    others: dict[str, str]  # documents of other volumes, with what these are called
    without: set[str]  # ids of sections that are left out

    def __post_init__(self) -> None:
        labels: Any = self.env.get_domain("std")
        self._titled = {f"{docname}#" for docname in self.others}
        self._titled |= {f"{docname}#{key}" for docname, key, _ in labels.labels.values()}
        self.part = ""  # that of the last section
        self.plan: tables.Plan | None = None  # of the table of the exhibit at hand
        self.low = False  # a table that may break is the last exhibit: no float rises above it
        self._met: set[str] = set()  # footnotes
        self._named: set[tuple[nodes.Node, str]] = set()  # paragraphs and volumes named there
        self._owners: dict[str, nodes.Element] = {}  # what serves each target, as document#id
        unmet, wanted = {*self.without}, set[str]()
        for docname, tree in self.trees.items():
            unmet -= {key for node in tree.findall(nodes.Element) for key in node["ids"]}
            self._collect(docname, tree, None)
            wanted |= {_target(docname, link) for link in tree.findall(nodes.reference)}
        self._wanted = {self._owners.get(target) for target in wanted}
        #: All that cannot be printed, with its place.
        self.errors = {f"typst_documents: no section {name}" for name in unmet}

    def document(self, chapter: Chapter) -> str:
        """Render one document."""
        self.chapter, self.docname = chapter, chapter.docname
        return self.render(self.trees[self.docname])

    def place(self, node: nodes.Node, docname: str) -> str:
        """Say where a node stands in the sources, and in which row and column of a table."""
        lines = (n.line for n in [*node.findall(nodes.Element), *_around(node)] if n.line)
        where = f":{(line := next(lines, 1))}"
        if line >= 10_000:  # myst-nb counts each cell of a notebook from ten thousand and one
            where = f": cell {line // 10_000}, line {max(line % 10_000 - 1, 1)}"
        for entry in (n for n in [node, *_around(node)] if isinstance(n, nodes.entry)):
            row = entry.parent
            where += f", row {row.parent.index(row) + 1}, column {row.index(entry) + 1}"
        return f"{self.env.doc2path(docname, base=False)}{where}" if docname else "typst_imprint"

    # -- targets and numbers ------------------------------------------------------------

    def _collect(self, docname: str, node: nodes.Element, owner: nodes.Element | None) -> None:
        """Remove what is not in print; make bare tables and figures exhibits; note who owns ids.

        What is within a title or caption is reached by the whole, its owner.
        """
        for child in [child for child in node.children if isinstance(child, nodes.Element)]:
            if SCREEN_ONLY & {*child["classes"]} or self.without & {*child["ids"]}:
                node.remove(child)
                continue
            whole = owner or (node if isinstance(child, TITLE) and node["ids"] else None)
            self._owners |= {f"{docname}#{key}": whole or child for key in child["ids"]}
            if isinstance(child, nodes.section):
                self._owners.setdefault(f"{docname}#", child)
            bare = not any("exhibit" in above["classes"] for above in _around(child))
            if bare and isinstance(child, nodes.figure | nodes.table):
                node.replace(child, exhibit := nodes.container("", classes=["exhibit"]))
                exhibit += child
            self._collect(docname, child, whole)

    def mark(self, node: nodes.Element) -> str | None:
        """Return the name of a node for links, if there are any to it."""
        return f"{self.docname}#{node['ids'][0]}" if node in self._wanted else None

    def number(self, node: nodes.Element) -> str | None:
        """Return the number that Sphinx gave a section, table or figure."""
        if isinstance(node, nodes.section):  # the first of a document goes by no id there
            known: Any = self.env.toc_secnumbers.get(self.docname, {})
            found = known.get(f"#{node['ids'][0]}", known.get(""))
        else:
            known = self.env.toc_fignumbers.get(self.docname, {}).get(node.tagname, {})
            found = known.get(node["ids"][0]) if node["ids"] else None
        return ".".join(map(str, found)) if found else None

    # -- the machine --------------------------------------------------------------------

    def render(self, node: nodes.Node) -> str:
        """Return the Typst markup of a node."""
        if not isinstance(node, nodes.Element):
            text = re.sub(r"[ \t\r\n\f\v]+", " ", node.astext())
            return breakable(text, 22 if _inside(node, nodes.entry) else 44)
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
            if name in FORMS:
                text = isinstance(node, nodes.TextElement)
                return FORMS[name].format(self.inline(node) if text else self.blocks(node.children))
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

    # -- structure ----------------------------------------------------------------------

    def do_section(self, node: nodes.section) -> str:
        title, *rest = node.children
        level = self.chapter.depth + sum(isinstance(n, nodes.section) for n in _around(node))
        part = None if self.chapter.part == self.part else self.chapter.part
        self.part = self.chapter.part
        options = {"part": part, "number": self.number(node), "mark": self.mark(node)}
        head = call("titled", level, body=self.inline(title), **options)
        return f"{head}\n\n{self.blocks(rest)}"

    def do_paragraph(self, node: nodes.paragraph) -> str:
        if NOTES & {*node["classes"]} or isinstance(node.parent, nodes.legend):
            return call("small", body=self.inline(node))
        return self.inline(node)

    def do_Admonition(self, node: nodes.Element) -> str:  # noqa: N802
        title, *rest = node.children
        if not isinstance(title, nodes.title):
            title, rest = nodes.title("", str(admonitionlabels[node.tagname])), node.children
        return call("notice", content(self.inline(title)), body=self.blocks(rest))

    # -- lists --------------------------------------------------------------------------

    def do_bullet_list(self, node: nodes.Element) -> str:
        if node.get("enumtype", "arabic") != "arabic":
            raise NotPrintableError("lists are numbered 1, 2, 3 in print")
        items = list(map(self.render, node.children))
        numbers: dict[str, Any] = {"start": int(node.get("start", 1))} if "enumtype" in node else {}
        tight = not any("\n\n" in item for item in items)
        return call("enum" if numbers else "list", *map(content, items), tight=tight, **numbers)

    do_enumerated_list = do_bullet_list

    def do_definition_list(self, node: nodes.definition_list) -> str:
        pairs = []
        for item in node.children:
            terms = [child for child in item.children if isinstance(child, nodes.term)]
            rest = self.blocks(item.children[len(terms) :])
            pairs.append([content('#", "'.join(map(self.render, terms))), content(rest)])
        return call("definitions", *pairs)

    def do_field_list(self, node: nodes.field_list) -> str:
        """Run the fields in, and the paragraphs of each."""
        pairs = []
        for name, body in (field.children for field in node.children):
            texts = map(self.inline, body.findall(nodes.paragraph))
            pairs.append([content(self.render(name)), content("#dot".join(texts))])
        return call("run-in", *pairs)

    # -- exhibits -----------------------------------------------------------------------

    def do_container(self, node: nodes.container) -> str:
        """Set a table or figure with caption and notes, as wide as it needs to be.

        One that floats finds its place at an edge of the page, unless it may break over pages.
        The last row of a table keeps room for the notes below it.
        """
        notes = [child for child in node.children if NOTES & {*child["classes"]}]
        shown = [child for child in node.children if child not in notes]
        if "exhibit" not in node["classes"] or not shown:
            return self.blocks(node.children)
        if _inside(node, nodes.Sequential | nodes.Admonition):
            raise NotPrintableError("a table or figure in a list or box cannot be printed")
        self.plan = None
        body = self.blocks(shown)
        height = self.plan.height if self.plan else 0.2 * TALL
        floats = height > 0.12 * TALL and any(map(self.number, shown)) and _makes_room(node)
        breaks = height > TALL * (0.35 if floats else 0.2)
        edge = "none" if breaks or not floats else "bottom" if self.low else "auto"
        self.low = breaks
        options: dict[str, Any] = {"breaks": breaks, "floats": Code(edge)}
        options["notes"] = content("\n".join(map(self.render, notes))) if notes else None
        options["out"] = not self.plan or self.plan.wide
        options["tight"] = any("compact" in child["classes"] for child in shown)
        options["tied"] = bool(notes) and isinstance(shown[-1], nodes.table)
        return call("exhibit", Code(f"room => [\n{body}\n]"), **options)

    def _captioned(self, node: nodes.Element, kind: str, body: str) -> str:
        """Give a table or figure the caption and number that HTML shows."""
        caption = "".join(self.inline(child) for child in node.children if isinstance(child, TITLE))
        word = self.env.config.numfig_format[node.tagname].partition("%s")[0].strip()
        words = [word, self.number(node), content(caption) if caption else None]
        return call("captioned", Code(kind), *words, self.mark(node), body=body)

    def do_figure(self, node: nodes.figure) -> str:
        legends = [child for child in node.children if isinstance(child, nodes.legend)]
        shown = [child for child in node.children if not isinstance(child, TITLE | nodes.legend)]
        return f"{self._captioned(node, 'image', self.blocks(shown))}\n\n{self.blocks(legends)}"

    def do_image(self, node: nodes.image) -> str:
        alt, uri = str(node.get("alt") or "").strip(), str(node.get("uri", ""))
        if not alt:
            raise NotPrintableError(f"picture without alternative text: {uri}")
        return call("picture", self.picture(uri), alt=alt)

    def do_table(self, node: nodes.table) -> str:
        rows = list(node.findall(nodes.row))
        stubs = [spec.get("stub") for spec in node.findall(nodes.colspec)]
        if any(len(row) != len(stubs) for row in rows):
            raise NotPrintableError("a table whose cells span rows or columns cannot be printed")
        heads = sum(isinstance(row.parent, nodes.thead) for row in rows)
        compact = "compact" in node["classes"]
        texts = [[cell.astext() for cell in row] for row in rows]
        self.plan = plan = tables.plan(texts, heads, compact)
        grid: list[list[object]] = []
        for y, row in enumerate(rows):
            cells = list(map(self.render, row))
            if y >= heads:  # the press tags what is strong as row headers
                pairs = zip(cells, stubs, strict=True)
                cells = [f"#strong[{cell}]" if stub else cell for cell, stub in pairs]
            grid.append([plan.lines[y] > 12, *map(content, cells)])
        options: dict[str, Any] = {"room": Code("room"), "size": plan.size, "inset": plan.inset}
        options |= {"columns": [*map(Code, plan.columns)], "hyphenate": plan.hyphenate}
        options |= {"align": [*map(_side, zip(*rows, strict=True))], "tight": compact}
        return self._captioned(node, "table", call("grid-table", heads, *grid, **options))

    # -- code and references --------------------------------------------------------------

    def do_literal(self, node: nodes.literal) -> str:
        text, limit = node.astext(), 16 if _inside(node, nodes.entry) else 24
        return call("long-raw" if re.search(rf"\S{{{limit + 1}}}", text) else "raw", text)

    def do_literal_block(self, node: nodes.literal_block) -> str:
        return call("code", node.astext().expandtabs(4))

    def do_reference(self, node: nodes.reference) -> str:
        body, target = self.inline(node), _target(self.docname, node)
        if not target:
            return self._outside(node, str(node.get("refuri", "")), body)
        page = target.partition("#")[0]
        owner, other = self._owners.get(target), self.others.get(page)
        if owner is None and other is None:
            raise NotPrintableError(f"reference to what is not in print: {node.astext()!r}")
        before = "".join(child.astext() for child in node.parent[: node.parent.index(node)])
        comma = before.count("(") > before.count(")")
        if owner is not None:
            name = f"{page}#{owner['ids'][0]}"
            if self._is_short(node) or not isinstance(owner, MARKED):
                return call("inner", name, body=body)
            return call("paged", name, body=body, comma=comma)
        told = (node.parent, other) in self._named  # a paragraph names another volume once
        if self._is_short(node) or target not in self._titled or told or not other:
            return body
        self._named.add((node.parent, other))
        return body + "#" + literal(f", {other}" if comma else f" ({other})")

    def _outside(self, node: nodes.reference, uri: str, body: str) -> str:
        """Render a link to the world; paper shows its address, unless the text does."""
        if not re.match(r"(https?|ftp|mailto):", uri):
            raise NotPrintableError(f"link leads nowhere in print: {uri or node.astext()!r}")
        uri = quote(uri, safe="".join(map(chr, range(128))))  # addresses in a PDF are ASCII
        shown = node.astext().strip().removeprefix("doi:").rstrip("/")
        address = re.sub(r"^(https?://|mailto:)", "", uri).rstrip("/")
        how = "outside-inline" if self._is_short(node) else "outside-note"
        if address in shown or uri.endswith(shown):
            how = "outside"
        return call(how, uri, body=body)

    def _is_short(self, node: nodes.reference) -> bool:
        """Say whether a reference stands where there is no room for a page or a footnote."""
        small = (isinstance(n, SHORT) or NOTES & {*n["classes"]} for n in _around(node))
        return not self.docname or any(small)

    def do_footnote_reference(self, node: nodes.footnote_reference) -> str:
        if _inside(node, TITLE) and not _inside(node, nodes.Admonition):
            raise NotPrintableError("a footnote in a heading or caption cannot be printed")
        name = f"{self.docname}#{node.get('refid')}"
        if name in self._met:
            return call("note-again", name)
        self._met.add(name)
        # The first child of a footnote is its number.
        return call("note", name, body=self.blocks(self._owners[name].children[1:]))

    def do_footnote(self, node: nodes.footnote) -> str:
        if not node.get("backrefs"):
            raise NotPrintableError(f"nothing refers to this footnote: {node.astext()[:60]!r}")
        return ""  # printed where it is referred to

    def do_citation(self, node: nodes.citation) -> str:
        """Print an entry of the bibliography that the volume cites, without its key."""
        if not self.mark(node):
            return ""
        return call("entry", body=self.render(node.children[1]))  # twice for two volumes


def _around(node: nodes.Node) -> Iterator[nodes.Element]:
    """Yield what a node stands in, from its parent to the document."""
    while node.parent is not None:
        yield (node := node.parent)


def _inside(node: nodes.Node, kinds: Any) -> bool:
    """Say whether a node stands in one of these kinds."""
    return any(isinstance(above, kinds) for above in _around(node))


def _target(docname: str, node: nodes.Element) -> str:
    """Return the target of a reference as document#id, or "" for an address."""
    if "refid" in node:
        return f"{docname}#{node['refid']}"
    page, _, anchor = str(node.get("refuri", "")).partition("#")
    return f"{page[1:]}#{anchor}" if page.startswith("%") else ""


def _side(column: Iterable[nodes.Element]) -> Code:
    """Return the side to which the classes of its cells align a column."""
    classes = {name for cell in column for name in cell["classes"]}
    sides = (side for side in ("right", "center") if f"text-{side}" in classes)
    return Code(next(sides, "left"))


def _makes_room(node: nodes.Node) -> bool:
    """Say whether enough text of its section follows an exhibit for it to float."""
    rest = node.findall(include_self=False, descend=False, siblings=True, ascend=True)
    own = takewhile(lambda after: not _is_section_of_chapter(after), rest)
    return sum(map(_length_of_text, own)) > 400


def _is_section_of_chapter(node: nodes.Node) -> bool:
    """Say whether a node is a section of level 2."""
    return isinstance(node, nodes.section) and isinstance(node.parent.parent, nodes.document)


def _length_of_text(node: nodes.Node) -> int:
    """Count the letters of the paragraphs and lists in a node, not of its exhibits."""
    if isinstance(node, nodes.section):
        return sum(map(_length_of_text, node.children))
    text = isinstance(node, nodes.paragraph | nodes.Sequential) and not NOTES & {*node["classes"]}
    return len(node.astext()) if text else 0
