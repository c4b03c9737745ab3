"""The PDF builder's tables: how the room is shared, and which type is taken."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from typst_builder import tables
from typst_builder.markup import NotPrintableError
from typst_builder.tables import LONG, PAGE, SIZES, SYLLABLES, TEXT

FILLER = "word " * 400
WORD = "abcdeghkno"  # neither thin nor broad letters: 5.1 em


def least(text):
    """The least width of a column with one word."""
    return tables.em(text) * 1.03 + 0.2


def test_the_width_of_a_text_is_that_of_its_letters():
    widths = {"": 0, "i": 0.28, "m": 0.82, "W": 0.82, "A": 0.6, "a": 0.51, "5": 0.51}
    assert {text: tables.em(text) for text in widths} == widths
    assert math.isclose(tables.em("Aim a"), 0.6 + 0.28 + 0.82 + 0.28 + 0.51)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.5, 9), st.floats(0, 300), st.floats(0.1, 1)), min_size=1, max_size=9
    ),
    st.floats(0.1, 3),
)
def test_no_column_gets_less_than_its_least_or_more_than_its_most(columns, part):
    low = [least for least, _, _ in columns]
    most = [least + more for least, more, _ in columns]
    means = [top * share for top, (_, _, share) in zip(most, columns, strict=True)]
    room = sum(low) + part * (sum(most) - sum(low))
    widths = tables.shared(low, most, means, room)
    for floor, width, top in zip(low, widths, most, strict=True):
        assert floor <= width <= top
    if part < 0.99:
        assert math.isclose(sum(widths), room, rel_tol=1e-3, abs_tol=1e-3)
    else:
        assert sum(widths) <= room + 1e-6
    bounds = zip(low, widths, most, means, strict=True)
    free = [width / mean for a, width, b, mean in bounds if a < width < b - 1e-6]
    assert not free or math.isclose(min(free), max(free), rel_tol=1e-6)


def test_a_small_table_takes_the_room_it_needs():
    plan = tables.plan([["Year", "Share"], ["2021", "4"]], heads=1)
    assert plan.columns == ["auto", "auto"]
    assert (plan.size, plan.inset) == SIZES[0]
    assert not (plan.wide) and plan.hyphenate == "none"
    assert plan.ems == [least(text) + 0.3 for text in ("2021", "Share")]
    assert plan.lines == [1, 1] and math.isclose(plan.height, 2 * (8.5 * 1.2 + 7))


def test_a_table_wider_than_the_text_says_so():
    need = (least("aaaa") + 0.3) * SIZES[0][0] + 2 * SIZES[0][1]
    limit = int(TEXT // need)
    assert not tables.plan([["aaaa"] * limit]).wide
    assert tables.plan([["aaaa"] * (limit + 1)]).wide


def test_a_table_fills_the_page_from_seven_tenths_of_its_room():
    size, inset = SIZES[0]
    count = int(0.7 * PAGE / (size * (least(WORD) + 0.3) + 0.7 * 2 * inset))
    assert tables.plan([[WORD] * count]).columns == ["auto"] * count
    assert all(width.endswith("fr") for width in tables.plan([[WORD] * (count + 1)]).columns)


def test_one_long_text_gets_what_short_columns_leave():
    plan = tables.plan([["Id", "State", "Text"], ["1", "open", FILLER]], heads=1)
    assert plan.wide
    for width, text in zip(plan.ems, ("Id", "State"), strict=False):
        assert math.isclose(width, least(text), rel_tol=0.01)
    assert math.isclose(math.fsum(plan.ems), (PAGE - 6 * plan.inset) / plan.size)
    total = sum(float(column.removesuffix("fr")) for column in plan.columns)
    assert math.isclose(total, PAGE, abs_tol=0.3)


def test_short_texts_stay_on_one_line_if_there_is_room():
    plan = tables.plan([["Years", "Text"], ["1949 to 1994", FILLER]], heads=1)
    assert math.isclose(plan.ems[0], least("1949 to 1994"), rel_tol=0.01)
    plan = tables.plan([["1949 to 1994"] * 9 + [FILLER]])
    assert math.isclose(plan.ems[0], least("1949"), rel_tol=0.1), "nine of them leave too little"


def test_names_stay_whole_if_there_is_room():
    name = "sanctions_success_rates"
    assert LONG < tables.em(name) < tables.NAME
    plan = tables.plan([["Name", "Text"], [f"{name} and more", FILLER]], heads=1)
    assert math.isclose(plan.ems[0], least(name), rel_tol=0.01)


def test_texts_share_the_room_by_their_mean_length():
    rows = [["word " * 40, "word " * 20], ["word " * 80, "word " * 40]]
    one, two = tables.plan(rows).ems
    assert math.isclose(one, 2 * two)


def test_type_is_set_smaller_only_if_the_table_gets_lower_for_it():
    """Two columns of text are as well off in any type; ten with words that fill them are not."""
    assert tables.plan([[FILLER, FILLER]]).size == SIZES[0][0]
    crowded = [[WORD] * 7 + ["word " * 30]] * 9
    room = [(PAGE - 16 * inset) / size for size, inset in SIZES]
    assert [7 * least(WORD) < space for space in room] == [True] * 3
    plan = tables.plan(crowded)
    assert plan.size < SIZES[0][0]
    assert plan.ems[-1] > 1.5 * (room[0] - 7 * least(WORD))


def test_words_of_heads_break_before_a_table_is_too_wide():
    count = int(PAGE // (least(WORD) * SIZES[-1][0] + 2 * SIZES[-1][1])) + 1
    plan = tables.plan([[WORD] * count, ["a"] * count], heads=1)
    assert plan.hyphenate == "heads"
    assert SYLLABLES * 1.03 + 0.2 <= min(plan.ems) + 1e-9 < least(WORD)
    need = count * (least(WORD) * SIZES[-1][0] + 2 * SIZES[-1][1])
    with pytest.raises(NotPrintableError, match=f"{count} columns need {need:.0f} points of 458"):
        tables.plan([[WORD] * count])


def test_a_compact_table_is_small_and_as_wide_as_the_page():
    plan = tables.plan([["a", "b"]], compact=True)
    assert plan.wide and (plan.size, plan.inset) == SIZES[1]
    assert math.isclose(math.fsum(plan.ems) * plan.size + 4 * plan.inset, PAGE)


def test_words_of_more_than_nine_em_are_hyphenated():
    for word, hyphenate in (("abcdeghknoabcdegh", "none"), ("abcdeghknoabcdeghk", "all")):
        assert (tables.em(word) > LONG) == (hyphenate == "all")
        assert tables.plan([["a", f"b {word} c"]]).hyphenate == hyphenate


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 1.0),
        ("ab abc", 3 * 0.51),
        ("ab-abc-a", 6 * 0.51 + 2 * 0.28),  # short: kept together
        ("abcdeg-abcdeg-a", 6 * 0.51 + 0.28),  # breaks after a hyphen, which is thin
        ("2014200-1520155", 14 * 0.51 + 0.28),  # not between digits
        ("c" * 17, 17 * 0.51),
        ("c" * 18, LONG),
    ],
)
def test_a_column_has_room_for_its_longest_word(text, width):
    expected = width if not text else width * 1.03 + 0.2
    assert math.isclose(tables._least((text,), 0, LONG), expected)
    assert math.isclose(tables._least((text, "a"), 1, LONG), expected), "of a head, too"
    assert math.isclose(tables._least((text,), 1, SYLLABLES), min(expected, SYLLABLES * 1.03 + 0.2))


def test_lines_are_guessed_from_the_widest_text_of_a_row():
    plan = tables.plan([["a", FILLER], ["a", "b"]])
    assert plan.lines == [int(tables.em(FILLER) / plan.ems[1]) + 1, 1]
