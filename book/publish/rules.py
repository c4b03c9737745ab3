"""Rules for data/ that no schema can say: sums, order in time, agreement between tables.

A rule is a function from all tables to the problems it finds, put into the registry by @rule. Most
read one of the lists below, so that one more rule of a known kind is one more line of text.
Rules pass over a cell that is not what its column says: frictionless reports that one.
"""

from __future__ import annotations

import re
import reprlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

#: Within a row, where a condition holds if one is given; "± 1" is the room for rounding.
IN_ROW = """
un_votes: members_total = yes + no + abstain + not_voting
un_voting_coincidence: joint_votes = same + partial + opposite
un_voting_coincidence: share_same = same / joint_votes ± 0.0006
un_voting_coincidence: coincidence = (same + partial / 2) / joint_votes ± 0.0006
us_russia_un_agreement: share_same <= coincidence
ukraine_aid_donors: total = military + financial + humanitarian ± 0.003
ukraine_aid_quarters: total = military + financial + humanitarian ± 0.003
cyber_operations: operations = espionage + other_types
cyber_incidents: state_linked <= incidents
cyber_incidents: state_direct <= state_linked
cyber_incidents: non_state <= incidents
warheads_2025: deployed <= stockpile
warheads_2025: stockpile <= inventory
press_freedom: rank <= ranked_entries
gas_dependence: russia_share = 100 * russia_energy / all_energy ± 0.06
eu_gas_imports: russia_share = 100 * russia_energy / all_energy ± 0.06
sanctions_success_rates: rate = 100 * successes / cases ± 1
sanctions_success_rates: rate <= rate_high
billionaires: wealth <= 6 * billionaires
billionaires: wealth >= 3 * billionaires
military_spending: value <= 100 if unit == 'percent of GDP'
military_spending: value >= 0
"""
#: Between sums: "table: column by key if condition"; the column "rows" counts them.
TOTALS = """
un_votes: yes by resolution = un_country_votes: rows by resolution if vote == 'yes'
un_votes: no by resolution = un_country_votes: rows by resolution if vote == 'no'
un_votes: abstain by resolution = un_country_votes: rows by resolution if vote == 'abstain'
un_votes: not_voting by resolution = un_country_votes: rows by resolution if vote == 'not voting'
ukraine_aid_donors: total by donor = ukraine_aid_years: total by donor ± 0.004
ukraine_aid_donors: total by donor_group = ukraine_aid_quarters: total by donor_group ± 0.02
ukraine_aid_donors: military by donor_group = ukraine_aid_quarters: military by donor_group ± 0.02
ukraine_aid_donors: financial by donor_group
  = ukraine_aid_quarters: financial by donor_group ± 0.02
ukraine_aid_donors: humanitarian by donor_group
  = ukraine_aid_quarters: humanitarian by donor_group ± 0.02
displacement: persons by year if origin == 'Ukraine' and indicator == 'refugees, all hosts'
  = displacement: persons by year if origin == 'Ukraine'
    and indicator in ('refugees in Russia', 'refugees outside Russia')
displacement: persons by year if indicator == 'refugees in Russia'
  = refugees_by_host: refugees by year if iso3 == 'RUS'
displacement: persons by year if origin == 'Ukraine' and indicator == 'refugees, all hosts'
  >= refugees_by_host: refugees by year
warheads: warheads by year if state == 'World' and basis == 'stockpile estimate'
  = warheads: warheads by year if state not in ('World', 'China') and basis == 'stockpile estimate'
warheads: warheads by year if state == 'World' and basis == 'inventory estimate'
  >= warheads: warheads by year if state == 'World' and basis == 'stockpile estimate'
warheads: warheads by year if state == 'All other states'
  >= warheads: warheads by year if state == 'China'
us_troops_europe: troops by month if level == 'total'
  >= us_troops_europe: troops by month if level != 'total'
visas_yearly: visas by fiscal_year if visa_class == 'all nonimmigrant classes'
  >= visas_yearly: visas by fiscal_year if visa_class != 'all nonimmigrant classes'
goods_trade: imports by year, period
  >= goods_trade_products: value by year, period if flow == 'imports'
us_designations: additions by year, list if scope == 'all programmes'
  >= us_designations: additions by year, list if scope != 'all programmes'
military_spending: value by iso3, year if measure == 'constant dollars' and year == 2023
  = military_spending: value by iso3, year if measure == 'current dollars' and year == 2023
"""
#: Editions or definitions that follow one another within a series: column, time, series.
EDITIONS = """
press_freedom: method, edition, iso3
eu_gas_imports: basis, year, flow
nato_spending: edition, year, entity
military_spending: edition, year, iso3, measure
us_russia_un_agreement: basis, year
un_voting_coincidence: basis, year, iso3
warheads: edition, year, state, basis
us_troops_europe: basis, month, host
"""
#: Columns of which the first is never later than the second, in any table that has both.
IN_ORDER = (
    ("start_date", "end_date"),
    ("date", "end_date"),
    ("signed", "entered_into_force"),
    ("signed", "ended"),
    ("entered_into_force", "ended"),
    ("first_year", "last_year"),
    ("period_start", "period_end"),
    ("date", "accessed"),
)
#: Columns that are filled together or not at all.
TOGETHER = """
arms_control_agreements: ended, ended_precision
arms_control_agreements: entered_into_force, entered_into_force_precision
dialogue_channels: end_date, end_precision
election_observation: observers, observers_basis
findings: value, unit
precedents: end_date, end_precision
summits: agreement, agreement_type
"""
#: Columns whose values together occur once, where they are given.
ONCE = """
findings: claim_id, reference
nato_members: member
sanctions_measures: package
"""
#: Columns that count without a gap.
GAPLESS = """
brent_prices: month
claims: position
nato_russia_council: year
study_types: order
wording_log: entry
"""
#: Columns that say the same in all rows, or in all rows that share a key: one document gave them.
ALIKE = """
brent_prices: source
cyber_incidents: source
cyber_operations: source
displacement: source
eu_gas_importers_2025: source
gas_dependence: source
goods_trade_products: source by year
military_spending: source by edition
nato_battlegroups: source by year_established
nato_russia_council: source by basis
nato_spending: source by edition
press_freedom: source by edition
refugees_by_host: source
secretary_visits: source
ukraine_aid_donors: source
ukraine_aid_origin: source
ukraine_aid_quarters: source
ukraine_aid_years: source
un_country_votes: source by resolution
un_voting_coincidence: source by basis
us_russia_un_agreement: source by basis
us_troops_europe: source
visas_yearly: source
warheads_2025: source
"""
#: Columns whose moments a source may announce; elsewhere no source is older than what it reports.
ANNOUNCED = """
arms_control_agreements: entered_into_force, ended
dialogue_channels: end_date
diplomatic_measures: date
election_observation: election_date
exchanges: year
mission_staffing: month
new_start_events: date
oil_price_cap: effective_date
precedents: end_date
rights_instruments: since
sanctions_measures: date
trade_policy: date, end_date
"""
#: Columns that name the country of column iso3.
COUNTRY = ("country", "member", "host", "entity", "donor", "state", "initiator", "sponsor")
#: Names of a country together with a territory, as the source counts them.
REGROUPED = {"Serbia and Kosovo"}
NUMBERS = {"integer", "number", "year"}
TIMES = {"date", "yearmonth", "year"}


