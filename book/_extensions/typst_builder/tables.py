"""The grid of a printed table: which columns hold numbers, and how wide each is.

The longest word of a column is its least width, its longest text the most it can use, and what
is left of the page is shared by the mean length of the columns' texts. (Typst's own automatic
columns share it evenly, which breaks short words beside long texts.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import fsum  # sum() of floats differs from Python 3.12 on

from docutils import nodes

from .markup import NotPrintableError

NUMBER = re.compile(
    r"[<>≤≥≈~±]?\s?[-+−–]?\s?[$€£₽]?\s?\d[\d,\u00a0\u2009\u202f]*(?:\.(\d+))?(\s?(?:%|pp|x|×|[kmb]n?))?"
)
BLANK = re.compile(r"|[-–—−]|n/?a|n\.a\.|\.\.\.?|…", re.IGNORECASE)
PAGE, TEXT, TALL = 450.0, 330.0, 690.0  # points on A4: the width, the text column's, the height
SIZES = ((8.5, 4.5), (7.8, 3.6), (7.1, 3.0))  # points: type to try, space beside a cell's text
THIN, BROAD = set("fijlrt.,:;!|'’()[]-/I "), set("mwMW@%—")
LONG = 9.0  # em: longer words may be hyphenated; in heads, rather than set the table smaller, ...
SYLLABLES = 4.0  # ... already these


@dataclass
class Cell:
    """An entry of a table."""

    entry: nodes.entry
    stub: bool
    padding: str = ""  # digits to leave room for, so that decimal points align

    @property
    def text(self) -> str:
        """What the cell says."""
        return str(self.entry.astext())

    @property
    def side(self) -> str:
        """The side the author set the cell to, if any."""
        found = (re.fullmatch("text-(left|right|center)", name) for name in self.entry["classes"])
        return next((match[1] for match in found if match), "")


@dataclass(frozen=True)
class Plan:
    """Columns as Typst has them, and the type size of a table."""

    columns: list[str]
    size: float
    inset: float
    wide: bool  # wider than the text column
    hyphenate: bool  # some word is longer than its column
    ems: list[float]  # the width of each column's text, in em


@dataclass(frozen=True)
class Grid:
    """A table, row by row."""

    rows: list[list[Cell]]
    heads: int
    aligns: list[str]
    plan: Plan

    def lines(self, row: list[Cell]) -> int:
        """Guess how many lines the tallest cell of a row takes."""
        pairs = zip(row, self.plan.ems, strict=True)
        return max(int(em(cell.text) / max(width, 1)) + 1 for cell, width in pairs)

    @property
    def height(self) -> float:
        """Guess how tall the table is, in points."""
        return fsum(self.lines(row) * self.plan.size * 1.2 + 7 for row in self.rows)


def read(table: nodes.table) -> Grid:
    """Read a table and plan its columns.

    Raises:
        NotPrintableError: A cell spans several, or the table is too wide for the page.
    """
    stubs = [bool(spec.get("stub")) for spec in table.findall(nodes.colspec)]
    heads = sum(len(head.children) for head in table.findall(nodes.thead))
    rows = [
        [Cell(entry, stub and y >= heads) for entry, stub in zip(row, stubs, strict=False)]
        for y, row in enumerate(table.findall(nodes.row))
    ]
    if any(len(row) != len(stubs) for row in rows):
        raise NotPrintableError("cells that span rows or columns cannot be printed")
    aligns = []
    for column in zip(*rows[heads:], strict=True):
        texts = [cell.text for cell in column]
        numeric = is_numeric(texts)
        sides = [cell.side for cell in column if cell.side]
        aligns.append(sides[0] if sides else "right" if numeric else "left")
        if numeric and aligns[-1] == "right":
            for cell, padding in zip(column, decimal_padding(texts), strict=True):
                cell.padding = padding
    texts_of_rows = [[cell.text for cell in row] for row in rows]
    return Grid(rows, heads, aligns, plan(texts_of_rows, heads, "compact" in table["classes"]))


def is_numeric(texts: list[str]) -> bool:
    """Say whether all cells that hold something hold a number (and one does)."""
    filled = [text.strip() for text in texts if not BLANK.fullmatch(text.strip())]
    return bool(filled) and all(NUMBER.fullmatch(text) for text in filled)


def decimal_padding(texts: list[str]) -> list[str]:
    """Return, for each number, the digits to leave room for on its right.

    >>> decimal_padding(["1.25", "3", "12.5"])
    ['', '.00', '0']
    """
    found = [NUMBER.fullmatch(text.strip()) for text in texts]
    if len({(match[2] or "").strip() for match in found if match}) > 1:
        return [""] * len(texts)  # units of different width: no point would align
    places = [len(match[1] or "") if match else -1 for match in found]
    most = max(places)
    return ["" if n in (-1, most) else ("." if n == 0 else "") + "0" * (most - n) for n in places]


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
    for limit, (size, inset) in product((LONG, SYLLABLES), SIZES[compact:]):
        least = [_least(column, heads, limit) for column in columns]
        room = (PAGE - 2 * inset * len(columns)) / size
        if fsum(least) <= room:
            break
    else:
        need = fsum(least) * size + 2 * inset * len(columns)
        raise NotPrintableError(f"{len(columns)} columns need {need:.0f} points of {PAGE:g}")
    words = (word for column in columns for text in column for word in text.split())
    hyphenate = limit < LONG or any(em(word) > LONG for word in words)
    longest = [max(map(em, column)) + 0.3 for column in columns]
    most = list(map(max, least, longest))
    if not compact and fsum(most) <= 0.7 * room:
        wide = fsum(most) * size + 2 * inset * len(columns) > TEXT
        return Plan(["auto"] * len(most), size, inset, wide, hyphenate, most)
    ems = shared(least, most, [fsum(map(em, c)) / len(c) for c in columns], room)
    ems = [width * room / fsum(ems) for width in ems]
    widths = [f"{width * size + 2 * inset:.1f}fr" for width in ems]
    return Plan(widths, size, inset, True, hyphenate, ems)


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


def _least(column: tuple[str, ...], heads: int, limit: float) -> float:
    """Return the width of a column's longest word; those of heads break from the limit on."""
    limits = [limit if row < heads else LONG for row in range(len(column))]
    words = [
        (word, most) for text, most in zip(column, limits, strict=True) for word in text.split()
    ]
    return max([1.0, *(min(em(word), most) * 1.03 + 0.2 for word, most in words)])
