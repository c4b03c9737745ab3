"""Four forms that carry every figure of the book, and panels of them.

A form takes a tidy frame and names of its columns and returns the matplotlib Figure. It sorts
the rows itself, so their order in a file has no meaning: text stands in the order of its
categories or of the alphabet, numbers and dates in their own. It writes its labels where nothing
stands. What means the same in every form that takes it:

    ax: axes (of `axes`) to draw into instead of a new figure, for panels of several forms.
    height: of the figure in inches.
    colours: one colour, or colours by name: keys of COLOURS. KNOWN names have theirs.
    options: title, xlabel, ylabel, xlim, ylim, xticks and what else Axes.set takes.
    events: dates (in ISO form) or years by label, marked with a dashed line.
    by: column that colours the marks.
    hollow: column of yes and no: marks drawn hollow (partial, estimated, other edition).
    shape, shapes: column that chooses the marker, and the marker of each of its values.
    text: column of words beside the marks.
    groups: column that gathers rows under headings.
    order: column that orders rows; "-total" from the largest down.
    fmt: format of written values.

A column that does not exist, or a frame without rows, raises DataError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, cast
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cbook import STEP_LOOKUP_MAP
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation
from matplotlib.ticker import AutoLocator, MaxNLocator

from report.data import DataError
from report.style import COLOURS, INK, PALE, axes

__all__ = ["axes", "bars", "dots", "lines", "marks", "panels", "strip"]

Colours = str | Mapping[str, str] | None
Events = Mapping[str, Any] | None
Words = Mapping[str, str] | None
Note = tuple[Any, float, str, int]  # x, y, text, where to try first: see _notes

#: The colour of a name that means the same in the whole book, as a key of COLOURS.
KNOWN: Mapping[str, str] = {
    **{word: word for word in COLOURS},
    **dict.fromkeys(["", "United States", "supports", "supported", "mostly supported"], "us"),
    **dict.fromkeys(["Russia", "against", "contradicted", "mostly contradicted"], "russia"),
    **dict.fromkeys(["European Union", "EU institutions", "Germany"], "eu"),
    **dict.fromkeys(["China", "mixed", "contested", "abstain", "abstained"], "china"),
    **{"yes": "us", "no": "russia", "absent": "muted", "did not vote": "light"},
    **{"Ukraine": "ukraine", "Democrats": "democrats", "Republicans": "republicans"},
    "all adults": "ink",
}
DASHED = (0, (3, 2))
BESIDE = ("axes fraction", "data")  # coordinates of what stands at a row
#: What each figure's marks stand for: axes, place in their data, words (see marks).
_marked: WeakKeyDictionary[Figure, list[tuple[Axes, Any, Any, str]]] = WeakKeyDictionary()


def marks(figure: Figure) -> list[str]:
    """Return the places of a saved figure's marks and what they stand for: "0.25 0.5 2015: 3".

    The places are shares of its width and height, from the left and from the top. Values have
    three decimals at most; those that share a place share a line.
    """
    found: dict[str, list[str]] = {}
    for ax, x, y, text in _marked.get(figure, ()):
        point = ax.transData.transform((ax.convert_xunits(x), ax.convert_yunits(y)))
        across, up = point / figure.bbox.size
        words = found.setdefault(f"{across:.3f} {1 - up:.3f}", [])
        words += [text] if text not in words else []
    return [f"{place} {'; '.join(words)}" for place, words in found.items()]


def panels(
    frame: pd.DataFrame, panel: str, form: Callable[..., Figure], *columns: str,
    titles: Mapping[str, str | None] | None = None, rows: int = 1,
    widths: Sequence[float] | None = None, height: float = 3.0, share: str = "y",
    ylabel: str = "", **options: Any,
) -> Figure:  # fmt: skip
    """Return small multiples: one panel of a form for each value of a column.

    Args:
        panel: the column; its values head the panels.
        columns, options: passed to the form; labels="last" labels lines in the last panel only.
        titles: the values to show, in order, with other headings for them.
        rows: how many rows of panels.
        widths: relative widths of the columns of panels.
        share: which axes the panels share: "", "x", "y" or "xy".
    """
    frame = _tidy(frame, panel)
    names = [n for n in titles or _order(frame[panel]) if frame[panel].eq(n).any()]
    across = -(-len(names) // rows)
    shared = {"sharex": "x" in share, "sharey": "y" in share}
    figure, drawn = axes(rows, across, height=height, width_ratios=widths, squeeze=False, **shared)
    last_only = options.get("labels") == "last"
    for place, ax in enumerate(drawn.flat):
        if place >= len(names):
            ax.set_axis_off()
            continue
        name = names[place]
        if last_only:
            options["labels"] = place == len(names) - 1
        options["title"] = (titles or {}).get(name) or name
        options["ylabel"] = "" if place % across else ylabel
        form(frame[frame[panel].eq(name)], *columns, ax=ax, **options)
    return cast(Figure, figure)


def lines(
    frame: pd.DataFrame, x: str, y: str, series: str = "", *,
    breaks: Any = None, hollow: str = "",
    dash: Any = "-", dot: Any = 3.5, width: Any = 1.8, step: Any = False,
    labels: bool | Mapping[str, str] = True, last: str = "", mark: str | Sequence[Any] = "",
    text: str = "", fmt: str = "", events: Events = None, colours: Colours = None,
    ax: Axes | None = None, height: float = 3.3, **options: Any,
) -> Figure:  # fmt: skip
    """Return lines over time, each labelled at its end; what is not known stays a gap.

    Breaks, dash, dot, width and step are given for all lines or by series.

    Args:
        x, y: columns of years or dates, and of values; one row a point.
        series: column with the name of the line.
        breaks: the longest distance between two points that are joined: days or years; 0 joins
            nothing. A missing value and a hollow point always break the line.
        dash, width, dot: style and width of the line, size of its points (0: none).
        step: values hold until the next one.
        labels: whether lines are labelled, or other labels by series.
        last: format of the last value, written after the label.
        mark: points that carry their value: "all" (where it changes and there is room),
            the "ends", or x values.
    """
    frame = _tidy(frame, x, y, series, hollow, text)
    _known("mark", mark, ["", "all", "ends"])
    ax = _axes(ax, height)
    _limits(ax, frame[y].astype(float))
    ends: list[tuple[Any, float, str, str]] = []
    notes: list[Note] = []
    when = _when(frame[x])
    for name in _order(frame[series], colours) if series else [""]:
        part = (frame[frame[series].eq(name)] if series else frame).sort_values(x, kind="stable")
        dates = pd.api.types.is_datetime64_any_dtype(part[x])
        place, value = part[x] if dates else part[x].astype(float), part[y].astype(float)
        shade, known = _colour(name, colours), value.notna()
        firm = known & ~(part[hollow].fillna(False).astype(bool) if hollow else False)
        cut, apart = ~firm | ~firm.shift(fill_value=True), _one(breaks, name)
        if apart is not None:
            cut |= place.diff() > (pd.Timedelta(days=apart) if dates else apart)
        look: dict[str, Any] = {"color": shade, "lw": _one(width, name) or 1.5}
        look["ls"] = _one(dash, name) or "-"
        look["drawstyle"] = "steps-post" if _one(step, name) else "default"
        for _, run in value[firm].groupby(cut.cumsum()[firm]):
            ax.plot(place[run.index], run, **look)
        size, ring = _one(dot, name) or 0, known & ~firm
        look = {"marker": "o", "color": shade, "mew": 1.2, "ls": "", "zorder": 3}
        ax.plot(place[firm], value[firm], mfc=shade, ms=size, **look)
        ax.plot(place[ring], value[ring], mfc="white", ms=size or 4, **look)
        if not known.any():
            continue
        seen = value[known]
        for row in seen.index:
            _mark(ax, place[row], seen[row], seen[row], name, when[row], fmt=fmt)
        around = seen.rolling(3, center=True, min_periods=1).mean()  # above a peak, below a low
        some = {"all": seen.index[seen.diff().ne(0)], "ends": seen.index[[0, -1]], "": []}
        for row in some[mark] if isinstance(mark, str) else seen.index[place[known].isin(mark)]:
            up = 1 if seen[row] >= around[row] else -1
            notes.append((place[row], seen[row], _number(seen[row], fmt), up))
        for row, word in part[text].dropna().items() if text else []:
            notes.append((place[row], value[row], word, 0))
        label = labels.get(name, name) if isinstance(labels, Mapping) else name if labels else ""
        label = f"{label} {last.format(seen.iloc[-1])}".strip() if last else label
        level = seen if last or not firm.any() else value[firm]
        ends.append((place[seen.index[-1]], level.iloc[-1], label, shade))
    _ticks(ax)
    ax.set(**options)
    named = _label_ends(ax, [end for end in ends if end[2]])
    _mark_events(ax, events)
    _notes(ax, notes, named)
    return _figure(ax)


def bars(
    frame: pd.DataFrame, category: str, value: str, series: str = "", *,
    horizontal: bool = False, order: str = "", groups: str = "", side: str = "",
    partial: str = "", values: str | Sequence[Any] = (), fmt: str = "", events: Events = None,
    colours: Colours = None, ax: Axes | None = None, height: float = 0, **options: Any,
) -> Figure:  # fmt: skip
    """Return bars, stacked where a category has several series.

    Args:
        category: column of names, or of years: a year without a row keeps its place.
        value: column of heights, one row a segment; where it is missing stands no number.
        series: column of the segments; a legend names them.
        horizontal: one bar a row, from the top; only these know order, groups and side.
        side: column of words that stand right of the bars, under the column's name.
        partial: column of yes and no: bars that cover a part are pale with a dashed outline.
        values: numbers to write: "total" at the ends (or only at the categories given), "parts"
            where they fit, or "both".
        events: the category before which a dashed line stands, by label.
    """
    frame = _tidy(frame, category, value, series, order.lstrip("-"), groups, side, partial)
    _known("values", values, ["total", "parts", "both"])
    names, where = _order(frame[category]), {}
    if horizontal:
        places, ax = _rows(ax, height, frame, category, groups, order)
    else:
        ax = _axes(ax, height or 3.2)
        where = {n: n if isinstance(n, int) else i for i, n in enumerate(names)}
        places = frame[category].map(where).astype(float)
        room = _points(ax)[0] / len(names)
        wide = max(len(line) for n in names for line in str(n).split("\n")) * 4.8 + 5
        shown = names[:: -int(-wide // room)]
        ax.set_xticks([where[n] for n in shown], shown)
    _limits(ax, frame[value].groupby(places).sum().astype(float), "x" if horizontal else "y")
    ax.set(**options)
    draw, thick = (ax.barh, 0.78) if horizontal else (ax.bar, 0.72)
    turn = (lambda x, y: (y, x)) if horizontal else (lambda x, y: (x, y))
    ends, keys = dict.fromkeys(places, 0.0), dict[str, Any]()
    for name in _order(frame[series], colours) if series else [""]:
        shade = _colour(name, colours)
        for row in frame.index[frame[series].eq(name)] if series else frame.index:
            place, start = places[row], ends[places[row]]
            size = 0.0 if pd.isna(frame.at[row, value]) else float(frame.at[row, value])
            pale = bool(partial and frame.at[row, partial])
            look: dict[str, Any] = {"fc": shade, "ec": "white", "lw": 0.5}
            if pale:
                look = {"fc": (shade, 0.2), "ec": shade, "lw": 0.9, "ls": "--"}
            draw(place, size, thick, start, **look)
            keys.setdefault(name, look)
            ends[place] += size
            if pd.notna(frame.at[row, value]):
                middle = turn(place, start + size / (2 if series else 1))
                _mark(ax, *middle, size, frame.at[row, category], name, fmt=fmt)
            if values in ("parts", "both"):
                ink = INK if pale or shade in PALE else "white"
                text = _say(ax, _number(size, fmt), turn(place, start + size / 2), colour=ink)
                low, high = ax.transData.transform([(0, 0), (size, size)])
                box, (wide, tall) = text.get_window_extent(), abs(high - low) - 1
                if box.width > wide if horizontal else box.height > tall:
                    text.remove()
    written = names if values in ("total", "both") else [] if values == "parts" else list(values)
    for place in set(places[frame[category].isin(written)]) - set(places[frame[value].isna()]):
        beyond: Any = ((4, 0), "left") if horizontal else ((0, 7 if ends[place] >= 0 else -7),)
        _say(ax, _number(ends[place], fmt), turn(place, ends[place]), *beyond)
    if side:
        for place, word in dict(zip(places, frame[side], strict=True)).items():
            _say(ax, word, (1.01, place), (0, 0), "left", colour=_colour(word), xycoords=BESIDE)
        top = (1.01, ax.get_ylim()[1])
        _say(ax, side, top, (0, 0), "left", italic=True, xycoords=BESIDE)
    if series:
        _legend(ax, keys)
    _mark_events(ax, {label: where[name] - 0.5 for label, name in (events or {}).items()})
    return _figure(ax)


def dots(
    frame: pd.DataFrame, label: str, values: str | Mapping[str, str], *,
    by: str = "", order: str = "", line: float | None = None, colours: Colours = None,
    ax: Axes | None = None, height: float = 0, **options: Any,
) -> Figure:  # fmt: skip
    """Return a row of dots for each name: one value, or several joined as a range.

    Args:
        label: column of names, one row each; a row without any value stays empty.
        values: column of values, or several with their words for the legend: the last is drawn
            filled, the ones before as rings.
        by: its values stand in the legend too.
        line: value at which a dashed line stands.
    """
    legend = {values: ""} if isinstance(values, str) else values
    columns = list(legend)
    frame = _tidy(frame, label, *columns, by, order.lstrip("-"))
    rows, ax = _rows(ax, height, frame, label, "", order)
    for (_, row), y in zip(frame.iterrows(), rows, strict=True):
        shade = _colour(str(row[by]) if by else "", colours)
        known = row[columns].dropna().astype(float)  # none: the row stays empty
        ax.plot([known.min(), known.max()], [y, y], color=shade, lw=1.3, zorder=1)
        for column, value in known.items():
            fill = shade if column == columns[-1] else "white"
            ax.plot(value, y, "o", ms=5, color=shade, mfc=fill, mew=1.2)
            _mark(ax, value, y, value, row[label], legend[column])
    if line is not None:
        ax.axvline(line, color=INK, lw=0.9, ls=DASHED)
    ax.set(**options)
    keys: dict[str, Any] = {w: {"marker": "o", "color": INK} for w in legend.values() if w}
    for word in list(keys)[:-1]:
        keys[word]["mfc"] = "white"
    for name in _order(frame[by], colours) if by else []:
        keys[name] = {"marker": "o", "color": _colour(name, colours)}
    _legend(ax, keys)
    return _figure(ax)


def strip(
    frame: pd.DataFrame, start: str, lane: str, *,
    end: str = "", frozen: str = "", dotted: str = "", groups: str = "", by: str = "",
    shape: str = "", shapes: Words = None, hollow: str = "", text: str = "", order: str = "",
    events: Events = None, colours: Colours = None, ax: Axes | None = None, height: float = 0,
    **options: Any,
) -> Figure:  # fmt: skip
    """Return events on a time axis, in lanes: marks, or bars of those that have an end.

    Args:
        start: column of dates, one row an event.
        lane: column of the lanes.
        end: column of dates up to which a bar lasts.
        frozen: column of dates from which the bar is hatched.
        dotted: column of yes and no: bars whose end is not established.
        by: its values stand one under the other in a lane and in a legend, unless the lanes
            are gathered by it or hold bars.
    """
    columns = [end, frozen, dotted, groups, by, shape, hollow, text, order.lstrip("-")]
    frame = _tidy(frame, start, lane, *columns)
    rows, ax = _rows(ax, height, frame, lane, groups, order or start * bool(end), colours)
    names = list(colours) if isinstance(colours, Mapping) else _order(frame[by]) if by else [""]
    apart = len(names) > 1 and groups != by and not end
    shift = dict(zip(names, np.linspace(-0.27, 0.27, len(names)), strict=True))
    notes: list[Note] = []
    days = frame[[start, end] if end else [start]].apply(_when)
    for (place, row), y in zip(frame.iterrows(), rows, strict=True):
        name, begin, stop = str(row[by]) if by else "", row[start], row[end] if end else pd.NaT
        word = str(row[text]) if text and pd.notna(row[text]) else ""
        shade, y = _colour(name, colours), y + shift.get(name, 0) * apart
        if pd.isna(stop) or (dotted and row[dotted]):
            marker = (shapes or {}).get(str(row[shape]), "o") if shape else "o"
            fill = "white" if (hollow and row[hollow]) or marker in "vs" else shade
            size = 10 if marker == "|" else 5
            ax.plot(begin, y, marker, color=shade, mfc=fill, ms=size, mew=1.5)
            if pd.notna(stop):
                ax.plot([begin, stop], [y, y], ls=":", color=shade, lw=2)
        else:
            firm = row[frozen] if frozen and pd.notna(row[frozen]) else stop
            ax.barh(y, firm - begin, 0.56, left=begin, color=shade)
            if firm is not stop:
                ax.barh(y, stop - firm, 0.56, left=firm, hatch="//////", fc="white", ec=shade)
        for there in row[[*days]].dropna():
            said = " to ".join(days.loc[place].dropna())
            _mark(ax, there, y, said, row[lane], word if end else name)
        if word and end:
            place = begin if pd.isna(stop) else stop
            note = _say(ax, word, (place, y), (6, 0), "left", colour=shade)
            note.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6})
        elif word:
            notes.append((begin, y, word, 0))
    ax.set(**options)
    if apart:
        between = ax.get_yticks()[:-1] + 0.5
        ax.hlines(between, *ax.get_xlim(), color=COLOURS["grid"], lw=0.8)
        _legend(ax, {n: {"color": _colour(n, colours)} for n in names})
    ink = {"color": INK, "mfc": "white", "mew": 1.5}
    _legend(ax, {n: {"marker": m, **ink} for n, m in (shapes or {}).items() if not text})
    _ticks(ax)
    _notes(ax, notes)
    _mark_events(ax, events)
    return _figure(ax)


def _tidy(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the rows in an order of their own, or raise DataError if a column is missing."""
    named = list(dict.fromkeys(c for c in columns if c))
    unknown = [c for c in named if c not in frame]
    if unknown:
        raise DataError(f"chart: no column {unknown} in the frame; it has {list(frame)}")
    if not len(frame):
        raise DataError("chart: the frame has no rows; nothing can be drawn")
    return frame.sort_values(named, ignore_index=True)