class Problem(NamedTuple):
    """One error: where it is (row 0: the whole file; the header is row 1) and what is wrong."""

    path: str
    row: int
    column: str
    text: str

    def __str__(self) -> str:
        """Return the line that people read."""
        row = f" row {self.row}" if self.row else ""
        kind = "column" if row else "key"  # the file that has no rows is datapackage.json
        column = f", {kind} '{self.column}'" if self.column else ""
        return f"{self.path}{row}{column}: {self.text}".replace("\n", "\\n")


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
        return zip(self.text.index, *(self.text[c] for c in columns), strict=True) if there else ()

    @cached_property
    def values(self) -> pd.DataFrame:
        """The cells with numbers as numbers; what is none, or is empty, is NaN."""
        values = self.text.copy()
        for name in [n for n, field in self.fields.items() if field["type"] in NUMBERS]:
            values[name] = pd.to_numeric(values[name], errors="coerce").astype(float)
        return values

    def problem(self, row: int, column: str, text: str, value: Any = None) -> Problem:
        """Return a problem in a cell; its value is looked up unless it is given."""
        shown = quoted(self.text.loc[row, column] if value is None else value)
        return Problem(self.path, row, column, f"{shown} {text}")


class Tables(dict[str, Table]):
    """The tables by name; one that is not there, or could not be read, has no columns."""

    def __missing__(self, name: str) -> Table:
        """Return a table without columns, which breaks no rule."""
        return Table({"name": name, "path": "", "schema": {"fields": []}}, pd.DataFrame())


