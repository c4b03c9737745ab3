"""The PDF builder, on tiny books: every node, hostile text, errors, tags, numbers, bytes."""

import json
import re
from collections import Counter

import page as validator
import pikepdf
import pypdf
import pytest
from books import build, page
from copies import cases
from docutils import nodes
from PIL import Image

from typst_builder import press
from typst_builder.press import TypstError

CASES = cases("print_samples")
SAMPLES, HOSTILE, PLACES, NOT_PRINTED = list(CASES.values())[:4]

# -- every node ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sampler(tmp_path_factory):
    body = "\n\n".join(
        f"{name}\n{'-' * len(name)}\n\n{sample['rst']}\n\nend of {name}"
        for name, sample in SAMPLES.items()
    )
    index = "Root\n====\n\n.. toctree::\n   :caption: First part\n   :numbered:\n\n   one\n"
    files = {"index.rst": index, "one.rst": f"Samples\n=======\n\n{body}\n"}
    return build(tmp_path_factory.mktemp("sampler"), files)


@pytest.mark.parametrize("name", SAMPLES)
def test_each_node_is_printed(sampler, name):
    end = sampler.text.index(f"end of {name}")
    start = [match.end() for match in re.finditer(rf"1\.\d+ {name} ", sampler.text[:end])][-1]
    flat = re.sub(r"\s", "", sampler.text[start:end])
    wanted = re.sub(r"\s", "", SAMPLES[name]["print"]).split("|")
    assert any(text in flat for text in wanted), flat


def test_the_sampler_is_complete_and_clean(sampler):
    assert sampler.warnings == ""
    assert not re.search("not in print|hidden entry", sampler.text)
    assert "The note itself." in sampler.text
    assert "https://example.org/a?b=1&c=2" in sampler.text, "the address behind a link is visible"
    assert sampler.text.upper().count("FIRST PART") == 2, "in the contents and above the chapter"


# -- text is never code ----------------------------------------------------------------------

INVISIBLE = re.compile("[\\s\u00ad\u200b\u2060\ufeff\x00\x07\ud800\ufffe]")


