"""The PDF builder, on tiny books: every node, hostile text, errors, tags, numbers, bytes."""

# ruff: noqa: E501  (a sample and what it becomes stand on one line)

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pytest
from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, docutils_namespace, patch_docutils

from typst_builder import tables
from typst_builder.builder import TypstError, attributes, find_date
from typst_builder.translator import breakable, literal

CONF = {
    "extensions": ["typst_builder", "sphinx_design"],
    "root_doc": "index",
    "numfig": True,
    "numfig_format": {"figure": "Figure %s", "table": "Table %s", "code-block": "Listing %s"},
    "project": "A tiny book",
    "author": "A. Author",
    "typst_date": "Evidence as of 2026-11-22",
    "language": "en",
}


@dataclass
class Book:
    """A built book: where it is, its text page by page, what Sphinx said."""

    path: Path
    warnings: str

    @property
    def pages(self) -> list[str]:
        return [squeeze(page.extract_text()) for page in pypdf.PdfReader(self.path).pages]

    @property
    def text(self) -> str:
        return " ".join(self.pages)


def squeeze(text: str) -> str:
    """Undo line ends: words that were hyphenated or wrapped are whole again."""
    return re.sub(r"\s+", " ", re.sub("\u00ad\\s*|[\u200b\u2060]", "", text)).strip()


def build(
    folder: Path, files: dict[str, str], hook: Any = None, builder: str = "typst", **conf: Any
) -> Book:
    """Write a project and build it; ``hook`` gets the application before the build."""
    source = folder / "source"
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, "utf-8")
    Image.new("RGB", (40, 20), "navy").save(source / "dot.png")
    out, warnings = folder / f"out-{builder}", io.StringIO()
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            source,
            None,
            out,
            folder / f"trees-{builder}",
            builder,
            CONF | conf,
            io.StringIO(),
            warnings,
            True,
        )
        if hook:
            hook(app)
        app.build(True)
    pdfs = sorted(out.glob("*.pdf"))
    return Book(pdfs[0] if pdfs else out, re.sub(r"\x1b\[[\d;]*m", "", warnings.getvalue()))


def write(
    node: pikepdf.Object, found: list[tuple[str, pikepdf.Object]] | None = None
) -> list[tuple[str, pikepdf.Object]]:
    """List the elements of a structure tree in reading order."""
    found = [] if found is None else found
    if isinstance(node, pikepdf.Array):
        for kid in node:
            write(kid, found)
    elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
        found.append((str(node.S), node))
    if isinstance(node, pikepdf.Dictionary) and "/K" in node:
        write(node.K, found)
    return found


# -- every node type -------------------------------------------------------------------------

