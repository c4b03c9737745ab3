"""Four forms that carry every figure of the book, and panels of them.

A form takes a tidy frame and names of its columns and returns the matplotlib Figure. It sorts
the rows itself, so their order in a file has no meaning: text stands in the order of its
categories or of the alphabet, numbers and dates in their own. It writes its labels where nothing
stands. What means the same in every form that takes it:

    ax: axes (of `axes`) to draw into instead of a new figure, for panels of several forms.
    height: of the figure in inches.
    colours: one colour, or colours by name: keys of COLOURS. KNOWN names have theirs (see style).
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
from types import MappingProxyType
from typing import Any, cast
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.layout_engine import LayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation
from matplotlib.ticker import AutoLocator, MaxNLocator
from matplotlib.transforms import Bbox

from report.data import DataError, check
from report.style import COLOURS, INK, KNOWN, PALE, axes

Colours = str | Mapping[str, str]
Note = tuple[Any, float, str, int]  # x, y, text, where to try first: see _notes

DASHED = (0, (3, 2))
BESIDE = ("axes fraction", "data")  # coordinates of what stands at a row
HEAD: Any = {"fontstyle": "italic", "xycoords": BESIDE}  # of several rows
EMPTY: Mapping[str, Any] = MappingProxyType({})
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
    titles: Mapping[str, str | None] = EMPTY, rows: int = 1,
    widths: Sequence[float] | None = None, height: float = 3.0, share: str = "y",
    ylabel: str = "", **options: Any,
) -> Figure:  # fmt: skip
    """Return small multiples: one panel of a form for each value of a column.

    Args:
        panel: the column; its values head the panels.
        columns, options: passed to the form; labels="last" labels lines in the last panel only.
        titles: the values to show, in order, with other headings for them.
        rows: how many rows of panels, which they fill.
        widths: relative widths of the columns of panels.
        share: which axes the panels share: "", "x", "y" or "xy".
    """
    frame = _tidy(frame, panel)
    names = [n for n in titles or _order(frame[panel]) if frame[panel].eq(n).any()]
    across = -(-len(names) // rows)
    shared = {"sharex": "x" in share, "sharey": "y" in share}
    figure, drawn = axes(rows, across, height=height, width_ratios=widths, squeeze=False, **shared)
    for place, (name, ax) in enumerate(zip(names, drawn.flat, strict=True)):
        own = {"title": titles.get(name) or name, "ylabel": "" if place % across else ylabel}
        if options.get("labels") == "last":
            own["labels"] = name == names[-1]
        form(frame[frame[panel].eq(name)], *columns, ax=ax, **options | own)
    return cast(Figure, figure)


def lines(
    frame: pd.DataFrame, x: str, y: str, series: str = "", *,
    breaks: float | None = None, hollow: str = "", dot: float = 3.5,
    styles: Mapping[str, Mapping[str, Any]] = EMPTY, labels: bool | Mapping[str, str] = True,
    last: str = "", mark: str | Sequence[Any] = "", text: str = "", fmt: str = "",
    events: Mapping[str, Any] = EMPTY, colours: Colours = EMPTY, ax: Axes | None = None,
    height: float = 3.3, **options: Any,
) -> Figure:  # fmt: skip
    """Return lines over time, each labelled at its end; what is not known stays a gap.

    Args:
        x, y: columns of years or dates, and of values; one row a point.
        series: column with the name of the line.
        breaks: the longest distance between two points that are joined: days or years; 0 joins
            nothing. A missing value and a hollow point always break the line.
        dot: size of the points (0: none).
        styles: properties of matplotlib's Line2D by series, such as ls or ms; "": of all.
        labels: whether lines are labelled, or other labels by series.
        last: format of the last value, written after the label.
        mark: points that carry their value: "all" (where it changes and there is room),
            the "ends", or x values.
    """
    frame = _tidy(frame, x, y, series, hollow, text)
    _known("mark", mark, ["", "all", "ends"])
    when, dates = _when(frame[x]), pd.api.types.is_datetime64_any_dtype(frame[x])
    frame = frame.astype({y: float} if dates else {x: float, y: float})
    ax = _axes(ax, height)
    _limits(ax, frame[y])
    ends: list[tuple[Any, float, str, str]] = []
    notes: list[Note] = []
    for name in _order(frame[series], colours):
        part = frame[frame[series].eq(name)]
        place, value, shade = part[x], part[y], _colour(name, colours)
        known = value.notna()
        firm = known & ~part[hollow].isin([True])
        cut = ~firm | ~firm.shift(fill_value=True)
        if breaks is not None:
            cut |= place.diff() > (pd.Timedelta(days=breaks) if dates else breaks)
        look: dict[str, Any] = {"color": shade, "ms": dot}
        look |= {**styles.get("", {}), **styles.get(name, {})}
        for _, run in value[firm].groupby(cut.cumsum()[firm]):
            ax.plot(place[run.index], run, **look)
        size, ring = look["ms"], known & ~firm
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
        words = part[text].dropna()
        notes += [(place[row], value[row], word, 0) for row, word in words.items() if word]
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
    partial: str = "", values: str | Sequence[Any] = (), fmt: str = "",
    events: Mapping[str, Any] = EMPTY, colours: Colours = EMPTY, ax: Axes | None = None,
    height: float = 0, **options: Any,
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
    sizes = frame[value].astype(float)
    _limits(ax, sizes.groupby(places).sum(), "x" if horizontal else "y")
    ax.set(**options)
    draw, thick = (ax.barh, 0.78) if horizontal else (ax.bar, 0.72)
    turn = (lambda x, y: (y, x)) if horizontal else (lambda x, y: (x, y))
    ends, keys = dict.fromkeys(places, 0.0), dict[str, Any]()
    for name in _order(frame[series], colours):
        shade = _colour(name, colours)
        for row, size in sizes[frame[series].eq(name)].fillna(0.0).items():
            place, start, pale = places[row], ends[places[row]], bool(frame.at[row, partial])
            look: dict[str, Any] = {"fc": shade, "ec": "white", "lw": 0.5}
            if pale:
                look = {"fc": (shade, 0.2), "ec": shade, "lw": 0.9, "ls": "--"}
            draw(place, size, thick, start, **look)
            keys.setdefault(name, look)
            ends[place] += size
            if pd.notna(sizes[row]):
                middle = turn(place, start + size / (2 if series else 1))
                _mark(ax, *middle, size, frame.at[row, category], name, fmt=fmt)
            if values in ("parts", "both"):
                ink = INK if pale or shade in PALE else "white"
                text = _say(ax, _number(size, fmt), turn(place, start + size / 2), color=ink)
                low, high = ax.transData.transform([(0, 0), (size, size)])
                box, (wide, tall) = text.get_window_extent(), abs(high - low) - 1
                if box.width > wide if horizontal else box.height > tall:
                    text.remove()
    written = names if values in ("total", "both") else [] if values == "parts" else list(values)
    for place in set(places[frame[category].isin(written)]) - set(places[sizes.isna()]):
        beyond: Any = ((4, 0), "left") if horizontal else ((0, 7 if ends[place] >= 0 else -7),)
        _say(ax, _number(ends[place], fmt), turn(place, ends[place]), *beyond)
    if side:
        for place, word in dict(zip(places, frame[side], strict=True)).items():
            _say(ax, word, (1.01, place), ha="left", color=_colour(word), xycoords=BESIDE)
        _say(ax, side, (1.01, ax.get_ylim()[1]), ha="left", **HEAD)
    if series:
        _legend(ax, keys)
    _mark_events(ax, {label: where[name] - 0.5 for label, name in events.items()})
    return _figure(ax)


def dots(
    frame: pd.DataFrame, label: str, values: str | Mapping[str, str], *,
    by: str = "", order: str = "", line: float | None = None, colours: Colours = EMPTY,
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
        shade = _colour(str(row[by]), colours)
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
    shape: str = "", shapes: Mapping[str, str] = EMPTY, hollow: str = "", text: str = "",
    order: str = "", events: Mapping[str, Any] = EMPTY, colours: Colours = EMPTY,
    ax: Axes | None = None, height: float = 0, **options: Any,
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
    names = list(colours) if colours and isinstance(colours, Mapping) else _order(frame[by])
    apart = len(names) > 1 and groups != by and not end
    shift = dict(zip(names, np.linspace(-0.27, 0.27, len(names)), strict=True))
    notes: list[Note] = []
    days = frame[[start, end] if end else [start]].apply(_when)
    for (place, row), y in zip(frame.iterrows(), rows, strict=True):
        name, begin, stop = str(row[by]), row[start], row[end] if end else pd.NaT
        word = str(row[text]) if pd.notna(row[text]) else ""
        shade, y = _colour(name, colours), y + shift.get(name, 0) * apart
        if pd.isna(stop) or row[dotted]:
            marker = shapes.get(str(row[shape]), "o")
            fill = "white" if row[hollow] or marker in "vs" else shade
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
            note = _say(ax, word, (place, y), (6, 0), "left", color=shade)
            note.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6})
        elif word:
            notes.append((begin, y, word, 0))
    ax.set(**options)
    if apart:
        between = ax.get_yticks()[:-1] + 0.5
        ax.hlines(between, *ax.get_xlim(), color=COLOURS["grid"], lw=0.8)
        _legend(ax, {n: {"color": _colour(n, colours)} for n in names})
    ink = {"color": INK, "mfc": "white", "mew": 1.5}
    _legend(ax, {n: {"marker": m, **ink} for n, m in shapes.items() if not text})
    _ticks(ax)
    _notes(ax, notes)
    _mark_events(ax, events)
    return _figure(ax)


def _tidy(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the rows in an order of their own; a column not given is "", which is empty."""
    named = list(dict.fromkeys(c for c in columns if c))
    check(frame, named, "chart")
    return frame.sort_values(named, ignore_index=True).assign(**{"": ""})


