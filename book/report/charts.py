"""Eight forms that carry every figure of the book, and panels of any of them.

A form takes a tidy frame and names of its columns and returns the matplotlib Figure. It sorts
the rows itself, so their order in a file has no meaning: text stands in the order of its
categories or of the alphabet, numbers and dates in their own. It writes its labels where nothing
stands; the few that it cannot place well take an offset in points, `at={label: (right, up)}`.
What every form understands:

    ax: draws into these axes (of `axes`) instead of a new figure, for panels of several forms.
    height: of the figure in inches.
    colours: the colour of every series, or of each by name: a key of COLOURS or a colour.
        Well-known names have theirs (KNOWN).
    options: title, xlabel, ylabel, xlim, ylim, xticks and what else Axes.set takes.

Columns that do not exist raise DataError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cbook import STEP_LOOKUP_MAP
from matplotlib.colors import to_rgb
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from report.data import DataError
from report.style import COLOURS, axes

__all__ = ["axes", "bars", "dots", "grid", "lines", "panels", "spans", "squares", "strip", "tiles"]

Colours = str | Mapping[str, str] | None
Offsets = Mapping[str, tuple[float, float]] | None
Events = Mapping[str, Any] | None

#: The colour of a name that means the same in the whole book.
KNOWN: Mapping[str, str] = {
    **{word: word for word in COLOURS},
    "": "us",
    "United States": "us",
    "Russia": "russia",
    "Soviet Union or Russia": "russia",
    "European Union": "eu",
    "EU institutions": "eu",
    "EU member states": "eu light",
    "Germany": "eu",
    "China": "china",
    "Ukraine": "ukraine",
    "abstained": "abstain",
    "did not vote": "light",
    "not voting": "light",
    "Democrats": "democrats",
    "Republicans": "republicans",
    "all adults": "ink",
    "supports": "us",
    "mixed": "china",
    "against": "russia",
    "supported": "us",
    "mostly supported": "us",
    "contested": "china",
    "mostly contradicted": "russia",
    "contradicted": "russia",
}
SMALL = 8.5
DASHED = (0, (3, 2))


def panels(
    frame: pd.DataFrame,
    panel: str,
    form: Callable[..., Figure],
    *columns: str,
    titles: Mapping[str, str] | None = None,
    rows: int = 1,
    widths: Sequence[float] | None = None,
    height: float = 3.0,
    share: str = "y",
    labels: Any = True,
    ylabel: str = "",
    **options: Any,
) -> Figure:
    """Return small multiples: one panel of a form for each value of a column.

    Args:
        panel: the column; its values head the panels, in the order of titles if that is given.
        columns, options: passed to the form.
        titles: other headings, by value.
        rows: how many rows of panels.
        widths: relative widths of the columns of panels.
        share: which axes the panels share: "", "x", "y" or "xy".
        labels: as in lines; "last" labels the last panel only.
    """
    frame = _tidy(frame, panel)
    names = [n for n in titles or _order(frame[panel]) if frame[panel].eq(n).any()]
    across = -(-len(names) // rows)
    figure, drawn = axes(
        rows, across, height=height, sharex="x" in share, sharey="y" in share,
        width_ratios=widths, squeeze=False,
    )  # fmt: skip
    for place, (ax, name) in enumerate(zip(drawn.flat, names, strict=False)):
        if form is lines:
            options["labels"] = place == len(names) - 1 if labels == "last" else labels
        title = (titles or {}).get(name) or name
        left = "" if place % across else ylabel
        form(frame[frame[panel].eq(name)], *columns, ax=ax, title=title, ylabel=left, **options)
    for ax in drawn.flat[len(names) :]:
        ax.set_axis_off()
    return figure


def lines(
    frame: pd.DataFrame,
    x: str,
    y: str,
    series: str = "",
    *,
    breaks: str | float | Mapping[str, str | float] | None = None,
    hollow: str = "",
    shape: str = "",
    shapes: Mapping[str, str] | None = None,
    dash: str | Mapping[str, str] = "-",
    dot: float | Mapping[str, float] = 3.5,
    width: float | Mapping[str, float] = 1.8,
    step: bool | Mapping[str, bool] = False,
    labels: bool | Mapping[str, str] = True,
    last: str = "",
    mark: str | Sequence[Any] = "",
    text: str = "",
    fmt: str = "",
    events: Events = None,
    colours: Colours = None,
    at: Offsets = None,
    ax: Axes | None = None,
    height: float = 3.3,
    **options: Any,
) -> Figure:
    """Return lines over time, each labelled at its end; what is not known stays a gap.

    Breaks, dash, dot, width and step may each be given by series.

    Args:
        x, y: columns of years or dates, and of values; one row a point.
        series: column with the name of the line.
        breaks: where a line is not joined: longest distance between two points ("400D" for
            dates, a number for years), or a column whose values change there. 0 joins nothing.
            A missing value and a hollow point always break it.
        hollow: column of yes and no: points drawn hollow (partial, estimated, other edition).
        shape, shapes: column that chooses the marker, and the marker of each value; by default
            the series. A legend explains a column that is named.
        dash, width: style and width of the lines.
        dot: size of the points; 0 draws none.
        step: values hold until the next one.
        labels: whether lines are labelled, or other labels by series.
        last: format of the last value, written after the label.
        mark: which points carry their value in `fmt`: "all" (where it
            changes and there is room), "ends", "last",
            "highest", "extremes" (the ends, the highest and the lowest), or x values.
        text: column of words beside the points.
        events: dates (or years) by label, marked with a dashed line; labels stand above.
    """
    frame = _tidy(frame, x, y, series, hollow, shape, text)
    ax = _axes(ax, height)
    values = frame[y].dropna().astype(float)
    _limits(ax, values)
    ends, notes = [], []
    for name in _order(frame[series], colours) if series else [""]:
        part = (frame[frame[series].eq(name)] if series else frame).sort_values(x)
        place, value = _plain(part[x]), part[y].astype(float)
        shade, firm = _colour(name, colours), value.notna()
        if hollow:
            firm &= ~part[hollow].fillna(False).astype(bool)
        cut = ~firm | ~firm.shift(fill_value=True)
        apart = _one(breaks, name)
        if apart in part:
            cut |= part[apart].ne(part[apart].shift())
        elif apart is not None:
            dates = pd.api.types.is_datetime64_any_dtype(place)
            cut |= place.diff() > (pd.Timedelta(apart) if dates else apart)
        look: dict[str, Any] = {
            "color": shade,
            "ls": _one(dash, name) or "-",
            "lw": _one(width, name) or 1.5,
        }
        look["drawstyle"] = "steps-post" if _one(step, name) else "default"
        size = _one(dot, name)
        for _, run in value[firm].groupby(cut.cumsum()[firm]):
            ax.plot(place[run.index], run, **look)
        kinds = part[shape or series] if shape or series else pd.Series("", part.index)
        for kind in _order(kinds):
            marker, here = (shapes or {}).get(kind, "o"), kinds.eq(kind)
            for shown, fill in ((firm & here, shade), (~firm & here, "white")):
                if size or fill == "white":
                    ax.plot(place[shown], value[shown], marker, color=shade, mfc=fill,
                            ms=size or 4, mew=1.2, zorder=3)  # fmt: skip
        seen = value.dropna()
        if len(seen):
            notes += _marked(place, seen, mark, fmt)
            for row, word in part[text].dropna().items() if text else []:
                notes.append((place[row], value[row], word, 0))
            label = labels.get(name, name) if isinstance(labels, Mapping) else name
            label = f"{label} {last.format(seen.iloc[-1])}" if last else label
            ends.append(
                (place[seen.index[-1]], seen.iloc[-1], label.strip() if labels else "", shade)
            )
    _date_ticks(ax)
    ax.set(**options)
    if shape:
        _legend(ax, [Line2D([], [], ls="", marker=m, color=COLOURS["ink"], label=n)
                     for n, m in (shapes or {}).items()])  # fmt: skip
    taken = _label_ends(ax, ends, at)
    _mark_events(ax, events)
    _notes(ax, notes, at, taken)
    return _figure(ax)


def bars(
    frame: pd.DataFrame,
    category: str,
    value: str,
    series: str = "",
    *,
    horizontal: bool = False,
    order: str = "",
    groups: str = "",
    side: str = "",
    partial: str = "",
    values: str | Sequence[Any] = "",
    fmt: str = "",
    missing: str = "",
    events: Events = None,
    colours: Colours = None,
    ax: Axes | None = None,
    height: float = 0,
    **options: Any,
) -> Figure:
    """Return bars, stacked where a category has several series.

    Args:
        category: column of names, or of years: a year without a row keeps its place.
        value: column of heights, one row a segment.
        series: column of the segments; a legend names them above.
        horizontal: one bar a row, from the top.
        order: column that orders horizontal bars; "-total" from the largest down.
        groups: column that gathers horizontal bars under headings.
        side: column of words that stand right of the bars under the column's name.
        partial: column of yes and no: bars that cover a part are pale with a dashed outline.
        values: which numbers are written: "total" at the ends (or only at the categories given),
            "parts" where they fit, or "both".
        missing: what is written where a value is missing.
        events: the category before which a dashed line stands, by label.
    """
    frame = _tidy(frame, category, value, series, order.lstrip("-"), groups, side, partial)
    names = _order(frame[category])
    if horizontal:
        rows, ax = _rows(ax, height, frame, category, groups, order)
        places = pd.Series(rows, frame.index)
    else:
        ax = _axes(ax, height or 3.2)
        years = all(isinstance(n, int) for n in names)
        where = {n: n if years else i for i, n in enumerate(names)}
        places = frame[category].map(where).astype(float)
        room = ax.get_window_extent().width / ax.figure.dpi * 72 / len(names)
        wide = max(len(line) for n in names for line in str(n).split("\n")) * 4.8 + 5
        shown = names[:: -int(-wide // room)]
        ax.set_xticks([where[n] for n in shown], shown)
    draw = ax.barh if horizontal else ax.bar
    segments, base = [], dict.fromkeys(places, 0.0)
    for name in _order(frame[series], colours) if series else [""]:
        part, shade = frame[frame[series].eq(name)] if series else frame, _colour(name, colours)
        for row, place in places[part.index].items():
            size = float(part.at[row, value]) if pd.notna(part.at[row, value]) else 0.0
            look = {"color": shade, "edgecolor": "white", "linewidth": 0.5}
            if partial and part.at[row, partial]:
                look = {"color": (shade, 0.2), "edgecolor": shade, "linewidth": 0.9, "ls": "--"}
            held = {"left" if horizontal else "bottom": base[place]}
            draw(place, size, 0.78 if horizontal else 0.72, **held, **look)
            segments.append((place, base[place], size, look["color"]))
            base[place] += size
    _limits(ax, pd.Series([*base.values(), 0.0]), "x" if horizontal else "y")
    ax.set(**options)
    empty = places[frame[value].isna()]
    for place, start, size, shade in segments if values in ("parts", "both") else []:
        middle = (start + size / 2, place) if horizontal else (place, start + size / 2)
        text = _say(ax, _number(size, fmt), middle, colour=_ink_on(shade), small=True)
        box, ends = text.get_window_extent(), ax.transData.transform([(0, 0), (size, size)])
        wide, tall = abs(ends[1] - ends[0]) - 1
        if box.width > wide if horizontal else box.height > tall:
            text.remove()
    written = set(
        places[frame[category].isin(names if values in ("total", "both") else list(values))]
    )
    for place, total in base.items() if values != "parts" else []:
        if place in written - set(empty):
            end = (total, place) if horizontal else (place, total)
            _say(ax, _number(total, fmt), end, (4, 0) if horizontal else (0, 7 if total >= 0 else -7),
                 ha="left" if horizontal else "center", small=True)  # fmt: skip
    for place in empty if missing else []:
        _say(ax, missing, (0, place) if horizontal else (place, 0), (4, 0) if horizontal else (0, 7),
             ha="left" if horizontal else "center", colour="other", small=True)  # fmt: skip
    if side:
        _beside(ax, side, 1.01, ax.get_ylim()[1], style="italic")
        for place, word in dict(zip(places, frame[side], strict=True)).items():
            _beside(ax, word, 1.01, place, _colour(word, None))
    if series:
        _legend(ax, [Patch(color=_colour(n, colours), label=n)
                     for n in _order(frame[series], colours)])  # fmt: skip
    if events:
        _mark_events(ax, {label: where[name] - 0.5 for label, name in events.items()})
    return _figure(ax)


def dots(
    frame: pd.DataFrame,
    label: str,
    values: str | Mapping[str, str],
    *,
    by: str = "",
    hollow: str = "",
    order: str = "",
    groups: str = "",
    text: str = "",
    stem: bool = False,
    line: float | None = None,
    missing: str = "",
    names: Mapping[str, str] | None = None,
    colours: Colours = None,
    ax: Axes | None = None,
    height: float = 0,
    **options: Any,
) -> Figure:
    """Return a row of dots for each name: one value, or several joined as a range.

    Args:
        label: column of names, one row each.
        values: column of values, or several with their words for the legend: the last is drawn
            filled, the ones before as rings.
        by: column that colours the rows; a legend explains it if names gives its words.
        hollow: column of yes and no that decides about ring or dot instead.
        order, groups: as in bars.
        text: column of words that stand right of the row's dots.
        stem: a thin line from 0 to the dot.
        line: value at which a dashed line stands.
        missing: what is written in a row without any value.
    """
    columns = [values] if isinstance(values, str) else list(values)
    frame = _tidy(frame, label, *columns, by, hollow, order.lstrip("-"), groups, text)
    rows, ax = _rows(ax, height, frame, label, groups, order)
    for (_, row), y in zip(frame.iterrows(), rows, strict=True):
        shade = _colour(str(row[by]) if by else "", colours)
        known = [(c, float(row[c])) for c in columns if pd.notna(row[c])]
        reach = [value for _, value in known] + ([0.0] if stem else [])
        if len(reach) > 1:
            thin = COLOURS["grid"] if stem else shade
            ax.plot([min(reach), max(reach)], [y, y], color=thin, lw=1.3, zorder=1)
        for column, value in known:
            ring = bool(row[hollow]) if hollow else column != columns[-1]
            ax.plot(value, y, "o", ms=5, color=shade, mfc="white" if ring else shade, mew=1.2)
        if text and known:
            _say(ax, str(row[text]), (max(reach), y), (8, 0), ha="left", small=True)
        elif not known:
            start = 0.0 if line is None else line
            _say(ax, missing, (start, y), (6, 0), ha="left", colour="other", small=True)
    if line is not None:
        ax.axvline(line, color=COLOURS["ink"], lw=0.9, ls=DASHED)
    ax.set(**options)
    ink, keys = COLOURS["ink"], []
    if not isinstance(values, str) and not hollow:
        keys = [Line2D([], [], ls="", marker="o", color=ink, label=word,
                       mfc=ink if c == columns[-1] else "white")
                for c, word in values.items()]  # fmt: skip
    keys += [Line2D([], [], ls="", marker="o", color=_colour(n, colours), label=word)
             for n, word in (names or {}).items()]  # fmt: skip
    _legend(ax, keys)
    return _figure(ax)


def spans(
    frame: pd.DataFrame,
    label: str,
    start: str,
    end: str,
    *,
    frozen: str = "",
    dotted: str = "",
    shape: str = "",
    shapes: Mapping[str, str] | None = None,
    by: str = "",
    text: str = "",
    groups: str = "",
    order: str = "",
    events: Events = None,
    colours: Colours = None,
    ax: Axes | None = None,
    height: float = 0,
    **options: Any,
) -> Figure:
    """Return a time line: one bar a row from start to end.

    Args:
        label: column of names.
        start, end: columns of dates; a row without an end is a single mark at its start.
        frozen: column of dates from which the bar is hatched.
        dotted: column of yes and no: whether the end is not established.
        shape, shapes: column and markers of single marks.
        by: column that colours the bars.
        text: column of words right of the bar.
        groups, order: as in bars; by default rows are ordered by start.
        events: dates by label, as in lines.
    """
    frame = _tidy(
        frame, label, start, end, frozen, dotted, shape, by, text, groups, order.lstrip("-")
    )
    rows, ax = _rows(ax, height, frame, label, groups, order or start)
    for (_, row), y in zip(frame.iterrows(), rows, strict=True):
        shade = _colour(str(row[by]) if by else "", colours)
        begin, stop = row[start], row[end]
        firm = row[frozen] if frozen and pd.notna(row[frozen]) else stop
        if pd.isna(stop):
            ax.plot(begin, y, (shapes or {}).get(str(row[shape]), "o"), color=shade, ms=6)
        elif dotted and row[dotted]:
            ax.plot([begin, stop], [y, y], ls=":", color=shade, lw=2)
            ax.plot(begin, y, "o", color=shade, ms=5)
        else:
            ax.barh(y, firm - begin, left=begin, height=0.56, color=shade)
        if firm is not stop:
            ax.barh(y, stop - firm, left=firm, height=0.56, color="white", hatch="//////",
                    edgecolor=shade, linewidth=0.8)  # fmt: skip
        if text and pd.notna(row[text]):
            there = begin if pd.isna(stop) else stop
            _say(ax, row[text], (there, y), (6, 0), ha="left", colour=shade, small=True, clear=True)
    _date_ticks(ax)
    ax.set(**options)
    _mark_events(ax, events)
    return _figure(ax)


def strip(
    frame: pd.DataFrame,
    when: str,
    lane: str,
    *,
    groups: str = "",
    by: str = "",
    shape: str = "",
    shapes: Mapping[str, str] | None = None,
    hollow: str = "",
    text: str = "",
    events: Events = None,
    colours: Colours = None,
    ax: Axes | None = None,
    height: float = 0,
    **options: Any,
) -> Figure:
    """Return marks of events on a time axis, in lanes.

    Args:
        when: column of dates, one row an event.
        lane: column of the lanes.
        groups: column that gathers lanes under headings.
        by: column that colours the marks; its values stand one under the other in a lane and,
            where lanes are not already grouped by it, in a legend.
        shape, shapes: column of the markers and the marker of each value; a legend names them.
        hollow: column of yes and no: drawn hollow.
        text: column of words beside the marks.
    """
    frame = _tidy(frame, when, lane, groups, by, shape, hollow, text)
    rows, ax = _rows(ax, height, frame, lane, groups, "", colours)
    keys: list[Any] = []
    names = list(colours) if isinstance(colours, Mapping) else _order(frame[by]) if by else [""]
    apart = len(names) > 1 and groups != by
    shift = dict(
        zip(names, np.linspace(-0.27, 0.27, len(names)) if apart else rows * 0, strict=False)
    )
    ax.set(ylim=ax.get_ylim(), **options)
    notes = []
    for (_, row), y in zip(frame.iterrows(), rows, strict=True):
        name = str(row[by]) if by else ""
        shade, marker = (
            _colour(name, colours),
            (shapes or {}).get(str(row[shape] if shape else ""), "o"),
        )
        fill = "white" if (hollow and row[hollow]) or marker in "vs" else shade
        ax.plot(row[when], y + shift.get(name, 0), marker, color=shade, mfc=fill, mew=1.5,
                ms=10 if marker == "|" else 5)  # fmt: skip
        if text and pd.notna(row[text]):
            notes.append((row[when], y, str(row[text]), 0))
    _date_ticks(ax)
    _notes(ax, notes)
    if apart:
        lanes = sorted(set(rows))
        ax.hlines([y + 0.5 for y in lanes[:-1]], *ax.get_xlim(), color=COLOURS["grid"], lw=0.8)
        keys = [Patch(color=_colour(n, colours), label=n) for n in names]
    _legend(ax, keys + [Line2D([], [], ls="", marker=m, color=COLOURS["ink"], mew=1.5, label=n,
                               mfc="white") for n, m in (shapes or {}).items()])  # fmt: skip
    _mark_events(ax, events)
    return _figure(ax)


def squares(
    frame: pd.DataFrame,
    year: str,
    kind: str,
    *,
    dot: str = "",
    hollow: str = "",
    periods: Mapping[str, int] | None = None,
    words: Mapping[str, str] | None = None,
    colours: Colours = None,
    ax: Axes | None = None,
    height: float = 3.5,
    **options: Any,
) -> Figure:
    """Return a column of squares for each year, one square a row.

    Args:
        year: column of years.
        kind: column that colours the squares; the first kind stands at the bottom.
        dot: column of yes and no: squares with a white dot.
        hollow: column of yes and no: squares drawn dotted, on top, and not counted.
        periods: last year of each period, in order; above it stand its name and count.
        words: what "dot" and "hollow" mean, for the legend.
    """
    frame = _tidy(frame, year, kind, dot, hollow)
    ax, kinds = _axes(ax, height), _order(frame[kind], colours)
    table = frame.assign(
        **{"_kind": frame[kind].map(kinds.index), "_open": frame[hollow] if hollow else False,
           "_dot": frame[dot] if dot else False}
    ).sort_values([year, "_open", "_kind", "_dot"])  # fmt: skip
    for place, (_, row) in zip(table.groupby(year).cumcount(), table.iterrows(), strict=True):
        shade = _colour(row[kind], colours)
        look: dict[str, Any] = {"color": shade}
        if row["_open"]:
            look = {"fill": False, "edgecolor": COLOURS["muted"], "linestyle": ":"}
        ax.bar(row[year], 0.84, 0.8, bottom=place + 0.08, linewidth=0.8, **look)
        if row["_dot"] and not row["_open"]:
            ax.plot(row[year], place + 0.5, "o", color="white", ms=2.6)
    top = int(table.groupby(year).size().max())
    ax.set(ylim=(0, top + (2.2 if periods else 0.2)), yticks=range(top + 1), **options)
    start = float(frame[year].min()) - 1
    for name, until in (periods or {}).items():
        inside = table[year].gt(start) & table[year].le(until) & ~table["_open"].astype(bool)
        middle = (start + until) / 2 + 0.5
        head = _say(ax, name, (middle, top + 2.2), (0, -1), va="top", colour="other", small=True)
        wide = np.diff(ax.transData.transform([(start, 0), (until, 0)])[:, 0])[0]
        if head.get_window_extent().width > wide:
            head.set_text(name.replace("–", "–\n"))
        count = _say(ax, str(int(inside.sum())), (middle, top + 1.2), va="top", bold=True)
        count.set_fontsize(13)
        if start > frame[year].min():
            ax.axvline(start + 0.5, color=COLOURS["grid"], lw=0.9)
        start = float(until)
    ax.spines["left"].set_visible(False)
    keys: list[Any] = [Patch(color=_colour(n, colours), label=n) for n in kinds]
    if words and "dot" in words:
        keys.append(Line2D([], [], ls="", marker="o", color="white", mec=COLOURS["other"], ms=4,
                           label=words["dot"]))  # fmt: skip
    if words and "hollow" in words:
        keys.append(Patch(fill=False, ec=COLOURS["muted"], ls=":", label=words["hollow"]))
    _legend(ax, keys)
    return _figure(ax)


def grid(
    frame: pd.DataFrame,
    row: str,
    column: str,
    by: str,
    *,
    text: str = "",
    fill: str = "",
    shapes: Mapping[str, str] | None = None,
    across: int = 2,
    groups: str = "",
    colours: Colours = None,
    ax: Axes | None = None,
    height: float = 0,
    **options: Any,
) -> Figure:
    """Return a table of rows and columns whose cells hold one chip or mark for each item.

    Args:
        row, column: columns of the item's place, in the order of their categories; a category
            without an item has an empty row.
        by: column that colours the items.
        text: column of short words: items are chips. Without it they are marks.
        fill: column of shares 0 to 1: how dark a chip is filled.
        shapes: marker of each value of by; a legend names them.
        across: how many items stand side by side before a cell grows.
        groups: column of the rows' groups, between which a line stands; default: every row.
    """
    frame = _tidy(frame, row, column, by, text, fill, groups)
    downs, heads = _order(frame[row]), _order(frame[column])
    sizes = frame.groupby([row, column], observed=True).size()
    lines_of = {n: 1 + (int(sizes.get(n, pd.Series([1])).max()) - 1) // across for n in downs}
    tall = {n: lines_of[n] + (0.3 if text else 0.0) for n in downs}
    tops = dict(zip(downs, np.cumsum([0.0, *tall.values()]), strict=False))
    total = sum(tall.values())
    ax = _axes(ax, height or 0.8 + total * (0.27 if text else 0.17))
    items = frame.sort_values([row, column, by, *([text] if text else [])])
    pitch = 0.47 if text else 0.15
    for (name, head), cell in items.groupby([row, column], observed=True):
        for place, (_, item) in enumerate(cell.iterrows()):
            beside = min(across, len(cell)) if not text else across
            x = heads.index(head) + 0.5 + (place % across - (beside - 1) / 2) * pitch
            y = tops[name] + (tall[name] - lines_of[name]) / 2 + 0.5 + place // across
            shade = _colour(str(item[by]), colours)
            if not text:
                ax.plot(x, y, (shapes or {}).get(str(item[by]), "o"), color=shade, ms=4.6)
                continue
            share = float(item[fill]) if fill else 0.0
            box = {"boxstyle": "round,pad=0.28", "facecolor": (shade, share), "edgecolor": shade}
            ink = "white" if share > 0.6 else COLOURS["ink"]
            ax.text(x, y, item[text], ha="center", va="center", fontsize=8, color=ink, bbox=box)
    group = frame.groupby(row, observed=True)[groups].first() if groups else None
    for above, name in pairwise(downs):
        if group is None or group.get(above) != group.get(name):
            ax.axhline(tops[name], color=COLOURS["muted" if groups else "grid"], lw=0.8)
    for border in range(1, len(heads)):
        ax.axvline(border, color=COLOURS["grid"], lw=0.8)
    ax.set(xlim=(0, len(heads)), ylim=(total, 0), **options)
    ax.set_yticks([tops[n] + tall[n] / 2 for n in downs], downs, fontsize=9 if text else 8)
    ax.set_xticks([i + 0.5 for i in range(len(heads))], [_wrap(h) for h in heads])
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[["left", "bottom"]].set_visible(False)
    _legend(ax, [Line2D([], [], ls="", marker=m, color=_colour(n, colours), label=n)
                 for n, m in (shapes or {}).items()])  # fmt: skip
    return _figure(ax)


def tiles(
    part: int,
    whole: int,
    words: str,
    *,
    across: int = 15,
    colours: str = "russia",
    ax: Axes | None = None,
    height: float = 3.0,
    **options: Any,
) -> Figure:
    """Return a dot for each of a small number of people, those of the part in colour.

    Args:
        part, whole: numbers of dots.
        words: what is coloured, written below in the same colour.
    """
    ax = _axes(ax, height)
    shade = _colour("", colours)
    x, y = np.arange(whole) % across, np.arange(whole) // across
    ax.scatter(x[part:], y[part:], s=22, color=COLOURS["light"])
    ax.scatter(x[:part], y[:part], s=22, color=shade)
    ax.set(ylim=(y.max() + 2.0, -1.0), xlim=(-0.8, across - 0.2), **options)
    _say(ax, words, (-0.4, y.max() + 1.2), ha="left", va="center", colour=shade)
    ax.set_axis_off()
    return _figure(ax)


def _tidy(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the frame with plain row numbers, or raise DataError if a column is missing."""
    unknown = [c for c in columns if c and c not in frame]
    if unknown:
        raise DataError(f"chart: no column {unknown} in the frame; it has {list(frame)}")
    if not len(frame):
        raise DataError("chart: the frame has no rows; nothing can be drawn")
    return frame.reset_index(drop=True)