Rule = Callable[[Tables], Iterator[Problem]]
RULES: list[Rule] = []


def rule(function: Rule) -> Rule:
    """Put a rule into the registry."""
    RULES.append(function)
    return function


def quoted(value: Any) -> str:
    """Return a value as a message shows it: escaped, and cut when it is long."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = 70
    shown = short.repr(value)
    return shown if shown.isprintable() else ascii(shown)[1:-1]


def lines(text: str) -> list[str]:
    """Return the rules of a text, one each; a line that begins with a space continues the last."""
    return re.sub(r"\n +", " ", text).strip().splitlines()


def named(text: str, tables: Tables) -> Iterator[tuple[Table, list[str]]]:
    """Return the table and the columns of each line "table: column, column"."""
    for line in lines(text):
        name, columns = line.split(": ")
        yield tables[name], columns.split(", ")


def parsed(line: str) -> tuple[str, str, str, float]:
    """Split "left <= right ± 0.1" into left, relation, right and tolerance."""
    sides, _, off = line.partition(" ± ")
    left, relation, right = re.split(r" (=|<=|>=) ", sides, maxsplit=1)
    return left, relation, right, float(off or 0)


def broken(left: pd.Series, relation: str, right: pd.Series | float, off: float) -> pd.Index:
    """Return where a relation does not hold; what is missing breaks nothing."""
    gap = (left - right).dropna().round(9)
    return gap.index[{"=": gap.abs() > off, "<=": gap > off, ">=": gap < -off}[relation]]


@rule
def arithmetic(tables: Tables) -> Iterator[Problem]:
    """Numbers of one row agree with each other."""
    for line in lines(IN_ROW):
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


@rule
def totals(tables: Tables) -> Iterator[Problem]:
    """A whole equals, or is not less than, the sum of its parts, also in another table."""
    for line in lines(TOTALS):
        left, relation, right, off = parsed(line)
        table, column, keys, rows = _side(tables, left)
        part, value, _, pieces = _side(tables, right)
        if table.name in tables and part.name in tables:
            have = rows.groupby(keys)[column].sum(min_count=1)
            groups = pieces.groupby(keys)
            want = groups.size() if value == "rows" else groups[value].sum(min_count=1)
            for key in broken(have, relation, want, off):
                row = rows.index[rows.groupby(keys).ngroup() == have.index.get_loc(key)][0]
                same = f"{column} {relation} {value} of the same {', '.join(keys)} in {part.path}"
                sums = f"{have[key]:.10g} against {want[key]:.10g}"
                yield table.problem(row, column, f"breaks {same}: {sums}")


def _side(tables: Tables, text: str) -> tuple[Table, str, list[str], pd.DataFrame]:
    """Return what "table: column by key, key if condition" names."""
    text, _, condition = text.partition(" if ")
    name, column, keys = re.split(": | by ", text)
    rows = tables[name].values
    rows = rows.query(condition) if condition and name in tables else rows
    return tables[name], column, keys.split(", "), rows


@rule
def editions(tables: Tables) -> Iterator[Problem]:
    """Editions and definitions of a series follow one another, so that no year is in two."""
    for table, (column, time, *keys) in named(EDITIONS, tables):
        seen: dict[tuple[str, ...], dict[str, str]] = {}
        cells = sorted(table.cells(column, time, *keys), key=lambda cell: cell[2])
        for row, edition, moment, *key in cells:
            last = seen.setdefault(tuple(key), {})  # each edition with its last moment, in order
            before = next(reversed(last), edition)
            if edition != before and (edition in last or last[before] == moment):
                yield table.problem(row, column, f"overlaps {before!r} in {time} {moment}")
            last[edition] = moment


@rule
def dates_in_order(tables: Tables) -> Iterator[Problem]:
    """Nothing ends before it starts, and nothing has happened after the table's as-of date."""
    for table in tables.values():
        for first, second in IN_ORDER:
            for row, one, two in table.cells(first, second):
                if one[: len(two)] > two[: len(one)] and two:  # a year and a day compare by year
                    yield table.problem(row, second, f"is before {first} {one!r}")
        as_of = table.resource["asOf"]
        for name in [n for n, field in table.fields.items() if field["type"] in TIMES]:
            for row, cell in table.cells(name):
                if cell > as_of[: len(cell)]:
                    yield table.problem(row, name, f"is after the as-of date of the table, {as_of}")


