"""Check data/ to the last cell: the description, each file, each type and key, then the rules.

Types, constraints and keys are checked with frictionless from data/datapackage.json; what no
schema can say stands in publish.rules. Every error is one line for people: file, row (the header
is row 1), column, value, and what was expected.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
from frictionless import FrictionlessException, Resource

from publish import rules
from publish.rules import Problem, Table, Tables, quoted
from report import data

Descriptor = dict[str, Any]

#: How a value of each type is written: in the one way that all tools read.
WRITTEN = {
    "date": (r"\d{4}-\d\d-\d\d", "a date (YYYY-MM-DD)"),
    "yearmonth": (r"\d{4}-(0\d|1[012])", "a month (YYYY-MM)"),
    "year": (r"\d{4}", "a year (YYYY)"),
    "integer": (r"-?\d+", "a whole number"),
    "number": (r"-?\d+(\.\d+)?", "a number (digits, with a point for decimals)"),
    "boolean": (r"true|false", "true or false"),
}
_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT}


def _object(needed: str, /, **properties: Any) -> Descriptor:
    keys = dict.fromkeys(needed.split(), _TEXT) | properties
    return {"type": "object", "properties": keys, "required": needed.split()}


#: What data/datapackage.json says of every table, as a JSON Schema.
_FIELD = _object(
    "name type title description",
    type={"enum": list(data.DTYPES)},
    unit=_TEXT,
    constraints=_object(
        "",
        required={"type": "boolean"},
        unique={"type": "boolean"},
        enum={"type": "array", "items": {"type": ["string", "number"]}, "minItems": 1},
        minimum={"type": ["string", "number"]},
        maximum={"type": ["string", "number"]},
        pattern=_TEXT | {"format": "regex"},
    ),
)
_KEY = _object(
    "fields reference",
    fields=_TEXTS,
    reference=_object("resource fields", resource={"type": "string"}, fields=_TEXTS),
)
_SCHEMA = _object(
    "fields primaryKey",
    fields={"type": "array", "items": _FIELD, "minItems": 1},
    primaryKey=_TEXTS,
    foreignKeys={"type": "array", "items": _KEY},
)
CONTRACT = jsonschema.Draft202012Validator(
    _object(
        "name type path title description format mediatype encoding schema sources licenses "
        "restricted coverage asOf caveats breaks",
        path=_TEXT | {"pattern": r"^[\w./-]+\.csv$"},
        description=_TEXT | {"pattern": "^One row is"},
        schema=_SCHEMA,
        sources={"type": "array", "items": _object("title"), "minItems": 1},
        licenses={"type": "array", "items": _object("name title"), "minItems": 1},
        restricted={"type": "boolean"},
        asOf=_TEXT | {"format": "date"},
        caveats=_TEXTS,
        breaks={"type": "array", "items": _object("field at note")},
    ),
    format_checker=jsonschema.FormatChecker(("date", "regex")),
)
#: How a broken constraint is worded.
EXPECTED = {
    "required": "is empty; every row needs a value",
    "enum": "is not one of {}",
    "minimum": "is less than {}",
    "maximum": "is more than {}",
    "pattern": "has not the form {}",
}


def problems(root: Path = data.ROOT) -> list[str]:
    """Return every error in data/ of a checkout, one line each; empty when all is well.

    Args:
        root: the folder that holds data/ and book/references.bib.
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
    found += _types_and_keys(tables, folder)
    found += rules.references(tables, bibliography)
    if len(tables) == len(resources):  # while a table cannot be read, its sources look unused
        found += rules.unused_sources(tables)
    for rule in rules.RULES:
        try:
            found += rule(tables)
        except (LookupError, TypeError, ValueError, NameError, AttributeError) as error:
            text = f"does not fit the tables as data/datapackage.json describes them: {error}"
            found.append(Problem(f"book/publish/rules.py, {rule.__name__}", 0, "", text))
    first: dict[tuple[str, int, str], Problem] = {}
    for problem in found:  # a wrong cell often breaks several rules; the first one explains it
        first.setdefault((problem.path, problem.row, problem.column), problem)
    return [str(first[place]) for place in sorted(first)]


def _place(resource: Descriptor) -> str:
    return f"data/datapackage.json, table {resource.get('name')!r}"


