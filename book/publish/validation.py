"""Check data/ to the last cell: the description, each file, each type and key, then the rules.

Types, constraints and keys are checked by frictionless from data/datapackage.json alone; what no
schema can say stands in publish.rules. Every error is one line for people: file, row (the header
is row 1), column, value, and what was expected.
"""

from __future__ import annotations

import copy
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from frictionless import FrictionlessException, Package

from publish import rules
from publish.rules import Problem, Table, Tables, quoted
from report import data

Descriptor = dict[str, Any]

#: What data/datapackage.json says of every table and of every column, by JSON type.
TABLE_KEYS: dict[type, tuple[str, ...]] = {
    str: (
        *("name", "type", "path", "title", "description", "format", "mediatype", "encoding"),
        *("coverage", "asOf"),
    ),
    list: ("sources", "licenses", "caveats", "breaks"),
    dict: ("schema",),
    bool: ("restricted",),
}
COLUMN_KEYS: dict[type, tuple[str, ...]] = {str: ("name", "type", "title", "description")}
#: How a value of each type is written: in the one way that all tools read.
WRITTEN = {
    "date": (r"\d{4}-\d\d-\d\d", "a date (YYYY-MM-DD)"),
    "yearmonth": (r"\d{4}-(0\d|1[012])", "a month (YYYY-MM)"),
    "year": (r"\d{4}", "a year (YYYY)"),
    "integer": (r"-?\d+", "a whole number"),
    "number": (r"-?\d+(\.\d+)?", "a number (digits, with a point for decimals)"),
    "boolean": (r"true|false", "true or false"),
}
#: How a broken constraint is worded.
EXPECTED = {
    "required": "is empty; every row needs a value",
    "enum": "is not one of {}",
    "minimum": "is less than {}",
    "maximum": "is more than {}",
    "pattern": "has not the form {}",
}


def problems(root: Path = data.ROOT, only: Collection[str] = ()) -> list[str]:
    """Return every error in the data of a checkout, one line each; empty when all is well.

    Args:
        root: the folder that holds data/ and book/references.bib.
        only: tables whose types and keys are checked; all of them when empty. The description,
            the files and the rules are checked for all tables in any case: that takes less time.
    """
    folder = root / "data"
    try:
        package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
        resources = [dict(resource) for resource in package["resources"]]
        bibliography = (root / "book/references.bib").read_text(encoding="utf-8")
    except OSError as error:
        return [f"{error.filename} cannot be read: {error.strerror}. Restore it from git."]
    except (ValueError, KeyError, TypeError) as error:
        return [f"data/datapackage.json is not a data package in JSON: {error!r}. Mend it there."]
    found = list(_description(resources, folder))
    faulty = {problem.path for problem in found}
    tables = Tables()
    for resource in resources:
        if not {_place(resource), f"data/{resource.get('path')}"} & faulty:
            table, wrong = _read(resource, folder)
            found += wrong
            if not wrong:
                tables[table.name] = table
    found += _types_and_keys(package, tables, folder, only)
    for rule in rules.RULES:
        found += rule(tables)
    found += rules.references(tables, bibliography)
    if len(tables) == len(resources):  # while a table cannot be read, its sources look unused
        found += rules.unused_sources(tables)
    first: dict[tuple[str, int, str], Problem] = {}
    for problem in found:  # a wrong cell often breaks several rules; the first one explains it
        first.setdefault((problem.path, problem.row, problem.column), problem)
    return [str(first[place]) for place in sorted(first)]


def _place(resource: Descriptor) -> str:
    return f"data/datapackage.json, table {resource.get('name')!r}"


def _description(resources: list[Descriptor], folder: Path) -> Iterator[Problem]:
    """Check that the package says all that the book needs to know of its tables, one and all."""
    names = Counter(resource.get("name") for resource in resources)
    columns = {resource.get("name"): _columns(resource) for resource in resources}
    for resource in resources:
        faults = [*_missing(resource, TABLE_KEYS, "")]
        if names[resource.get("name")] > 1:
            faults.append(("name", "is the name of two tables"))
        if not faults:
            faults = [*_faults(resource, folder, columns)]
        for key, text in faults:
            yield Problem(_place(resource), 0, key, text)
    described = {(folder / str(resource.get("path"))).resolve() for resource in resources}
    for path in sorted(p for p in folder.rglob("*.csv") if p.resolve() not in described):
        name = f"data/{path.relative_to(folder).as_posix()}"
        yield Problem(name, 0, "", "is not described in data/datapackage.json")


