"""From a Typst project to the bytes of a PDF: the compiler, then what it cannot do itself.

This file is also the program that ``typeset`` runs.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pikepdf
import typst
from sphinx.errors import SphinxError

STANDARDS: Any = ["ua-1", "a-2a"]
VERSIONS = [module.__version__.encode() for module in (typst, pikepdf)]
VERSIONS += [pikepdf.__libqpdf_version__.encode()]  # may be the system's, not the wheel's


class TypstError(SphinxError):
    """The book cannot be printed; the message lists every reason."""

    category = "Typst error"


def kept(folder: Path, make: Callable[[], bytes], made_of: Iterable[bytes]) -> bytes:
    """Return what is made of these bytes: once made, it lies in the folder under their digest.

    It cannot be out of date; and before it lies its own digest, so what was damaged there, or is
    half written by a program that was ended or is at work, is made anew.
    """
    digests = (hashlib.sha256(part).digest() for part in made_of)
    place = folder / hashlib.sha256(b"".join(digests)).hexdigest()
    with suppress(OSError):
        digest, made = (raw := place.read_bytes())[:32], raw[32:]
        if hashlib.sha256(made).digest() == digest:
            place.touch()  # so that what nothing uses any more can be told
            return made
    made = make()
    folder.mkdir(parents=True, exist_ok=True)
    place.write_bytes(hashlib.sha256(made).digest() + made)
    return made


def typeset(project: Path, folder: Path) -> bytes:
    """Make the PDF of a project with ``main.typ``, or take one that is kept in the folder.

    It is made in a process of its own, as the compiler needs about 4 MB of memory a page.

    Raises:
        TypstError: The compiler refuses the project, or has a warning.
    """
    files = [Path(__file__), *(path for path in sorted(project.rglob("*")) if path.is_file())]
    named = (part for path in files for part in (path.name.encode(), path.read_bytes()))

    def make() -> bytes:
        program = [sys.executable, "-P", "-X", "utf8", __file__, str(project)]
        done = subprocess.run(program, capture_output=True, check=False)  # noqa: S603
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise TypstError(said or f"the compiler was ended (status {done.returncode})")
        return done.stdout

    return kept(folder, make, [*VERSIONS, *named])


def compiled(project: Path) -> bytes:
    """Compile the project, no font of this machine, no clock; or end the program and say why."""
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
        sys.exit(error.diagnostic or error.message)
    if warnings:
        sys.exit("; ".join(warning.message for warning in warnings))
    return bytes(pdf)


def finished(pdf: bytes) -> bytes:
    """Tag the row headers; pack the objects of the tags into streams: a third of the size."""
    packed = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        tag_row_headers(document)
        streams = pikepdf.ObjectStreamMode.generate
        document.save(packed, object_stream_mode=streams, deterministic_id=True)
    # Where a stream's last byte is a CR, CR LF would read as one end of line: its length is wrong.
    return packed.getvalue().replace(b"\r\nendstream", b"\r\rendstream")


def tag_row_headers(document: pikepdf.Pdf) -> None:
    """Make headers of the cells that open a row and are all strong, as stubs are printed.

    The wheel's Typst can only tag the headers of columns. It lists them cell by cell, which
    would leave the new ones out: without the lists, the scope of each header says it.
    """
    found = [item for item in document.objects if isinstance(item, pikepdf.Dictionary)]
    rows = [item for item in found if item.get("/S") == "/TR"]
    stubs = [row.K[0] for row in rows if row.K[0].S == "/TD" and is_strong(row.K[0])]
    for cell in stubs:
        cell.S, attributes(cell).Scope = pikepdf.Name.TH, pikepdf.Name.Row
    tables = {cell.P.P.P.objgen for cell in stubs}  # around the row and the body it is in
    for cell in (cell for row in rows if row.P.P.objgen in tables for cell in row.K):
        if "/Headers" in attributes(cell):
            del attributes(cell).Headers


def attributes(cell: Any) -> Any:
    """Return what a cell's tag says about the table."""
    return next(item for item in cell.A if item.O == "/Table")


def is_strong(tag: Any) -> bool:
    """Say whether a tag is strong, or a cell or link in which all is; so is a link's place."""
    if not isinstance(tag, pikepdf.Dictionary):  # the number of a piece of text
        return False
    kind = tag.get("/S", tag.get("/Type"))
    if kind in ("/TD", "/Link"):
        return "/K" in tag and all(map(is_strong, tag.K))
    return kind in ("/Strong", "/OBJR")


if __name__ == "__main__":
    sys.stdout.buffer.write(finished(compiled(Path(sys.argv[1]))))