SAMPLES = {
    "inline": ("*Emph* **Strong** ``lit`` H\\ :sub:`2`\\ O x\\ :sup:`3` :title:`Work`", "Emph Strong lit H2O x3 Work"),
    "abbreviation": (":abbr:`EU (European Union)` then :abbr:`EU (European Union)`", "EU (European Union) then EU"),
    "bullets": ("- one\n\n  - inner\n- two", "one • inner|– inner"),
    "enumerated": ("c. three\nd. four", "c. three d. four"),
    "roman": ("iv) four\nv) five", "iv) four v) five"),
    "definition": ("Term : kind\n    What it means.", "Term, kind What it means."),
    "fields": ("para\n\n:Licence: CC BY\n:Place: Here", "Licence CC BY Place Here"),
    "options": ("--quiet  Say less", "--quiet Say less"),
    "quote": ("para\n\n    Quoted words.\n\n    -- A person", "Quoted words. — A person"),
    "lines": ("| First line\n|   indented\n| last", "First line indented last"),
    "rubric": (".. rubric:: A rubric", "A rubric"),
    "note": (".. note:: Mind this.", "Note Mind this."),
    "warning": (".. warning:: Mind that.", "Warning Mind that."),
    "seealso": (".. seealso:: Look there.", "See also Look there."),
    "generic": (".. admonition:: In brief\n   :class: tip\n\n   All of it.", "In brief All of it."),
    "topic": (".. topic:: A topic\n\n   Its text.", "A topic Its text."),
    "sidebar": (".. sidebar:: A sidebar\n\n   Beside.", "A sidebar Beside."),
    "transition": ("above it\n\n----\n\nbelow it", "above it * * * below it"),
    "container": (".. container:: some\n\n   In a container.", "In a container."),
    "version": (".. versionadded:: 2.0\n   News.", "Added in version 2.0: News."),
    "card": (".. card:: Card title\n\n   Card text.", "Card title Card text."),
    "grid": (".. grid:: 2\n\n   .. grid-item-card:: Left\n\n      One.\n\n   .. grid-item-card:: Right\n\n      Two.", "Left One. Right Two."),
    "tabs": (".. tab-set::\n\n   .. tab-item:: Linux\n\n      Type it.", "Linux Type it."),
    "dropdown": (".. dropdown:: More\n\n   Hidden no more.", "More Hidden no more."),
    "badge": (":bdg-primary:`Fresh`", "Fresh"),
    "code": (".. code-block:: python\n   :caption: Some code\n\n   x = [1, \"#two\"]", 'Listing 1.1 Some code x = [1, "#two"]'),
    "doctest": (">>> 1 + 1\n2", ">>> 1 + 1 2"),
    "grammar": (".. productionlist::\n   sum: `item` \"+\" `item`", 'sum ::= item "+" item'),
    "formula": ("The sum :math:`a^2` is\n\n.. math:: b = \\sum_i a_i^2\n   :label: sum", "The sum is (1.1)"),
    "figure": (".. figure:: dot.png\n   :alt: A dot.\n   :width: 50%\n\n   The caption.\n\n   The legend.", "Figure 1.1 The caption. The legend."),
    "picture": (".. image:: dot.png\n   :alt: Another dot.\n\nafter the picture", "after the picture"),
    "inline picture": ("see |dot| there\n\n.. |dot| image:: dot.png\n   :alt: inline dot", "see there"),
    "footnote": ("A claim [#f]_ and again [#f]_.\n\n.. [#f] The note *itself*.", "A claim 1 and again 1"),
    "citation": ("As in [CIT2020]_.\n\n.. [CIT2020] The cited work.", "As in [CIT2020]. [CIT2020] The cited work."),
    "glossary": (".. glossary::\n\n   capital\n      A city.\n\nA :term:`capital` here", "capital A city. A capital here"),
    "index": (".. index:: hidden entry\n\nafter the index", "after the index"),
    "comment": (".. not in print\n\nafter the comment", "after the comment"),
    "only": (".. only:: typst\n\n   in print\n\n.. only:: html\n\n   not in print", "in print"),
    "raw": (".. raw:: html\n\n   <b>not in print</b>\n\nafter the raw", "after the raw"),
    "centred": (".. centered:: In the middle", "In the middle"),
    "hlist": (".. hlist::\n\n   * eins\n   * zwei", "• eins • zwei"),
    "function": (".. py:function:: f(x: int) -> int\n\n   Doubles.", "f(x: int) -> int Doubles."),
    "screen-only": (".. container:: screen-only\n\n   not in print\n\nafter the screen", "after the screen"),
    "print-only": (".. container:: print-only\n\n   for readers of paper", "for readers of paper"),
    "download": (":download:`the file <dot.png>`", "the file"),
    "external": ("`A site <https://example.org/a?b=1&c=2>`_ and https://plain.example.org", "A site 2 and https://plain.example.org"),
    "mail": ("write to someone@example.org", "write to someone@example.org"),
    "stub": (".. list-table:: A list table\n   :header-rows: 1\n   :stub-columns: 1\n\n   * - Head\n     - Two\n   * - Stub\n     - 7", "Table 1.1 A list table Head Two Stub 7"),
    "spans": ("+---+---+\n| a | b |\n+===+===+\n| across|\n+---+---+\n| d | e |\n+   +---+\n|   | f |\n+---+---+", "a b across d e f|a b across e d f"),
    "exhibit": (
        ".. container:: exhibit\n\n   .. table:: With notes\n\n      === ===\n      k   v\n      === ===\n      x   5\n      === ===\n\n"
        "   .. rst-class:: exhibit-source\n\n   Source: somebody.\n\n   .. rst-class:: exhibit-note\n\n   Note: rounded.",
        "With notes k v x 5 Source: somebody. Note: rounded.",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def sampler(tmp_path_factory: pytest.TempPathFactory) -> Book:
    body = "\n\n".join(
        f"{name}\n{'-' * len(name)}\n\n{rst}\n\nend of {name}" for name, (rst, _) in SAMPLES.items()
    )
    index = "Root\n====\n\n.. toctree::\n   :caption: First part\n   :numbered:\n\n   one\n"
    return build(
        tmp_path_factory.mktemp("sampler"),
        {"index.rst": index, "one.rst": f"Samples\n=======\n\n{body}\n"},
    )


@pytest.mark.parametrize("name", SAMPLES)
def test_each_node_is_printed(sampler: Book, name: str) -> None:
    text = sampler.text
    end = text.index(f"end of {name}")
    start = [match.end() for match in re.finditer(rf"1\.\d+ {name} ", text[:end])][-1]
    got = text[start:end]
    expected = SAMPLES[name][1].split("|")
    flat = re.sub(r"\s", "", got)
    assert any(re.sub(r"\s", "", wanted) in flat for wanted in expected), got[-400:]


def test_the_sampler_is_complete_and_clean(sampler: Book) -> None:
    assert sampler.warnings == ""
    assert "not in print" not in sampler.text
    assert "hidden entry" not in sampler.text
    assert "The note itself." in sampler.text
    assert "https://example.org/a?b=1&c=2" in sampler.text, "the address behind a link is visible"
    assert "Part 1 · First part".upper() in sampler.text.upper()


# -- text is never code ----------------------------------------------------------------------

HOSTILE = [
    '#read("/etc/passwd")', "#import \"@preview/x:1.0.0\": *", "#panic()", "]#panic()[", '"#panic()"', '\\"#panic()',
    "back\\slash \\u{41} \\n", "$x^2$ @label <label> ~ `tick` *star* _under_", "= heading", "- item", "/ term: x", "// note",
    "/* note */", "<script>alert(1)</script>", "{{ jinja }} {numref}`x`", "'single' \"double\" “curly”",
    "Путин Ελλάδα ₽ € − → ≥ 😀", "%doc#id", "a\u200bb\u2060c\ufeffd", "soft\u00adhyphen", "x" * 200, "tab\there",
]  # fmt: skip


def plant(texts: list[str]) -> Any:
    """Return a hook that puts hostile texts where the source says MARK0, MARK1 ..."""

    def read(app: Sphinx, doctree: nodes.document) -> None:
        for node in list(doctree.findall(nodes.Text)):
            found = re.search(r"MARK(\d+)X", node.astext())
            if found:
                text = node.astext().replace(found[0], texts[int(found[1])])
                node.parent.replace(node, nodes.Text(text))
        for node in doctree.findall(nodes.image):
            node["alt"] = texts[0]

    return lambda app: app.connect("doctree-read", read)


PLACES = {
    "paragraph": "Para MARK{n}X end.",
    "heading": "MARK{n}X\n~~~~~~~~~~~~~~~~~~~~~",
    "literal": "Lit ``MARK{n}X`` end.",
    "code": "::\n\n    MARK{n}X",
    "cell": ".. list-table:: Cap MARK{n}X\n   :header-rows: 1\n\n   * - MARK{n}X\n   * - MARK{n}X",
    "note": ".. admonition:: MARK{n}X\n\n   MARK{n}X",
    "link": "`MARK{n}X <https://example.org/{n}>`__",
    "term": "MARK{n}X\n   MARK{n}X",
}


@pytest.mark.parametrize("place", PLACES)
def test_hostile_text_stays_text(tmp_path: Path, place: str) -> None:
    body = "\n\n".join(
        f"begin{n}z\n\n{PLACES[place].format(n=n)}\n\nfinish{n}z" for n in range(len(HOSTILE))
    )
    source = {
        "index.rst": f"Book\n====\n\nSection\n-------\n\n.. image:: dot.png\n   :alt: x\n\n{body}\n"
    }
    book = build(
        tmp_path,
        source,
        plant(HOSTILE),
        typst_title=HOSTILE[0],
        typst_subtitle=HOSTILE[3],
        typst_author=HOSTILE[5],
    )
    text = book.text
    for n, hostile in enumerate(HOSTILE):
        start = text.index(f"begin{n}z") if place != "heading" else text.rindex(f"begin{n}z")
        got = text[start : text.index(f"finish{n}z", start)]
        invisible = r"[\s\u00ad\u200b\u2060\ufeff]"
        assert re.sub(invisible, "", hostile) in re.sub(invisible, "", got), (hostile, got)
    with pikepdf.open(book.path) as pdf:
        assert str(pdf.docinfo.Title) == HOSTILE[0]
        assert str(pdf.docinfo.Author) == HOSTILE[5]
        alts = [str(node.Alt) for kind, node in write(pdf.Root.StructTreeRoot) if kind == "/Figure"]
        assert alts == [HOSTILE[0]]


def test_text_in_other_directions_and_control_characters(tmp_path: Path) -> None:
    texts = [
        "safe \u202e\u2066 shalom שלום \u2069\u202c end",
        "bell\x07 null\x00 esc\x1b end",
        "half \ud800 end",
        "\ufffe\uffff end",
    ]
    lines = "\n\n".join(f"MARK{n}X" for n in range(len(texts)))
    book = build(tmp_path, {"index.rst": f"Book\n====\n\n{lines}\n"}, plant(texts))
    text = re.sub("[\u202a-\u202e\u2066-\u2069\\s]", "", book.text)
    assert Counter("שלום") <= Counter(text)
    assert "bellnullescend" in text
    assert "halfend" in text


def test_a_letter_without_a_font_is_named_and_reported(tmp_path: Path) -> None:
    book = build(
        tmp_path, {"index.rst": "Book 漢\n=======\n\nLaunch 🚀 now\n"}, typst_title="Title 字"
    )
    assert "[U+1F680]" in book.text
    assert "[U+6F22]" in book.text
    assert "[U+1F680]" in book.warnings


def test_only_what_print_can_say_is_text() -> None:
    assert literal('a"\\\n') == '"a\\"\\\\\\n"'
    assert breakable("https://example.org/" + "a" * 90, 20).count("\u200b") == 0
    assert breakable("data/evidence/a_long_file_name_in_a_cell.csv", 20).count("\u200b") > 4
    assert breakable("plain words stay whole", 20) == "plain words stay whole"


# -- errors ----------------------------------------------------------------------------------


class Strange(nodes.General, nodes.Element):
    """A node that no one has taught the builder."""


class StrangeDirective(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        node = Strange()
        self.set_source_info(node)
        return [node]


def add_strange(app: Sphinx) -> None:
    app.add_directive("strange", StrangeDirective)


def test_unknown_nodes_stop_the_build_and_are_all_named(tmp_path: Path) -> None:
    files = {
        "index.rst": "Book\n====\n\n.. strange::\n\n.. toctree::\n\n   two\n",
        "two.rst": "Two\n===\n\nText\n\n.. strange::\n",
    }
    with pytest.raises(TypstError) as caught:
        build(tmp_path, files, add_strange)
    assert "index.rst:4: " in str(caught.value)
    assert "two.rst:6: " in str(caught.value)
    assert "'Strange'" in str(caught.value)
    assert not list((tmp_path / "out-typst").glob("*.pdf"))


def test_extensions_can_bring_their_own_nodes(tmp_path: Path) -> None:
    def visit(self: Any, node: nodes.Element) -> None:
        self.body.append(f"#{literal('taught')}")

    def hook(app: Sphinx) -> None:
        add_strange(app)
        app.add_node(Strange, typst=(visit, None))

    assert "taught" in build(tmp_path, {"index.rst": "Book\n====\n\n.. strange::\n"}, hook).text


@pytest.mark.parametrize("alt", ["", "   :alt:  \n"])
def test_a_picture_without_alternative_text_stops_the_build(tmp_path: Path, alt: str) -> None:
    with pytest.raises(
        TypstError, match=r"index\.rst:4: picture without alternative text: dot\.png"
    ):
        build(tmp_path, {"index.rst": f"Book\n====\n\n.. image:: dot.png\n{alt}"})


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png",
        "sub/../../secret.png",
        "/../secret.png",
        "link.png",
        "https://example.org/x.png",
    ],
)
def test_pictures_outside_the_book_are_refused(tmp_path: Path, name: str) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "secret.png")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(
        TypstError, match=r"index\.rst:4: picture (outside the book refused|not found)"
    ):
        build(tmp_path, {"index.rst": f"Book\n====\n\n.. image:: {name}\n   :alt: Secret.\n"})


