"""The grid of a printed table: which columns hold numbers, and how wide each is.

Typst's own automatic columns share the space evenly once a table is too wide, which breaks
short words beside long texts. Here the longest word of a column is its least width, and
what is left goes to the columns that have the most to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from math import fsum  # sum() of floats differs from Python 3.12 on

from docutils import nodes

NUMBER = re.compile(
    r"[<>≤≥≈~±]?\s?[-+−–]?\s?[$€£₽]?\s?\d[\d,\u00a0\u2009\u202f]*(?:\.(\d+))?(\s?(?:%|pp|x|×|[kmb]n?))?"
)
BLANK = re.compile(r"|[-–—−]|n/?a|n\.a\.|\.\.\.?|…", re.IGNORECASE)
PORTRAIT, TURNED, TEXT = 450.0, 705.0, 330.0  # points: A4, A4 turned, the text column
TALL = 690.0  # points: the height of the text on A4
SIZES = ((8.5, 4.5), (7.8, 3.6), (7.1, 3.0))  # points: type to try, space beside a cell's text
THIN, BROAD = set("fijlrt.,:;!|'’()[]-/I \u200b"), set("mwMW@%—")


@dataclass
class Cell:
    """An entry of a table and its place."""

    entry: nodes.entry
    x: int
    across: int
    down: int
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
    """Columns as Typst has them, type size and page of a table."""

    columns: list[str]
    size: float
    inset: float
    turned: bool
    wide: bool  # wider than the text column
    hyphenate: bool  # some word is longer than its column
    ems: list[float]  # the width of each column's text, in em
    compact: bool  # rows close together


@dataclass(frozen=True)
class Grid:
    """A table, row by row."""

    rows: list[list[Cell]]
    heads: int
    aligns: list[str]
    plan: Plan

    def lines(self, row: list[Cell]) -> int:
        """Guess how many lines the tallest cell of a row takes."""
        ems = self.plan.ems
        return max((int(em(cell.text) / max(ems[cell.x], 1)) + 1 for cell in row), default=1)

    @property
    def height(self) -> float:
        """Guess how tall the table is, in points."""
        return fsum(self.lines(row) * self.plan.size * 1.2 + 7 for row in self.rows)


@lru_cache(maxsize=1024)  # asked for three times: by what floats, by its box, by itself
def read(table: nodes.table, nested: bool = False) -> Grid:
    """Place the entries of a table, spans counted, and plan its columns."""
    specs = list(table.findall(nodes.colspec))
    heads = sum(len(head.children) for head in table.findall(nodes.thead))
    rows: list[list[Cell]] = []
    taken: set[tuple[int, int]] = set()
    for y, row in enumerate(table.findall(nodes.row)):
        x, cells = 0, []
        for entry in row.findall(nodes.entry, descend=True):
            if entry.parent is not row:
                continue  # of a table in a cell
            while (y, x) in taken:
                x += 1
            across, down = entry.get("morecols", 0) + 1, entry.get("morerows", 0) + 1
            taken |= {(y + dy, x + dx) for dy in range(down) for dx in range(across)}
            cells.append(Cell(entry, x, across, down, y >= heads and bool(specs[x].get("stub"))))
            x += across
        rows.append(cells)
    aligns = []
    for x in range(len(specs)):
        column = [cell for row in rows[heads:] for cell in row if cell.x == x]
        texts = [cell.text for cell in column]
        numeric = is_numeric(texts)
        sides = [cell.side for cell in column if cell.side]
        aligns.append(sides[0] if sides else "right" if numeric else "left")
        if numeric and aligns[x] == "right":
            for cell, padding in zip(column, decimal_padding(texts), strict=True):
                cell.padding = padding
    grid = [[_text_at(row, x) for x in range(len(specs))] for row in rows]
    shares = [float(spec.get("colwidth", 1)) for spec in specs]
    compact = "compact" in table["classes"]
    given = shares if "colwidths-given" in table["classes"] and not compact else None
    turn = bool({"landscape", "turned"} & set(table["classes"]))
    plans = [plan(grid, heads, None, turn, nested, compact)]
    if given:  # the author's widths, unless others save a good part of the height
        plans.insert(0, plan(grid, heads, given, turn, nested, compact))
    grids = [Grid(rows, heads, aligns, tried) for tried in plans]
    return grids[-1] if 1.1 * grids[-1].height < grids[0].height else grids[0]


def _text_at(row: list[Cell], x: int) -> str:
    return next((cell.text for cell in row if cell.x == x and cell.across == 1), "")


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


def plan(
    rows: list[list[str]],
    heads: int = 0,
    given: list[float] | None = None,
    turn: bool = False,
    nested: bool = False,
    compact: bool = False,
) -> Plan:
    """Choose column widths, type size and orientation for the texts of a table.

    Args:
        rows: The text of every cell, header rows first.
        heads: How many rows are header rows; long words in them may be hyphenated.
        given: The author's relative widths.
        turn: The author wants a turned page.
        nested: The table stands in a list or box, where there is less room and no turning.
        compact: The table is set small, as wide as the page.
    """
    columns = range(len(rows[0]))
    body = [max((_word(row[x], 9.0) for row in rows[heads:]), default=1.0) for x in columns]
    strict, loose = (
        [max([low, *(_word(row[x], limit) for row in rows[:heads])]) for x, low in enumerate(body)]
        for limit in (9.0, 4.0)
    )
    pages = [TEXT] if nested else [TURNED] if turn else [PORTRAIT, TURNED]
    for page, least, (size, inset) in (
        (page, least, size)
        for page in pages
        for least in (strict, loose)
        for size in SIZES[compact:]
    ):
        room = (page - 2 * inset * len(columns)) / size
        if fsum(least) <= room:
            break
    hyphenate = least is loose or any(
        em(word) > 9.0 for row in rows for text in row for word in text.split()
    )
    most = [max([least[x], *(em(row[x]) + 0.3 for row in rows)]) for x in columns]
    if given is None and not compact and fsum(most) <= 0.7 * room:
        wide = fsum(most) * size + 2 * inset * len(columns) > TEXT
        return Plan(
            ["auto"] * len(most), size, inset, page == TURNED, wide, hyphenate, most, compact
        )
    if given is not None:
        ems = [max(least[x], room * given[x] / fsum(given)) for x in columns]
    else:
        ems = shared(least, most, room)
    ems = [width * room / fsum(ems) for width in ems]
    widths = [f"{width * size + 2 * inset:.1f}fr" for width in ems]
    return Plan(widths, size, inset, page == TURNED, True, hyphenate, ems, compact)


def shared(least: list[float], most: list[float], room: float) -> list[float]:
    """Share the room: short columns get what they need, long ones by the root of their length.

    >>> [round(width) for width in shared([2, 5, 5], [4, 100, 400], 64)]
    [4, 20, 40]
    """
    low, high = 0.0, max(most) ** 0.5
    for _ in range(40):
        scale = (low + high) / 2
        widths = [
            min(max(floor, scale * top**0.5), top) for floor, top in zip(least, most, strict=True)
        ]
        low, high = (scale, high) if fsum(widths) < room else (low, scale)
    return widths


def _word(text: str, limit: float) -> float:
    """Return the width of the longest word, or the limit from where it may be broken."""
    words = re.split(r"[\s\u200b]+", text)
    return min(max(em(word) for word in words), limit) * 1.03 + 0.2
