"""Tables, figures and facts as notebook outputs; their words stand in Markdown.

A code cell makes an exhibit, and an ``exhibit`` directive beside it captions, describes and
places it (_extensions/exhibits.py). What a cell stores is data, never markup: the cells of a table
as JSON, a figure as SVG beside the numbers that it draws, facts by name.
"""

from __future__ import annotations

import html
import io
import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
from IPython.display import publish_display_data
from matplotlib.figure import Figure

from report.charts import EMPTY, marks
from report.data import DataError, check, describe, last_observation, quoted, read_in_press
from report.style import font_faces

TABLE_MIME = "application/vnd.report.table+json"
FIGURE_MIME = "application/vnd.report.figure+json"
FACTS_MIME = "application/vnd.report.facts+json"
EXPLORER_MIME = "application/vnd.report.explorer+json"
MISSING = "–"
#: A longer cell is refused: no page can show it and it is surely a mistake.
CELL_LIMIT = 2000
#: What a fact may hold: nothing that acts as markup where prose, captions and alt texts take it.
FACT = re.compile(r"[\w ,.;:%()/&'’“”€§°+±–−-]+")

#: The facts that this notebook has recorded, by name: what blocks fill into sentences from data/.
recorded: dict[str, str] = {}


class Markup(str):
    """Inline MyST that a cell shows as markup instead of as text."""


def cite(*keys: str) -> Markup:
    """Return a citation in author-year form of keys in references.bib."""
    return Markup("{cite:t}`" + ",".join(keys) + "`")


def claim(claim_id: str) -> Markup:
    """Return a claim id as a link to the page that sets out the article claim by claim."""
    return Markup("{claim}`" + claim_id + "`")


def rec(claim_id: str) -> Markup:
    """Return the short name of a recommendation, with a capital, linked to where it stands."""
    return Markup("{Rec}`" + claim_id + "`")


def verdict(word: str) -> Markup:
    """Return a verdict with its sign, coloured where colours are shown."""
    return Markup("{verdict}`" + word + "`")


def link(text: str, target: str) -> Markup:
    """Return a cross-reference to a labelled exhibit or section, shown as the given text."""
    return Markup("{ref}`" + text + " <" + target + ">`")


