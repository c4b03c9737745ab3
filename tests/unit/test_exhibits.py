"""report.table, report.figure and report.facts: what reaches the notebook."""

import json
import re
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import report
from report.exhibits import CELL_LIMIT, FACT_MIME, FIGURE_MIME, MISSING, Markup, _number


def body_of(exhibit):
    """Return the JSON that the directive of a table holds."""
    lines = exhibit.bundle["text/markdown"].splitlines()
    assert lines[0].startswith("~~~{data-table} ") and lines[-1] == "~~~"
    return json.loads("\n".join(lines[1:-1]))


def table(frame, **options):
    settings = {"name": "tbl-x", "caption": "Things", "source": "sources"} | options
    return report.table(frame, **settings)


def test_cells_keep_their_decimals_and_align():
    frame = pd.DataFrame({"a": ["x", "y"], "n": [1234, -5], "f": [1.25, 10.0]})
    body = body_of(table(frame))
    assert body["rows"] == [["x", "1,234", "1.25"], ["y", "−5", "10.00"]]
    assert [c["align"] for c in body["columns"]] == ["left", "right", "right"]


def test_years_have_no_separator_and_dates_are_iso():
    frame = pd.DataFrame({"year": [2024], "day": [pd.Timestamp("2024-03-07")]})
    assert body_of(table(frame))["rows"] == [["2024", "2024-03-07"]]


def test_missing_cells_need_a_reason():
    frame = pd.DataFrame({"a": ["x", "y"], "n": [1.0, None]})
    with pytest.raises(report.DataError, match="say why"):
        table(frame)
    body = body_of(table(frame, missing="not measured"))
    assert body["rows"][1][1] == MISSING and body["notes"] == [f"{MISSING} not measured"]


def test_markup_is_told_from_text():
    frame = pd.DataFrame({"a": [report.claim("S1-B1"), "{claim}`S1-B1`"]}, dtype=object)
    rows = body_of(table(frame))["rows"]
    assert rows == [[{"markup": "{claim}`S1-B1`"}], ["{claim}`S1-B1`"]]


@pytest.mark.parametrize(
    "bad", ["a\x00b", "a\u202eb", "a\u200bb", "\ufeffa", "a\x1b[0m", "x" * 2001]
)
def test_what_no_page_can_show_is_refused(bad):
    with pytest.raises(report.DataError, match="row 1"):
        table(pd.DataFrame({"a": [bad]}))


@given(st.text(min_size=1, max_size=200))
def test_any_text_is_shown_as_it_is_or_refused(text):
    try:
        exhibit = table(pd.DataFrame({"a": [text]}, dtype=object))
    except report.DataError:
        hidden = {"Cc", "Cf", "Co", "Cs", "Zl"}
        assert any(unicodedata.category(c) in hidden for c in text if c != "\n")
        return
    assert body_of(exhibit)["rows"] == [[text]]
    assert "<script" not in exhibit.bundle["text/html"].lower()


@pytest.mark.parametrize("notes", ["one text", [["nested"]]])
def test_notes_are_a_list_of_texts(notes):
    with pytest.raises(report.DataError, match="list of texts"):
        table(pd.DataFrame({"a": [1]}), notes=notes)


def test_unknown_columns_and_empty_frames_are_refused():
    with pytest.raises(report.DataError, match="no column"):
        table(pd.DataFrame({"a": [1]}), columns={"b": "B"})
    with pytest.raises(report.DataError, match="no rows"):
        table(pd.DataFrame({"a": []}))


def test_the_source_line_comes_from_the_package():
    source = body_of(table(pd.DataFrame({"a": [1]}), source=["summits", "warheads"]))["source"]
    assert [t["name"] for t in source["tables"]] == ["summits", "warheads"]
    assert source["as_of"] >= "2023" and all(s["title"] for s in source["sources"])


def test_a_figure_is_the_same_every_time_and_keeps_its_numbers():
    def drawn():
        fig, ax = report.axes(height=2)
        ax.plot([1, 2], [3, 4])
        numbers = pd.DataFrame({"year": [2001, 2002], "n": [3, 4]})
        return report.figure(
            fig, name="fig-x", caption="Up", alt="A line", source="sources", numbers=numbers
        )

    first, second = drawn().bundle, drawn().bundle
    assert first == second
    body = json.loads(first[FIGURE_MIME])
    assert body["rows"] == [["2001", "3"], ["2002", "4"]] and body["alt"] == "A line"
    assert first["image/svg+xml"].startswith("<svg") and "dc:date" not in first["image/svg+xml"]


