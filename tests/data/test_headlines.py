"""Headline figures, transcribed from their primary sources, against what data/ gives.

headline_figures.csv says where: in which rows of which table, and what of their columns; a column
alone is the cell of the one row.
"""

import csv
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

import report

LIST = Path(__file__).with_name("headline_figures.csv")
FIGURES = list(csv.DictReader(LIST.read_text(encoding="utf-8").splitlines()))
load = cache(report.load)


@pytest.mark.parametrize("row", FIGURES, ids=[row["figure"] for row in FIGURES])
def test_a_headline_figure_is_what_its_primary_source_says(row):
    rows = load(row["table"])
    rows = rows.query(row["rows"], engine="python") if row["rows"] else rows
    found = eval(row["cell"], {}, {**dict(rows.items()), "rows": rows})
    if isinstance(found, pd.Series):
        assert len(found) == 1, f"{len(found)} rows of {row['table']}: {row['rows']}"
        found = found.iloc[0]
    if isinstance(found, pd.Timestamp):
        assert found.date().isoformat() == row["value"]
    elif isinstance(found, str):
        assert found == row["value"]
    else:
        room = float(row["tolerance"] or 0) + 1e-9
        assert abs(float(found) - float(row["value"])) <= room, f"{found} {row['unit']}"


def test_every_headline_figure_names_its_source_once():
    assert len({row["figure"] for row in FIGURES}) == len(FIGURES) >= 60
    for row in FIGURES:
        assert all(row[key] for key in ("value", "unit", "source", "how")), row
        assert row["url"].startswith("https://"), row
