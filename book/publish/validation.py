"""Check data/ to the last cell: the description, each file, each type and key, then the rules.

The description must fit description.yaml; files and types are read as notebooks read them, by
report.data; constraints and keys are those of the description; what no schema can say stands in
publish.rules. Every error is one line for people: file, row (the header is row 1), column, value,
and what was expected.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from publish import rules
from publish.rules import Table, Tables
from report import data
from report.data import Problem, quoted

Descriptor = dict[str, Any]

CONTRACT = jsonschema.Draft202012Validator(
    yaml.safe_load(Path(__file__).with_name("description.yaml").read_text("utf-8")),
    format_checker=jsonschema.FormatChecker(("date", "regex")),
)


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
            found += _read(resource, folder, tables)
    converted = [problem for problem in found if "carriage return" in problem.text]
    if len(converted) > 3:  # not 80 errors: it is no fault of the rows
        git = "git config core.autocrlf false, git rm -rq --cached ., git reset --hard"
        many = f"{len(converted)} files of data/, each like the first"
        return [f"{many}. {converted[0]}. If Git did it: {git}"]
    for table in tables.values():
        found += [*_constraints(table), *_keys(table, tables)]
    tables.bibliography, tables.complete = bibliography, len(tables) == len(resources)
    for rule in rules.RULES:
        try:
            found += rule(tables)
        except (LookupError, TypeError, ValueError, NameError, AttributeError) as error:
            text = f"does not fit the tables as data/datapackage.json describes them: {error}"
            found.append(Problem(f"book/publish/rules.py, {rule.__name__}", 0, "", text))
    # A wrong cell often breaks several rules; the first one explains it.
    first = {(problem.path, problem.row, problem.column): problem for problem in reversed(found)}
    return [str(first[place]) for place in sorted(first)]


def _place(resource: Descriptor) -> str:
    return f"data/datapackage.json, table {resource.get('name')!r}"


def _description(resources: list[Descriptor], folder: Path) -> Iterator[Problem]:
    """Check that the package says all that the book needs to know of its tables, one and all."""
    sound = [resource for resource in resources if CONTRACT.is_valid(resource)]
    names = Counter(str(resource.get("name")) for resource in resources)
    columns: dict[str, set[str] | None] = dict.fromkeys(names)  # of a malformed table not known
    columns |= {r["name"]: {field["name"] for field in r["schema"]["fields"]} for r in sound}
    for resource in resources:
        for key, text in _lost(resource, columns) if resource in sound else _shape(resource):
            yield Problem(_place(resource), 0, key, text)
        if names[str(resource.get("name"))] > 1:
            yield Problem(_place(resource), 0, "name", "is the name of two tables")
    described = {"datapackage.json", *(str(resource.get("path")) for resource in resources)}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name not in described and not re.fullmatch(rules.KINDS["stray"], path.name):
            yield Problem(f"data/{name}", 0, "", "is not described in data/datapackage.json")


def _shape(resource: Descriptor) -> Iterator[tuple[str, str]]:
    """Return each key of a table's description that is missing or not of its kind."""
    for error in CONTRACT.iter_errors(resource):
        path, why = [*map(str, error.absolute_path)], error.schema.get("$comment")
        if error.validator == "required":
            yield ".".join([*path, error.message.split("'")[1]]), why or "is missing"
        else:
            rule = f"does not fit: {error.validator} {quoted(error.validator_value)}"
            yield ".".join(path), f"{quoted(error.instance)} {why or rule}"


def _lost(resource: Descriptor, columns: dict[str, set[str] | None]) -> Iterator[tuple[str, str]]:
    """Return what a well-formed description names, but is not there."""
    own, schema = resource["name"], resource["schema"]
    breaks = [entry["field"] for entry in resource["breaks"]]
    order = [*resource.get("rowOrder", []), *filter(None, [resource.get("observed")])]
    named = [(own, name) for name in (*schema["primaryKey"], *order, *breaks)]
    for key in schema.get("foreignKeys", []):
        target = key["reference"]["resource"] or own
        named += [(own, name) for name in key["fields"]]
        named += [(target, name) for name in key["reference"]["fields"]]
    for table, name in dict.fromkeys(named):
        if (there := columns.get(table, set())) is not None and name not in there:
            text = "a key, order, observed or break names a table or column that is not there"
            yield "schema", f"{text}: {name!r} of {table!r}"


def _read(resource: Descriptor, folder: Path, tables: Tables) -> list[Problem]:
    """Read one file into the tables, if it is one; return what is wrong."""
    path = f"data/{resource['path']}"
    file = (folder / resource["path"]).resolve()
    if not file.is_relative_to(folder.resolve()):
        return [Problem(path, 0, "", "leaves data/: it is a link")]
    try:
        raw = file.read_bytes()
    except OSError as error:
        why = f"cannot be read: {error.strerror}; data/datapackage.json describes it"
        return [Problem(path, 0, "", why)]
    text, wrong = data.cells(raw, resource)
    if not wrong and text.empty and "empty" not in resource["description"]:
        why = "has no rows, and its description does not say that it may be empty"
        wrong = [Problem(path, 0, "", why)]
    if wrong:
        return wrong
    tables[resource["name"]] = Table(resource, text)
    return data.typed(text, resource)[1]


def _constraints(table: Table) -> Iterator[Problem]:
    """Check what the description asks of single cells (Table Schema, field constraints)."""
    for name, field in table.fields.items():
        asked = field.get("constraints", {})
        low, high, listed = asked.get("minimum"), asked.get("maximum"), asked.get("enum")
        # Dates, months and years are compared as they are written.
        measure = table.values[name] if field["type"] in rules.NUMBERS else table.text[name]
        for row, cell in table.cells(name):
            if not cell:
                if asked.get("required"):
                    yield table.problem(row, name, "is empty; every row needs a value")
            elif listed and cell not in map(str, listed):
                yield table.problem(row, name, f"is not one of {', '.join(map(str, listed))}")
            elif not re.fullmatch(asked.get("pattern", "(?s).*"), cell):
                yield table.problem(row, name, f"has not the form {asked['pattern']}")
            elif low is not None and measure[row] < low:
                yield table.problem(row, name, f"is less than {low}")
            elif high is not None and measure[row] > high:
                yield table.problem(row, name, f"is more than {high}")
        if asked.get("unique"):
            yield from table.repeated([name], "is in row {} too; expected once only")


def _keys(table: Table, tables: Tables) -> Iterator[Problem]:
    """Check that the key of each row is its own, and that what it names elsewhere is there."""
    key = table.resource["schema"]["primaryKey"]
    for row, *cells in table.cells(*key):
        if not any(cells):
            yield table.problem(row, ", ".join(key), "is no key: every part is empty")
    yield from table.repeated(key, "is the key of row {} too")
    for foreign in table.resource["schema"].get("foreignKeys", []):
        target = tables.get(foreign["reference"]["resource"] or table.name)
        if target is not None:  # a key to a table that cannot be read says nothing
            fields = foreign["reference"]["fields"]
            there = (tuple(cells) for _, *cells in target.cells(*fields))
            text = f"is not in column {', '.join(fields)!r} of {target.path}"
            yield from table.unknown(foreign["fields"], there, text)