def test_absolute_names_mean_the_source_folder(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "secret.png")
    with pytest.raises(TypstError, match="picture not found"):
        build(
            tmp_path,
            {"index.rst": f"Book\n====\n\n.. image:: {tmp_path}/secret.png\n   :alt: Secret.\n"},
        )


def test_a_formula_that_cannot_be_drawn_is_named(tmp_path: Path) -> None:
    with pytest.raises(TypstError, match=r"index\.rst:4: formula not understood"):
        build(tmp_path, {"index.rst": "Book\n====\n\n.. math:: \\nosuchmacro{x}\n"})


def test_references_to_what_is_not_in_print_are_warnings(tmp_path: Path) -> None:
    source = "Book\n====\n\nSee :ref:`hidden words <gone>` and `a page <page.html>`__.\n\n.. container:: screen-only\n\n   .. _gone:\n\n   Gone.\n"
    book = build(tmp_path, {"index.rst": source})
    assert "See hidden words and a page." in book.text
    assert "not in print: 'hidden words'" in book.warnings
    assert "link leads nowhere in print: page.html" in book.warnings


# -- tables ----------------------------------------------------------------------------------


def table(columns: int, rows: int, cell: str = "{row}.{column}") -> str:
    lines = [".. list-table:: Many cells", "   :header-rows: 1", ""]
    for row in range(rows + 1):
        for column in range(columns):
            text = f"Head{column}" if row == 0 else cell.format(row=row, column=column)
            lines.append(f"   {'*' if column == 0 else ' '} - {text}")
    return "\n".join(lines)


