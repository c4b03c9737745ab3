"""The two downloads beside the book: the rerun kit and the data package, as zip files."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from report import data

ROOT = data.ROOT
RERUN = "dealing-with-moscow-rerun.zip"
DATA = "dealing-with-moscow-data.zip"
README = """\
Dealing with Moscow: rerun kit
Every table, figure and number of the report can be made again from this folder.
With make and Python 3.11 or later: "make reproduce" (and "make lab" opens the notebooks).
Without make (on Windows, Scripts stands for bin):
    python3 -m venv .venv
    .venv/bin/pip install --require-hashes -r requirements.txt
    cd book && ../.venv/bin/python -m publish reproduce
It executes the notebooks in book/, compares each output with the stored one, and names the
first value that differs. Nothing but the packages comes from the network.
Licences: LICENSE (code), LICENSE-TEXT-AND-DATA (text, figures, tables).
"""


def rerun_files() -> list[Path]:
    """Return what a reader needs to execute the notebooks and compare: no Sphinx, no tests."""
    tops = ["Makefile", "requirements.txt", "tests/lab.txt", "_toc.yml"]
    tops += ["LICENSE", "LICENSE-TEXT-AND-DATA"]
    folders = [ROOT / "data", ROOT / "book" / "report", ROOT / "book" / "publish"]
    inside = [p for folder in folders for p in folder.rglob("*")]
    notebooks = list((ROOT / "book").rglob("*.ipynb"))
    skip = {"__pycache__", ".ipynb_checkpoints"}
    files = [*(ROOT / name for name in tops), *inside, *notebooks]
    return [p for p in files if p.is_file() and not skip & set(p.parts)]


def write(target: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write a zip with the same bytes each time: names sorted, no clock, no owner."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def make(folder: Path) -> None:
    """Write both downloads into a folder."""
    kit = [(p.relative_to(ROOT).as_posix(), p.read_bytes()) for p in rerun_files()]
    write(folder / RERUN, [*kit, ("README.txt", README.encode())])
    package = [p for p in (ROOT / "data").rglob("*") if p.is_file()]
    terms = ROOT / "LICENSE-TEXT-AND-DATA"
    write(
        folder / DATA,
        [
            *((p.relative_to(ROOT / "data").as_posix(), p.read_bytes()) for p in package),
            (terms.name, terms.read_bytes()),
        ],
    )
