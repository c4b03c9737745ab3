"""The translator: from resolved doctrees to Typst markup.

Every method ``do_<node class>`` returns the Typst markup of one node; a node is served by the
first of its base classes that has a method, a wrapper in ``WRAP`` or an entry in ``SKIP``.
Blocks are joined by blank lines, so a run of text becomes a paragraph of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.locale import admonitionlabels

from . import formula, tables

if TYPE_CHECKING:
    from .builder import Chapter, TypstBuilder

# Characters that no PDF can show: controls, halves of surrogate pairs, non-characters.
UNPRINTABLE = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), *range(127, 160), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF]
)
NUMBERING = {
    "arabic": "1",
    "loweralpha": "a",
    "upperalpha": "A",
    "lowerroman": "i",
    "upperroman": "I",
}
TONES = {
    "good": {"tip", "hint", "seealso", "good"},
    "warn": {"warning", "caution", "danger", "error", "attention", "warn", "deprecated"},
}
NOTES = {"exhibit-source", "exhibit-note"}
NUMBERED = (nodes.figure, nodes.table, nodes.section)
LEXERS = {
    "ipython": "python",
    "ipython3": "python",
    "python3": "python",
    "console": "sh",
    "pycon": "python",
}

SKIP = set(
    "comment substitution_definition index target pending meta highlightlang tabular_col_spec footnote colspec "
    "toctree sd_icon title label caption legend thebe_config SphinxComments decoration".split()
)
WRAP = {
    "emphasis": "#emph[{}]", "literal_emphasis": "#emph[{}]", "desc_addname": "{}", "title_reference": "#emph[{}]",
    "strong": "#strong[{}]", "literal_strong": "#strong[{}]", "subscript": "#sub[{}]", "superscript": "#super[{}]",
    "inline": "{}", "generated": "{}", "PassthroughTextElement": "{}", "term": "{}", "problematic": "{}",
    "field_name": "{}", "sd_badge": "#badge[{}]", "manpage": "#emph[{}]", "attribution": "{}", "classifier": "#emph[{}]",
    "centered": "#align(center)[#strong[{}]]", "pending_xref": "{}", "download_reference": "{}", "acronym": "{}",
}  # fmt: skip
BLOCKS = set(
    "document compound glossary definition description field_body hlist hlistcol acks list_item start_of_file "
    "HideCodeCellNode".split()
)


def literal(text: str) -> str:
    r"""Write text as a Typst string, in which nothing is code.

    >>> print(literal('#read("x") \\ $'))
    "#read(\"x\") \\ $"
    """
    text = text.translate(UNPRINTABLE).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("\r", "").replace("\n", "\\n").replace("\t", "\\t") + '"'


def breakable(text: str, limit: int) -> str:
    """Let words longer than ``limit`` break, at punctuation where they have some."""

    def split(match: re.Match[str]) -> str:
        word = match[0]
        if word.startswith(("http://", "https://")):
            return word  # Typst knows how to break these
        word = re.sub(r"(?<=[/_.\-:=&])(?=\w)", "\u200b", word)
        return re.sub(r"([^\s\u200b]{%d})(?=[^\s\u200b]{4})" % limit, "\\1\u200b", word)

    return re.sub(r"\S{%d,}" % (limit + 1), split, text)


class Translator:
    """Renders the documents of one book; ``errors`` and ``warnings`` are for the builder."""

    def __init__(
        self, builder: TypstBuilder, trees: dict[str, nodes.document], lost: set[str]
    ) -> None:
        self.builder, self.env, self.config = builder, builder.env, builder.config
        self.trees, self.lost = trees, lost
        self.errors: list[str] = []
        self.warnings: list[tuple[str, nodes.Node]] = []
        self.used: set[str] = set()
        self.emitted: set[str] = set()
        self.listed: set[str] = set()
        self.parts: dict[str, str] = {}
        self.around: list[str] = []
        self.body: list[str] = []
        self._abbreviations: set[str] = set()
        self._footnotes: set[str] = set()
        self._pictures: dict[int, str] = {}
        self._anchors: dict[str, str] = {}
        self._nodes: dict[str, nodes.Element] = {}
        self._referenced: set[str] = set()
        for docname, tree in trees.items():
            self._collect(docname, tree, None)
        for docname, tree in trees.items():
            for reference in tree.findall(nodes.reference):
                if (target := self._target(docname, reference)) in self._anchors:
                    self._referenced.add(self._anchors[target])

    # -- documents and their numbers ----------------------------------------------------

    def document(self, chapter: Chapter) -> str:
        """Render one document."""
        self.docname, self.depth, self.part = chapter.docname, chapter.depth - 1, chapter.part
        self.around = [] if chapter.docname else ["note"]
        return self.render(self.trees[chapter.docname])

    def _collect(self, docname: str, node: nodes.Element, heading: str | None) -> None:
        """Give every id its anchor; ids inside a title or caption share their owner's."""
        for child in node.children:
            if not isinstance(child, nodes.Element):
                continue
            own = heading
            if ids := child.get("ids"):
                own = heading or f"{docname}#{ids[0]}"
                self._anchors |= {f"{docname}#{name}": own for name in ids}
                self._nodes.setdefault(own, child)
            if isinstance(child, nodes.section) and f"{docname}#" not in self._anchors and own:
                self._anchors[f"{docname}#"] = own
            if isinstance(
                child,
                nodes.title | nodes.caption | nodes.rubric | nodes.literal | nodes.literal_block,
            ):
                owner = node.get("ids")
                inside = f"{docname}#{owner[0]}" if owner else None
                self._collect(docname, child, inside)
            else:
                self._collect(docname, child, heading)

    def _target(self, docname: str, node: nodes.Element) -> str | None:
        if "refid" in node:
            return f"{docname}#{node['refid']}"
        uri = str(node.get("refuri", ""))
        if not uri.startswith("%"):
            return None
        document, _, anchor = uri[1:].partition("#")
        return f"{document}#{anchor}"

    def label(self, node: nodes.Element, always: bool = False) -> str:
        """Return the Typst label of a node that something refers to, the first time."""
        ids = node.get("ids")
        name = self._anchors.get(f"{self.docname}#{ids[0]}") if ids else None
        own = name is not None and ids and name == f"{self.docname}#{ids[0]}"
        if (
            name is None
            or not own
            or name in self.emitted
            or not (always or name in self._referenced)
        ):
            return ""
        self.emitted.add(name)
        return f"#label({literal(name)})"

    def anchor(self, node: nodes.Element) -> str:
        """Return an invisible target for a node that has no labelled form of its own."""
        if isinstance(node, (*NUMBERED, nodes.citation, nodes.footnote)) or node.get(
            "literal_block"
        ):
            return ""
        return f"#metadata(none){label}" if (label := self.label(node)) else ""

    def numbers(self, kind: str, node: nodes.Element) -> str:
        """Return the number Sphinx gave to a figure, table or listing, as HTML shows it."""
        found = self.env.toc_fignumbers.get(self.docname, {}).get(kind, {})
        for name in node.get("ids", []):
            if name in found:
                return ".".join(map(str, found[name]))
        return ""

    # -- the machine --------------------------------------------------------------------

    def render(self, node: nodes.Node) -> str:
        """Return the Typst markup of a node."""
        if isinstance(node, nodes.Text):
            text = re.sub(r"[ \t\r\n\f\v]+", " ", node.astext())
            return (
                f"#{literal(breakable(text, 22 if 'table' in self.around else 44))}" if text else ""
            )
        assert isinstance(node, nodes.Element)
        if "screen-only" in node.get("classes", []):
            return ""
        anchor = self.anchor(node)
        for cls in type(node).__mro__:
            if method := getattr(self, f"do_{cls.__name__}", None):
                return anchor + str(method(node))
            if wrap := WRAP.get(cls.__name__):
                return anchor + wrap.format(self.inline(node))
            if cls.__name__ in BLOCKS:
                return anchor + self.blocks(node)
            if cls.__name__ in SKIP:
                return anchor
        return anchor + self._foreign(node)

    def _foreign(self, node: nodes.Element) -> str:
        """Render a node by the functions its extension registered, or complain."""
        handlers = self.builder.app.registry.translation_handlers.get(self.builder.name, {})
        if (pair := handlers.get(type(node).__name__)) is None:
            self.error(node, f"no printable form for a node of type {type(node).__name__!r}")
            return ""
        outer, self.body = self.body, []
        try:
            pair[0](self, node)
            self.body.extend(map(self.render, node.children))
            if pair[1]:
                pair[1](self, node)
        except nodes.SkipNode:
            pass
        finally:
            body, self.body = self.body, outer
        return "".join(body)

    def inline(self, node: nodes.Element) -> str:
        """Render the children one after the other."""
        return "".join(map(self.render, node.children))

    def blocks(self, node: nodes.Element, skip: tuple[type[nodes.Node], ...] = ()) -> str:
        """Render the children as blocks, with blank lines between them."""
        parts = (self.render(child) for child in node.children if not isinstance(child, skip))
        return "\n\n".join(part for part in parts if part)

    def compact(self, node: nodes.Element) -> str:
        """Render an item or cell; a lone paragraph in it stays a run of text."""
        kinds = [
            child for child in node.children if not isinstance(child, nodes.comment | nodes.target)
        ]
        lists = nodes.bullet_list | nodes.enumerated_list
        if (
            kinds
            and type(kinds[0]) is nodes.paragraph
            and all(isinstance(child, lists) for child in kinds[1:])
        ):
            return "\n".join(
                [self.anchor(node) + self.render(kinds[0]), *map(self.render, kinds[1:])]
            )
        return self.anchor(node) + self.blocks(node)

    @contextmanager
    def within(self, place: str) -> Iterator[None]:
        """Note that what is rendered now stands inside ``place``."""
        self.around.append(place)
        yield
        self.around.pop()

    def where(self, node: nodes.Node) -> str:
        """Name the document and line of a node."""
        at: nodes.Node | None = node
        while at is not None and not getattr(at, "line", None):
            at = at.parent
        return f"{self.docname or 'typst_imprint'}:{getattr(at, 'line', None) or '?'}"

    def error(self, node: nodes.Node, message: str) -> None:
        """Remember something that makes the book unprintable."""
        self.errors.append(f"{self.where(node)}: {message}")

    def warn(self, node: nodes.Node, message: str) -> None:
        """Remember something the author should know."""
        self.warnings.append((message, node))

    # -- structure ----------------------------------------------------------------------

    def do_section(self, node: nodes.section) -> str:
        ids = node.get("ids", [])
        numbers = self.env.toc_secnumbers.get(self.docname, {})
        top = not isinstance(node.parent, nodes.section)
        number = next(
            (numbers[f"#{name}"] for name in ids if f"#{name}" in numbers),
            numbers.get("") if top else None,
        )
        self.depth += 1
        if self.depth == 1:
            start = f"#chapter({literal(self.part) if self.part else 'none'})\n"
            if self.part and ids:
                self.parts[self._anchors[f"{self.docname}#{ids[0]}"]] = self.part
        else:
            start = ""
        numbering = f"(..) => {literal('.'.join(map(str, number)))}" if number else "none"
        with self.within("heading"):
            title = "".join(
                self.inline(child) for child in node.children if isinstance(child, nodes.title)
            )
        head = f"{start}#heading(level: {self.depth}, numbering: {numbering})[{title}]{self.label(node, always=self.depth == 1)}"
        text = "\n\n".join(filter(None, [head, self.blocks(node)]))
        self.depth -= 1
        self.part = None
        return text

    def do_title(self, node: nodes.title) -> str:
        return ""

    def do_compound(self, node: nodes.compound) -> str:
        return "" if "toctree-wrapper" in node["classes"] else self.blocks(node)

    def do_container(self, node: nodes.container) -> str:
        classes, element, component = (
            set(node["classes"]),
            node.get("nb_element"),
            node.get("design_component"),
        )
        if element == "cell_code":
            hidden = str(node.get("hide_mode") or "")
            return "\n\n".join(
                self.render(child)
                for child in node.children
                if not (
                    hidden == "all"
                    or str(_get(child, "nb_element"))
                    .removeprefix("cell_code_")
                    .replace("source", "input")
                    in hidden
                )
            )
        if element == "cell_code_source" and not self.config.typst_show_code:
            return ""
        if node.get("literal_block"):
            with self.within("exhibit"):
                block = self.blocks(node)
            return self._exhibit(self._figure("code-block", "raw", node, block), wide=False)
        if "exhibit" in classes:
            layouts = [self._layout(table)[0] for table in node.findall(nodes.table)]
            pictures = list(node.findall(nodes.image))
            with self.within("exhibit"):
                body = self.blocks(node)
            turn, wide = any(plan.turned for plan in layouts), any(plan.wide for plan in layouts)
            return self._exhibit(body, turn, wide or bool(pictures), [] if wide else pictures)
        if component in ("card", "dropdown"):
            return f"#notice({literal(_tone(classes))}, none)[{self.blocks(node)}]"
        if component == "card-title":
            return f"#rubric[{self.inline(node)}]"
        if component == "tab-content":
            return f"#indented[{self.blocks(node)}]"
        return self.blocks(node)

    def do_rubric(self, node: nodes.rubric) -> str:
        return "" if node.astext() == "Footnotes" else f"#rubric[{self.inline(node)}]"

    def do_paragraph(self, node: nodes.paragraph) -> str:
        if NOTES & set(node["classes"]) or isinstance(node.parent, nodes.legend):
            with self.within("note"):
                return f"#small[{self.inline(node)}]"
        return self.inline(node)

    def do_transition(self, node: nodes.transition) -> str:
        return "" if "footnotes" in node["classes"] else "#separator"

    def do_Admonition(self, node: nodes.Element) -> str:  # noqa: N802
        title: str | None
        with self.within("box"):
            if node.children and isinstance(node[0], nodes.title):
                title = self.inline(node[0])
            else:
                title = f"#{literal(admonitionlabels.get(node.tagname, ''))}"
            body = self.blocks(node)
        tone = _tone({node.tagname, *node.get("classes", [])})
        return f"#notice({literal(tone)}, {f'[{title}]' if title else 'none'})[{body}]"

    do_topic = do_sidebar = do_Admonition

    def do_versionmodified(self, node: nodes.Element) -> str:
        return self.blocks(node)

    def do_block_quote(self, node: nodes.block_quote) -> str:
        sign = "".join(
            self.inline(child) for child in node.children if isinstance(child, nodes.attribution)
        )
        option = f"attribution: [{sign}]" if sign else ""
        return f"#quote({option})[{self.blocks(node, skip=(nodes.attribution,))}]"

    def do_line_block(self, node: nodes.line_block) -> str:
        lines = []
        for child in node.children:
            inner = (
                self.do_line_block(child)
                if isinstance(child, nodes.line_block)
                else self.render(child)
            )
            indent = "#line-indent " if isinstance(node.parent, nodes.line_block) else ""
            lines.extend(indent + line for line in inner.split("#linebreak()\n"))
        return "#linebreak()\n".join(lines)

    def do_line(self, node: nodes.line) -> str:
        return self.inline(node)

    def do_desc(self, node: nodes.Element) -> str:
        return self.blocks(node)

    def do_desc_signature(self, node: nodes.Element) -> str:
        return f"#signature[#{literal(breakable(node.astext(), 44))}]"

    def do_desc_content(self, node: nodes.Element) -> str:
        return f"#indented[{self.blocks(node)}]"

    def do_raw(self, node: nodes.raw) -> str:
        parent = node.parent
        if isinstance(parent, nodes.figure) or _get(parent, "nb_element") == "cell_code_output":
            self.warn(node, f"output left out of print: it has nothing but {node.get('format')}")
        return ""

    def do_system_message(self, node: nodes.Element) -> str:
        self.error(node, node.astext())
        return ""

    # -- lists --------------------------------------------------------------------------

    def do_bullet_list(self, node: nodes.Element) -> str:
        return self._list("list", "", node)

    def do_enumerated_list(self, node: nodes.enumerated_list) -> str:
        mark = NUMBERING.get(node.get("enumtype", "arabic"), "1")
        pattern = literal(node.get("prefix", "") + mark + (node.get("suffix") or "."))
        return self._list(
            "enum", f"numbering: {pattern}, start: {int(node.get('start', 1))}, ", node
        )

    def _list(self, function: str, options: str, node: nodes.Element) -> str:
        with self.within("list"):
            items = [
                self.compact(item) for item in node.children if isinstance(item, nodes.Element)
            ]
        tight = str(not any("\n\n" in item for item in items)).lower()
        return f"#{function}({options}tight: {tight}{''.join(f', [{item}]' for item in items)})"

    def _terms(self, pairs: Iterable[tuple[str, str]], function: str = "fields") -> str:
        return f"#{function}({', '.join(f'([{term}], [{body}])' for term, body in pairs)})"

    def do_definition_list(self, node: nodes.definition_list) -> str:
        pairs = []
        with self.within("list"):
            for item in node.children:
                assert isinstance(item, nodes.Element)
                heads = [c for c in item.children if isinstance(c, nodes.term | nodes.classifier)]
                body = [
                    self.render(c)
                    for c in item.children
                    if not isinstance(c, nodes.term | nodes.classifier)
                ]
                pairs.append(('#", "'.join(map(self.render, heads)), "\n\n".join(body)))
        return self._terms(pairs, "definitions")

    def do_field_list(self, node: nodes.field_list) -> str:
        with self.within("list"):
            return self._terms(
                (self.render(f[0]), self.compact(f[1]))
                for f in node.children
                if isinstance(f, nodes.field)
            )

    do_docinfo = do_field_list

    def do_option_list(self, node: nodes.option_list) -> str:
        items = [item for item in node.children if isinstance(item, nodes.option_list_item)]
        with self.within("list"):
            return self._terms(
                (f"#raw({literal(item[0].astext())})", self.compact(item[1])) for item in items
            )

    # -- tables, figures, pictures ------------------------------------------------------

    def _exhibit(
        self, body: str, turn: bool = False, wide: bool = True, pictures: Sequence[nodes.image] = ()
    ) -> str:
        """Set a table or figure with its caption and notes, as wide as it needs to be."""
        if "exhibit" in self.around:
            return body
        options = [
            f"out: {str(wide and not turn and not self.around).lower()}",
            f"keep: {str(bool(pictures)).lower()}",
        ]
        if pictures and wide and not self.around:
            width = _length(str(pictures[0].get("width", "")))
            if width:
                amount = float(re.sub(r"[^\d.]", "", width))
                options[0] = (
                    f"out: {str(amount > 75 if width.endswith('%') else amount > tables.TEXT).lower()}"
                )
            elif name := self._pictures.get(id(pictures[0])):
                options.append(f"gauge: {literal(name)}")
        body = f"#exhibit({', '.join(options)})[\n{body}\n]"
        return f"#turned[{body}]" if turn and not self.around else body

    def _figure(self, kind: str, typst_kind: str, node: nodes.Element, content: str) -> str:
        """Put a number and a caption to something, as HTML has them."""
        holder = nodes.title if kind == "table" else nodes.caption
        with self.within("caption"):
            caption = "".join(
                self.inline(child) for child in node.children if isinstance(child, holder)
            )
        number = self.numbers(kind, node)
        if not caption and not number:
            label = self.label(node)
            return (f"#metadata(none){label}\n" if label else "") + content
        word = self.config.numfig_format.get(kind, "%s").partition("%s")[0].strip()
        numbering = f"(..) => {literal(number)}" if number else "none"
        self.listed |= {kind} if number else set()
        return (
            f"#figure(kind: {typst_kind}, supplement: [#{literal(word)}], numbering: {numbering}, "
            f"outlined: {str(bool(number)).lower()}, caption: [{caption}])[{content}]{self.label(node)}"
        )

    def do_figure(self, node: nodes.figure) -> str:
        with self.within("exhibit"):
            content = self.blocks(node)
            legend = "".join(
                "\n" + self.blocks(child)
                for child in node.children
                if isinstance(child, nodes.legend)
            )
        return self._exhibit(
            self._figure("figure", "image", node, content) + legend,
            pictures=list(node.findall(nodes.image)),
        )

    def do_image(self, node: nodes.image) -> str:
        alt = str(node.get("alt") or "").strip()
        uri = str(node.get("uri", ""))
        if not alt:
            self.error(node, f"picture without alternative text: {uri}")
        try:
            name = self.builder.picture(uri)
        except ValueError as problem:
            self.error(node, str(problem))
            return ""
        self._pictures[id(node)] = name
        width = _length(str(node.get("width", "")))
        parent = node.parent
        while isinstance(parent, nodes.reference | nodes.inline):
            parent = parent.parent
        alone = isinstance(parent, nodes.paragraph) and len(parent.children) == 1
        if isinstance(parent, nodes.TextElement) and not alone:
            return f"#box(image({literal(name)}, alt: {literal(alt)}, height: {_length(str(node.get('height', ''))) or '1em'}))"
        return f"#picture({literal(name)}, alt: {literal(alt)}, width: {width or 'auto'})"

    def _rows(self, table: nodes.table) -> tuple[list[list[nodes.entry]], int]:
        heads = [
            row
            for head in table.findall(nodes.thead)
            for row in head.children
            if isinstance(row, nodes.row)
        ]
        rows = heads + [
            row
            for body in table.findall(nodes.tbody)
            for row in body.children
            if isinstance(row, nodes.row)
        ]
        return [[c for c in row.children if isinstance(c, nodes.entry)] for row in rows], len(heads)

    def _layout(
        self, table: nodes.table
    ) -> tuple[tables.Layout, list[list[tuple[int, nodes.entry]]]]:
        """Place the entries in a grid (spans counted) and plan the columns from their texts."""
        specs = list(table.findall(nodes.colspec))
        rows, _heads = self._rows(table)
        grid: list[list[tuple[int, nodes.entry]]] = []
        texts: list[list[str]] = []
        taken: set[tuple[int, int]] = set()
        for y, row in enumerate(rows):
            x, places, line = 0, [], [""] * len(specs)
            for entry in row:
                while (y, x) in taken:
                    x += 1
                across, down = entry.get("morecols", 0) + 1, entry.get("morerows", 0) + 1
                taken |= {(y + dy, x + dx) for dy in range(down) for dx in range(across)}
                places.append((x, entry))
                if across == 1 and x < len(line):
                    line[x] = entry.astext()
                x += across
            grid.append(places)
            texts.append(line)
        given = (
            [float(spec.get("colwidth", 1)) for spec in specs]
            if "colwidths-given" in table["classes"]
            else None
        )
        turn = bool({"landscape", "turned"} & set(table["classes"]))
        nested = bool(set(self.around) - {"exhibit"})
        return tables.plan(texts or [[""]], self._rows(table)[1], given, turn, nested), grid

    def do_table(self, node: nodes.table) -> str:
        layout, grid = self._layout(node)
        heads = self._rows(node)[1]
        specs = list(node.findall(nodes.colspec))
        columns = [
            [entry.astext() for row in grid[heads:] for x, entry in row if x == i]
            for i in range(len(specs))
        ]
        numeric = [tables.numeric_column(column) for column in columns]
        aligns = ["right" if number else "left" for number in numeric]
        for row in grid[heads:]:
            for x, entry in row:
                if side := _side(entry):
                    aligns[x] = side
        padding = [tables.decimal_padding(c) if n and a == "right" else [""] * len(c)
                   for c, n, a in zip(columns, numeric, aligns, strict=True)]  # fmt: skip
        seen = [0] * len(specs)
        lines = []
        with self.within("table"):
            for y, row in enumerate(grid):
                tall = (
                    tables.lines(
                        [entry.astext() for _x, entry in row], [layout.ems[x] for x, _entry in row]
                    )
                    > 12
                )
                cells = []
                for x, entry in row:
                    text = self.compact(entry)
                    if specs[x].get("stub") and y >= heads:
                        text = f"#strong[{text}]"
                    if y >= heads:
                        text += f"#hide[#{literal(pad)}]" if (pad := padding[x][seen[x]]) else ""
                        seen[x] += 1
                    cells.append(self._cell(entry, text, aligns[x], tall))
                lines.append(", ".join(cells))
        head = f"table.header({', '.join(lines[:heads])}),\n" if heads else ""
        content = (
            f"#grid-table(head: {heads}, size: {layout.size}pt, inset: {layout.inset}pt, hyphenate: {str(layout.hyphenate).lower()}, columns: ({', '.join(layout.columns)},), "
            f"align: ({', '.join(aligns)},),\n{head}" + ",\n".join(lines[heads:]) + ")"
        )
        return self._exhibit(
            self._figure("table", "table", node, content), layout.turned, layout.wide
        )

    def _cell(self, entry: nodes.entry, text: str, column: str, tall: bool) -> str:
        options = []
        if across := entry.get("morecols"):
            options.append(f"colspan: {across + 1}")
        if down := entry.get("morerows"):
            options.append(f"rowspan: {down + 1}")
        if (side := _side(entry)) and side != column:
            options.append(f"align: {side}")
        if tall:
            options.append("breakable: true")
        return f"table.cell({', '.join(options)})[{text}]" if options else f"[{text}]"

    # -- code and formulas --------------------------------------------------------------

    def do_literal(self, node: nodes.Element) -> str:
        return f"#raw({literal(breakable(node.astext(), 16 if 'table' in self.around else 24))})"

    def do_literal_block(self, node: nodes.Element) -> str:
        language = str(node.get("language", ""))
        language = LEXERS.get(language, language)
        lang = (
            "none"
            if language in ("", "none", "text", "default", "myst-ansi")
            else literal(language)
        )
        return f"#code({literal(node.astext().expandtabs(4))}, lang: {lang})"

    do_doctest_block = do_literal_block

    def do_productionlist(self, node: nodes.Element) -> str:
        lines = [
            f"{child.get('tokenname', '')} ::= {child.astext().strip()}"
            for child in node.children
            if isinstance(child, nodes.Element)
        ]
        return f"#code({literal(chr(10).join(lines))})"

    def do_math(self, node: nodes.math) -> str:
        return self._formula(node, node.astext())

    def _formula(self, node: nodes.Element, latex: str, size: float = 10.5) -> str:
        try:
            drawn = formula.draw(latex, size)
        except ValueError as problem:
            self.error(node, f"formula not understood: {problem}")
            return ""
        name = self.builder.keep(drawn.svg, ".svg")
        return (
            f"#formula({literal(name)}, {literal(' '.join(latex.split()))}, "
            f"{drawn.width:.2f}pt, {drawn.height:.2f}pt, {drawn.depth:.2f}pt)"
        )

    def do_math_block(self, node: nodes.math_block) -> str:
        number = (
            self.numbers("displaymath", node)
            if self.config.math_numfig and self.config.numfig
            else ""
        )
        if (
            not number
            and isinstance(node.get("number"), int)
            and not isinstance(node["number"], bool)
        ):
            number = str(node["number"])
        lines = "".join(
            f", [{self._formula(node, line, 11.5)}]" for line in formula.lines(node.astext())
        )
        return f"#display({literal(number) if number else 'none'}{lines})"

    # -- references ---------------------------------------------------------------------

    def do_reference(self, node: nodes.reference) -> str:
        body = self.inline(node)
        if not body or any(True for _ in node.findall(nodes.image)):
            return body
        target, uri = self._target(self.docname, node), str(node.get("refuri", ""))
        if target is None:
            return self._outside(node, uri, body)
        name = self._anchors.get(target)
        if name is None or name in self.lost:
            self.warn(node, f"reference to something that is not in print: {node.astext()!r}")
            return body
        self.used.add(name)
        goal = self._nodes.get(name)
        paged = self.config.typst_page_references and (
            isinstance(goal, NUMBERED) or _get(goal, "literal_block")
        )
        noisy = {"table", "caption", "note", "heading"} & set(self.around)
        if not paged or noisy:
            return f"#inner(label({literal(name)}))[{body}]"
        before = "".join(
            child.astext() for child in node.parent.children[: node.parent.index(node)]
        )
        comma = ", comma: true" if before.count("(") > before.count(")") else ""
        return f"#paged(label({literal(name)}){comma})[{body}]"

    def _outside(self, node: nodes.reference, uri: str, body: str) -> str:
        if not re.match(r"(https?|ftp|mailto):", uri):
            self.warn(node, f"link leads nowhere in print: {uri or node.get('refname', '?')}")
            return body
        shown = node.astext().strip().removeprefix("doi:").rstrip("/")
        visible = re.sub(r"^(https?://|mailto:)", "", uri).rstrip("/")
        places, mode = set(self.around), self.config.typst_show_urls
        if mode == "no" or visible in shown or uri.endswith(shown) or "heading" in places:
            function = "outside"
        elif mode == "footnote" and not places & {
            "table",
            "caption",
            "note",
            "footnote",
            "bibliography",
        }:
            function = "outside-note"
        else:
            function = "outside-inline"
        return f"#{function}({literal(uri)})[{body}]"

    def do_footnote_reference(self, node: nodes.footnote_reference) -> str:
        name = f"{self.docname}#{node.get('refid')}"
        goal = self._nodes.get(self._anchors.get(name, ""))
        if goal is None:
            self.warn(node, f"footnote not found: {node.astext()}")
            return f"#super[{self.inline(node)}]"
        key = literal(f"note:{name}")
        if name in self._footnotes:
            return f"#note-again({key})"
        self._footnotes.add(name)
        with self.within("footnote"):
            return f"#note({key})[{self.compact_note(goal)}]"

    def compact_note(self, node: nodes.Element) -> str:
        """Render the body of a footnote without its number."""
        parts = [
            self.render(child) for child in node.children if not isinstance(child, nodes.label)
        ]
        return "\n\n".join(part for part in parts if part)

    def do_citation_reference(self, node: nodes.Element) -> str:
        return f'#"["{self.inline(node)}#"]"'

    def do_citation(self, node: nodes.citation) -> str:
        """Print an entry; its key only where citations in the text show the key."""
        named = not str(getattr(self.config, "bibtex_reference_style", "")).startswith(
            "author_year"
        )
        with self.within("bibliography"):
            key = "".join(
                self.inline(child) for child in node.children if isinstance(child, nodes.label)
            )
            body = self.compact_note(node)
        label = self.label(node)
        return f"#entry({f'[{key}]' if named else 'none'})[{f'#metadata(none){label}' if label else ''}{body}]"

    def do_abbreviation(self, node: nodes.Element) -> str:
        """Spell an abbreviation out at its first use in the book."""
        meaning, body = node.get("explanation"), self.inline(node)
        if not meaning or node.astext() in self._abbreviations:
            return body
        self._abbreviations.add(node.astext())
        return body + f"#{literal(f' ({meaning})')}"


def _get(node: Any, name: str) -> Any:
    return node.get(name) if isinstance(node, nodes.Element) else None


def _tone(classes: set[str]) -> str:
    return next((tone for tone, names in TONES.items() if names & classes), "plain")


def _side(entry: nodes.entry) -> str:
    return next(
        (
            name[5:]
            for name in entry.get("classes", [])
            if name in ("text-left", "text-right", "text-center")
        ),
        "",
    )


def _length(value: str) -> str:
    """Translate an HTML length; what Typst does not know is left out."""
    match = re.match(r"^([\d.]+)\s*(px|pt|em|cm|mm|in|%)?$", value)
    if not match:
        return ""
    unit = match[2] or "px"
    return f"{float(match[1]) * 0.75:.2f}pt" if unit == "px" else f"{match[1]}{unit}"


__all__ = ["Translator", "breakable", "literal"]
