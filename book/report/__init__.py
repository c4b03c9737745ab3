"""What every notebook of the report imports: data, tables, figures, facts.

import report
summits = report.load("summits")
report.table(summits, "tbl-summits", source="summits")
"""

from report import charts
from report.assessment import USES, assess, explorer, grade
from report.chapter import Chapter as chapter  # noqa: N813 (called like a function)
from report.chapter import cautions
from report.data import DataError, describe, load, tables
from report.exhibits import (
    Exhibit,
    Markup,
    cite,
    claim,
    facts,
    figure,
    fill,
    link,
    rec,
    table,
    verdict,
)
from report.style import COLOURS, axes, label_ends, mark_dates

__all__ = [
    "COLOURS",
    "USES",
    "DataError",
    "Exhibit",
    "Markup",
    "assess",
    "axes",
    "cautions",
    "chapter",
    "charts",
    "cite",
    "claim",
    "describe",
    "explorer",
    "facts",
    "figure",
    "fill",
    "grade",
    "label_ends",
    "link",
    "load",
    "mark_dates",
    "rec",
    "table",
    "tables",
    "verdict",
]
