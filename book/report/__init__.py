"""What every notebook of the report imports: data, tables, figures, facts.

import report
summits = report.load("summits")
report.table(summits, "tbl-summits", source="summits")
"""

from report import charts
from report.assessment import assess, weights, weights_explorer
from report.chapter import Chapter as chapter  # noqa: N813 (called like a function)
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
    table,
    verdict,
)

__all__ = [
    "DataError",
    "Exhibit",
    "Markup",
    "assess",
    "chapter",
    "charts",
    "cite",
    "claim",
    "describe",
    "facts",
    "figure",
    "fill",
    "link",
    "load",
    "table",
    "tables",
    "verdict",
    "weights",
    "weights_explorer",
]
