"""How wide the columns of a printed table are, and which of them hold numbers.

Typst's own automatic columns share the space evenly once a table is too wide, which breaks
short words beside long texts. Here the longest word of a column is its least width, and
what is left goes to the columns that have the most to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER = re.compile(
    r"^[<>≤≥≈~±]?\s?[-+−–]?\s?[$€£₽]?\s?\d[\d,   ]*(?:\.(\d+))?(\s?(?:%|pp|x|×|[kmb]n?))?$"
)
BLANK = re.compile(r"^(?:|[-–—−]|n/?a|n\.a\.|\.\.\.?|…)$", re.IGNORECASE)
YEAR = re.compile(r"^(1[5-9]|20)\d\d$")

PORTRAIT, TURNED, TEXT = 450.0, 705.0, 330.0  # points: A4 between its margins, turned, text column
THIN, BROAD = set("fijlrt.,:;!|'’()[]-/I \u200b"), set("mwMW@%—")
SIZES = ((8.5, 4.5), (7.8, 3.6), (7.1, 3.0))  # points: type to try, and space beside a cell's text


@dataclass(frozen=True)
class Layout:
    """What the translator writes at the head of a table."""

    columns: list[str]
    size: float
    inset: float
    turned: bool
    wide: bool  # wider than the text column
    hyphenate: bool  # some word is longer than its column
    ems: list[float]  # the width of each column's text, in em


def em(text: str) -> float:
    """Guess the width of a text in a sans serif face."""
    return sum(
        0.28 if c in THIN else 0.82 if c in BROAD else 0.6 if c.isupper() else 0.51 for c in text
    )


def numeric_column(cells: list[str]) -> bool:
    """Say whether every cell that holds something holds a number (and one does)."""
    filled = [cell.strip() for cell in cells if not BLANK.match(cell.strip())]
    return bool(filled) and all(NUMBER.match(cell) for cell in filled)


def decimal_padding(cells: list[str]) -> list[str]:
    """Return, for each cell of a numeric column, the digits to leave room for on its right.

    >>> decimal_padding(["1.25", "3", "12.5"])
    ['', '.00', '0']
    """
    matches = [NUMBER.match(cell.strip()) for cell in cells]
    if len({(m[2] or "").strip() for m in matches if m}) > 1:
        return [""] * len(cells)
    places = [len(m[1] or "") if m else 0 for m in matches]
    most = max(places, default=0)
    return [
        "" if not m or n == most else ("." if n == 0 else "") + "0" * (most - n)
        for m, n in zip(matches, places, strict=True)
    ]


def plan(
    rows: list[list[str]],
    heads: int = 0,
    given: list[float] | None = None,
    turn: bool = False,
    nested: bool = False,
) -> Layout:
    """Choose column widths, type size and orientation for the texts of a table.

    Args:
        rows: The text of every cell, header rows first.
        heads: How many rows are header rows; long words in them may be hyphenated.
        given: The author's relative widths.
        turn: The author wants a turned page.
        nested: The table stands in a list or box, where there is less room and no turning.
    """
    count = len(rows[0])
    body = [max((_word(row[i], 9.0) for row in rows[heads:]), default=1.0) for i in range(count)]
    strict = [
        max([low, *(_word(row[i], 9.0) for row in rows[:heads])]) for i, low in enumerate(body)
    ]
    loose = [
        max([low, *(_word(row[i], 4.0) for row in rows[:heads])]) for i, low in enumerate(body)
    ]
    widths = [TEXT] if nested else [TURNED] if turn else [PORTRAIT, TURNED]
    for width, (size, inset), least in [
        (w, s, low) for w in widths for low in (strict, loose) for s in SIZES
    ]:
        room = (width - 2 * inset * count) / size
        if sum(least) <= room:
            break
    longest = max((em(word) for row in rows for text in row for word in text.split()), default=0)
    hyphenate = least is loose or longest > 9.0
    most = [max([low, *(em(row[i]) + 0.3 for row in rows)]) for i, low in enumerate(least)]
    turned = width == TURNED
    if given is None and sum(most) <= 0.7 * room:
        wide = sum(most) * size + 2 * inset * count > TEXT
        return Layout(["auto"] * count, size, inset, turned, wide, hyphenate, most)
    if given is not None:
        ems = [max(low, room * share / sum(given)) for low, share in zip(least, given, strict=True)]
    else:
        wishes = [min(high, 30 + max(high - 30, 0) ** 0.5) for high in most]
        spare, wanted = max(room - sum(least), 0), sum(wishes) - sum(least)
        share = min(spare / wanted, 1) if wanted else 0
        ems = [low + share * (wish - low) for low, wish in zip(least, wishes, strict=True)]
    columns = [f"{value * size + 2 * inset:.1f}fr" for value in ems]
    return Layout(columns, size, inset, turned, True, hyphenate, ems)


def lines(texts: list[str], ems: list[float]) -> int:
    """Guess how many lines the tallest cell of a row takes."""
    return max(
        (int(em(text) / max(width, 1)) + 1 for text, width in zip(texts, ems, strict=True)),
        default=1,
    )


def _word(text: str, limit: float) -> float:
    """Return the width of the longest word, or the limit from where it may be broken."""
    return (
        min(max((em(word) for word in re.split(r"[\s\u200b]+", text)), default=1.0), limit) * 1.03
        + 0.2
    )
