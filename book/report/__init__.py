"""What every notebook of the report imports: data, tables, figures, facts.

    import report
    summits = report.load("summits")
    report.table(summits, name="tbl-summits", caption="...", source="summits")
"""

from report.data import DataError, describe, load, tables
from report.exhibits import Exhibit, Markup, cite, claim, facts, figure, link, table
from report.style import COLOURS, axes, label_ends, mark_dates

__all__ = [
    "COLOURS",
    "DataError",
    "Exhibit",
    "Markup",
    "axes",
    "cite",
    "claim",
    "describe",
    "facts",
    "figure",
    "label_ends",
    "link",
    "load",
    "mark_dates",
    "table",
    "tables",
]
