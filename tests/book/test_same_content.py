"""PDF and EPUB say what the pages say: every table cell, heading, figure, paragraph and link."""

import posixpath
import re
import zipfile
from collections import Counter
from itertools import pairwise
from types import SimpleNamespace
from urllib.parse import unquote

import page as validator
import pikepdf
import print_tags
import pytest
import yaml
from bs4 import BeautifulSoup
from copies import NAMES, TOC

from publish import site, sources
from report import data

PAGE = re.compile(r"(?:,|\()(?:page\d+\)?|(?:report|annex)\))")  # print names places ...
ADDRESS = re.compile(r"\(https?://[^()]*(?:\([^()]*\)[^()]*)*\)")  # ... and shows addresses
CONFIG = yaml.safe_load((sources.ROOT / "_config.yml").read_text(encoding="utf-8"))
VOLUMES = CONFIG["sphinx"]["config"]["typst_documents"]
REFERENCES = "book/appendix/references"
LISTS = {"Contents", "Figures", "Tables"}
HIDDEN = ".screen-only, .cited-in, details, .headerlink, .colon, script, .cell_input"
HEADINGS, HEADS = ("h1", "h2", "h3", "h4"), ("H1", "H2", "H3", "H4")
#: The least that each volume, by its name, holds: tables, their cells, pictures, texts.
FLOORS = {"report": (70, 4500, 35, 880), "annex": (120, 5500, 1, 1700), "": (5, 140, 0, 26)}


def squeeze(text: str) -> str:
    """Leave out white space, invisible characters and what only print has."""
    text = re.sub("[\\s\u00ad\u200b\u2060\ufeff]", "", text)
    return ADDRESS.sub("", PAGE.sub(lambda m: ")" if m[0][0] == "," else "", text))


def names_of(volume) -> list[str]:
    """The documents of a volume: those that it names, and those of the parts that it names."""
    parts = {p["caption"]: [c["file"] for c in p["chapters"]] for p in TOC["parts"]}
    return [name for entry in volume["documents"] for name in parts.get(entry, [entry])]


def read(built, names):
    """The text of each page without what is for the screen only."""
    found = []
    for name in names:
        text = (built / f"{name}.html").read_text(encoding="utf-8")
        main = BeautifulSoup(text, "lxml").select_one("article")
        for tag in main.select(HIDDEN):
            tag.decompose()
        found.append(main)
    return found


def links_of(pages, names):
    """Each link of the pages: the document and the place that it leads to, or an address."""
    for name, page in zip(names, pages, strict=True):
        for link in page.select("a[href]"):
            path, _, place = link["href"].partition("#")
            if not path.startswith("http"):
                path = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
            yield link, path.removesuffix(".html") if link["href"][0] != "#" else name, place


@pytest.fixture(scope="module", params=VOLUMES, ids=["report", "annex", "brief"])
def volume(request, built):
    """A PDF: its settings, file and tags, and its pages with the sections and works that it has."""
    settings = request.param
    names, pdf = names_of(settings), built / settings["file"]
    pages = read(built, names)
    for page in pages:
        for left_out in settings.get("without", ()):
            for section in page.find_all("section", id=left_out):
                section.decompose()
    cited = {place for _, path, place in links_of(pages, names) if path == REFERENCES}
    for page in pages:
        for entry in page.select("div.citation"):
            if entry["id"] not in cited:
                entry.decompose()
    floors, tags = FLOORS[settings.get("name", "")], print_tags.read(pdf)
    return SimpleNamespace(
        settings=settings, names=names, pdf=pdf, tags=tags, pages=pages, floors=floors
    )


def words(tag):
    return squeeze(tag.get_text())


def alike(one, other):
    """Compare lists; say where they part."""
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    assert at is None, f"{at}: {one[at - 1 : at + 2]} is not {other[at - 1 : at + 2]}"
    assert len(one) == len(other), (one[len(other) :] or other[len(one) :])[:3]


