"""From a Typst project to the bytes of a PDF: the compiler, then what it cannot do itself."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pikepdf
import typst
from sphinx.errors import SphinxError

STANDARDS: Any = ["ua-1", "a-2a"]
MISSING_GLYPH = re.compile(r'the (?:text|PDF contains the codepoint) `"(.+?)"`')


class TypstError(SphinxError):
    """The book cannot be printed; the message lists every reason."""

    category = "Typst error"
    letters: frozenset[str] = frozenset()  # that no font has


def typeset(project: Path) -> bytes:
    """Make the PDF of a folder with ``main.typ``: no font of this machine, no clock.

    Raises:
        TypstError: The compiler refuses the project, or has a warning.
    """
    try:
        pdf, warnings = typst.compile_with_warnings(
            str(project / "main.typ"),
            root=str(project),
            font_paths=[str(project / "fonts")],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=STANDARDS,
            timestamp=0,
        )
    except typst.TypstError as error:
        problem = TypstError(error.diagnostic or error.message)
        unknown = MISSING_GLYPH.findall(str(problem))
        plain = (re.sub(r"\\u\{(\w+)\}", lambda c: chr(int(c[1], 16)), text) for text in unknown)
        problem.letters = frozenset(plain)
        raise problem from error
    if warnings:
        raise TypstError("; ".join(warning.message for warning in warnings))
    return finished(bytes(pdf))


def typeset_apart(project: Path) -> bytes:
    """Do the same in a process of its own: the compiler needs 4 MB of memory a page."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(typeset, project).result()


def finished(pdf: bytes) -> bytes:
    """Tag the row headers; pack the objects of the tags into streams: a third of the size."""
    packed = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for tag in tags(document.Root.StructTreeRoot):
            if tag.S == "/Table":
                tag_row_headers(tag)
        streams = pikepdf.ObjectStreamMode.generate
        document.save(packed, object_stream_mode=streams, deterministic_id=True)
    # Where a stream's last byte is a CR, CR LF would read as one end of line: its length is wrong.
    return packed.getvalue().replace(b"\r\nendstream", b"\r\rendstream")


def kids(tag: Any) -> list[Any]:
    """Return what stands directly in a tag, without annotations: tags, or numbers of content."""
    inner = tag.get("/K", [])
    found = list(inner) if isinstance(inner, pikepdf.Array) else [inner]
    return [kid for kid in found if not isinstance(kid, pikepdf.Dictionary) or "/S" in kid]


def tags(parent: Any) -> Iterator[Any]:
    """Walk the structure tree in reading order."""
    for kid in kids(parent):
        if isinstance(kid, pikepdf.Dictionary):
            yield kid
            yield from tags(kid)


def attributes(cell: Any) -> Any:
    """Return what a cell's tag says about the table."""
    given = cell.A if isinstance(cell.A, pikepdf.Array) else [cell.A]
    return next(item for item in given if item.O == "/Table")


def is_strong(tag: Any) -> bool:
    """Say whether all text in a tag is strong, as a link may be that is."""
    inner = kids(tag)
    return bool(inner) and all(
        isinstance(kid, pikepdf.Dictionary)
        and (kid.S == "/Strong" or (kid.S == "/Link" and is_strong(kid)))
        for kid in inner
    )


def tag_row_headers(table: Any) -> None:
    """Make headers of the cells that open a row and are all strong, as stubs are printed.

    The wheel's Typst can only tag the headers of columns. It lists them cell by cell, which
    would leave the new ones out: without the lists, the scope of each header says it.
    """
    rows = [list(tags(row)) for row in tags(table) if row.S == "/TR"]
    stubs = [first for first, *_ in rows if first.S == "/TD" and is_strong(first)]
    for cell in stubs:
        cell.S, attributes(cell).Scope = pikepdf.Name.TH, pikepdf.Name.Row
    for cell in tags(table) if stubs else ():
        if cell.S in ("/TH", "/TD") and "/Headers" in attributes(cell):
            del attributes(cell).Headers
