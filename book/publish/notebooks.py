"""Execute the notebooks whose inputs changed, and know which ones those are.

A notebook's inputs are its own code, the tables it loads, the report package and the lock.
Each is stored as a digest in the notebook's metadata when it is executed, and so is one of its
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

from publish import forkserver, guard
from report import data

ROOT = data.ROOT
BOOK = ROOT / "book"
CELL_TIMEOUT = 120  # seconds; the slowest cell takes about two
#: Same outputs whatever the machine is set to, and whatever a reader has installed at home.
KERNEL_ENV = {
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "PYTHONNOUSERSITE": "1",
    "MPLBACKEND": "agg",
}
#: What a notebook's metadata says of its kernel; the rest changes from machine to machine.
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


#: What every kernel runs first. A report package that cannot be imported fails in the first cell.
GUARD = f"""
import sys
sys.path.insert(0, {str(BOOK)!r})
try:
    import report
except Exception:
    pass
else:
    del report
sys.path.remove({str(BOOK)!r})
_space = {{"__name__": "guard"}}
exec({Path(guard.__file__).read_text(encoding="utf-8")!r}, _space)
_space["install"]({str(ROOT)!r})
del _space, sys
"""


class NotebookError(RuntimeError):
    """A notebook that cannot be read or executed; the message says where and what to do."""


@dataclass
class Run:
    """What happened to one notebook: why it ran, how long it took, what changed."""

    path: Path
    reasons: list[str]
    seconds: float = 0.0
    error: str = ""
    notebook: Any = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The notebook's path below book/, without its ending."""
        return self.path.relative_to(BOOK).with_suffix("").as_posix()


def paths(names: Iterable[str] = ()) -> list[Path]:
    """Return the notebooks of the book, sorted: all, or those named (such as "engagement").

    Raises NotebookError for a name that no notebook has.
    """
    found = {
        p.relative_to(BOOK).with_suffix("").as_posix(): p
        for p in sorted(BOOK.rglob("*.ipynb"))
        if ".ipynb_checkpoints" not in p.parts
    }
    unknown = [name for name in names if name not in found]
    if unknown:
        raise NotebookError(f"no notebook {unknown[0]!r}; there are: {', '.join(found)}")
    return [found[name] for name in names] if names else list(found.values())


def read(path: Path) -> Any:
    """Return a notebook; NotebookError when it is not one."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except FileNotFoundError:
        raise NotebookError(f"{path} is missing, but _toc.yml or a command names it") from None
    except Exception as error:  # nbformat raises many kinds for what is not a notebook
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NotebookError(
            f"{path} is not a valid notebook: {reason}. Restore it with: git checkout {path.name}"
        ) from None
    return notebook


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def inputs(notebook: Any, loaded: Iterable[str]) -> dict[str, str]:
    """Return the digest of each input of a notebook, by a name that a reader understands.

    Args:
        notebook: a notebook node.
        loaded: tables whose rows it uses.
    """
    code = [cell.source.encode() for cell in notebook.cells if cell.cell_type == "code"]
    package = [p.read_bytes() for p in sorted((BOOK / "report").glob("*.py"))]
    outputs = [[c.execution_count, c.outputs] for c in notebook.cells if c.cell_type == "code"]
    found = {
        "its code": _digest(*code),
        "its stored outputs": _digest(json.dumps(outputs, sort_keys=True).encode()),
        "book/report": _digest(*package),
        "requirements.txt": _digest((ROOT / "requirements.txt").read_bytes()),
    }
    known = set(data.tables())
    for name in sorted(loaded):
        found[f"table {name}"] = data.digest(name) if name in known else "not there"
    return found


def stale(path: Path) -> list[str]:
    """Return why a notebook's stored outputs are out of date; empty when they are not."""
    notebook = read(path)
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "code" and cell.execution_count is None:
            return [f"cell {number} was never executed"]
    stored = notebook.metadata.get("inputs")
    if not stored:
        return ["it was never executed by this build"]
    loaded = [name.removeprefix("table ") for name in stored if name.startswith("table ")]
    now = inputs(notebook, loaded)
    return [f"{name} changed" for name in now if now[name] != stored.get(name)]


