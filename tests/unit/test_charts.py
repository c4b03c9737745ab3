"""The forms of charts: rows in any order, gaps where nothing is known, labels apart."""

import io
import re
from collections.abc import Callable
from typing import Any

import matplotlib.figure
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from report import charts
from report.data import DataError

YEARS = pd.DataFrame(
    {
        "year": [2001, 2002, 2003, 2006, 2007, 2008] * 2,
        "value": [4.0, 5.0, 9.0, 8.0, np.nan, 7.0, 4.1, 5.2, 9.1, 8.2, 7.5, 7.1],
        "who": ["United States"] * 6 + ["Russia"] * 6,
        "partial": [False, False, True, False, False, False] * 2,
        "text": ["$5 and $6"] + [None] * 11,
    }
)
ROWS = pd.DataFrame(
    {
        "name": ["one", "two", "three", "four"],
        "a": [1.0, 3.0, np.nan, 3.0],
        "b": [2.0, 5.0, np.nan, 4.0],
        "start": pd.to_datetime(["1990-01-01", "1995-01-01", "2001-01-01", "2001-02-01"]),
        "end": pd.to_datetime(["2010-01-01", "2000-01-01", None, "2012-01-01"]),
        "group": ["x", "y", "x", "y"],
        "yes": [True, False, False, True],
    }
)
DATES = {"first": "1992-01-01", "second of them": "1993-01-01", "third": "2005-01-01"}
FORMS: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Any]] = {
    "lines": lambda f, _: charts.lines(
        f, "year", "value", "who", hollow="partial", mark="all", text="text", breaks=2,
        events={"an event": 2002.5, "another event": 2003.0}
    ),
    "bars": lambda f, _: charts.bars(f, "year", "value", "who", values="both", partial="partial"),
    "bars in rows": lambda f, _: charts.bars(
        f, "who", "value", "text", horizontal=True, order="-value", side="who"
    ),
    "dots": lambda _, r: charts.dots(r, "name", {"a": "A", "b": "B"}, by="group", order="-b"),
    "bars of a strip": lambda _, r: charts.strip(
        r, "start", "name", end="end", dotted="yes", shape="group", text="group", events=DATES
    ),
    "strip": lambda _, r: charts.strip(
        r, "start", "group", by="name", shape="group", shapes={"x": "|", "y": "v"}, text="name"
    ),
    "panels": lambda f, _: charts.panels(f, "who", charts.lines, "year", "value", labels="last"),
}  # fmt: skip


def _svg(figure: matplotlib.figure.Figure) -> str:
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    return drawn.getvalue()


def _boxes(figure: matplotlib.figure.Figure) -> list[Any]:
    """The boxes of all texts on the page but ticks', which matplotlib places."""
    figure.draw_without_rendering()
    ticks = {id(t) for a in figure.axes for t in [*a.get_xticklabels(), *a.get_yticklabels()]}
    shown = [t for t in figure.findobj(Text) if t.get_visible() and str(t.get_text()).strip()]
    minor = {id(t) for a in figure.axes for t in a.get_xticklabels(minor=True)}
    return [(t.get_text(), t.get_window_extent()) for t in shown if id(t) not in ticks | minor]


@pytest.mark.parametrize("form", FORMS)
def test_rows_in_any_order_give_the_same_drawing(form: str) -> None:
    shuffled = [frame.sample(frac=1, random_state=7) for frame in (YEARS, ROWS)]
    one, other = FORMS[form](YEARS, ROWS), FORMS[form](*shuffled)
    assert _svg(one) == _svg(other)
    assert charts.marks(one) == charts.marks(other) != []


@pytest.mark.parametrize("form", ["lines", "dots", "strip", "panels"])
def test_marks_stand_where_they_are_drawn(form: str) -> None:
    figure = FORMS[form](YEARS, ROWS)
    svg = _svg(figure)
    wide, tall = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', svg).groups())  # type: ignore[union-attr]
    drawn = [(float(x), float(y)) for x, y in re.findall(r'<use [^>]*x="(\S+)" y="(\S+)"', svg)]
    for line in charts.marks(figure):
        x, y, _ = line.split(" ", 2)
        assert min(abs(float(x) * wide - a) + abs(float(y) * tall - b) for a, b in drawn) < 1, line


def test_marks_say_values_and_when() -> None:
    def said(figure: matplotlib.figure.Figure) -> list[str]:
        return [line.split(" ", 2)[2] for line in charts.marks(figure)]

    part = YEARS[:3].assign(value=[4.0, -1234.56789, 9.1])
    assert said(charts.bars(part, "year", "value")) == ["2001: 4", "2002: −1,234.568", "2003: 9.1"]
    assert said(charts.lines(part[2:], "year", "value", "who", fmt="{:.0f}%")) == [
        "United States, 2003: 9%"
    ]
    for end, shown in (("-07-01", "2002"), ("-0{}-15", "2002-02"), ("-0{}-1{}", "2002-02-12")):
        days = [str(y) + end.format(y % 10, y % 10) for y in part["year"]]
        dated = part.assign(when=pd.to_datetime(days))
        assert said(charts.lines(dated, "when", "value"))[1] == f"{shown}: −1,234.568"
    strip = said(charts.strip(ROWS, "start", "name", end="end", text="group", shape="group"))
    assert {"one, x: 1990-01 to 2010", "three, x: 2001-01"} <= set(strip)


def test_marks_at_one_place_share_a_line() -> None:
    twice = ROWS.assign(b=ROWS["a"])
    lines = charts.marks(charts.dots(twice, "name", {"a": "A", "b": "B"}))
    assert len(lines) == 3 and all(": " in half for line in lines for half in line.split("; "))


