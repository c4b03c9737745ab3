"""publish.reproduce: every output is compared, and the first difference is named."""

import copy
import json

import pytest

from publish import notebooks, reproduce
from report.exhibits import FACTS_MIME, FIGURE_MIME, TABLE_MIME


@pytest.fixture
def run():
    """A run of one chapter that gave what is stored."""
    (path,) = notebooks.paths(["landscape"])
    run = notebooks.Run(path, ["test"])
    run.notebook = copy.deepcopy(run.stored)
    return run


def outputs(run, mime):
    """The outputs of a kind, each as the list it stands in and its representations."""
    for cell in notebooks.code_cells(run.notebook):
        for output in cell.outputs:
            if mime in output.get("data", {}):
                yield cell.outputs, output


def test_what_is_equal_is_counted(run):
    found = reproduce.compare(run)
    assert found.differences == [] and found.reproduced == len(found.stored)
    kinds = [output.kind for output in found.stored]
    assert {kind: kinds.count(kind) > 2 for kind in kinds} == dict.fromkeys(
        ("tables", "figures", "numbers"), True
    )
    assert f"\n{len(kinds)} of {len(kinds)} outputs reproduced." in reproduce.report([found])


@pytest.mark.parametrize("mime", [FIGURE_MIME, TABLE_MIME])
def test_a_cell_is_named_with_row_and_column_and_a_lost_row_is_counted(run, mime):
    _, output = [*outputs(run, mime)][1]
    body = json.loads(output.data[mime])
    was, body["rows"][2][1] = body["rows"][2][1], "changed"
    output.data[mime] = json.dumps(body)
    found = reproduce.compare(run)
    place = f"row 3, column {body['columns'][1]['title']!r}"
    line = f"{body['name']}: {place}: stored {was!r}, now 'changed'"
    assert found.differences == [line] and found.reproduced == len(found.stored) - 1
    assert f"\nlandscape: {line}\n" in reproduce.report([found])
    body["rows"][2][1] = was
    for key, value, says in (
        ("rows", body["rows"][:-1], f": row {len(body['rows'])}, column "),
        ("source", ["other"], ": its source: stored ["),
    ):
        output.data[mime] = json.dumps(body | {key: value})
        assert says in reproduce.compare(run).differences[0]


def test_a_drawing_alone_a_fact_and_a_missing_output_are_named(run):
    next(outputs(run, FIGURE_MIME))[1].data["image/svg+xml"] += " "
    _, facts = next(outputs(run, FACTS_MIME))
    values = json.loads(facts.data[FACTS_MIME])
    name, was = next(iter(values.items()))
    facts.data[FACTS_MIME] = json.dumps(values | {name: "1,234,567"})
    cell, table = next(outputs(run, TABLE_MIME))
    cell.remove(table)
    label = json.loads(table.data[TABLE_MIME])["name"]
    said = reproduce.compare(run).differences
    assert len(said) == 3
    assert f"Number {name}: stored {was!r}, now '1,234,567'" in said
    assert f"{label}: stored, but not produced" in said
    assert [s for s in said if ": its drawing or text, line " in s]


def test_a_notebook_that_does_not_run_reproduces_nothing(run):
    run.error = "landscape.ipynb, code cell 3: boom"
    found = reproduce.compare(run)
    assert found.reproduced == 0 and len(found.stored) > 50
    assert found.differences == [f"did not run: {run.error}"]