def test_a_long_table_repeats_its_header_on_every_page(tmp_path: Path) -> None:
    book = build(
        tmp_path,
        {"index.rst": f"Book\n====\n\n{table(3, 400, 'row {row} cell {column}')}\n\nThe end.\n"},
    )
    pages = [page for page in book.pages if "cell 2" in page]
    assert len(pages) >= 6
    assert all("Head0 Head1 Head2" in page for page in pages)
    found = re.findall(r"row (\d+) cell 2", book.text)
    assert found == [str(n) for n in range(1, 401)]
    with pikepdf.open(book.path) as pdf:
        kinds = Counter(kind for kind, _node in write(pdf.Root.StructTreeRoot))
    assert kinds["/TH"] == 3, "a repeated header is tagged once"
    assert kinds["/TR"] == 401


@pytest.mark.parametrize("cell", ["{row}{column}.5", "some words in {row} {column}"])
def test_twelve_columns_fit_the_page(tmp_path: Path, cell: str) -> None:
    book = build(tmp_path, {"index.rst": f"Book\n====\n\n{table(12, 20, cell)}\n"})
    reader = pypdf.PdfReader(book.path)
    for page in reader.pages:
        edges: list[float] = []
        page.extract_text(
            visitor_text=lambda text, _cm, tm, *_, edges=edges: (
                edges.append(tm[4]) if text.strip() else None
            )
        )
        assert all(0 <= edge < float(page.mediabox.width) - 60 for edge in edges)
    flat = re.sub(r"\s", "", book.text)
    assert all(
        re.sub(r"\s", "", cell.format(row=20, column=column)) in flat for column in range(12)
    )


