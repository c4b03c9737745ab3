"""The data is valid; every kind of corruption of a copy is reported with its place, in one line."""

import csv
import io
import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from copies import cases

from publish import rules, validation
from report import data

VOTES = "evidence/un_votes.csv"
PACKAGE = "datapackage.json"
CASES, ADDRESSES = cases("corruptions"), cases("source_addresses")


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


def edited(raw: bytes, change: Callable[[list[list[str]]], Any]) -> bytes:
    """Return a CSV file with something done to its rows; the first is the header."""
    rows, text = list(csv.reader(io.StringIO(raw.decode()))), io.StringIO()
    change(rows)
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def corrupted(case: dict[str, Any], raw: bytes) -> tuple[bytes, str]:
    """Do to a file what corruptions.yaml says; return its bytes and the place to be named."""
    if "table" in case:
        package = json.loads(raw)
        table = next(r for r in package["resources"] if r["name"] == case["in"])
        schema = table["schema"]
        eval(case["table"], {}, {"table": table, "schema": schema, "fields": schema["fields"]})
        return json.dumps(package).encode(), f", table {case['in']!r}, key '{case['key']}': "
    if "bytes" in case:
        return eval(case["bytes"], {}, {"raw": raw}), case["place"]
    if "rows" in case:
        return edited(raw, lambda rows: eval(case["rows"], {}, {"rows": rows})), case["place"]
    text, column = pd.read_csv(io.BytesIO(raw), dtype=str, keep_default_na=False), case["cell"]
    fits = [text[name] == content for name, content in case.get("where", {}).items()]
    row = text.index[pd.concat(fits, axis=1).all(axis=1)][0] if fits else case.get("row", 3) - 2
    text.loc[row, column] = case["value"]
    new = text.to_csv(index=False, lineterminator="\n").encode()
    return new, f" row {row + 2}, column '{column}': {data.quoted(case['value'])} "


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


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_corruption_is_reported_in_one_line(copy, known, case):
    described = "table" in case or case["in"] == "package"
    path = PACKAGE if described else data.describe(case["in"])["path"]
    changed, place = corrupted(case, (copy / "data" / path).read_bytes())
    new = [line for line in spoilt(copy, f"data/{path}", lambda raw: changed) if line not in known]
    said = [line for line in new if line.startswith(f"data/{path}{place}")]
    assert any(case["says"] in line for line in said), (place, case["says"], new[:5])
    assert all("\n" not in line and len(line) < 600 for line in new)


def test_a_file_that_is_missing_or_not_described_is_reported(copy, known):
    new = {*spoilt(copy, f"data/{VOTES}", lambda raw: None)} - known
    assert [line for line in new if line.startswith(f"data/{VOTES}: cannot be read: No such file")]
    assert not [line for line in new if "un_country_votes" in line]
    for name in ("data/evidence/notes.csv", "data/notes.txt"):
        new = {*spoilt(copy, name, lambda raw: b"a\n1\n")} - known
        assert new == {f"{name}: is not described in data/datapackage.json"}
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
    def many(rows: list[list[str]]) -> None:
        for row in (2, 5, 9):
            rows[row - 1][rows[0].index("yes")] = "many"

    new = [
        n for n in spoilt(copy, f"data/{VOTES}", lambda raw: edited(raw, many)) if n not in known
    ]
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


LINES = [(f, line) for f in (rules.arithmetic, rules.totals) for line in rules.KINDS[f.__name__]]


@pytest.mark.parametrize(("rule", "line"), LINES)
def test_a_number_that_does_not_fit_the_others_is_found(tables, monkeypatch, rule, line):
    left, relation, *_ = rules.parsed(line)
    name, column = re.split(": | by ", left)[:2]
    wrong = "-987654321" if relation == ">=" else "987654321"
    monkeypatch.setitem(rules.KINDS, rule.__name__, [line])
    for row in tables[name].text.index:  # until one that the line is about
        for problem in rule(changed(tables, name, row, column, wrong)):
            assert (problem.path, problem.column) == (tables[name].path, column)
            if problem.row == row and wrong in problem.text:
                return
    pytest.fail(f"nothing breaks it: {line}")


