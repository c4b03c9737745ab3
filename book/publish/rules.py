"""Rules for data/ that no schema can say: sums, order in time, agreement between tables.

A rule is a function from all tables to the problems it finds. The first ones read rules.yaml, so
that one more rule of a known kind is one more line there. Rules pass over a cell that is not what
its column says: that is reported before.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from report.data import Problem, quoted

KINDS: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
NUMBERS = {"integer", "number", "year"}
TIMES = {"date", "yearmonth", "year"}
BLANK = {*"\u115f\u1160\u3164\u2800"}  # letters and marks that are drawn as nothing


class Table:
    """A table that could be read: its description, and its cells indexed by row in the file."""

    def __init__(self, resource: dict[str, Any], text: pd.DataFrame) -> None:
        self.resource, self.text = resource, text
        self.name: str = resource["name"]
        self.path = f"data/{resource['path']}"
        self.fields = {field["name"]: field for field in resource["schema"]["fields"]}

    def cells(self, *columns: str) -> Iterable[Any]:
        """Return (row, cell, ...) of these columns for every row; nothing if one is not there."""
        there = {*columns} <= {*self.fields}
        return self.text[[*columns]].itertuples(name=None) if there else ()

    @cached_property
    def values(self) -> pd.DataFrame:
        """The cells with numbers as numbers, NaN where there is none, and a column "rows" of 1."""
        values = self.text.assign(rows=1.0)
        for name in [n for n, field in self.fields.items() if field["type"] in NUMBERS]:
            values[name] = pd.to_numeric(values[name], errors="coerce").astype(float)
        return values

    def problem(self, row: int, column: str, text: str) -> Problem:
        """Return a problem in a cell, or in the cells of "column, column"."""
        value = ", ".join(self.text.loc[row, column.split(", ")])
        return Problem(self.path, row, column, f"{quoted(value)} {text}")

    def repeated(self, columns: list[str], text: str) -> Iterator[Problem]:
        """Return a problem for each row whose cells, if any is given, stand in a row before it."""
        seen: dict[tuple[str, ...], int] = {}
        for row, *cells in self.cells(*columns):
            if any(cells) and seen.setdefault(tuple(cells), row) != row:
                yield self.problem(row, ", ".join(columns), text.format(seen[tuple(cells)]))

    def unknown(self, columns: list[str], known: Iterable[Any], text: str) -> Iterator[Problem]:
        """Return a problem for each row whose cells, if any is given, are none of those known."""
        there = {*known}
        for row, *cells in self.cells(*columns):
            if any(cells) and tuple(cells) not in there:
                yield self.problem(row, ", ".join(columns), text)


class Tables(dict[str, Table]):
    """The tables by name; one that is not there, or could not be read, has no columns."""

    complete = False
    bibliography = ""

    def __missing__(self, name: str) -> Table:
        """Return a table without columns, which breaks no rule."""
        return Table({"name": name, "path": "", "schema": {"fields": []}}, pd.DataFrame())

    def listed(self, kind: str) -> list[tuple[Table, Any]]:
        """Return the tables that rules.yaml lists under a kind, if they are there, with columns."""
        return [(self[name], says) for name, says in KINDS[kind].items() if name in self]


def parsed(line: str) -> tuple[str, str, str, float]:
    """Split "left <= right ± 0.1" into left, relation, right and tolerance."""
    sides, _, off = line.partition(" ± ")
    left, relation, right = re.split(r" (=|<=|>=) ", sides, maxsplit=1)
    return left, relation, right, float(off or 0)


def broken(left: pd.Series, relation: str, right: pd.Series | float, off: float) -> pd.Index:
    """Return where a relation does not hold; what is missing breaks nothing."""
    if not pd.api.types.is_numeric_dtype(left):
        return left.index[(left != right) & left.notna() & pd.notna(right)]
    gap = (left - right).dropna().round(9)
    return gap.index[{"=": gap.abs() > off, "<=": gap > off, ">=": gap < -off}[relation]]


def arithmetic(tables: Tables) -> Iterator[Problem]:
    """Numbers of one row agree with each other."""
    for line in KINDS["arithmetic"]:
        left, relation, right, off = parsed(line)
        name, column = left.split(": ")
        expression, _, condition = right.partition(" if ")
        if name in tables:
            table = tables[name]
            rows = table.values.query(condition) if condition else table.values
            result = rows.eval(expression, engine="python") + 0 * rows[column]
            for row in broken(rows[column], relation, result, off):
                why = f"breaks {column} {relation} {expression}, which is {result[row]:.10g}"
                yield table.problem(row, column, why)


def totals(tables: Tables) -> Iterator[Problem]:
    """A whole equals, or is not less than, the sum of its parts, also in another table."""
    for line in KINDS["totals"]:
        left, relation, right, off = parsed(line)
        if {left.partition(":")[0], right.partition(":")[0]} <= {*tables}:
            table, column, keys, rows = side(tables, left)
            part, value, _, pieces = side(tables, right)
            have, want = added(rows, keys, column).align(added(pieces, keys, value), join="inner")
            first = rows.index.to_series().groupby([rows[key] for key in keys]).first()
            for key in broken(have, relation, want, off):
                what = f"{column} {relation} {value} of the same {', '.join(keys)} in {part.path}"
                why = f"breaks {what}: {have[key]} against {want[key]}"
                yield table.problem(first[key], column, why)


def side(tables: Tables, text: str) -> tuple[Table, str, list[str], pd.DataFrame]:
    """Return table, column, keys and rows that "table: column by key, key if condition" names."""
    text, _, condition = text.partition(" if ")
    name, column, keys = re.split(": | by ", text)
    rows = tables[name].values
    return tables[name], column, keys.split(", "), rows.query(condition) if condition else rows


def added(rows: pd.DataFrame, keys: list[str], column: str) -> pd.Series:
    """Return the sum of a column for each key; of a text that stands once, that text."""
    return rows.groupby(keys)[[column]].sum(min_count=1).round(9)[column]


def conditions(tables: Tables) -> Iterator[Problem]:
    """What must hold in each row, as Python over its cells; a cell that is not there is empty."""
    for line in KINDS["conditions"]:
        place, column, must, says = line.split(" | ")
        name, _, joined = place.partition(" with ")
        other, _, key = joined.partition(" by ")
        code = compile(must, "rules.yaml", "eval")
        partner = {cells[key]: cells for cells in tables[other].text.to_dict("records")}
        for table in [t for t in tables.values() if name in {"*", t.name} and column in t.fields]:
            helpers = {**HELPERS, "caveats": " ".join(table.resource["caveats"])}
            for row, cells in table.text.to_dict("index").items() if partner or not other else ():
                known = defaultdict(str, {**helpers, **partner.get(cells.get(key), {}), **cells})
                if not eval(code, {}, known):  # noqa: S307
                    yield table.problem(row, column, says.format_map(known))


def in_order(first: str, second: str) -> bool:
    """Return whether a moment is not after another; a year and a day compare by year."""
    return not second or first[: len(second)] <= second[: len(first)]


HELPERS = {"in_order": in_order, "matches": re.fullmatch}


def editions(tables: Tables) -> Iterator[Problem]:
    """Editions and definitions of a series follow one another, so that no year is in two."""
    for table, (column, time, *keys) in tables.listed("editions"):
        rows = table.text.sort_values(time, kind="stable")
        before = rows.groupby(keys or (lambda row: 0))[[column, time]].shift()
        late = rows.duplicated([column, *keys]) | (rows[time] == before[time])
        for row in rows.index[late & before[column].notna() & (rows[column] != before[column])]:
            text = f"overlaps {before[column][row]!r} in {time} {rows[time][row]}"
            yield table.problem(row, column, text)


def gapless(tables: Tables) -> Iterator[Problem]:
    """Some columns count without a gap, so that a row that is lost is missed."""
    for table, column in tables.listed("gapless"):
        parts = table.text[column].str.extract(r"^(\d+)(?:-(\d+))?$").astype(float)
        counts = (parts[0] * 12 + parts[1]).fillna(parts[0]).dropna().sort_values()
        for row in counts.index[counts.diff().fillna(1) != 1]:
            yield table.problem(row, column, "follows a gap: a row before it is missing")


def alike(tables: Tables) -> Iterator[Problem]:
    """What one document gave names that document in every row."""
    for table, keys in tables.listed("alike"):
        groups = table.text.groupby(keys or (lambda row: 0))["source"]
        usual, same = groups.transform(lambda cells: cells.mode()[0]), ", ".join(keys)
        for row in usual.index[table.text["source"] != usual]:
            why = f"is {usual[row]!r} in the other rows"
            yield table.problem(row, "source", f"{why} with the same {same}" if same else why)


def row_order(tables: Tables) -> Iterator[Problem]:
    """Rows stand in the order that the package declares (a list of values gives its own)."""
    for table in tables.values():
        columns: list[str] = table.resource.get("rowOrder", [])
        fields = [table.fields[name] for name in columns]
        places = [(row, [*map(rank, cells, fields)]) for row, *cells in table.cells(*columns)]
        for (_, before), (row, place) in pairwise(places):
            if place < before:
                why = f"is out of the declared order of rows, by {', '.join(columns)}"
                yield table.problem(row, columns[0], why)


def rank(cell: str, field: dict[str, Any]) -> tuple[float, str]:
    """Return where a cell stands in the order of its column; an empty one stands first."""
    listed = field.get("constraints", {}).get("enum", [])
    if field["type"] in NUMBERS and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell):
        return float(cell), ""
    return (listed.index(cell), "") if cell in listed else (-1, cell)


def in_time(tables: Tables) -> Iterator[Problem]:
    """Nothing has happened after the table's as-of date, or after its source was published."""
    published = dict(row[1:] for row in tables["sources"].cells("source_key", "date"))
    for table in tables.values():
        as_of, announced = table.resource["asOf"], KINDS["announced"].get(table.name, ())
        for name in [name for name, field in table.fields.items() if field["type"] in TIMES]:
            for row, cell in table.cells(name):
                if not in_order(cell, as_of):
                    yield table.problem(row, name, f"is after the as-of date of the table, {as_of}")
            for row, key, cell in table.cells("source", name) if name not in announced else ():
                if not in_order(cell, dated := published.get(key, "")):
                    text = f"of {dated} is older than what it reports: {name} is {cell!r}"
                    yield table.problem(row, "source", text)