def test_every_heading_with_its_number_and_level(volume):
    shown = [
        (tag.name, re.sub(r"^([\d.]+)\.(?=\D)", r"\1", words(tag)))
        for page in volume.pages
        for tag in page.find_all(HEADINGS)
    ]
    printed = [(tag.kind.lower(), squeeze(tag.text)) for tag in volume.tags.walk(*HEADS)]
    alike([(kind, text) for kind, text in printed if text not in LISTS], shown)
    lists = [text for _, text in printed if text in LISTS]
    count = len(volume.settings.get("matter", "1234"))
    assert lists == {4: ["Contents", "Figures", "Tables"], 2: ["Contents"], 0: []}[count]
    assert printed[0] == ("h1", "Contents" if count == 2 else "Summary"), "on page 3 of the report"


def test_every_table_cell_by_cell(volume):
    cells = 0
    tables = [table for page in volume.pages for table in page.find_all("table")]
    printed = list(volume.tags.walk("Table"))
    assert len(tables) == len(printed) >= volume.floors[0]
    for table, tag in zip(tables, printed, strict=True):
        shown = [(cell.name, words(cell)) for cell in table.find_all(["th", "td"])]
        alike([(c.kind.lower(), squeeze(c.text)) for c in tag.walk("TH", "TD")], shown)
        cells += len(shown)
    assert cells >= volume.floors[1]


def test_every_caption_with_its_number(volume):
    shown = [
        squeeze("".join(part.get_text() for part in tag.select(".caption-number, .caption-text")))
        for page in volume.pages
        for tag in page.find_all(["caption", "figcaption"])
    ]
    alike([squeeze(tag.text) for tag in volume.tags.walk("Caption")], shown)
    assert shown


def test_every_figure_with_its_alternative_text(volume):
    shown = [image["alt"] for page in volume.pages for image in page.find_all("img")]
    alike([tag.alt for tag in volume.tags.walk("Figure")], shown)
    assert all(shown) and len(shown) >= volume.floors[2]


def test_every_paragraph_item_and_term(volume):
    printed = squeeze(volume.tags.text_without("TOC", "Figure", "Note", "Reference"))
    missing, seen = [], 0
    for page in volume.pages:
        for tag in page.select("p, li, dt"):
            if tag.find(["p", "ul", "ol"]) or tag.find_parent(["table", "nav"]):
                continue
            seen += 1
            if (text := words(tag)) not in printed:
                missing.append(text)
    assert not missing, f"{len(missing)} of {seen}: {missing[:5]}"
    assert seen >= volume.floors[3]


def test_every_claim_is_named_as_often(volume):
    def ids(texts):
        return Counter(c for text in texts for c in re.findall(r"S\d-[PBT]\d+", text))

    printed = ids(volume.tags.pieces("TOC", "Figure"))
    assert printed == ids(page.get_text("|") for page in volume.pages)
    if volume.settings["file"].endswith("annex.pdf"):
        assert set(printed) == set(data.load("claims")["claim_id"])


def test_every_footnote_and_address(volume):
    everything = squeeze(volume.tags.text)
    for page in volume.pages:
        for note in page.select("aside.footnote, dl.footnote dd"):
            assert squeeze(" ".join(p.get_text() for p in note.find_all("p"))) in everything
    links = {a["href"] for page in volume.pages for a in page.select("a[href^=http]")}
    with pikepdf.open(volume.pdf) as file:
        notes = [note for page in file.pages for note in page.get("/Annots", [])]
        uris = {str(note.A.URI) for note in notes if "/A" in note and "/URI" in note.A}
    assert not {unquote(link).rstrip("/") for link in links} - {
        unquote(uri).rstrip("/") for uri in uris
    }


