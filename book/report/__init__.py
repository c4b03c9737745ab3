"""What every notebook of the report imports: data, tables, figures, facts.

import report
summits = report.load("summits")
report.table(summits, "tbl-summits", source="summits")
"""

from report import charts as charts
from report.assessment import USES as USES
from report.assessment import assess as assess
from report.assessment import explorer as explorer
from report.assessment import grade as grade
from report.chapter import Chapter as Chapter
from report.chapter import episodes as episodes
from report.data import DataError as DataError
from report.data import describe as describe
from report.data import load as load
from report.data import tables as tables
from report.exhibits import Exhibit as Exhibit
from report.exhibits import Markup as Markup
from report.exhibits import cite as cite
from report.exhibits import claim as claim
from report.exhibits import facts as facts
from report.exhibits import figure as figure
from report.exhibits import fill as fill
from report.exhibits import link as link
from report.exhibits import rec as rec
from report.exhibits import table as table
from report.exhibits import verdict as verdict