def _description(resources: list[Descriptor], folder: Path) -> Iterator[Problem]:
    """Check that the package says all that the book needs to know of its tables, one and all."""
    sound = [resource for resource in resources if CONTRACT.is_valid(resource)]
    names = Counter(resource["name"] for resource in sound)
    columns = {r["name"]: {field["name"] for field in r["schema"]["fields"]} for r in sound}
    unsound = {str(r.get("name")) for r in resources} - {*columns}
    for resource in resources:
        fits = resource in sound
        faults = _faults(resource, folder, columns, unsound) if fits else _shape(resource)
        for key, text in faults:
            yield Problem(_place(resource), 0, key, text)
        if names[str(resource.get("name"))] > 1:
            yield Problem(_place(resource), 0, "name", "is the name of two tables")
    described = {str(resource.get("path")) for resource in resources}
    for path in sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.csv")):
        if path not in described:
            yield Problem(f"data/{path}", 0, "", "is not described in data/datapackage.json")


def _shape(resource: Descriptor) -> Iterator[tuple[str, str]]:
    """Return each key of a table's description that is missing or not of its kind."""
    for error in CONTRACT.iter_errors(resource):
        path = [str(key) for key in error.absolute_path]
        if error.validator == "required":
            yield ".".join([*path, error.message.split("'")[1]]), "is missing"
        else:
            rule = f"{error.validator} {quoted(error.validator_value)}"
            yield ".".join(path), f"{quoted(error.instance)} does not fit: {rule}"


def _faults(
    resource: Descriptor, folder: Path, columns: dict[str, set[str]], unsound: set[str]
) -> Iterator[tuple[str, str]]:
    """Return each key of a well-formed description that does not fit, and why."""
    schema, mine = resource["schema"], columns[resource["name"]]
    if not (folder / resource["path"]).resolve().is_relative_to(folder.resolve()):
        yield "path", f"{quoted(resource['path'])} leaves data/"
    for number, field in enumerate(schema["fields"]):
        unit = field.get("unit", "")
        bounds = {"minimum", "maximum"} <= {*field.get("constraints", {})}
        if unit.startswith(("percent", "share")) and not bounds:
            need = f"need a minimum and a maximum, as the unit is {unit!r}"
            yield f"schema.fields.{number}.constraints", need
    for name in [*schema["primaryKey"], *(entry["field"] for entry in resource["breaks"])]:
        if name not in mine:
            yield "schema", f"a key or a break names a column that is not there: {name!r}"
    for key in schema.get("foreignKeys", []):
        target = key["reference"]["resource"]
        theirs = columns.get(target or resource["name"], set())
        there = target in unsound or {*key["reference"]["fields"]} <= theirs
        if not ({*key["fields"]} <= mine and there):
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


def _types_and_keys(tables: Tables, folder: Path) -> Iterator[Problem]:
    """Let frictionless check types, constraints and keys of each table; word its errors.

    Foreign keys are compared here: frictionless would read the register of sources anew for each
    table, which takes longer than all the rest.
    """
    for table in tables.values():
        for name, field in table.fields.items():
            form, what = WRITTEN.get(field["type"], (".*", "text"))
            for row, cell in table.cells(name):
                if cell and not re.fullmatch(form, cell, re.DOTALL):
                    yield table.problem(row, name, f"is not {what}")
        schema = {k: v for k, v in table.resource["schema"].items() if k != "foreignKeys"}
        try:
            resource = Resource({**table.resource, "schema": schema}, basepath=str(folder))
            for error in resource.validate().tasks[0].errors:
                yield _worded(error, table)
        except FrictionlessException as exception:
            for error in exception.reasons or [exception.error]:
                yield Problem(_place(table.resource), 0, "", f"is not valid: {error.message}")
        for key in table.resource["schema"].get("foreignKeys", []):
            target = tables.get(key["reference"]["resource"] or table.name)
            if target is None:  # a key to a table that cannot be read says nothing
                continue
            there = {tuple(cells) for _, *cells in target.cells(*key["reference"]["fields"])}
            for row, *cells in table.cells(*key["fields"]):
                if any(cells) and tuple(cells) not in there:
                    where = f"{', '.join(key['reference']['fields'])!r} of {target.path}"
                    text = f"is not in column {where}"
                    yield table.problem(row, ", ".join(key["fields"]), text, ", ".join(cells))


def _worded(error: Any, table: Table) -> Problem:
    """Turn an error of frictionless into a line that says what was expected."""
    row, name = getattr(error, "row_number", 0) or 0, getattr(error, "field_name", "")
    other = "".join(re.findall(r"\d+", error.note)[-1:])
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
        shown = ", ".join(map(str, limit)) if isinstance(limit, list) else limit
        return table.problem(row, name, EXPECTED.get(constraint, constraint + " {}").format(shown))
    return Problem(table.path, row, name, error.message)
