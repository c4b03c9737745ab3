"""The two downloads beside the book: the rerun kit and the data package, as zip files."""

from __future__ import annotations

import datetime
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path

import yaml

from report import data

ROOT = data.ROOT
NAME = "dealing-with-moscow"
RERUN, DATA = f"{NAME}-rerun.zip", f"{NAME}-data.zip"


def about() -> dict[str, str]:
    """Return what CITATION.cff says of this edition: version, date-released and more."""
    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def data_files() -> list[Path]:
    """Return the data package: its description and the files that this names, nothing else."""
    package = json.loads((ROOT / "data/datapackage.json").read_text(encoding="utf-8"))
    named = ["datapackage.json", *(resource["path"] for resource in package["resources"])]
    return [ROOT / "data" / name for name in named]


def rerun_files() -> list[Path]:
    """Return what a reader needs to execute the notebooks and compare: no Sphinx, no tests."""
    tops = ["Makefile", "requirements.txt", "tests/lab.txt", "_toc.yml", "CITATION.cff"]
    tops += ["LICENSE", "LICENSE-TEXT-AND-DATA"]
    book = ROOT / "book"
    code = [*(book / "report").rglob("*"), *(book / "publish").rglob("*")]
    code = [path for path in code if path.suffix in {".py", ".yaml", ".mplstyle", ".txt"}]
    notebooks = [p for p in book.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts]
    return [*(ROOT / name for name in tops), *data_files(), *code, *notebooks]


def write(target: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write a zip with the same bytes each time: one folder, names sorted, dated by the edition."""
    date = datetime.date.fromisoformat(str(about()["date-released"]))
    top = f"{target.stem}-{about()['version']}"  # an older edition is not unpacked over
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(files):
            entry = zipfile.ZipInfo(f"{top}/{name}", (date.year, date.month, date.day, 12, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def make(folder: Path) -> None:
    """Write both downloads into the folder of the pages; the data have the exhibits' with them."""
    terms = ROOT / "LICENSE-TEXT-AND-DATA"
    for name, files, base in ((RERUN, rerun_files(), ROOT), (DATA, data_files(), ROOT / "data")):
        words = Path(__file__).with_name("rerun.txt" if name == RERUN else "data.txt").read_text()
        inside = {path.relative_to(base).as_posix(): path.read_bytes() for path in files}
        shown = folder.glob("exhibits/*.[cj]s*") if name == DATA else ()
        inside |= {path.relative_to(folder).as_posix(): path.read_bytes() for path in shown}
        inside |= {"README.txt": words.format(**about()).encode(), terms.name: terms.read_bytes()}
        write(folder / name, inside.items())
