"""The data is valid; every kind of corruption of a copy is reported with its place, in one line."""

import csv
import io
import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from publish import rules, validation
from report import data

VOTES = "evidence/un_votes.csv"
PACKAGE = "datapackage.json"


# ---- The package as it is -----------------------------------------------------------------------


@pytest.fixture(scope="session")
def package() -> dict[str, Any]:
    return json.loads(data.PACKAGE.read_text(encoding="utf-8"))


def cells(resource: dict[str, Any]) -> pd.DataFrame:
    return pd.read_csv(data.DATA / resource["path"], dtype=str, keep_default_na=False)


def test_the_package_is_valid():
    assert validation.problems() == []


def test_every_table_is_used_or_says_why_it_is_there(package):
    """A table that no notebook has read has a key "reason"."""
    stored = [json.loads(p.read_text("utf-8")) for p in (data.ROOT / "book").rglob("*.ipynb")]
    used = {key for notebook in stored for key in notebook["metadata"]["inputs"]}
    idle = [r for r in package["resources"] if f"table {r['name']}" not in used]
    assert [r["name"] for r in idle if r["name"] != "sources" and not r.get("reason")] == []


def test_every_source_can_be_found_and_every_table_has_a_licence_with_a_title(package):
    sources = cells(data.describe("sources"))
    asked = sources[["url", "title", "publisher", "licence"]]
    assert sources.loc[(asked == "").any(axis=1), "source_key"].tolist() == []
    assert [r["name"] for r in package["resources"] if not r["licenses"][0].get("title")] == []


def test_extracts_of_restricted_sources_are_small(package):
    """A few countries where the source covers the world, and never a whole database."""
    for resource in [r for r in package["resources"] if r["restricted"]]:
        rows = cells(resource)
        assert len(rows) <= 1300, resource["name"]
        if {"iso3", "year"} <= set(rows) or "edition" in rows:
            assert rows["iso3"].nunique() <= 20, resource["name"]


def test_every_row_of_evidence_names_its_source_and_the_key_is_declared(package):
    for resource in package["resources"]:
        declared = {tuple(k["fields"]) for k in resource["schema"].get("foreignKeys", [])}
        names = {field["name"] for field in resource["schema"]["fields"]}
        assert {(name,) for name in {"source", "source_2"} & names} <= declared, resource["name"]
        if resource["path"].startswith("evidence/"):
            assert (cells(resource)["source"] != "").all(), resource["name"]


# ---- Corruptions of a copy ----------------------------------------------------------------------


#: The tables that the corruptions below touch, with those that their keys and rules need.
COPIED = {
    *("sources", "claims", "findings", "factors", "un_votes", "un_country_votes", "summits"),
    *("brent_prices", "nato_members", "nato_spending", "arms_control_agreements", "media_trust"),
    *("russian_opinion", "sanctions_measures", "works"),
}


@pytest.fixture(scope="session")
def copy(tmp_path_factory, package) -> Path:
    """A checkout with a few tables and rows, so that each corruption is checked in a moment."""
    root = tmp_path_factory.mktemp("checkout")
    resources = [r for r in package["resources"] if r["name"] in COPIED]
    for path in [root / "book", *(root / "data" / Path(r["path"]).parent for r in resources)]:
        path.mkdir(parents=True, exist_ok=True)
    tables = {r["name"]: cells(r) for r in resources}
    votes = tables["un_country_votes"]
    tables["un_country_votes"] = votes[votes["resolution"].isin(["68/262", "ES-11/7"])]
    tables["findings"] = tables["findings"].head(40)
    cited = {key for table in tables.values() for key in table.get("source", [])}
    cited |= {key for table in tables.values() for key in table.get("source_2", [])}
    tables["sources"] = tables["sources"][tables["sources"]["source_key"].isin(cited)]
    for resource in resources:
        path = root / "data" / resource["path"]
        tables[resource["name"]].to_csv(path, index=False, lineterminator="\n")
    (root / "data" / PACKAGE).write_text(json.dumps({**package, "resources": resources}))
    shutil.copy(data.ROOT / "book/references.bib", root / "book")
    return root


