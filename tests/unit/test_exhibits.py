"""report.table, report.figure and report.facts: what reaches the notebook."""

import json
import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import report
from report.exhibits import FACT_MIME, FIGURE_MIME, MISSING


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
