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

__all__ = [
    "USES",
    "DataError",
    "Exhibit",
    "Markup",
    "assess",
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
    "link",
    "load",
    "rec",
    "table",
    "tables",
    "verdict",
]
