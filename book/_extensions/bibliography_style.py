"""The bibliography's style: plain, with labels of author and year, and visible addresses."""

from __future__ import annotations

from typing import Any

from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as PlainStyle
from pybtex.style.labels.alpha import LabelStyle
from pybtex.style.sorting.author_year_title import SortingStyle
from sphinx.application import Sphinx


class ReportStyle(PlainStyle):
    """Entries sorted by author and year."""

    default_label_style = LabelStyle
    default_sorting_style = SortingStyle


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the style under the name that the bibliography directive uses."""
    del app
    register_plugin("pybtex.style.formatting", "report", ReportStyle)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