@pytest.fixture(scope="session")
def known(copy) -> set[str]:
    """What is wrong with the data already; the tests look at what a corruption adds."""
    return set(validation.problems(copy))


Edit = Callable[[bytes], tuple[bytes, str]]


class Corruption(NamedTuple):
    """What is done to which file, and what the one line about it must say after its place."""

    name: str
    path: str
    edit: Edit
    says: str


def rows_of(raw: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode())))


def written(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def cell(column: str, value: str, row: int = 3, **where: str) -> Edit:
    """Overwrite one cell, in a row by its number or in the first row that holds what is given."""

    def edit(raw: bytes) -> tuple[bytes, str]:
        rows = rows_of(raw)
        wanted = {rows[0].index(name): content for name, content in where.items()}
        fits = (all(r[i] == c for i, c in wanted.items()) for r in rows[1:])
        number = 2 + [*fits].index(True) if where else row
        rows[number - 1][rows[0].index(column)] = value
        return written(rows), f" row {number}, column '{column}': {data.quoted(value)} "

    return edit


def table(change: Callable[[list[list[str]]], Any], place: str) -> Edit:
    """Change the list of rows, header included."""

    def edit(raw: bytes) -> tuple[bytes, str]:
        rows = rows_of(raw)
        change(rows)
        return written(rows), place

    return edit


def file(change: Callable[[bytes], bytes], place: str) -> Edit:
    """Change the bytes of the file."""
    return lambda raw: (change(raw), place)


def described(name: str, change: Callable[[dict[str, Any]], Any], key: str) -> Edit:
    """Change what the package says of one table."""

    def edit(raw: bytes) -> tuple[bytes, str]:
        package = json.loads(raw)
        change(next(r for r in package["resources"] if r["name"] == name))
        return json.dumps(package).encode(), f", table {name!r}, key '{key}': "

    return edit


def field(resource: dict[str, Any], place: int = 0) -> dict[str, Any]:
    return resource["schema"]["fields"][place]


TYPES_AND_KEYS = [
    Corruption("date", VOTES, cell("date", "2014-13-01"), "is not a date (YYYY-MM-DD)"),
    Corruption("short date", VOTES, cell("date", "2014-3-27"), "is not a date (YYYY-MM-DD)"),
    Corruption("integer", VOTES, cell("yes", "ten"), "is not a whole number"),
    Corruption("decimal integer", VOTES, cell("yes", "10.5"), "is not a whole number"),
    Corruption("thousands", VOTES, cell("yes", "1,000"), "is not a whole number"),
    Corruption("number", "evidence/brent_prices.csv", cell("price", "5o.1"), "is not a number"),
    Corruption("nan", "evidence/brent_prices.csv", cell("price", "nan"), "is not a number"),
    Corruption("full width", VOTES, cell("yes", "９"), "is not a whole number"),
    Corruption("exponent", "evidence/brent_prices.csv", cell("price", "1e2"), "is not a number"),
    Corruption("month", "evidence/brent_prices.csv", cell("month", "2021-13"), "is not a month"),
    Corruption("year", "evidence/nato_spending.csv", cell("year", "15"), "is not a year"),
    Corruption("truth", "evidence/nato_members.csv", cell("founder", "yes"), "is not true or"),
    Corruption("capital", "evidence/nato_members.csv", cell("founder", "True"), "is not true or"),
    Corruption("empty", VOTES, cell("date", ""), "every row needs a value"),
    Corruption("enum", VOTES, cell("body", "Assembly"), "is not one of General Assembly, Sec"),
    Corruption("minimum", VOTES, cell("no", "-1"), "is less than 0"),
    Corruption("maximum", VOTES, cell("yes", "194"), "is more than 193"),
    Corruption("pattern", "evidence/un_country_votes.csv", cell("iso3", "AF"), "has not the form"),
    Corruption("twice", "evidence/summits.csv", cell("start_date", "1943-11-28"), "row 2 too"),
    Corruption("source", VOTES, cell("source", "hearsay"), "'source_key' of data/sources.csv"),
    Corruption("target", "research/findings.csv", cell("claim_id", "S1-B9"), "article/claims.csv"),
    Corruption("key", "evidence/un_country_votes.csv",
               table(lambda r: r.insert(3, r[2]), " row 4, column 'resolution, iso3': '68/262, "),
               "is the key of row 3 too"),
]  # fmt: skip
FILES = [
    Corruption("empty file", VOTES, file(lambda raw: b"", ": "), "is empty"),
    Corruption("mark", VOTES, file(lambda raw: b"\xef\xbb\xbf" + raw, " row 1: "), "byte order"),
    Corruption("latin 1", VOTES, file(lambda raw: raw[:-1] + b"\xe9\n", " row "), "0xe9 is not"),
    Corruption("utf 16", VOTES, file(lambda r: r.decode().encode("utf-16"), " row 1: "), "UTF-8"),
    Corruption("crlf", VOTES, file(lambda r: r.replace(b"\n", b"\r\n"), " row 1: "), "line feed"),
    Corruption("open end", VOTES, file(lambda raw: raw[:-1], " row "), "ends with one line feed"),
    Corruption("blank end", VOTES, file(lambda raw: raw + b"\n", " row "), "one line feed"),
    Corruption("quote", VOTES, file(lambda raw: raw + b'"a\n', " row "), "is not CSV"),
    Corruption("header only", VOTES, file(lambda r: r[: r.index(b"\n") + 1], ": "), "has no rows"),
    Corruption("no header", VOTES, table(lambda rows: rows.pop(0), " row 1, column "), "missing"),
    Corruption("lost column", VOTES, table(lambda rows: [r.pop(5) for r in rows],
               " row 1, column 'yes': "), "the column is missing"),
    Corruption("new column", VOTES, table(lambda rows: [r.append("x") for r in rows],
               " row 1, column 'x': "), "is not a column of this table"),
    Corruption("column twice", VOTES, table(lambda rows: [r.append(r[0]) for r in rows],
               " row 1, column 'date': "), "the column is there 2 times"),
    Corruption("order", VOTES, table(lambda rows: [r.insert(0, r.pop(1)) for r in rows],
               " row 1: "), "the columns are out of order"),
    Corruption("lost cell", VOTES, table(lambda rows: rows[4].pop(), " row 5: 16 cells, "),
               "expected 17: date, body"),
    Corruption("new cell", VOTES, table(lambda rows: rows[4].append("x"), " row 5: 18 cells, "),
               "expected 17: date, body"),
    Corruption("blank row", VOTES, table(lambda rows: rows.insert(4, []), " row 5: 0 cells, "),
               "expected 17"),
]  # fmt: skip
DESCRIPTIONS = [
    Corruption("outside", PACKAGE, described("un_votes", lambda r: r.update(path="../notes.csv"),
               "path"), "leaves data/"),
    Corruption("absolute", PACKAGE, described("un_votes", lambda r: r.update(path="/etc/hosts.csv"),
               "path"), "leaves data/"),
    Corruption("no caveats", PACKAGE, described("un_votes", lambda r: r.pop("caveats"),
               "caveats"), "is missing"),
    Corruption("no coverage", PACKAGE, described("un_votes", lambda r: r.update(coverage=""),
               "coverage"), "'' does not fit: minLength 1"),
    Corruption("as-of date", PACKAGE, described("un_votes", lambda r: r.update(asOf="now"),
               "asOf"), "'now' does not fit: format 'date'"),
    Corruption("no licence", PACKAGE, described("un_votes", lambda r: r.update(licenses=[]),
               "licenses"), "[] does not fit: minItems 1"),
    Corruption("no source", PACKAGE, described("un_votes", lambda r: r.update(sources=[{}]),
               "sources.0.title"), "is missing"),
    Corruption("row unclear", PACKAGE, described("un_votes", lambda r: r.update(description="x"),
               "description"), "does not fit: pattern '^One row is'"),
    Corruption("name twice", PACKAGE, file(lambda raw: raw.replace(b'"name": "un_votes"',
               b'"name": "claims"'), ", table 'claims', key 'name': "), "name of two tables"),
    Corruption("unknown type", PACKAGE, described("un_votes", lambda r: field(r).update(type="day"),
               "schema.fields.0.type"), "'day' does not fit: enum ["),
    Corruption("no title", PACKAGE, described("un_votes", lambda r: field(r).pop("title"),
               "schema.fields.0.title"), "is missing"),
    Corruption("own word", PACKAGE, described("media_trust", lambda r: field(r, 3).update(
               constraints={"enum": ["x"]}), "schema.fields.3.constraints.enum.0"), "enum ["),
    Corruption("no bounds", PACKAGE, described("media_trust", lambda r: [f.pop("constraints", 0)
               for f in r["schema"]["fields"]], "schema.fields.2.constraints"), "'percent'"),
    Corruption("key of nothing", PACKAGE, described("un_votes",
               lambda r: r["schema"].update(primaryKey=["id"]), "schema"), "not there: 'id'"),
    Corruption("target of nothing", PACKAGE, described("un_votes",
               lambda r: r["schema"]["foreignKeys"][0]["reference"].update(resource="no"),
               "schema"), "that is not there"),
    Corruption("observed in nothing", PACKAGE, described("un_votes",
               lambda r: r.update(observed="day"), "schema"), "not there: 'day'"),
    Corruption("break of nothing", PACKAGE, described("un_votes",
               lambda r: r.update(breaks=[{"field": "id", "at": "2022", "note": "x"}]),
               "schema"), "not there: 'id'"),
]  # fmt: skip
RULES = [
    Corruption("control", VOTES, cell("title", "a\x00b"), "control character U+0000"),
    Corruption("line feed", VOTES, cell("title", "a\nb"), "control character U+000A"),
    Corruption("direction", VOTES, cell("title", "a\u202eb"), "RIGHT-TO-LEFT OVERRIDE"),
    Corruption("zero width", VOTES, cell("title", "a\u200bb"), "ZERO WIDTH SPACE"),
    Corruption("fixed space", VOTES, cell("title", "a\u00a0b"), "NO-BREAK SPACE"),
    Corruption("formula", VOTES, cell("title", "=1+1"), "like a formula"),
    Corruption("space", VOTES, cell("title", "a "), "a space too many"),
    Corruption("two spaces", VOTES, cell("title", "a  b"), "a space too many"),
    Corruption("sum", VOTES, cell("yes", "99", resolution="68/262"), "of the same resolution"),
    Corruption("host", "sources.csv", cell("url", "https://nowhere"), "is not a web address"),
    Corruption("scheme", "sources.csv", cell("url", "www.un.org/a"), "has not the form"),
    Corruption("blank", "sources.csv", cell("url", "https://un.org/a b"), "is not a web address"),
    Corruption("idle source", "sources.csv", cell("source_key", "zzz", row=2), "no row cites"),
    Corruption("read", "sources.csv", cell("accessed", "1900-01-01", source_key="unvotes"),
               "is before date"),
    Corruption("same source", VOTES, cell("source_2", "unvotes", resolution="68/262"),
               "is the first source again"),
    Corruption("second source", VOTES, cell("verification", "two sources", source_2=""),
               "but source_2 is empty"),
    Corruption("end", "evidence/summits.csv", cell("end_date", "1943-02-11"),
               "is before start_date '1945-02-04'"),
    Corruption("treaty end", "evidence/arms_control_agreements.csv",
               cell("ended", "1987-08-02", agreement="INF Treaty"), "is before signed"),
    Corruption("in force", "evidence/arms_control_agreements.csv",
               cell("entered_into_force", "1987-12-07", agreement="INF Treaty"), "before signed"),
    Corruption("no effect", "evidence/arms_control_agreements.csv",
               cell("ended", "1986-11-28", agreement="SALT II"), "never took effect"),
    Corruption("future", "evidence/un_votes.csv",
               cell("date", "2031-02-24", resolution="80/223"), "after the as-of date"),
    Corruption("order of events", VOTES, cell("date", "2014-03-14"), "declared order of rows"),
    Corruption("year of a poll", "evidence/russian_opinion.csv", cell("year", "2016", row=4),
               "is not the year of survey_month '2015-01'"),
    Corruption("country", "evidence/nato_members.csv", cell("member", "Turkey", iso3="TUR"),
               "elsewhere"),
    Corruption("code", "evidence/nato_members.csv", cell("iso3", "GRE", iso3="GRC"), "elsewhere"),
    Corruption("joined twice", "evidence/nato_members.csv", cell("iso3", "BEL", iso3="CAN"),
               "row 2 too"),
    Corruption("founder", "evidence/nato_members.csv", cell("founder", "false", iso3="BEL"),
               "does not fit the accession on 1949-04-04"),
    Corruption("member", "evidence/nato_spending.csv",
               cell("kind", "member", entity="Sweden", year="2020"), "does not fit the acc"),
    Corruption("vote", VOTES, cell("us_vote", "yes", resolution="ES-11/7"), "against no"),
    Corruption("answers", "evidence/russian_opinion.csv", cell("value", "95", row=4), "percent"),
    Corruption("other source", "evidence/brent_prices.csv",
               cell("source", "unvotes", month="2021-03"), "in the other rows"),
    Corruption("source of a vote", "evidence/un_country_votes.csv",
               cell("source", "eia_datasets_oil", resolution="68/262"), "the same resolution"),
    Corruption("older source", "evidence/summits.csv",
               cell("source", "wh_1994_12_05", start_date="2021-06-16"), "of 1994-12-05"),
    Corruption("reference", "research/works.csv", cell("reference", "nobody1900"),
               "is not in book/references.bib"),
    Corruption("package", "evidence/sanctions_measures.csv", cell("package", "19", package="20"),
               ""),
    Corruption("no medium", "sources.csv", cell("kind", "state media", source_key="unvotes"),
               "state medium that publish/rules.yaml does not name"),
    Corruption("of others", "sources.csv", cell("reports", "NATO", source_key="rg_2024_embargo"),
               "names no body of Russia, whose medium it is"),
]  # fmt: skip
EVERY = [*TYPES_AND_KEYS, *FILES, *DESCRIPTIONS, *RULES]


def spoilt(copy: Path, path: str, change: Callable[[Any], bytes | None]) -> list[str]:
    """Change the bytes of a file (None: it is not there), validate, undo; return the errors."""
    target = copy / path
    raw = target.read_bytes() if target.exists() else None
    try:
        new = change(raw)
        target.unlink() if new is None else target.write_bytes(new)
        return validation.problems(copy)
    finally:
        target.unlink(missing_ok=True) if raw is None else target.write_bytes(raw)


@pytest.mark.parametrize("case", EVERY, ids=[case.name for case in EVERY])
def test_a_corruption_is_reported_in_one_line(copy, known, case):
    changed, place = case.edit((copy / "data" / case.path).read_bytes())
    found = spoilt(copy, f"data/{case.path}", lambda raw: changed)
    new = [line for line in found if line not in known]
    said = [line for line in new if line.startswith(f"data/{case.path}{place}")]
    assert any(case.says in line for line in said), (place, case.says, new[:5])
    assert all("\n" not in line and len(line) < 600 for line in new)


def test_a_file_that_is_missing_or_not_described_is_reported(copy, known):
    new = {*spoilt(copy, f"data/{VOTES}", lambda raw: None)} - known
    assert [line for line in new if line.startswith(f"data/{VOTES}: cannot be read: No such file")]
    assert not [line for line in new if "un_country_votes" in line]
    new = {*spoilt(copy, "data/evidence/notes.csv", lambda raw: b"a\n1\n")} - known
    assert new == {"data/evidence/notes.csv: is not described in data/datapackage.json"}
    for name in ("data/datapackage.json", "book/references.bib"):
        (line,) = spoilt(copy, name, lambda raw: None)
        assert name in line and "cannot be read: No such file" in line


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"resources": 3}', '{"resources": ["un_votes"]}', "\xff"]
)
def test_a_package_that_is_not_one_is_reported(copy, text):
    (line,) = spoilt(copy, f"data/{PACKAGE}", lambda raw: text.encode("latin-1"))
    assert line.startswith("data/datapackage.json is not a data package in JSON")


