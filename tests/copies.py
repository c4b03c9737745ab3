"""What several tests need: tables of cases, copies of files, and a thread of its own."""

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
#: The documents of the book, in its order.
NAMES = [TOC["root"], *(c["file"] for part in TOC["parts"] for c in part["chapters"])]


def cases(name: str) -> Any:
    """Return what a YAML file of tests/data holds."""
    return yaml.safe_load((ROOT / f"tests/data/{name}.yaml").read_text(encoding="utf-8"))


def copy(files: Iterable[Path], folder: Path) -> Path:
    """Copy files to the same places below another folder; return that."""
    for file in files:
        target = folder / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return folder


def aside(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in another thread: the browser of a test may have a loop running in this."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *arguments).result()