def _known(option: str, word: Any, words: Iterable[str]) -> None:
    """Raise DataError for a word that an option does not know; lists are not words."""
    if isinstance(word, str) and word not in words:
        raise DataError(f"chart: {option}={word!r} is unknown; known are {list(words)}, or a list")


def _axes(ax: Axes | None, height: float) -> Axes:
    return axes(height=height)[1] if ax is None else ax


def _figure(ax: Axes) -> Figure:
    return cast(Figure, ax.get_figure(root=True))


def _points(ax: Axes) -> Any:
    """Return width and height of the axes in points, once they are laid out."""
    box = ax.get_window_extent()
    return np.array([box.width, box.height]) / _figure(ax).dpi * 72


def _colour(name: str, colours: Colours = None) -> str:
    word = (colours if isinstance(colours, str) else (colours or {}).get(name)) or name
    return COLOURS[KNOWN.get(word, "other")]


def _mark(ax: Axes, x: Any, y: Any, value: float | str, *of: Any, fmt: str = "") -> None:
    """Note what the mark at a point of the data stands for: a value, and of what and when."""
    if not isinstance(value, str):
        value = fmt.format(value) if fmt else f"{round(value, 3):,.10g}"
    named = ", ".join(" ".join(str(word).split()) for word in of if word != "")
    text = f"{named}: {value}".replace(": -", ": −").removeprefix(": ")
    _marked.setdefault(_figure(ax), []).append((ax, x, y, text))