def escape(text: str) -> str:
    """Return text that stays these characters inside Markup: ASCII punctuation escaped."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


class Exhibit:
    """A notebook output made of several representations of one thing."""

    def __init__(self, bundle: dict[str, Any]) -> None:
        self.bundle = bundle

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self.bundle

    def __repr__(self) -> str:
        return str(self.bundle["text/plain"])


def table(
    frame: pd.DataFrame, name: str, *,
    source: str | Sequence[str], columns: Sequence[str] = (), formats: Mapping[str, str] = EMPTY,
    anchors: str = "", row_header: bool = True, rows: pd.DataFrame | None = None,
) -> Exhibit:  # fmt: skip
    """Return a table; the directive ``exhibit`` of the same name captions and places it.

    Args:
        frame: one row a table row, one column a table column. Text is shown as it is;
            Markup (see cite, claim, link) as markup.
        name: label for {numref}, such as "tbl-summits".
        source: names of the data tables it was made from.
        columns: columns to show, in order; default: all. A column is headed by the title that
            a source gives the field of its name, else by its own name.
        formats: a format per column, such as "{:,.1f}" or "{:%d %B %Y}"; by default numbers keep
            the decimals they have and dates are ISO.
        anchors: a column that gives each row a label to link to; it need not be shown.
        row_header: whether the first column heads its row.
        rows: the rows of the sources that it shows, where frame does not hold their date and
            source: they say how far it reaches and how much of it was read in the press.

    Raises:
        DataError: an unknown column or source, a number without end, a cell with a control or
            invisible character, or one longer than CELL_LIMIT.
    """
    body, cells = _body(frame, name, source, columns, formats, rows)
    check(frame, [anchors] if anchors else [], name)
    body["row_header"] = row_header
    body["anchors"] = [str(a) for a in frame[anchors]] if anchors else []
    html_, plain = _html(body["columns"], cells, row_header), f"{name} ({len(cells)} rows)"
    return Exhibit({TABLE_MIME: _dump(body, cells), "text/html": html_, "text/plain": plain})


def figure(
    drawn: Figure, name: str, *, numbers: pd.DataFrame,
    source: str | Sequence[str], columns: Sequence[str] = (), formats: Mapping[str, str] = EMPTY,
    rows: pd.DataFrame | None = None,
) -> Exhibit:  # fmt: skip
    """Return a figure with the numbers that it draws, which readers can open under it.

    Args:
        drawn: as the forms of report.charts return it.
        name: label for {numref}, such as "fig-warheads".
        numbers: what is drawn, one row a table row.
        source, columns, formats, rows: as for table.

    Raises:
        DataError: as for table.
    """
    body, cells = _body(numbers, name, source, columns, formats, rows)
    svg = io.StringIO()
    drawn.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    body["marks"] = [_text(line, f"{name}, mark") for line in marks(drawn)]
    drawing, plain = _compact(svg.getvalue()), f"{name} ({len(cells)} rows of numbers)"
    return Exhibit({"image/svg+xml": drawing, FIGURE_MIME: _dump(body, cells), "text/plain": plain})


def facts(**values: object) -> None:
    """Record values under names that prose, captions and alternative texts show by ``glue:text``.

    What no text of its notebook shows fills a {place} in data/ (claims_tested, indicators).
    A number is shown with thousands separated and all its decimals: round it, visibly, before.
    A Series or mapping gives a fact an entry: ``rate={"2001–2013": 3.3}`` is ``rate_2001_2013``.

    Raises:
        DataError: a missing value, a name recorded before with another value, or a character
            that would act as markup.
    """
    found: dict[str, str] = {}
    for name, value in values.items():
        several = value.items() if isinstance(value, pd.Series | Mapping) else [("", value)]
        for entry, each in several:
            key = re.sub(r"[^0-9A-Za-z]+", "_", f"{name}_{entry}").strip("_")
            text = _text(_number(each), f"fact {key!r}")
            if not text.strip():
                raise DataError(f"fact {key!r} must have a value, not {each!r}")
            if not FACT.fullmatch(text):
                raise DataError(f"fact {key!r}: {text!r} holds a character that acts as markup")
            if {**recorded, **found}.get(key, text) != text:
                raise DataError(f"fact {key!r} is {text!r} here, but was recorded with another")
            found[key] = text
    recorded.update(found)
    plain = "\n".join(f"{name}: {text}" for name, text in found.items())
    facts_ = json.dumps(found, ensure_ascii=False, indent=0)
    publish_display_data({FACTS_MIME: facts_, "text/plain": plain})


def fill(text: str, where: str) -> str:
    """Return a sentence from data/ with its ``{places}`` filled from the recorded facts.

    Raises DataError for a place that no fact of this notebook fills; where names the row.
    """

    def fact(place: re.Match[str]) -> str:
        if place[1] not in recorded:
            raise DataError(f"{where}: no fact {place[1]!r} was recorded; add it to report.facts")
        return recorded[place[1]]

    return re.sub(r"\{([^{}]*)\}", fact, text)


def _body(
    frame: pd.DataFrame, name: str, source: str | Sequence[str], columns: Sequence[str],
    formats: Mapping[str, str], rows: pd.DataFrame | None,
) -> tuple[dict[str, Any], list[list[str]]]:  # fmt: skip
    """Return what tables and figures share: name, columns, sources, and the cells as text."""
    sources = [source] if isinstance(source, str) else list(source)
    titles = {f["name"]: f["title"] for s in sources for f in describe(s)["schema"]["fields"]}
    shown = [str(c) for c in columns or frame]
    check(frame, shown, name)
    if idle := [c for c in formats if c not in shown]:
        raise DataError(f"{name}: a format for {idle}, which it does not show")
    frame = frame.assign(**{c: _typed(frame[c]) for c in shown})
    cells, heads = [], []
    for c in shown:
        cells.append(_column(frame[c], formats.get(c), f"{name}, {quoted(c)}"))
        title = _text(titles.get(c, c), f"{name}, heading of {quoted(c)}")
        right = _is_number(frame[c]) and not _is_year(frame[c])
        heads.append({"title": title, "align": "right" if right else "left"})
    read = frame if rows is None else rows
    last = max((last_observation(s, read) for s in sources), default="")
    body = {"name": name, "columns": heads, "source": sources, "data_to": last}
    pressed, lines = read_in_press(sources, read), zip(*cells, strict=True)
    return body | {"read": pressed}, [list(line) for line in lines]


def _number(value: Any) -> str:
    """Return a value as a reader sees it: 1,234.5, a true minus sign, text unchanged.

    What is missing or has no end is "".
    """
    if (pd.api.types.is_scalar(value) and pd.isna(value)) or value in (math.inf, -math.inf):
        return ""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return _signed(f"{_exact(value):,f}")


def _exact(value: Any) -> Decimal:
    """Return a number with the digits that it was written with, which a float may not hold."""
    return Decimal(repr(value.item() if hasattr(value, "item") else value))


def _signed(text: str) -> str:
    """Return a number's text with a true minus sign, and none before nought."""
    return text.replace("-", "−" if re.search("[1-9]", text) else "")


