"""publish.notebooks: only stale notebooks run, errors name the cell, an author's edit stays."""

import os
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from publish import notebooks
from report import data


def notebook(*sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("Prose."), *cells])


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book folder with its own report package beside it; returns a function that runs."""
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "report").symlink_to(notebooks.BOOK / "report")
    monkeypatch.setattr(notebooks, "BOOK", folder)

    def run(name, *sources):
        path = folder / f"{name}.ipynb"
        notebooks.write(path, notebook(*sources))
        done = notebooks.Run(path, ["test"])
        notebooks.execute([done])
        if not done.error:
            notebooks.write(path, done.notebook, done.raw)
        return path, done

    return run


def edited(path, change):
    stored = nbformat.read(path, as_version=4)
    change(stored.cells)
    notebooks.write(path, stored)
    return notebooks.stale(path)


def test_each_input_is_recorded_makes_it_stale_and_is_named(book, monkeypatch):
    path, run = book("one", "import report", 'len(report.load("warheads_2025"))', "report.tables()")
    assert not run.error
    stored = nbformat.read(path, as_version=4)
    own = {"its code", "its stored outputs", "book/report", "requirements.txt"}
    assert {*stored.metadata["inputs"]} == own | {"table warheads_2025", "list of tables"}
    assert [c.execution_count for c in stored.cells[1:]] == [1, 2, 3]
    assert notebooks.stale(path) == []
    for key in ("table warheads_2025", "list of tables"):
        now = {k: data.digest(k) for k in ("table warheads_2025", "list of tables")} | {key: "x"}
        with monkeypatch.context() as patch:
            patch.setattr(data, "digest", now.get)
            assert notebooks.stale(path) == [f"{key} changed"]
    assert edited(path, lambda cells: cells[0].update(source="Other prose.")) == []
    assert edited(path, lambda cells: cells[1].update(source="import report, math")) == [
        "its code changed"
    ]
    edited(path, lambda cells: cells[1].update(source="import report"))
    assert edited(path, lambda cells: cells[2].outputs[0].data.update({"text/plain": "1"})) == [
        "its stored outputs changed"  # as when code is tried and put back
    ]
    assert edited(path, lambda cells: cells[1].update(execution_count=None)) == [
        "code cell 1 was never executed"
    ]


def test_a_table_that_is_only_described_counts_by_its_description(book):
    path, run = book("named", 'import report; report.describe("sources")["title"]')
    assert not run.error
    assert notebooks.stale(path) == []
    keys = nbformat.read(path, as_version=4).metadata["inputs"]
    assert [k for k in keys if "sources" in k] == ["description of sources"]


def test_an_edit_made_while_it_runs_stays_and_the_run_is_dropped(book):
    path, _ = book("edited", "1")
    run = notebooks.Run(path, ["test"])
    text = path.read_text(encoding="utf-8").replace("Prose.", "The author's edit.")
    path.write_text(text, encoding="utf-8")
    notebooks.execute([run])
    with pytest.raises(notebooks.NotebookError, match=r"edited\.ipynb was saved while it was exec"):
        notebooks.write(path, run.notebook, run.raw)
    assert path.read_text(encoding="utf-8") == text
    assert [p.name for p in path.parent.glob(".*")] == []


def test_a_cell_that_does_not_end_is_named_and_nothing_is_written(book, monkeypatch):
    """Other ways to fail are in tests/data/malformed.yaml."""
    monkeypatch.setattr(notebooks, "CELL_TIMEOUT", 3)
    path, run = book("bad", "while True: pass")
    assert "still running after 3 s" in run.error and str(path) in run.error
    assert nbformat.read(path, as_version=4).cells[1].execution_count is None


def test_a_notebook_that_is_not_there_is_named():
    with pytest.raises(notebooks.NotebookError, match="no notebook 'engagment'; there are: "):
        notebooks.paths(["engagment"])


# ---- The command, in a small copy of the repository ---------------------------------------------


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A repository with two small notebooks, one table each; its path holds a space."""
    root = tmp_path_factory.mktemp("a copy")
    for name in ("data", "book/report", "book/publish"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(data.ROOT / name, root / name, ignore=skip)
    shutil.copyfile(data.ROOT / "book/references.bib", root / "book/references.bib")
    for name in ("requirements.txt", "_toc.yml"):
        shutil.copyfile(data.ROOT / name, root / name)
    for name, table in (("one", "warheads_2025"), ("two", "summits")):
        made = notebook("import report", f'len(report.load("{table}"))')
        notebooks.write(root / "book" / f"{name}.ipynb", made)
    return root


def start(root, *arguments, **environment):
    command = [sys.executable, "-m", "publish", *arguments]
    env = {**os.environ, "PYTHONPATH": str(root / "book"), **environment}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=root, env=env, stdout=pipe, stderr=pipe, text=True)


def execute(root, *arguments):
    """Execute; return the notebooks that ran with the reasons given, and all that was said."""
    said, wrong = start(root, "execute", *arguments).communicate()
    assert not wrong
    lines = [line.strip() for line in said.splitlines() if " ran in " in line]
    return {line.split(":")[0]: line.partition("(")[2][:-1] for line in lines}, said


def test_only_what_depends_on_a_change_runs_again(copy):
    never = "code cell 1 was never executed"
    left = copy / "book/.two.ipynb.part"
    left.touch()  # by a run that was killed
    assert execute(copy)[0] == {"one": never, "two": never}
    assert not left.exists()
    ran, said = execute(copy)
    assert ran == {}
    assert "All 2 notebooks are up to date: nothing was executed." in said

    table = copy / "data/evidence/summits.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("Tehran", "Teheran"), encoding="utf-8")
    ran, said = execute(copy)
    assert ran == {"two": "table summits changed"}
    assert "1 executed, 1 up to date." in said

    module = copy / "book/report/data.py"
    module.write_text(module.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert execute(copy)[0] == dict.fromkeys(["one", "two"], "book/report changed")


def test_ctrl_c_ends_at_once_with_one_line(copy):
    notebooks.write(copy / "book/one.ipynb", notebook("import time", "time.sleep(100)"))
    # Tests that were started in the background ignore it, and so would what they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = start(copy, "execute", "two", "one", "--force")
    process.stdout.readline()  # the other notebook has run
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, wrong = process.communicate(timeout=60)
    assert time.monotonic() - started < 30
    assert (process.returncode, wrong) == (130, "\nstopped: the last good book stays in place.\n")


def test_an_old_console_shows_what_it_can(copy):
    table = copy / "data/evidence/summits.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("1943", "−943", 1), "utf-8")
    process = start(copy, "check", PYTHONIOENCODING="cp1252:strict", PYTHONUTF8="0")
    said = process.communicate()[1]
    assert "'?943-11-28' is not a date (YYYY-MM-DD)" in said
