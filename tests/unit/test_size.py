"""What a person who joins reads stays small ("make count" runs this file and prints the table).

Of the lines, code is what is not blank, a comment or a docstring.
"""

import tokenize
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import pytest

from publish import notebooks
from report.data import ROOT

#: The most lines of each part: as few as were reached. Lower them, never raise them.
LIMITS = {
    "cells of notebooks": 1484,
    "book/report": 2070,
    "book/publish": 2011,
    "book/_extensions": 1356,
    "PDF builder": 1211,
    "scripts, styles, templates": 577,
    "tests": 7054,
}
QUIET = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
QUIET |= {tokenize.ENCODING, tokenize.ENDMARKER}


def code_lines(path: Path) -> int:
    """Return how many lines of a file hold code."""
    if path.suffix != ".py":
        texts = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
        return sum(bool(text) and not text.startswith(("//", "/*", "{#", "<!--")) for text in texts)
    found, first = set(), True  # whether a token is the first of its line of code
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type in QUIET:
                first = first or token.type == tokenize.NEWLINE
            elif not (first and token.type == tokenize.STRING):  # else it is a docstring
                found |= {*range(token.start[0], token.end[0] + 1)}
                first = False
    return len(found)


def lines(files: Iterable[Path], *endings: str) -> tuple[int, int]:
    """Return the lines of those of the files with such an ending, and how many hold code."""
    found = [path for path in files if path.suffix in endings and "__pycache__" not in path.parts]
    counts = [len(path.read_text(encoding="utf-8").splitlines()) for path in found]
    return sum(counts), sum(map(code_lines, found))


def cells() -> list[int]:
    """Return the number of lines of every cell of code in the book."""
    found = [notebooks.code_cells(notebooks.read(path)) for path in notebooks.paths()]
    return [len(cell.source.splitlines()) for code in found for cell in code]


def parts() -> dict[str, tuple[int, int]]:
    """Return the lines of each part, and how many hold code."""
    book, printed = ROOT / "book", "typst_builder"
    extensions = [*(book / "_extensions").rglob("*")]
    rest = [path for path in extensions if printed not in path.parts]
    looks = [*(book / "_static").rglob("*"), *(book / "_templates").rglob("*"), *rest]
    return {
        "cells of notebooks": (sum(cells()), sum(cells())),
        "book/report": lines((book / "report").rglob("*"), ".py"),
        "book/publish": lines((book / "publish").rglob("*"), ".py"),
        "book/_extensions": lines(rest, ".py"),
        "PDF builder": lines(set(extensions) - set(rest), ".py", ".typ"),
        "scripts, styles, templates": lines(looks, ".js", ".css", ".html"),
        "tests": lines((ROOT / "tests").rglob("*"), ".py"),
    }


@pytest.mark.parametrize("part", LIMITS)
def test_no_part_outgrows_its_limit(part):
    assert parts()[part][0] <= LIMITS[part]


def test_code_is_read_in_an_afternoon():
    code = {part: number for part, (_, number) in parts().items()}
    assert code.pop("tests") <= 6500 and sum(code.values()) <= 7000


def test_cells_are_short():
    assert (median(cells()) <= 4, max(cells()) <= 12) == (True, True)


if __name__ == "__main__":
    found, sizes = parts(), cells()
    read = [counts for name, counts in found.items() if name != "tests"]
    found["all but the tests"] = sum(all_ for all_, _ in read), sum(code for _, code in read)
    print(f"{'':28}{'lines':>7}{'of code':>10}")
    for name, (number, code) in found.items():
        print(f"{name:28}{number:7,}{code:10,}")
    print(f"{len(sizes)} cells of code: median {median(sizes):g} lines, longest {max(sizes)}")
