"""What every notebook of the report imports: data, tables, figures, facts.

import report
summits = report.load("summits")
report.table(summits, "tbl-summits", source="summits")
"""
# ruff: noqa: F401 (these names are what the package offers)

from report import charts
from report.assessment import USES, assess, explorer, grade
from report.chapter import Chapter, episodes
from report.data import DataError, describe, load, tables
from report.exhibits import Exhibit, Markup, cite, claim, facts, figure, link, rec, table
