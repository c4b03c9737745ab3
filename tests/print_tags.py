"""What a PDF says to a reader with aids: its structure tags, each with its text, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pikepdf

HEX = re.compile(rb"<([0-9A-Fa-f]*)>")
BLOCK = re.compile(rb"begin(bfchar|bfrange)(.*?)end", re.DOTALL)
RANGE = re.compile(rb"<(\w+)>\s*<(\w+)>\s*(?:<(\w+)>|\[(.*?)\])", re.DOTALL)


@dataclass
class Tag:
    """An element of the structure tree."""

    kind: str
    alt: str = ""
    scope: str = ""
    parts: list[Tag | str] = field(default_factory=list)

    def walk(self, *kinds: str) -> Iterator[Tag]:
        """Yield this tag and those in it, in reading order; of the kinds, if any are given."""
        if not kinds or self.kind in kinds:
            yield self
        for part in self.parts:
            if isinstance(part, Tag):
                yield from part.walk(*kinds)

    def text_without(self, *kinds: str) -> str:
        """Return the text, without that of tags of some kinds."""
        texts = (p if isinstance(p, str) else p.text_without(*kinds) for p in self.parts)
        return "" if self.kind in kinds else "".join(texts)

    def pieces(self, *without: str) -> Iterator[str]:
        """Yield the runs of text between the borders of tags, without tags of some kinds."""
        run = ""
        for part in self.parts if self.kind not in without else []:
            if isinstance(part, str):
                run += part
            else:
                yield run
                run = ""
                yield from part.pieces(*without)
        yield run

    @cached_property
    def text(self) -> str:
        """All text in this tag."""
        return self.text_without()


def read(path: Path) -> Tag:
    """Read the structure tree of a PDF and put the text of its pages into it."""
    with pikepdf.open(path) as pdf:
        fonts: dict[tuple[int, int], dict[int, str]] = {}
        texts = {page.obj.objgen: marked(page, fonts) for page in pdf.pages}
        root = Tag("")
        grow(root, pdf.Root.StructTreeRoot, texts, None)
    return root


def grow(tag: Tag, element: Any, texts: dict[Any, dict[int, str]], page: Any) -> None:
    inner = element.get("/K", [])
    for kid in inner if isinstance(inner, pikepdf.Array) else [inner]:
        if not isinstance(kid, pikepdf.Dictionary):
            tag.parts.append(texts[page].get(int(kid), ""))
        elif "/S" in kid:
            given = kid.get("/A", [])
            scopes = [item.get("/Scope", "") for item in given] if len(given) else []
            child = Tag(str(kid.S)[1:], str(kid.get("/Alt", "")), "".join(map(str, scopes)))
            grow(child, kid, texts, kid.Pg.objgen if "/Pg" in kid else page)
            tag.parts.append(child)
        elif "/MCID" in kid:
            on = kid.Pg.objgen if "/Pg" in kid else page
            tag.parts.append(texts[on].get(int(kid.MCID), ""))


def marked(page: pikepdf.Page, fonts: dict[tuple[int, int], dict[int, str]]) -> dict[int, str]:
    """Return the text of each piece of marked content of a page."""
    found: dict[int, str] = {}
    within: list[tuple[int | None, bool]] = []  # number, and whether its text was given
    letters: dict[int, str] = {}
    own = page.resources.get("/Font", {})
    for operands, operator in pikepdf.parse_content_stream(page, "BDC BMC EMC Tf Tj TJ ' \""):
        name = str(operator)
        if name in ("BDC", "BMC"):
            here = operands[1] if name == "BDC" else {}
            number = int(here["/MCID"]) if "/MCID" in here else within[-1][0] if within else None
            given = "/ActualText" in here
            if given and number is not None:
                found[number] = found.get(number, "") + str(here["/ActualText"])
            within.append((number, given or bool(within and within[-1][1])))
        elif name == "EMC":
            within.pop()
        elif name == "Tf":
            font = own[operands[0]]
            if font.objgen not in fonts:
                fonts[font.objgen] = unicode(font)
            letters = fonts[font.objgen]
        elif within and within[-1][0] is not None and not within[-1][1]:
            strings = operands[0] if name == "TJ" else operands[-1:]
            data = b"".join(bytes(s) for s in strings if isinstance(s, pikepdf.String))
            pairs = zip(data[::2], data[1::2], strict=True)
            text = "".join(letters.get(high << 8 | low, "\ufffd") for high, low in pairs)
            found[within[-1][0]] = found.get(within[-1][0], "") + text
    return found


def unicode(font: Any) -> dict[int, str]:
    """Read a font's table of what its glyphs say."""

    def say(code: bytes, plus: int = 0) -> str:
        text = bytes.fromhex(code.decode()).decode("utf-16-be")
        return text[:-1] + chr(ord(text[-1]) + plus)

    found: dict[int, str] = {}
    for kind, block in BLOCK.findall(font.ToUnicode.read_bytes()):
        if kind == b"bfchar":
            codes = HEX.findall(block)
            found |= {int(a, 16): say(b) for a, b in zip(codes[::2], codes[1::2], strict=True)}
            continue
        for first, last, start, several in RANGE.findall(block):
            codes = HEX.findall(several)
            for n, glyph in enumerate(range(int(first, 16), int(last, 16) + 1)):
                found[glyph] = say(start, n) if start else say(codes[n])
    return found


def origins(page: pikepdf.Page) -> Iterator[tuple[float, float]]:
    """Yield where each piece of text of a page starts, in points from the lower left."""
    matrix, stack = pikepdf.Matrix(), []
    for operands, operator in pikepdf.parse_content_stream(page, "q Q cm Tm"):
        name = str(operator)
        if name == "q":
            stack.append(matrix)
        elif name == "Q":
            matrix = stack.pop()
        elif name == "cm":
            matrix = pikepdf.Matrix(*operands) @ matrix
        else:
            place = pikepdf.Matrix(*operands) @ matrix
            yield place.e, place.f