def _axes(ax: Axes | None, height: float) -> Axes:
    return axes(height=height)[1] if ax is None else ax


def _figure(ax: Axes) -> Figure:
    return cast(Figure, ax.get_figure(root=True))


def _colour(name: str, colours: Colours) -> str:
    word = colours if isinstance(colours, str) else (colours or {}).get(name)
    word = word or KNOWN.get(name, "other")
    return COLOURS.get(word, word)


def _ink_on(shade: Any) -> str:
    """Return white or ink, whichever can be read on a colour (WCAG's relative luminance)."""
    pale = isinstance(shade, tuple)
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(shade)]
    light = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    return COLOURS["ink"] if pale or light > 0.22 else "white"


def _one(option: Any, name: str) -> Any:
    """Return what an option says for a series: it is given for all or by name."""
    return option.get(name) if isinstance(option, Mapping) else option


def _order(column: pd.Series, colours: Colours = None) -> list[Any]:
    """Return a column's values: as its categories or the given colours stand, or sorted.

    Whole numbers are years: those between the first and the last without a row are included.
    """
    found = set(column.dropna())
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.categories)
    if isinstance(colours, Mapping):
        return [n for n in colours if n in found] + sorted(found - set(colours))
    if pd.api.types.is_integer_dtype(column):
        return list(range(int(min(found)), int(max(found)) + 1))
    return sorted(found)


