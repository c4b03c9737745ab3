"""The exhibit directive: what notebooks store, placed and worded on a page."""

import json
import re

import nbformat
import pandas as pd
import pytest
from docutils import nodes
from matplotlib.figure import Figure
from sphinx.testing.util import SphinxTestApp

import report
from report import exhibits

report.load("sources")
ALT = "A line that rises from one to two between the years given, without a break."


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Return a function that builds a page from cells: its doctree, and what was warned."""
    monkeypatch.setattr(exhibits, "recorded", {})

    def build(*cells):
        notebook = nbformat.v4.new_notebook()
        for number, (kind, source, *outputs) in enumerate(cells):
            cell = getattr(nbformat.v4, f"new_{kind}_cell")(source, id=f"c{number}")
            if outputs:
                cell["execution_count"] = 1
                cell["outputs"] = [nbformat.v4.new_output("display_data", b) for b in outputs]
            notebook.cells.append(cell)
        (tmp_path / "page.ipynb").write_text(nbformat.writes(notebook))
        (tmp_path / "conf.py").write_text(
            'extensions = ["myst_nb", "exhibits"]\nmyst_enable_extensions = ["colon_fence"]\n'
            'root_doc = "page"\nnumfig = True\nnb_execution_mode = "off"\n'
        )
        app = SphinxTestApp("dummy", srcdir=tmp_path)
        app.build()
        # Extensions that an app of another test registered are no fault of the page.
        warned = re.sub(".*already registered.*\n", "", app.warning.getvalue())
        tree = app.env.get_doctree("page")
        app.cleanup()
        return tree, warned

    return build


def table(**values):
    frame = pd.DataFrame(values or {"a": ["x"], "n": [1]})
    return report.table(frame, "tbl-x", source="sources").bundle


def figure():
    drawn = Figure()
    _ = drawn.subplots().plot([1, 2], [1, 2])
    numbers = pd.DataFrame({"year": [2001], "n": [1]})
    return report.figure(drawn, "fig-x", source="sources", numbers=numbers).bundle


def facts(**values):
    exhibits.recorded.update(values)
    return {exhibits.FACTS_MIME: json.dumps(values), "text/plain": ""}


def exhibit(name, words, options=""):
    return f":::{{exhibit}} {name}\n{options}{words}\n:::"


def test_a_table_is_placed_with_its_words(page):
    tree, warned = page(
        ("code", "report.facts(n=3)", facts(n="3")),
        ("code", "report.table(...)", table()),
        ("markdown", "# Page\n\n" + exhibit("tbl-x", "Caption {glue:text}`n`.\n\nA *note*.")),
    )
    assert not warned
    box = next(n for n in tree.findall(nodes.container) if "exhibit" in n["classes"])
    shown = next(box.findall(nodes.table))
    assert shown["ids"] == ["tbl-x"] and next(shown.findall(nodes.title)).astext() == "Caption 3."
    entries = list(shown.findall(nodes.entry))
    assert [e.astext() for e in entries] == ["a", "n", "x", "1"]
    assert entries[3]["classes"] == ["text-right"]
    note, source = (n.astext() for n in box.children[1:3])
    assert note == "A note." and source.startswith("Source: ")
    assert next(box.children[1].findall(nodes.emphasis)).astext() == "note"


@pytest.mark.parametrize(
    ("second", "start", "end"),
    [
        (0, "Source, as reported by the press: ", ". Data to 1972-05-22."),
        (1, "Source: ", "; 1 of 2 rows as reported by the press. Data to 1972-05-22."),
    ],
)
def test_the_source_line_says_what_was_read_in_the_press_and_how_far_rows_reach(
    page, second, start, end
):
    report.load("summits")
    kinds = report.load("sources").groupby("kind")["source_key"].first()
    dates = pd.to_datetime(["1972-05-22", "1961-06-03"])
    read = pd.DataFrame({"start_date": dates, "source": kinds["press report"]})
    read.loc[1, "source"] = kinds[["press report", "primary"][second]]
    made = report.table(read, "tbl-x", source="summits", columns=["start_date"]).bundle
    words = "# Page\n\n" + exhibit("tbl-x", "Caption.") + "\n\n(pages-summits)=\nPages."
    tree, warned = page(("code", "report.table(...)", made), ("markdown", words))
    assert not warned
    line = next(n for n in tree.findall(nodes.paragraph) if "exhibit-source" in n["classes"])
    source, said, data = line.astext().partition(end)
    assert source.startswith(start) and said and data == " Data: summits (CSV, pages read)"
    assert line.children[-1]["classes"] == ["screen-only"]


def test_a_figure_is_a_file_of_its_name_with_alternative_text(page, tmp_path):
    tree, warned = page(
        ("code", "report.facts(n=3)", facts(n="three")),
        ("code", "report.figure(...)", figure()),
        ("markdown", exhibit("fig-x", "Up.", f"---\nalt: >-\n  {ALT}\n  {{glue:text}}`n`\n---\n")),
    )
    assert not warned
    image = next(tree.findall(nodes.image))
    assert image["alt"] == f"{ALT} three" and image["uri"].endswith("fig-x.svg")
    assert next(tree.findall(nodes.caption)).astext() == "Up."
    numbers = next(n for n in tree.findall(nodes.container) if "figure-numbers" in n["classes"])
    assert numbers["summary"] and not numbers[0]["ids"], "folded, and not counted among the tables"
    assert [entry.astext() for entry in numbers.findall(nodes.entry)][-2:] == ["2001", "1"]


def test_the_code_before_an_exhibit_is_one_fold_at_its_foot(page):
    tree, _ = page(
        ("markdown", "# Page"),
        ("code", "first = 1"),
        ("code", "second = 2", table()),
        ("markdown", exhibit("tbl-x", "Words.")),
        ("code", "third = 3"),
        ("markdown", "Text."),
    )
    boxes = [n for n in tree.findall(nodes.container) if "notebook-code" in n["classes"]]
    codes = [[b.astext().strip() for b in box.findall(nodes.literal_block)] for box in boxes]
    assert codes == [["first = 1", "second = 2", "third = 3"]]


@pytest.mark.parametrize(
    ("output", "words", "message"),
    [
        (table(), exhibit("tbl-x", "- a list"), "expected a caption and notes"),
        (table(), exhibit("tbl-x", "W", ":missing: none\n\n"), "option missing: expected text"),
        (None, "It may. {certainty}`S1-P1`", "S1-P1 is very low, the words before its tag say low"),
        (None, "It may. {certainty}`S6-T1`", "S6-T1 is moderate, the words before its tag say low"),
        (None, "Calls: 3. {certainty}`S2-B4`", "S2-B4 is no verdict, the words before its tag"),
        (None, "It may. {certainty}`S9-B9`", "S9-B9 is of no recommendation"),
    ],
)
def test_what_is_wrong_is_said(page, output, words, message):
    """Other faults are in tests/data/malformed.yaml."""
    code = [("code", "x", output)] if output else []
    assert message in page(*code, ("markdown", f"# P\n\n{words}"))[1]