def answers(tables: Tables) -> Iterator[Problem]:
    """Answers to one question of one poll add up to 100 at most, or 101 after rounding."""
    for table in [t for t in tables.values() if {"question", "answer", "value"} <= {*t.fields}]:
        keys = [n for n in table.resource["schema"]["primaryKey"] if n != "answer"]
        single = table.values[~table.text["answer"].str.contains(" or ")]
        for _, poll in single.groupby(keys, dropna=False):
            if poll["value"].sum() > 101:
                text = f"brings the answers to {poll['value'].sum():.10g} percent"
                yield table.problem(poll.index[-1], "value", text)


def plain_text(tables: Tables) -> Iterator[Problem]:
    """Cells hold visible text: no control or invisible characters, no formulas, no stray spaces."""
    for table in tables.values():
        for name, field in table.fields.items():
            for row, cell in table.cells(name):
                if not cell.isprintable() or BLANK & {*cell}:
                    odd = next(c for c in cell if not c.isprintable() or c in BLANK)
                    what = unicodedata.name(odd, f"control character U+{ord(odd):04X}")
                    yield table.problem(row, name, f"holds an invisible character: {what}")
                elif cell != cell.strip() or "  " in cell:
                    yield table.problem(row, name, "has a space too many")
                elif cell.startswith(("=", "+", "@", "-")) and field["type"] == "string":
                    yield table.problem(row, name, "begins like a formula of a spreadsheet")


