"""The extensions behind the pages: small inputs, exact outputs."""

import datetime
import io

import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from fontTools.ttLib import TTFont
from sphinx.errors import ExtensionError

import about_report
import hover_cards
import page_hygiene
import slim_assets


def soup(text):
    return BeautifulSoup(text, "html.parser")


def cell(code, output=""):
    shown = f'<div class="cell_output">{output}</div>' if output else ""
    return (
        '<div class="cell"><details class="hide"><summary>Show</summary>'
        f'<div class="cell_input">{code}</div></details>{shown}</div>'
    )


@pytest.mark.parametrize(
    ("cells", "folds"),
    [
        ([("a", "")], ["a"]),
        ([("a", "<p>1</p>")], ["a"]),
        ([("a", ""), ("b", ""), ("c", "<p>1</p>")], ["abc"]),
        ([("a", "<p>1</p>"), ("b", "")], ["ab"]),
        ([("a", "<p>1</p>"), ("b", ""), ("c", "<p>2</p>")], ["a", "bc"]),
        ([("a", ""), ("b", "")], ["ab"]),
    ],
)
def test_code_of_neighbouring_cells_is_folded_together(cells, folds):
    page = soup("<section>" + "\n".join(cell(*c) for c in cells) + "</section>")
    page_hygiene.fold_code(page)
    found = page.select("details.code")
    assert ["".join(i.get_text() for i in f.select(".cell_input")) for f in found] == folds
    outputs = [c for _, c in cells if c]
    assert [str(o.p) for o in page.select(".cell_output")] == outputs
    assert not page.select("details.hide")


def test_classes_are_seen_one_by_one_after_a_change():
    page = soup('<div class="cell tag_hide-input docutils"></div>')
    page_hygiene.set_classes(page.div, ["cell", "docutils"])
    assert page_hygiene.classes(page.div) == ["cell", "docutils"]


def test_cells_apart_stay_apart():
    page = soup(f"<section>{cell('a')}<p>text</p>{cell('b')}</section>")
    page_hygiene.fold_code(page)
    assert [d.get_text() for d in page.select("details.code")] == ["Codea", "Codeb"]


def test_scope_and_name_of_tables():
    page = soup(
        '<div class="pst-scrollable-table-container"><table><caption>'
        '<span class="caption-number">Table 1 </span><span class="caption-text">T</span>'
        "</caption><thead><tr><th><p>A</p></th></tr></thead>"
        "<tbody><tr><th>x</th><td>1</td></tr></tbody></table></div>"
    )
    page_hygiene.mend_tables(page)
    assert [th["scope"] for th in page.select("th")] == ["col", "row"]
    assert page.div["aria-label"] == "Table 1 T"
    assert page.caption.find(True)["class"] == ["caption-box"]


def test_only_lone_plain_paragraphs_are_unwrapped():
    page = soup("<li><p>a</p></li><li><p>b</p><ul></ul></li><li><p class='x'>c</p></li>")
    page_hygiene.lighten(page)
    assert str(page) == '<li>a</li><li><p>b</p><ul></ul></li><li><p class="x">c</p></li>'


def test_an_unknown_style_sheet_stops_the_build():
    page = soup('<html><head><link rel="stylesheet" href="_static/new.css"></head></html>')
    with pytest.raises(ExtensionError, match=r"new\.css"):
        page_hygiene.slim_head(page, "x")


def test_data_in_a_page_needs_no_permission_but_scripts_do():
    page = soup(
        '<html><head><meta charset="utf-8"><script>a()</script>'
        '<script type="application/json">{}</script></head></html>'
    )
    page_hygiene.forbid_other_hosts(page)
    assert page.head.find(True).get("charset") == "utf-8"
    policy = page.find("meta", attrs={"http-equiv": True})["content"]
    assert policy.count("sha256-") == 1


def rules(css, *names):
    return slim_assets.used_rules(css, set(names)).split()


def test_selectors_that_no_page_matches_go():
    css = ".a{color:red}.b{color:red}p .a,.b #c{top:0}@media print{.b{top:0}}a:not(.b){top:1px}"
    assert rules(css, "a") == [".a{color:red;}", "p", ".a{top:0;}", "a:not(.b){top:1px;}"]
    assert "@media" in slim_assets.used_rules(css, {"a", "b"})


def test_values_that_nothing_asks_for_go_with_those_they_asked_for():
    css = "p{--x:1;--y:var(--z);--z:2;color:var(--x)}@keyframes k{to{top:0}}"
    assert rules(css) == ["p{--x:1;color:var(--x);}"]
    assert "@keyframes k" in slim_assets.used_rules(css + "a{animation:k 1s}", set())


def test_data_addresses_and_importance_survive():
    css = 'p{background:url("data:image/svg+xml;a,b")!important}i{background:url(file.png)}'
    text = slim_assets.used_rules(css, set())
    assert 'url("data:image/svg+xml;a,b")!important' in text and "file.png" not in text


def test_fonts_are_cut_to_the_characters_and_always_alike():
    package = slim_assets.files("font_source_sans_pro") / "files"
    font = (package / "SourceSansPro-It.ttf").read_bytes()
    cut = slim_assets.cut_font(font, "abc")
    assert cut == slim_assets.cut_font(font, "cba") and len(cut) < 4000
    assert set(map(chr, TTFont(io.BytesIO(cut)).getBestCmap())) == set("abc")


ABOUT = {
    "title": "Report",
    "version": "1.0.0",
    "date-released": datetime.date(2026, 11, 22),
    "authors": [{"name": "The authors"}],
}


def test_bibtex_of_report_and_of_a_page():
    whole = about_report.bibtex(ABOUT, "Report", "")
    assert whole.startswith("@techreport{dealing-with-moscow-1.0.0,\n  title = {Report},")
    assert "booktitle" not in whole and "url" not in whole
    page = about_report.bibtex(ABOUT, "Method", "https://example.org/m.html")
    assert "booktitle = {Report}" in page and "url = {https://example.org/m.html}" in page


def document(*texts):
    section = nodes.section("", *[nodes.paragraph("", text) for text in texts])
    tree = nodes.document(None, None)
    tree += section
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
    page = soup(f"<article><section><h2>{term}</h2><p>{text}</p></section></article>")
    texts = [(tag, tag.get_text()) for tag in hover_cards.own_text(page.article)]
    hover_cards.link_term(page, texts, term, "g.html#t", "Meaning.")
    links = page.select("a.term")
    assert [a.get_text() for a in links] == ([linked] if linked else [])
    assert page.p.get_text() == text
