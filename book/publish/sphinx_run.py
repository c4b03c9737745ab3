"""Run Jupyter Book's Sphinx: python -m publish.sphinx_run OUT BUILDER [BUILDER ...]."""

from __future__ import annotations

import gc
import glob
import os
import sys
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pybtex.plugin
import pybtex.richtext
import sphinx_external_toc.events
import yaml
from jupyter_book.config import get_validator
from jupyter_book.sphinx import build_sphinx
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain
from sphinx.environment import BuildEnvironment
from sphinx.events import EventManager

#: Whether a process can go on as two; libraries of macOS do not stand it.
FORKS = sys.platform == "linux"
#: What extensions need not hear again: works are formatted and exhibits numbered when all is read.
DONE = {"env-updated", "env-get-updated"}


def hasten() -> None:
    """Leave out work that Sphinx and pybtex repeat; the book's bytes stay the same.

    Measured on this book: a build takes 14 s instead of 43.
    """
    # Doctrees are read back object by object: a collection after every 700 finds nothing.
    gc.set_threshold(200_000, 1000, 1000)
    # Each citation looked through all installed packages for the same two plug-ins.
    pybtex.plugin._load_entry_point = cache(pybtex.plugin._load_entry_point)
    # Each field of a work was read as LaTeX once for each style.
    pybtex.richtext.Text.from_latex = cache(pybtex.richtext.Text.from_latex)
    # Each numbered reference read its target's document from disk again, only to look at it:
    # github.com/sphinx-doc/sphinx/issues/12611
    domain: Any = StandardDomain
    resolve, read = domain._resolve_numref_xref, cache(BuildEnvironment.get_doctree)

    def resolve_of_one_reading(self: Any, env: Any, *rest: Any) -> Any:
        env.get_doctree = partial(read, env)
        try:
            return resolve(self, env, *rest)
        finally:
            del env.get_doctree

    domain._resolve_numref_xref = resolve_of_one_reading
    # sphinx_multitoc_numbering does not say so, but numbers nothing until all is read; while pages
    # are written, web_pages collects what they have in common.
    app: Any = Sphinx
    app.is_parallel_allowed = lambda _, kind: kind == "read"


def allow_brackets(root: Path) -> None:
    """Let the book lie in a folder with brackets in its path.

    sphinx_external_toc 1.0 takes the path for a pattern when it looks for pages to leave out.
    """
    events: Any = sphinx_external_toc.events
    find, plain = glob.iglob, str(root)  # pathlib's would look into hidden folders

    def iglob(pattern: str, **how: Any) -> Any:
        return find(pattern.replace(plain, glob.escape(plain), 1), **how)

    events.glob = SimpleNamespace(iglob=iglob)


class Forked(BaseException):
    """Takes a child out of the build that it was forked from; its builder is the argument."""


def fork_when_read(out: Path, builders: list[str]) -> list[int]:
    """Let a child go on with each builder when the book is read; return where their ids will be.

    What a child says is in OUT/BUILDER.log.
    """
    environment: Any = BuildEnvironment
    events: Any = EventManager
    emit = events.emit
    check, children = environment.check_consistency, list[int]()

    def check_and_fork(self: Any) -> None:
        check(self)
        for builder in builders:
            sys.stdout.flush()
            if not (child := os.fork()):
                os.nice(5)  # to write the pages takes longest
                with (out / f"{builder}.log").open("w") as log:
                    os.dup2(log.fileno(), 1)
                    os.dup2(log.fileno(), 2)
                environment.check_consistency = check
                events.emit = lambda *event, **how: [] if event[1] in DONE else emit(*event, **how)
                raise Forked(builder)
            children.append(child)

    environment.check_consistency = check_and_fork
    return children


def build(out: Path, builder: str, jobs: int = 1) -> bool:
    """Build the book of the present folder into OUT/BUILDER; return whether anything is wrong."""
    root = Path.cwd()
    toc = {"latex_individualpages": False, "external_toc_path": (root / "_toc.yml").as_posix()}
    result = build_sphinx(
        root,
        out / builder,
        noconfig=True,
        path_config=root / "_config.yml",
        confoverrides=toc,
        doctreedir=out / "doctrees",
        builder=builder,
        warningiserror=True,
        keep_going=True,
        jobs=jobs,
    )
    return bool(result)


def main(out: Path, builder: str, *others: str, jobs: int = 1) -> int:
    """Build into OUT/BUILDER, with several jobs while reading; return 1 when anything is wrong.

    Others go on from what the first has read: at once where processes can fork, else afterwards.
    """
    hasten()
    root = Path.cwd()
    allow_brackets(root)
    # Jupyter Book only remarks on a wrong value, and on a wrong key not at all.
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    check = get_validator()
    known = sorted({*check.schema["properties"], "only_build_toc_files"})
    wrong = [f"unknown key {k!r}; there are: {', '.join(known)}" for k in {*settings} - {*known}]
    wrong += [f"{e.json_path}: {e.message}" for e in check.iter_errors(settings)]
    if wrong:
        print("\n".join(f"ERROR: _config.yml: {line}" for line in sorted(wrong)))
        return 1
    if not FORKS:
        return max([int(build(out, name)) for name in (builder, *others)])
    children = fork_when_read(out, [*others])
    try:
        failed = build(out, builder, jobs)
    except Forked as child:
        return int(build(out, *child.args))
    return int(any([failed, *[os.waitpid(child, 0)[1] for child in children]]))


if __name__ == "__main__":
    status = main(Path(sys.argv[1]), *sys.argv[2:], jobs=os.cpu_count() or 1)
    sys.stdout.flush()
    os._exit(status)  # taking down what was read, object by object, takes two seconds
