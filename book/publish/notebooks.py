"""Execute the notebooks whose inputs changed, and know which ones those are.

A notebook's inputs are its own code, what it reads of data/, the report package and the lock. Each
is stored in its metadata as a digest of what was read when it was executed, and so is one of its
outputs, so that outputs which some other run left behind are noticed. jupyter-cache and Sphinx
look at the code alone, so a changed CSV would leave the old table on the page.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from publish import kernels
from report import data

ROOT = data.ROOT
BOOK = ROOT / "book"
CELL_TIMEOUT = 120  # seconds; the slowest cell takes about two
#: What a notebook's metadata says of its kernel; the rest changes from machine to machine.
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
#: What every kernel runs first. A report package that cannot be imported fails in the first cell.
GUARD = f"""
def begin(book, root):
    import contextlib, sys
    sys.path.insert(0, book)
    with contextlib.suppress(Exception):
        import report
    from publish import guard
    guard.install(root)
    sys.path.remove(book)
begin({str(BOOK)!r}, {str(ROOT)!r})
del begin
"""
#: What it is asked last.
USED = "import json; from report import data; print(json.dumps(data.used()))"


class NotebookError(RuntimeError):
    """A notebook that cannot be read or executed; the message says where and what to do."""


@dataclass
class Run:
    """One execution of a notebook: of which bytes, why, how long it took, what came of it."""

    path: Path
    reasons: list[str]
    seconds: float = 0.0
    error: str = ""
    notebook: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Keep what is executed, and what it is executed with, as they are now."""
        self.raw = self.path.read_bytes()
        self.stored = read(self.path, self.raw)
        self.shared = shared()

    @property
    def name(self) -> str:
        """The notebook's path below book/, without its ending."""
        return self.path.relative_to(BOOK).with_suffix("").as_posix()


def paths(names: Iterable[str] = ()) -> list[Path]:
    """Return the notebooks of the book, sorted: all, or those named (such as "engagement").

    Raises NotebookError for a name that no notebook has.
    """
    files = [p for p in sorted(BOOK.rglob("*.ipynb")) if ".ipynb_checkpoints" not in p.parts]
    found = {path.relative_to(BOOK).with_suffix("").as_posix(): path for path in files}
    for name in [name for name in names if name not in found]:
        raise NotebookError(f"no notebook {name!r}; there are: {', '.join(found)}")
    return [found[name] for name in names or found]


def read(path: Path, raw: bytes | None = None) -> Any:
    """Return a notebook, from its bytes if they are known; NotebookError when it is not one."""
    try:
        raw = path.read_bytes() if raw is None else raw
        notebook = nbformat.reads(raw.decode("utf-8"), as_version=4)
        nbformat.validate(notebook)
    except FileNotFoundError:
        raise NotebookError(f"{path} is missing, but _toc.yml or a command names it") from None
    except Exception as error:  # nbformat raises many kinds for what is not a notebook
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NotebookError(
            f"{path} is not a valid notebook: {reason}. Restore it with: git checkout {path.name}"
        ) from None
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "raw":
            why = "a raw cell is shown in some formats only. Make it Markdown or code"
            raise NotebookError(f"{path}, cell {number}: {why}.")
    return notebook


def code_cells(notebook: Any) -> list[Any]:
    """Return the cells of code of a notebook."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def shared() -> dict[str, str]:
    """Return the digests of what all notebooks are executed with."""
    files = [p for p in (BOOK / "report").iterdir() if p.suffix in {".py", ".yaml"}]
    package = [path.read_bytes() for path in sorted(files)]
    lock = (ROOT / "requirements.txt").read_bytes()
    return {"book/report": _digest(*package), "requirements.txt": _digest(lock)}


def own(notebook: Any) -> dict[str, str]:
    """Return the digests of a notebook's code and outputs."""
    code = code_cells(notebook)
    outputs = json.dumps([[c.execution_count, c.outputs] for c in code], sort_keys=True)
    return {
        "its code": _digest(*(cell.source.encode() for cell in code)),
        "its stored outputs": _digest(outputs.encode()),
    }


def stale(path: Path) -> list[str]:
    """Return why a notebook's stored outputs are out of date; empty when they are not."""
    notebook = read(path)
    for number, cell in enumerate(code_cells(notebook), start=1):
        if cell.execution_count is None:
            return [f"code cell {number} was never executed"]
    stored = notebook.metadata.get("inputs")
    if not stored:
        return ["it was never executed by this build"]
    now = own(notebook) | shared()
    now |= {key: data.digest(key) for key in stored if key not in now}
    return [f"{name} changed" for name in now if now[name] != stored.get(name)]


