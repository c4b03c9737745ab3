"""publish.notebooks: only stale notebooks run, errors name the cell, an author's edit stays."""

import signal
import time

import nbformat
import pytest
from hostile import tree

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

    def run(name, *sources, meanwhile=lambda path: None):
        path = folder / f"{name}.ipynb"
        notebooks.write(path, notebook(*sources))
        done = notebooks.Run(path, ["test"])
        meanwhile(path)
        notebooks.execute([done])
        return path, done

    return run


def edited(path, change):
    stored = nbformat.read(path, as_version=4)
    change(stored.cells)
    notebooks.write(path, stored)
    return notebooks.stale(path)


def test_each_input_is_recorded_makes_it_stale_and_is_named(book, monkeypatch):
    """A table that is only described counts by its description."""
    loads, names = 'len(report.load("warheads_2025"))', 'report.describe("sources")["title"]'
    path, run = book("one", "import report", loads, "report.tables()", names)
    assert not run.error
    notebooks.write(path, run.notebook, run.raw)
    stored = nbformat.read(path, as_version=4)
    own = {"its code", "its stored outputs", "book/report", "requirements.txt"}
    keys = {"table warheads_2025", "list of tables", "description of sources"}
    assert {*stored.metadata["inputs"]} == own | keys
    assert [c.execution_count for c in stored.cells[1:]] == [1, 2, 3, 4]
    assert notebooks.stale(path) == []
    for key in keys:
        now = {k: data.digest(k) for k in keys} | {key: "x"}
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


def test_an_edit_made_while_it_runs_stays_and_the_run_is_dropped(book):
    text = notebook("1")
    text.cells[0].source = "The author's edit."

    def edit(path):
        notebooks.write(path, text)

    path, run = book("edited", "1", meanwhile=edit)
    with pytest.raises(notebooks.NotebookError, match=r"edited\.ipynb was saved while it was exec"):
        notebooks.write(path, run.notebook, run.raw)
    assert notebooks.read(path) == text
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


# ---- The command, in the tiny book --------------------------------------------------------------


def execute(shop):
    """Execute; return the notebooks that ran with the reasons given, and all that was said."""
    status, said, wrong = shop.run("execute")
    assert (status, wrong) == (0, "")
    lines = [line.strip() for line in said.splitlines() if " ran in " in line]
    return {line.split(":")[0]: line.partition("(")[2][:-1] for line in lines}, said


def append(path, text):
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_only_what_depends_on_a_change_runs_again(shop):
    """The notebook that is there was executed, and loads prices."""
    root = shop.fresh()
    left = root / "book/.other.ipynb.part"
    left.touch()  # by a run that was killed
    loads = notebook("import report", 'len(report.load("media_trust"))')
    notebooks.write(root / "book/other.ipynb", loads)
    assert execute(shop)[0] == {"other": "code cell 1 was never executed"}
    assert not left.exists()
    ran, said = execute(shop)
    assert ran == {}
    assert "All 2 notebooks are up to date: nothing was executed." in said
    tree.spoil(root, {"swap": {tree.PRICES: ["2021-01,", "2021-01,1"]}})
    ran, said = execute(shop)
    assert ran == {"summary": "table brent_prices changed"}
    assert "1 executed, 1 up to date." in said
    append(root / "book/report/data.py", "# changed\n")
    assert execute(shop)[0] == dict.fromkeys(["summary", "other"], "book/report changed")


def test_ctrl_c_ends_at_once_with_one_line(shop):
    root = shop.fresh()
    for name, sources in (("one", ["import time", "time.sleep(100)"]), ("two", ["1"])):
        notebooks.write(root / f"book/{name}.ipynb", notebook(*sources))
    # Tests that were started in the background ignore it, and so would what they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = tree.start(root, "execute", "two", "one")
    process.stdout.readline()  # the other notebook has run
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, wrong = process.communicate(timeout=60)
    assert time.monotonic() - started < 30
    assert (process.returncode, wrong) == (130, "\nstopped: the last good book stays in place.\n")


def test_an_old_console_shows_what_it_can(shop):
    root = shop.fresh()
    tree.spoil(root, {"swap": {tree.PRICES: ["2021-01,", "2021-01,−"]}})
    old = tree.environment(root, PYTHONIOENCODING="cp1252:strict", PYTHONUTF8="0")
    assert "'?54.77' is not a number" in tree.run(root, "check", env=old).stderr