def _columns(resource: Descriptor) -> set[str]:
    schema = resource.get("schema")
    return {f.get("name", "") for f in schema.get("fields", [])} if schema else set()


def _missing(
    entry: Descriptor, keys: dict[type, tuple[str, ...]], prefix: str
) -> Iterator[tuple[str, str]]:
    for kind, key in ((kind, key) for kind, some in keys.items() for key in some):
        if not isinstance(entry.get(key), kind) or entry[key] == "":
            yield prefix + key, f"is missing, or is not a {kind.__name__}"


def _faults(
    resource: Descriptor, folder: Path, columns: dict[Any, set[str]]
) -> Iterator[tuple[str, str]]:
    """Return each faulty key of a table's description, and what is wrong with it."""
    schema, mine = resource["schema"], columns[resource["name"]]
    if not (folder / resource["path"]).resolve().is_relative_to(folder.resolve()):
        yield "path", f"{quoted(resource['path'])} leaves data/"
    if not resource["description"].startswith("One row is"):
        yield "description", "does not begin with 'One row is'"
    if not re.fullmatch(WRITTEN["date"][0], resource["asOf"]):
        yield "asOf", f"{quoted(resource['asOf'])} is not {WRITTEN['date'][1]}"
    for key, item in (("sources", "title"), ("licenses", "name")):
        if not resource[key] or not all(entry.get(item) for entry in resource[key]):
            yield key, f"needs at least one entry, and in each a {item}"
    for field in schema.get("fields", []):
        name, limits = f"field {field.get('name')!r} ", field.get("constraints", {})
        yield from _missing(field, COLUMN_KEYS, name)
        if field.get("type") not in data.DTYPES:
            yield name + "type", f"{field.get('type')!r} is none of {', '.join(data.DTYPES)}"
        unit = field.get("unit", "")
        if unit.startswith(("percent", "share")) and not {"minimum", "maximum"} <= {*limits}:
            yield name + "constraints", f"need a minimum and a maximum, as the unit is {unit!r}"
    named = [*schema.get("primaryKey", []), *(entry.get("field") for entry in resource["breaks"])]
    for name in [name for name in named if name not in mine]:
        yield "schema", f"a key or a break names a column that is not there: {name!r}"
    for key in schema.get("foreignKeys", []):
        target = key["reference"]["resource"]
        theirs = columns.get(target, set()) if target else mine
        if not {*key["fields"]} <= mine or not {*key["reference"]["fields"]} <= theirs:
            yield "schema", f"a foreign key names a table or column that is not there: {key}"


