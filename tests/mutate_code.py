"""Do the tests notice a change of the code? python tests/mutate_code.py [module ...]

cosmic-ray changes one operator, number, comparison or decorator at a time, and the module's own
tests, named in tests/data/mutations.yaml, run after each in a process of their own. No file is
changed: that process compiles the changed text when the module is imported. Changes of annotations,
which are never evaluated, are left out. A survivor that is not among those that change nothing is
printed, and the exit status is 1.
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

from copies import ROOT, cases
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import MutationSpec

# What hypothesis finds wrong with changed code is no example to try again on the code as it is.
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = tempfile.mkdtemp()
import pytest  # noqa: E402

MODULES, EQUAL = cases("mutations").values()
OPTIONS = ["-n", "0", "-p", "no:cacheprovider"]
SECONDS = 120  # for the tests of one change: some changes never end


def changes(path: Path) -> list[MutationSpec]:
    """Return the changes of a file that are worth a test."""
    hints = set()  # the places of annotations
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for hint in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if hint:
                hints |= {(hint.lineno, n) for n in range(hint.col_offset, hint.end_col_offset)}
                hints |= {(n.lineno, n.col_offset) for n in ast.walk(hint) if hasattr(n, "lineno")}
    with use_db(":memory:") as database:
        init([path], database, {})
        found = [item.mutations[0] for item in database.work_items]
    return [change for change in found if tuple(change.start_pos) not in hints]


def status(path: Path, text: str, tests: list[str]) -> int:
    """Return how the tests end with this text in the place of a file: 0 when they pass."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    signal.alarm(SECONDS)
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    usual = SourceFileLoader.get_code

    def code(loader: SourceFileLoader, name: str):
        changed = loader.path == str(path)
        return compile(text, loader.path, "exec") if changed else usual(loader, name)

    SourceFileLoader.get_code = code
    for name, module in list(sys.modules.items()):  # what is not ours stays loaded: that is quick
        file = str(getattr(module, "__file__", ""))
        if file.startswith((f"{ROOT}/book/", f"{ROOT}/tests/")):
            del sys.modules[name]
    os._exit(pytest.main([*OPTIONS, "-x", *tests]))


def tried(path: Path, change: MutationSpec, tests: list[str]) -> int:
    """Return how the tests end after a change."""
    operator = get_operator(change.operator_name)()
    text = mutate_code(path.read_text(encoding="utf-8"), operator, change.occurrence)
    return status(path, text, tests)


def run(name: str) -> list[str]:
    """Return a line for each change that no test noticed; print how many were tried."""
    file, *tests = MODULES[name]
    path, tests = ROOT / "book" / file, [str(ROOT / "tests" / test) for test in tests]
    lines = path.read_text(encoding="utf-8").splitlines()
    if status(path, path.read_text(encoding="utf-8"), tests):
        sys.exit(f"The tests of {name} fail without any change.")
    made = changes(path)
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        ends = pool.starmap(tried, [(path, change, tests) for change in made], chunksize=1)
    alive, found = [change for change, end in zip(made, ends, strict=True) if not end], []
    for change in alive:
        line, kind = change.start_pos[0], change.operator_name.partition("/")[2]
        text = lines[line - 1].strip()
        if not any(name in kind and part in text for name, part, _ in EQUAL):
            found.append(f"{file}:{line} {kind}: {text}")
    noticed, equal = len(made) - len(alive), len(alive) - len(found)
    print(f"{file}: {len(made)} changes, {noticed} noticed, {equal} change nothing")
    return found


def main() -> int:
    """Run the modules named, or all."""
    files = [str(ROOT / "tests" / test) for _, *tests in MODULES.values() for test in tests]
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main([*OPTIONS, "--collect-only", *files])  # loads what they need, once for all
    found = [line for name in sys.argv[1:] or MODULES for line in run(name)]
    print("\n".join(sorted(found)))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
