"""PDF and EPUB say what the pages say: every table cell, heading, figure, paragraph and link."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from itertools import pairwise
from urllib.parse import unquote

import page as validator
import pikepdf
import print_tags
import pytest
import yaml
from bs4 import BeautifulSoup

from publish import site
from report import data

PAGE = re.compile(r"(?:,|\()page\d+\)?")  # print names the pages of what it refers to ...
ADDRESS = re.compile(r"\(https?://[^()]*(?:\([^()]*\)[^()]*)*\)")  # ... and shows addresses
FRONT = ["Contents", "Figures", "Tables"]
HIDDEN = ".screen-only, .cited-in, details, .headerlink, .colon, script, .cell_input"
HEADINGS = ("h1", "h2", "h3", "h4")


def squeeze(text: str) -> str:
    """Leave out white space, invisible characters and what only print has."""
    text = re.sub("[\\s\u00ad\u200b\u2060\ufeff]", "", text)
    return ADDRESS.sub("", PAGE.sub(lambda m: ")" if m[0][0] == "," else "", text))


@pytest.fixture(scope="module")
def pdf(built):
    return built / site.PDF.name


@pytest.fixture(scope="module")
def tags(pdf):
    return print_tags.read(pdf)


@pytest.fixture(scope="module")
def names():
    """The names of the documents, in the order of the book."""
    contents = yaml.safe_load((site.ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [contents["root"], *(c["file"] for p in contents["parts"] for c in p["chapters"])]


@pytest.fixture(scope="module")
def pages(built, names):
    """The text of each page without what is for the screen only."""
    found = []
    for name in names:
        text = (built / f"{name}.html").read_text(encoding="utf-8")
        main = BeautifulSoup(text, "lxml").select_one("article")
        for tag in main.select(HIDDEN):
            tag.decompose()
        found.append(main)
    return found


def words(tag):
    return squeeze(tag.get_text())


def alike(one, other):
    """Compare lists; say where they part."""
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    assert at is None, f"{at}: {one[at - 1 : at + 2]} is not {other[at - 1 : at + 2]}"
    assert len(one) == len(other), (one[len(other) :] or other[len(one) :])[:3]


def test_every_heading_with_its_number_and_level(tags, pages):
    shown = [
        (tag.name, re.sub(r"^([\d.]+)\.(?=\D)", r"\1", words(tag)))
        for page in pages
        for tag in page.find_all(HEADINGS)
    ]
    printed = [(tag.kind.lower(), squeeze(tag.text)) for tag in tags.walk("H1", "H2", "H3", "H4")]
    assert [text for _, text in printed[: len(FRONT)]] == FRONT
    alike(printed[len(FRONT) :], shown)


def test_every_table_cell_by_cell(tags, pages):
    cells = 0
    tables = [table for page in pages for table in page.find_all("table")]
    printed = list(tags.walk("Table"))
    assert len(tables) == len(printed) > 100
    for table, tag in zip(tables, printed, strict=True):
        shown = [(cell.name, words(cell)) for cell in table.find_all(["th", "td"])]
        alike([(c.kind.lower(), squeeze(c.text)) for c in tag.walk("TH", "TD")], shown)
        cells += len(shown)
    assert cells > 6000


def test_every_caption_with_its_number(tags, pages):
    shown = [
        squeeze("".join(part.get_text() for part in tag.select(".caption-number, .caption-text")))
        for page in pages
        for tag in page.find_all(["caption", "figcaption"])
    ]
    alike([squeeze(tag.text) for tag in tags.walk("Caption")], shown)
    assert len([text for text in shown if text.startswith("Figure")]) > 30


def test_every_figure_with_its_alternative_text(tags, pages):
    shown = [image["alt"] for page in pages for image in page.find_all("img")]
    alike([tag.alt for tag in tags.walk("Figure")], shown)
    assert all(shown)


def test_every_paragraph_item_and_term(tags, pages):
    printed = squeeze(tags.text_without("TOC", "Figure", "Note", "Reference"))
    missing, seen = [], 0
    for page in pages:
        for tag in page.select("p, li, dt"):
            if tag.find(["p", "ul", "ol"]) or tag.find_parent(["table", "nav"]):
                continue
            seen += 1
            if (text := words(tag)) not in printed:
                missing.append(text)
    assert not missing, f"{len(missing)} of {seen}: {missing[:5]}"
    assert seen > 1000


def test_every_claim_is_named_as_often(tags, pages):
    def ids(texts):
        return Counter(c for text in texts for c in re.findall(r"S\d-[PBT]\d+", text))

    printed = ids(tags.pieces("TOC", "Figure"))
    assert printed == ids(page.get_text("|") for page in pages)
    assert set(printed) == set(data.load("claims")["claim_id"])


def test_every_footnote_and_address(tags, pages, pdf):
    everything = squeeze(tags.text)
    for page in pages:
        for note in page.select("aside.footnote, dl.footnote dd"):
            assert squeeze(" ".join(p.get_text() for p in note.find_all("p"))) in everything
    links = {a["href"] for page in pages for a in page.select("a[href^=http]")}
    with pikepdf.open(pdf) as file:
        notes = [note for page in file.pages for note in page.get("/Annots", [])]
        uris = {str(note.A.URI) for note in notes if "/A" in note and "/URI" in note.A}
    assert links
    assert not {unquote(link).rstrip("/") for link in links} - {
        unquote(uri).rstrip("/") for uri in uris
    }


def test_tags_for_readers_with_aids(tags, pages):
    kinds = Counter(tag.kind for tag in tags.walk())
    tables = [table for page in pages for table in page.find_all("table")]
    rows = sum(len(table.find_all("tr")) for table in tables)
    assert (kinds["Table"], kinds["TR"]) == (len(tables), rows)
    scopes = Counter(tag.scope for tag in tags.walk("TH"))
    heads = sum(len(table.select("thead th")) for table in tables)
    stubs = sum(len(table.select("tbody th")) for table in tables)
    assert scopes == {"/Column": heads, "/Row": stubs}
    links = sum(len(page.select("a[href]")) for page in pages)
    assert kinds["Link"] >= links, "each link is tagged; addresses and contents have more"
    levels = [int(tag.kind[1]) for tag in tags.walk("H1", "H2", "H3", "H4")]
    assert all(b <= a + 1 for a, b in pairwise(levels)), "no level is skipped"


def test_what_the_file_says_of_itself(pdf, tags):
    assert pdf.stat().st_size < 3_000_000
    config = yaml.safe_load((site.ROOT / "_config.yml").read_text(encoding="utf-8"))
    with pikepdf.open(pdf) as file:
        assert str(file.Root.Lang) == "en-GB"
        assert file.Root.ViewerPreferences.DisplayDocTitle and file.Root.MarkInfo.Marked
        with file.open_metadata() as claims:
            assert claims["pdfuaid:part"] == "1"
            assert (claims["pdfaid:part"], claims["pdfaid:conformance"]) == ("2", "A")
            assert claims["dc:title"] == str(file.docinfo.Title) == config["title"]

        def titles(items):
            return [t for item in items for t in (item.title, *titles(item.children))]

        with file.open_outline() as outline:
            marks = [squeeze(title) for title in titles(outline.root)]
        for page in file.pages:
            for font in page.resources.get("/Font", {}).values():
                inner = font.DescendantFonts[0].FontDescriptor
                assert {"/FontFile2", "/FontFile3"} & set(inner.keys()), "every font is embedded"
    alike(marks, [squeeze(tag.text) for tag in tags.walk("H1", "H2", "H3", "H4")])


@pytest.mark.parametrize("profile", ["ua1", "2a"])
def test_an_independent_checker_confirms_what_the_file_claims(pdf, profile):
    report = validator.validate_pdf(pdf, profile=profile)
    assert report.is_compliant, [f"{f.rule_id}: {f.message}" for f in report.failures][:5]
    assert report.rules.total > 100


def test_nothing_leaves_the_page(pdf):
    """Text stands within the margins: nothing is cut, no note falls off the foot."""
    with pikepdf.open(pdf) as file:
        for number, page in enumerate(file.pages, 1):
            _left, _bottom, width, height = map(float, page.mediabox)
            for x, y in print_tags.origins(page):
                assert 50 < x < width - 50 and 30 < y < height - 30, f"page {number}: {x}, {y}"


def test_the_same_file_each_time_and_quickly(pdf, tmp_path):
    """Compile what the builder wrote again: same bytes, in five seconds of processor time."""
    project = pdf.parent.parent / "typst" / "typst" / pdf.stem
    if not project.exists():
        pytest.skip("the pages were built elsewhere")
    shutil.copytree(project, tmp_path / "typst")
    code = (
        "import sys, time, typst; from pathlib import Path\n"
        "from typst_builder import press; folder = Path(sys.argv[1])\n"
        "start = time.process_time()\n"
        "pdf = press.typeset(folder)\n"
        "print(time.process_time() - start)\n"
        "(folder / 'again.pdf').write_bytes(pdf)"
    )
    path = os.pathsep.join([str(site.ROOT / "book/_extensions"), str(site.ROOT / "book")])
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "typst")],
        env={**os.environ, "PYTHONPATH": path, "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (tmp_path / "typst" / "again.pdf").read_bytes() == pdf.read_bytes()
    # Processor time, not the clock, and some room: the tests share the processors.
    assert float(done.stdout) < 9.5  # 240 pages


def test_the_epub_says_what_the_pages_say(built, names, pages):
    with zipfile.ZipFile(built / site.EPUB) as archive:
        listed = archive.namelist()
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [name for name in listed if name.endswith(".js")]
        texts = [archive.read(f"{name}.xhtml").decode() for name in names]
    for text, page in zip(texts, pages, strict=True):
        own = BeautifulSoup(text, "lxml-xml")
        assert not own.select("script, .screen-only")
        for kinds in (["th", "td"], HEADINGS, ["figcaption", "caption"]):
            alike(*([words(tag) for tag in of.find_all(kinds)] for of in (own, page)))
        alike(*([image["alt"] for image in of.find_all("img")] for of in (own, page)))
