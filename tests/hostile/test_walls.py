"""Execution and build need no network, and a notebook reads nothing outside the repository."""

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import sys
from pathlib import Path

import pytest
from hostile import tree

from publish import notebooks


def cut_off() -> None:
    """Enter a network of its own that has nothing but its loopback (Linux, as root)."""
    clone_newnet = 0x40000000
    if ctypes.CDLL(None, use_errno=True).unshare(clone_newnet):
        raise OSError(ctypes.get_errno(), "no network of its own")
    with socket.socket() as lo:  # kernels talk to the publisher over it
        up = struct.pack("16sH14s", b"lo", 1, b"")
        fcntl.ioctl(lo, 0x8914, up)


def may_cut_off() -> bool:
    if not sys.platform.startswith("linux") or not (child := os.fork()):
        if sys.platform.startswith("linux"):
            try:
                cut_off()
            except OSError:
                os._exit(1)
            os._exit(0)
        return False
    return os.waitpid(child, 0)[1] == 0


ASKS = """
import socket
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
except OSError as error:
    assert "Network is unreachable" in str(error), error
else:
    raise AssertionError("the network is there")
"""


@pytest.mark.skipif(not may_cut_off(), reason="this user may not cut a process off the network")
def test_execution_and_build_need_no_network(book):
    (book / "book/summary.ipynb").write_text(tree.notebook(), encoding="utf-8")
    (book / "ask.py").write_text(ASKS)
    env = tree.environment(book)
    asked = tree.subprocess.run([sys.executable, "ask.py"], cwd=book, env=env, preexec_fn=cut_off)
    assert asked.returncode == 0
    made = tree.run(book, "book", preexec_fn=cut_off)
    assert made.returncode == 0, made.stderr
    assert "summary: ran in" in made.stdout
    assert tree.faults_of(book / "_build/html") == []


OUTSIDE = {
    "open('/etc/passwd').read()": "only inside the repository, not /etc/passwd",
    "from pathlib import Path; Path.home().joinpath('x').read_text()": "only inside the repository",
    "import pandas; pandas.read_csv('../../other.csv')": "only inside the repository",
    "import os; os.symlink('/etc/hostname', 'link'); open('link')": "not /etc/hostname",
    "open('notes.txt', 'w')": "a notebook may not write files",
    "import os; os.open('notes.txt', os.O_CREAT | os.O_WRONLY)": "may not write files",
    "import subprocess; subprocess.run(['cat', '/etc/passwd'])": "may not start programs",
    "import os; os.system('true')": "may not start programs",
    "import urllib.request; urllib.request.urlopen('http://example.org')": "use the network",
    "import socket; socket.create_connection(('192.0.2.1', 80))": "use the network",
}
TRIES = f"""
said = {{}}
for source in {list(OUTSIDE)!r}:
    try:
        exec(source, {{}})
    except Exception as error:
        said[source] = str(error)
"""
INSIDE = """
import xml.dom.minidom, yaml, report
len(open("../inside.txt").read())
fig, ax = report.charts.axes()
fig.canvas.draw()
"""


def test_a_notebook_that_looks_outside_is_stopped(tmp_path, monkeypatch):
    """One kernel tries them all, then does what notebooks do; then one cell is named."""
    folder = tmp_path / "book"
    shutil.copytree(notebooks.BOOK / "report", folder / "report")
    (tmp_path / "inside.txt").write_text("inside")
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(notebooks, "BOOK", folder)
    guard = notebooks.GUARD.replace(repr(str(notebooks.ROOT)), repr(str(tmp_path)))
    monkeypatch.setattr(notebooks, "GUARD", guard)
    asserts = f"for source, says in {list(OUTSIDE.items())!r}: assert says in said[source], source"
    cells = {"tries": [TRIES, asserts, INSIDE], "named": ["1", "open('/etc/passwd')"]}
    for name, sources in cells.items():
        (folder / f"{name}.ipynb").write_text(tree.notebook(cells=sources), encoding="utf-8")
    runs = [notebooks.Run(folder / f"{name}.ipynb", ["test"]) for name in cells]
    notebooks.execute(runs)
    assert runs[0].error == ""
    assert "named.ipynb, code cell 2: PermissionError: a notebook may read only" in runs[1].error


def test_the_wall_lets_every_line_of_the_guard_alone():
    """The guard's text is run in the kernel as it is here: it imports no module of ours."""
    text = Path(notebooks.guard.__file__).read_text(encoding="utf-8")
    assert "import report" not in text
    assert "from publish" not in text
