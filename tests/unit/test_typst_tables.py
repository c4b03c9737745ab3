"""The PDF builder's tables: which columns hold numbers, and how the room is shared."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from typst_builder import tables
from typst_builder.tables import PORTRAIT, SIZES, TEXT, TURNED


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "−3",
        "+2.5",
        "1,234.5",
        "12 %",
        "45%",
        "3pp",
        "2x",
        "1.5bn",
        "$4",
        "< 5",
        "≈ 10",
        "1\u00a0000",
    ],
)
def test_a_number_is_known_alone_and_among_blanks(text):
    assert tables.is_numeric([text])
    assert tables.is_numeric(["–", text, "", "n.a.", "..."])


@pytest.mark.parametrize("text", ["", "–", "n/a", "2024-11-22", "5 to 6", "May 2024", "x", "1.2.3"])
def test_what_is_no_number_makes_no_column_of_numbers(text):
    assert not tables.is_numeric([text])
    assert tables.is_numeric([text, "5"]) == (text in {"", "–", "n/a"})


@pytest.mark.parametrize(
    ("texts", "padding"),
    [
        (["1", "2"], ["", ""]),
        (["1.25", "3", "12.5", "–"], ["", ".00", "0", ""]),
        (["1.5", ""], ["", ""]),
        (["0.125", "7", "7.1", "7.12"], ["", ".000", "00", "0"]),
        (["5%", "2.5%"], [".0", ""]),
        (["5 %", "2.5%"], [".0", ""]),
        (["5%", "2.5"], ["", ""]),
        (["5bn", "2.5mn"], ["", ""]),
        (["–", "n.a."], ["", ""]),
    ],
)
def test_room_is_left_for_the_digits_that_others_have(texts, padding):
    assert tables.decimal_padding(texts) == padding


def test_the_width_of_a_text_is_that_of_its_letters():
    assert tables.em("") == 0
    assert tables.em("i") == 0.28
    assert tables.em("m") == tables.em("W") == 0.82
    assert tables.em("A") == 0.6
    assert tables.em("a") == tables.em("5") == 0.51
    assert math.isclose(tables.em("Aim a"), 0.6 + 0.28 + 0.82 + 0.28 + 0.51)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.5, 9), st.floats(0, 300)), min_size=1, max_size=9),
    st.floats(0.1, 3),
)
def test_no_column_gets_less_than_its_least_or_more_than_its_most(columns, part):
    least = [low for low, _ in columns]
    most = [low + more for low, more in columns]
    room = sum(least) + part * (sum(most) - sum(least))
    widths = tables.shared(least, most, room)
    for low, width, high in zip(least, widths, most, strict=True):
        assert low <= width <= high
    if part < 0.99:
        assert math.isclose(sum(widths), room, rel_tol=1e-3, abs_tol=1e-3)
    else:
        assert sum(widths) <= room + 1e-6
    free = [w / m**0.5 for low, w, m in zip(least, widths, most, strict=True) if low < w < m - 1e-6]
    assert not free or math.isclose(min(free), max(free), rel_tol=1e-6)


def row(*texts):
    return list(texts)


def test_a_small_table_takes_the_room_it_needs():
    plan = tables.plan([row("Year", "Share"), row("2021", "4")], heads=1)
    assert plan.columns == ["auto", "auto"]
    assert (plan.size, plan.inset) == SIZES[0]
    assert not (plan.turned or plan.wide or plan.hyphenate or plan.compact)
    assert plan.ems == [
        max(tables.em("Year") * 1.03 + 0.2, tables.em("2021") + 0.3, tables.em("Year") + 0.3),
        max(tables.em("Share") * 1.03 + 0.2, tables.em("Share") + 0.3),
    ]


def test_a_table_wider_than_the_text_says_so():
    """13 words of four letters, 2.04 em each, with 4.5 points at both sides: 26 a column."""
    words = [row(*["aaaa"] * count) for count in (12, 13)]
    assert [tables.plan([texts]).wide for texts in words] == [True, True]
    assert not tables.plan([row(*["aaaa"] * 10)]).wide
    need = (tables.em("aaaa") * 1.03 + 0.2) * SIZES[0][0] + 2 * SIZES[0][1]
    limit = int(TEXT // max(need, (tables.em("aaaa") + 0.3) * SIZES[0][0] + 2 * SIZES[0][1]))
    assert not tables.plan([row(*["aaaa"] * limit)]).wide
    assert tables.plan([row(*["aaaa"] * (limit + 1))]).wide


def test_long_texts_share_the_whole_width():
    plan = tables.plan([row("Id", "Text"), row("1", "word " * 60)], heads=1)
    size, inset = SIZES[0]
    assert plan.wide and not plan.turned
    assert math.isclose(math.fsum(plan.ems), (PORTRAIT - 4 * inset) / size)
    assert plan.ems[1] > 10 * plan.ems[0]
    total = sum(float(column.removesuffix("fr")) for column in plan.columns)
    assert math.isclose(total, PORTRAIT, abs_tol=0.2)


def test_type_shrinks_before_words_break_and_words_break_before_the_page_turns():
    """Ten letters are 5.1 em, 5.45 with their room: the columns that fit are a division."""
    word = "abcdeghkno"  # neither thin nor broad letters
    need = tables.em(word) * 1.03 + 0.2
    fits = [int(PORTRAIT // (need * size + 2 * inset)) for size, inset in SIZES]
    assert fits == sorted(set(fits))
    for (size, _), count in zip(SIZES, fits, strict=True):
        plan = tables.plan([row(*[f"{word} {word}"] * count)] * 2)
        assert (plan.size, plan.turned, plan.hyphenate) == (size, False, False)
    heads = [row(*[word] * (fits[-1] + 1)), row(*["a"] * (fits[-1] + 1))]
    plan = tables.plan(heads, heads=1)  # in headings they may be broken
    broken = 4.0 * 1.03 + 0.2  # a syllable or two
    size = next(s for s, i in SIZES if (broken * s + 2 * i) * len(heads[0]) <= PORTRAIT)
    assert (plan.turned, plan.hyphenate, plan.size) == (False, True, size)
    plan = tables.plan([row(*[f"{word} {word}"] * (fits[-1] + 1))])
    assert (plan.turned, plan.hyphenate, plan.size) == (True, False, SIZES[0][0])
    assert math.isclose(math.fsum(plan.ems) * plan.size + 2 * plan.inset * len(plan.ems), TURNED)


def test_there_is_no_turning_in_a_list_or_a_box():
    many = [row(*["word " * 9] * 25)]
    assert tables.plan(many).turned
    nested = tables.plan(many, nested=True)
    assert not nested.turned
    assert math.isclose(
        math.fsum(nested.ems) * nested.size + 2 * nested.inset * len(nested.ems), TEXT
    )


def test_who_asks_for_a_turned_page_gets_it():
    plan = tables.plan([row("a", "word " * 40)], turn=True)
    assert plan.turned
    assert math.isclose(math.fsum(plan.ems) * plan.size + 4 * plan.inset, TURNED)


def test_a_compact_table_is_small_and_as_wide_as_the_page():
    plan = tables.plan([row("a", "b")], compact=True)
    assert plan.compact and plan.wide and not plan.turned
    assert (plan.size, plan.inset) == SIZES[1]
    assert math.isclose(math.fsum(plan.ems) * plan.size + 4 * plan.inset, PORTRAIT)


def test_widths_that_the_author_gave_are_kept_down_to_the_longest_word():
    plan = tables.plan([row("a", "b", "c")], given=[1, 2, 5])
    first, second, third = plan.ems
    assert math.isclose(second, 2 * first) and math.isclose(third, 5 * first)
    plan = tables.plan([row("abcdeghk", "b")], given=[1, 99])
    assert plan.ems[0] / plan.ems[1] > 1 / 99
    assert plan.wide and plan.columns[0].endswith("fr")


@pytest.mark.parametrize(
    ("word", "breaks"), [("abcdeghknoabcdegh", False), ("abcdeghknoabcdeghk", True)]
)
def test_words_of_more_than_nine_em_are_hyphenated(word, breaks):
    assert (tables.em(word) > 9) == breaks
    assert tables.plan([row("a", f"b {word} c")]).hyphenate == breaks


def test_a_word_needs_its_width_and_a_little_up_to_the_limit():
    assert tables._word("", 9) == 0.2
    assert math.isclose(tables._word("ab abc", 9), 3 * 0.51 * 1.03 + 0.2)
    assert math.isclose(tables._word("ab\u200babc\n abcd", 9), 4 * 0.51 * 1.03 + 0.2)
    assert math.isclose(tables._word("abc" * 20, 9), 9 * 1.03 + 0.2)


def least(rows, heads, page=PORTRAIT):
    """The widths of columns whose second takes all that is left: the first has its least."""
    filler = "word " * 400
    return tables.plan([[*row, filler] for row in rows], heads=heads).ems[0]


@pytest.mark.parametrize(
    ("letters", "width"),
    [(16, 16 * 0.51), (17, 17 * 0.51), (18, 9.0), (40, 9.0)],
)
def test_a_long_word_of_the_body_has_room_up_to_nine_em(letters, width):
    found = least([row("a"), row("c" * letters)], heads=1)
    assert math.isclose(found, max(width * 1.03 + 0.2, 0), rel_tol=1e-9)


@pytest.mark.parametrize(
    ("letters", "width"),
    [(10, 10 * 0.51), (17, 17 * 0.51), (18, 9.0), (40, 9.0)],
)
def test_so_has_a_long_word_of_a_heading_when_there_is_room(letters, width):
    found = least([row("c" * letters), row("a")], heads=1)
    assert math.isclose(found, width * 1.03 + 0.2, rel_tol=1e-9)


def test_a_table_of_headings_alone_has_a_plan():
    plan = tables.plan([row("a", "word " * 400)], heads=1)
    assert math.isclose(plan.ems[0], max(1.0, 0.51 + 0.3), rel_tol=1e-9)


def test_a_table_fills_the_page_from_seven_tenths_of_its_room():
    size, inset = SIZES[0]
    room = (PORTRAIT - 4 * inset) / size
    for part, auto in ((0.69, True), (0.71, False)):
        count = round((part * room - 0.6) / 2 / 0.51 / 2)  # words of one letter and a space
        texts = row("c " * count, "c " * count)
        need = 2 * (tables.em(texts[0]) + 0.3)
        texts[1] += "c" * max(0, round((part * room - need) / 0.51))
        need = sum(tables.em(text) + 0.3 for text in texts)
        assert (need <= 0.7 * room) == auto
        assert (tables.plan([texts]).columns == ["auto", "auto"]) == auto
