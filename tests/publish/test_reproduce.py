"""publish.reproduce: every output is compared, and a difference is named as the book names it."""

import copy
import json
from collections import Counter

import pytest
from bs4 import BeautifulSoup

from publish import notebooks, reproduce


def test_exhibits_have_the_numbers_of_the_book(built):
    numbers, seen = reproduce.numbering(), 0
    for path in notebooks.paths():
        name = path.relative_to(notebooks.BOOK).with_suffix("").as_posix()
        page = BeautifulSoup((built / "book" / f"{name}.html").read_text("utf-8"), "html.parser")
        shown = [
            (tag.get_text().strip(), tag.find_next_sibling(class_="caption-text").get_text())
            for tag in page.select(".caption-number")
        ]
        ours = [
            (output.name, output.title)
            for output in reproduce.outputs(notebooks.read(path), *numbers[name])
            if output.kind in {"table", "figure"}
        ]
        assert ours == shown, name
        seen += len(ours)
    assert seen > 100


@pytest.fixture
def landscape():
    """A run of one chapter that gave what is stored, and its numbers."""
    (path,) = notebooks.paths(["landscape"])
    run = notebooks.Run(path, ["test"])
    run.notebook = copy.deepcopy(notebooks.read(path))
    return run, {"landscape": ("2.", Counter())}


def outputs(run, mime):
    return [
        (cell, output)
        for cell in run.notebook.cells
        for output in cell.get("outputs", [])
        if mime in output.get("data", {})
    ]


def test_what_is_equal_is_counted(landscape):
    found = reproduce.compare(*landscape)
    assert found.differences == [] and found.reproduced == found.total == sum(found.counts.values())
    assert found.counts["table"] >= 2 and found.counts["figure"] >= 2
    assert reproduce.summary([found]) == f"{found.total} of {found.total} outputs reproduced."


def test_a_number_of_a_figure_is_named_with_row_and_column(landscape):
    run, numbers = landscape
    _, output = outputs(run, reproduce.FIGURE_MIME)[1]
    body = json.loads(output.data[reproduce.FIGURE_MIME])
    was, body["rows"][2][1] = body["rows"][2][1], "changed"
    output.data[reproduce.FIGURE_MIME] = json.dumps(body)
    found = reproduce.compare(run, numbers)
    column = body["columns"][1]
    assert found.differences == [
        f"Figure 2.2 “{body['caption']}”: row 3, column {column!r}: stored {was!r}, now 'changed'"
    ]
    assert found.reproduced == found.total - 1
    assert f"landscape: Figure 2.2 “{body['caption']}”" in reproduce.report([found])


def test_a_drawing_alone_a_fact_and_a_missing_output_are_named(landscape):
    run, numbers = landscape
    _, figure = outputs(run, "image/svg+xml")[0]
    figure.data["image/svg+xml"] += " "
    _, fact = outputs(run, reproduce.FACT_MIME)[0]
    fact.data[reproduce.FACT_MIME] = "'1,234,567'"
    cell, table = outputs(run, "text/markdown")[0]
    cell.outputs.remove(table)
    said = "\n".join(reproduce.compare(run, numbers).differences)
    assert "the drawing differs though its numbers do not" in said
    assert f"Number {fact.metadata['scrapbook']['name']}: stored " in said
    assert "now '1,234,567'" in said
    assert "Table 2.1 “" in said and "”: stored, but not produced" in said


def test_a_notebook_that_does_not_run_reproduces_nothing(landscape):
    run, numbers = landscape
    run.error = "landscape.ipynb, code cell 3: boom"
    found = reproduce.compare(run, numbers)
    assert found.reproduced == 0 and found.total > 50
    assert found.differences == [f"did not run: {run.error}"]
