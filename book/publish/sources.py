"""What the book is made from, and whether the published one was made from exactly that.

Nothing heavy is imported here, so that "make book" with nothing to do ends at once.
"""

from __future__ import annotations

import filecmp
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

NAME = "dealing-with-moscow"
ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "_build"
HTML = BUILD / "html"
PDF = BUILD / f"{NAME}.pdf"
SUMS = "SHA256SUMS"
#: What the book is made from beside book/ and data/: each is there, or nothing is published.
TOPS = (
    *("_config.yml", "_toc.yml", "requirements.txt", "CHANGELOG.md", "CITATION.cff", "Makefile"),
    *("LICENSE", "LICENSE-TEXT-AND-DATA", "tests/lab.txt"),
)


def source_files() -> list[Path]:
    """Return every file that the book is made from, and all that lies in data/, sorted.

    What data/datapackage.json does not describe is not published, but has to be complained of.
    """
    found = [*(ROOT / "book").rglob("*"), *(ROOT / "data").rglob("[!.~]*")]
    found = [p for p in found if not {"__pycache__", ".ipynb_checkpoints"} & set(p.parts)]
    files = {*(p for p in found if p.suffix != ".part"), *(ROOT / name for name in TOPS)}
    return sorted(path for path in files if path.is_file())


def source_digest(*endings: str) -> str:
    """Return one digest of everything that the book is made from, but files with these endings."""
    files = [path for path in source_files() if path.suffix not in endings]
    return hashlib.sha256("".join(checksums(ROOT, files)).encode()).hexdigest()


def up_to_date() -> bool:
    """Return whether the published book was made from exactly the present sources, and is whole.

    Pages and PDF are put in place one after the other, and a kill may fall between the two; a file
    may have been lost or changed since.
    """
    stamp, sums, pdf = HTML / ".sources", HTML / SUMS, HTML / PDF.name
    if not (PDF.is_file() and stamp.is_file() and sums.is_file() and pdf.is_file()):
        return False
    same = stamp.read_text() == source_digest() and filecmp.cmp(PDF, pdf, shallow=False)
    return same and sums.read_text(encoding="utf-8") == "".join(checksums(HTML))


def checksums(folder: Path, files: Iterable[Path] = ()) -> Iterator[str]:
    """Yield a line as sha256sum prints it for each of the files, or for all of a folder."""
    for path in files or sorted(p for p in folder.rglob("*") if p.is_file() and p.name != SUMS):
        name = path.relative_to(folder).as_posix()
        yield f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n"
