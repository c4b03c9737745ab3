"""Run Jupyter Book's Sphinx for some builders: python -m publish.sphinx_run OUT BUILDER..."""

from __future__ import annotations

import gc
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pybtex.plugin
import yaml
from jupyter_book.config import get_validator
from jupyter_book.sphinx import build_sphinx
from sphinx.builders import Builder
from sphinx.domains.std import StandardDomain

from publish import forkserver


def hasten() -> None:
    """Leave out work that Sphinx and pybtex repeat; the book's bytes stay the same.

    Measured on this book: half of the processor time of a build.
    """
    # Doctrees are read back object by object: a collection after every 700 finds nothing.
    gc.set_threshold(200_000, 50, 100)
    # Each citation looked through all installed packages for the same two plug-ins.
    pybtex.plugin._load_entry_point = cache(pybtex.plugin._load_entry_point)
    # Each numbered reference read its target's document from disk again, only to look at it.
    domain: Any = StandardDomain
    resolve = domain._resolve_numref_xref
    seen: dict[int, Any] = {}

    class Once:
        def __init__(self, env: Any) -> None:
            self.env, self.get_doctree = env, cache(env.get_doctree)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.env, name)

    def once(self: Any, env: Any, *rest: Any) -> Any:
        if id(env) not in seen:
            seen.clear()
            seen[id(env)] = Once(env)
        return resolve(self, seen[id(env)], *rest)

    domain._resolve_numref_xref = once


def main(out: Path, builders: list[str]) -> int:
    """Build each builder's output into out/BUILDER; return 0, or 1 at the first failure.

    The builders share one folder of doctrees, so that sources are read once. Each but the first
    is a fork of the process, from when the first has read the sources: nothing is loaded again.
    """
    hasten()
    root = Path.cwd()
    # Jupyter Book only remarks on a wrong value, and on a wrong key not at all.
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    known = sorted({*get_validator().schema["properties"], "only_build_toc_files"})
    wrong = [f"unknown key {k!r}; there are: {', '.join(known)}" for k in {*settings} - {*known}]
    wrong += [f"{e.json_path}: {e.message}" for e in get_validator().iter_errors(settings)]
    for line in sorted(wrong):
        print(f"ERROR: _config.yml: {line}")
    if wrong:
        return 1
    first, *others = builders
    beside: list[int] = []
    base: Any = Builder
    write = base.write

    def start_others_and_write(self: Any, *rest: Any) -> None:
        """Once the sources are read and stored, the other builders can start."""
        while len(beside) < len(others):
            sys.stdout.flush()
            if child := os.fork():
                beside.append(child)
            else:
                raise Turn(others[len(beside)])
        write(self, *rest)

    if forkserver.AVAILABLE:
        base.write = start_others_and_write
    try:
        failed = build(root, out, first)
    except Turn as turn:  # we are one of the others
        base.write = write
        with said(out, turn.builder).open("wb") as log:
            os.dup2(log.fileno(), sys.stdout.fileno())
            os.dup2(log.fileno(), sys.stderr.fileno())
        status = build(root, out, turn.builder)
        sys.stdout.flush()
        os._exit(status)
    base.write = write
    for builder, process in zip(others, beside, strict=False):
        failed = os.waitpid(process, 0)[1] != 0 or failed
        print(said(out, builder).read_text(encoding="utf-8", errors="replace"))
    for builder in others[len(beside) :]:  # this system cannot fork, or the first one wrote nothing
        failed = build(root, out, builder) or failed
    return int(failed)


class Turn(BaseException):
    """Leads a fork out of the first builder's work, whose registries are put back on the way."""

    def __init__(self, builder: str) -> None:
        self.builder = builder


def said(out: Path, builder: str) -> Path:
    """Return the file for what a builder says: lines of builders side by side must not mingle."""
    return out / f"{builder}.log"


def build(root: Path, out: Path, builder: str) -> bool:
    """Run one builder; return whether it failed."""
    result = build_sphinx(
        root,
        out / builder,
        noconfig=True,
        path_config=root / "_config.yml",
        confoverrides={
            "latex_individualpages": False,
            "external_toc_path": (root / "_toc.yml").as_posix(),
        },
        doctreedir=out / "doctrees",
        builder=builder,
        warningiserror=True,
        keep_going=True,
    )
    return bool(result)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
