"""What a PDF says to a reader with aids: its structure tags, each with its text, in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Matrix, Page, String

#: What the glyphs of each font say, by the font's object.
Fonts = dict[tuple[int, int], dict[int, str]]


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

    def text_without(self, *kinds: str) -> str:
        """Return the text, without that of tags of some kinds."""
        return "".join(self.pieces(*kinds))

    @cached_property
    def text(self) -> str:
        """All text in this tag."""
        return self.text_without()


def read(path: Path) -> Tag:
    """Read the structure tree of a PDF and put the text of its pages into it."""
    with pikepdf.open(path) as pdf:
        found = [o for o in pdf.objects if isinstance(o, Dictionary) and "/ToUnicode" in o]
        fonts = {font.objgen: letters(font) for font in found}
        texts = {page.obj.objgen: marked(page, fonts) for page in pdf.pages}
        root = Tag("")
        grow(root, pdf.Root.StructTreeRoot, texts, None)
    return root


def letters(font: Any) -> dict[int, str]:
    """Read a font's table of what its glyphs say; its syntax is that of a page."""
    found = {}
    for codes, _ in pikepdf.parse_content_stream(font.ToUnicode, "endbfchar"):
        for glyph, says in zip(codes[::2], codes[1::2], strict=True):
            found[int.from_bytes(bytes(glyph))] = bytes(says).decode("utf-16-be")
    return found


def marked(page: Page, fonts: Fonts) -> dict[int, str]:
    """Return the text of each piece of marked content of a page, by its number."""
    found: dict[int, str] = defaultdict(str)
    within = [(-1, False)]  # of each open piece: its number, and whether its text was given
    for operands, operator in pikepdf.parse_content_stream(page, "BDC BMC EMC Tf Tj TJ"):
        number, given = within[-1]
        match str(operator):
            case "BDC" | "BMC":
                here = operands[1] if len(operands) == 2 else {}
                number = int(here["/MCID"]) if "/MCID" in here else number
                if "/ActualText" in here:
                    found[number] += str(here["/ActualText"])
                within.append((number, given or "/ActualText" in here))
            case "EMC":
                within.pop()
            case "Tf":
                font = fonts[page.resources.Font[operands[0]].objgen]
            case _ if not given:
                strings = operands[0] if isinstance(operands[0], Array) else operands
                data = b"".join(bytes(s) for s in strings if isinstance(s, String))
                glyphs = zip(data[::2], data[1::2], strict=True)
                found[number] += "".join(font.get(a << 8 | b, "\ufffd") for a, b in glyphs)
    return found


def grow(tag: Tag, element: Any, texts: dict[Any, dict[int, str]], page: Any) -> None:
    """Add to a tag what its element of the tree holds: other tags, and pieces of a page."""
    inner = element.get("/K", [])
    for kid in inner if isinstance(inner, Array) else [inner]:
        if not isinstance(kid, Dictionary):
            tag.parts.append(texts[page].get(int(kid), ""))
            continue
        on = kid.Pg.objgen if "/Pg" in kid else page
        if "/S" in kid:
            scopes = [str(item.get("/Scope", "")) for item in kid.get("/A", [])]
            child = Tag(str(kid.S)[1:], str(kid.get("/Alt", "")), "".join(scopes))
            grow(child, kid, texts, on)
            tag.parts.append(child)
        elif "/MCID" in kid:
            tag.parts.append(texts[on].get(int(kid.MCID), ""))


def origins(page: Page) -> Iterator[tuple[float, float]]:
    """Yield where each piece of text of a page starts, in points from the lower left."""
    matrix, stack = Matrix(), []
    for operands, operator in pikepdf.parse_content_stream(page, "q Q cm Tm"):
        match str(operator):
            case "q":
                stack.append(matrix)
            case "Q":
                matrix = stack.pop()
            case "cm":
                matrix = Matrix(*operands) @ matrix
            case "Tm":
                place = Matrix(*operands) @ matrix
                yield place.e, place.f
