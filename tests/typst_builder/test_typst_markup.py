"""The PDF builder's markup: what Typst reads back is what was written, whatever the text."""

import json
import re
import tempfile
from pathlib import Path

import pytest
import typst
from copies import cases
from hypothesis import given, settings
from hypothesis import strategies as st

from typst_builder.markup import UNPRINTABLE, Code, breakable, call, content, literal, value

ANY = st.text(st.characters(codec="utf-8"), max_size=60)


def read_back(*codes: str) -> list:
    """Return what Typst makes of pieces of code."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.typ"
        path.write_text(f"#metadata(({''.join(f'{c}, ' for c in codes)})) <x>", encoding="utf-8")
        return json.loads(typst.query(str(path), "<x>", field="value", one=True))


def printable(given):
    """Return what can be printed of a text, or of the texts in lists."""
    if isinstance(given, list):
        return [printable(item) for item in given]
    return given.translate(UNPRINTABLE) if isinstance(given, str) else given


def test_every_hostile_text_is_read_back():
    texts = ["", *cases("print_samples")["hostile"], *cases("hostile_texts")["shown"].values()]
    assert read_back(*map(literal, texts)) == [printable(text) for text in texts]


@settings(max_examples=160, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**31), 2**31) | ANY,
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_value_is_read_back(given_value):
    assert read_back(value(given_value)) == [printable(given_value)]


def test_code_goes_through_and_text_does_not():
    assert value(Code("1 + 1")) == "1 + 1"
    assert read_back(value(Code("1 + 1")), value("1 + 1")) == [2, "1 + 1"]
    assert value((1, "a")) == '(1, "a", )'
    assert (value(None), value(True), value(False), value(2.5)) == ("none", "true", "false", "2.5")


def test_calls_are_written_as_the_template_reads_them():
    assert call("figure", "a", 3, kind="x", body="B") == '#figure("a", 3, kind: "x")[B]'
    assert call("pagebreak") == "#pagebreak()"
    assert call("block", body="B") == "#block[B]"
    assert call("block", 1, body="") == "#block(1)[]"
    assert call("table", columns=(1, 2)) == "#table(columns: (1, 2, ))"
    assert content("#x") == "[#x]"
    assert isinstance(content("x"), Code)


def test_what_no_pdf_can_show_is_left_out_and_nothing_else():
    unseen = [*range(9), *range(11, 32), *range(127, 160), 0xD800, 0xDFFF, 0xFFFE, 0xFFFF]
    seen = [9, 10, 32, 126, 160, 0xD7FF, 0xE000, 0xFFFD, 0x10000]
    assert [code for code in unseen if literal(f"a{chr(code)}b") != '"ab"'] == []
    assert [code for code in seen if literal(f"a{chr(code)}b") == '"ab"'] == []
    assert literal("a\r\nb") == '"a\\nb"'


def pieces(markup):
    """Return the strings of what ``breakable`` wrote: a word's pieces in a list."""
    return [
        json.loads(f"[{found[1]}]") if found[1] else json.loads(found[2])
        for found in re.finditer(
            r'#name\(((?:"(?:[^"\\]|\\.)*"(?:, )?)+)\)|#("(?:[^"\\]|\\.)*")', markup
        )
    ]


@given(st.text(st.characters(exclude_categories=["C"]), max_size=200), st.integers(5, 40))
def test_break_opportunities_are_all_that_is_added(text, limit):
    """No word stays longer than the limit and a rest too short to stand alone."""
    found = pieces(breakable(text, limit))
    assert "".join("".join(part) for part in found) == text
    for part in found:
        for word in part if isinstance(part, list) else part.split():
            assert len(word) < limit + 4 or "://" in text


@pytest.mark.parametrize("limit", [5, 10])
def test_words_break_only_when_they_are_too_long(limit):
    def split(text):
        return pieces(breakable(text, limit))

    assert split("x" * limit) == ["x" * limit]
    assert split("x" * (limit - 3) + "/xx") == ["x" * (limit - 3) + "/xx"]
    assert split("x" * (limit - 2) + "/xx") == [["x" * (limit - 2) + "/", "xx"]]
    assert split("x" * (limit + 3)) == [["x" * (limit + 3)]]
    assert split("x" * (limit + 4)) == [["x" * limit, "xxxx"]]
    assert split(f"a {'b' * limit}/xyz c") == ["a ", ["b" * limit + "/", "xyz"], " c"]
    assert split("abc/cd_efg.ghi") == [["abc/", "cd_", "efg.", "ghi"]]
    assert split("http://example.org/a-long-path") == ["http://example.org/a-long-path"]


def test_codes_stay_on_one_line():
    assert breakable("See S1-B2, not XS1-B2.", 44) == '#"See "#box[#"S1-B2"]#", not XS1-B2."'
    assert breakable("plain words stay whole", 20) == '#"plain words stay whole"'
