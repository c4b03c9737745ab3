"""The one reader of what data/datapackage.json describes (Frictionless Data Package v2)."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import reprlib
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
PACKAGE = DATA / "datapackage.json"

#: For each Table Schema type in use: its pandas type, how a cell is written (in the one way that
#: all tools read; full-width digits are none) and what a person calls it.
TYPES = {
    "string": ("string", r"(?s).*", "text"),
    "yearmonth": ("string", r"[0-9]{4}-(0[1-9]|1[012])", "a month (YYYY-MM)"),
    "year": ("Int64", r"[0-9]{4}", "a year (YYYY)"),
    "integer": ("Int64", r"-?[0-9]{1,18}", "a whole number"),
    "number": ("float64", r"-?[0-9]{1,18}(\.[0-9]+)?", "a number (digits, a point for decimals)"),
    "boolean": ("boolean", r"true|false", "true or false"),
    "date": ("datetime64[us]", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "a date (YYYY-MM-DD)"),
}
#: The types of fields that say when something was observed.
DATED = ("date", "yearmonth", "year")
#: The kinds of sources that report what others said or counted.
PRESS = ("press report", "state media")
LIST = "list of tables"
_used: dict[str, str] = {}
#: Tables by the digest of what was read: notebooks load some of them ten times.
_frames: dict[str, pd.DataFrame] = {}


class DataError(ValueError):
    """A data file or descriptor that cannot be used; the message says where and what to do."""


class Problem(NamedTuple):
    """One error: where it is (row 0: the whole file; the header is row 1) and what is wrong."""

    path: str
    row: int
    column: str
    text: str

    def __str__(self) -> str:
        """Return the line that people read."""
        row, kind = (f" row {self.row}", "column") if self.row else ("", "key")  # a JSON file's
        column = f", {kind} '{self.column}'" if self.column else ""
        return f"{self.path}{row}{column}: {self.text}".replace("\n", "\\n")


def quoted(value: Any) -> str:
    """Return a value as a message shows it: escaped, and cut when it is long."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = 70
    return short.repr(value)


@cache
def package() -> dict[str, Any]:
    """Return the data package descriptor as a dictionary."""
    try:
        return json.loads(PACKAGE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{PACKAGE} is missing. Restore it with: git checkout data") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{PACKAGE} is not valid JSON: {error}. Mend it there.") from None


def files() -> list[Path]:
    """Return the files of the data package: its description, and those that this names."""
    return [PACKAGE, *(DATA / resource["path"] for resource in package()["resources"])]