def test_caption_notes_and_table_stay_together(tmp_path: Path) -> None:
    """Whatever stands above it, an exhibit never parts from its caption or its last row from its source."""
    parts = []
    for n in range(40):
        lines = "\n".join(f"| line {i}" for i in range(n * 7 % 45))
        rows = "\n".join(f"      * - row{n}x{i}\n        - 4" for i in range(4 + n % 20))
        parts.append(
            f"{lines}\n\n.. container:: exhibit\n\n"
            f"   .. list-table:: caption{n}z\n      :header-rows: 1\n\n      * - key\n        - value\n{rows}\n\n"
            f"   .. rst-class:: exhibit-source\n\n   source{n}z\n"
        )
    book = build(tmp_path, {"index.rst": "Book\n====\n\n" + "\n\n".join(parts)})
    assert book.warnings == ""
    pages = book.pages[2:]
    for n in range(40):
        last = f"row{n}x{3 + n % 20} "
        assert any(f"caption{n}z" in page and f"row{n}x0 " in page for page in pages), (
            f"caption {n}"
        )
        assert any(f"source{n}z" in page and last in page for page in pages), f"source {n}"


def test_row_headers_are_tagged_as_such(tmp_path: Path) -> None:
    source = (
        "Book\n====\n\n.. list-table:: Stubs\n   :header-rows: 1\n   :stub-columns: 1\n\n"
        "   * - Key\n     - Value\n   * - one\n     - **strong**\n"
        "   * - `two <https://example.org>`__\n     - 2\n\n"
        ".. list-table:: None\n   :header-rows: 1\n\n   * - Key\n   * - plain\n"
    )
    book = build(tmp_path, {"index.rst": source})
    with pikepdf.open(book.path) as pdf:
        cells = [(k, n) for k, n in write(pdf.Root.StructTreeRoot) if k in ("/TH", "/TD")]
        assert [kind for kind, _node in cells] == ["/TH"] * 3 + ["/TD", "/TH", "/TD", "/TH", "/TD"]
        scopes = [str(attributes(node).get("/Scope", "")) for _kind, node in cells]
        assert scopes == ["/Column", "/Column", "/Row", "", "/Row", "", "/Column", ""]
        listed = ["/Headers" in attributes(node) for _kind, node in cells]
        assert listed == [False] * 6 + [True] * 2


def figures(count: int, text: str) -> str:
    one = ".. figure:: dot.png\n   :name: f{n}\n   :alt: Dot {n}.\n   :height: 300px\n\n   Figure of {n}z.\n\n{text}\n"
    return "\n".join(one.format(n=n, text=text) for n in range(count))


def test_figures_float_in_order_and_stay_in_their_section(tmp_path: Path) -> None:
    sections = "\n".join(
        f"Section {name}\n---------\n\n{figures(5, 'Some words to fill the page. ' * 25)}"
        for name in "ab"
    ).replace("name: f", "class: f")
    book = build(tmp_path, {"index.rst": f"Book\n====\n\n{sections}\n"})
    found = [
        (n, f) for n, page in enumerate(book.pages) for f in re.findall(r"Figure of (\d)z", page)
    ]
    assert [figure for _page, figure in found][-10:] == [*"0123401234"]
    second = max(n for n, page in enumerate(book.pages) if "Section b" in page)
    assert found[-6][0] <= second <= found[-5][0]
    assert (book.path.parent / "typst" / "main.typ").read_text().count("floats: auto") > 5


