"""Load the tables that data/datapackage.json describes (Frictionless Data Package v2)."""

from __future__ import annotations

import csv
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
PACKAGE = DATA / "datapackage.json"

#: pandas type for each Table Schema field type that the package may use.
DTYPES = {
    "string": "string",
    "yearmonth": "string",
    "integer": "Int64",
    "year": "Int64",
    "number": "float64",
    "boolean": "boolean",
    "date": "datetime64[ns]",
}
#: The types of fields that say when something was observed.
DATED = ("date", "yearmonth", "year")
#: How a number may be written in a CSV file: no separators, no words.
NUMERALS = {
    "integer": r"-?\d+",
    "year": r"\d{4}",
    "number": r"-?\d+(\.\d+)?([eE][+-]?\d+)?",
}
_loaded: set[str] = set()


class DataError(ValueError):
    """A data file or descriptor that cannot be used; the message says where and what to do."""


@cache
def package() -> dict[str, Any]:
    """Return the data package descriptor as a dictionary."""
    try:
        return json.loads(PACKAGE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{PACKAGE} is missing. Restore it with: git checkout data") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{PACKAGE} is not valid JSON: {error}. Mend it there.") from None


def tables() -> list[str]:
    """Return the names of all tables, in the order of the package."""
    return [resource["name"] for resource in package()["resources"]]


def describe(name: str) -> dict[str, Any]:
    """Return the descriptor of one table (title, fields, sources, coverage, caveats).

    Raises DataError when the package has no table of that name.
    """
    for resource in package()["resources"]:
        if resource["name"] == name:
            return resource
    raise DataError(f"no table {name!r} in {PACKAGE.name}; there are: {', '.join(tables())}")


def path_of(name: str) -> Path:
    """Return the CSV file of a table; a path that leaves data/ is refused."""
    path = (DATA / describe(name)["path"]).resolve()
    if not path.is_relative_to(DATA.resolve()):
        raise DataError(f"table {name!r}: path {describe(name)['path']!r} leaves data/")
    return path


def load(name: str) -> pd.DataFrame:
    """Return one table as a DataFrame, one column per schema field, typed by the schema.

    Missing cells are NaN, pd.NA or NaT. Dates are datetime64, numbers float64, integers
    and years nullable Int64.

    Raises:
        DataError: the file is missing, its header differs from the schema, or a cell does
            not have its column's type. The message names file, row, column, value and type.
    """
    _loaded.add(name)
    path, fields = path_of(name), describe(name)["schema"]["fields"]
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except FileNotFoundError:
        raise DataError(f"{path} is missing, but {PACKAGE.name} describes it") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as UTF-8 CSV: {error}") from None
    header = [field["name"] for field in fields]
    if not rows or rows[0] != header:
        raise DataError(f"{path} row 1: expected the columns {header}, found {rows[:1]}")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise DataError(f"{path} row {number}: {len(row)} cells, expected {len(header)}")
    raw = pd.DataFrame(rows[1:], columns=header, dtype="string").replace("", pd.NA)
    return pd.DataFrame({f["name"]: _typed(raw[f["name"]], f, path) for f in fields})


def _typed(cells: pd.Series, field: dict[str, Any], path: Path) -> pd.Series:
    kind = field["type"]
    if kind not in DTYPES:
        raise DataError(f"{path} column {field['name']!r}: type {kind!r} is not supported")
    try:
        return _convert(cells, kind)
    except (ValueError, TypeError, KeyError):
        for row, cell in enumerate(cells, start=2):
            try:
                _convert(pd.Series([cell], dtype="string"), kind)
            except (ValueError, TypeError, KeyError):
                raise DataError(
                    f"{path} row {row}, column {field['name']!r}: {cell!r} is not a {kind}"
                ) from None
        raise


def _convert(cells: pd.Series, kind: str) -> pd.Series:
    if kind == "boolean":
        known = {"true": True, "false": False}
        return cells.map(lambda c: known[c], na_action="ignore").astype("boolean")
    if kind == "date":
        return pd.to_datetime(cells, format="%Y-%m-%d").astype("datetime64[ns]")
    if kind in NUMERALS:
        # pandas would take "nan" for a number and cut 3.5 down to the integer 3.
        if not cells.dropna().str.fullmatch(NUMERALS[kind]).all():
            raise ValueError(kind)
        return pd.to_numeric(cells).astype(DTYPES[kind])
    return cells


def loaded() -> list[str]:
    """Return the names of the tables that this process has loaded, sorted."""
    return sorted(_loaded)


def digest(name: str) -> str:
    """Return a digest of what a table shows: its rows and its descriptor."""
    described = json.dumps(describe(name), sort_keys=True).encode()
    return hashlib.sha256(path_of(name).read_bytes() + b"\0" + described).hexdigest()[:16]


def last_observation(name: str, frame: pd.DataFrame) -> str:
    """Return the last date that a frame, or else its whole table, observes: "2025-08-15", "2025".

    What counts is the column that the descriptor names as "observed", else the first of type
    date, yearmonth or year; "" for a table that has none.

    Args:
        name: a table that this process has loaded.
        frame: rows made from it; its column of that name wins, so that a part ends where it ends.
    """
    if name not in _loaded:
        raise DataError(f"source {name!r} was not loaded here; load it, or name what was")
    described = describe(name)
    dated = [f["name"] for f in described["schema"]["fields"] if f["type"] in DATED]
    column = described.get("observed", dated[0] if dated else "")
    if not column:
        return ""
    values = (frame if column in frame else load(name))[column].dropna()
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.strftime("%Y-%m-%d")
    return str(values.astype("string").max()) if len(values) else ""


def source_line(names: list[str]) -> dict[str, Any]:
    """Return what the source line under an exhibit says of the tables it was made from.

    Keys: sources (title and address, each once), restricted, tables (name and path of each).
    """
    described = [describe(name) for name in names]
    sources = {s["title"]: s.get("path", "") for d in described for s in d["sources"]}
    return {
        "sources": [{"title": title, "url": url} for title, url in sources.items()],
        "restricted": any(d["restricted"] for d in described),
        "tables": [{"name": d["name"], "path": d["path"]} for d in described],
    }
