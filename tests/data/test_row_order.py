"""Order is not meaning: the rows of every data file shuffled, and no output changes.

A table whose order the package declares ("rowOrder") keeps it; rows that are equal in it have none.
"""

import os
import random
import shutil
import subprocess
import sys

from publish import kits, rules
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


def test_no_output_depends_on_the_order_of_rows(tmp_path):
    for path in kits.rerun_files():
        target = tmp_path / path.relative_to(data.ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    chance = random.Random(2026)
    only = os.environ.get("ORDER_OF", "").split() or data.tables()  # to find the table at fault
    for name in only:
        (tmp_path / "data" / data.describe(name)["path"]).write_bytes(shuffled(name, chance))
    command = [sys.executable, "-m", "publish", "reproduce"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "book")}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    said = done.stdout.splitlines()
    assert done.returncode == 0, "\n".join(line for line in said if "stored " in line)[:6000]
