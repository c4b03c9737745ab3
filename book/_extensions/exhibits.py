"""Sphinx side of report.table, report.figure and the claim and confidence roles.

Directives
    data-table     a numbered table from the JSON that report.table wrote
    figure-notes   what stands under a figure: notes, source line, its numbers
    weights-explorer  sliders for the weights of the study types (HTML only, needs JavaScript)
Roles
    claim          {claim}`S1-B1`: a claim id, linked to the claim-by-claim page
    confidence     {confidence}`robust, high`: evidence and agreement, and the confidence they give
    verdict        {verdict}`contested`: a verdict, with a sign that needs no colour
"""

from __future__ import annotations

import html
import json
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

FIGURE_MIME = "application/vnd.report.figure+json"
EVIDENCE = ("limited", "medium", "robust")
AGREEMENT = ("low", "medium", "high")
#: Confidence by evidence plus agreement, after Mastrandrea et al. 2010 (IPCC guidance note).
CONFIDENCE = ("very low", "low", "medium", "high", "very high")

#: A sign beside each verdict, so that colour is not needed to tell them apart.
VERDICTS = {
    "supported": "++",
    "mostly supported": "+",
    "contested": "+/−",
    "mostly contradicted": "−",
    "contradicted": "−−",
    "not tested": "○",
}


def confidence(evidence: str, agreement: str) -> str:
    """Return the confidence word for an evidence and an agreement word (ValueError if unknown)."""
    return CONFIDENCE[EVIDENCE.index(evidence) + AGREEMENT.index(agreement)]


class _Exhibit(SphinxDirective):
    """What tables and figures share: the lines under them."""

    def inline(self, cell: str | dict[str, str]) -> list[nodes.Node]:
        """Return a cell's nodes: text stays text, {"markup": ...} is parsed as inline MyST."""
        if isinstance(cell, str):
            return [nodes.Text(cell)]
        parsed, messages = self.state.inline_text(cell["markup"], self.lineno)
        return [*parsed, *messages]

    def under(self, body: dict[str, Any]) -> list[nodes.Node]:
        """Return the paragraphs under an exhibit: its notes, then its source line."""
        lines: list[nodes.Node] = []
        for note in body["notes"]:
            lines.append(nodes.paragraph("", "", *self.inline({"markup": note})))
            lines[-1]["classes"] = ["exhibit-note"]
        source, line = body["source"], nodes.paragraph(classes=["exhibit-source"])
        line += nodes.Text("Source: ")
        for place, item in enumerate(source["sources"]):
            line += nodes.Text("; " if place else "")
            line += _link(item["title"], item["url"]) if item["url"] else nodes.Text(item["title"])
        line += nodes.Text(f". As of {source['as_of']}.")
        if source["restricted"]:
            line += nodes.Text(" Not open data: a small extract, shown with attribution.")
        download = nodes.inline(classes=["screen-only"])
        up = "../" * self.env.docname.count("/")
        for place, item in enumerate(source["tables"]):
            download += nodes.Text(", " if place else " Data: ")
            download += _link(f"{item['name']}.csv", f"{up}data/{item['path']}")
        line += download
        return [*lines, line]


def _link(text: str, address: str) -> nodes.reference:
    return nodes.reference(text, text, refuri=address, internal=False)


class DataTable(_Exhibit):
    """A numbered table from JSON; the argument is its label."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        body = json.loads("\n".join(self.content))
        columns, rows = body["columns"], body["rows"]
        table = nodes.table(classes=["data-table"])
        if body["widths"]:
            table["classes"].append("colwidths-given")
        table["names"].append(nodes.fully_normalize_name(self.arguments[0]))
        self.state.document.note_explicit_target(table, table)
        self.set_source_info(table)
        table += nodes.title(body["caption"], body["caption"])
        group = nodes.tgroup(cols=len(columns))
        table += group
        for place, width in enumerate(body["widths"] or [1] * len(columns)):
            group += nodes.colspec(colwidth=width, stub=int(body["row_header"] and place == 0))
        head, rest = nodes.thead(), nodes.tbody()
        group += [head, rest]
        head += self.row([c["title"] for c in columns], columns)
        for number, row in enumerate(rows):
            rest += self.row(row, columns)
            if body["anchors"]:
                first = rest[-1][0]
                first["names"].append(nodes.fully_normalize_name(body["anchors"][number]))
                self.state.document.note_explicit_target(first, first)
        box = nodes.container("", table, *self.under(body), classes=["exhibit", "exhibit-table"])
        return [box]

    def row(self, cells: list[Any], columns: list[dict[str, str]]) -> nodes.row:
        """Return a table row with each cell aligned as its column is."""
        row = nodes.row()
        for cell, column in zip(cells, columns, strict=True):
            entry = nodes.entry("", nodes.paragraph("", "", *self.inline(cell)))
            entry["classes"] = [f"text-{column['align']}"]
            row += entry
        return row


class FigureNotes(_Exhibit):
    """Notes, source line and numbers of a figure, from the JSON that report.figure wrote."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        body = json.loads("\n".join(self.content))
        numbers = nodes.raw("", _numbers(body), format="html", classes=["screen-only"])
        return [*self.under(body), numbers]


