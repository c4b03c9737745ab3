"""Tables, figures and facts as notebook outputs that the book can number, caption and source.

A table leaves the notebook as a MyST directive (text/markdown) whose body is JSON: cells reach
the page as text nodes, so nothing in a data file can act as markup. A figure leaves it as SVG
beside one JSON document with its caption, alternative text, source and numbers.
"""

from __future__ import annotations

import html
import io
import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from IPython.display import publish_display_data

from report.data import DataError, describe, source_of
from report.style import font_faces

FIGURE_MIME = "application/vnd.report.figure+json"
FACT_MIME = "application/papermill.record/text/plain"
MISSING = "–"
#: A longer cell is refused: no page can show it and it is surely a mistake.
CELL_LIMIT = 2000


class Markup(str):
    """Inline MyST that a cell, caption or note shows as markup instead of as text."""


def cite(*keys: str) -> Markup:
    """Return a citation in author-year form of keys in references.bib."""
    return Markup("{cite:t}`" + ",".join(keys) + "`")


def claim(claim_id: str) -> Markup:
    """Return a claim id as a link to the page that sets out the article claim by claim."""
    return Markup("{claim}`" + claim_id + "`")


def verdict(word: str) -> Markup:
    """Return a verdict with its sign, coloured where colours are shown."""
    return Markup("{verdict}`" + word + "`")


def link(text: str, target: str) -> Markup:
    """Return a cross-reference to a labelled exhibit or section, shown as the given text."""
    return Markup("{ref}`" + text + " <" + target + ">`")


class Exhibit:
    """A notebook output made of several representations of one thing."""

    def __init__(self, bundle: dict[str, Any]) -> None:
        self.bundle = bundle

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self.bundle

    def __repr__(self) -> str:
        return str(self.bundle["text/plain"])


def table(
    frame: pd.DataFrame,
    *,
    name: str,
    caption: str,
    source: str | Sequence[str],
    columns: Mapping[str, str] | None = None,
    formats: Mapping[str, str] | None = None,
    widths: Sequence[int] | None = None,
    notes: Sequence[str] = (),
    missing: str = "",
    anchors: str = "",
    row_header: bool = True,
) -> Exhibit:
    """Return a numbered, captioned, sourced table.

    Args:
        frame: one row a table row, one column a table column. Text is shown as it is;
            Markup (see cite, claim, link) as markup.
        name: label for {numref}, such as "tbl-summits".
        caption: one line of plain text that says what the table shows.
        source: names of the data tables it was made from.
        columns: columns to show, in order, with their headers; default: all, with the
            titles that the first source gives them.
        formats: a format per column, such as "{:,.1f}" or "{:%d %B %Y}"; by default numbers keep
            the decimals they have and dates are ISO.
        widths: relative column widths.
        notes: lines under the table, MyST.
        missing: why cells are missing; required when any is.
        anchors: a column that gives each row a label to link to; it need not be shown.
        row_header: whether the first column heads its row.

    Raises:
        DataError: an unknown column or source, missing cells without a reason, a cell with a
            control or invisible character, or one longer than CELL_LIMIT.
    """
    _check_notes(notes, f"table {name!r}")
    sources = [source] if isinstance(source, str) else list(source)
    shown = _headings(frame, columns, sources[0], f"table {name!r}")
    unknown = [c for c in [*shown, *([anchors] if anchors else [])] if c not in frame]
    if unknown:
        raise DataError(f"table {name!r}: no column {unknown} in the frame; it has {list(frame)}")
    if not len(frame):
        raise DataError(f"table {name!r} has no rows")
    cells = {c: _column(frame[c], (formats or {}).get(c), f"table {name!r}, {c!r}") for c in shown}
    if any(MISSING in column for column in cells.values()):
        if not missing:
            raise DataError(f"table {name!r} has empty cells: say why with missing='...'")
        notes = [*notes, f"{MISSING} {missing}"]
    numeric = [_right(frame[c]) for c in shown]
    rows = [list(row) for row in zip(*cells.values(), strict=True)]
    body = {
        "caption": _text(caption, f"table {name!r}, caption"),
        "columns": [
            {"title": title, "align": "right" if right else "left"}
            for title, right in zip(shown.values(), numeric, strict=True)
        ],
        "widths": list(widths or []),
        "row_header": row_header,
        "anchors": [str(a) for a in frame[anchors]] if anchors else [],
        "notes": list(notes),
        "source": source_of(sources),
    }
    if widths and len(widths) != len(shown):
        raise DataError(f"table {name!r}: {len(widths)} widths for {len(shown)} columns")
    return Exhibit(
        {
            "text/markdown": f"~~~{{data-table}} {name}\n{_dump(body, rows)}\n~~~",
            "text/html": _html(caption, list(shown.values()), rows, numeric, row_header),
            "text/plain": f"{name}: {caption} ({len(rows)} rows)",
        }
    )