def _known(option: str, word: Any, words: Iterable[str]) -> None:
    """Raise DataError for a word that an option does not know; lists are not words."""
    if isinstance(word, str) and word not in words:
        raise DataError(f"chart: {option}={word!r} is unknown; known are {list(words)}, or a list")


def _axes(ax: Axes | None, height: float) -> Axes:
    return axes(height=height)[1] if ax is None else ax


def _figure(ax: Axes) -> Figure:
    return cast(Figure, ax.get_figure(root=True))


def _lay_out(ax: Axes) -> None:
    """Lay the figure out, so that places on the page are known."""
    figure = _figure(ax)
    cast(LayoutEngine, figure.get_layout_engine()).execute(figure)


def _points(ax: Axes) -> Any:
    """Return width and height of the axes in points, once they are laid out."""
    box = ax.get_window_extent()
    return np.array([box.width, box.height]) / _figure(ax).dpi * 72


def _colour(name: str, colours: Colours = EMPTY) -> str:
    word = (colours if isinstance(colours, str) else colours.get(name)) or name
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


def _order(column: pd.Series, colours: Colours = EMPTY) -> list[Any]:
    """Return a column's values: as its categories or the given colours stand, or sorted.

    Whole numbers are years: those between the first and the last without a row are included.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.categories)
    if pd.api.types.is_integer_dtype(column):
        return list(range(int(column.min()), int(column.max()) + 1))
    found, first = set(column.dropna()), list(colours) if isinstance(colours, Mapping) else []
    return [name for name in first if name in found] + sorted(found.difference(first))


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
    colours: Colours = EMPTY,
) -> tuple[pd.Series, Axes]:  # fmt: skip
    """Return each row's place down the vertical axis, and the axes with names and headings."""
    column, group = order.lstrip("-"), frame[groups]
    names, heads = _order(frame[label]), _order(group, colours)
    keys = pd.DataFrame({"name": pd.Categorical(frame[label], names, ordered=True)})
    keys["group"] = pd.Categorical(group, heads, ordered=True)
    keys["value"] = frame[column].rank(ascending=not order.startswith("-")) if column else 0.0
    # A name without a row keeps its place, but not in each group.
    ranked = keys.groupby(["group", "name"], observed=bool(groups))["value"].min().reset_index()
    ranked = ranked.sort_values(["group", "value", "name"])  # without a value: last
    room = 0.9 + 1.3 * pd.factorize(ranked["group"])[0] if groups else 0.0  # for headings
    ranked["y"] = np.arange(len(ranked)) + room
    last, many = ranked["y"].max(), len(ranked) >= 15
    ax = _axes(ax, height or 0.75 + (0.175 if many else 0.2) * (last + 1))
    ax.set_yticks(ranked["y"], ranked["name"].astype(str), fontsize=8 if many else 9)
    ax.set_ylim(last + 0.7, -0.7)
    for head, first in ranked.drop_duplicates("group").set_index("group")["y"].items():
        _say(ax, str(head), (0.005, first - 0.9), ha="left", **HEAD)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x")
    return keys.merge(ranked, "left", ["group", "name"])["y"], ax