def _typed(column: pd.Series) -> pd.Series:
    """Return a column of objects that are all numbers, or all true or false, as that type."""
    kinds = {"integer", "floating", "mixed-integer-float", "boolean"}
    alike = column.dtype == object and pd.api.types.infer_dtype(column) in kinds
    return column.convert_dtypes() if alike else column


def _is_year(column: pd.Series) -> bool:
    return bool(re.fullmatch(r"(?i)(.*[_ ])?year( .*)?", str(column.name)))


def _is_number(column: pd.Series) -> bool:
    kind = pd.api.types
    return kind.is_numeric_dtype(column) and not kind.is_bool_dtype(column.dtype)


def _column(column: pd.Series, pattern: str | None, where: str) -> list[str]:
    """Return the cells of a column as text: decimals aligned, missing ones as a dash."""
    present, number = column.dropna(), _is_number(column)
    if pattern is None and pd.api.types.is_datetime64_any_dtype(column):
        pattern = "{:%Y-%m-%d}"
    elif pattern is None and pd.api.types.is_bool_dtype(column.dtype):
        column = column.map({True: "yes", False: "no"}, na_action="ignore")
    elif pattern is None and number and _is_year(column) and (present == present.round()).all():
        pattern = "{:.0f}"
    elif pattern is None and number:
        column = column.astype(object).map(_exact, na_action="ignore")
        decimals = (f"{value:f}".partition(".")[2] for value in column.dropna())
        pattern = f"{{:,.{max((len(d) for d in decimals if d != '0'), default=0)}f}}"
    texts = []
    for row, value in enumerate(column, start=1):
        if pd.isna(value):
            texts.append(MISSING)
            continue
        if number and not math.isfinite(value):
            raise DataError(f"{where}, row {row}: {value} is no number that a page can show")
        cell = pattern.format(value) if pattern else value
        cell = cell if isinstance(cell, str) else str(cell)  # Markup stays what it is
        cell = _signed(cell) if number else cell
        if cell == MISSING:
            raise DataError(f"{where}, row {row}: a lone dash reads as missing; leave it empty")
        texts.append(_text(cell, f"{where}, row {row}") if cell else MISSING)
    return texts


def _text(text: str, where: str) -> str:
    """Return the text, or raise DataError when no page could show it faithfully."""
    if len(text) > CELL_LIMIT:
        raise DataError(f"{where}: {len(text)} characters, at most {CELL_LIMIT} can be shown")
    for character in text:
        if character != "\n" and unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Zl"}:
            named = f"U+{ord(character):04X}"
            raise DataError(f"{where}: {named} is a control or invisible character; remove it")
    return text


def _dump(body: dict[str, Any], rows: list[list[str]]) -> str:
    """Return JSON with one row a line, so that a diff shows the row that changed."""
    head = json.dumps(body, ensure_ascii=False, indent=1)
    lines = ",\n".join(
        json.dumps([{"markup": c} if isinstance(c, Markup) else c for c in row], ensure_ascii=False)
        for row in rows
    )
    return f'{head[:-2]},\n "rows": [\n{lines}\n]}}'


def _html(columns: list[dict[str, str]], rows: list[list[str]], row_header: bool) -> str:
    """Return a plain table for JupyterLab and other viewers of notebooks."""

    def line(tags: Sequence[str], texts: Sequence[str]) -> str:
        cells = []
        for tag, text, column in zip(tags, texts, columns, strict=True):
            # Markup reads as its text here: {claim}`S1-B1` as S1-B1.
            plain = re.sub(r"\{[^}]*\}`([^`<]*)[^`]*`", r"\1", text)
            plain = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", plain)
            shown = html.escape(plain if isinstance(text, Markup) else text)
            cells.append(f'<{tag} style="text-align:{column["align"]}">{shown}</{tag[:2]}>')
        return f"<tr>{''.join(cells)}</tr>"

    heads, rest = ['th scope="col"'] * len(columns), ["td"] * (len(columns) - 1)
    first = 'th scope="row"' if row_header else "td"
    head = line(heads, [column["title"] for column in columns])
    body = "\n".join(line([first, *rest], row) for row in rows)
    return f"<table>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody></table>"


def _compact(svg: str) -> str:
    """Return the drawing with its fonts, without its XML prolog, comments and blank padding."""
    body = svg[svg.index("<svg") :]
    body = body.replace("<defs>", "<defs>" + font_faces(body), 1)
    return "\n".join(
        line.strip() for line in body.splitlines() if line.strip() and not line.startswith("<!--")
    )