@pytest.mark.parametrize("form", ["lines", "dots", "bars of a strip", "strip", "panels"])
def test_texts_do_not_meet(form: str) -> None:
    boxes = _boxes(FORMS[form](YEARS, ROWS))
    met = [
        (one, two)
        for place, (one, box) in enumerate(boxes)
        for two, other in boxes[place + 1 :]
        if box.shrunk(0.9, 0.9).overlaps(other.shrunk(0.9, 0.9))
    ]
    assert boxes and not met


def _joined(frame: pd.DataFrame, x: str, *series: str, **options: Any) -> list[list[Any]]:
    """The x values of each unbroken stretch of line."""
    drawn = charts.lines(frame, x, "value", *series, **options).axes[0].lines
    return [list(line.get_xdata()) for line in drawn if line.get_linestyle() == "-"]


def test_a_line_is_broken_where_nothing_is_known() -> None:
    runs = [[2001, 2002], [2006, 2007, 2008], [2001, 2002], [2006], [2008]]
    assert _joined(YEARS, "year", "who", hollow="partial", breaks=2) == runs
    (ax,) = charts.lines(YEARS, "year", "value", "who", hollow="partial", breaks=2).axes
    hollow = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert [list(line.get_xdata()) for line in hollow] == [[2003], [2003]]
    dated = YEARS[6:].assign(x=pd.to_datetime(YEARS["year"].astype(str) + "-07-01"))
    for x, longest in (("year", 1), ("x", 400)):
        assert [len(run) for run in _joined(dated, x, breaks=longest)] == [3, 3]
    for x in ("year", "x"):
        assert [len(run) for run in _joined(dated, x, breaks=0)] == [1] * 6


def test_a_year_without_a_row_keeps_its_place_and_a_missing_value_has_no_number() -> None:
    frame = YEARS[YEARS["who"].eq("United States")]
    (ax,) = charts.bars(frame, "year", "value", values="total").axes
    middles = [bar.get_x() + 0.36 for bar in ax.patches]
    assert middles == pytest.approx([2001, 2002, 2003, 2006, 2007, 2008])
    written = {t.get_text(): t.xy[0] for t in ax.texts}
    assert written == {"4": 2001, "5": 2002, "9": 2003, "8": 2006, "7": 2008}


def test_bars_are_stacked_and_their_numbers_are_the_values() -> None:
    frame = YEARS[YEARS["year"].eq(2002)]
    (ax,) = charts.bars(frame, "year", "value", "who", values="both", height=4).axes
    spans = sorted((bar.get_y(), bar.get_height()) for bar in ax.patches)
    assert spans == [(0, pytest.approx(5.2)), (5.2, pytest.approx(5.0))]
    assert sorted(t.get_text() for t in ax.texts) == ["10.2", "5", "5.2"]


def test_a_dollar_sign_is_a_dollar_sign() -> None:
    assert "$5 and $6" in _svg(charts.lines(YEARS, "year", "value", "who", text="text"))


def test_a_strip_has_bars_of_what_lasts_hatched_where_frozen_and_marks_of_what_does_not() -> None:
    rows = ROWS.assign(frozen=pd.Series([pd.Timestamp("2000-01-01"), *[pd.NaT] * 3]))
    (ax,) = charts.strip(rows, "start", "name", end="end", frozen="frozen", dotted="yes").axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["one", "two", "three", "four"]
    assert len([bar for bar in ax.patches if bar.get_width()]) == 1  # the others are not known
    (ax,) = charts.strip(rows, "start", "name", end="end", frozen="frozen").axes
    years = [round(bar.get_width() / 365.25) for bar in ax.patches if bar.get_width()]
    assert sorted(years) == [5, 10, 10, 11]
    assert [bar.get_hatch() for bar in ax.patches].count("//////") == 1


def test_dots_of_one_row_are_joined_and_the_largest_stands_on_top() -> None:
    (ax,) = charts.dots(ROWS, "name", {"a": "A", "b": "B"}, order="-b").axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["two", "four", "one", "three"]
    ranges = [list(line.get_xdata()) for line in ax.lines if line.get_linestyle() == "-"]
    assert sorted(r for r in ranges if not np.isnan(r).any()) == [[1, 2], [3, 4], [3, 5]]


def test_what_cannot_be_drawn_is_named() -> None:
    with pytest.raises(DataError, match=r"no column \['vlaue'\].*'value'"):
        charts.lines(YEARS, "year", "vlaue")
    with pytest.raises(DataError, match="values='totals' is unknown"):
        charts.bars(YEARS, "year", "value", values="totals")
    with pytest.raises(DataError, match="mark='top' is unknown"):
        charts.lines(YEARS, "year", "value", mark="top")
    with pytest.raises(DataError, match="no rows"):
        charts.bars(YEARS[:0], "year", "value")


def test_labels_stand_as_near_to_their_lines_as_a_step_apart_allows() -> None:
    values = {"a": 10.0, "b": 10.1, "c": 10.2, "d": 1.0}
    frame = pd.DataFrame({"year": 2001, "value": values}).rename_axis("who").reset_index()
    for limits in ((0, 20), (20, 0)):
        (ax,) = charts.lines(frame, "year", "value", "who", ylim=limits).axes
        ups = {t.get_text(): ax.transData.transform(t.xy)[1] * 72 / 100 for t in ax.texts}
        assert np.abs(np.diff([ups[n] for n in "abc"])) == pytest.approx([12, 12])
        places = {t.get_text(): t.xy[1] for t in ax.texts}
        assert (places["b"], places["d"]) == (pytest.approx(10.1), pytest.approx(1.0))