@pytest.mark.parametrize("missing", ["alt", "caption"])
def test_a_figure_without_words_is_refused(missing):
    fig, _ = report.axes()
    words = {"alt": "A line", "caption": "Up"} | {missing: " "}
    with pytest.raises(report.DataError, match="must not be empty"):
        report.figure(fig, name="f", source="sources", numbers=pd.DataFrame({"n": [1]}), **words)


def test_facts_are_stored_as_readers_see_them(monkeypatch):
    shown = []
    monkeypatch.setattr("report.exhibits.publish_display_data", lambda *a: shown.append(a))
    report.facts({"a": 1234, "b": -0.5, "c": "two thirds"})
    assert [data[FACT_MIME] for data, _ in shown] == ["'1,234'", "'−0.5'", "'two thirds'"]
    with pytest.raises(report.DataError, match="must have a value"):
        report.facts({"d": float("nan")})


WHOLE = """~~~{data-table} tbl-x
{
 "caption": "Ærø",
 "columns": [
  {
   "title": "A",
   "align": "left"
  },
  {
   "title": "N",
   "align": "right"
  }
 ],
 "widths": [
  3,
  1
 ],
 "row_header": true,
 "anchors": [
  "at-1"
 ],
 "notes": [
  "A note."
 ],
 "source": SOURCE,
 "rows": [
["é", "1"]
]}
~~~"""


def test_a_table_is_stored_as_readable_json_with_a_row_a_line():
    frame = pd.DataFrame({"a": ["é"], "n": [1], "at": ["at-1"]})
    made = table(
        frame,
        caption="Ærø",
        columns={"a": "A", "n": "N"},
        widths=[3, 1],
        anchors="at",
        notes=["A note."],
    )
    text = made.bundle["text/markdown"]
    source = json.dumps(body_of(made)["source"], ensure_ascii=False, indent=1)
    assert text == WHOLE.replace("SOURCE", source.replace("\n", "\n "))
    assert made.bundle["text/html"] == (
        "<table><caption>Ærø</caption>\n<thead><tr>"
        '<th scope="col" style="text-align:left">A</th>'
        '<th scope="col" style="text-align:right">N</th></tr></thead>\n<tbody>\n'
        '<tr><th scope="row" style="text-align:left">é</th>'
        '<td style="text-align:right">1</td></tr>\n</tbody></table>'
    )
    assert made.bundle["text/plain"] == repr(made) == "tbl-x: Ærø (1 rows)"
    assert made._repr_mimebundle_() is made.bundle


def test_a_table_without_row_headers_says_so():
    frame = pd.DataFrame({"a": ["x"], "b": ["y"]})
    made = table(frame, row_header=False)
    assert body_of(made)["row_header"] is False and body_of(made)["anchors"] == []
    assert made.bundle["text/html"].count("<th ") == 2
    assert body_of(table(frame))["row_header"] is True


def test_markup_is_inline_myst_and_plain_in_jupyterlab():
    made = {
        report.cite("a2020", "b2021"): "{cite:t}`a2020,b2021`",
        report.claim("S1-B1"): "{claim}`S1-B1`",
        report.verdict("contested"): "{verdict}`contested`",
        report.link("the table", "tbl-x"): "{ref}`the table <tbl-x>`",
    }
    for markup, text in made.items():
        assert isinstance(markup, Markup) and markup == text
    shown = table(pd.DataFrame({"a": list(made)}, dtype=object)).bundle["text/html"]
    cells = re.findall(r'scope="row" style="text-align:left">([^<]*)</th>', shown)
    assert cells == ["a2020,b2021", "S1-B1", "contested", "the table "]


def test_words_are_given_by_name():
    frame = pd.DataFrame({"a": ["x"]})
    with pytest.raises(TypeError, match="positional"):
        report.table(frame, "tbl-x", "Things", "sources")
    with pytest.raises(TypeError, match="positional"):
        report.figure(None, "fig-x", "Things", "Words", "sources", frame)


def test_the_longest_cell_that_is_shown():
    longest = "x" * CELL_LIMIT
    assert CELL_LIMIT == 2000
    assert body_of(table(pd.DataFrame({"a": [longest]})))["rows"] == [[longest]]


