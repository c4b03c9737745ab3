"""The two downloads beside the book: the rerun kit and the data package, as zip files."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from publish import notebooks
from publish.sources import NAME, ROOT
from report import data

Date = tuple[int, int, int, int, int, int]
RERUN, DATA = f"{NAME}-rerun.zip", f"{NAME}-data.zip"


def rerun_files() -> list[Path]:
    """Return what a reader needs to execute the notebooks and compare: no Sphinx, no tests."""
    tops = ["Makefile", "requirements.txt", "tests/lab.txt", "_toc.yml", "CITATION.cff"]
    tops += ["LICENSE", "LICENSE-TEXT-AND-DATA"]
    kinds = ["report/*.py", "report/*.yaml", "publish/*.py", "publish/*.yaml", "publish/*.txt"]
    code = [path for kind in kinds for path in (ROOT / "book").glob(kind)]
    return [*(ROOT / name for name in tops), *data.files(), *code, *notebooks.paths()]


def pack(target: Path, files: Iterable[tuple[str, bytes]], date: Date) -> None:
    """Write a zip whose bytes are the same each time; a file named mimetype is not compressed."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, date)
            entry.external_attr, entry.create_system = 0o644 << 16, 3
            how = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, how, compresslevel=9)


def make(folder: Path) -> None:
    """Write both downloads into the folder of the pages; the data have the exhibits' with them.

    Each is one folder, named by the edition, so that an older one is not unpacked over.
    """
    terms, edition = ROOT / "LICENSE-TEXT-AND-DATA", data.edition()
    day = edition["date-released"]
    for name, files, base in ((RERUN, rerun_files(), ROOT), (DATA, data.files(), ROOT / "data")):
        words = Path(__file__).with_name("rerun.txt" if name == RERUN else "data.txt").read_text()
        inside = {path.relative_to(base).as_posix(): path.read_bytes() for path in files}
        shown = folder.glob("exhibits/*.[cj]s*") if name == DATA else ()
        inside |= {path.relative_to(folder).as_posix(): path.read_bytes() for path in shown}
        inside |= {"README.txt": words.format(**edition).encode(), terms.name: terms.read_bytes()}
        top = f"{name.removesuffix('.zip')}-{edition['version']}"
        named = ((f"{top}/{path}", inside[path]) for path in sorted(inside))
        pack(folder / name, named, (day.year, day.month, day.day, 12, 0, 0))
