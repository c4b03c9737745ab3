"""The commands behind the Makefile: python -m publish book | execute | reproduce | check."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from publish import notebooks, site
from publish import reproduce as reproduction
from report.data import DataError

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
    shown = Table("notebook", *["cells", "tables", "figures", "numbers", "reproduced", "seconds"])
    for r in results:
        kinds = [str(r.counts[kind]) for kind in reproduction.KINDS[:3]]
        same = f"{max(r.total - len(r.differences), 0)} of {r.total}"
        shown.add_row(r.name, str(r.cells), *kinds, same, f"{r.seconds:.1f}")
    console.print(shown)
    lines = [f"{r.name}: {difference}" for r in results for difference in r.differences]
    total = sum(r.total for r in results)
    last = f"{total - len(lines)} of {total} outputs reproduced."
    report = site.BUILD / "reproduce.txt"
    report.parent.mkdir(exist_ok=True)
    report.write_text("\n".join([*lines, last]) + "\n", encoding="utf-8")
    console.print("\n".join([*lines, last]), markup=False)
    return 1 if lines else 0


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
    return 0


if __name__ == "__main__":
    sys.exit(main())