@rule
def years_agree(tables: Tables) -> Iterator[Problem]:
    """The column year repeats the year in which the month or period of the row begins."""
    for table in tables.values():
        for name in ("survey_month", "period"):
            for row, year, period in table.cells("year", name):
                if period[:4].isdigit() and period[:4] != year:
                    yield table.problem(row, "year", f"is not the year of {name} {period!r}")


@rule
def sorted_by_time(tables: Tables) -> Iterator[Problem]:
    """Events stand in order of their dates, and each series in order of its years or months."""
    for table in tables.values():
        fields, key = table.fields, table.resource["schema"].get("primaryKey", [])
        dates = [n for n, f in fields.items() if f["type"] == "date" and _required(f)]
        dates = [n for n in dates if n != "accessed"]  # the register stands in order of its keys
        years = [n for n in key if n == "year" or fields[n]["type"] in TIMES]
        times, by = dates + years, [] if dates else [n for n in key if n not in years]
        last: dict[tuple[str, ...], str] = {}
        for row, moment, *series in table.cells(times[0], *by) if times else ():
            before = last.get(tuple(series), "")
            if moment < before:
                yield table.problem(row, times[0], f"is out of order: it follows {before!r}")
            last[tuple(series)] = moment


def _required(field: dict[str, Any]) -> bool:
    return bool(field.get("constraints", {}).get("required"))


@rule
def together_or_once(tables: Tables) -> Iterator[Problem]:
    """Some cells make sense only together; some values, beside the key, occur once."""
    for table, (one, two) in named(TOGETHER, tables):
        for row, first, second in table.cells(one, two):
            if bool(first) != bool(second):
                yield table.problem(
                    row, two, f"and {one} {first!r} are given together or not at all"
                )
    for table, columns in named(ONCE, tables):
        seen: dict[tuple[str, ...], int] = {}
        for row, *cells in table.cells(*columns):
            if all(cells) and seen.setdefault(tuple(cells), row) != row:
                text = f"is in row {seen[tuple(cells)]} too; expected once only"
                yield table.problem(row, ", ".join(columns), text, ", ".join(cells))


@rule
def gapless(tables: Tables) -> Iterator[Problem]:
    """Some columns count without a gap, so that a row that is lost is missed."""
    for table, (column,) in named(GAPLESS, tables):
        before = None
        for row, cell in table.cells(column):
            digits = [int(part) for part in cell.split("-") if part.isdigit()] or [0]
            count = digits[0] * 12 + digits[1] if len(digits) == 2 else digits[0]
            if count != (before or count - 1) + 1:
                yield table.problem(row, column, "follows a gap: a row before it is missing")
            before = count


