"""Do the tests notice a change of the code? python tests/mutate_code.py [module ...]

cosmic-ray changes one operator, number, comparison or decorator at a time in a copy of the
repository, and the module's own tests run after each. Changes of annotations are left out: they
are never evaluated. Survivors that no test can tell apart stand in EQUAL with their reason; any
other survivor is printed, and the exit status is 1.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import WorkerOutcome, WorkResult

ROOT = Path(__file__).resolve().parents[1]


class Module(NamedTuple):
    """A file to change, the functions to change in it (all if none is named), and its tests."""

    path: str
    tests: str
    only: tuple[str, ...] = ()


MODULES = {
    "evidence": Module(
        "book/report/evidence.py", "tests/unit/test_evidence.py tests/unit/test_evidence_again.py"
    ),
    "data": Module("book/report/data.py", "tests/unit/test_data.py"),
    "exhibits": Module("book/report/exhibits.py", "tests/unit/test_exhibits.py"),
    "escaping": Module(
        "book/_extensions/typst_builder/markup.py", "tests/typst_builder/test_typst_markup.py"
    ),
    "tables": Module(
        "book/_extensions/typst_builder/tables.py",
        "tests/typst_builder/test_typst_tables.py",
    ),
}
#: Survivors that change nothing: the change, a part of its line, and why no test can notice.
EQUAL = (
    ("NotEq_IsNot", "len(row) != len(header)", "small whole numbers are one object each"),
    ("Eq_LtE", 'kind == "boolean"', "no other type's name sorts before it"),
    ("Eq_LtE", 'kind == "date"', "only boolean sorts before it, and that is dealt with above"),
    ("ReplaceTrueWithFalse", "strict=True)]", "the two are always of one length"),
    ("BitAnd_Mul", "", "of truths, the product is the conjunction"),
    ("BitAnd_FloorDiv", "", "so is the whole quotient: numpy gives 0 for what is divided by false"),
    ("Mul_FloorDiv", "!= words", "the divisor is a truth, and numpy gives 0 where it is false"),
    ("Gt_NotEq", "> 0", "weights are never negative"),
    ("NumberReplacer", "DIGITS = 9", "8 and 10 digits take the noise of a sum away as well"),
    ("NumberReplacer", "0.0).max(axis=2)", "every study has a type, and no weight is negative"),
    ("NumberReplacer", "np.where(tested, total, 1.0)", "it only keeps the rest from 0 by 0"),
    ("Eq_GtE", "low == high", "the lowest is never above the highest"),
    (
        "Sub_RShift",
        "band = 2",
        "what is below the outer bound is below the inner: 1 less 1, 1 halved",
    ),
    ("Add_LShift", "evidence =", "who is robust is medium: 1 and 1, 1 doubled"),
    ("ReplaceTrueWithFalse", "zip(step, tested", "the two are always of one length"),
    ("NumberReplacer", ")[0]", "there is one weighting, so the first is the last"),
    ("NumberReplacer", "for _ in range(60)", "the search has come to rest by then"),
    ("ReplaceTrueWithFalse", "in zip(shown.values(), numeric", "both are of one length"),
    ("ReplaceTrueWithFalse", "zip(row, align", "the two are always of one length"),
    ("NotEq_IsNot", 'character != "\\n"', "single characters are one object each"),
    ("ReplaceTrueWithFalse", "zip(*cells", "columns of one table are of one length"),
    ("NotEq_IsNot", 'd != "0"', "single characters are one object each"),
    ("NotEq_Gt", 'd != "0"', "what decimals there are sort after a single 0"),
    ("Add_LShift", "alike =", "the narrow spread is within the wide one"),
    ("NumberReplacer", "np.clip(alike", "below zero only for a claim that is not tested"),
    ("NumberReplacer", "base[0]", "there is one weighting, so the first is the last"),
    ("NumberReplacer", "each[0]", "there is one weighting, so the first is the last"),
)
CONFIG = """
[cosmic-ray]
module-path = "{path}"
timeout = 60.0
excluded-modules = []
test-command = "{command}"
[cosmic-ray.distributor]
name = "local"
"""


def wanted(module: Module) -> Iterator[tuple[int, int]]:
    """Yield the line and column of every node that may be changed."""
    tree = ast.parse((ROOT / module.path).read_text(encoding="utf-8"))
    hints = set()
    for node in ast.walk(tree):
        for part in ("annotation", "returns"):
            if hint := getattr(node, part, None):
                hints |= {(n.lineno, n.col_offset) for n in ast.walk(hint) if hasattr(n, "lineno")}
                hints |= {
                    (hint.lineno, column) for column in range(hint.col_offset, hint.end_col_offset)
                }
    for node in [tree, *tree.body]:
        named = getattr(node, "name", "") in module.only
        if (isinstance(node, ast.Module) and not module.only) or named:
            last = getattr(node, "end_lineno", 10_000)
            for line in range(getattr(node, "lineno", 1), last + 1):
                yield from ((line, column) for column in range(120) if (line, column) not in hints)


def leave_out(database: WorkDB, module: Module) -> None:
    """Mark changes of annotations, and of functions that are not asked for, as not to be run."""
    places = set(wanted(module))
    for item in database.work_items:
        if tuple(item.mutations[0].start_pos) not in places:
            result = WorkResult(worker_outcome=WorkerOutcome.SKIPPED)
            database.set_result(item.job_id, result)


def run(module: Module) -> list[str]:
    """Return a line for each change that no test noticed; print how many were tried."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        skip = shutil.ignore_patterns(
            ".git", ".venv", "_build", ".*_cache", ".hypothesis", "kernel-*"
        )
        shutil.copytree(ROOT, copy, ignore=skip)
        config, session = Path(folder) / "config.toml", Path(folder) / "session.sqlite"
        tests = ["-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
        command = [sys.executable, *tests, *module.tests.split()]
        config.write_text(CONFIG.format(path=module.path, command=" ".join(command)))
        tool = [str(Path(sys.executable).with_name("cosmic-ray"))]
        subprocess.run(command, cwd=copy, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*tool, "init", str(config), str(session)], cwd=copy, check=True)
        with use_db(session) as database:
            leave_out(database, module)
        subprocess.run([*tool, "exec", str(config), str(session)], cwd=copy, check=True)
        # Each change was taken back, and what failed did not fail for another reason.
        subprocess.run(command, cwd=copy, check=True, stdout=subprocess.DEVNULL)
        with use_db(session) as database:
            items = {item.job_id: item.mutations[0] for item in database.work_items}
            tried = [r for r in database.results if r[1].worker_outcome == WorkerOutcome.NORMAL]
            alive = [job for job, result in tried if not result.is_killed]
        lines = (ROOT / module.path).read_text(encoding="utf-8").splitlines()
        found, equal = [], 0
        for job in alive:
            line, change = items[job].start_pos[0], items[job].operator_name.partition("/")[2]
            text = lines[line - 1].strip()
            if any(name in change and part in text for name, part, _ in EQUAL):
                equal += 1
            else:
                found.append(f"{module.path}:{line} {change}: {text}")
        caught = len(tried) - len(alive)
        print(f"{module.path}: {len(tried)} changes, {caught} noticed, {equal} change nothing")
        return found


def main() -> int:
    """Run the modules named, or all."""
    found = [line for name in sys.argv[1:] or MODULES for line in run(MODULES[name])]
    print("\n".join(sorted(found)))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
