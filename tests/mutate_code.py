"""Do the tests notice a change of the code? python tests/mutate_code.py [module ...]

cosmic-ray changes one operator, number, comparison or decorator at a time in a copy of the
repository, and the module's own tests, named in tests/data/mutations.yaml, run after each. Changes
of annotations, which are never evaluated, are left out. A survivor that is not among those that
change nothing is printed, and the exit status is 1.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from copies import ROOT, cases
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import WorkerOutcome, WorkResult

MODULES, EQUAL = cases("mutations").values()
CONFIG = """
[cosmic-ray]
module-path = "{path}"
timeout = 60.0
excluded-modules = []
test-command = "{command}"
[cosmic-ray.distributor]
name = "local"
"""


def hints(path: Path) -> Iterator[tuple[int, int]]:
    """Yield the line and column of everything in an annotation."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for hint in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if hint:
                yield from ((hint.lineno, n) for n in range(hint.col_offset, hint.end_col_offset))
                yield from (
                    (n.lineno, n.col_offset) for n in ast.walk(hint) if hasattr(n, "lineno")
                )


def run(name: str) -> list[str]:
    """Return a line for each change that no test noticed; print how many were tried."""
    path, pattern = f"book/{MODULES[name][0]}", MODULES[name][1]
    tests = [str(file.relative_to(ROOT)) for file in sorted((ROOT / "tests").glob(pattern))]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        skip = shutil.ignore_patterns(".git", ".venv", "_build", ".*_cache", ".hypothesis")
        shutil.copytree(ROOT, copy, ignore=skip)
        config, session = Path(folder) / "config.toml", Path(folder) / "session.sqlite"
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
        config.write_text(CONFIG.format(path=path, command=" ".join([*command, *tests])))

        def do(*arguments: str | Path) -> None:
            subprocess.run(arguments, cwd=copy, check=True, stdout=subprocess.DEVNULL)

        tool = Path(sys.executable).with_name("cosmic-ray")
        do(*command, *tests)
        do(tool, "init", config, session)
        with use_db(session) as database:
            leave = {*hints(ROOT / path)}
            for item in database.work_items:
                if tuple(item.mutations[0].start_pos) in leave:
                    skipped = WorkResult(worker_outcome=WorkerOutcome.SKIPPED)
                    database.set_result(item.job_id, skipped)
        do(tool, "exec", config, session)
        do(*command, *tests)  # each change was taken back; what failed had no other reason
        with use_db(session) as database:
            changes = {item.job_id: item.mutations[0] for item in database.work_items}
            tried = [r for r in database.results if r[1].worker_outcome == WorkerOutcome.NORMAL]
    lines, found = (ROOT / path).read_text(encoding="utf-8").splitlines(), []
    alive = [changes[job] for job, result in tried if not result.is_killed]
    for change in alive:
        line, kind = change.start_pos[0], change.operator_name.partition("/")[2]
        text = lines[line - 1].strip()
        if not any(name in kind and part in text for name, part, _ in EQUAL):
            found.append(f"{path}:{line} {kind}: {text}")
    caught, equal = len(tried) - len(alive), len(alive) - len(found)
    print(f"{path}: {len(tried)} changes, {caught} noticed, {equal} change nothing")
    return found


def main() -> int:
    """Run the modules named, or all."""
    found = [line for name in sys.argv[1:] or MODULES for line in run(name)]
    print("\n".join(sorted(found)))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