def _read(resource: Descriptor, folder: Path) -> tuple[Table, list[Problem]]:
    """Read one file; return the table, and what keeps it from being one."""
    path, header = f"data/{resource['path']}", [f["name"] for f in resource["schema"]["fields"]]
    table = Table(resource, pd.DataFrame(columns=header))

    def wrong(row: int, text: str) -> tuple[Table, list[Problem]]:
        return table, [Problem(path, row, "", text)]

    try:
        raw = (folder / resource["path"]).read_bytes()
        text = raw.decode("utf-8")
    except OSError as error:
        return wrong(0, f"cannot be read: {error.strerror}; data/datapackage.json describes it")
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        return wrong(row, f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8")
    if not text.strip():
        return wrong(0, "is empty; expected a header row")
    if text.startswith("\ufeff"):
        return wrong(1, "begins with a byte order mark; save the file as UTF-8 without one")
    if "\r" in text:
        row = text.count("\n", 0, text.index("\r")) + 1
        return wrong(row, "has a carriage return; rows end with a line feed (LF) alone")
    if not text.endswith("\n") or text.endswith("\n\n"):
        return wrong(text.rstrip("\n").count("\n") + 1, "the last row ends with one line feed")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        return wrong(reader.line_num, f"is not CSV: {error}")
    if rows[0] != header:
        return table, [Problem(path, 1, *fault) for fault in _header(rows[0], header)]
    expected = f"cells, expected {len(header)}: {', '.join(header)}"
    errors = [
        Problem(path, number, "", f"{len(row)} {expected}; found {quoted(', '.join(row))}")
        for number, row in enumerate(rows[1:], start=2)
        if len(row) != len(header)
    ]
    if len(rows) == 1 and "empty" not in resource["description"]:
        return wrong(0, "has no rows, and its description does not say that it may be empty")
    if not errors:
        index = range(2, len(rows) + 1)
        table.text = pd.DataFrame(rows[1:], columns=header, index=index, dtype=object)
    return table, errors


def _header(found: list[str], expected: list[str]) -> Iterator[tuple[str, str]]:
    """Name the columns that are missing, too many or twice, or else their order."""
    for name, times in Counter(found).items():
        if times > 1:
            yield name, f"the column is there {times} times"
        elif name not in expected:
            yield name, f"is not a column of this table: {', '.join(expected)}"
    for name in [name for name in expected if name not in found]:
        yield name, f"the column is missing; found {', '.join(found)}"
    if sorted(found) == sorted(expected):
        yield "", f"the columns are out of order; expected {', '.join(expected)}"


def _types_and_keys(
    package: Descriptor, tables: Tables, folder: Path, only: Collection[str]
) -> Iterator[Problem]:
    """Let frictionless check types, constraints, primary and foreign keys; word its errors."""
    names = [name for name in tables if not only or name in only]
    for name in names:
        for field in tables[name].resource["schema"]["fields"]:
            form, what = WRITTEN.get(field["type"], (".*", ""))
            for row, cell in tables[name].cells(field["name"]) if what else ():
                if cell and not re.fullmatch(form, cell):
                    yield tables[name].problem(row, field["name"], f"is not {what}")
    resources = {name: copy.deepcopy(tables[name].resource) for name in names}
    for name in names:
        keys = resources[name]["schema"].pop("foreignKeys", [])
        targets = [key["reference"]["resource"] for key in keys]
        resources[name]["schema"]["foreignKeys"] = [  # a key to an unreadable table says nothing
            key for key, target in zip(keys, targets, strict=True) if target in {"", *tables}
        ]
        for target in {*targets} & {*tables} - {*resources}:
            resources[target] = tables[target].resource
    try:
        checked = Package({**package, "resources": [*resources.values()]}, basepath=str(folder))
        for name in names:
            for error in checked.get_resource(name).validate(limit_errors=1000).tasks[0].errors:
                yield _worded(error, tables, tables[name])
    except FrictionlessException as exception:
        for error in exception.reasons or [exception.error]:
            yield Problem("data/datapackage.json", 0, "", f"is not valid: {error.message}")


def _worded(error: Any, tables: Tables, table: Table) -> Problem:
    """Turn an error of frictionless into a line that says what was expected."""
    row, name = getattr(error, "row_number", 0) or 0, getattr(error, "field_name", "")
    other = "".join(re.findall(r"\d+", error.note)[-1:])
    if error.type == "foreign-key":
        target = tables.get(error.reference_name, table)
        where = f"{', '.join(error.reference_field_names)!r} of {target.path}"
        cells = ", ".join(error.field_cells)
        return table.problem(row, ", ".join(error.field_names), f"is not in column {where}", cells)
    if error.type == "primary-key":
        columns = table.resource["schema"]["primaryKey"]
        key = ", ".join(table.text.loc[row, columns])
        text = f"is the key of row {other} too" if other else "is no key: every part is empty"
        return table.problem(row, ", ".join(columns), text, key)
    if error.type == "unique-error":
        return table.problem(row, name, f"is in row {other} too; expected once only")
    if error.type == "type-error":
        kind = table.fields[name]["type"]
        return table.problem(row, name, f"is not {WRITTEN.get(kind, ('', kind))[1]}")
    if error.type == "constraint-error":
        constraint = error.note.split('"')[1]
        limit = table.fields[name]["constraints"][constraint]
        shown = ", ".join(limit) if isinstance(limit, list) else limit
        return table.problem(row, name, EXPECTED.get(constraint, constraint + " {}").format(shown))
    return Problem(table.path, row, name, error.message)
