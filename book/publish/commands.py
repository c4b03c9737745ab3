"""The commands behind the Makefile: python -m publish book, preview, check and more."""

from __future__ import annotations

import argparse
import errno
import platform
import sys
import time
from collections.abc import Sequence

from publish import notebooks, reproduce, site, sources
from report.data import DataError

#: What to do when the system refuses.
REMEDIES = {
    errno.ENOSPC: "Free some space, then try again.",
    errno.EDQUOT: "Free some space, then try again.",
    errno.EROFS: "Work in a folder that can be written to.",
    errno.EACCES: "Work in a folder that can be written to.",
    errno.ENOENT: "Restore it with: git checkout",
}
REMEDY = "Mend that, then try again; the last good book stays in place."


def check() -> None:
    """Stop with every error in data/ listed; what was found valid, to the byte, stays so."""
    state, stamp = sources.source_digest(".ipynb", ".md"), sources.BUILD / ".valid"
    if stamp.is_file() and stamp.read_text() == state:
        return
    from publish import validation  # takes long to import

    if problems := validation.problems():
        head = f"data/ has {len(problems)} error{'s' * (len(problems) > 1)}:"
        tail = "Mend the rows named above; the last good book stays in place."
        raise DataError("\n  ".join([head, *problems]) + f"\n{tail}")
    if sources.source_digest(".ipynb", ".md") == state:  # nothing was saved meanwhile
        stamp.write_text(state)


def execute(force: bool = False, names: Sequence[str] = ()) -> None:
    """Execute the notebooks whose inputs changed and store their outputs."""
    paths = notebooks.paths(names)
    found = [(p, ["asked for"] if force else notebooks.stale(p)) for p in paths]
    runs = [notebooks.Run(path, reasons) for path, reasons in found if reasons]

    def done(run: notebooks.Run) -> None:
        why = ", ".join(run.reasons[:3]) + (" and more" if len(run.reasons) > 3 else "")
        state = "failed" if run.error else f"ran in {run.seconds:.1f} s"
        print(f"  {run.name}: {state} ({why})", flush=True)
        try:
            if not run.error:
                notebooks.write(run.path, run.notebook, run.raw)
        except notebooks.NotebookError as error:
            run.error = str(error)

    if runs:
        notebooks.execute(runs, done)
    if errors := [run.error for run in runs if run.error]:
        raise notebooks.NotebookError("\n".join(errors))
    fresh = len(paths) - len(runs)
    some = f"{len(runs)} executed, {fresh} up to date."
    print(some if runs else f"All {fresh} notebooks are up to date: nothing was executed.")


def book() -> None:
    """Validate, execute what is stale, build all formats, publish."""
    started = time.perf_counter()
    if not sources.up_to_date():  # a second look, now that no other build is at work
        site.check_files()
        check()
        execute()
        site.build()
    print(f"{sources.HTML / 'index.html'}\n{sources.PDF}\n{time.perf_counter() - started:.1f} s")


def compare(names: Sequence[str] = ()) -> int:
    """Execute notebooks afresh, compare every output, say what differs; return the exit status.

    Nothing stored is changed. What is said is also written to _build/reproduce.txt.
    """
    runs = [notebooks.Run(path, ["to compare"]) for path in notebooks.paths(names)]
    notebooks.execute(runs)
    results = [reproduce.compare(run) for run in runs]
    said, path = reproduce.report(results), sources.BUILD / "reproduce.txt"
    machine = f"Python {platform.python_version()} on {platform.platform()}"
    path.write_text(f"{machine}\n{said}\n", encoding="utf-8")
    wrong = any(result.differences for result in results)
    print(f"{said}\nThis report is also in {path}." if wrong else said)
    return int(wrong)


def main() -> int:
    """Run one command; return its exit status."""
    parser = argparse.ArgumentParser(prog="publish", description=__doc__)
    parser.add_argument("command", choices=["book", "preview", "execute", "reproduce", "check"])
    parser.add_argument("notebooks", nargs="*", help="names such as engagement (default: all)")
    parser.add_argument("--force", action="store_true", help="execute every notebook")
    parser.add_argument("--wait", action="store_true", help="for another build to end")
    parser.add_argument("--port", type=int, default=8000, help="of the preview (0: a free one)")
    chosen = parser.parse_intermixed_args()
    try:
        sources.BUILD.mkdir(exist_ok=True)
        if chosen.command == "reproduce":
            return compare(chosen.notebooks)
        if chosen.command == "check":
            check()
            print("data/ is valid.")
            return 0
        if chosen.command == "preview":
            from publish import preview  # the others need no server

            preview.preview(chosen.port)
            return 0
        with site.alone(chosen.wait):
            if chosen.command == "book":
                book()
            else:
                check()
                execute(chosen.force, chosen.notebooks)
    except KeyboardInterrupt:
        print("\nstopped: the last good book stays in place.", file=sys.stderr)
        return 130
    except (DataError, notebooks.NotebookError, site.BuildError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:  # a full disk, a folder that may not be written, a lost file
        what = f"{error.filename or sources.BUILD}: {error.strerror}"
        print(f"error: {what}. {REMEDIES.get(error.errno or 0, REMEDY)}", file=sys.stderr)
        return 1
    return 0
