"""What an exhibit gives to take along: columns, picture, description, citation."""

import datetime
import re
from xml.etree import ElementTree

import pytest
from docutils import nodes
from fontTools.ttLib import TTFont
from pybtex.database import parse_string

import about_report
import take_along
from report.style import FONTS

ABOUT = {
    "title": "Report: a book",
    "version": "1.2.0",
    "date-released": datetime.date(2026, 11, 22),
    "authors": [{"name": "The authors"}],
}
DRAWING = (
    '<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="453.6pt" height="100pt"'
    ' viewBox="0 0 453.6 100" xmlns="http://www.w3.org/2000/svg">\n'
    "<defs><style>@font-face{font-family:'Source Sans Pro';src:url(data:,x)}</style></defs>\n"
    "<text style=\"font: 9px 'Source Sans Pro'\">Ж</text></svg>"
)


def column(head, *cells, right=True, source="warheads"):
    """Return what columns() makes of one column."""
    side = ["text-right" if right else "text-left"]

    def entry(text):
        inner = text if isinstance(text, nodes.Node) else nodes.Text(text)
        return nodes.entry("", nodes.paragraph("", "", inner), classes=side)

    rows = [nodes.row("", entry(cell)) for cell in cells]
    (found,) = take_along.columns([source], nodes.row("", entry(head)), rows)
    return found


@pytest.mark.parametrize(
    ("cells", "right", "kind", "read"),
    [
        (("1,234", "−5", "–"), True, "integer", ["1234", "-5", ""]),
        (("1,234.5", "2"), True, "number", ["1234.5", "2"]),
        (("12 %", "1,000"), True, "string", ["12 %", "1000"]),
        (("1999", "2001"), False, "year", ["1999", "2001"]),
        (("2026-02-24", "–"), False, "date", ["2026-02-24", ""]),
        (("2026-02",), False, "yearmonth", ["2026-02"]),
        (("1,234", "−"), False, "string", ["1,234", "−"]),
    ],
)
def test_numbers_are_written_as_programs_read_them(cells, right, kind, read):
    found = column("Head", *cells, right=right)
    assert (found["type"], found["cells"]) == (kind, read)


def test_a_unit_stands_in_the_header():
    found = column("Exports", "11,144.7", "526.1", source="goods_trade")
    assert (found["name"], found["unit"]) == ("Exports (USD million)", "USD million")
    assert column("Warheads", "2", "–")["name"] == "Warheads", "which says it"


def test_a_unit_is_not_claimed_for_what_was_computed():
    for head, cell in (("Exports", "11.145"), ("Sum", "526.1"), ("Exports", "about 526.1")):
        found = column(head, cell, source="goods_trade")
        assert (found["name"], found["unit"]) == (head, "")


def test_a_verdict_is_its_word_alone():
    sign = nodes.inline("", "++ supported", word="supported")
    assert column("Verdict", sign, right=False)["cells"] == ["supported"]


def test_columns_of_one_name_are_told_apart():
    row = nodes.row("", *(nodes.entry("", nodes.paragraph("", "Claim")) for _ in range(2)))
    assert [c["name"] for c in take_along.columns([], row, [row])] == ["Claim", "Claim 2"]


def test_a_picture_carries_its_words_within_its_width():
    words = "Wider than one line, with many Words and a < sign, " * 5
    svg = take_along.picture(DRAWING, words, ["", words * 2, "Foot."], "Alt & text")
    tree = ElementTree.fromstring(svg)
    space = {"s": "http://www.w3.org/2000/svg"}
    wide, tall = map(float, tree.get("viewBox").split()[2:])
    texts = tree.findall("s:text", space)
    assert " ".join(t.text for t in texts) == f"{words}{words * 2}Foot.".strip()
    assert tree.find("s:desc", space).text == "Alt & text"
    for text in texts:
        style = dict(part.split(": ") for part in text.get("style").split("; "))
        assert "font" not in style, "LibreOffice does not know the short form"
        weight, size = style.get("font-weight", "400"), style["font-size"].removesuffix("px")
        assert 0 < float(text.get("y")) < tall
        assert float(text.get("x")) + length(text.text, weight) * float(size) < wide
    inner = tree.find("s:svg", space)
    assert (inner.get("width"), inner.get("height"), inner.get("viewBox")) == (
        *("453.6", "100"),
        "0 0 453.6 100",
    )
    rules = re.findall(r"@font-face", svg)
    assert len(rules) == 2 and "data:,x" not in svg, "one cut of each weight, for all letters"


def length(text, weight):
    """Return how wide a text is, in times of its size."""
    font = TTFont(FONTS[weight, "normal"])
    names, wide = font.getBestCmap(), font["hmtx"]
    return sum(wide[names[ord(letter)]][0] for letter in text) / font["head"].unitsPerEm


@pytest.mark.parametrize("url", ["", "https://example.org/book/p.html#fig-x"])
def test_a_citation_names_the_place_of_an_exhibit(url):
    work = {"name": "fig-x", "title": "Figure 1. Up", "number": "", "url": url}
    place = "book/p.html#fig-x"
    cited = about_report.cite(ABOUT, work | {"place": place})
    address = url or place
    assert cited["text"] == (
        "The authors (2026). Figure 1. Up. In: Report: a book. Version 1.2.0, 22 November 2026. "
        + address
    )
    [(key, entry)] = parse_string(cited["BibTeX"], "bibtex").entries.items()
    assert key == "dealing-with-moscow-2026-fig-x" and entry.fields["title"] == "{Figure 1. Up}"
    assert entry.fields.get("url", "") == url
    note = "Version 1.2.0" if url else r"Version 1.2.0, book/p.html\#fig-x"
    assert entry.fields["note"] == note
    assert (f"UR  - {url}" if url else f"N1  - {place}") in cited["RIS"].splitlines()
