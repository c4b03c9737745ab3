"""Time this build against the stock one on the same notebooks, in one run, as ratios.

The stock way to a book that is surely fresh is "jupyter-book build --all" with execution forced,
and to a proof that it reproduces, nbval notebook by notebook. It changes nothing in the
repository: both work in copies. Each figure is wall time and, in brackets, processor time,
which a busy machine disturbs less; that of kernels, which are forks, is not in it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import yaml
from copies import copy

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book"))
from publish import sources  # noqa: E402

#: Without the extensions the notebooks' tables and claims would not render at all.
STOCK = """
title: The same book, built the stock way
only_build_toc_files: true
execute: {execute_notebooks: force, timeout: 120}
bibtex_bibfiles: [book/references.bib]
sphinx:
  extra_extensions: [sphinx_design]
  local_extensions:
    exhibits: book/_extensions
    data_dictionary: book/_extensions
    references: book/_extensions
"""
BOOK = ["-m", "publish"]
JUPYTER_BOOK = ["-c", "from jupyter_book.cli.main import main; main()", "build"]
NBVAL = ["-m", "pytest", "--nbval", "--nbval-current-env", "-q"]


class Cost(NamedTuple):
    """What a command took: seconds, seconds of processor time, MB of its largest process."""

    wall: float
    cpu: float
    memory: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.cpu:.1f} s)"

    def then(self, other: Cost) -> Cost:
        """Return what this and another command took, one after the other."""
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.memory, other.memory))


def start(folder: Path, *command: str, **options: Any) -> subprocess.Popen[str]:
    """Start a Python command in a copy."""
    own = {"PYTHONPATH": str(folder / "book"), "TMPDIR": str(folder), "COLUMNS": "100"}
    options |= {"cwd": folder, "env": {**os.environ, **own}, "stdin": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, *command], text=True, **options)


def run(folder: Path, *command: str) -> Cost:
    """Run a Python command in a copy; return its cost. A failure ends the benchmark."""
    started = time.perf_counter()
    log = folder / "bench.log"
    with log.open("w") as said:
        process = start(folder, *command, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        sys.exit(f"{command} failed ({status}):\n{log.read_text()[-3000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def edit(folder: Path, words: str) -> None:
    """Add a sentence to a chapter."""
    chapter = folder / "book/engagement.ipynb"
    notebook = nbformat.read(chapter, as_version=4)
    notebook.cells[0].source += f"\n\n{words}"
    nbformat.write(notebook, chapter)


def preview(folder: Path, stale: Cost) -> None:
    """Print how long a saved sentence takes to be shown; all pages must be what is published."""
    started = time.perf_counter()
    server = start(folder, *BOOK, "preview", "--port", "0", stdout=subprocess.PIPE)
    said = (re.search(r"shown after ([\d.]+) s", line) for line in server.stdout or ())
    shown = (float(found[1]) for found in said if found)
    next(shown)
    ready = time.perf_counter() - started
    edit(folder, "One sentence more, seen at once.")
    page, whole = next(shown), next(shown)
    run(folder, *BOOK, "book")
    (pages,), html = folder.glob("preview-*/shown"), folder / "_build/html"
    names = [path.relative_to(html) for path in html.rglob("*.html")]
    if other := [n for n in names if (pages / n).read_bytes() != (html / n).read_bytes()]:
        sys.exit(f"the preview shows other pages than make book publishes: {other}")
    server.send_signal(signal.SIGINT)
    server.wait()
    times = f"{page:.1f} s, all pages after {whole:.1f} s, ready after {ready:.1f} s"
    print(f"{'  the same, seen in make preview':46} {times} {page / stale.wall:.2f} ≤ 0.35")


def grow(folder: Path, times: int) -> None:
    """Give the book each chapter on a section several times, under other names."""
    path = folder / "_toc.yml"
    toc = yaml.safe_load(path.read_text("utf-8"))
    (part,) = (part for part in toc["parts"] if part.get("numbered"))
    for name in [chapter["file"] for chapter in part["chapters"] if "concl" not in chapter["file"]]:
        text, stem = (folder / f"{name}.ipynb").read_text("utf-8"), name.rpartition("/")[2]
        for first, second in list(product("abcdefgh", repeat=2))[: times - 1]:
            more = f"{stem}{first}{second}"  # no number: a sentence with a certainty has none
            other = re.sub(rf"\b(tbl|fig)-{stem}-", rf"\1-{more}-", text)
            (folder / f"book/{more}.ipynb").write_text(other, "utf-8")
            part["chapters"].append({"file": f"book/{more}"})
    path.write_text(yaml.safe_dump(toc), "utf-8")


def show(what: str, cost: Cost, other: Cost | None = None, aim: str = "") -> None:
    """Print a figure of this build beside the stock one."""
    ratio = f"{cost.wall / other.wall:5.2f} ({cost.cpu / other.cpu:.2f})" if other else ""
    print(f"{what:46} {cost!s:18} {other or ''!s:18} {ratio:13} {aim}", flush=True)


def forget(folder: Path) -> None:
    """Take all outputs out of the notebooks, and the book away."""
    for path in (folder / "book").rglob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata.pop("inputs", None)
        for cell in [cell for cell in notebook.cells if cell.cell_type == "code"]:
            cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, path)
    shutil.rmtree(folder / "_build")


def against_stock(work: Path) -> None:
    """Print each figure of this build beside the stock one."""
    ours, stock = (copy(sources.source_files(), work / name) for name in ("ours", "stock"))
    (stock / "_config.yml").write_text(STOCK)
    print(f"{'wall time (processor time)':46} {'this build':18} {'stock':18} ratio")
    builds = run(stock, *JUPYTER_BOOK, ".", "--all")
    show("stock: every notebook executed, pages", builds)
    proves = run(stock, *NBVAL, "-p", "no:xdist", "book")
    show("stock: nbval, one notebook after the other", proves)
    whole = builds.then(proves)
    makes = run(ours, *BOOK, "book")
    show("as cloned: book from stored outputs", makes, whole)
    forget(ours)
    executes, again = run(ours, *BOOK, "book"), run(ours, *BOOK, "reproduce")
    show("cold: executed, book, executed and compared", executes.then(again), whole, "≤ 0.45")
    show("  executed, pages, PDF, EPUB", executes)
    show("  executed again and compared", again, proves)
    show("nothing changed", run(ours, *BOOK, "book"), whole, "≤ 0.01")
    table = ours / "data/evidence/summits.csv"  # what loads it is executed again
    table.write_text(re.sub(r"Tehran\b", "Teheran", table.read_text(encoding="utf-8")), "utf-8")
    show("one data file changed", run(ours, *BOOK, "book"), whole, "≤ 0.22")
    edit(ours, "One sentence more.")
    show("one sentence changed", run(ours, *BOOK, "book"), whole, "≤ 0.15")
    (stock / "_config.yml").write_text(STOCK.replace("force", "'off'"))
    run(stock, *JUPYTER_BOOK, ".", "--all")
    edit(stock, "One sentence more.")
    stale = run(stock, *JUPYTER_BOOK, ".")
    show("  stock rebuilds after one sentence", stale)
    preview(ours, stale)
    few = run(ours, "-m", "publish.sphinx_run", str(work / "few"), "html")
    grow(ours, 32)
    many = run(ours, "-m", "publish.sphinx_run", str(work / "many"), "html")
    show("pages alone: of 192 sections; of 6", many, few, f"{many.memory:.0f} MB")
    largest = max(executes.memory, makes.memory, again.memory)
    print(f"{'largest process (at most 700 MB)':46} {largest:.0f} MB {builds.memory:18.0f} MB")
    print(f"load of the machine, 1 minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        against_stock(Path(folder))