def tidy(notebook: dict[str, Any]) -> None:
    """Leave nothing in a notebook that changes from run to run or from machine to machine.

    Of the metadata, the digests and the tags of cells stay. Cells that were executed one after
    the other, in a kernel that had executed others before, are counted from 1.
    """
    known = {key: value for key, value in notebook["metadata"].items() if key == "inputs"}
    known |= {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook["metadata"] = nbformat.from_dict(known)
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags")
        cell["metadata"] = nbformat.from_dict({"tags": tags} if tags else {})
    code = code_cells(notebook)
    counts = [cell["execution_count"] or 0 for cell in code]
    if code and counts == list(range(counts[0], counts[0] + len(code))) and counts[0] > 1:
        for number, cell in enumerate(code, start=1):
            cell["execution_count"] = number
            for output in cell["outputs"]:
                if output["output_type"] == "execute_result":
                    output["execution_count"] = number


def before_save(model: dict[str, Any], **_: Any) -> None:
    """Tidy a notebook that JupyterLab is about to save: "make lab" names this as its hook."""
    if model["type"] == "notebook" and model.get("content"):
        tidy(model["content"])


async def _execute(run: Run) -> None:
    started, notebook = time.perf_counter(), nbformat.from_dict(run.stored)
    first, last = map(nbformat.v4.new_code_cell, (GUARD, USED))
    notebook.cells = [first, *notebook.cells, last]
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(run.path.parent)}},
        record_timing=False,
    )
    try:
        # The kernel's own log is not shown; what a cell writes arrives as an output.
        await client.async_execute(env=dict(os.environ), stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        why = f"{error.ename}: {error.evalue}"
    except CellTimeoutError:
        why = f"still running after {CELL_TIMEOUT} s"
    except DeadKernelError:
        why = "the kernel died"
    except RuntimeError as error:
        why = f"its kernel did not start: {error}. Try: make clean"
    else:
        notebook.cells = notebook.cells[1:-1]
        for number, cell in enumerate(code_cells(notebook), start=1):
            for said in [o for o in cell.outputs if o.output_type == "stream"]:
                why = f"wrote to {said.name}: {said.text.strip()[:200]}. End a cell on one value"
                run.error = run.error or f"{run.path}, code cell {number}: {why} and print nothing."
        tidy(notebook)
        used = json.loads(last.outputs[0].text)
        notebook.metadata["inputs"] = own(notebook) | run.shared | used
        run.notebook, run.seconds = notebook, time.perf_counter() - started
        return
    run.error = f"{run.path}, code cell {client.code_cells_executed - 1}: {why}"


def execute(runs: list[Run], done: Callable[[Run], None] = lambda run: None) -> None:
    """Execute notebooks in parallel, a kernel each; results and errors are left in the runs.

    Args:
        runs: what to execute; each gets its notebook, seconds or error.
        done: called after each.
    """
    os.environ.update(kernels.ENV)  # some of it a process takes in only when it starts
    kernels.fork()
    started: list[Any] = []

    async def all_of_them() -> None:
        started.extend([asyncio.get_running_loop(), asyncio.current_task()])
        gate = asyncio.Semaphore((os.cpu_count() or 1) + 1)  # one waits for its kernel to start

        async def one(run: Run) -> None:
            async with gate:
                await _execute(run)
            done(run)

        await asyncio.gather(*map(one, runs))

    # In a thread of its own: in the main one, nbclient handles Ctrl-C by itself, with a traceback,
    # and the caller may have an event loop running (JupyterLab, a browser).
    with ThreadPoolExecutor(1) as aside:
        work = aside.submit(lambda: asyncio.run(all_of_them()))
        try:
            work.result()
        except KeyboardInterrupt:
            for loop, task in [started] if started else []:
                loop.set_exception_handler(lambda *_: None)  # nbclient's watch of a kernel fails
                loop.call_soon_threadsafe(task.cancel)  # else this waits for every notebook
            raise


def write(path: Path, notebook: Any, raw: bytes | None = None) -> None:
    """Write a notebook whole or not at all.

    Raises NotebookError when the file no longer holds ``raw``: an author's edit is not overwritten.
    """
    text = nbformat.writes(notebook, version=4).rstrip("\n") + "\n"
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    if raw is not None and path.read_bytes() != raw:
        part.unlink()
        raise NotebookError(
            f"{path} was saved while it was executed: your edit stays, the outputs of the run were "
            "dropped. Run the command again."
        )
    part.replace(path)