def figure(
    drawn: Any,
    *,
    name: str,
    caption: str,
    alt: str,
    source: str | Sequence[str],
    numbers: pd.DataFrame,
    columns: Mapping[str, str] | None = None,
    formats: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> Exhibit:
    """Return a numbered, captioned, sourced figure with the numbers that it draws.

    Args:
        drawn: a matplotlib Figure, as report.axes gives it.
        name: label for {numref}, such as "fig-warheads".
        caption: one line of plain text: the finding, with period and unit.
        alt: what a reader who cannot see it needs to know: kind, axes, course, outliers.
        source: names of the data tables it was made from.
        numbers: what is drawn, as a table that readers can open under the figure.
        columns, formats: as for table.
        notes: lines under the figure, MyST: caveats, breaks, what is not shown.

    Raises:
        DataError: an empty alternative text, caption or table of numbers, and as for table.
    """
    where = f"figure {name!r}"
    if not alt.strip() or not caption.strip() or not len(numbers):
        raise DataError(f"{where}: caption, alt and numbers must not be empty")
    _check_notes(notes, where)
    sources = [source] if isinstance(source, str) else list(source)
    shown = _headings(numbers, columns, sources[0], where)
    cells = [_column(numbers[c], (formats or {}).get(c), f"{where}, {c!r}") for c in shown]
    body = {
        "name": name,
        "caption": _text(caption, f"{where}, caption"),
        "alt": _text(alt, f"{where}, alt"),
        "notes": list(notes),
        "source": source_of(sources),
        "columns": list(shown.values()),
        "numeric": [_right(numbers[c]) for c in shown],
    }
    rows = [list(row) for row in zip(*cells, strict=True)]
    svg = io.StringIO()
    drawn.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return Exhibit(
        {
            "image/svg+xml": _compact(svg.getvalue()),
            FIGURE_MIME: _dump(body, rows),
            "text/plain": f"{name}: {caption}",
        }
    )


def facts(values: Mapping[str, object]) -> None:
    """Store values under names that the prose shows with the glue:text role.

    A number is shown with thousands separated and all its decimals: round it, visibly, before.
    """
    for name, value in values.items():
        text = _text(_number(value), f"fact {name!r}")
        publish_display_data(
            {FACT_MIME: repr(text)},  # quoted, or myst-nb would read 1,200 as a pair of numbers
            {"scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"}},
        )


def _headings(
    frame: pd.DataFrame, columns: Mapping[str, str] | None, source: str, where: str
) -> dict[str, str]:
    """Return the heading of each column to show: as given, or as the data package names it."""
    titles = {f["name"]: f["title"] for f in describe(source)["schema"]["fields"]}
    shown = dict(columns) if columns else {str(c): titles.get(str(c), str(c)) for c in frame}
    return {name: _text(title, f"{where}, heading of {name!r}") for name, title in shown.items()}


def _check_notes(notes: Sequence[str], where: str) -> None:
    if isinstance(notes, str) or not all(isinstance(note, str) for note in notes):
        raise DataError(f"{where}: notes must be a list of texts, one a line")
    for note in notes:
        _text(note, f"{where}, note")