def test_what_no_text_follows_keeps_its_place(tmp_path: Path) -> None:
    book = build(tmp_path, {"index.rst": f"Book\n====\n\nSection\n-------\n\n{figures(3, '')}"})
    assert "floats:" not in (book.path.parent / "typst" / "main.typ").read_text()


def test_compact_lists_and_tables_lose_nothing(tmp_path: Path) -> None:
    source = (
        "Book\n====\n\nText.\n\n.. rst-class:: compact\n\n:File: data/x.csv\n:Caveats: - One thing.\n\n  - Another.\n\n"
        + table(3, 3).replace("\n\n", "\n   :class: compact\n\n", 1)
    )
    book = build(tmp_path, {"index.rst": source})
    assert "File data/x.csv Caveats One thing. · Another." in book.text
    assert "tight: true" in (book.path.parent / "typst" / "main.typ").read_text()


def test_a_table_may_ask_for_a_turned_page(tmp_path: Path) -> None:
    book = build(
        tmp_path,
        {
            "index.rst": "Book\n====\n\n"
            + table(3, 3).replace("\n\n", "\n   :class: landscape\n\n", 1)
        },
    )
    turned = [p for p in pypdf.PdfReader(book.path).pages if p.mediabox.width > p.mediabox.height]
    assert len(turned) == 1


def test_numbers_are_known_and_aligned_at_the_point() -> None:
    assert tables.is_numeric(["1,234.5", "−3", "–", "", "45"])
    assert not tables.is_numeric(["2024-11-22", "5"])
    assert not tables.is_numeric(["–", ""])
    assert tables.decimal_padding(["1.25", "3", "12.5", "–"]) == ["", ".00", "0", ""]
    assert tables.decimal_padding(["5%", "2.5"]) == ["", ""]


def test_columns_follow_what_they_hold() -> None:
    narrow = tables.plan([["Year", "Share"], ["2021", "4"]], heads=1)
    assert narrow.columns == ["auto", "auto"]
    assert not narrow.wide
    long = tables.plan([["Id", "Text"], ["1", "word " * 60]], heads=1)
    assert long.ems[1] > 10 * long.ems[0]
    assert tables.plan([["word " * 9] * 25]).turned
    assert not tables.plan([["word " * 9] * 25], nested=True).turned


# -- the book --------------------------------------------------------------------------------

CHAPTER = """
.. _ch-{n}:

Chapter {n}
==========

Text, see :ref:`ch-1`, :numref:`f-1` and :numref:`t-2`; in brackets (:numref:`t-1`).

Section
-------

.. figure:: dot.png
   :name: f-{n}
   :alt: Dot {n}.

   A figure in {n}.

.. table:: A table in {n}.
   :name: t-{n}

   ==== ====
   key  value
   ==== ====
   a    1
   ==== ====

Deeper
~~~~~~

`A link <https://example.org/{n}>`__ and a note [#n]_.

.. [#n] Note in {n}.
"""
FILES = {
    "index.rst": "Root\n====\n\nWelcome.\n\n.. toctree::\n   :caption: The report\n   :numbered:\n\n   c1\n   c2\n\n"
    ".. toctree::\n   :caption: Appendix\n\n   c3\n",
    **{f"c{n}.rst": CHAPTER.format(n=n) for n in (1, 2, 3)},
}
SETTINGS = {
    "typst_keywords": ["evidence", "test"], "typst_region": "us", "typst_version": "1.2", "typst_title": "Choices & Consequences",
    "typst_imprint": ["**How to cite.** This book.", "<https://example.org/licence>"],
}  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return build(tmp_path_factory.mktemp("report"), FILES, **SETTINGS)


def test_numbers_equal_those_of_the_html(report: Book, tmp_path: Path) -> None:
    build(tmp_path, FILES, builder="html", **SETTINGS)
    seen = 0
    for n in (1, 2, 3):
        page = (tmp_path / "out-html" / f"c{n}.html").read_text("utf-8")
        captions = re.findall(
            r'caption-number">([^<]+?)\s*</span><span class="caption-text">([^<]+)', page
        )
        sections = re.findall(r'section-number">([^<]+?)\.\s*</span>([^<]+)<', page)
        numrefs = re.findall(r'std-numref">([^<]+)<', page)
        assert len(captions) == 2
        assert len(numrefs) == 3
        for number, title in [*captions, *sections]:
            assert f"{number} {title}" in report.text, (number, title)
            seen += 1
        assert all(number in report.text for number in numrefs)
    assert seen >= 10