def test_a_rule_that_no_longer_fits_its_table_is_named(copy, known):
    path, name = copy / "data" / VOTES, (b'"name": "abstain"', b'"name": "abstained"')
    rows = path.read_bytes()
    path.write_bytes(rows.replace(b",abstain,", b",abstained,", 1))
    try:
        new = {*spoilt(copy, f"data/{PACKAGE}", lambda raw: raw.replace(*name))} - known
    finally:
        path.write_bytes(rows)
    wrong = {line.partition(":")[0] for line in new}
    assert wrong == {f"book/publish/rules.py, {rule}" for rule in ("arithmetic", "totals")}


def test_every_error_is_listed_not_the_first_alone(copy, known):
    def edit(raw: bytes) -> bytes:
        rows = rows_of(raw)
        for row in (2, 5, 9):
            rows[row - 1][rows[0].index("yes")] = "many"
        return written(rows)

    new = [line for line in spoilt(copy, f"data/{VOTES}", edit) if line not in known]
    assert [re.findall(r"row \d+", line)[0] for line in new] == ["row 2", "row 5", "row 9"]


def paths(entry: Any, prefix: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield prefix
    listed = entry if isinstance(entry, list) else []
    items = entry.items() if isinstance(entry, dict) else enumerate(listed)
    for key, value in items:
        yield from paths(value, (*prefix, key))


def test_a_package_with_any_part_replaced_ends_in_lines_not_in_a_traceback(copy):
    chance = random.Random(2026)

    def replace(raw: bytes) -> bytes:
        package = part = json.loads(raw)
        *above, last = chance.choice([place for place in paths(package) if len(place) > 2])
        for key in above:
            part = part[key]
        part[last] = chance.choice([None, 3, "", "x", [], {}, ["x"], {"a": 1}, True])
        return json.dumps(package).encode()

    for _ in range(40):
        assert all("\n" not in line for line in spoilt(copy, f"data/{PACKAGE}", replace))


# ---- The rules that are lists: each line fires when its table is changed ------------------------


@pytest.fixture(scope="session")
def tables(package) -> rules.Tables:
    found = rules.Tables()
    for resource in package["resources"]:
        text = cells(resource).astype(object)
        text.index = range(2, len(text) + 2)
        found[resource["name"]] = rules.Table(resource, text)
    return found


def changed(tables: rules.Tables, name: str, row: int, column: str, value: str) -> rules.Tables:
    text = tables[name].text.copy()
    text.loc[row, column] = value
    other = rules.Tables(tables)
    other[name] = rules.Table(tables[name].resource, text)
    return other


@pytest.mark.parametrize("line", rules.KINDS["arithmetic"])
def test_arithmetic_within_a_row_is_checked(tables, line):
    left, relation, expression, _ = rules.parsed(line)
    name, column = left.split(": ")
    expression, _, condition = expression.partition(" if ")
    values = tables[name].values.query(condition) if condition else tables[name].values
    result = values.eval(expression, engine="python") + values[column]
    row = result.dropna().index[0]
    wrong = "-987654" if relation == ">=" else "987654"
    found = [*rules.arithmetic(changed(tables, name, row, column, wrong))]
    assert any(p.row == row and p.column == column and wrong in p.text for p in found), line


@pytest.mark.parametrize("line", rules.KINDS["totals"])
def test_totals_of_other_rows_are_checked(tables, line):
    left, relation, right, _ = rules.parsed(line)
    table, column, keys, rows = rules.side(tables, left)
    _, _, _, pieces = rules.side(tables, right)
    both = rows[rows[column].notna()].merge(pieces[keys].drop_duplicates(), on=keys)
    row = rows[(rows[keys] == both.loc[0, keys]).all(axis=1)].index[0]
    wrong = "-987654321" if relation == ">=" else "987654321"
    found = [*rules.totals(changed(tables, table.name, row, column, wrong))]
    assert any(p.path == table.path and p.column == column for p in found), line


@pytest.mark.parametrize("line", rules.KINDS["conditions"])
def test_a_condition_that_is_broken_is_found_with_its_place(tables, monkeypatch, line):
    """Some cell of each column breaks it: an early or late moment, nothing, or a plain word."""
    place, column, *_ = line.split(" | ")
    name = place.split()[0]
    for table in [t for t in tables.values() if name in {"*", t.name} and column in t.fields]:
        for row in table.text.index[:40]:
            for wrong in (
                "0001-01-01",
                "",
                "x",
                "two sources",
                "unverified",
                "2025",
                *table.text.loc[row],
            ):
                there = changed(tables, table.name, row, column, wrong)
                only = rules.Tables({n: there[n] for n in (table.name, "nato_members")})
                monkeypatch.setitem(rules.KINDS, "conditions", [line])
                if [p for p in rules.conditions(only) if (p.row, p.column) == (row, column)]:
                    return
    pytest.fail(f"nothing breaks it: {line}")


@pytest.mark.parametrize("line", rules.KINDS["editions"])
def test_editions_that_overlap_are_found(tables, line):
    table, (column, time, *keys) = rules.named(line, tables)
    for _, series in table.text.sort_values(time, kind="stable").groupby(keys or (lambda row: 0)):
        first, last = series[column].iloc[0], series[column].iloc[-1]
        if first != last:  # the later edition turns up among the rows of the earlier, or before
            several = (series[column] == first).sum() > 1
            row, wrong = (series.index[0], last) if several else (series.index[-1], first)
            found = [*rules.editions(changed(tables, table.name, row, column, wrong))]
            assert found or len(series) == 2, line
            assert {p.path for p in found} <= {table.path}
            return
    assert table.text[column].nunique() == 1  # a single definition so far: nothing can overlap


@pytest.mark.parametrize("line", rules.KINDS["once"])
def test_values_given_twice_are_found(tables, line):
    table, columns = rules.named(line, tables)
    full = table.text[(table.text[columns] != "").all(axis=1)]
    wrong = tables
    for column in columns:
        value = full[column].iloc[0]
        wrong = changed(wrong, table.name, full.index[1], column, value)
    found = [*rules.once(wrong)]
    assert [(p.row, p.column) for p in found] == [(full.index[1], ", ".join(columns))]


@pytest.mark.parametrize("line", rules.KINDS["gapless"])
def test_a_lost_row_is_missed(tables, line):
    table, _ = rules.named(line, tables)
    shorter = rules.Tables(tables)
    shorter[table.name] = rules.Table(table.resource, table.text.drop(index=4))
    assert [p.row for p in rules.gapless(shorter)] == [5]


@pytest.mark.parametrize("line", rules.KINDS["alike"])
def test_a_row_that_names_another_source_is_found(tables, line):
    name, column = re.split(": | by ", line)[:2]
    found = [*rules.alike(changed(tables, name, 3, column, "hearsay"))]
    assert [(p.row, p.column) for p in found if "hearsay" in p.text] == [(3, column)]


@pytest.mark.parametrize(
    "name", [r["name"] for r in data.package()["resources"] if "rowOrder" in r]
)
def test_two_rows_against_the_declared_order_are_found(tables, name):
    table = tables[name]
    first, last = table.text.index[[0, -1]]
    text = table.text.rename(index={first: last, last: first}).sort_index()
    found = [*rules.row_order(rules.Tables({name: rules.Table(table.resource, text)}))]
    assert found and {p.path for p in found} == {table.path}


NO_SOURCES = [
    "https://a.blogspot.com/2025/a.html", "https://britishcolumbiatimes.com/a", "http://un.org/en/",
    "https://www.city-data.com/forum/a", "https://en.wikipedia.org/wiki/A", "https://www.rt.com/a",
    "https://sergeytereshkin.co.za/a", "https://wars.fandom.com/wiki/A", "https://www.example.org/",
    "https://usa.news-pravda.com/a", "https://www.pledgetimes.com/a", "https://docslib.org/doc/1/a",
    "https://www.binance.com/en/a", "https://e-strategyblog.com/a", "https://schwartzreport.net/a",
    "https://www.infowars.com/a", "https://www.reddit.com/r/a", "https://fxtechnology.org/a",
    "https://test.daily8.com/a", "https://a.org/index.html", "https://polymarket.com/a",
    "https://headtopics.com/a", "https://news-front.su/a", "https://self-law.org/a",
    "https://excelnews.in/a", "https://newsworld.co/a", "https://pamfleti.net/a", "https://t.me/a",
    "https://roastidio.us/a", "https://example.org", "https://x.com/a/1",
]  # fmt: skip
SOURCES = [
    "https://www.pravda.com.ua/eng/a", "https://www.levada.ru/en/a", "https://www.smart.com/a",
    "https://en.wikisource.org/wiki/A", "https://history.state.gov/a", "https://nato.int/index",
]  # fmt: skip


@pytest.mark.parametrize("line", rules.KINDS["kept_out"])
def test_each_kind_of_address_that_is_no_source_is_found(tables, monkeypatch, line):
    monkeypatch.setitem(rules.KINDS, "kept_out", [line])
    said = {url: [*rules.kept_out(changed(tables, "sources", 2, "url", url))] for url in NO_SOURCES}
    (where,) = {(p.row, p.column) for found in said.values() for p in found}
    assert where == (2, "url")


@pytest.mark.parametrize("url", [*NO_SOURCES, *SOURCES])
def test_an_address_is_a_source_or_none(tables, url):
    assert bool([*rules.kept_out(changed(tables, "sources", 2, "url", url))]) == (url in NO_SOURCES)


def test_an_address_in_the_package_is_looked_at_too(tables):
    table = tables["summits"]
    resource = {**table.resource, "sources": [{"title": "x", "path": "https://x.org/"}]}
    (found,) = rules.kept_out(rules.Tables({"summits": rules.Table(resource, table.text)}))
    assert "home page" in found.text and found.column == "sources"


def test_a_medium_that_a_state_controls_is_told_by_host_or_publisher(tables):
    for column, value in (("publisher", "Reuters at TASS"), ("url", "https://tass.com/a/1")):
        (found,) = rules.state_media(changed(tables, "sources", 2, column, value))
        assert (found.row, found.column) == (2, "kind") and "of Russia" in found.text


def test_a_row_stands_on_state_media_alone_only_where_it_says_what_they_say(tables):
    for name, wrong in (("contacts", 1), ("stated_aims", 0)):
        there = changed(tables, name, 2, "source", "interaffairs_2023_concept")
        there = changed(there, name, 2, "source_2", "")
        found = [p for p in rules.state_media(there) if p.column == "source"]
        assert [(p.path, p.row) for p in found] == [(f"data/evidence/{name}.csv", 2)] * wrong


def test_every_name_in_the_lists_is_a_table_with_these_columns(tables):
    for kind in ("alike", "once", "gapless", "editions", "announced"):
        for table, columns in (rules.named(line, tables) for line in rules.KINDS[kind]):
            assert {*columns} <= {*table.fields}, (table.name, columns)