def country_names(tables: Tables) -> Iterator[Problem]:
    """A country code has one name, and a name one code, in all tables."""
    pairs = [
        (code, country, table, row, name)
        for table in tables.values()
        for name in [name for name in KINDS["country"] if name in table.fields][:1]
        for row, code, country in table.cells("iso3", name)
        if code and country not in KINDS["regrouped"]
    ]
    usual: dict[str, str] = {}  # a name to its code and a code to its name, the most frequent last
    for (code, country), _ in reversed(Counter(pair[:2] for pair in pairs).most_common()):
        usual |= {code: country, country: code}
    for code, country, table, row, name in pairs:
        if country != usual[code]:
            yield table.problem(row, name, f"is {usual[code]!r} elsewhere, with code {code}")
        elif code != usual[country]:
            yield table.problem(row, "iso3", f"is {usual[country]!r} elsewhere, for {country!r}")


def cited(tables: Tables) -> Iterator[Problem]:
    """Every source in the register is one that some row cites; cited works are in the book's."""
    cells = [t.cells(name) for t in tables.values() for name in ("source", "source_2")]
    used = {(key,) for column in cells for _, key in column}
    if tables.complete:  # while a table cannot be read, its sources look unused
        yield from tables["sources"].unknown(["source_key"], used, "is a source that no row cites")
    works = [(key,) for key in re.findall(r"^@\w+\{([^,\s]+),", tables.bibliography, re.M)]
    for table in tables.values():
        yield from table.unknown(["reference"], works, "is not in book/references.bib")