class WeightsExplorer(SphinxDirective):
    """Sliders that apply the grading rule in the page; weights.js fills the empty box."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        text = "\n".join(self.content)
        json.loads(text)
        # "<" is escaped so that no text in the data can end the script element.
        data = text.replace("<", "\\u003c")
        box = (
            '<div class="weights-explorer" hidden>'
            f'<script type="application/json">{data}</script></div>'
        )
        raw = nodes.raw("", box, format="html")
        return [nodes.container("", raw, classes=["screen-only"])]


def _numbers(body: dict[str, Any]) -> str:
    """Return the numbers of a figure as a table that opens on a click (HTML only)."""
    align = [' class="text-right"' if right else "" for right in body["numeric"]]
    head = "".join(
        f'<th scope="col"{a}>{html.escape(c)}</th>'
        for c, a in zip(body["columns"], align, strict=True)
    )
    rows = []
    for row in body["rows"]:
        texts = [html.escape(c["markup"] if isinstance(c, dict) else c) for c in row]
        rest = "".join(f"<td{a}>{t}</td>" for t, a in zip(texts[1:], align[1:], strict=True))
        rows.append(f'<tr><th scope="row"{align[0]}>{texts[0]}</th>{rest}</tr>')
    return (
        '<details class="figure-numbers"><summary>Numbers in this figure</summary>'
        '<div class="table-scroll"><table class="table">'
        f'<caption class="visually-hidden">{html.escape(body["caption"])}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>\n"
        + "\n".join(rows)
        + "\n</tbody></table></div></details>"
    )


class Claim(SphinxRole):
    """A claim id of the article, linked to its row on the claim-by-claim page."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        label = f"claim-{self.text.lower()}"
        link = pending_xref(
            "",
            nodes.inline(self.text, self.text, classes=["claim"]),
            refdomain="std",
            reftype="ref",
            reftarget=label,
            refexplicit=True,
            refwarn=True,
            refdoc=self.env.docname,
        )
        self.set_source_info(link)
        # The first mention in a document is where the claim-by-claim page leads back to.
        name = f"use-{self.env.docname.rpartition('/')[2]}-{self.text.lower()}"
        document = self.inliner.document
        if name in document.nameids:
            return [link], []
        here = nodes.inline("", "", link, names=[name])
        document.note_explicit_target(here, here)
        return [here], []


class Confidence(SphinxRole):
    """Confidence in a finding, from its evidence and agreement."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        words = [word.strip() for word in self.text.split(",")]
        try:
            evidence, agreement = words
            level = confidence(evidence, agreement)
        except ValueError:
            message = self.inliner.reporter.error(
                f"confidence: expected one of {EVIDENCE}, then of {AGREEMENT}, got {self.text!r}",
                line=self.lineno,
            )
            return [], [message]
        text = f"{level.capitalize()} confidence"
        return [
            nodes.strong(
                text, text, classes=["confidence", f"confidence-{level.replace(' ', '-')}"]
            ),
            nodes.Text(f" ({evidence} evidence, {agreement} agreement)"),
        ], []


class Verdict(SphinxRole):
    """A verdict of the grading rule, with its sign."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        if self.text not in VERDICTS:
            message = self.inliner.reporter.error(
                f"verdict: expected one of {tuple(VERDICTS)}, got {self.text!r}", line=self.lineno
            )
            return [], [message]
        text = f"{VERDICTS[self.text]} {self.text}"
        return [
            nodes.inline("", text, classes=["verdict", f"verdict-{self.text.replace(' ', '-')}"])
        ], []


def lift_figures(app: Sphinx, docname: str, source: list[str]) -> None:
    """Give myst-nb each figure's caption, label and alt text, which it reads from cells only.

    Also folds the code of every cell, so that notebooks need not carry the tag in each.
    """
    if not app.env.doc2path(docname, False).endswith(".ipynb"):
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        tags = cell["metadata"].setdefault("tags", [])
        if "hide-input" not in tags:
            tags.append("hide-input")
        for output in cell["outputs"]:
            stored = output.get("data", {}).pop(FIGURE_MIME, None)
            if stored is None:
                continue
            text = stored if isinstance(stored, str) else "".join(stored)
            body = json.loads(text)
            caption = nodes.unescape(body["caption"])
            cell["metadata"]["mystnb"] = {
                "image": {"alt": body["alt"]},
                "figure": {
                    "name": body["name"],
                    "caption": f"{_plain(caption)}\n\n~~~{{figure-notes}}\n{text}\n~~~",
                },
            }
    source[0] = json.dumps(notebook)


def _plain(text: str) -> str:
    """Return text that MyST reads as these characters: all ASCII punctuation escaped."""
    return "".join(f"\\{c}" if c.isascii() and not (c.isalnum() or c == " ") else c for c in text)


def copy_data(app: Sphinx, error: Exception | None) -> None:
    """Put the data package beside the pages, where the download links look for it."""
    if error is None and app.builder.format == "html" and app.builder.name != "epub":
        shutil.copytree(Path(app.srcdir) / "data", Path(app.outdir) / "data", dirs_exist_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register directives, roles and event handlers."""
    app.add_directive("data-table", DataTable)
    app.add_directive("figure-notes", FigureNotes)
    app.add_directive("weights-explorer", WeightsExplorer)
    app.add_role("claim", Claim())
    app.add_role("confidence", Confidence())
    app.add_role("verdict", Verdict())
    app.connect("source-read", lift_figures)
    app.connect("build-finished", copy_data)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