def tidy(notebook: dict[str, Any]) -> None:
    """Leave nothing in a notebook that changes from run to run or from machine to machine.

    Of the metadata, the digests and the tags of cells stay. Cells that were executed one after
    the other, in a kernel that had executed others before, are counted from 1.
    """
    known = {key: notebook["metadata"][key] for key in ("inputs",) if key in notebook["metadata"]}
    notebook["metadata"] = nbformat.from_dict(
        {**known, "kernelspec": KERNEL, "language_info": {"name": "python"}}
    )
    for cell in notebook["cells"]:
        cell["metadata"] = nbformat.from_dict(
            {key: cell["metadata"][key] for key in ("tags",) if cell["metadata"].get(key)}
        )
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
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


async def _execute(run: Run, server: forkserver.ForkServer | None) -> None:
    started = time.perf_counter()
    notebook = read(run.path)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(run.path.parent)}},
    )
    number = 0
    client.create_kernel_manager()
    if server:
        forkserver.provide(client.km, server)
    try:
        # The kernel's own log is not shown; what a cell writes arrives as an output.
        async with client.async_setup_kernel(
            env={**os.environ, **KERNEL_ENV}, stderr=subprocess.DEVNULL
        ):
            await _hidden(client, GUARD)
            for place, cell in enumerate(notebook.cells):
                if cell.cell_type == "code":
                    number += 1
                    await client.async_execute_cell(cell, place, execution_count=number)
            loaded = await _loaded(client)
    except CellExecutionError as error:
        run.error = f"{run.path}, code cell {number}: {error.ename}: {error.evalue}"
        return
    except CellTimeoutError:
        run.error = f"{run.path}, code cell {number}: still running after {CELL_TIMEOUT} s"
        return
    except DeadKernelError:
        run.error = f"{run.path}, code cell {number}: the kernel died"
        return
    except RuntimeError as error:
        run.error = f"{run.path}: its kernel did not start: {error}. Try: make clean"
        return
    noise = [
        f"code cell {place + 1} wrote to {output.name}: {output.text.strip()[:200]}"
        for place, cell in enumerate(c for c in notebook.cells if c.cell_type == "code")
        for output in cell.outputs
        if output.output_type == "stream"
    ]
    if noise:
        run.error = f"{run.path}: {noise[0]}. End a cell on one value and print nothing."
        return
    tidy(notebook)
    notebook.metadata["inputs"] = inputs(notebook, loaded)
    run.notebook, run.seconds = notebook, time.perf_counter() - started


async def _hidden(client: NotebookClient, source: str) -> str:
    """Run a cell that is not kept; return what it printed."""
    cell = nbformat.v4.new_code_cell(source)
    client.nb.cells.append(cell)
    await client.async_execute_cell(cell, len(client.nb.cells) - 1, store_history=False)
    client.nb.cells.pop()
    return "".join(output.get("text", "") for output in cell.outputs)


async def _loaded(client: NotebookClient) -> list[str]:
    """Ask the kernel which tables the notebook loaded."""
    return (await _hidden(client, "from report import data as _d; print(*_d.loaded())")).split()


def execute(runs: list[Run], done: Callable[[Run], None] = lambda run: None) -> None:
    """Execute notebooks in parallel, a kernel each; results and errors are left in the runs.

    Args:
        runs: what to execute; each gets its notebook, seconds or error.
        done: called after each.
    """

    async def all_of_them() -> None:
        server = None
        if runs and forkserver.AVAILABLE:
            server = forkserver.ForkServer({**os.environ, **KERNEL_ENV})
        try:
            await each(server)
        finally:
            if server:
                server.close()

    async def each(server: forkserver.ForkServer | None) -> None:
        gate = asyncio.Semaphore((os.cpu_count() or 1) + 1)  # one waits for its kernel to start

        async def one(run: Run) -> None:
            async with gate:
                await _execute(run, server)
            done(run)

        await asyncio.gather(*(one(run) for run in runs))

    # In a thread of its own: the caller may have an event loop running (JupyterLab, a browser).
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, all_of_them()).result()


def write(path: Path, notebook: Any) -> bool:
    """Write a notebook whole or not at all; return whether its file changed."""
    text = nbformat.writes(notebook, version=4).rstrip("\n") + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(path)
    return True
