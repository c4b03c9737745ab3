"""Cells sort by what they stand for."""

import pytest

from report.sortkeys import sort_key

#: Each line in the order in which its cells belong.
ORDERS = [
    ["8 April 2010", "26 December 2010", "Dec 2021", "3–5 January 2022", "24 February 2022"],
    ["1991-07-31", "2002-05", "2002-05-24", "2010"],
    ["late 2015", "2016 to 2019", "2017–2018", "2021–22", "since March 2022"],
    ["Feb to May 2012", "May 2012", "8 Jun. 2012"],
    ["−1,200", "−3.5 %", "-2", "0", "about 7", "40.5", "more than 41", "1,054"],
    ["5 %", "12 %", "100 %"],
    ["USD 800 million", "USD 1.2 billion", "$3 bn"],
    ["−$5", "$−4", "€3"],
    ["2 of 9", "11 of 12"],
    ["~3", "≥ 4", "<5"],
    ["–3.5", "‑2", "0", "+5", "as many as 9,000,000 rounds"],
    ["2025-Q1", "2025-Q4", "2026-01"],
    ["April 8, 2010", "24 Feb – 6 March 2012", "1st May 2012", "30 Sept. 2015"],
    ["USD 0.5–1.5 bn", "800 USD million", "EUR 1 to 2 billion", "175 USD billion"],
]


@pytest.mark.parametrize("cells", ORDERS)
def test_cells_are_in_order(cells):
    keys = [sort_key(cell) for cell in cells]
    assert all(isinstance(key, float) for key in keys), keys
    assert keys == sorted(keys) and len(set(keys)) == len(keys)


def test_a_year_and_its_first_day_are_one_moment():
    assert sort_key("2010") == sort_key("1 January 2010") == sort_key("2010-01") == 2010


@pytest.mark.parametrize("text", ["–", "", " ", "—", "n/a"])
def test_missing_values_have_no_key(text):
    assert sort_key(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("S1-B1", "May", "March of the millions", "New START", "yes", "by law"),
        *("Martin et al. [2008]", "Marbach [2018]", "May [2012]", "Decline of 5 %"),
    ],
)
def test_words_stay_words(text):
    assert sort_key(text) == text
