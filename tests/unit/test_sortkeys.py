"""Cells sort by what they stand for."""

import pytest
from copies import cases

from report.sortkeys import sort_key


@pytest.mark.parametrize("cells", cases("sort_orders")["in order"])
def test_cells_are_in_order(cells):
    keys = [sort_key(cell) for cell in cells]
    assert all(isinstance(key, float) for key in keys), keys
    assert keys == sorted(keys) and len(set(keys)) == len(keys)


def test_a_year_and_its_first_day_are_one_moment():
    assert sort_key("2010") == sort_key("1 January 2010") == sort_key("2010-01") == 2010


@pytest.mark.parametrize("text", ["–", "", " ", "—", "n/a"])
def test_missing_values_have_no_key(text):
    assert sort_key(text) is None


@pytest.mark.parametrize("text", cases("sort_orders")["words"])
def test_words_stay_words(text):
    assert sort_key(text) == text
