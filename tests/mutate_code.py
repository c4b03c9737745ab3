"""Do the tests notice a change of the code? python tests/mutate_code.py [module ...]

cosmic-ray changes one operator, number, comparison or decorator at a time, and the module's own
tests, named in tests/data/mutations.yaml, run after each in a process of their own, which compiles
the changed text when it imports the module: no file is changed. Changes of annotations, which are
never evaluated, are left out. A survivor that is not among those that change nothing is printed,
and the exit status is 1.
"""

from __future__ import annotations

import ast
import contextlib
import io
import multiprocessing
import os
import signal
import sys
import tempfile
from importlib.machinery import SourceFileLoader
from pathlib import Path
from random import Random

import pytest
from copies import ROOT, cases
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import MutationSpec

MODULES, EQUAL = cases("mutations").values()
OPTIONS = ["-n", "0", "-p", "no:cacheprovider"]
SECONDS = 60.0  # of the processor, for the tests after one change: some changes never end


def changes(path: Path) -> list[MutationSpec]:
    """Return the changes of a file, but for those of annotations and of names of exceptions.

    Of the latter, cosmic-ray 8 cannot change one with a dot.
    """
    hints = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for hint in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if hint:
                hints |= {(hint.lineno, n) for n in range(hint.col_offset, hint.end_col_offset)}
                hints |= {(n.lineno, n.col_offset) for n in ast.walk(hint) if hasattr(n, "lineno")}
    with use_db(":memory:") as database:
        init([path], database, {})
        found = [item.mutations[0] for item in database.work_items]
    found = [change for change in found if not change.operator_name.endswith("ExceptionReplacer")]
    return [change for change in found if tuple(change.start_pos) not in hints]


def pass_with(path: Path, text: str, tests: list[str]) -> bool:
    """Return whether tests pass in a process that takes a text for the content of a file."""
    if child := os.fork():
        return os.waitpid(child, 0)[1] == 0
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    for name, module in list(sys.modules.items()):  # other people's stay loaded: that is quick
        if str(getattr(module, "__file__", "")).startswith((f"{ROOT}/book/", f"{ROOT}/tests/")):
            del sys.modules[name]
    usual = SourceFileLoader.get_code

    def code(loader, name):
        return compile(text, path, "exec") if loader.path == str(path) else usual(loader, name)

    SourceFileLoader.get_code = code
    os._exit(pytest.main([*OPTIONS, "-x", *tests]))


def survives(path: Path, change: MutationSpec, tests: list[str]) -> bool:
    """Return whether the tests pass after a change."""
    operator, text = get_operator(change.operator_name)(), path.read_text(encoding="utf-8")
    return pass_with(path, mutate_code(text, operator, change.occurrence), tests)


def run(name: str, most: int) -> list[str]:
    """Return a line for each change that no test noticed; print how many were tried.

    Of more changes than most, a seeded sample is tried.
    """
    path, *tests = (ROOT / place for place in MODULES[name])
    text, tests, found = path.read_text(encoding="utf-8"), [*map(str, tests)], []
    if not pass_with(path, text, tests):
        sys.exit(f"{name}: the tests fail without any change")
    possible = changes(path)
    tried = possible if most >= len(possible) else Random(2026).sample(possible, most)
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        ends = pool.starmap(survives, [(path, change, tests) for change in tried], chunksize=1)
    alive = [change for change, end in zip(tried, ends, strict=True) if end]
    for change in alive:
        line, kind = change.start_pos[0], change.operator_name.partition("/")[2]
        code = text.splitlines()[line - 1].strip()
        if not any(name in kind and part in code for name, part, _ in EQUAL):
            found.append(f"{MODULES[name][0]}:{line} {kind}: {code}")
    counts = f"{len(tried) - len(alive)} noticed, {len(alive) - len(found)} change nothing"
    print(f"{MODULES[name][0]}: {len(tried)} of {len(possible)} changes, {counts}", flush=True)
    return found


def main() -> int:
    """Run the modules named, or all; a number among the names is the most changes of each."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    names = [word for word in sys.argv[1:] if not word.isdigit()] or list(MODULES)
    tests = [str(ROOT / test) for name in names for test in MODULES[name][1:]]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = folder  # a change is no lesson for later runs
        with contextlib.redirect_stdout(io.StringIO()):
            pytest.main([*OPTIONS, "--collect-only", *tests])  # loads what they need, once
        found = [line for name in names for line in run(name, numbers[0] if numbers else 10_000)]
    print(*sorted(found), sep="\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
