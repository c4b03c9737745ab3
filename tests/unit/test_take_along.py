"""What an exhibit gives to take along: columns, picture, description, citation."""

from xml.etree import ElementTree

import pytest
from copies import cases
from docutils import nodes
from fontTools.ttLib import TTFont

import take_along
from report.style import FONTS

DRAWING = """\
<svg width="453.6pt" height="100pt" viewBox="0 0 453.6 100" xmlns="http://www.w3.org/2000/svg">
<defs><style>@font-face{font-family:'Source Sans Pro';src:url(data:,x)}</style></defs>
<text style="font: 9px 'Source Sans Pro'">Ж</text></svg>"""


def column(head, *cells, right=True, source="warheads"):
    """Return what columns() makes of one column."""
    side = ["text-right" if right else "text-left"]

    def entry(text):
        inner = text if isinstance(text, nodes.Node) else nodes.Text(text)
        return nodes.entry("", nodes.paragraph("", "", inner), classes=side)

    rows = [nodes.row("", entry(cell)) for cell in cells]
    (found,) = take_along.columns([source], nodes.row("", entry(head)), rows)
    return found


@pytest.mark.parametrize("cells", cases("shown")["read"], ids=str)
def test_numbers_are_written_as_programs_read_them(cells):
    found = column("Head", *cells["shown"], right=cells["right"])
    assert (found["type"], found["cells"]) == (cells["type"], cells["read"])


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
    size = [inner.get(name) for name in ("width", "height", "viewBox")]
    assert size == ["453.6", "100", "0 0 453.6 100"]
    cuts = svg.count("@font-face")
    assert cuts == 2 and "data:,x" not in svg, "one cut of each weight, for all letters"


def length(text, weight):
    """Return how wide a text is, in times of its size."""
    font = TTFont(FONTS[weight, "normal"])
    names, wide = font.getBestCmap(), font["hmtx"]
    return sum(wide[names[ord(letter)]][0] for letter in text) / font["head"].unitsPerEm
