"""One quantity says the same wherever it stands: tables, facts in the prose, exhibits.

quantities.yaml says which places hold the same quantity, and how it knows.
"""

import json
from collections import defaultdict
from functools import cache
from typing import Any

import pandas as pd
import pytest
from copies import cases

import report
from report import data
from report.exhibits import FACTS_MIME, FIGURE_MIME, TABLE_MIME

LISTED = cases("quantities")
VERSION_1 = LISTED["version 1"]
SAME = {quantity["what"]: quantity for quantity in LISTED["same"]}


@cache
def stored() -> tuple[dict[str, dict[str, str]], dict[str, dict[str, Any]]]:
    """Return the facts of each notebook and the exhibits of all, as their outputs store them."""
    facts, exhibits = defaultdict[str, dict[str, str]](dict), {}
    for path in sorted((data.ROOT / "book").rglob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for output in (o for cell in cells for o in cell.get("outputs", ())):
            bundle = {kind: "".join(text) for kind, text in output["data"].items()}
            facts[path.stem] |= json.loads(bundle.get(FACTS_MIME, "{}"))
            for kind in {TABLE_MIME, FIGURE_MIME} & {*bundle}:
                body = json.loads(bundle[kind])
                exhibits[body["name"]] = body
    return facts, exhibits


def value(place: str, load=report.load) -> Any:
    """Return what stands at a place: a number where it is one, else text."""
    if place.startswith("fact "):
        _, chapter, name = place.split()
        found = stored()[0][chapter][name]
    elif place.startswith("cell "):
        exhibit, heads, column = (part.strip() for part in place[5:].split("|"))
        body, heads = stored()[1][exhibit], heads.split("; ")
        at = [c["title"] for c in body["columns"]].index(column)
        (found,) = (row[at] for row in body["rows"] if row[: len(heads)] == heads)
    else:
        table, query, expression = (part.strip() for part in place.split("|", 2))
        rows = load(table)
        for column in rows.select_dtypes("datetime"):
            rows[column] = rows[column].dt.strftime("%Y-%m-%d")
        rows = rows.query(query, engine="python") if query else rows
        found = eval(expression, {}, {**dict(rows.items()), "rows": rows})
        found = found.item() if isinstance(found, pd.Series) else found
    text = str(found).replace(",", "").replace("−", "-")
    try:
        return float(text)
    except ValueError:
        return text


def differ(what: str, load=report.load) -> dict[str, Any]:
    """Return each place of a quantity with its value when they differ; nothing when they agree."""
    said = {place: value(place, load) for place in SAME[what]["places"]}
    first = next(iter(said.values()))
    room = SAME[what].get("within", 0) + 1e-9
    alike = all(
        abs(v - first) <= room if isinstance(v, float) else v == first for v in said.values()
    )
    return {} if alike else said


@pytest.mark.parametrize("what", SAME)
def test_a_quantity_is_the_same_in_every_place(what):
    assert len(SAME[what]["places"]) > 1
    assert differ(what) == {}


def test_facts_of_one_name_in_two_chapters_agree():
    """A name stands for one quantity; those that are not one are listed with what they are."""
    said = defaultdict[str, dict[str, str]](dict)
    for chapter, facts in stored()[0].items():
        for name, text in facts.items():
            said[name][chapter] = text
    several = {name for name, places in said.items() if len({*places.values()}) > 1}
    assert {name: said[name] for name in several - {*LISTED["different"]}} == {}
    assert {*LISTED["different"]} <= several  # what no longer differs goes from the list


@pytest.mark.parametrize(("what", "found"), VERSION_1["found"].items())
def test_the_ships_and_treaties_of_version_1_would_fail(what, found):
    assert [*differ(what, lambda name: pd.DataFrame(VERSION_1["tables"][name])).values()] == found
