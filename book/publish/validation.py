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

FORM = Path(__file__).with_name("description.yaml")
CONTRACT = jsonschema.Draft202012Validator(
    yaml.safe_load(FORM.read_text(encoding="utf-8")),
    format_checker=jsonschema.FormatChecker(("date", "regex")),
)
#: What else may lie in data/: systems and editors put it there, and nothing of it is published.
STRAY = re.compile(r"\.DS_Store|Thumbs\.db|desktop\.ini|\..*|.*~|~\$.*|.*\.(swp|bak|tmp|part)")


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
        git = (
            "If Git did it: git config core.autocrlf false, git rm -rq --cached ., git reset --hard"
        )
        return [f"{len(converted)} files of data/, each like the first. {converted[0]}. {git}"]
    for table in tables.values():
        found += [*_constraints(table), *_keys(table, tables)]
    tables.bibliography, tables.complete = bibliography, len(tables) == len(resources)
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
        faults = _faults(resource, folder, columns, unsound)
        for key, text in faults if resource in sound else _shape(resource):
            yield Problem(_place(resource), 0, key, text)
        if names[str(resource.get("name"))] > 1:
            yield Problem(_place(resource), 0, "name", "is the name of two tables")
    described = {"datapackage.json", *(str(resource.get("path")) for resource in resources)}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name not in described and not STRAY.fullmatch(path.name):
            yield Problem(f"data/{name}", 0, "", "is not described in data/datapackage.json")


def _shape(resource: Descriptor) -> Iterator[tuple[str, str]]:
    """Return each key of a table's description that is missing or not of its kind."""
    for error in CONTRACT.iter_errors(resource):
        path = [str(key) for key in error.absolute_path]
        if error.validator == "required":
            why = error.schema.get("$comment", "is missing")
            yield ".".join([*path, error.message.split("'")[1]]), why
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
    breaks = [entry["field"] for entry in resource["breaks"]]
    order = [*resource.get("rowOrder", []), *filter(None, [resource.get("observed")])]
    for name in sorted({*schema["primaryKey"], *order, *breaks} - mine):
        yield (
            "schema",
            f"a key, order, observed or break names a column that is not there: {name!r}",
        )
    for key in schema.get("foreignKeys", []):
        target, theirs = (
            key["reference"]["resource"] or resource["name"],
            {*key["reference"]["fields"]},
        )
        there = target in unsound or theirs <= columns.get(target, set())
        if not ({*key["fields"]} <= mine and there):
            yield "schema", f"a foreign key names a table or column that is not there: {key}"


def _read(resource: Descriptor, folder: Path, tables: Tables) -> list[Problem]:
    """Read one file into the tables, if it is one; return what is wrong."""
    path = f"data/{resource['path']}"
    try:
        raw = (folder / resource["path"]).read_bytes()
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
    yield from table.repeated(key, "is the key of row {} too", given=any)
    for foreign in table.resource["schema"].get("foreignKeys", []):
        target = tables.get(foreign["reference"]["resource"] or table.name)
        if target is not None:  # a key to a table that cannot be read says nothing
            fields = foreign["reference"]["fields"]
            there = (tuple(cells) for _, *cells in target.cells(*fields))
            text = f"is not in column {', '.join(fields)!r} of {target.path}"
            yield from table.unknown(foreign["fields"], there, text)
