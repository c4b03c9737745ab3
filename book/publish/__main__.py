"""The commands behind the Makefile: python -m publish book | execute | reproduce | check."""

from __future__ import annotations

import argparse
import errno
import sys
import time
from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from publish import notebooks, site
from publish import reproduce as reproduction
from report.data import DataError

#: What to do when the system refuses.
REMEDIES = {
    errno.ENOSPC: "Free some space, then try again.",
    errno.EROFS: "Work in a folder that can be written to.",
    errno.EACCES: "Work in a folder that can be written to.",
    errno.ENOENT: "Restore it with: git checkout",
}
REMEDY = "Mend that, then try again; the last good book stays in place."

console = Console(soft_wrap=True, highlight=False)


def progress() -> Progress:
    """Return a progress bar that is silent where nobody watches."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def check_data() -> None:
    """Stop with every error in data/ listed."""
    from publish import validation  # frictionless takes long to import

    problems = validation.problems()
    if problems:
        raise DataError(
            f"data/ has {len(problems)} error{'s' * (len(problems) > 1)}:\n  "
            + "\n  ".join(problems)
            + "\nMend the rows named above; the last good book stays in place."
        )


def execute(force: bool = False, names: Sequence[str] = ()) -> None:
    """Execute the notebooks whose inputs changed and store their outputs."""
    paths = notebooks.paths(names)
    found = [(p, ["asked for"] if force else notebooks.stale(p)) for p in paths]
    runs = [notebooks.Run(path, reasons) for path, reasons in found if reasons]
    with progress() as bar:
        task = bar.add_task("Executing", total=len(runs))

        def done(run: notebooks.Run) -> None:
            bar.advance(task)
            why = ", ".join(run.reasons[:3]) + (" and more" if len(run.reasons) > 3 else "")
            state = "failed" if run.error else f"ran in {run.seconds:.1f} s"
            console.print(f"  {run.name}: {state} ({why})", markup=False)

        notebooks.execute(runs, done)
    for run in runs:
        if not run.error:
            notebooks.write(run.path, run.notebook)
    errors = [run.error for run in runs if run.error]
    if errors:
        raise notebooks.NotebookError("\n".join(errors))
    fresh = len(paths) - len(runs)
    if not runs:
        console.print(f"All {fresh} notebooks are up to date: nothing was executed.")
    else:
        console.print(f"{len(runs)} executed, {fresh} up to date.")


def book() -> None:
    """Validate, execute what is stale, build both formats, publish."""
    started = time.perf_counter()
    with site.alone():
        if site.up_to_date():
            console.print("Nothing changed since the last build: nothing executed, nothing built.")
        else:
            site.check_files()
            check_data()
            execute()
            site.build()
    console.print(f"{site.HTML / 'index.html'}\n{site.PDF}\n{time.perf_counter() - started:.1f} s")


def reproduce(names: Sequence[str] = ()) -> int:
    """Execute notebooks afresh, compare every output, print a table; return the exit status.

    Nothing stored is changed. The differences are also written to _build/reproduce.txt.
    """
    runs = [notebooks.Run(path, ["to compare"]) for path in notebooks.paths(names)]
    with progress() as bar:
        task = bar.add_task("Reproducing", total=len(runs))
        notebooks.execute(runs, lambda run: bar.advance(task))
    results = [reproduction.compare(run) for run in runs]
    titles = ["cells", "tables", "figures", "numbers in prose", "reproduced", "seconds"]
    shown = Table(box=SIMPLE)
    shown.add_column("notebook", no_wrap=True, min_width=max(len(r.name) for r in results))
    for title in titles:
        shown.add_column(title, justify="right")
    for r in results:
        kinds = [str(r.counts[kind]) for kind in reproduction.KINDS[:3]]
        same = f"{r.reproduced} of {r.total}"
        shown.add_row(r.name, str(r.cells), *kinds, same, f"{r.seconds:.1f}")
    console.print(shown)
    differences = [f"{r.name}: {line}" for r in results for line in r.differences]
    path = site.BUILD / "reproduce.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text(reproduction.report(results), encoding="utf-8")
    if differences:
        differences.append(f"This report is also in {path}.")
    console.print("\n".join([*differences, reproduction.summary(results)]), markup=False)
    return 1 if differences else 0


def main() -> int:
    """Run one command; return its exit status."""
    parser = argparse.ArgumentParser(prog="publish", description=__doc__)
    parser.add_argument("command", choices=["book", "execute", "reproduce", "check"])
    parser.add_argument("notebooks", nargs="*", help="names such as engagement (default: all)")
    parser.add_argument("--force", action="store_true", help="execute every notebook")
    chosen = parser.parse_args()
    try:
        if chosen.command == "book":
            book()
        elif chosen.command == "execute":
            check_data()
            execute(chosen.force, chosen.notebooks)
        elif chosen.command == "reproduce":
            return reproduce(chosen.notebooks)
        else:
            check_data()
            console.print("data/ is valid.")
    except (DataError, notebooks.NotebookError, site.BuildError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:  # a full disk, a folder that may not be written, a lost file
        what = f"{error.filename or site.BUILD}: {error.strerror}"
        print(f"error: {what}. {REMEDIES.get(error.errno or 0, REMEDY)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