def test_cross_references_name_the_page(report: Book) -> None:
    pages = report.pages
    place = next(
        n for n, page in enumerate(pages, 1) if "Table 2.1 A table in 2." in page and n > 4
    )
    assert (
        f"Table 2.1 (page {place})"
        in pages[next(n for n, p in enumerate(pages) if "THE REPORT" in p.upper() and n > 3)]
    )
    assert re.search(r"in brackets \(Table 1\.1, page \d+\)", report.text)
    assert "Chapter 1 (page" in report.text


def test_title_imprint_contents_and_heads(report: Book) -> None:
    pages = report.pages
    assert pages[0].startswith("Choices & Consequences")
    assert "Version 1.2" in pages[0]
    assert "Evidence as of 2026-11-22" in pages[0]
    assert "How to cite. This book." in pages[1]
    assert "Contents" in pages[2]
    assert "1.1 Section" in pages[2]
    assert "Deeper" not in pages[2]
    assert "Figures" in pages[3]
    assert "Table 2.1 A table in 2." in pages[3]
    assert report.warnings == ""


def test_the_pdf_claims_and_carries_what_readers_with_aids_need(report: Book) -> None:
    with pikepdf.open(report.path) as pdf:
        with pdf.open_metadata() as meta:
            assert meta["pdfuaid:part"] == "1"
            assert (meta["pdfaid:part"], meta["pdfaid:conformance"]) == ("2", "A")
            assert meta["dc:title"] == "Choices & Consequences"
        root = pdf.Root
        assert str(root.Lang).lower() == "en-us"
        assert bool(root.ViewerPreferences.DisplayDocTitle)
        assert bool(root.MarkInfo.Marked)
        assert str(pdf.docinfo.Keywords) == "evidence, test"
        assert "20261122" in str(pdf.docinfo.CreationDate)
        tree = write(root.StructTreeRoot)
        kinds = Counter(kind for kind, _node in tree)
        assert [str(node.Alt) for kind, node in tree if kind == "/Figure"] == [
            "Dot 1.",
            "Dot 2.",
            "Dot 3.",
        ]
        assert kinds["/TH"] == 6
        assert kinds["/Table"] == 3
        assert all(
            str(node.A.Scope if not isinstance(node.A, pikepdf.Array) else node.A[0].Scope)
            == "/Column"
            for kind, node in tree
            if kind == "/TH"
        )
        assert kinds["/H1"] == 4 + 3, "four documents, contents and two lists"
        assert kinds["/H2"] == kinds["/H3"] == 3
        links = sum(
            1 for page in pdf.pages for note in page.get("/Annots", []) if note.Subtype == "/Link"
        )
        assert kinds["/Link"] > 0
        assert links > 0
        with pdf.open_outline() as outline:
            titles = [item.title for item in outline.root]
        assert titles == [
            "Contents",
            "Figures",
            "Tables",
            "Root",
            "1 Chapter 1",
            "2 Chapter 2",
            "Chapter 3",
        ]


def test_every_font_is_embedded(report: Book) -> None:
    names = set()
    for page in pypdf.PdfReader(report.path).pages:
        for font in page["/Resources"].get("/Font", {}).values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            assert any(key.startswith("/FontFile") for key in inner["/FontDescriptor"].get_object())
            names.add(inner["/BaseFont"].split("+")[-1])
    assert any(name.startswith("LibertinusSerif") for name in names)
    assert any(name.startswith("SourceSansPro") for name in names)


def test_same_sources_same_bytes(report: Book, tmp_path: Path) -> None:
    other = build(tmp_path / "elsewhere" / "deeper", FILES, **SETTINGS)
    assert other.path.read_bytes() == report.path.read_bytes()
    work = other.path.parent / "typst"
    for file in ("main.typ", "settings.json"):
        assert str(tmp_path) not in (work / file).read_text("utf-8")
    script = (
        "import sys, pathlib, test_typst_builder as t\n"
        "print(t.build(pathlib.Path(sys.argv[1]), t.FILES, **t.SETTINGS).path)"
    )
    env = os.environ | {
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
    }
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "third")],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).read_bytes() == report.path.read_bytes()


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [("footnote", "A site1"), ("inline", "A site (https://example.org/x)"), ("no", "A site")],
)
def test_addresses_can_be_shown_in_three_ways(tmp_path: Path, mode: str, wanted: str) -> None:
    book = build(
        tmp_path,
        {"index.rst": "Book\n====\n\n`A site <https://example.org/x>`__.\n"},
        typst_show_urls=mode,
    )
    assert re.sub(r"\s", "", wanted) in re.sub(r"\s", "", book.text)
    assert ("https://example.org/x" in book.text) is (mode != "no")


def test_pages_of_references_can_be_left_out(tmp_path: Path) -> None:
    assert "(page" not in build(tmp_path, FILES, typst_page_references=False).text


