"""Refuse on a page what some format would leave out or show as source: HTML, PDF and EPUB agree.

Each is a warning with its file and line, and a warning stops the build.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)
UNDEFINED = re.compile(r"\[\^[^\]\s]+\]")


def check(app: Sphinx, document: nodes.document) -> None:
    """Warn of each part of a page that not every format shows as meant, and say what to do."""

    def refuse(node: nodes.Node, what: str) -> None:
        logger.warning(what, location=node, type="all_formats")

    for node in document.findall():
        if isinstance(node, nodes.raw) and "screen-only" not in node.parent.get("classes", []):
            what = "a comment is written as: % text" if "<!--" in node.astext() else "use MyST"
            refuse(node, f"raw {node.get('format')} is shown in one format only; {what}")
        elif isinstance(node, addnodes.only):
            refuse(node, "a part for one format only; every format shows the same")
        elif isinstance(node, nodes.math | nodes.math_block):
            refuse(node, "a formula is shown as source by some formats; write it in words")
        elif isinstance(node, nodes.Text) and not isinstance(node.parent, nodes.literal):
            for lost in UNDEFINED.findall(node):
                refuse(node.parent, f"footnote {lost} is not defined on this page")


def setup(app: Sphinx) -> dict[str, bool]:
    """Look at every page that is read."""
    app.connect("doctree-read", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
