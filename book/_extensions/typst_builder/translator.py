"""The translator: from resolved doctrees to Typst markup.

Each node is served by the first of its classes (then base classes) that has a method
``do_<class>`` here or an entry in ``INLINE``, ``BLOCK`` or ``SKIP``. Blocks are joined by
blank lines, which makes a paragraph of each run of text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from docutils import nodes
from sphinx.locale import admonitionlabels

from . import formula, tables

if TYPE_CHECKING:
    from .builder import Chapter, TypstBuilder

# Controls, halves of surrogate pairs and non-characters: no PDF can show them.
UNPRINTABLE = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), *range(127, 160), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF]
)
NUMBERING = {"loweralpha": "a", "upperalpha": "A", "lowerroman": "i", "upperroman": "I"}
TONES = {
    "good": {"tip", "hint", "seealso", "good"},
    "warn": {"warning", "caution", "danger", "error", "attention", "warn"},
}
LEXERS = {"ipython": "python", "ipython3": "python", "python3": "python", "console": "sh"}
NO_LEXER = {"", "none", "text", "default", "myst-ansi"}
ASCII = "".join(map(chr, range(128)))
LABELLED = (nodes.section, nodes.figure, nodes.table)
CODE = re.compile(r"((?<![\w-])[A-Z]\d*-[A-Z]\d+(?![\w-]))")  # such as S1-B2
NOTES = {"exhibit-source", "exhibit-note"}
COMPACT = "compact"
LISTS = (nodes.bullet_list, nodes.enumerated_list)


def names(template: str, classes: str) -> dict[str, str]:
    """Give several node classes the same template."""
    return dict.fromkeys(classes.split(), template)


SKIP = names(
    "",
    "comment substitution_definition index target pending meta highlightlang tabular_col_spec "
    "footnote colspec toctree sd_icon title label caption legend attribution",
)
INLINE = {
    **names("{}", "inline term field_name generated problematic line download_reference"),
    **names("{}", "PassthroughTextElement desc_addname acronym"),
    **names("#emph[{}]", "emphasis literal_emphasis title_reference manpage classifier"),
    **names("#strong[{}]", "strong literal_strong"),
    "subscript": "#sub[{}]",
    "superscript": "#super[{}]",
    "sd_badge": "#badge[{}]",
    "centered": "#align(center)[#strong[{}]]",
}
BLOCK = {
    **names("{}", "document glossary definition hlist hlistcol acks versionmodified desc"),
    **names("{}", "start_of_file HideCodeCellNode"),
    "desc_content": "#indented[{}]",
}


class Code(str):
    """Typst code, where a plain string would be text."""

    __slots__ = ()


def literal(text: str) -> str:
    r"""Write text as a Typst string, in which nothing is code.

    >>> print(literal('#read("x") \\ $'))
    "#read(\"x\") \\ $"
    """
    text = text.translate(UNPRINTABLE).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("\r", "").replace("\n", "\\n").replace("\t", "\\t") + '"'


def value(given: object) -> str:
    """Write a Python value as Typst code; only ``Code`` goes through as it is."""
    if isinstance(given, Code):
        return given
    if isinstance(given, str):
        return literal(given)
    if isinstance(given, list | tuple):
        return f"({''.join(f'{value(item)}, ' for item in given)})"
    return str(given).lower() if given is None or isinstance(given, bool) else str(given)


def call(function: str, *arguments: object, body: str | None = None, **options: object) -> str:
    """Write a call of a function of the template.

    >>> call("heading", body='#"Text"', level=2, numbering=None)
    '#heading(level: 2, numbering: none)[#"Text"]'
    """
    parts = [*map(value, arguments), *(f"{key}: {value(item)}" for key, item in options.items())]
    brackets = f"({', '.join(parts)})" if parts or body is None else ""
    return f"#{function}{brackets}{'' if body is None else f'[{body}]'}"


def label(name: str) -> Code:
    """Write a Typst label."""
    return Code(f"label({literal(name)})")


def breakable(text: str, limit: int) -> str:
    """Let words longer than ``limit`` break, at punctuation where they have some."""

    def split(match: re.Match[str]) -> str:
        word = match[0]
        if word.startswith(("http://", "https://")):
            return word  # Typst knows how to break these
        word = re.sub(r"(?<=[/_.\-:=&])(?=\w)", "\u200b", word)
        return re.sub(rf"([^\u200b]{{{limit}}})(?=[^\u200b]{{4}})", "\\1\u200b", word)

    return re.sub(rf"\S{{{limit + 1},}}", split, text)


class Translator:
    """Renders the documents of one book; ``errors`` and ``warnings`` are for the builder."""

    def __init__(
        self, builder: TypstBuilder, trees: dict[str, nodes.document], lost: set[str]
    ) -> None:
        """Read all documents for what refers to what; ``lost`` targets are not in print."""
        self.builder, self.env, self.config = builder, builder.env, builder.config
        self.trees, self.lost = trees, lost
        self.errors: list[str] = []
        self.warnings: list[tuple[str, nodes.Node]] = []
        self.used: set[str] = set()  # targets that references lead to ...
        self.emitted: set[str] = set()  # ... and those that are there
        self.listed: set[str] = set()  # "figure" and "table", if any has a number
        self.parts: dict[str, str] = {}  # the part that starts with a chapter
        self.around: list[str] = []  # what stands around the node at hand
        self.body: list[str] = []  # for functions of other extensions
        self.low = False  # a table that may break is the last exhibit: no float rises above it
        self._once: set[str] = set()  # footnotes and abbreviations met so far
        self._gauges: dict[int, Code] = {}
        self._anchors: dict[str, str] = {}
        self._nodes: dict[str, nodes.Element] = {}
        for docname, tree in trees.items():
            self._collect(docname, tree, None)
        links = (
            (name, link) for name, tree in trees.items() for link in tree.findall(nodes.reference)
        )
        goals = {self._anchors.get(self._target(name, link) or "") for name, link in links}
        self._wanted = {goal for goal in goals if goal}

    def document(self, chapter: Chapter) -> str:
        """Render one document."""
        self.docname, self.depth, self.part = chapter.docname, chapter.depth - 1, chapter.part
        self.around = [] if chapter.docname else ["note"]
        return self.render(self.trees[chapter.docname])

    # -- targets and numbers ------------------------------------------------------------

    def _collect(self, docname: str, node: nodes.Element, owner: str | None) -> None:
        """Map each id to its anchor; ids within a title or text of code share the owner's."""
        closed = nodes.title | nodes.caption | nodes.rubric | nodes.literal | nodes.literal_block
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

    def _target(self, docname: str, node: nodes.Element) -> str | None:
        """Return the target of a reference as document#id, or nothing for an address."""
        if "refid" in node:
            return f"{docname}#{node['refid']}"
        page, _, anchor = str(node.get("refuri", "")).partition("#")
        return f"{page[1:]}#{anchor}" if page.startswith("%") else None

    def label(self, node: nodes.Element, always: bool = False) -> str:
        """Return the label of a node, once, if something refers to it."""
        ids = node.get("ids")
        name = f"{self.docname}#{ids[0]}" if ids else ""
        wanted = always or name in self._wanted
        if name in self.emitted or not wanted or self._anchors.get(name) != name:
            return ""
        self.emitted.add(name)
        return f"#{label(name)}"

    def anchor(self, node: nodes.Element) -> str:
        """Return an invisible target for a node that cannot carry a label itself."""
        if isinstance(node, LABELLED) or node.get("literal_block"):
            return ""
        return f"#metadata(none){mark}" if (mark := self.label(node)) else ""

    def number(self, kind: str, node: nodes.Element) -> str:
        """Return the number that Sphinx gave a figure, table, listing or formula."""
        known = self.env.toc_fignumbers.get(self.docname, {}).get(kind, {})
        return next((_dotted(known[key]) for key in node.get("ids", []) if known.get(key)), "")

    # -- the machine --------------------------------------------------------------------

    def render(self, node: nodes.Node) -> str:
        """Return the Typst markup of a node."""
        if not isinstance(node, nodes.Element):
            text = re.sub(r"[ \t\r\n\f\v]+", " ", node.astext())
            text = breakable(text, 22 if "table" in self.around else 44)
            parts = CODE.split(text)  # every second is a code, and stays on one line
            boxed = (
                f"#box[#{literal(part)}]" if n % 2 else f"#{literal(part)}"
                for n, part in enumerate(parts)
            )
            return "".join(boxed)
        if "screen-only" in node.get("classes", []):
            return ""
        anchor = self.anchor(node)
        for name in (cls.__name__ for cls in type(node).__mro__):
            if method := getattr(self, f"do_{name}", None):
                return anchor + str(method(node))
            if name in INLINE:
                return anchor + INLINE[name].format(self.inline(node))
            if name in BLOCK:
                return anchor + BLOCK[name].format(self.blocks(node))
            if name in SKIP:
                return anchor
        return anchor + self._foreign(node)

    def _foreign(self, node: nodes.Element) -> str:
        """Render a node with the functions its extension registered, or complain."""
        known = self.builder.app.registry.translation_handlers.get(self.builder.name, {})
        if (pair := known.get(type(node).__name__)) is None:
            self.error(node, f"no printable form for a node of type {type(node).__name__!r}")
            return ""
        outer, self.body = self.body, []
        try:
            pair[0](self, node)
            self.body.append(self.inline(node))
            if pair[1]:
                pair[1](self, node)
        except nodes.SkipNode:
            pass
        inner, self.body = "".join(self.body), outer
        return inner

    def inline(self, node: nodes.Element, only: Any = nodes.Node) -> str:
        """Render the children (of a kind) one after the other."""
        return "".join(self.render(child) for child in node.children if isinstance(child, only))

    def blocks(self, node: nodes.Element) -> str:
        """Render the children as blocks, with blank lines between them."""
        return "\n\n".join(filter(None, map(self.render, node.children)))

    def held(self, node: nodes.Element, kind: Any) -> str:
        """Render what is in the children of a kind that are skipped otherwise."""
        return "".join(self.inline(child) for child in node.children if isinstance(child, kind))

    def compact(self, node: nodes.Element) -> str:
        """Render an item or cell, where a lone paragraph stays a run of text."""
        children = [child for child in node.children if not isinstance(child, nodes.comment)]
        if (
            children
            and isinstance(children[0], nodes.paragraph)
            and all(isinstance(child, LISTS) for child in children[1:])
        ):
            return self.anchor(node) + "\n".join(map(self.render, children))
        return self.anchor(node) + self.blocks(node)

    @contextmanager
    def within(self, place: str) -> Iterator[None]:
        """Note that what is rendered now stands inside ``place``."""
        self.around.append(place)
        yield
        self.around.pop()

    def error(self, node: nodes.Node, message: str) -> None:
        """Remember what makes the book unprintable, with document and line."""
        at: nodes.Node | None = node
        while at is not None and not at.line:
            at = at.parent
        place = "typst_imprint"
        if self.docname:
            place = str(self.env.doc2path(self.docname, base=False))
        self.errors.append(f"{place}:{at.line if at is not None else '?'}: {message}")

    def warn(self, node: nodes.Node, message: str) -> None:
        """Remember what the author should know."""
        self.warnings.append((message, node))

    # -- structure ----------------------------------------------------------------------

    def do_section(self, node: nodes.section) -> str:
        known = self.env.toc_secnumbers.get(self.docname, {})
        keys = [f"#{key}" for key in node["ids"]]
        keys += [] if isinstance(node.parent, nodes.section) else [""]
        number = next((_dotted(known[key]) for key in keys if known.get(key)), None)
        self.depth += 1
        start = ""
        if self.depth == 2:
            start = "#place.flush()\n"  # floats of the last section come before
        if self.depth == 1:
            start = call("chapter", self.part) + "\n"
            if self.part and node["ids"]:
                self.parts[f"{self.docname}#{node['ids'][0]}"] = self.part
        with self.within("heading"):
            title = self.held(node, nodes.title)
        head = call("heading", body=title, level=self.depth, numbering=_always(number))
        head = start + head + self.label(node, always=self.depth == 1)
        text = "\n\n".join(filter(None, [head, self.blocks(node)]))
        self.depth -= 1
        self.part = None
        return text

    def do_compound(self, node: nodes.compound) -> str:
        return "" if "toctree-wrapper" in node["classes"] else self.blocks(node)

    def do_container(self, node: nodes.container) -> str:
        classes, component = set(node["classes"]), node.get("design_component")
        if node.get("nb_element") == "cell_code":
            return self._cell_of_notebook(node)
        if node.get("literal_block"):
            with self.within("exhibit"):
                listing = self._figure("code-block", "raw", node, self.blocks(node))
            return self._exhibit(listing)
        if "exhibit" in classes:
            return self._exhibit_box(node)
        if component in ("card", "dropdown"):
            return call("notice", _tone(classes), None, body=self.blocks(node))
        if component == "card-title":
            return call("rubric", body=self.inline(node))
        return (
            call("indented", body=self.blocks(node))
            if component == "tab-content"
            else self.blocks(node)
        )

    def _cell_of_notebook(self, node: nodes.container) -> str:
        """Render a notebook's cell, without what the author hid."""
        hidden = str(node.get("hide_mode") or "")
        kinds = {"input": "cell_code_source", "output": "cell_code_output"}
        left_out = {kind for word, kind in kinds.items() if word in hidden or hidden == "all"}
        if not self.config.typst_show_code:
            left_out.add("cell_code_source")
        shown = (
            c
            for c in node.children
            if isinstance(c, nodes.Element) and c.get("nb_element") not in left_out
        )
        return "\n\n".join(filter(None, map(self.render, shown)))

    def do_rubric(self, node: nodes.rubric) -> str:
        return "" if node.astext() == "Footnotes" else call("rubric", body=self.inline(node))

    def do_paragraph(self, node: nodes.paragraph) -> str:
        if NOTES & set(node["classes"]) or isinstance(node.parent, nodes.legend):
            with self.within("note"):
                return call("small", body=self.inline(node))
        return self.inline(node)

    def do_transition(self, node: nodes.transition) -> str:
        return "" if "footnotes" in node["classes"] else "#separator"

    def do_Admonition(self, node: nodes.Element) -> str:  # noqa: N802
        with self.within("box"):
            named = admonitionlabels.get(node.tagname)
            title = f"#{literal(named)}" if named else self.held(node, nodes.title)
            body = self.blocks(node)
        tone = _tone({node.tagname, *node.get("classes", [])})
        return call("notice", tone, _content(title) if title else None, body=body)

    do_topic = do_sidebar = do_Admonition

    def do_block_quote(self, node: nodes.block_quote) -> str:
        author = self.held(node, nodes.attribution)
        return call(
            "quote", body=self.blocks(node), attribution=_content(author) if author else None
        )

    def do_line_block(self, node: nodes.line_block) -> str:
        lines: list[str] = []
        for child in node.children:
            indent = "#line-indent" if isinstance(child, nodes.line_block) else ""
            lines += [indent + line for line in self.render(child).split("#linebreak()\n")]
        return "#linebreak()\n".join(lines)

    def do_desc_signature(self, node: nodes.Element) -> str:
        return call("signature", body=f"#{literal(breakable(node.astext(), 44))}")

    def do_raw(self, node: nodes.raw) -> str:
        parent = node.parent
        output = parent.get("nb_element") == "cell_code_output"
        if output or (isinstance(parent, nodes.figure) and parent[0] is node):
            self.warn(node, f"output left out of print: it has nothing but {node.get('format')}")
        return ""

    def do_system_message(self, node: nodes.Element) -> str:
        self.error(node, node.astext())
        return ""

    # -- lists --------------------------------------------------------------------------

    def do_bullet_list(self, node: nodes.Element) -> str:
        return self._list("list", node)

    def do_enumerated_list(self, node: nodes.enumerated_list) -> str:
        sign = NUMBERING.get(node.get("enumtype", ""), "1")
        sign = node.get("prefix", "") + sign + (node.get("suffix") or ".")
        return self._list("enum", node, numbering=sign, start=int(node.get("start", 1)))

    def _list(self, function: str, node: nodes.Element, **options: Any) -> str:
        with self.within("list"):
            items = [self.compact(c) for c in node.children if isinstance(c, nodes.Element)]
        tight = not any("\n\n" in item for item in items)
        return call(function, *map(_content, items), tight=tight, **options)

    def do_definition_list(self, node: nodes.definition_list) -> str:
        pairs = []
        with self.within("list"):
            for item in node.findall(nodes.definition_list_item):
                if item.parent is node:
                    heads = [
                        c for c in item.children if isinstance(c, nodes.term | nodes.classifier)
                    ]
                    rest = [c for c in item.children if c not in heads]
                    term = '#", "'.join(map(self.render, heads))
                    pairs.append((term, "\n\n".join(map(self.render, rest))))
        return self._pairs("definitions", pairs)

    def do_field_list(self, node: nodes.Element) -> str:
        items = [item for item in node.children if isinstance(item, nodes.Element)]
        name: Callable[[Any], str] = self.render
        if isinstance(node, nodes.option_list):
            name = lambda group: call("raw", group.astext())  # noqa: E731
        if COMPACT in node["classes"]:
            with self.within("note"):
                return self._pairs("run-in", [(name(i[0]), self._run_in(i[1])) for i in items])
        with self.within("list"):
            return self._pairs("fields", [(name(i[0]), self.compact(i[1])) for i in items])

    def _run_in(self, body: nodes.Element) -> str:
        """Render the paragraphs of a field one after the other in a line."""
        return "#dot".join(map(self.inline, body.findall(nodes.paragraph)))

    do_docinfo = do_option_list = do_field_list

    def _pairs(self, function: str, pairs: Iterable[tuple[str, str]]) -> str:
        return call(function, *([_content(part) for part in pair] for pair in pairs))

    # -- exhibits -----------------------------------------------------------------------

    def _nested(self) -> bool:
        return bool(set(self.around) - {"exhibit", "tied"})

    def _floats(self, node: nodes.Element) -> bool:
        """Say whether a table or figure has a number, and text below it to take its place.

        A small table stays where it is, and so does what ends a section of the chapter.
        """
        if not self.number(node.tagname, node):
            return False
        if isinstance(node, nodes.table) and tables.read(node).height < 0.12 * tables.TALL:
            return False
        at, text = node, 0
        while not isinstance(at, nodes.document):
            if isinstance(at.parent, nodes.section):
                if isinstance(at, nodes.section) and not isinstance(
                    at.parent.parent, nodes.section
                ):
                    break
                text += sum(map(_length_of_text, at.parent[at.parent.index(at) + 1 :]))
            at = at.parent
        return text > 400

    def _exhibit(
        self,
        body: str,
        grids: Sequence[tables.Grid] = (),
        pictures: Sequence[nodes.image] = (),
        notes: str = "",
        tied: bool = False,
        floats: bool = False,
    ) -> str:
        """Set tables or figures with captions and notes, as wide as they need to be.

        What ``floats`` finds its place at an edge of the page, unless it may break over pages.
        """
        if "exhibit" in self.around:
            return body
        limit = tables.TALL * (0.6 if floats else 0.2)
        wide = any(grid.plan.wide for grid in grids)
        turned = any(grid.plan.turned for grid in grids) and not self.around
        options: dict[str, Any] = {
            "out": (wide or bool(pictures)) and not turned and not self.around,
            "breaks": len(pictures) > 1 or any(grid.height > limit for grid in grids),
        }
        if floats and not (options["breaks"] or turned or self.around):
            options["floats"] = Code("bottom" if self.low else "auto")
        self.low = options["breaks"]
        if pictures and not wide:
            options["gauge"] = self._gauges.get(id(pictures[0]))
        if any(grid.plan.compact for grid in grids):
            options["tight"] = True
        if notes:
            options["notes"] = _content(notes)
        content = _content(f"\n{body}\n")
        body = call("exhibit", Code(f"room => {content}") if tied else content, **options)
        return call("turned", body=body) if turned else body

    def _exhibit_box(self, node: nodes.container) -> str:
        """Render a container of class ``exhibit``: a table or figure, then its notes."""
        grids = [tables.read(table, self._nested()) for table in node.findall(nodes.table)]
        split = len(node.children)
        while split and NOTES & set(node[split - 1].get("classes", [])):
            split -= 1
        last = node[split - 1] if 0 < split < len(node.children) else None
        spans = (cell.down > 1 for row in grids[-1].rows for cell in row) if grids else ()
        tied = isinstance(last, nodes.table) and not any(spans)
        with self.within("exhibit"):
            parts = [self.render(child) for child in node.children[: split - tied]]
            if tied:
                with self.within("tied"):
                    parts.append(self.render(node[split - 1]))
            notes = "\n".join(map(self.render, node.children[split:]))
        body = "\n\n".join(filter(None, parts))
        pictures = list(node.findall(nodes.image))
        inner = (*node.findall(nodes.table), *node.findall(nodes.figure))
        floats = any(map(self._floats, inner))
        return self._exhibit(body, grids, pictures, notes, tied, floats)

    def _figure(self, kind: str, function: str, node: nodes.Element, content: str) -> str:
        """Give a table, figure or listing the caption and number that HTML shows."""
        with self.within("caption"):
            caption = self.held(node, nodes.title if kind == "table" else nodes.caption)
        number = self.number(kind, node)
        if not caption and not number:
            mark = self.label(node)
            return (f"#metadata(none){mark}\n" if mark else "") + content
        if number:
            self.listed.add(kind)
        word = self.config.numfig_format.get(kind, "%s").partition("%s")[0].strip()
        figure = call(
            "figure",
            body=content,
            kind=Code(function),
            supplement=_content(f"#{literal(word)}"),
            numbering=_always(number or None),
            outlined=bool(number),
            caption=_content(caption),
        )
        return figure + self.label(node)

    def do_figure(self, node: nodes.figure) -> str:
        with self.within("exhibit"):
            content = self.blocks(node)
            legends = [c for c in node.children if isinstance(c, nodes.legend)]
            legend = "".join("\n" + self.blocks(child) for child in legends)
        body = self._figure("figure", "image", node, content) + legend
        pictures = list(node.findall(nodes.image))
        return self._exhibit(body, pictures=pictures, floats=self._floats(node))

    def do_image(self, node: nodes.image) -> str:
        alt, uri = str(node.get("alt") or "").strip(), str(node.get("uri", ""))
        if not alt:
            self.error(node, f"picture without alternative text: {uri}")
        try:
            name = self.builder.picture(uri)
        except ValueError as problem:
            self.error(node, str(problem))
            return ""
        parent = node.parent
        while isinstance(parent, nodes.reference | nodes.inline):
            parent = parent.parent
        if isinstance(parent, nodes.TextElement) and len(parent.children) > 1:
            height = _length(node.get("height")) or Code("1em")
            return f"#box({call('image', name, alt=alt, height=height)[1:]})"
        width = _length(node.get("width")) or Code("auto")
        self._gauges[id(node)] = Code(value((name, width)))
        return call("picture", name, alt=alt, width=width)

    def do_table(self, node: nodes.table) -> str:
        grid = tables.read(node, self._nested())
        tied = bool(self.around) and self.around[-1] == "tied"
        plan, rows = grid.plan, []
        with self.within("table"):
            for row in grid.rows:
                tall = grid.lines(row) > 12
                rows.append(", ".join(self._cell(cell, grid.aligns[cell.x], tall) for cell in row))
        head = f"table.header({', '.join(rows[: grid.heads])}),\n" if grid.heads else ""
        code = Code("\n" + head + ",\n".join(rows[grid.heads :]))
        content = call(
            "grid-table",
            grid.heads,
            len(grid.rows) - 1,
            Code(f"{plan.size}pt"),
            Code(f"{plan.inset}pt"),
            plan.hyphenate,
            code,
            room=Code("room" if tied else "0pt"),
            tight=plan.compact,
            columns=[Code(column) for column in plan.columns],
            align=[Code(side) for side in grid.aligns],
        )
        figure = self._figure("table", "table", node, content)
        return self._exhibit(figure, [grid], floats=self._floats(node))

    def _cell(self, cell: tables.Cell, column: str, tall: bool) -> Code:
        text = self.compact(cell.entry)
        if cell.stub:
            text = f"#strong[{text}]"
        if cell.padding:
            text += call("hide", body=f"#{literal(cell.padding)}")
        options: dict[str, object] = {}
        if cell.across > 1 or cell.down > 1:
            options |= {"colspan": cell.across, "rowspan": cell.down}
        if cell.side and cell.side != column:
            options["align"] = Code(cell.side)
        if tall:
            options["breakable"] = True
        return Code(call("table.cell", body=text, **options)[1:] if options else f"[{text}]")

    # -- code and formulas --------------------------------------------------------------

    def do_literal(self, node: nodes.Element) -> str:
        return call("raw", breakable(node.astext(), 16 if "table" in self.around else 24))

    def do_literal_block(self, node: nodes.Element) -> str:
        language = str(node.get("language", ""))
        lang = None if language in NO_LEXER else LEXERS.get(language, language)
        return call("code", node.astext().expandtabs(4), lang=lang)

    do_doctest_block = do_literal_block

    def do_productionlist(self, node: nodes.Element) -> str:
        rules = [child for child in node.children if isinstance(child, nodes.Element)]
        lines = [f"{rule.get('tokenname', '')} ::= {rule.astext().strip()}" for rule in rules]
        return call("code", "\n".join(lines))

    def do_math(self, node: nodes.math) -> str:
        return self._formula(node, node.astext(), 10.5)

    def do_math_block(self, node: nodes.math_block) -> str:
        number = self.number("displaymath", node) if self.config.math_numfig else ""
        if not number and type(node.get("number")) is int:
            number = str(node["number"])
        lines = (self._formula(node, line, 11.5) for line in formula.lines(node.astext()))
        return call("display", number or None, *map(_content, lines))

    def _formula(self, node: nodes.Element, latex: str, size: float) -> str:
        try:
            drawn = formula.draw(latex, size)
        except ValueError as problem:
            self.error(node, f"formula not understood: {problem}")
            return ""
        lengths = (Code(f"{part:.2f}pt") for part in (drawn.width, drawn.height, drawn.depth))
        return call(
            "formula", self.builder.keep(drawn.svg, ".svg"), " ".join(latex.split()), *lengths
        )

    # -- references ---------------------------------------------------------------------

    def do_reference(self, node: nodes.reference) -> str:
        body, target = self.inline(node), self._target(self.docname, node)
        if not body or next(node.findall(nodes.image), None):
            return body
        if target is None:
            return self._outside(node, str(node.get("refuri", "")), body)
        name = self._anchors.get(target)
        if name is None or name in self.lost:
            self.warn(node, f"reference to something that is not in print: {node.astext()!r}")
            return body
        self.used.add(name)
        goal = self._nodes.get(name)
        numbered = isinstance(goal, LABELLED) or (goal is not None and goal.get("literal_block"))
        noisy = {"table", "caption", "note", "heading"} & set(self.around)
        if not numbered or noisy or not self.config.typst_page_references:
            return self._once_only(call("inner", label(name), body=body), body)
        siblings = node.parent.children
        before = "".join(child.astext() for child in siblings[: siblings.index(node)])
        in_brackets = before.count("(") > before.count(")")
        return call("paged", label(name), body=body, comma=in_brackets)

    def _outside(self, node: nodes.reference, uri: str, body: str) -> str:
        """Render a link to the world; paper shows its address, unless the text does."""
        if not re.match(r"(https?|ftp|mailto):", uri):
            self.warn(node, f"link leads nowhere in print: {uri or node.get('refname', '?')}")
            return body
        uri = quote(uri, safe=ASCII)  # a PDF has no other letters in addresses
        shown = node.astext().strip().removeprefix("doi:").rstrip("/")
        visible = re.sub(r"^(https?://|mailto:)", "", uri).rstrip("/") in shown or uri.endswith(
            shown
        )
        places, mode = set(self.around), self.config.typst_show_urls
        running = not places & {"table", "caption", "note", "footnote", "bibliography"}
        how = "outside-note" if mode == "footnote" and running else "outside-inline"
        if visible or mode == "no" or "heading" in places:
            how = "outside"
        return self._once_only(call(how, uri, body=body), body)

    def _once_only(self, markup: str, other: str = "") -> str:
        """Keep links and notes of a title out of where the title is repeated."""
        if not {"heading", "caption"} & set(self.around):
            return markup
        return call("unless-repeated", body=markup, other=_content(other))

    def do_footnote_reference(self, node: nodes.footnote_reference) -> str:
        name = f"{self.docname}#{node.get('refid')}"
        goal = self._nodes.get(self._anchors.get(name, ""))
        if goal is None:
            self.warn(node, f"footnote not found: {node.astext()}")
            return call("super", body=self.inline(node))
        key = f"note:{name}"
        if key in self._once:
            return self._once_only(call("note-again", key))
        self._once.add(key)
        with self.within("footnote"):
            body = self.blocks(goal)
        return self._once_only(call("note", key, body=body))

    def do_citation_reference(self, node: nodes.Element) -> str:
        return f'#"["{self.inline(node)}#"]"'

    def do_citation(self, node: nodes.citation) -> str:
        """Print an entry; its key only where citations in the text show the key."""
        style = str(getattr(self.config, "bibtex_reference_style", ""))
        with self.within("bibliography"):
            key = (
                None if style.startswith("author_year") else _content(self.held(node, nodes.label))
            )
            return call("entry", key, body=self.blocks(node))

    def do_abbreviation(self, node: nodes.Element) -> str:
        """Spell an abbreviation out at its first use in the book."""
        text, meaning = node.astext(), node.get("explanation")
        new = meaning and text not in self._once
        self._once.add(text)
        return self.inline(node) + (f"#{literal(f' ({meaning})')}" if new else "")


def _length_of_text(node: nodes.Node) -> int:
    """Count the letters of the paragraphs and lists in a node, not of its exhibits."""
    if isinstance(node, nodes.section):
        return sum(map(_length_of_text, node.children))
    return len(node.astext()) if isinstance(node, nodes.paragraph | nodes.Sequential) else 0


def _content(markup: str) -> Code:
    return Code(f"[{markup}]")


def _dotted(number: Iterable[int]) -> str:
    return ".".join(map(str, number))


def _always(number: str | None) -> Code | None:
    """Write a Typst numbering that gives this number, whatever Typst counts."""
    return Code(f"(..) => {literal(number)}") if number else None


def _tone(classes: set[str]) -> str:
    return next((tone for tone, found in TONES.items() if found & classes), "plain")


def _length(given: object) -> Code | None:
    """Translate an HTML length; what Typst does not know is left out."""
    match = re.match(r"^([\d.]+)\s*(px|pt|em|cm|mm|in|%)?$", str(given or ""))
    if not match:
        return None
    pixels = match[2] in (None, "px")
    return Code(f"{float(match[1]) * 0.75:.2f}pt" if pixels else f"{match[1]}{match[2]}")