def _plain(column: pd.Series) -> pd.Series:
    """Return years as numbers that matplotlib takes; dates stay dates."""
    return column if pd.api.types.is_datetime64_any_dtype(column) else column.astype(float)


def _date_ticks(ax: Axes) -> None:
    """Put as many dates on the horizontal axis as fit; years where years are enough."""
    if isinstance(ax.xaxis.get_major_locator(), AutoDateLocator):
        many = ax.get_window_extent().width / _figure(ax).dpi * 72 // 30
        locator = AutoDateLocator(minticks=2, maxticks=max(5, int(many)))
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))


def _limits(ax: Axes, values: pd.Series, axis: str = "y") -> None:
    """Let an axis of quantities begin at 0 and leave room for what is written at the ends."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    limits = (low * 1.15, high * (1.15 if low < 0 else 1.1))
    ax.set_ylim(limits) if axis == "y" else ax.set_xlim(limits)
    if low < 0:
        (ax.axhline if axis == "y" else ax.axvline)(0, color=COLOURS["ink"], lw=0.7)
    if high >= 1000:
        (ax.yaxis if axis == "y" else ax.xaxis).set_major_formatter("{x:,.0f}")


def _rows(
    ax: Axes | None,
    height: float,
    frame: pd.DataFrame,
    label: str,
    groups: str,
    order: str,
    colours: Colours = None,
) -> tuple[np.ndarray, Axes]:
    """Return each row's place down the vertical axis, and the axes with names and headings."""
    sign, column = -1 if order.startswith("-") else 1, order.lstrip("-")
    names, gathered = _order(frame[label]), _order(frame[groups], colours) if groups else [""]
    keys = list(zip(frame[groups] if groups else [""] * len(frame), frame[label], strict=True))
    first: dict[Any, float] = {}
    for key, value in zip(keys, frame[column] if column else [0] * len(frame), strict=True):
        number = value.timestamp() if isinstance(value, pd.Timestamp) else value
        number = float("inf") if pd.isna(number) else sign * float(number)
        first[key] = min(number, first.get(key, float("inf")))
    if not groups and isinstance(frame[label].dtype, pd.CategoricalDtype):
        first = {("", name): first.get(("", name), float("inf")) for name in names}
    ranked = sorted(first, key=lambda k: (gathered.index(k[0]), first[k], names.index(k[1])))
    places: dict[Any, float] = {}
    headings: dict[Any, float] = {}
    y = -1.0
    for key in ranked:
        y += 1.0
        if groups and key[0] not in headings:
            y += 0.4 if headings else 0.0
            headings[key[0]] = y
            y += 0.9
        places[key] = y
    ax = _axes(ax, height or 0.75 + 0.2 * (y + 1))
    ax.set_yticks(list(places.values()), [str(k[1]) for k in ranked],
                  fontsize=9 if len(ranked) < 15 else 8)  # fmt: skip
    ax.set_ylim(y + 0.7, -0.7)
    for heading, place in headings.items():
        _beside(ax, str(heading), 0.005, place, style="italic")
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x")
    return np.array([places[k] for k in keys]), ax


