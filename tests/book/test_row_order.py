"""Order is not meaning, and a wrong cell is noticed: data/ changed, and every notebook executed.

A table whose order the package declares ("rowOrder") keeps it; rows that are equal in it have none.
nbval executes the notebooks in kernels; here they run in this process, in a third of the time, and
figures are compared by what they would draw.
"""

import os
import random
import shutil

import mutate
import pytest

from publish import notebooks, reproduce, rules
from report import data


def shuffled(name, chance):
    """Return a table's file with its rows in another order, as far as none is declared."""
    resource = data.describe(name)
    text = data.path_of(name).read_bytes()
    cells, _ = data.cells(text, resource)
    head, *rows = text.decode().splitlines(keepends=True)
    assert len(rows) == len(cells), f"{name}: a row of several lines"
    order = [*range(len(rows))]
    chance.shuffle(order)
    fields = {field["name"]: field for field in resource["schema"]["fields"]}
    for column in reversed(resource.get("rowOrder", [])):
        order.sort(key=lambda row: rules.rank(cells[column].iloc[row], fields[column]))
    return "".join([head, *(rows[row] for row in order)]).encode()


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A copy of data/ whose rows are in another order."""
    folder = tmp_path_factory.mktemp("other") / "data"
    shutil.copytree(data.DATA, folder)
    chance = random.Random(2026)
    for name in os.environ.get("ORDER_OF", "").split() or data.tables():  # to find the one at fault
        (folder / data.describe(name)["path"]).write_bytes(shuffled(name, chance))
    return folder


@pytest.mark.parametrize("path", notebooks.paths(), ids=lambda path: path.stem)
def test_no_output_depends_on_the_order_of_rows(other, monkeypatch, path):
    asis = mutate.as_it_is(path)
    monkeypatch.setattr(data, "DATA", other)
    run = mutate.ran(path)
    run.stored = asis
    assert reproduce.compare(run).differences == []


def test_no_wrong_cell_on_a_page_goes_unnoticed_and_most_are_caught():
    """A sample of seven kinds, in tables that few notebooks load: four seconds a change.

    "make mutate" has more: 77 of a hundred are caught.
    """
    results = list(mutate.tried(mutate.sample(8, seed=11)))
    assert [result for result in results if result[1] == mutate.UNSEEN] == []
    assert sum(how in mutate.CAUGHT for _, how, _ in results) >= 4
