"""What a cell of a table sorts by: the moment, number or text that its words stand for."""

from __future__ import annotations

import re

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
#: Words before a quantity or date that say how exact it is; they do not change its place.
_HEDGES = re.compile(
    r"^(?:(?:about|around|roughly|nearly|almost|approximately|circa|ca?\.|some|over|under|only|"
    r"(?:more|less|fewer) than|at (?:least|most)|up to|from|since|until|till|to|by|before|after|"
    r"early|mid|late|in|end of)[ -]+|[~≈<>≥≤±]\s*)+",
    re.I,
)
_ISO = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?(?!\d)")
_DATE = re.compile(rf"(?:(\d{{1,2}})(?:[–-]\d{{1,2}})?\s+)?({'|'.join(_MONTHS)})[a-z]*\b\.?", re.I)
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_NUMBER = re.compile(
    r"([−-]?)\s*(?:(?:USD|EUR|RUB|[$€£₽]|US\$)\s*)?([−-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?"
    r"(?:\s*(thousand|million|billion|trillion|mn|bn|tn)\b)?"
)
_SCALES = {"th": 1e3, "mi": 1e6, "mn": 1e6, "bi": 1e9, "bn": 1e9, "tr": 1e12, "tn": 1e12}
_MISSING = {"", "–", "—", "−", "-", "n/a"}


def sort_key(text: str) -> float | str | None:
    """Return what a cell's text sorts by.

    Returns:
        A number for a quantity ("about 1,200", "−3.5 %", "USD 2 billion") and for a moment, as
        its year and part of the year ("2010", "8 April 2010", "Dec 2021", "2010-04-08"); of a
        range ("2016 to 2019", "2021–22") its beginning. None for a missing value, which comes
        last in both directions. The text itself for all else.
    """
    text = " ".join(text.split())
    if text in _MISSING:
        return None
    bare = _HEDGES.sub("", text)
    if found := _ISO.match(bare):
        return _moment(*found.groups())
    if found := _DATE.match(bare):
        day, month = found.groups()
        if year := _YEAR.search(bare, found.end()):
            number = _MONTHS.index(month.lower()) + 1
            return _moment(year[1], str(number), day)
    elif found := _NUMBER.match(bare):
        sign, inner, whole, rest, scale = found.groups()
        value = float(whole.replace(",", "") + (rest or "")) * _SCALES.get((scale or "")[:2], 1)
        return -value if sign or inner else value
    return text


def _moment(year: str, month: str, day: str | None) -> float:
    """Return year, month and day as one number; a month stands at its first day."""
    return round(int(year) + (int(month) - 1) / 12 + (int(day or 1) - 1) / 372, 5)
