"""A sample of wrong cells: what reaches a page is caught. The whole measure: "make mutate"."""

import subprocess
import sys

import pytest

from report import data

SAMPLE, SEED = 30, 11


@pytest.fixture(scope="module")
def lines():
    """The report on a few mutations; the stored outputs are trusted, as nbval proves them."""
    command = [sys.executable, "tests/mutate.py", "--unchecked", "--sample", str(SAMPLE)]
    made = subprocess.run(
        [*command, "--seed", str(SEED)], cwd=data.ROOT, capture_output=True, text=True, timeout=400
    )
    assert made.returncode in {0, 1}, made.stderr
    return made.stdout.splitlines()


def test_no_wrong_cell_on_a_page_goes_unnoticed(lines):
    place = lines.index("on a page, not caught:")
    assert lines[place + 1] == "shown less exactly:", lines[place : place + 5]


def test_most_wrong_cells_are_caught_at_all(lines):
    """Also counting cells that reach no page; of 500 changes 77 in a hundred were."""
    heads = lines[0].split("\t")
    row = dict(zip(heads, next(x for x in lines if x.startswith("all\t")).split("\t"), strict=True))
    caught = sum(int(row[name]) for name in ("validation", "headlines", "outputs"))
    assert int(row["tried"]) == SAMPLE
    assert caught / SAMPLE >= 0.55