def _say(
    ax: Axes, text: str, at: tuple[Any, Any], offset: tuple[float, float] = (0, 0),
    ha: str = "center", **options: Any,
) -> Annotation:  # fmt: skip
    """Write a text at a point, moved by some points; options are those of Axes.annotate."""
    look = {"ha": ha, "va": "center", "fontsize": 8.5, "color": INK, "zorder": 4, **options}
    return ax.annotate(
        text, at, xytext=offset, textcoords="offset points", annotation_clip=False, **look
    )


def _notes(ax: Axes, notes: Sequence[Note], taken: Sequence[Annotation] = ()) -> None:
    """Write a text at each point on the first side where neither a line nor a text stands.

    Args:
        notes: x, y, text, and where to try first: 1 above, -1 below, 0 beside. What would be
            above or below is left out where it has no place; what is beside always stays.
        taken: texts that stand already.
    """
    if not notes:
        return
    _lay_out(ax)
    edge, boxes = ax.get_window_extent(), [text.get_window_extent() for text in taken]
    # A line across the axes, such as one of an event, may be written over.
    lines = [line for line in ax.lines if line.get_transform() == ax.transData]
    drawn = [(line.get_path().transformed(ax.transData), line.get_linestyle()) for line in lines]

    def free(box: Bbox) -> bool:
        inside = edge.x0 <= box.x0 and box.x1 <= edge.x1 + 4 and box.y0 >= edge.y0
        hit = any(
            box.padded(2).count_contains(path.vertices)
            or (style != "None" and path.intersects_bbox(box, filled=False))
            for path, style in drawn
        )
        return inside and not hit and not any(box.overlaps(other) for other in boxes)

    above, below = ((0.0, 8.0), "center"), ((0.0, -9.0), "center")
    right, left = ((7.0, 0.0), "left"), ((-7.0, 0.0), "right")
    tried = {
        1: [above, left, right, below], -1: [below, right, left, above],
        0: [right, left, above, below],
    }  # fmt: skip
    for x, y, text, first in sorted(notes, key=lambda n: n[:3]):
        for offset, align in tried[first]:
            note = _say(ax, text, (x, y), offset, align)
            if free(note.get_window_extent()):
                break
            note.remove()
        else:
            if first:
                continue
            note = _say(ax, text, (x, y), *right)
        boxes.append(note.get_window_extent())


