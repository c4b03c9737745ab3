"""A sample of wrong cells: what reaches a page is caught. The whole measure: "make mutate"."""

import subprocess
import sys

from report import data

SAMPLE, SEED = 8, 11  # five seconds a change: more of them by make mutate


def test_no_wrong_cell_on_a_page_goes_unnoticed_and_most_are_caught():
    """The stored outputs are trusted, as nbval proves them; 77 of a hundred changes are caught."""
    command = [sys.executable, "tests/mutate.py", "--unchecked", "--sample", str(SAMPLE)]
    command += ["--seed", str(SEED)]
    made = subprocess.run(command, cwd=data.ROOT, capture_output=True, text=True, timeout=900)
    lines = made.stdout.splitlines()
    place = lines.index("on a page, not caught:")
    assert (made.returncode, lines[place + 1]) == (0, "shown less exactly:"), lines[place:][:5]
    *caught, _, _, _, tried, _ = next(x for x in lines if x.startswith("all ")).split()[1:]
    assert int(tried) == SAMPLE
    assert sum(map(int, caught)) / SAMPLE >= 0.5
