"""Run Jupyter Book's Sphinx for some builders: python -m publish.sphinx_run OUT BUILDER..."""

from __future__ import annotations

import gc
import subprocess
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
    works in a process of its own, from when the first has read the sources.
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
    beside: list[subprocess.Popen[bytes]] = []

    def said(builder: str) -> Path:
        """Each builder writes into a file of its own: their lines must not mingle."""
        return out / f"{builder}.log"

    base: Any = Builder
    write = base.write

    def start_others_and_write(self: Any, *rest: Any) -> None:
        """Once the sources are read and stored, the other builders can start."""
        if others and not beside:
            command = [sys.executable, "-m", "publish.sphinx_run", str(out)]
            for builder in others:
                with said(builder).open("wb") as log:
                    beside.append(
                        subprocess.Popen([*command, builder], stdout=log, stderr=subprocess.STDOUT)
                    )
        write(self, *rest)

    base.write = start_others_and_write
    failed = build(root, out, first)
    for builder, process in zip(others, beside, strict=False):
        failed = process.wait() != 0 or failed
        print(said(builder).read_text(encoding="utf-8", errors="replace"))
    base.write = write
    return int(failed or (bool(others) and not beside))


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