def _label_ends(ax: Axes, ends: Sequence[tuple[Any, float, str, str]]) -> list[Annotation]:
    """Write labels in a column at the right end of the lines, moved apart where they meet.

    They stand 12 points apart or more and else as near as can be to their lines: isotonic
    regression of their places, by its max-min formula (Robertson, Wright and Dykstra 1988).
    """
    (low, high), tall, step = ax.get_ylim(), _points(ax)[1], 12.0
    ends = sorted(ends, key=lambda end: ((end[1] - low) / (high - low), end[2]))
    free = [(e[1] - low) / (high - low) * tall - step * i for i, e in enumerate(ends)]
    texts, look = [], {"fontsize": 9.5, "fontweight": "semibold"}
    for i, (_, _, text, shade) in enumerate(ends):
        up_to = [min(np.mean(free[a:b]) for b in range(i + 1, len(ends) + 1)) for a in range(i + 1)]
        y = low + (max(up_to) + step * i) / tall * (high - low)
        point = (max(end[0] for end in ends), y)
        texts.append(_say(ax, text, point, (7, 0), "left", color=shade, **look))
    return texts


def _mark_events(ax: Axes, events: Mapping[str, Any]) -> None:
    """Draw a dashed line at each date; its label stands above, higher where the next is near."""
    if not events:
        return
    _lay_out(ax)
    starts: list[float] = []  # where the labels of each row begin; placed from the right
    dated = [(pd.Timestamp(w) if isinstance(w, str) else w, n) for n, w in events.items()]
    for x, label in sorted(dated, reverse=True):
        place: Any = {"at": (x, 1), "offset": (-1, 2), "xycoords": ("data", "axes fraction")}
        text = _say(ax, label, ha="left", va="bottom", color=COLOURS["other"], **place)
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