def kept_out(tables: Tables) -> Iterator[Problem]:
    """No source is of a kind or form that is none: home pages, laundered content, copies, posts."""
    path, cells = tables["sources"].path, tables["sources"].cells("url")
    places = [(Problem(path, row, "url", ""), url) for row, url in cells]
    for table in tables.values():
        where = Problem(f"data/datapackage.json, table {table.name!r}", 0, "sources", "")
        places += [(where, source.get("path", "")) for source in table.resource["sources"]]
    for place, url in places:
        for form, why in KINDS["kept_out"].items():
            if re.match(rf"https?://([\w-]+\.)*?{form}", url):
                text = f"{quoted(url)} {why}; cite the page of who said it, or leave out the row"
                yield place._replace(text=text)


def state_media(tables: Tables) -> Iterator[Problem]:
    """A medium that a state controls counts for what its own government said, and never alone."""
    states, kinds = KINDS["state_media"], dict[str, str]()
    register = tables["sources"].cells("source_key", "url", "publisher", "kind", "reports")
    for row, key, url, publisher, kind, reports in register:
        kinds[key], name = kind, f"{url.partition('//')[2].partition('/')[0]} {publisher}"
        state = next((s for s, (media, _) in states.items() if re.search(media, name, re.I)), "")
        if (kind == "state media") != bool(state):
            whose = f"of {state}" if state else "that publish/rules.yaml does not name"
            yield tables["sources"].problem(row, "kind", f"is the kind of a state medium {whose}")
        elif state and not re.search(states[state][1], reports):
            text = f"names no body of {state}, whose medium it is: what it says of others is out"
            yield tables["sources"].problem(row, "reports", text)
    for table in [t for t in tables.values() if t.name not in KINDS["stated"]]:
        second = table.text.get("source_2", pd.Series("", table.text.index))
        for row, key in table.cells("source"):
            if {kinds.get(key), kinds.get(second[row], "state media")} == {"state media"}:
                text = "is state media, and the only kind of source here; an event needs another"
                yield table.problem(row, "source", text)


RULES = (
    *(arithmetic, totals, conditions, editions, gapless, alike, row_order, in_time),
    *(answers, plain_text, country_names, cited, kept_out, state_media),
)
