"""The extensions behind the pages: a small book, small inputs, exact outputs."""

import base64
import datetime
import io
import json
import re
import types

import nbformat
import pytest
from bs4 import BeautifulSoup
from copies import cases
from docutils import nodes
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

import about_report
import references
import web_pages

ROWS = ["8 April 2010", "–", "about 7", "word", "2016 to 2019", "−1,200", "3 %", "x"]
KEYS = ["2010.26882", "", "7", None, "2016", "-1200", "3", None]
BOOK = cases("small_book")
KIT = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Kit\n\nA.", id="a")])
KIT.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
TABLE = BOOK["table"] + "".join(f"* - r\n  - {row}\n" for row in ROWS) + "```\n"
FILES = {**BOOK["files"], "kit.ipynb": nbformat.writes(KIT), "book/appendix/changes.md": TABLE}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A function that gives a page of a small book, parsed."""
    root = tmp_path_factory.mktemp("small")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    (root / "_templates").symlink_to(web_pages.Path(__file__).parents[2] / "book" / "_templates")
    dirs = (root, None, root / "html", root / "doctrees")
    with patch_docutils(), docutils_namespace():  # leaves nothing behind for other tests
        app = Sphinx(
            *dirs, "html", BOOK["settings"], status=None, warning=io.StringIO(), freshenv=True
        )
        app.build()
    assert not app._warning.getvalue()
    return lambda name: BeautifulSoup((root / "html" / name).read_text("utf-8"), "html.parser")


def test_tables_say_what_heads_what_and_sort_by_meaning(small):
    table = small("book/appendix/changes.html").table
    assert [th["scope"] for th in table.select("th")] == ["col", "col", *["row"] * 8]
    assert [td.get("data-sort") for td in table.select("td")] == KEYS
    assert len(table.select("thead th.sortable")) == 2
    assert not table.select("td p, th p")
    assert table.parent["aria-label"] == "Title & more" and table.parent["tabindex"] == "0"
    assert table.caption.find(True)["class"] == ["caption-box"]


def test_comments_are_no_description(small):
    page = small("start.html")
    assert page.select_one("meta[name=description]")["content"] == "The first words."


def test_with_an_address_links_are_whole(small):
    assert small("start.html").select_one("link[rel=canonical]")["href"].startswith("https://")
    page = small("404.html")
    assert page.base["href"] == "https://example.org/"
    assert page.select_one('meta[property="og:image"]')["content"].endswith("social-card.png")
    first = small("sitemap.txt").text.splitlines()[0]
    assert first == "https://example.org/book/appendix/changes.html"


def test_contact_and_repository_show_where_they_are_set(small):
    binder = "https://mybinder.org/v2/gh/someone/small/main?labpath=kit.ipynb"
    for name, end, launched in (("old", ".md", None), ("kit", ".ipynb", binder)):
        at = f"main/{name}{end}"
        page = small(f"{name}.html")
        menu = {a.text: a["href"] for a in page.select(".report-menu a")}
        assert menu["View the source"].startswith(f"https://github.com/someone/small/blob/{at}")
        assert menu["Suggest an edit"] == f"https://github.com/someone/small/edit/{at}"
        assert menu.get("Launch on Binder") == launched
        links = {a.text: a["href"] for a in page.select(".report-dates a")}
        assert links["someone@example.org"] == "mailto:someone@example.org"
        assert "https://github.com/someone/small" in links
    assert "Source" not in {s.text for s in small("search.html").select(".report-menu summary")}


def test_search_has_every_text_with_accents_apart(small):
    text = small("_static/search-data.js").text
    pages = json.loads(text.removeprefix("const PAGES = ").rstrip(";\n"))
    in_order = ["start.html", "old.html", "kit.html", "book/appendix/changes.html"]
    assert [page[0] for page in pages] == in_order
    assert pages[1][2] == ["version-1-0-0", "Version 1.0.0", "Tu\u0308rkiye in 1,054 acts."]
    assert pages[3][1][2].splitlines()[:3] == ["Title & more", "Name | When", "r | 8 April 2010"]


def test_search_leaves_out_code():
    section = nodes.section("", nodes.title("", "T"), nodes.literal_block("", "code"), ids=["t"])
    section += nodes.paragraph("", "", nodes.Text("U.S."), nodes.strong("", "’s"))
    assert list(web_pages.sections(section)) == [("t", "T", "U.S.’s")]


def test_fonts_are_cut_to_the_characters_and_always_alike():
    css = web_pages.font_faces({"a", "b", "c"})
    assert css == web_pages.font_faces({"c", "a", "b"}) and len(css) < 12_000
    fonts = [base64.b64decode(font) for font in re.findall(r"base64,([^)]+)\)", css)]
    assert len(fonts) == 3
    for font in fonts:
        assert set(map(chr, TTFont(io.BytesIO(font)).getBestCmap())) == set("abc")


ABOUT = {
    "title": "Report: 50 % & more",
    "version": "1.2.0",
    "date-released": datetime.date(2026, 11, 22),
    "authors": [{"name": "The authors"}],
}
CITED = cases("citations")


@pytest.mark.parametrize("what", CITED)
def test_a_work_is_cited_in_words_and_as_reference_managers_read_it(what):
    cited = about_report.cite(ABOUT, CITED[what]["work"])
    assert {kind: text.rstrip() for kind, text in cited.items()} == CITED[what]["cited"]


def test_a_box_with_a_summary_is_a_fold():
    box = nodes.container(classes=["numbers"], summary="A & b")
    shown = types.SimpleNamespace(body=[], starttag=lambda node, tag: f"<{tag}>")
    web_pages.visit_container(shown, box)
    web_pages.depart_container(shown, box)
    assert "".join(shown.body) == "<details><summary>A &amp; b</summary>\n</details>\n"


def document(*texts):
    tree = nodes.document(None, None)
    tree += nodes.section("", *[nodes.paragraph("", text) for text in texts])
    return tree


def test_description_is_the_first_sentences():
    assert about_report.description(document("Short one."), "x") == "Short one."
    long = "This sentence is long enough to stand alone as a description of the page. " * 4
    shown = about_report.description(document(long), "x")
    assert shown.endswith("page.") and len(shown) <= about_report.DESCRIPTION_LIMIT
    assert about_report.description(document("word " * 80), "x").endswith("word …")
    assert about_report.description(None, "x") == "x"


@pytest.mark.parametrize(
    ("term", "text", "linked"),
    [
        ("Back channel", "By back channels and a back channel.", "back channels"),
        ("INF", "The INF Treaty.", "INF"),
        ("INF", "INFO and info.", None),
        ("New START", "A new start.", None),
    ],
)
def test_first_mention_of_a_term_becomes_a_link(term, text, linked):
    page = document("Before.", text, text)
    page[0].insert(0, [nodes.title("", term), nodes.note("", nodes.paragraph("", text))])
    references.link_term(list(references.own_text(page)), term, "g.html#t", "Meaning.")
    links = list(page.findall(nodes.reference))
    assert [link.astext() for link in links] == ([linked] if linked else [])
    assert all(link.parent is page[0][3] and link["reftitle"] == "Meaning." for link in links)
    assert page[0][3].astext() == text
