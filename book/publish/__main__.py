"""The commands behind the Makefile: python -m publish book | execute | check."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from publish import notebooks, site, validation
from report.data import DataError

console = Console(soft_wrap=True, highlight=False)


def progress() -> Progress:
    """Return a progress bar that is silent where nobody watches."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def check_data() -> None:
    """Stop with every error in data/ listed."""
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


def main() -> int:
    """Run one command; return its exit status."""
    parser = argparse.ArgumentParser(prog="publish", description=__doc__)
    parser.add_argument("command", choices=["book", "execute", "check"])
    parser.add_argument("notebooks", nargs="*", help="names such as engagement (default: all)")
    parser.add_argument("--force", action="store_true", help="execute every notebook")
    chosen = parser.parse_args()
    try:
        if chosen.command == "book":
            book()
        elif chosen.command == "execute":
            check_data()
            execute(chosen.force, chosen.notebooks)
        else:
            check_data()
            console.print("data/ is valid.")
    except (DataError, notebooks.NotebookError, site.BuildError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