def _when(column: pd.Series) -> pd.Series:
    """Return dates or years as text; a day or month that is the same in all rows is not known."""
    if not pd.api.types.is_datetime64_any_dtype(column):
        return column.astype(str).str.removesuffix(".0")
    days, months = column.dt.day.nunique() > 1, column.dt.month.nunique() > 1
    return column.dt.strftime("%Y-%m-%d" if days else "%Y-%m" if months else "%Y")


def _number(value: float, fmt: str) -> str:
    digits = 0 if float(value).is_integer() or abs(value) >= 100 else 1
    return (fmt or f"{{:,.{digits}f}}").format(value).replace("-", "−")


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


def _ticks(ax: Axes) -> None:
    """Put as many dates or whole years on the horizontal axis as fit."""
    many, now = int(_points(ax)[0] // 32), ax.xaxis.get_major_locator()
    if isinstance(now, AutoDateLocator):
        locator = AutoDateLocator(minticks=2, maxticks=max(5, many))
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    elif isinstance(now, AutoLocator):
        ax.xaxis.set_major_locator(MaxNLocator(max(2, many), integer=True, steps=[1, 2, 5, 10]))


def _limits(ax: Axes, values: pd.Series, axis: str = "y") -> None:
    """Let an axis of quantities begin at 0, with room for what is written at the ends.

    Axes that show something already, or share their scale with such, only grow.
    """
    side, shared = getattr(ax, f"{axis}axis"), getattr(ax, f"get_shared_{axis}_axes")()
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    limits = (low * 1.15, high * (1.15 if low < 0 else 1.1))
    if any(other.has_data() for other in shared.get_siblings(ax)):
        before = side.get_view_interval()
        limits = (min(limits[0], *before), max(limits[1], *before))
    ax.set(**{f"{axis}lim": limits})
    if low < 0:
        (ax.axhline if axis == "y" else ax.axvline)(0, color=INK, lw=0.7)
    if high >= 1000:
        side.set_major_formatter("{x:,.0f}")


def _rows(
    ax: Axes | None, height: float, frame: pd.DataFrame, label: str, groups: str, order: str,
    colours: Colours = None,
) -> tuple[pd.Series, Axes]:  # fmt: skip
    """Return each row's place down the vertical axis, and the axes with names and headings."""
    names, column = _order(frame[label]), order.lstrip("-")
    gathered = _order(frame[groups], colours) if groups else [""]
    keys = pd.DataFrame({"name": frame[label].map(names.index).astype(int), "group": 0})
    if groups:
        keys["group"] = frame[groups].map(gathered.index).astype(int)
    keys["value"] = frame[column].rank(ascending=not order.startswith("-")) if column else 0.0
    empty = pd.DataFrame({"name": [] if groups else range(len(names)), "group": 0}, dtype=int)
    ranked = pd.concat([keys, empty]).groupby(["group", "name"], as_index=False)["value"].min()
    ranked = ranked.sort_values(["group", "value", "name"])  # without a value: last
    room = 0.9 + 1.3 * pd.factorize(ranked["group"])[0] if groups else 0.0  # for headings
    ranked["y"] = np.arange(len(ranked)) + room
    last, many = ranked["y"].max(), len(ranked) >= 15
    ax = _axes(ax, height or 0.75 + (0.175 if many else 0.2) * (last + 1))
    ax.set_yticks(ranked["y"], [str(names[n]) for n in ranked["name"]], fontsize=8 if many else 9)
    ax.set_ylim(last + 0.7, -0.7)
    for number, first in ranked.groupby("group")["y"].min().items() if groups else []:
        head, place = str(gathered[number]), (0.005, first - 0.9)
        _say(ax, head, place, (0, 0), "left", italic=True, xycoords=BESIDE)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x")
    return keys.merge(ranked, "left", ["group", "name"])["y"], ax


def _say(
    ax: Axes, text: str, at: tuple[Any, Any], offset: tuple[float, float] = (0, 0),
    ha: Any = "center", va: Any = "center", colour: str = "ink", size: float = 8.5,
    bold: bool = False, italic: bool = False, xycoords: Any = "data",
) -> Annotation:  # fmt: skip
    """Write a text at a point, of the data or of other coordinates, moved by some points."""
    return ax.annotate(
        text, at, xytext=offset, textcoords="offset points", ha=ha, va=va, fontsize=size,
        color=COLOURS.get(colour, colour), fontweight="semibold" if bold else "normal",
        fontstyle="italic" if italic else "normal", annotation_clip=False, zorder=4,
        xycoords=xycoords,
    )  # fmt: skip


def _notes(ax: Axes, notes: Sequence[Note], taken: Sequence[Annotation] = ()) -> None:
    """Write a text at each point on the first side where neither a line nor a text stands.

    Args:
        notes: x, y, text, and where to try first: 1 above, -1 below, 0 beside. What would be
            above or below is left out where it has no place; what is beside always stays.
        taken: texts that stand already.
    """
    if not notes:
        return
    _figure(ax).draw_without_rendering()  # lays out, so that places on the page are known
    edge, points = ax.get_window_extent(), _drawn(ax)
    boxes = [text.get_window_extent() for text in taken]
    above, below = ((0.0, 8.0), "center"), ((0.0, -9.0), "center")
    right, left = ((7.0, 0.0), "left"), ((-7.0, 0.0), "right")
    tried = {
        1: [above, left, right, below], -1: [below, right, left, above],
        0: [right, left, above, below],
    }  # fmt: skip
    for x, y, text, first in sorted(notes, key=lambda n: n[:3]):
        for offset, align in tried[first]:
            note = _say(ax, text, (x, y), offset, align)
            box = note.get_window_extent()
            hit = np.all((points > box.min) & (points < box.max), axis=1).any()
            inside = edge.x0 <= box.x0 and box.x1 <= edge.x1 + 4 and box.y0 >= edge.y0
            if inside and not hit and not any(box.overlaps(other) for other in boxes):
                boxes.append(box)
                break
            note.remove()
        else:
            if not first:
                boxes.append(_say(ax, text, (x, y), *right).get_window_extent())


def _drawn(ax: Axes) -> Any:
    """Return points on the page that lines and marks cover, three pixels apart."""
    points = [np.empty((0, 2))]
    for line in ax.lines:
        data = np.asarray(line.get_xydata())
        if line.get_transform() == ax.transData and len(data):
            path = STEP_LOOKUP_MAP[line.get_drawstyle()](*data.T)
            ends = ax.transData.transform(np.column_stack(path))
            for one, two in pairwise(ends) if line.get_linestyle() != "None" else []:
                points.append(np.linspace(one, two, 2 + int(np.hypot(*(two - one)) / 3)))
            points += [ends + shift for shift in [(-3, 0), (3, 0), (0, 3), (0, -3)]]
    return np.concatenate(points)


def _label_ends(ax: Axes, ends: Sequence[tuple[Any, float, str, str]]) -> list[Annotation]:
    """Write labels in a column at the right end of the lines, moved apart where they meet.

    They stand 12 points apart or more and else as near as can be to their lines: isotonic
    regression of their places, by its max-min formula (Robertson, Wright and Dykstra 1988).
    """
    (low, high), tall, step = ax.get_ylim(), _points(ax)[1], 12.0
    ends = sorted(ends, key=lambda end: ((end[1] - low) / (high - low), end[2]))
    free = [(e[1] - low) / (high - low) * tall - step * i for i, e in enumerate(ends)]
    texts = []
    for i, (_, _, text, shade) in enumerate(ends):
        up_to = [min(np.mean(free[a:b]) for b in range(i + 1, len(ends) + 1)) for a in range(i + 1)]
        y = low + (max(up_to) + step * i) / tall * (high - low)
        point = (max(end[0] for end in ends), y)
        texts.append(_say(ax, text, point, (7, 0), "left", colour=shade, size=9.5, bold=True))
    return texts


def _mark_events(ax: Axes, events: Events) -> None:
    """Draw a dashed line at each date; its label stands above, higher where the next is near."""
    if not events:
        return
    _figure(ax).draw_without_rendering()  # lays out, so that places on the page are known
    starts: list[float] = []  # where the labels of each row begin; placed from the right
    dated = [(pd.Timestamp(w) if isinstance(w, str) else w, n) for n, w in events.items()]
    for x, label in sorted(dated, reverse=True):
        place: Any = {"at": (x, 1), "offset": (-1, 2), "xycoords": ("data", "axes fraction")}
        text = _say(ax, label, ha="left", va="bottom", colour="other", **place)
        box, rows = text.get_window_extent(), range(len(starts))
        row = next((i for i in rows if box.x1 + 3 < min(starts[i:])), len(starts))
        starts[row:] = [box.x0, *starts[row + 1 :]]
        text.set_position((-1, 2 + 10.5 * row))
        top = 1 + 10.5 * row / _points(ax)[1]
        look = {"color": COLOURS["other"], "lw": 0.8, "ls": DASHED, "zorder": 1}
        ax.axvline(x, 0, top, clip_on=False, **look)
    ax.set_title(ax.get_title(loc="left"), pad=9 + 10.5 * len(starts))


def _legend(ax: Axes, keys: Mapping[str, Mapping[str, Any]]) -> None:
    """Explain marks once for the whole figure, above it; panels add what is new."""
    if not keys:
        return
    figure, known = _figure(ax), dict[str, Any]()
    for legend in list(figure.legends):
        known |= {str(h.get_label()): h for h in legend.legend_handles if h is not None}
        legend.remove()
    for label, look in keys.items():
        mark = Line2D([], [], ls="", label=label, **look) if "marker" in look else None
        known[label] = mark or Patch(label=label, **look)
    wide = sum(4.6 * len(label) + 30 for label in known) / 72 / figure.get_figwidth()
    columns, look = -(-len(known) // (1 + int(wide))), {"handlelength": 1.2, "columnspacing": 1.4}
    figure.legend(handles=list(known.values()), loc="outside upper left", ncols=columns, **look)
