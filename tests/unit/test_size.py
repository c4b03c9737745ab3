"""What a person who joins reads stays small ("make count" runs this file and prints the table)."""

from collections.abc import Iterable
from pathlib import Path
from statistics import median

import pytest

from publish import notebooks
from report.data import ROOT

#: The most lines of each part: as few as were reached. Lower them, never raise them.
LIMITS = {
    "cells of notebooks": 1483,
    "book/report": 2176,
    "book/publish": 1890,
    "book/_extensions": 1381,
    "PDF builder": 1265,
    "scripts, styles, templates": 598,
    "tests": 7250,
}


def lines(files: Iterable[Path], *endings: str) -> int:
    """Return the lines of those of the files that end in one of the endings."""
    found = [path for path in files if path.suffix in endings and "__pycache__" not in path.parts]
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in found)


def cells() -> list[int]:
    """Return the number of lines of every cell of code in the book."""
    found = [notebooks.code_cells(notebooks.read(path)) for path in notebooks.paths()]
    return [len(cell.source.splitlines()) for code in found for cell in code]


def parts() -> dict[str, int]:
    """Return the lines of each part."""
    book, printed = ROOT / "book", "typst_builder"
    extensions = [*(book / "_extensions").rglob("*")]
    rest = [path for path in extensions if printed not in path.parts]
    looks = [*(book / "_static").rglob("*"), *(book / "_templates").rglob("*"), *rest]
    return {
        "cells of notebooks": sum(cells()),
        "book/report": lines((book / "report").rglob("*"), ".py"),
        "book/publish": lines((book / "publish").rglob("*"), ".py"),
        "book/_extensions": lines(rest, ".py"),
        "PDF builder": lines(set(extensions) - set(rest), ".py", ".typ"),
        "scripts, styles, templates": lines(looks, ".js", ".css", ".html"),
        "tests": lines((ROOT / "tests").rglob("*"), ".py"),
    }


@pytest.mark.parametrize("part", LIMITS)
def test_no_part_outgrows_its_limit(part):
    assert parts()[part] <= LIMITS[part]


def test_cells_are_short():
    assert (median(cells()) <= 4, max(cells()) <= 12) == (True, True)


if __name__ == "__main__":
    found, code = parts(), cells()
    for name, number in found.items():
        print(f"{name:28}{number:7,}   at most {LIMITS[name]:,}")
    print(f"{'all but the tests':28}{sum(found.values()) - found['tests']:7,}")
    print(f"{len(code)} cells of code: median {median(code):g} lines, longest {max(code)}")