def _number(value: object) -> str:
    """Return a value as a reader sees it: 1,234.5, a true minus sign, text unchanged."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        if hasattr(value, "item"):
            return _number(value.item())
        if value is pd.NA or value is None:
            raise DataError("a fact must have a value")
        return str(value)
    if math.isnan(value):
        raise DataError("a fact must have a value")
    return f"{value:,}".replace("-", "−")


def _yearlike(column: str) -> bool:
    return column == "year" or column.endswith("_year")


def _right(column: pd.Series) -> bool:
    """Return whether a column stands on the right: quantities do, years and yes or no do not."""
    kind = pd.api.types
    quantity = kind.is_numeric_dtype(column) and not kind.is_bool_dtype(column.dtype)
    return bool(quantity and not _yearlike(str(column.name)))


def _column(column: pd.Series, pattern: str | None, where: str) -> list[str]:
    """Return the cells of a column as text: decimals aligned, missing ones as a dash."""
    present = column.dropna()
    if pattern is None and pd.api.types.is_datetime64_any_dtype(column):
        pattern = "{:%Y-%m-%d}"
    elif pattern is None and pd.api.types.is_bool_dtype(column.dtype):
        column = column.map({True: "yes", False: "no"}, na_action="ignore")
    elif pattern is None and pd.api.types.is_float_dtype(column):
        decimals = (repr(float(v)).partition(".")[2] for v in present)
        places = max((len(d) for d in decimals if d != "0"), default=0)
        pattern = f"{{:,.{places}f}}"
    elif pattern is None and pd.api.types.is_integer_dtype(column):
        pattern = "{}" if _yearlike(str(column.name)) else "{:,}"
    number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    texts = []
    for row, value in enumerate(column, start=1):
        if not isinstance(value, str) and pd.isna(value):
            texts.append(MISSING)
            continue
        cell = pattern.format(value) if pattern else value
        cell = cell.replace("-", "−") if number else cell
        cell = cell if isinstance(cell, str) else str(cell)
        texts.append(_text(cell, f"{where}, row {row}") if cell else MISSING)
    return texts


def _text(text: str, where: str) -> str:
    """Return the text, or raise DataError when no page could show it faithfully."""
    if len(text) > CELL_LIMIT:
        raise DataError(f"{where}: {len(text)} characters, at most {CELL_LIMIT} can be shown")
    for character in text:
        if character != "\n" and unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Zl"}:
            raise DataError(
                f"{where}: U+{ord(character):04X} is a control or invisible character; remove it"
            )
    return text


def _dump(body: dict[str, Any], rows: list[list[str]]) -> str:
    """Return JSON with one row a line, so that a diff shows the row that changed."""
    head = json.dumps(body, ensure_ascii=False, indent=1)
    lines = ",\n".join(
        json.dumps([{"markup": c} if isinstance(c, Markup) else c for c in row], ensure_ascii=False)
        for row in rows
    )
    return f'{head[:-2]},\n "rows": [\n{lines}\n]}}'


def _html(
    caption: str, titles: list[str], rows: list[list[str]], numeric: list[bool], stub: bool
) -> str:
    """Return a plain table for JupyterLab and other viewers of notebooks."""
    align = [
        ' style="text-align:right"' if right else ' style="text-align:left"' for right in numeric
    ]

    def cell(tag: str, text: str, style: str, scope: str = "") -> str:
        shown = (
            re.sub(r"\{[^}]*\}`([^`<]*)[^`]*`", r"\1", text) if isinstance(text, Markup) else text
        )
        return f"<{tag}{scope}{style}>{html.escape(shown)}</{tag}>"

    head = "".join(
        cell("th", title, style, ' scope="col"') for title, style in zip(titles, align, strict=True)
    )
    lines = [
        "<tr>"
        + "".join(
            cell("th", text, style, ' scope="row"')
            if stub and not place
            else cell("td", text, style)
            for place, (text, style) in enumerate(zip(row, align, strict=True))
        )
        + "</tr>"
        for row in rows
    ]
    return (
        f"<table><caption>{html.escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n"
        + "\n".join(lines)
        + "\n</tbody></table>"
    )


def _compact(svg: str) -> str:
    """Return the drawing with its fonts, without its XML prolog, comments and blank padding."""
    body = svg[svg.index("<svg") :]
    body = body.replace("<defs>", "<defs>" + font_faces(body), 1)
    return "\n".join(
        line.strip() for line in body.splitlines() if line.strip() and not line.startswith("<!--")
    )
