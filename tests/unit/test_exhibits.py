"""report.table, report.figure and report.facts: what reaches the notebook."""

import json
import re
import unicodedata

import numpy as np
import pandas as pd
import pytest
from copies import cases
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

import report
from report import exhibits
from report.exhibits import FACTS_MIME, FIGURE_MIME, MISSING, TABLE_MIME, Markup

report.load("sources")
report.load("summits")
SHOWN = cases("shown")


def body_of(exhibit):
    """Return the JSON that a table or figure stores."""
    return json.loads(exhibit.bundle.get(TABLE_MIME) or exhibit.bundle[FIGURE_MIME])


def table(frame, **options):
    return report.table(frame, "tbl-x", **{"source": "sources"} | options)


def drawn():
    fig = Figure()
    _ = fig.subplots().plot([1, 2], [3, 4])
    return fig


@pytest.fixture
def recorded(monkeypatch):
    """An empty register of facts; what facts() publishes is noted."""
    shown = []
    monkeypatch.setattr(exhibits, "recorded", {})
    monkeypatch.setattr(exhibits, "publish_display_data", shown.append)
    return shown


@pytest.mark.parametrize("column", SHOWN["columns"], ids=str)
def test_cells_are_shown_as_readers_write_them(column):
    head, cells = column["head"], pd.Series(column["cells"], dtype=column.get("type"))
    patterns = {head: column["format"]} if "format" in column else {}
    body = body_of(table(pd.DataFrame({head: cells}), formats=patterns))
    assert [row[0] for row in body["rows"]] == column["shown"]
    assert body["columns"][0]["align"] == column["align"]


def test_markup_is_told_from_text():
    frame = pd.DataFrame({"a": [report.claim("S1-B1"), "{claim}`S1-B1`"]}, dtype=object)
    rows = body_of(table(frame))["rows"]
    assert rows == [[{"markup": "{claim}`S1-B1`"}], ["{claim}`S1-B1`"]]


@pytest.mark.parametrize("bad", [*cases("hostile_texts")["refused"].values(), "x" * 2001])
def test_what_no_page_can_show_is_refused(bad):
    with pytest.raises(report.DataError, match="row 1"):
        table(pd.DataFrame({"a": [bad]}))
    assert table(pd.DataFrame({"a": ["x" * 2000]}))


@given(st.text(min_size=1, max_size=200))
def test_any_text_is_shown_as_it_is_or_refused(text):
    try:
        exhibit = table(pd.DataFrame({"a": [text]}, dtype=object))
    except report.DataError:
        hidden = {"Cc", "Cf", "Co", "Cs", "Zl"}
        bad = any(unicodedata.category(c) in hidden for c in text if c != "\n")
        assert bad or text == MISSING
        return
    assert body_of(exhibit)["rows"] == [[text]]
    assert "<script" not in exhibit.bundle["text/html"].lower()


def test_what_cannot_be_shown_is_refused(monkeypatch):
    frame = pd.DataFrame({"a": [1]})
    monkeypatch.delitem(report.data._used, "table warheads", raising=False)
    for rows, options, why in [
        (pd.DataFrame({"n": [1.0, float("inf")]}), {}, r"tbl-x, 'n', row 2: Infinity"),
        (frame, {"columns": ["b"]}, r"tbl-x: no column \['b'\].*'a'"),
        (frame, {"anchors": "at"}, r"no column \['at'\]"),
        (pd.DataFrame({"a": []}), {}, "no rows"),
        (frame, {"formats": {"b": "{}"}}, r"a format for \['b'\]"),
        (frame, {"source": "warheads"}, "'warheads' was not loaded"),
    ]:
        with pytest.raises(report.DataError, match=why):
            table(rows, **options)


def test_a_column_is_headed_by_its_source_or_by_its_own_name():
    frame = pd.DataFrame({"publisher": ["x"], "Derived": ["y"]})
    titles = [c["title"] for c in body_of(table(frame))["columns"]]
    assert titles == ["Publisher", "Derived"]


def test_the_last_observation_is_of_the_rows_shown_or_not_said():
    shown = pd.DataFrame({"start_date": pd.to_datetime(["1972-05-22", "1961-06-03"])})
    assert body_of(table(shown, source="summits"))["data_to"] == "1972-05-22"
    other = pd.DataFrame({"a": [1]})
    assert body_of(table(other, source="summits"))["data_to"] == ""
    assert body_of(table(other, source="summits", rows=shown))["data_to"] == "1972-05-22"
    read = pd.DataFrame({"accessed": pd.to_datetime(["2026-11-22"])})
    assert body_of(table(read))["data_to"] == ""  # the register of sources observes nothing


def test_rows_read_in_the_press_alone_are_counted_among_those_shown_or_those_of_the_tables():
    kinds = report.load("sources").groupby("kind")["source_key"].first()
    press, state, first = kinds["press report"], kinds["state media"], kinds["primary"]
    shown = pd.DataFrame({
        "a": range(5),
        "source": [press, press, first, state, None],
        "source_2": [None, first, press, press, None],
    })  # fmt: skip
    read = body_of(table(shown, source="summits", columns=["a"]))["read"]
    assert read == {"press": 2, "rows": 5, "of": "rows"}
    bare = body_of(table(shown[["a"]], source="summits"))["read"]
    assert bare["of"] == "rows of its tables" and bare["rows"] == len(report.load("summits"))
    assert 0 < bare["press"] < bare["rows"]
    assert body_of(table(shown[["a"]], source="summits", rows=shown))["read"] == read
    assert body_of(table(shown))["read"] == {"press": 0, "rows": 0, "of": ""}


