"""The grid of a printed table: how wide each column is, and which type to set it in.

The longest word of a column is its least width, its longest text the most it can use, and what
is left of the page is shared by the mean length of the columns' texts. (Typst's own automatic
columns share it evenly, which breaks short words beside long texts.) Type gets smaller only
where the table, measured by that type, is lower by a tenth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import fsum  # sum() of floats differs from Python 3.12 on

from .markup import NotPrintableError

HYPHEN = re.compile(r"(?<=\w-)(?=[^\W\d])")  # lines may break there
PAGE, TEXT = 458.0, 366.0  # points on A4: the width, that of the text column
SIZES = ((8.5, 4.5), (7.8, 3.6), (7.1, 3.0))  # points: type, space at both sides of a cell's text
THIN, BROAD = set("fijlrt.,:;!|'’()[]-/I "), set("mwMW@%—")
SHORT, COMPOUND = 8.0, 6.0  # em: texts not broken if there is room; words not broken at hyphens
LONG, SYLLABLES = 9.0, 4.0  # em: longer words may be hyphenated; in heads if need be these
NAME = 13.0  # em: names of files and the like are found if they stand on one line


@dataclass(frozen=True)
class Plan:
    """Columns as Typst has them, the type size, and what comes of it."""

    columns: list[str]
    size: float
    inset: float
    wide: bool  # wider than the text column
    hyphenate: str  # where some word is longer than its column: "none", "heads" or "all"
    ems: list[float]  # the width of each column's text, in em
    lines: list[int]  # a guess of how many each row takes

    @property
    def height(self) -> float:
        """Guess how tall the table is, in points."""
        return fsum(lines * self.size * 1.2 + 7 for lines in self.lines)


@lru_cache(maxsize=100_000)
def em(text: str) -> float:
    """Guess the width of a text in a sans serif face."""
    return fsum(
        0.28 if c in THIN else 0.82 if c in BROAD else 0.6 if c.isupper() else 0.51 for c in text
    )


def plan(rows: list[list[str]], heads: int = 0, compact: bool = False) -> Plan:
    """Choose column widths and type size for the texts of a table.

    Args:
        rows: The text of every cell, header rows first.
        heads: How many rows are header rows.
        compact: The table is set small, as wide as the page.

    Raises:
        NotPrintableError: The table is too wide for the page even in the smallest type.
    """
    columns = list(zip(*rows, strict=True))
    means = [fsum(map(em, texts)) / len(texts) for texts in columns]
    long = [any(em(word) > LONG for text in row for word in text.split()) for row in rows]
    plans: list[Plan] = []
    for short, limit in product((SHORT, 0), (LONG, SYLLABLES)):
        least = [_least(texts, heads, limit, short) for texts in columns]
        most = [max(low, *map(em, c)) + 0.3 for low, c in zip(least, columns, strict=True)]
        broken = "all" if any(long[heads:]) else "heads" if any(long) or limit < LONG else "none"
        for size, inset in SIZES[compact:]:
            room = (PAGE - 2 * inset * len(columns)) / size
            if fsum(least) > room:
                continue
            ems, as_needed = most, not compact and fsum(most) <= 0.7 * room
            if not as_needed:
                ems = shared(least, most, means, room)
                ems = [width * room / fsum(ems) for width in ems]
            points = [width * size + 2 * inset for width in ems]
            widths = ["auto" if as_needed else f"{width:.1f}fr" for width in points]
            lines = [_lines(row, ems) for row in rows]
            plans.append(Plan(widths, size, inset, fsum(points) > TEXT, broken, ems, lines))
    if not plans:
        need = fsum(least) * size + 2 * inset * len(columns)
        raise NotPrintableError(f"{len(columns)} columns need {need:.0f} points of {PAGE:g}")
    costs = [plan.height / plan.size**2 for plan in plans]
    return next(plan for plan, cost in zip(plans, costs, strict=True) if cost <= 1.1 * min(costs))


def shared(least: list[float], most: list[float], means: list[float], room: float) -> list[float]:
    """Share the room in proportion to the means, within the least and the most of each column.

    >>> [round(width) for width in shared([2, 5, 5], [4, 100, 400], [3, 50, 100], 64)]
    [2, 21, 41]
    """
    bounds = list(zip(least, means, most, strict=True))
    low, high = 0.0, max(top / max(mean, 0.01) for _, mean, top in bounds)
    for _ in range(60):
        scale = (low + high) / 2
        widths = [min(max(floor, scale * mean), top) for floor, mean, top in bounds]
        low, high = (scale, high) if fsum(widths) < room else (low, scale)
    return widths


def _lines(row: list[str], ems: list[float]) -> int:
    """Guess how many lines a row takes."""
    pairs = zip(row, ems, strict=True)
    return max(int(em(text) / width) + 1 for text, width in pairs)


def _least(column: tuple[str, ...], heads: int, limit: float, short: float = 0) -> float:
    """Return the width of a column's longest word, or of its texts, if all are short.

    Words of heads break from the limit on.
    """
    longest = max(map(em, column[heads:]), default=0)
    found = [1.0, longest * 1.03 + 0.2 if longest <= short else 0]
    for row, text in enumerate(column):
        for word in text.split():
            parts = HYPHEN.split(word) if em(word) > COMPOUND else [word]
            most = limit if row < heads else NAME if short else LONG
            found.append(min(max(map(em, parts)), most) * 1.03 + 0.2)
    return max(found)