@cache
def edition() -> dict[str, Any]:
    """Return what CITATION.cff says of this edition: title, version, date-released and more."""
    return dict(yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8")))


def check(frame: pd.DataFrame, columns: Iterable[str], where: str) -> None:
    """Raise DataError where a frame has no rows, or lacks a column that is asked of it."""
    unknown = [column for column in columns if column not in frame]
    if unknown:
        raise DataError(f"{where}: no column {unknown} in the frame; it has {list(frame)}")
    if not len(frame):
        raise DataError(f"{where}: the frame has no rows")


def _names() -> list[str]:
    return [resource["name"] for resource in package()["resources"]]


def _resource(name: str) -> dict[str, Any]:
    if name not in _names():
        raise DataError(f"no table {name!r} in {PACKAGE.name}; there are: {', '.join(_names())}")
    return package()["resources"][_names().index(name)]


def _digest(value: Any, raw: bytes = b"") -> str:
    return hashlib.sha256(raw + b"\0" + json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def tables() -> list[str]:
    """Return the names of all tables, in the order of the package."""
    _used[LIST] = _digest(_names())
    return _names()


def describe(name: str) -> dict[str, Any]:
    """Return the descriptor of one table: title, fields, sources, coverage, caveats."""
    _used[f"description of {name}"] = _digest(_resource(name))
    return _resource(name)


def path_of(name: str) -> Path:
    """Return the CSV file of a table; a path that leaves data/ is refused."""
    path = (DATA / _resource(name)["path"]).resolve()
    if not path.is_relative_to(DATA.resolve()):
        raise DataError(f"table {name!r}: path {_resource(name)['path']!r} leaves data/")
    return path


def load(name: str) -> pd.DataFrame:
    """Return one table, one column per schema field, typed by the schema (see TYPES).

    Missing cells are NaN, pd.NA or NaT. Raises DataError where the file is not what the package
    describes; the message names file, row, column, value and what was expected.
    """
    resource, path = _resource(name), path_of(name)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}, but {PACKAGE.name} describes it") from None
    _used[f"table {name}"] = key = _digest(resource, raw)
    if key not in _frames:
        frame, problems = cells(raw, resource)
        if not problems:
            frame, problems = typed(frame, resource)
        if problems:
            raise DataError(f"{problems[0]}. To list all errors: python -m publish check")
        _frames[key] = frame.reset_index(drop=True)
    return _frames[key].copy()


def cells(raw: bytes, resource: dict[str, Any]) -> tuple[pd.DataFrame, list[Problem]]:
    """Return the cells of a CSV file as text, indexed by row (2 and up), and what is wrong."""
    path, header = f"data/{resource['path']}", [f["name"] for f in resource["schema"]["fields"]]
    none = pd.DataFrame(columns=header, dtype=object)

    def wrong(row: int, text: str) -> tuple[pd.DataFrame, list[Problem]]:
        return none, [Problem(path, row, "", text)]

    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        return wrong(row, f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8")
    if not text.strip():
        return wrong(0, "is empty; expected a header row")
    if text.startswith("\ufeff"):
        return wrong(1, "begins with a byte order mark; save the file as UTF-8 without one")
    if "\r" in text:
        row = text[: text.index("\r")].count("\n") + 1
        why = "an editor, or Git without the repository's .gitattributes, has converted the file"
        return wrong(row, f"ends with a carriage return, expected a line feed (LF) alone: {why}")
    if not text.endswith("\n") or text.endswith("\n\n"):
        return wrong(text.rstrip("\n").count("\n") + 1, "the last row ends with one line feed")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        return wrong(reader.line_num, f"is not CSV: {error}")
    problems = [Problem(path, *misfit) for misfit in _misfits(rows, header)]
    if problems:
        return none, problems
    index = range(2, len(rows) + 1)
    return pd.DataFrame(rows[1:], columns=header, index=index, dtype=object), []


def _misfits(rows: list[list[str]], header: list[str]) -> Iterator[tuple[int, str, str]]:
    """Say where (row, column) and how the header, or else the rows below it, do not fit."""
    found, expected = rows[0], ", ".join(header)
    for name, times in Counter(found).items():
        if times > 1:
            yield 1, name, f"the column is there {times} times"
        elif name not in header:
            yield 1, name, f"is not a column of this table: {expected}"
    for name in header:
        if name not in found:
            yield 1, name, f"the column is missing; found {quoted(', '.join(found))}"
    if found == header:
        for n, row in enumerate(rows[1:], start=2):
            if len(row) != len(header):
                text = f"{len(row)} cells, expected {len(header)}: {expected}"
                yield n, "", f"{text}; found {quoted(', '.join(row))}"
    elif sorted(found) == sorted(header):
        yield 1, "", f"the columns are out of order; expected {expected}"


def typed(text: pd.DataFrame, resource: dict[str, Any]) -> tuple[pd.DataFrame, list[Problem]]:
    """Return the cells as what their columns' types say, missing where empty; and what is none."""
    path, found, problems = f"data/{resource['path']}", {}, []
    for field in resource["schema"]["fields"]:
        name, (kind, form, words) = field["name"], TYPES[field["type"]]
        filled = text[name].ne("")
        column = text[name].where(filled & text[name].str.fullmatch(form))
        if field["type"] == "date":
            column = pd.to_datetime(column, format="%Y-%m-%d", errors="coerce")
        elif field["type"] == "boolean":
            column = column.map({"true": True, "false": False})
        elif kind in {"Int64", "float64"}:
            column = pd.to_numeric(column)
        for row, cell in text.loc[filled & column.isna(), name].items():
            problems.append(Problem(path, row, name, f"{quoted(cell)} is not {words}"))
        found[name] = column.astype(kind)
    return pd.DataFrame(found, index=text.index), problems


def loaded() -> list[str]:
    """Return the names of the tables that this process has loaded, sorted."""
    return sorted(key.removeprefix("table ") for key in _used if key.startswith("table "))


def used() -> dict[str, str]:
    """Return what this process has read, each with the digest of what it read.

    Keys: "table x" (rows and description), "description of x" (rows not used), LIST.
    """
    rows = {f"description of {name}" for name in loaded()}
    return {key: _used[key] for key in sorted(_used) if key not in rows}


def digest(key: str) -> str:
    """Return what ``used`` would say of a key if it were read now; "" when it is not there."""
    kind, _, name = key.rpartition(" ")
    if key == LIST:
        return _digest(_names())
    if name not in _names():
        return ""
    read = kind == "table" and path_of(name).is_file()
    return _digest(_resource(name), path_of(name).read_bytes() if read else b"")


def last_observation(name: str, rows: pd.DataFrame) -> str:
    """Return the last date that rows of a loaded table observe: "2025-08-15", "2025", "".

    What counts is the column that the descriptor names as "observed" ("": none says so), else the
    first of a type in DATED; without it the rows do not say how far they reach, and nor do we.
    """
    if name not in loaded():
        raise DataError(f"source {name!r} was not loaded here; load it, or name what was")
    described = describe(name)
    dated = (f["name"] for f in described["schema"]["fields"] if f["type"] in DATED)
    column = described.get("observed", next(dated, ""))
    last = rows[column].max() if column in rows and rows[column].notna().any() else ""
    return f"{last:%Y-%m-%d}" if isinstance(last, pd.Timestamp) else str(last)


def read_in_press(names: list[str], rows: pd.DataFrame) -> dict[str, Any]:
    """Return how many rows were read in the press alone, of how many, and which rows these are.

    Rows without a column "source" cannot be followed: those of their tables stand for them.
    """
    tables = [load(name) for name in names if _sourced(name)]
    if not tables:
        return {"press": 0, "rows": 0, "of": ""}
    rows, of = (rows, "rows") if "source" in rows else (pd.concat(tables), "rows of its tables")
    kinds = load("sources").set_index("source_key")["kind"]
    sources = rows.reindex(columns=["source", "source_2"])
    first, second = (sources[column].map(kinds) for column in sources)
    press = first.isin(PRESS) & (second.isna() | second.isin(PRESS))
    return {"press": int(press.sum()), "rows": len(rows), "of": of}


def _sourced(name: str) -> bool:
    return any(field["name"] == "source" for field in describe(name)["schema"]["fields"])


def source_line(names: list[str]) -> dict[str, Any]:
    """Return what stands under an exhibit: sources, each once, tables, rules of selection."""
    described = [describe(name) for name in names]
    # Of many tables only the first holds the rows; the others were computed with.
    holding = described if len(described) <= 3 else described[:1]
    sources = {s["title"]: s.get("path", "") for d in described for s in d["sources"]}
    return {
        "sources": [{"title": title, "url": url} for title, url in sources.items()],
        "restricted": any(d["restricted"] for d in described),
        "selections": {d["title"]: d["selection"] for d in holding if "selection" in d},
        "tables": [
            {"name": d["name"], "path": d["path"], "sourced": _sourced(d["name"])}
            for d in described
        ],
    }