def test_a_figure_is_the_same_every_time_and_keeps_its_numbers():
    numbers = pd.DataFrame({"year": [2001, 2002], "n": [1.5, 4]})
    shown = {"columns": ["n", "year"], "formats": {"n": "{:.2f}"}}
    first, second = (
        report.figure(drawn(), "fig-x", numbers=numbers, source=["sources", "summits"], **shown)
        for _ in range(2)
    )
    first, second = first.bundle, second.bundle
    assert first == second
    body = json.loads(first[FIGURE_MIME])
    assert body["rows"] == [["1.50", "2001"], ["4.00", "2002"]]
    assert (body["name"], body["source"]) == ("fig-x", ["sources", "summits"])
    svg = first["image/svg+xml"]
    assert svg.startswith("<svg") and "<!--" not in svg and "dc:date" not in svg
    start, *others = svg.split("<defs>")[1:]  # its letters are there, once
    assert "@font-face" in start and not [part for part in others if "@font-face" in part]
    assert all(line == line.strip() and line for line in svg.splitlines())


def test_facts_are_stored_as_readers_see_them(recorded):
    report.facts(a=1234, b=-0.5, c="two thirds", by=pd.Series({"2001–2013": 3, "U.S.": 4}))
    wanted = {"a": "1,234", "b": "−0.5", "c": "two thirds", "by_2001_2013": "3", "by_U_S": "4"}
    assert json.loads(recorded[0][FACTS_MIME]) == exhibits.recorded == wanted
    assert recorded[0]["text/plain"].splitlines()[0] == "a: 1,234"


NOTHING = [float("nan"), float("inf"), None, pd.NA, np.float64("nan"), "", " ", pd.NaT]
UNFIT = [("*two*", "acts as markup"), ("a`b", "acts as markup"), (4, "recorded with another")]


@pytest.mark.parametrize(("value", "why"), [*((v, "have a value") for v in NOTHING), *UNFIT])
def test_a_fact_that_prose_cannot_show_is_refused(recorded, value, why):
    report.facts(a=3)
    with pytest.raises(report.DataError, match=why):
        report.facts(a=value)
    assert exhibits.recorded == {"a": "3"}


def test_sentences_of_data_are_filled_with_facts(recorded):
    report.facts(fall=84)
    assert exhibits.fill("Down by {fall} per cent", "x") == "Down by 84 per cent"
    with pytest.raises(report.DataError, match=r"tested, row 2: no fact 'rise'"):
        exhibits.fill("Up by {rise}", "tested, row 2")


def test_a_table_is_stored_as_readable_json_with_a_row_a_line(monkeypatch):
    monkeypatch.setattr(exhibits, "last_observation", lambda *a: "")
    frame = pd.DataFrame({"A": ["é"], "N": [1], "at": ["at-1"]})
    made = table(frame, columns=["A", "N"], anchors="at")
    stored = made.bundle[TABLE_MIME]
    assert json.loads(stored) == {
        "name": "tbl-x", "source": ["sources"], "data_to": "",
        "read": {"press": 0, "rows": 0, "of": ""}, "row_header": True,
        "columns": [{"title": "A", "align": "left"}, {"title": "N", "align": "right"}],
        "anchors": ["at-1"], "rows": [["é", "1"]],
    }  # fmt: skip
    assert stored.startswith('{\n "name": "tbl-x",\n')
    assert stored.endswith('"rows": [\n["é", "1"]\n]}')
    assert made.bundle["text/html"] == (
        "<table>\n<thead><tr>"
        '<th scope="col" style="text-align:left">A</th>'
        '<th scope="col" style="text-align:right">N</th></tr></thead>\n<tbody>\n'
        '<tr><th scope="row" style="text-align:left">é</th>'
        '<td style="text-align:right">1</td></tr>\n</tbody></table>'
    )
    assert made.bundle["text/plain"] == repr(made) == "tbl-x (1 rows)"
    assert made._repr_mimebundle_() is made.bundle


def test_a_table_without_row_headers_says_so():
    made = table(pd.DataFrame({"a": ["x"], "b": ["y"]}), row_header=False)
    assert (body_of(made)["row_header"], body_of(made)["anchors"]) == (False, [])
    assert made.bundle["text/html"].count("<th ") == 2


def test_markup_is_inline_myst_and_plain_in_jupyterlab():
    made = {
        report.cite("a2020", "b2021"): "{cite:t}`a2020,b2021`",
        report.claim("S1-B1"): "{claim}`S1-B1`",
        exhibits.verdict("contested"): "{verdict}`contested`",
        report.link("the table", "tbl-x"): "{ref}`the table <tbl-x>`",
    }
    for markup, text in made.items():
        assert isinstance(markup, Markup) and markup == text
    shown = table(pd.DataFrame({"a": list(made)}, dtype=object)).bundle["text/html"]
    cells = re.findall(r'scope="row" style="text-align:left">([^<]*)</th>', shown)
    assert cells == ["a2020,b2021", "S1-B1", "contested", "the table "]


NUMPY = [(np.int64(-1200), "−1,200"), (np.float64(2.25), "2.25"), (np.bool_(False), "False")]


@pytest.mark.parametrize(("value", "shown"), [*SHOWN["facts"], *NUMPY])
def test_a_fact_is_shown_as_readers_write_it(value, shown):
    assert exhibits._number(value) == shown