@pytest.mark.parametrize("line", rules.KINDS["conditions"])
def test_a_condition_that_is_broken_is_found_with_its_place(tables, monkeypatch, line):
    """Some cell of the column breaks it: an early or late moment, nothing, or a plain word."""
    place, column, must, _ = line.split(" | ")
    monkeypatch.setitem(rules.KINDS, "conditions", [line])
    fit = [t for t in tables.values() if place.split()[0] in {"*", t.name} and column in t.fields]
    table = max(fit, key=lambda t: len({*re.findall(r"\w+", must)} & {*t.fields}))
    only = rules.Tables({"nato_members": tables["nato_members"]})
    for row in table.text.index[:40]:
        words = ("0001-01-01", "", "x", "two sources", "unverified", "2025")
        for wrong in (*words, *table.text.loc[row]):
            text = table.text.loc[[row]].assign(**{column: wrong})
            only[table.name] = rules.Table(table.resource, text)
            if [(p.row, p.column) for p in rules.conditions(only)] == [(row, column)]:
                return
    pytest.fail(f"nothing breaks it: {line}")


@pytest.mark.parametrize("name", rules.KINDS["editions"])
def test_editions_that_overlap_are_found(tables, name):
    text, (column, time, *keys) = tables[name].text, rules.KINDS["editions"][name]
    for _, series in text.sort_values(time, kind="stable").groupby(keys or (lambda row: 0)):
        first, last = series[column].iloc[0], series[column].iloc[-1]
        if first != last:  # the later edition turns up among the rows of the earlier, or before
            several = (series[column] == first).sum() > 1
            row, wrong = (series.index[0], last) if several else (series.index[-1], first)
            found = [*rules.editions(changed(tables, name, row, column, wrong))]
            assert found or len(series) == 2
            assert {p.path for p in found} <= {tables[name].path}
            return
    assert text[column].nunique() == 1  # a single definition so far: nothing can overlap


@pytest.mark.parametrize("name", rules.KINDS["gapless"])
def test_a_lost_row_is_missed(tables, name):
    table = tables[name]
    shorter = rules.Table(table.resource, table.text.drop(index=4))
    assert [p.row for p in rules.gapless(rules.Tables({name: shorter}))] == [5]


@pytest.mark.parametrize("name", rules.KINDS["alike"])
def test_a_row_that_names_another_source_is_found(tables, name):
    found = [*rules.alike(changed(tables, name, 3, "source", "hearsay"))]
    assert [(p.row, p.column) for p in found if "hearsay" in p.text] == [(3, "source")]


@pytest.mark.parametrize(
    "name", [r["name"] for r in data.package()["resources"] if "rowOrder" in r]
)
def test_two_rows_against_the_declared_order_are_found(tables, name):
    table = tables[name]
    first, last = table.text.index[[0, -1]]
    text = table.text.rename(index={first: last, last: first}).sort_index()
    found = [*rules.row_order(rules.Tables({name: rules.Table(table.resource, text)}))]
    assert found and {p.path for p in found} == {table.path}


@pytest.mark.parametrize("form", rules.KINDS["kept_out"])
def test_each_kind_of_address_that_is_no_source_is_found(tables, monkeypatch, form):
    monkeypatch.setitem(rules.KINDS, "kept_out", {form: "is none"})
    there = [changed(tables, "sources", 2, "url", url) for url in ADDRESSES["no source"]]
    found = [(p.row, p.column) for wrong in there for p in rules.kept_out(wrong)]
    assert {*found} == {(2, "url")}


@pytest.mark.parametrize("url", [url for kind in ADDRESSES.values() for url in kind])
def test_an_address_is_a_source_or_none(tables, url):
    assert bool([*rules.kept_out(changed(tables, "sources", 2, "url", url))]) == (
        url in ADDRESSES["no source"]
    )


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
    for kind in ("gapless", "alike", "editions", "announced"):
        for name, columns in rules.KINDS[kind].items():
            asked = {columns} if isinstance(columns, str) else {*columns}
            assert asked <= {*tables[name].fields}, name
