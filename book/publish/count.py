"""Count what a person who joins reads: lines of code by part, and the cells of the notebooks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from statistics import median

from publish import notebooks

ROOT = notebooks.ROOT


def lines(files: Iterable[Path], *endings: str) -> int:
    """Return the lines of those of the files that end in one of the endings."""
    found = [path for path in files if path.suffix in endings and "__pycache__" not in path.parts]
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in found)


def cells() -> list[int]:
    """Return the number of lines of every cell of code in the book."""
    found = [notebooks.code_cells(notebooks.read(path)) for path in notebooks.paths()]
    return [len(cell.source.splitlines()) for code in found for cell in code]


def parts() -> dict[str, int]:
    """Return the lines of code of each part outside the tests, and of the tests."""
    book, printed = ROOT / "book", "typst_builder"
    extensions = [*(book / "_extensions").rglob("*")]
    pdf = [path for path in extensions if printed in path.parts]
    rest = [path for path in extensions if printed not in path.parts]
    looks = [*(book / "_static").rglob("*"), *(book / "_templates").rglob("*"), *rest]
    return {
        "cells of notebooks": sum(cells()),
        "book/report": lines((book / "report").rglob("*"), ".py"),
        "book/publish": lines((book / "publish").rglob("*"), ".py"),
        "book/_extensions": lines(rest, ".py"),
        "PDF builder": lines(pdf, ".py", ".typ"),
        "scripts, styles, templates": lines(looks, ".js", ".css", ".html"),
        "tests": lines((ROOT / "tests").rglob("*"), ".py"),
    }


def report() -> str:
    """Return the table that "make count" prints."""
    found, code = parts(), cells()
    whole = sum(found.values()) - found["tests"]
    shown = [f"{name:28}{number:7,}" for name, number in found.items()]
    shown.insert(-1, f"{'together':28}{whole:7,}")
    shown.append(f"{len(code)} cells of code: median {median(code):g} lines, longest {max(code)}")
    return "\n".join(shown)
