"""Time this build against the stock one on the same notebooks, in one run, as ratios.

The stock way to a book that is surely fresh is "jupyter-book build --all" with execution forced,
and to a proof that it reproduces, nbval notebook by notebook. It changes nothing in the
repository: both work in copies. Each figure is wall time and, in brackets, processor time,
which a busy machine disturbs less.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import nbformat
import yaml
from copies import copy

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book"))
from publish import site  # noqa: E402

STOCK = {
    "title": "The same book, built the stock way",
    "only_build_toc_files": True,
    "execute": {"execute_notebooks": "force", "timeout": 120},
    "bibtex_bibfiles": ["book/references.bib"],
    # Without these the notebooks' tables and claims would not render at all.
    "sphinx": {
        "extra_extensions": ["sphinx_design"],
        "local_extensions": dict.fromkeys(
            ["exhibits", "data_dictionary", "references"], "book/_extensions"
        ),
        "config": {"nb_render_markdown_format": "myst"},
    },
}


class Cost(NamedTuple):
    """What a command took."""

    wall: float
    cpu: float
    memory: float  # of the largest process, in MB

    def __add__(self, other: tuple) -> Cost:  # type: ignore[override]
        return Cost(self.wall + other[0], self.cpu + other[1], max(self.memory, other[2]))

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.cpu:.1f} s)"


def run(folder: Path, *command: str, module: bool = True) -> Cost:
    """Run a Python command in a copy; return its cost. A failure ends the benchmark."""
    started = time.perf_counter()
    log = folder / "bench.log"
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, *(["-m"] if module else ["-c"]), *command],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder / "book"), "COLUMNS": "100"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        sys.exit(f"{command} failed ({status}):\n{log.read_text()[-3000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def change_a_value(folder: Path) -> None:
    """Add to one text of one data file: what loads it is executed again."""
    path = folder / "data" / site.data.describe("summits")["path"]
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[-1][rows[0].index("outcome")] += ", changed"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def forget(folder: Path) -> None:
    """Take all outputs out of the notebooks, and the book away."""
    for path in (folder / "book").rglob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata.pop("inputs", None)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, path)
    shutil.rmtree(folder / "_build")


def change_a_sentence(folder: Path) -> None:
    """Add one sentence to one chapter."""
    path = folder / "book" / "engagement.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source += "\n\nOne sentence more."
    nbformat.write(notebook, path)


def against_stock(work: Path) -> None:
    """Print each figure of this build beside the stock one."""
    ours, stock = (copy(site.source_files(), work / name) for name in ("ours", "stock"))
    (stock / "_config.yml").write_text(yaml.safe_dump(STOCK))
    book = "from jupyter_book.cli.main import main; main()"
    builds = run(stock, book, "build", "--all", ".", module=False)
    proves = run(stock, "pytest", "--nbval", "--nbval-current-env", "-q", "-p", "no:xdist", "book")

    def show(what: str, cost: Cost, other: Cost | None = None, aim: str = "") -> None:
        ratio = f"{cost.wall / other.wall:5.2f} ({cost.cpu / other.cpu:.2f})" if other else ""
        print(f"{what:46} {cost!s:18} {other or ''!s:18} {ratio:13} {aim}", flush=True)

    print(f"{'wall time (processor time)':46} {'this build':18} {'stock':18} ratio")
    show("stock: every notebook executed, pages", builds)
    show("stock: nbval, one notebook after the other", proves)
    whole = builds + proves
    makes = run(ours, "publish", "book")
    compares = run(ours, "publish", "reproduce")
    show("as cloned: book from stored outputs, compared", makes + compares, whole)
    forget(ours)
    executes = run(ours, "publish", "book")
    again = run(ours, "publish", "reproduce")
    show("cold: executed, book, executed and compared", executes + again, whole, "≤ 0.6")
    show("  data checked, pages, PDF, EPUB", makes)
    show("  the same with every notebook executed", executes)
    show("  executed again and compared", again)
    show("nothing changed", run(ours, "publish", "book"), whole, "≤ 0.2")
    change_a_value(ours)
    one = run(ours, "publish", "book")
    show("one data file changed", one, whole, "≤ 0.35")
    show("  against the stock pages alone", one, builds)
    change_a_sentence(ours)
    show("one sentence changed", run(ours, "publish", "book"), whole)
    (work / "pdf").mkdir()
    pdf = run(ours, "publish.sphinx_run", str(work / "pdf"), "typst")
    latex = None
    if shutil.which("xelatex"):
        latex = run(stock, book, "build", "--all", "--builder", "pdflatex", ".", module=False)
    show("PDF alone, from stored outputs", pdf, latex, "" if latex else "(no xelatex here)")
    strict = ["--nbval", "--nbval-current-env", "-q", "-n2", "--dist=loadfile", "book"]
    tests = run(ours, "pytest", "-c", os.devnull, "--rootdir=.", *strict)
    show("strict nbval over all notebooks", tests, proves)
    largest = max(executes.memory, makes.memory, again.memory)
    print(
        f"{'peak memory of the largest process':46} {largest:.0f} MB {'':11} {builds.memory:.0f} MB"
    )
    load = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    print(f"{'load of the machine, 1 minute':46} {load}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        against_stock(Path(folder))
