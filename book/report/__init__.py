"""What every notebook of the report imports: data, tables, figures, facts.

import report
summits = report.load("summits")
report.table(summits, name="tbl-summits", caption="...", source="summits")
"""

from report import charts
from report.assessment import assess, inputs, weights, weights_explorer
from report.data import DataError, describe, load, tables
from report.exhibits import Exhibit, Markup, cite, claim, facts, figure, link, table, verdict
from report.style import COLOURS, axes, label_ends, mark_dates

__all__ = [
    "COLOURS",
    "DataError",
    "Exhibit",
    "Markup",
    "assess",
    "axes",
    "charts",
    "cite",
    "claim",
    "describe",
    "facts",
    "figure",
    "inputs",
    "label_ends",
    "link",
    "load",
    "mark_dates",
    "table",
    "tables",
    "verdict",
    "weights",
    "weights_explorer",
]