@rule
def answers(tables: Tables) -> Iterator[Problem]:
    """Answers to one question of one poll add up to 100 at most, or 101 after rounding."""
    for table in [t for t in tables.values() if {"question", "answer", "value"} <= {*t.fields}]:
        keys = [n for n in table.resource["schema"]["primaryKey"] if n != "answer"]
        single = table.values[~table.text["answer"].str.contains(" or ")]
        for _, poll in single.groupby(keys, dropna=False):
            if poll["value"].sum() > 101:
                text = f"brings the answers to {poll['value'].sum():.10g} percent"
                yield table.problem(poll.index[-1], "value", text)


@rule
def verification(tables: Tables) -> Iterator[Problem]:
    """What two sources confirm names two; what none confirms is announced by a caveat."""
    for table in tables.values():
        for row, one, two, state in table.cells("source", "source_2", "verification"):
            if one == two:
                yield table.problem(row, "source_2", "is the first source again")
            scholarly = "reference" in table.fields and table.text.loc[row, "reference"]
            if state == "two sources" and not two and not scholarly:
                yield table.problem(row, "verification", "but source_2 is empty")
        announced = any("unverified" in caveat for caveat in table.resource["caveats"])
        for row, state in table.cells("verification"):
            if state == "unverified" and not announced:
                yield table.problem(row, "verification", "but no caveat of the table says so")


@rule
def alike(tables: Tables) -> Iterator[Problem]:
    """What one document gave names that document in every row."""
    for line in lines(ALIKE):
        name, column, *keys = re.split(": | by |, ", line)
        cells = list(tables[name].cells(column, *keys))
        counts: dict[tuple[str, ...], Counter[str]] = {}
        for _, cell, *key in cells:
            counts.setdefault(tuple(key), Counter())[cell] += 1
        for row, cell, *key in cells:
            usual = counts[tuple(key)].most_common(1)[0][0]
            if cell != usual:
                same = f" with the same {', '.join(keys)}" if keys else ""
                yield tables[name].problem(row, column, f"is {usual!r} in the other rows{same}")


@rule
def sources_come_after(tables: Tables) -> Iterator[Problem]:
    """A source is not older than what the row reports."""
    published = dict(row[1:] for row in tables["sources"].cells("source_key", "date"))
    announced = {table.name: columns for table, columns in named(ANNOUNCED, tables)}
    for table in tables.values():
        times = [name for name, field in table.fields.items() if field["type"] in TIMES]
        for name in [n for n in times if n not in announced.get(table.name, ())]:
            for row, key, cell in table.cells("source", name):
                dated = published.get(key, "")
                if dated and cell[: len(dated)] > dated[: len(cell)]:
                    text = f"of {dated} is older than what it reports: {name} is {cell!r}"
                    yield table.problem(row, "source", text)


@rule
def addresses(tables: Tables) -> Iterator[Problem]:
    """Web addresses have a scheme, a host with a dot, and no character that needs escaping."""
    address = re.compile(r"https?://[\w-]+(\.[\w-]+)+(:\d+)?([/?#][\w.~:/?#@!$&'()*+,;=%-]*)?")
    for table in tables.values():
        for row, cell in table.cells("url"):
            if cell and not address.fullmatch(cell):
                yield table.problem(row, "url", "is not a web address (https://host/path)")


@rule
def plain_text(tables: Tables) -> Iterator[Problem]:
    """Cells hold visible text: no control or invisible characters, no formulas, no stray spaces."""
    for table in tables.values():
        for name, field in table.fields.items():
            for row, cell in table.cells(name):
                odd = [] if cell.isprintable() and cell.isascii() else [*filter(_invisible, cell)]
                if odd:
                    what = unicodedata.name(odd[0], f"control character U+{ord(odd[0]):04X}")
                    yield table.problem(row, name, f"holds an invisible character: {what}")
                elif cell != cell.strip() or "  " in cell:
                    yield table.problem(row, name, "has a space too many")
                elif cell.startswith(("=", "+", "@", "-")) and field["type"] == "string":
                    yield table.problem(row, name, "begins like a formula of a spreadsheet")