def plant(texts):
    """Return a hook that puts texts where the source says MARK0X, MARK1X ... and into pictures."""

    def read(_app, doctree):
        for node in list(doctree.findall(nodes.Text)):
            if found := re.search(r"MARK(\d+)X", node):
                node.parent.replace(node, nodes.Text(node.replace(found[0], texts[int(found[1])])))
        for node in doctree.findall(nodes.image):
            node["alt"] = texts[0]

    return lambda app: app.connect("doctree-read", read)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A book with every hostile text in every place."""
    marked = [
        f"begin-{place}-{n}z\n\n{words.format(n=n)}\n\nend-{place}-{n}z"
        for place, words in PLACES.items()
        for n in range(len(HOSTILE))
    ]
    picture = "Section\n-------\n\n.. image:: dot.png\n   :alt: x\n\n"
    volumes = [{"title": HOSTILE[0], "subtitle": HOSTILE[3]}]
    conf = {"author": HOSTILE[5], "typst_documents": volumes}
    files = page(picture + "\n\n".join(marked))
    return build(tmp_path_factory.mktemp("hostile"), files, plant(HOSTILE), **conf)


@pytest.mark.parametrize("place", PLACES)
def test_hostile_text_stays_text(hostile, place):
    text = hostile.tags.text_without("Note")  # without heads and feet of pages, where one ends
    for n, words in enumerate(HOSTILE):
        start = text.rindex(f"begin-{place}-{n}z")
        got = text[start : text.index(f"end-{place}-{n}z", start)]
        assert INVISIBLE.sub("", words) in INVISIBLE.sub("", got), (words, got)


def test_hostile_text_stays_text_where_the_file_speaks_of_itself(hostile):
    with pikepdf.open(hostile.path) as pdf:
        assert (pdf.docinfo.Title, pdf.docinfo.Author) == (HOSTILE[0], HOSTILE[5])
    assert [tag.alt for tag in hostile.tags.walk("Figure")] == [HOSTILE[0]]


@pytest.mark.parametrize("mark", ["", "``"])
def test_names_are_found_and_copied_though_lines_may_break_in_them(tmp_path, mark):
    name = "arms_control_agreements/of-the-record"
    cells = f".. list-table::\n\n   * - {mark}{name}{mark}\n     - {'words ' * 300}"
    book = build(tmp_path, page(f"{mark}{name}{mark} is the name.\n\n{cells}"))
    whole = pypdf.PdfReader(book.path).pages[-1].extract_text()
    assert f"{name} is the name." in whole and "\u200b" not in whole
    assert name not in whole.partition("is the name.")[2], "in the cell it stands on several lines"
    assert next(book.tags.walk("TD")).text == name


# -- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NOT_PRINTED)
def test_what_has_no_form_in_print_is_named_with_its_place(tmp_path, name):
    Image.new("RGB", (4, 4)).save(tmp_path / "secret.png")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(TypstError, match=r"index\.rst" + NOT_PRINTED[name]["says"]):
        build(tmp_path, page(NOT_PRINTED[name]["rst"]))
    assert not list((tmp_path / "out-typst").glob("*.pdf"))


def test_all_errors_are_named_at_once(tmp_path):
    files = page("| a\n\n.. toctree::\n\n   two") | {"two.rst": "Two\n===\n\nText\n\n| b\n"}
    with pytest.raises(TypstError, match=r"(?s)index\.rst:4: .*\n.*two\.rst:6: "):
        build(tmp_path, files)


@pytest.mark.parametrize("wrong", CASES["wrong settings"], ids=lambda wrong: wrong["says"])
def test_wrong_settings_are_named(tmp_path, wrong):
    with pytest.raises(TypstError, match=wrong["says"]):
        build(tmp_path, page("Text."), **wrong["settings"])


# -- tables and figures ----------------------------------------------------------------------


def table(columns, rows, options=""):
    lines = [".. list-table:: Many cells", "   :header-rows: 1", *options.splitlines(), ""]
    for row in range(rows + 1):
        cells = (f"row {row} cell {n}" if row else f"Head{n}" for n in range(columns))
        lines.append("   * - " + "\n     - ".join(cells))
    return "\n".join(lines)


def test_a_long_table_repeats_its_header_on_every_page(tmp_path):
    book = build(tmp_path, page(f"{table(3, 400)}\n\nThe end."))
    pages = [page for page in book.pages if "cell 2" in page]
    assert len(pages) >= 6 and all("Head0 Head1 Head2" in page for page in pages)
    assert re.findall(r"row (\d+) cell 2", book.text) == [str(n) for n in range(1, 401)]
    kinds = Counter(tag.kind for tag in book.tags.walk())
    assert (kinds["TH"], kinds["TR"]) == (3, 401), "a repeated header is tagged once"


def test_caption_notes_and_table_stay_together(tmp_path):
    """Whatever stands above, no exhibit parts from its caption or its last row from its notes."""
    parts = []
    for n in range(40):
        lines = "\n\n".join(f"line {i}" for i in range(n * 7 % 45))
        rows = "\n".join(f"      * - row{n}x{i}\n        - 4" for i in range(4 + n % 20))
        parts.append(
            f"{lines}\n\n.. container:: exhibit\n\n   .. list-table:: caption{n}z\n"
            f"      :header-rows: 1\n\n      * - key\n        - value\n{rows}\n\n"
            f"   .. rst-class:: exhibit-source\n\n   source{n}z\n"
        )
    pages = build(tmp_path, page("\n\n".join(parts))).pages[2:]
    for n in range(40):
        last = f"row{n}x{3 + n % 20} "
        assert any(f"caption{n}z" in page and f"row{n}x0 " in page for page in pages), n
        assert any(f"source{n}z" in page and last in page for page in pages), n


def figures(count, text):
    one = ".. figure:: dot.png\n   :alt: Dot.\n\n   Figure of {n}z.\n\n{text}\n"
    return "\n".join(one.format(n=n, text=text) for n in range(count))


def test_figures_float_in_order_and_stay_in_their_section(tmp_path):
    words = "Some words to fill the page. " * 25
    sections = "\n".join(f"Section {n}\n---------\n\n{figures(5, words)}" for n in "ab")
    files = page(sections.replace("dot.png", "tall.png"))
    book = build(tmp_path, files, typst_documents=[{"matter": []}])
    found = [(n, f) for n, p in enumerate(book.pages) for f in re.findall(r"Figure of (\d)z", p)]
    assert [figure for _page, figure in found][-10:] == [*"0123401234"]
    second = max(n for n, page in enumerate(book.pages) if "Section b" in page)
    assert found[-6][0] <= second <= found[-5][0]
    assert book.source.count("floats: auto") > 5


def test_what_no_text_of_its_section_follows_keeps_its_place(tmp_path):
    other = "Other\n-----\n\n" + "Words of another section. " * 40
    book = build(tmp_path, page(f"Section\n-------\n\n{figures(3, '')}\n\n{other}"))
    assert book.source.count("floats: none") == 3


def test_compact_tables_are_set_small(tmp_path):
    book = build(tmp_path, page(table(3, 3, options="   :class: compact") + "\n\n" + table(3, 3)))
    found = re.findall(r'size: ([\d.]+), .*hyphenate: "none", .*tight: (\w+)', book.source)
    assert found == [("7.8", "true"), ("8.5", "false")]


def test_cells_are_aligned_by_their_classes_and_stubs_head_their_rows(tmp_path):
    def align(_app, doctree):
        entries = list(doctree.findall(nodes.entry))
        for n, side in enumerate(["left", "right", "center"]):
            for entry in entries[n::3]:
                entry["classes"] = [f"text-{side}"]

    files = page(table(3, 2, "   :stub-columns: 1"))
    book = build(tmp_path, files, lambda app: app.connect("doctree-read", align))
    assert "align: (left, right, center, )" in book.source
    heads = ["Head0", "Head1", "Head2", "row 1 cell 0", "row 2 cell 0"]
    assert [tag.text for tag in book.tags.walk("TH")] == heads


# -- the book --------------------------------------------------------------------------------

FILES = {f"c{n}.rst": CASES["chapter"].format(n=n) for n in (1, 2, 3)} | CASES["report"]["files"]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return build(tmp_path_factory.mktemp("report"), FILES, **CASES["report"]["settings"])


def test_cross_references_name_the_page(report):
    place = next(
        n for n, p in enumerate(report.pages, 1) if "Table 2.1 A table in 2." in p and n > 4
    )
    assert f"Table 2.1 (page {place})" in report.text
    assert re.search(r"in brackets \(Table 1\.1, page \d+\)", report.text)
    assert "Chapter 1 (page" in report.text


def test_title_imprint_summary_contents_and_lists(report):
    pages = report.pages
    assert pages[0].startswith("Choices & Consequences")
    dated = "Version 1.2 Evidence as of 2026-11-22"
    assert f"{dated} someone@example.org https://example.org/repository" in pages[0]
    assert "How to cite. This book." in pages[1]
    assert pages[2].startswith("Root Welcome."), "the root is the summary"
    assert "Contents" in pages[3] and "1.1 Section" in pages[3] and "Deeper" not in pages[3]
    assert pages[-1].startswith("Figures") and " Tables " in pages[-1]
    assert "Table 2.1 A table in 2." in pages[-1]
    caption = "Figure 1.1 A figure in 1, after others (https://example.org/them)."
    assert caption in pages[-1] and report.text.count(caption) == 2
    links = [link.get_object() for link in pypdf.PdfReader(report.path).pages[-1]["/Annots"]]
    assert all("/Dest" in link for link in links), "a list leads to what it lists"
    assert report.text.upper().count("THE REPORT") == 2, "in the contents and above its first"
    assert report.warnings == ""


def test_a_stream_that_ends_in_a_carriage_return_keeps_its_length(report):
    """One stream in 256 does: page-validation (and veraPDF) take CR LF for one end of line."""
    with pikepdf.open(report.path) as pdf:
        contents = pdf.pages[0].Contents
        contents.write(contents.read_bytes() + b"\r", filter=None)
        pdf.save(changed := report.path.with_name("changed.pdf.tmp"), compress_streams=False)
    assert b"\r\nendstream" in changed.read_bytes()
    assert not validator.is_pdf_compliant(changed, profile="2a")
    assert validator.is_pdf_compliant_bytes(press.finished(changed.read_bytes()), profile="2a")


def test_only_the_volume_that_differs_is_typeset_again(tmp_path, monkeypatch):
    """What was damaged, by a full disk or otherwise, is made anew."""
    made, run = [], press.subprocess.run
    called = lambda it, **how: made.append(it[-1][-1]) or run(it, **how)  # noqa: E731
    monkeypatch.setattr(press.subprocess, "run", called)
    one, two = ({"file": f"{n}.pdf", "documents": [f"c{n}"]} for n in (1, 2))

    def volumes(files=FILES):
        folder = build(tmp_path, files, typst_documents=[one, two])
        return [(folder.folder / f"{n}.pdf").read_bytes() for n in (1, 2)]

    before = volumes()
    assert volumes() == before and made == ["1", "2"]
    after = volumes(FILES | {"c2.rst": FILES["c2.rst"] + "\nA sentence more.\n"})
    assert after[0] == before[0] and after[1] != before[1] and made == ["1", "2", "2"]
    for path in (shelf := tmp_path / "source/_build/.kept").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    assert volumes() == before and made == ["1", "2", "2", "1", "2"]
    assert len([*shelf.iterdir()]) == 3, "nothing half written stays"


def test_several_volumes_keep_the_numbers_of_the_whole(tmp_path):
    also = {
        "c2.rst": FILES["c2.rst"] + "\nBeyond\n------\n\nNot in the brief.\n",
        "c3.rst": FILES["c3.rst"] + "\nSee :ref:`Beyond <far>`, :ref:`t-1` and :doc:`c1`.\n",
        "c1.rst": ".. _far:\n\n" + FILES["c1.rst"],
    }
    conf = {"typst_documents": CASES["volumes"], "typst_imprint": "Imprint"}
    folder = build(tmp_path, FILES | also, **conf).folder
    texts = {}
    for path in folder.glob("*.pdf"):
        reader = pypdf.PdfReader(path)
        texts[path.name] = " ".join(" ".join(p.extract_text().split()) for p in reader.pages)
        assert reader.metadata.title == ("More" if path.name == "annex.pdf" else "A tiny book")
    assert set(texts) == {"all.pdf", "annex.pdf", "brief.pdf"}
    brief, annex = texts["brief.pdf"], texts["annex.pdf"]
    assert "2 Chapter 2" in brief and "Table 2.1 A table in 2." in brief
    assert not re.search("Contents|Beyond|Not in the brief", brief)
    assert "Everything" in texts["all.pdf"] and not re.search("Imprint|Chapter 3", texts["all.pdf"])
    told = "see Chapter 1, Figure 1.1 and Table 2.1; in brackets (Table 1.1)."
    assert told in brief, "no pages, and the head says where they are"
    assert "See Beyond (report), A table in 1. and Chapter 1." in annex
    assert annex.startswith("Contents") and "APPENDIX" in annex


def test_a_bibliography_lists_what_the_volume_cites(tmp_path):
    volumes = [{"file": f"{d}.pdf", "documents": [d, "works"]} for d in ("index", "more")]
    conf = {"extensions": ["typst_builder", "sphinxcontrib.bibtex"], "bibtex_bibfiles": ["a.bib"]}
    book = build(tmp_path, CASES["works"], typst_documents=volumes, **conf)
    for name, cited in (("index", "one"), ("more", "two")):
        pages = pypdf.PdfReader(book.folder / f"{name}.pdf").pages
        text = " ".join(page.extract_text() for page in pages)
        assert re.findall(r"Title (\w+)", text) == [cited]


def test_chapters_in_chapters_keep_their_levels_and_no_level_is_skipped(tmp_path):
    book = build(tmp_path, CASES["nested"])
    levels = [tag.kind for tag in book.tags.walk() if re.match(r"H\d", tag.kind)]
    assert levels == ["H1", "H1", "H1", "H2", "H3", "H4"]


def test_what_a_notebook_cannot_print_is_named_with_its_cell(tmp_path):
    conf = {"extensions": ["typst_builder", "myst_nb"], "nb_execution_mode": "off"}
    with pytest.raises(TypstError, match=r"index\.ipynb: cell 2, line 1: no printable .* 'raw'"):
        build(tmp_path, {"index.ipynb": json.dumps(CASES["notebook"])}, **conf)