def _say(
    ax: Axes,
    text: str,
    at: tuple[Any, Any],
    offset: tuple[float, float] = (0, 0),
    *,
    ha: str = "center",
    va: str = "center",
    colour: str = "ink",
    small: bool = False,
    bold: bool = False,
    clear: bool = False,
) -> Annotation:
    """Write a text at a point of the data, moved by an offset in points."""
    return ax.annotate(
        text, at, xytext=offset, textcoords="offset points", ha=ha, va=va,
        color=COLOURS.get(colour, colour), fontsize=SMALL if small else None,
        fontweight="semibold" if bold else "normal", annotation_clip=False, zorder=4,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6} if clear else None,
    )  # fmt: skip


def _notes(
    ax: Axes,
    notes: Sequence[tuple[Any, float, str, int]],
    at: Offsets = None,
    taken: Sequence[Annotation] = (),
) -> None:
    """Write a text at each point on the first side where neither a line nor a text stands.

    Args:
        notes: x, y, text, and where to try first: 1 above, -1 below, 0 beside. What would be
            above or below is left out where it has no place; what is beside always stays.
        taken: texts that stand already.
    """
    if not notes:
        return
    _figure(ax).draw_without_rendering()
    edge, drawn = ax.get_window_extent(), [np.empty((0, 2))]
    boxes = [text.get_window_extent() for text in taken]
    for line in ax.lines:
        if line.get_transform() == ax.transData and len(line.get_xydata()):
            path = STEP_LOOKUP_MAP[line.get_drawstyle()](*line.get_xydata().T)
            ends = ax.transData.transform(np.column_stack(path))
            for one, two in pairwise(ends) if line.get_linestyle() != "None" else []:
                drawn.append(np.linspace(one, two, 2 + int(np.hypot(*(two - one)) / 3)))
            drawn += [ends + shift for shift in [(-3, 0), (3, 0), (0, 3), (0, -3)]]
    points = np.concatenate(drawn)
    above, below = ((0, 8), "center"), ((0, -9), "center")
    right, left = ((7, 0), "left"), ((-7, 0), "right")
    tried = {1: [above, left, right, below], -1: [below, right, left, above]}
    for x, y, text, first in sorted(notes, key=lambda n: n[:3]):
        note = _say(ax, text, (x, y), small=True)
        sides = tried.get(first, [right, left, above, below])
        if text in (at or {}):
            sides = [((at or {})[text], "center")]
        for offset, align in sides:
            note.set(position=offset, horizontalalignment=align)
            box = note.get_window_extent()
            hit = np.all((points > box.min) & (points < box.max), axis=1).any()
            inside = edge.x0 <= box.x0 and box.x1 <= edge.x1 + 4 and box.y0 >= edge.y0
            if inside and not hit and not any(box.overlaps(other) for other in boxes):
                boxes.append(box)
                break
        else:
            if first:  # a value that is in the table too
                note.remove()