@pytest.mark.parametrize("widths", [[1], [1, 2, 3]])
def test_widths_are_one_a_column(widths):
    with pytest.raises(report.DataError, match=f"{len(widths)} widths for 2 columns"):
        table(pd.DataFrame({"a": ["x"], "b": ["y"]}), widths=widths)


def test_kinds_of_columns_are_shown_each_in_its_way():
    frame = pd.DataFrame(
        {
            "yes": [True, False],
            "first_year": [1999, 2024],
            "yearly": [1999, 2024],
            "z": [1500, 7],
            "whole": [1500.0, 2.0],
            "some": [0.5, 1234.25],
        }
    )
    frame.loc[2] = [True, 2026, 1, 2, None, None]
    frame = frame.astype({"yes": bool, "first_year": int, "yearly": int, "z": int})
    body = body_of(table(frame, missing="x"))
    assert body["rows"] == [
        ["yes", "1999", "1,999", "1,500", "1,500", "0.50"],
        ["no", "2024", "2,024", "7", "2", "1,234.25"],
        ["yes", "2026", "1", "2", MISSING, MISSING],
    ]
    assert [c["align"][0] for c in body["columns"]] == list("llrrrr")


def test_a_pattern_goes_before_the_kind_of_the_column():
    frame = pd.DataFrame(
        {
            "yes": [True],
            "day": [pd.Timestamp("2024-03-07")],
            "f": [-1.25],
            "n": [1234],
            "t": ["a-b"],
        }
    )
    patterns = {"yes": "{!s}", "day": "{:%d %B}", "f": "{:.1f}", "n": "{:05d}", "t": "<{}>"}
    row = body_of(table(frame, formats=patterns))["rows"][0]
    assert row == ["True", "07 March", "−1.2", "01234", "<a-b>"]


def test_columns_of_yes_no_and_not_known():
    frame = pd.DataFrame({"a": pd.array([True, None, False], dtype="boolean")})
    assert body_of(table(frame, missing="x"))["rows"] == [["yes"], [MISSING], ["no"]]


@pytest.mark.parametrize("bad", ["note\u202e", "x" * 2001])
def test_notes_are_checked_as_cells_are(bad):
    fig, _ = report.axes()
    frame = pd.DataFrame({"a": ["x"]})
    with pytest.raises(report.DataError, match="figure 'fig-x', note"):
        report.figure(
            fig, name="fig-x", caption="c", alt="a", source="sources", numbers=frame, notes=[bad]
        )


def test_a_figure_keeps_its_words_and_numbers():
    fig, ax = report.axes()
    _ = ax.plot([1, 2], [3, 4])
    made = report.figure(
        fig,
        name="fig-x",
        caption="Finding",
        alt="A line.",
        source=["sources", "claims"],
        numbers=pd.DataFrame({"k": ["é"], "n": [1.5]}),
        columns={"k": "Kind", "n": "Number"},
        formats={"n": "{:.2f}"},
        notes=["One.", "Two."],
    )
    body = json.loads(made.bundle[FIGURE_MIME])
    sources = body.pop("source")
    assert [item["name"] for item in sources["tables"]] == ["sources", "claims"]
    assert body == {
        "name": "fig-x",
        "caption": "Finding",
        "alt": "A line.",
        "notes": ["One.", "Two."],
        "columns": ["Kind", "Number"],
        "numeric": [False, True],
        "rows": [["é", "1.50"]],
    }
    svg = made.bundle["image/svg+xml"]
    assert svg.startswith("<svg") and "<!--" not in svg and "\n\n" not in svg
    first, *others = svg.split("<defs>")[1:]  # its letters are there, once
    assert "@font-face" in first and not [part for part in others if "@font-face" in part]
    assert all(line == line.strip() and line for line in svg.splitlines())
    assert made.bundle["text/plain"] == "fig-x: Finding"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234567, "1,234,567"),
        (-3, "−3"),
        (-0.5, "−0.5"),
        (1234.5, "1,234.5"),
        (True, "True"),
        ("a-b", "a-b"),
        (np.int64(-1200), "−1,200"),
        (np.float64(2.25), "2.25"),
        (np.bool_(False), "False"),
    ],
)
def test_a_fact_is_shown_as_readers_write_it(value, shown):
    assert _number(value) == shown


@pytest.mark.parametrize("nothing", [None, pd.NA, float("nan"), np.float64("nan")])
def test_a_fact_without_a_value_is_refused(nothing):
    with pytest.raises(report.DataError, match="a fact must have a value"):
        _number(nothing)
