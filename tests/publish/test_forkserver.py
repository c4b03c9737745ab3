"""Kernels that are forks of one process share what is installed, and nothing else."""

import os
import signal
import sys
import time

import nbformat
import pytest

from publish import forkserver, notebooks

pytestmark = pytest.mark.skipif(not forkserver.AVAILABLE, reason="kernels are forked on Linux only")
#: Leaves a mark in every place that a later notebook could see.
MARKS = """import builtins, math, os, random, pandas, matplotlib
os.environ["MARK"] = builtins.mark = math.mark = pandas.mark = "left"
matplotlib.rcParams["font.size"] = 99
pandas.set_option("display.precision", 2)
random.seed(1)
os.getppid()"""
LOOKS = """import builtins, math, os, matplotlib, pandas
assert "MARK" not in os.environ
assert not [place for place in (builtins, math, pandas) if hasattr(place, "mark")]
assert matplotlib.rcParams["font.size"] != 99
assert pandas.get_option("display.precision") == 6
os.getppid()"""


@pytest.fixture
def execute(tmp_path, monkeypatch):
    """Execute notebooks of one cell each, one after the other, in forks of one process."""
    monkeypatch.setattr(os, "cpu_count", lambda: 0)

    def run(*sources):
        runs = []
        for number, source in enumerate(sources):
            path = tmp_path / f"n{number}.ipynb"
            cells = [nbformat.v4.new_code_cell(source)]
            notebooks.write(path, nbformat.v4.new_notebook(cells=cells))
            runs.append(notebooks.Run(path, ["test"]))
        notebooks.execute(runs)
        return runs

    return run


def test_nothing_of_one_notebook_is_seen_by_the_next(execute):
    runs = execute(MARKS, LOOKS)
    assert [run.error for run in runs] == ["", ""]
    parents = {run.notebook.cells[0].outputs[0].data["text/plain"] for run in runs}
    assert len(parents) == 1, "they are not forks of one process"


def test_no_module_of_ours_is_loaded_before_the_notebook(monkeypatch, execute):
    monkeypatch.setattr(notebooks, "GUARD", "")
    (run,) = execute(
        "import sys\n"
        'assert not [n for n in sys.modules if n.split(".")[0] in {"report", "publish"}]\n'
        'assert not [p for p in sys.path if p.rstrip("/").endswith("/book")]'
    )
    assert run.error.endswith("No module named 'report'"), run.error  # the last question of a run


def test_a_kernel_ends_when_the_server_does(tmp_path):
    server = forkserver.ForkServer(dict(os.environ))
    file = tmp_path / "connection.json"  # the kernel writes it, with ports that it chooses
    kernel = forkserver.Forked(server.fork(str(file), str(tmp_path)))
    for _ in range(200):
        if file.exists():
            break
        time.sleep(0.05)
    assert kernel.poll() is None
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    for _ in range(200):
        if kernel.poll() is not None:
            break
        time.sleep(0.05)
    assert kernel.poll() == 1


def test_a_process_that_is_gone_is_known_to_be(tmp_path):
    server = forkserver.ForkServer(dict(os.environ))
    kernel = forkserver.Forked(server.fork(str(tmp_path / "c.json"), str(tmp_path)))
    kernel.kill()
    assert (kernel.wait(), kernel.poll()) == (1, 1)
    kernel.terminate()  # nothing happens
    server.close()
    assert forkserver.Forked(kernel.pid).poll() == 1


def test_packages_that_cannot_be_loaded_are_the_error_of_each_notebook(monkeypatch, execute):
    monkeypatch.setattr(forkserver, "__file__", os.devnull)
    (run,) = execute("1")
    assert run.error.endswith(
        "its kernel did not start: the packages that every notebook needs cannot be loaded. "
        "Try: make clean"
    )


@pytest.mark.parametrize("name", forkserver.PACKAGES)
def test_every_package_that_is_loaded_beforehand_is_installed(name):
    assert __import__(name) and name in sys.modules