def _beside(
    ax: Axes, word: str, x: float, y: float, colour: str = "ink", style: str = "normal"
) -> None:
    """Write a text at a share of the axes' width and a row."""
    ax.annotate(
        word, (x, y), xycoords=ax.get_yaxis_transform(), va="center", fontsize=SMALL,
        color=COLOURS.get(colour, colour), style=style, annotation_clip=False,
    )  # fmt: skip


def _number(value: float, fmt: str) -> str:
    digits = 0 if float(value).is_integer() or abs(value) >= 100 else 1
    return (fmt or f"{{:,.{digits}f}}").format(value).replace("-", "−")


def _marked(
    x: pd.Series, y: pd.Series, mark: str | Sequence[Any], fmt: str
) -> list[tuple[Any, float, str, int]]:
    """Return notes with the values of some points: above a high point, below a low one."""
    rows, around = list(y.index), y.rolling(3, center=True, min_periods=1).mean()
    some = {
        "": [],
        "all": list(y.index[y.diff().ne(0)]),
        "ends": [rows[0], rows[-1]],
        "last": [rows[-1]],
        "highest": [y.idxmax()],
        "extremes": [rows[0], rows[-1], y.idxmax(), y.idxmin()],
    }
    chosen = some[mark] if isinstance(mark, str) else [r for r in rows if x[r] in list(mark)]
    return [
        (x[row], y[row], _number(y[row], fmt), 1 if y[row] >= around[row] else -1)
        for row in dict.fromkeys(chosen)
    ]


