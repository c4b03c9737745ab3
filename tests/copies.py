"""Copies of files of this repository, for what must not work in it."""

import shutil
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def copy(files: Iterable[Path], folder: Path) -> Path:
    """Copy files to the same places below another folder; return that."""
    for file in files:
        target = folder / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return folder