def test_tags_for_readers_with_aids(volume):
    kinds = Counter(tag.kind for tag in volume.tags.walk())
    tables = [table for page in volume.pages for table in page.find_all("table")]
    rows = sum(len(table.find_all("tr")) for table in tables)
    assert (kinds["Table"], kinds["TR"]) == (len(tables), rows)
    scopes = Counter(tag.scope for tag in volume.tags.walk("TH"))
    heads = sum(len(table.select("thead th")) for table in tables)
    stubs = sum(len(table.select("tbody th")) for table in tables)
    assert scopes == {"/Column": heads, "/Row": stubs}
    here = {(name, "") for name in volume.names}
    for name, page in zip(volume.names, volume.pages, strict=True):
        here |= {(name, tag["id"]) for tag in page.select("[id]")}
    found = [(path, place) for _, path, place in links_of(volume.pages, volume.names)]
    links = sum(path.startswith("http") or (path, place) in here for path, place in found)
    assert kinds["Link"] >= links, "each link is tagged; addresses and contents have more"
    levels = [int(tag.kind[1]) for tag in volume.tags.walk(*HEADS)]
    assert all(b <= a + 1 for a, b in pairwise(levels)), "no level is skipped"


def test_what_the_file_says_of_itself(volume):
    assert volume.pdf.stat().st_size < 3_000_000
    with pikepdf.open(volume.pdf) as file:
        assert str(file.Root.Lang) == "en-GB"
        assert file.Root.ViewerPreferences.DisplayDocTitle and file.Root.MarkInfo.Marked
        with file.open_metadata() as claims:
            assert claims["pdfuaid:part"] == "1"
            assert (claims["pdfaid:part"], claims["pdfaid:conformance"]) == ("2", "A")
            assert claims["dc:title"] == str(file.docinfo.Title)
            assert claims["dc:title"] == volume.settings.get("title", CONFIG["title"])

        def titles(items):
            return [t for item in items for t in (item.title, *titles(item.children))]

        with file.open_outline() as outline:
            marks = [squeeze(title) for title in titles(outline.root)]
        for page in file.pages:
            for font in page.resources.get("/Font", {}).values():
                inner = font.DescendantFonts[0].FontDescriptor
                assert {"/FontFile2", "/FontFile3"} & set(inner.keys()), "every font is embedded"
    alike(marks, [squeeze(tag.text) for tag in volume.tags.walk(*HEADS)])


@pytest.mark.parametrize("profile", ["ua1", "2a"])
def test_an_independent_checker_confirms_what_the_file_claims(volume, profile):
    report = validator.validate_pdf(volume.pdf, profile=profile)
    assert report.is_compliant, [f"{f.rule_id}: {f.message}" for f in report.failures][:5]
    assert report.rules.total > 100


def test_nothing_leaves_the_page(volume):
    """Text stands within the margins: nothing is cut, no note falls off the foot."""
    with pikepdf.open(volume.pdf) as file:
        for number, page in enumerate(file.pages, 1):
            _left, _bottom, width, height = map(float, page.mediabox)
            for x, y in print_tags.origins(page):
                assert 50 < x < width - 50 and 30 < y < height - 30, f"page {number}: {x}, {y}"


def test_the_brief_has_two_pages_and_the_report_about_120(built):
    counts = []
    for volume in VOLUMES:
        with pikepdf.open(built / volume["file"]) as file:
            counts.append(len(file.pages))
    report, annex, brief = counts
    assert report <= 125 and annex <= 90 and brief == 2


@pytest.fixture(scope="module")
def pages(built):
    """Every page of the book."""
    return read(built, NAMES)


def test_every_work_is_listed_in_some_volume_and_every_document_printed(pages):
    assert {name for volume in VOLUMES for name in names_of(volume)} == {*NAMES}
    cited = {place for _, _, place in links_of(pages, NAMES)}
    references = pages[NAMES.index(REFERENCES)]
    assert not {entry["id"] for entry in references.select("div.citation")} - cited


def test_the_epub_says_what_the_pages_say(built, pages):
    with zipfile.ZipFile(built / site.EPUB) as archive:
        listed = archive.namelist()
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [name for name in listed if name.endswith(".js")]
        texts = [archive.read(f"{name}.xhtml").decode() for name in NAMES]
    for text, page in zip(texts, pages, strict=True):
        own = BeautifulSoup(text, "lxml-xml")
        assert not own.select("script, .screen-only")
        for kinds in (["th", "td"], HEADINGS, ["figcaption", "caption"]):
            alike(*([words(tag) for tag in of.find_all(kinds)] for of in (own, page)))
        alike(*([image["alt"] for image in of.find_all("img")] for of in (own, page)))