def _label_ends(
    ax: Axes, ends: Sequence[tuple[Any, float, str, str]], at: Offsets
) -> list[Annotation]:
    """Write labels in a column at the right end of the lines, moved apart where they meet."""
    labelled = sorted((e for e in ends if e[2]), key=lambda e: (e[1], e[2]))
    if not labelled:
        return []
    last, (low, high) = max(e[0] for e in labelled), ax.get_ylim()
    tall = ax.get_window_extent().height / _figure(ax).dpi * 72  # in points
    wish = [(e[1] - low) / (high - low) * tall for e in labelled]
    texts = []
    for (_, _, text, shade), place in zip(labelled, _spread(wish, 12.0), strict=True):
        right, up = (at or {}).get(text, (0, 0))
        point = (last, low + place / tall * (high - low))
        texts.append(_say(ax, text, point, (7 + right, up), ha="left", colour=shade, bold=True))
    return texts


def _spread(wish: Sequence[float], step: float) -> list[float]:
    """Return places as near as can be to the wished ones, in their order, a step apart.

    Neighbours that are too near form a block around the mean of what they wish.
    """
    if wish[0] > wish[-1]:  # an axis that runs down
        return _spread(list(wish)[::-1], step)[::-1]
    blocks: list[list[float]] = []
    for place in wish:
        blocks.append([place])
        while len(blocks) > 1 and (
            _start(blocks[-1], step) < _start(blocks[-2], step) + step * len(blocks[-2])
        ):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    return [_start(block, step) + step * i for block in blocks for i in range(len(block))]


