"""Execution and build need no network, and a notebook reads nothing outside the repository."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from copies import cases
from hostile import tree

from publish import guard, notebooks

ASKS = """
import socket
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
except OSError as error:
    assert "Network is unreachable" in str(error), error
else:
    raise AssertionError("the network is there")
"""


@pytest.mark.skipif(not tree.may_cut_off(), reason="this user may not cut a process off")
def test_execution_and_build_need_no_network(published):
    """The tiny book was executed and published like this: from here no request gets out."""
    command = [sys.executable, "-c", ASKS]
    assert subprocess.run(command, preexec_fn=tree.cut_off).returncode == 0
    assert tree.faults_of(published / "_build/html") == []


OUTSIDE = {way["try"]: way["says"] for way in cases("ways_out")}
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
    """One kernel tries them all, does what notebooks do, and then what names its cell."""
    folder = tmp_path / "book"
    shutil.copytree(notebooks.BOOK / "report", folder / "report")
    (tmp_path / "inside.txt").write_text("inside")
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(notebooks, "BOOK", folder)
    guard = notebooks.GUARD.replace(repr(str(notebooks.ROOT)), repr(str(tmp_path)))
    monkeypatch.setattr(notebooks, "GUARD", guard)
    asserts = f"for source, says in {list(OUTSIDE.items())!r}: assert says in said[source], source"
    cells = [TRIES, asserts, INSIDE, "open('/etc/passwd')"]
    (folder / "named.ipynb").write_text(tree.notebook(cells=cells), encoding="utf-8")
    run = notebooks.Run(folder / "named.ipynb", ["test"])
    notebooks.execute([run])
    assert "named.ipynb, code cell 4: PermissionError: a notebook may read only" in run.error


def test_the_wall_lets_every_line_of_the_guard_alone():
    """The guard's text is run in the kernel as it is here: it imports no module of ours."""
    text = Path(guard.__file__).read_text(encoding="utf-8")
    assert "import report" not in text
    assert "from publish" not in text
