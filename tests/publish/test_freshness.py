"""In a small copy of the repository: what a change makes run again, and what it does not."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from publish import notebooks, site


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A repository with two small notebooks, one table each; its path holds a space."""
    root = tmp_path_factory.mktemp("a copy")
    for name in ("data", "book/report", "book/publish"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(site.ROOT / name, root / name, ignore=skip)
    for name in ("requirements.txt", "_toc.yml"):
        shutil.copyfile(site.ROOT / name, root / name)
    for name, table in (("one", "warheads_2025"), ("two", "summits")):
        cells = [
            notebooks.nbformat.v4.new_markdown_cell("Prose."),
            notebooks.nbformat.v4.new_code_cell("import report"),
            notebooks.nbformat.v4.new_code_cell(f'len(report.load("{table}"))'),
        ]
        made = notebooks.nbformat.v4.new_notebook(cells=cells)
        notebooks.write(root / "book" / f"{name}.ipynb", made)
    return root


def execute(root):
    """Execute what is stale; return the notebooks that ran with the reasons given, and all said."""
    command = [sys.executable, "-c", "from publish.__main__ import execute; execute()"]
    environment = {**os.environ, "PYTHONPATH": str(root / "book")}
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines() if " ran in " in line]
    return {line.split(":")[0]: line.partition("(")[2][:-1] for line in lines}, done.stdout


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_only_what_depends_on_a_change_runs_again(copy):
    never = "cell 2 was never executed"
    assert execute(copy)[0] == {"one": never, "two": never}

    edit(copy / "book" / "one.ipynb", "Prose.", "Another sentence.")
    ran, said = execute(copy)
    assert ran == {} and "All 2 notebooks are up to date: nothing was executed." in said

    package = json.loads((copy / "data" / "datapackage.json").read_text())
    paths = {resource["name"]: resource["path"] for resource in package["resources"]}
    table = copy / "data" / paths["summits"]
    rows = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join(rows[:-1]) + "\n", encoding="utf-8")
    ran, said = execute(copy)
    assert ran == {"two": "table summits changed"} and "1 executed, 1 up to date." in said

    edit(
        copy / "book" / "report" / "data.py",
        '"""Return the names of all',
        '"""Give the names of all',
    )
    assert execute(copy)[0] == dict.fromkeys(["one", "two"], "book/report changed")

    # Outputs that another run left in the file, as when code is tried and put back.
    path = copy / "book" / "one.ipynb"
    stored = notebooks.nbformat.read(path, as_version=4)
    stored.cells[2].outputs[0].data["text/plain"] = "1000"
    notebooks.write(path, stored)
    assert execute(copy)[0] == {"one": "its stored outputs changed"}
    assert execute(copy)[0] == {}


def test_every_file_that_the_book_is_made_from_counts():
    sources = {path.relative_to(site.ROOT).as_posix() for path in site.source_files()}
    assert {"_config.yml", "_toc.yml", "requirements.txt", "CITATION.cff", "Makefile"} <= sources
    assert {"LICENSE", "data/datapackage.json", "book/summary.ipynb"} <= sources
    assert set(site.kits.rerun_files()) <= set(site.source_files())