def _start(block: list[float], step: float) -> float:
    return sum(block) / len(block) - step * (len(block) - 1) / 2


def _mark_events(ax: Axes, events: Events) -> None:
    """Draw a dashed line at each date; its label stands above, higher where the next is near."""
    if not events:
        return
    _figure(ax).draw_without_rendering()  # lays out, so that places on the page are known
    ends: list[float] = []  # where the labels of each row begin, from the right
    tall = ax.get_window_extent().height / _figure(ax).dpi * 72
    dated = [(pd.Timestamp(w) if isinstance(w, str) else w, n) for n, w in (events or {}).items()]
    for x, label in sorted(dated, reverse=True):
        text = ax.annotate(
            label, (x, 1), xycoords=("data", "axes fraction"), xytext=(-1, 2), va="bottom",
            textcoords="offset points", fontsize=SMALL, color=COLOURS["other"],
            annotation_clip=False,
        )  # fmt: skip
        box = text.get_window_extent()
        row = next((i for i in range(len(ends)) if box.x1 + 3 < min(ends[i:])), len(ends))
        ends[row:] = [box.x0, *ends[row + 1 :]]
        text.set_position((-1, 2 + 10.5 * row))
        ax.axvline(
            x, 0, 1 + 10.5 * row / tall, color=COLOURS["other"], lw=0.8, ls=DASHED, zorder=1,
            clip_on=False,
        )  # fmt: skip
    ax.set_title(ax.get_title(loc="left"), pad=9 + 10.5 * len(ends))


def _legend(ax: Axes, keys: Sequence[Any]) -> None:
    """Explain marks once for the whole figure, above it; panels add what is new."""
    figure = _figure(ax)
    known = {h.get_label(): h for legend in figure.legends for h in legend.legend_handles}
    known |= {k.get_label(): k for k in keys}
    if not keys:
        return
    for legend in list(figure.legends):
        legend.remove()
    wide = sum(4.6 * len(str(label)) + 30 for label in known) / 72 / figure.get_figwidth()
    figure.legend(
        handles=list(known.values()), loc="outside upper left",
        ncols=-(-len(known) // (1 + int(wide))), handlelength=1.2, columnspacing=1.4,
    )  # fmt: skip


def _wrap(text: str) -> str:
    return str(text).replace(" ", "\n").replace("-e", "-\ne").replace("-a", "-\na")