REFS = """@article{smith, author={Smith, Ann}, title={A #title with $x^2$ \\& more}, journal={J}, year=2020, doi={10.1/abc}}
@misc{portal, author={{Open Portal}}, title={Data}, year=2024, url={https://example.org/portal}}
"""


@pytest.mark.parametrize(
    ("style", "cited", "entry"),
    [
        ("author_year", "Smith [2020]", "Ann Smith. A #title"),
        ("label", "Smith [Smi20]", "[Smi20] Ann Smith. A #title"),
    ],
)
def test_citations_lead_to_the_bibliography(
    tmp_path: Path, style: str, cited: str, entry: str
) -> None:
    conf = {
        "extensions": ["typst_builder", "sphinxcontrib.bibtex"],
        "bibtex_bibfiles": ["refs.bib"],
        "bibtex_reference_style": style,
    }
    source = "Book\n====\n\nAs :cite:t:`smith` and :cite:p:`portal` say.\n\nReferences\n----------\n\n.. bibliography::\n"
    book = build(tmp_path, {"index.rst": source, "refs.bib": REFS}, **conf)
    assert f"As {cited}" in book.text
    assert entry in book.text
    assert "https://example.org/portal" in book.text
    assert "doi:10.1/abc" in book.text
    assert book.warnings == ""
    with pikepdf.open(book.path) as pdf:
        uris = {
            str(note.A.URI)
            for page in pdf.pages
            for note in page.get("/Annots", [])
            if "/A" in note and "/URI" in note.A
        }
    assert uris == {"https://doi.org/10.1/abc", "https://example.org/portal"}


def test_chapters_in_chapters_keep_their_levels_and_no_level_is_skipped(tmp_path: Path) -> None:
    files = {
        "index.rst": "Book\n====\n\n.. toctree::\n\n   a\n",
        "a.rst": "A\n=\n\n.. toctree::\n\n   b\n   index\n",
        "b.rst": "B\n=\n\nB section\n---------\n\nB sub\n~~~~~\n\nText.\n",
    }
    with pikepdf.open(build(tmp_path, files).path) as pdf:
        kinds = [kind for kind, _node in write(pdf.Root.StructTreeRoot) if kind.startswith("/H")]
    assert kinds == ["/H1", "/H1", "/H1", "/H2", "/H3", "/H4"]


def test_fonts_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(TypstError, match="typst_font_paths: no font at 'nowhere"):
        build(tmp_path, {"index.rst": "Book\n====\n"}, typst_font_paths=["nowhere:*.otf"])


def test_dates_are_found_in_words() -> None:
    assert find_date("Evidence as of 2026-11-22, first edition") == [2026, 11, 22]
    assert find_date("Evidence date 3 May 2026") == [2026, 5, 3]
    assert find_date("spring") is None


# -- notebooks -------------------------------------------------------------------------------


def notebook() -> str:
    import nbformat

    def cell(source: str, *tags: str, **data: str) -> Any:
        outputs = (
            [
                nbformat.v4.new_output(
                    "display_data", {key.replace("_", "/"): text for key, text in data.items()}
                )
            ]
            if data
            else []
        )
        return nbformat.v4.new_code_cell(
            source,
            execution_count=1,
            outputs=outputs,
            metadata={"tags": list(tags)},
            id=source.removesuffix("()").replace("_", "-"),
        )

    table = "~~~{table} From a cell\n:name: t-cell\n\n| k | v |\n|---|--:|\n| \\<b> | 5 |\n~~~"
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
    book.cells = [
        nbformat.v4.new_markdown_cell("# Notebook\n\nSee {numref}`t-cell`.", id="m1"),
        cell(
            "source_one()",
            "hide-input",
            text_markdown=table,
            text_html="<p>wrong</p>",
            text_plain="wrong",
        ),
        cell("source_two()", "hide-output", text_plain="folded away"),
        cell("source_three()", text_plain="plain output"),
        cell("source_four()", text_html="<p>only html</p>"),
    ]
    return nbformat.writes(book)


@pytest.mark.parametrize("show", [False, True])
def test_notebooks_print_their_stored_outputs(tmp_path: Path, show: bool) -> None:
    conf = {
        "extensions": ["typst_builder", "myst_nb"],
        "nb_execution_mode": "off",
        "nb_render_markdown_format": "myst",
    }
    book = build(tmp_path, {"index.ipynb": notebook()}, typst_show_code=show, **conf)
    assert "Table 1 From a cell" in book.text
    assert "<b> 5" in book.text
    assert "wrong" not in book.text
    assert "folded away" not in book.text
    assert "plain output" in book.text
    assert ("source_three()" in book.text) is show
    assert "source_one()" not in book.text
    assert "output left out of print: it has nothing but html" in book.warnings
