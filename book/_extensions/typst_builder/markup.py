"""Typst markup for Python values: text goes in as string literals, so none becomes code."""

from __future__ import annotations

import json
import re

#: Controls (but tab and line feed), halves of surrogate pairs, non-characters: no PDF shows them.
UNPRINTABLE = dict.fromkeys(
    [*range(9), *range(11, 32), *range(127, 160), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF]
)
TOGETHER = re.compile(r"((?<![\w-])[A-Z]\d*-[A-Z]\d+(?![\w-]))")  # codes such as S1-B2


class NotPrintableError(Exception):
    """Something of the book has no form in print; the message says what."""


class Code(str):
    """Typst code, where a plain string would be text."""


def literal(text: str) -> str:
    r"""Write text as a Typst string, in which nothing is code.

    >>> print(literal('#read("x") \\ $'))
    "#read(\"x\") \\ $"
    """
    return json.dumps(text.translate(UNPRINTABLE), ensure_ascii=False)  # its escapes are Typst's


def value(given: object) -> str:
    """Write a Python value as Typst code; only ``Code`` goes through as it is."""
    if isinstance(given, Code):
        return given
    if isinstance(given, str):
        return literal(given)
    if isinstance(given, list | tuple):
        return f"({''.join(f'{value(item)}, ' for item in given)})"
    return str(given).lower()  # none, true, false, or a number


def call(function: str, *arguments: object, body: str | None = None, **options: object) -> str:
    """Write a call of a Typst function.

    >>> call("heading", body='#"Text"', level=2, numbering=None)
    '#heading(level: 2, numbering: none)[#"Text"]'
    """
    parts = [*map(value, arguments), *(f"{key}: {value(item)}" for key, item in options.items())]
    brackets = f"({', '.join(parts)})" if parts or body is None else ""
    return f"#{function}{brackets}{'' if body is None else f'[{body}]'}"


def content(markup: str) -> Code:
    """Write markup as an argument of a call."""
    return Code(f"[{markup}]")


def breakable(text: str, limit: int) -> str:
    """Write text as Typst, where words longer than ``limit`` may break, best at punctuation.

    The breaks (``name`` in the template) are spaces of no width, not characters: who searches
    the PDF or copies from it finds the text alone (typst issue 6914).

    >>> breakable("in arms_control", 8)
    '#"in "#name("arms_", "control")'
    """
    # A break after punctuation; else after so many letters, unless fewer than four would follow.
    cut, found = re.compile(rf".{{{limit}}}(?=.{{4}})|.+"), []
    for n, part in enumerate(re.split(rf"(\S{{{limit + 1},}})", text.translate(UNPRINTABLE))):
        if n % 2 and not part.startswith(("http://", "https://")):  # Typst knows how to break these
            pieces = re.split(r"(?<=[/_.\-:=&])(?=\w)", part)
            found.append(call("name", *(word for piece in pieces for word in cut.findall(piece))))
        else:  # every second piece is a code
            codes = enumerate(TOGETHER.split(part))
            found += [("#box[#{}]" if k % 2 else "#{}").format(literal(p)) for k, p in codes if p]
    return "".join(found)
