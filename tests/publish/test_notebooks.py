"""publish.notebooks: what makes a notebook stale, and what happens when one fails."""

import nbformat
import pytest

from publish import notebooks, reproduce
from report import data


def notebook(*sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=cells)


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
            notebooks.write(path, done.notebook)
        return path, done

    return run


def test_inputs_are_recorded_and_fresh(book):
    path, run = book("good", "import report", 'len(report.load("warheads_2025"))')
    assert not run.error
    stored = nbformat.read(path, as_version=4)
    assert set(stored.metadata["inputs"]) == {
        "its code",
        "its stored outputs",
        "book/report",
        "requirements.txt",
        "table warheads_2025",
    }
    assert [c.execution_count for c in stored.cells] == [1, 2]
    assert notebooks.stale(path) == []


def test_a_table_that_is_only_named_counts_by_its_description(book, monkeypatch):
    path, run = book(
        "named",
        "import pandas as pd, report\n"
        'report.table(pd.DataFrame({"n": [1]}), name="tbl-x", caption="Things", source="warheads")',
    )
    assert not run.error and notebooks.stale(path) == []
    with monkeypatch.context() as patch:
        patch.setattr(data, "digest", lambda name: "other rows")
        assert notebooks.stale(path) == []
        patch.setattr(data, "description_digest", lambda name: "another source")
        assert notebooks.stale(path) == ["description of warheads changed"]


def test_each_input_makes_it_stale_and_is_named(book, monkeypatch):
    path, _ = book("one", "import report", 'len(report.load("warheads_2025"))')
    with monkeypatch.context() as patch:
        patch.setattr(data, "digest", lambda name: "other")
        assert notebooks.stale(path) == ["table warheads_2025 changed"]
    stored = nbformat.read(path, as_version=4)
    stored.cells[0].source = "import report, math"
    notebooks.write(path, stored)
    assert notebooks.stale(path) == ["its code changed"]
    stored.cells[0].source = "import report"
    stored.cells.insert(0, nbformat.v4.new_markdown_cell("Prose."))
    notebooks.write(path, stored)
    assert notebooks.stale(path) == []
    stored.cells[1].execution_count = None
    notebooks.write(path, stored)
    assert notebooks.stale(path) == ["cell 2 was never executed"]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("1 / 0", "code cell 1: ZeroDivisionError: division by zero"),
        ("print('noise')", "wrote to stdout: noise"),
        ("import os; os._exit(1)", "the kernel died"),
        ("import report; report.load('nothing')", "no table 'nothing'"),
    ],
)
def test_a_failing_cell_is_named_and_nothing_is_written(book, source, says):
    path, run = book("bad", source)
    assert says in run.error and str(path) in run.error
    assert nbformat.read(path, as_version=4).cells[0].execution_count is None


def test_a_cell_that_never_ends_is_stopped(book, monkeypatch):
    monkeypatch.setattr(notebooks, "CELL_TIMEOUT", 2)
    _, run = book("slow", "import time; time.sleep(60)")
    assert "still running after 2 s" in run.error


def test_what_is_not_a_notebook_is_named(book, tmp_path):
    path = tmp_path / "book" / "broken.ipynb"
    path.write_text("{}")
    with pytest.raises(notebooks.NotebookError, match=r"broken\.ipynb is not a valid notebook"):
        notebooks.read(path)


def test_an_unknown_name_lists_the_notebooks():
    with pytest.raises(notebooks.NotebookError, match="no notebook 'engagment'; there are: "):
        notebooks.paths(["engagment"])


def test_the_first_differing_value_is_named(book):
    cell = (
        "import pandas as pd, report\n"
        'report.table(pd.DataFrame({"year": [2024], "n": [%d]}), name="tbl-x", '
        'caption="Things", source="sources")'
    )
    path, run = book("table", cell % 1)
    changed = nbformat.read(path, as_version=4)
    changed.cells[0].source = cell % 2
    again = notebooks.Run(path, ["test"])
    notebooks.write(path, changed)
    notebooks.execute([again])
    found = reproduce.compare(again)
    assert found.total == 1
    assert found.differences == ["Table 1 “Things”: row 1, column 'n': stored '1', now '2'"]
    assert reproduce.compare(run).differences == []