def _invisible(character: str) -> bool:
    blank = character in "\u115f\u1160\u3164\u2800"  # letters and marks that are drawn as nothing
    return blank or (unicodedata.category(character)[0] in "CZ" and character != " ")


@rule
def country_names(tables: Tables) -> Iterator[Problem]:
    """A country code has one name, and a name one code, in all tables."""
    pairs = [
        (table, name, row, code, country)
        for table in tables.values()
        for name in [name for name in COUNTRY if name in table.fields][:1]
        for row, code, country in table.cells("iso3", name)
        if code and country not in REGROUPED
    ]
    usual: dict[str, str] = {}  # a name to its code and a code to its name, the most frequent last
    for (code, country), _ in reversed(Counter(pair[3:] for pair in pairs).most_common()):
        usual |= {code: country, country: code}
    for table, name, row, code, country in pairs:
        if country != usual[code]:
            yield table.problem(row, name, f"is {usual[code]!r} elsewhere, with code {code}")
        elif code != usual[country]:
            yield table.problem(row, "iso3", f"is {usual[country]!r} elsewhere, for {country!r}")


@rule
def members(tables: Tables) -> Iterator[Problem]:
    """States join NATO once, founders first; spending is a member's from the year it joined."""
    table, spending = tables["nato_members"], tables["nato_spending"]
    joined = {code: date for _, code, date in table.cells("iso3", "accession_date")}
    for row, date, founder in table.cells("accession_date", "founder"):
        if (founder == "true") != (date == min(joined.values())):
            yield table.problem(row, "founder", f"does not fit the accession on {date}")
    for row, code, kind, year in spending.cells("iso3", "kind", "year"):
        member = "member" if joined.get(code, "9999")[:4] <= year else "future member"
        if code and kind != member and joined:
            text = f"is not {member!r}, by the accession date in {table.path}"
            yield spending.problem(row, "kind", text)


@rule
def votes(tables: Tables) -> Iterator[Problem]:
    """The votes of three powers are the same in the totals and in the list of countries."""
    part = tables["un_country_votes"]
    lists = {(text, code): vote for _, text, code, vote in part.cells("resolution", "iso3", "vote")}
    for column, code in (("us_vote", "USA"), ("russia_vote", "RUS"), ("china_vote", "CHN")):
        for row, text, vote in tables["un_votes"].cells("resolution", column):
            if vote != lists.get((text, code), vote):
                why = f"is {lists[text, code]!r} in {part.path}"
                yield tables["un_votes"].problem(row, column, why)


@rule
def never_in_force(tables: Tables) -> Iterator[Problem]:
    """An agreement that never took effect has no end."""
    table = tables["arms_control_agreements"]
    for row, took, ended in table.cells("took_effect", "ended"):
        if took == "false" and ended:
            yield table.problem(row, "ended", "is an end, but the agreement never took effect")


def references(tables: Tables, bibliography: str) -> Iterator[Problem]:
    """Every scholarly work that a table names is in the text of book/references.bib."""
    keys = set(re.findall(r"^@\w+\{([^,\s]+),", bibliography, re.M))
    for table in tables.values():
        for row, key in table.cells("reference"):
            if key and key not in keys:
                yield table.problem(row, "reference", "is not in book/references.bib")


def unused_sources(tables: Tables) -> Iterator[Problem]:
    """Every source in the register is one that some row cites."""
    cells = [t.cells(name) for t in tables.values() for name in ("source", "source_2")]
    used = {key for column in cells for _, key in column}
    for row, key in tables["sources"].cells("source_key"):
        if key not in used:
            yield tables["sources"].problem(row, "source_key", "is a source that no row cites")
