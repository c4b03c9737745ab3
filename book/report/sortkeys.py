"""What a cell of a table sorts by: the moment, number or text that its words stand for."""

from __future__ import annotations

import re

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    "sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
#: Words before a quantity or date that say how exact it is; they do not change its place.
_HEDGES = re.compile(
    r"^(?:(?:about|around|roughly|nearly|almost|approximately|circa|ca?\.|some|over|under|only|"
    r"(?:more|less|fewer) than|at (?:least|most)|as (?:many|much|few) as|up to|from|since|until|"
    r"till|to|by|before|after|early|mid|late|in|end of)[ -]+|[~≈<>≥≤±+]\s*)+",
    re.I,
)
_ISO = re.compile(r"(\d{4})-(\d\d|Q[1-4])(?:-(\d\d))?(?!\d)")
#: A day and month, as "24", "3–5" and "8 Jun."; then nothing but such until the year.
_DAY = r"\d{1,2}(?:st|nd|rd|th)?(?!\d)"
_DATE = re.compile(
    rf"(?:({_DAY})(?:[–-]{_DAY})?\s+)?({_MONTH})\b\.?(?:\s+({_DAY}),)?"
    rf"(?:[\s,–-]|\bto\b|\band\b|{_DAY}|(?:{_MONTH})\b\.?)*(?<!\d)(\d{{4}})(?!\d)",
    re.I,
)
_NUMBER = re.compile(
    r"([−–‑-]?)\s*(?:(?:USD|EUR|RUB|[$€£₽]|US\$)\s*)?([−–‑-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?"
    r"(?:\s*(?:[–-]|to\b)\s*[\d.,]+)?"
    r"(?:\s*(?:USD|EUR|RUB)?\s*(thousand|million|billion|trillion|mn|bn|tn)\b)?"
)
_SCALES = {"th": 1e3, "mi": 1e6, "mn": 1e6, "bi": 1e9, "bn": 1e9, "tr": 1e12, "tn": 1e12}
_MISSING = {"", "–", "—", "−", "-", "n/a"}


def sort_key(text: str) -> float | str | None:
    """Return what a cell's text sorts by.

    Returns:
        A number for a quantity ("about 1,200", "−3.5 %", "USD 2 to 3 billion") and for a moment,
        as its year and part of the year ("2010", "8 April 2010", "2025-Q4", "2010-04-08"); of a
        range ("2016 to 2019", "2021–22") its beginning. None for a missing value, which comes
        last in both directions. The text itself for all else.
    """
    text = " ".join(text.split())
    if text in _MISSING:
        return None
    bare = _HEDGES.sub("", text)
    if found := _ISO.match(bare):
        year, part, day = found.groups()
        return _moment(year, 3 * int(part[1]) - 2 if part[0] == "Q" else int(part), day)
    if found := _DATE.match(bare):
        before, month, after, year = found.groups()
        return _moment(year, _MONTHS.index(month[:3].lower()) + 1, before or after)
    if found := _NUMBER.match(bare):
        sign, inner, whole, rest, scale = found.groups()
        value = float(whole.replace(",", "") + (rest or "")) * _SCALES.get((scale or "")[:2], 1)
        return -value if sign or inner else value
    return text


def _moment(year: str, month: int, day: str | None) -> float:
    """Return year, month and day as one number; a month stands at its first day."""
    first = int(re.sub(r"\D", "", day or "1"))
    return round(int(year) + (month - 1) / 12 + (first - 1) / 372, 5)
