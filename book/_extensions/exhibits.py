"""Sphinx side of report: what notebooks store, placed and worded by their Markdown.

Before a notebook is parsed, the facts that its cells recorded are written into its Markdown
({glue:text}`name`), its exhibits are set aside for the directives that place them, and each code
cell becomes a box for the screen (notebook-code), so that MyST-NB has no output left to render.
What stands before an exhibit is folded at its foot.

Directives
    exhibit        a table or figure by its name, with caption, notes and source line
    weights-explorer  sliders for the weights of the study types (HTML only, needs JavaScript)
Roles
    claim          {claim}`S1-B1`: a claim id, linked to the claim-by-claim page
    rec            {rec}`S1-B2`: the short name of a recommendation, linked likewise
    certainty      {certainty}`S1-B1`: the certainty of that claim's verdict, computed
    verdict        {verdict}`supported`: a verdict, with a sign that needs no colour
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.roles import XRefRole
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

# "jupyter-book build ." puts this folder on the path, not the one above.
sys.path.append(str(Path(__file__).resolve().parents[1]))
from report import assessment, data, evidence
from report.exhibits import EXPLORER_MIME, FACTS_MIME, FIGURE_MIME, MISSING, TABLE_MIME

logger = logging.getLogger(__name__)
#: A sign beside each verdict, so that colour is not needed to tell them apart.
SIGNS = {
    "supported": "++",
    "mostly supported": "+",
    "leans for": "(+)",
    f"{evidence.TOO_LITTLE}, leans for": "(+)",
    evidence.MIXED: "±",
    evidence.DISAGREE: "+/−",
    evidence.TOO_LITTLE: "?",
    f"{evidence.TOO_LITTLE}, leans against": "(−)",
    "leans against": "(−)",
    "mostly contradicted": "−",
    "contradicted": "−−",
    evidence.NOT_TESTED: "○",
}
#: The word that each certainty gives a sentence, the most careful first.
WORDS = {"very low": "lean|uncertain", "low": r"\bmay\b", "moderate": "probably", "high": "shows?"}
CODE = "::::::{{container}} screen-only notebook-code\n~~~~~~~~~ipython3\n{}\n~~~~~~~~~\n::::::"
#: A column with a longer text than this, in letters, is kept wide enough to read.
LONG = 60
GLUED = re.compile(r"\{glue:text\}`([^`]*)`")


def set_aside(app: Sphinx, docname: str, source: list[str]) -> None:
    """Fill facts into a notebook's Markdown; keep its exhibits; make directives of its code."""
    path = app.env.doc2path(docname)
    if not path.endswith(".ipynb"):
        return
    notebook = json.loads(source[0])
    kept: dict[str, Any] = app.env.temp_data.setdefault("exhibits", {})
    facts: dict[str, str] = {}
    for output in (o for cell in notebook["cells"] for o in cell.get("outputs", ())):
        bundle = {k: v if isinstance(v, str) else "".join(v) for k, v in output["data"].items()}
        facts |= json.loads(bundle.get(FACTS_MIME, "{}"))
        for mime in {TABLE_MIME, FIGURE_MIME, EXPLORER_MIME} & bundle.keys():
            body = json.loads(bundle[mime]) | {"svg": bundle.get("image/svg+xml")}
            kept[body["name"]] = body
    for number, cell in enumerate(notebook["cells"], start=1):
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            # The cell stays in its place: its number is part of a warning's line number.
            text = CODE.format(text)
        else:
            for name in set(GLUED.findall(text)) - set(facts):
                logger.warning("%s, cell %s: no cell records the fact %r", path, number, name)
            text = GLUED.sub(lambda place: facts.get(place[1], place[0]), text)
        words = {"cell_type": "markdown", "metadata": {}, "source": text}
        notebook["cells"][number - 1] = words | ({"id": cell["id"]} if "id" in cell else {})
    source[0] = json.dumps(notebook)


class Exhibit(SphinxDirective):
    """A numbered table or figure; the first paragraph is its caption, the others are notes.

    Options
        alt      of a figure: what someone who cannot see it needs to know
        missing  of a table with empty cells: why they are empty
        formerly names of exhibits of earlier editions that it replaces: their addresses lead here
        ordered  of a table: the order of its rows says something, so that it does not sort
    """

    required_arguments = 1
    has_content = True
    option_spec = dict.fromkeys(("alt", "missing", "formerly", "ordered"), directives.unchanged)

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        body = self.env.temp_data.get("exhibits", {}).pop(name, None)
        if body is None:
            raise self.error(f"exhibit {name}: no cell of this page makes it, or it stands twice")
        words = self.parse_content_to_nodes(allow_section_headings=False)
        if not words or not all(isinstance(word, nodes.paragraph) for word in words):
            raise self.error(f"exhibit {name}: expected a caption and notes, each a paragraph")
        caption, *notes = words
        old = [nodes.make_id(one) for one in self.options.get("formerly", "").split()]
        box = nodes.container(classes=["exhibit"], ids=old)
        if body["svg"]:
            self._check("alt", len(self.options.get("alt", "").split()) >= 12, "12 words or more")
            shown: nodes.Element = self.figure(name, body, caption)
        else:
            empty = any(cell == MISSING for row in body["rows"] for cell in row)
            reason = self.options.get("missing", "").strip()
            self._check("missing", bool(reason) == empty, "text where, and only where, cells are")
            if empty:
                notes.append(nodes.paragraph("", f"{MISSING} {reason}"))
            shown = self.table(body, caption)
            shown["classes"] += ["ordered"] * ("ordered" in self.options)
            box["classes"].append("exhibit-table")
        shown["names"].append(nodes.fully_normalize_name(name))
        self.state.document.note_explicit_target(shown, shown)
        self.set_source_info(shown)
        said = data.source_line(body["source"])
        rules = said["selections"]
        for title, rule in rules.items():
            which = f" ({title})" if len(rules) > 1 else ""
            notes.append(nodes.paragraph("", f"Selection{which}: {rule}"))
        for note in notes:
            note["classes"].append("exhibit-note")
        box += [shown, *notes, self.source(body, said)]
        box["exhibit"] = {key: body.get(key) for key in ("source", "data_to", "marks")}
        box["exhibit"]["svg"] = shown.get("drawing")  # where it lies
        if body["svg"]:
            fold = nodes.container("", self.table(body), classes=["figure-numbers", "screen-only"])
            fold["summary"] = "Numbers in this figure"
            fold["label"] = f"Numbers: {caption.astext()}"
            box += fold
        return [box]

    def _check(self, option: str, right: bool, expected: str) -> None:
        if not right:
            raise self.error(f"exhibit {self.arguments[0]}, option {option}: expected {expected}")

    def inline(self, cell: str | dict[str, str]) -> list[nodes.Node]:
        """Return a cell's nodes: text stays text, {"markup": ...} is parsed as inline MyST."""
        if isinstance(cell, str):
            return [nodes.Text(cell)]
        parsed, messages = self.state.inline_text(cell["markup"], self.lineno)
        return [*parsed, *messages]

    def figure(self, name: str, body: dict[str, Any], caption: nodes.paragraph) -> nodes.figure:
        """Return the figure, its drawing written to a file of the exhibit's name."""
        folder = Path(self.env.doctreedir).parent / "exhibits"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{nodes.make_id(name)}.svg"
        path.write_text(body["svg"], encoding="utf-8")
        page = Path(self.env.doc2path(self.env.docname)).parent
        image = nodes.image(uri=Path(os.path.relpath(path, page)).as_posix())
        image["alt"] = " ".join(self.options["alt"].split())
        # Its room is kept before it is loaded: a point is 4/3 pixels.
        size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', body["svg"])
        image["room"] = [f"{float(n) * 4 / 3:.0f}" for n in size.groups()] if size else []
        words = nodes.caption("", "", *caption.children)
        return nodes.figure("", image, words, drawing=str(path))

    def table(self, body: dict[str, Any], caption: nodes.Element | None = None) -> nodes.table:
        """Return the table: text as text, markup as MyST, rows labelled where they have anchors."""
        columns = body["columns"]
        group = nodes.tgroup(cols=len(columns))
        title = [nodes.title("", "", *caption.children)] if caption else []
        table = nodes.table("", *title, group, classes=["data-table"])
        group += [nodes.colspec(colwidth=1, stub=0) for _ in columns]
        group[0]["stub"] = int(body.get("row_header", True))
        head = nodes.thead("", self.row([c["title"] for c in columns], columns))
        for entry, cells in zip(head[0], zip(*body["rows"], strict=True), strict=True):
            if any(len(c if isinstance(c, str) else c["markup"]) > LONG for c in cells):
                entry["classes"].append("text-long")
        rest = nodes.tbody("", *(self.row(row, columns) for row in body["rows"]))
        group += [head, rest]
        anchors = body.get("anchors", [])
        for row, anchor in zip(rest if anchors else (), anchors, strict=True):
            row[0]["names"].append(nodes.fully_normalize_name(anchor))
            self.state.document.note_explicit_target(row[0], row[0])
        return table

    def row(self, cells: list[Any], columns: list[dict[str, str]]) -> nodes.row:
        """Return a table row with each cell aligned as its column is."""
        row = nodes.row()
        for cell, column in zip(cells, columns, strict=True):
            text = nodes.paragraph("", "", *self.inline(cell))
            row += nodes.entry("", text, classes=[f"text-{column['align']}"])
        return row

    def source(self, body: dict[str, Any], source: dict[str, Any]) -> nodes.paragraph:
        """Return the line that says where the rows were read and how far they reach."""
        line = nodes.paragraph(classes=["exhibit-source"])
        read, press = body["read"], "as reported by the press"
        whole = 0 < read["press"] == read["rows"]
        line += nodes.Text(f"Source, {press}: " if whole else "Source: ")
        for place, item in enumerate(source["sources"]):
            line += nodes.Text("; " if place else "")
            line += _link(item["title"], item["url"])
        if read["press"] and not whole:
            line += nodes.Text(f"; {read['press']:,} of {read['rows']:,} {read['of']} {press}")
        line += nodes.Text(f". Data to {body['data_to']}." if body["data_to"] else ".")
        if source["restricted"]:
            line += nodes.Text(" Not open data: a small extract, shown with attribution.")
        up = "../" * self.env.docname.count("/")
        for place, item in enumerate(source["tables"]):
            line += nodes.Text(f"{', ' if place else ' Data: '}{item['name']}")
            ways = [_link("CSV", f"{up}data/{item['path']}")]
            if item["sourced"]:  # from the list of the pages that its rows were read from
                pages = {"markup": f"{{ref}}`pages read <pages-{item['name']}>`"}
                ways += [nodes.Text(", "), *self.inline(pages)]
            ways = [nodes.Text(" ("), *ways, nodes.Text(")")]
            line += nodes.inline("", "", *ways, classes=["screen-only"])
        return line


def _link(text: str, address: str) -> nodes.Node:
    link = nodes.reference(text, text, refuri=address, internal=False)
    return link if address else nodes.Text(text)


class FoldCode(SphinxTransform):
    """Make one fold of cells that follow each other, at the foot of the exhibit beside them."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        for box in list(self.document.findall(lambda node: _is(node, "notebook-code"))):
            box["summary"] = "Show the code"
            after, before = box.next_node(descend=False, siblings=True), box.previous_sibling()
            home = after if _is(after, "exhibit") else before
            if _is(after, "notebook-code"):
                after.insert(0, box.children)
            elif not _is(home, "exhibit"):
                continue
            elif _is(home[-1], "notebook-code"):
                home[-1] += box.children
            else:
                home += box.deepcopy()
            box.parent.remove(box)


def _is(node: nodes.Node | None, kind: str) -> bool:
    return isinstance(node, nodes.container) and kind in node["classes"]


class WeightsExplorer(SphinxDirective):
    """Sliders that apply the grading rule in the page; weights.js fills the empty box."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        body = self.env.temp_data["exhibits"].pop(self.arguments[0])
        # "<" is escaped so that no text in the data can end the script element.
        text = json.dumps(body, ensure_ascii=False).replace("<", "\\u003c")
        script = f'<script type="application/json">{text}</script>'
        box = f'<div class="weights-explorer" hidden>{script}</div>'
        return [nodes.container("", nodes.raw("", box, format="html"), classes=["screen-only"])]


class Claim(XRefRole):
    """A claim of the article, linked to its row on the claim-by-claim page.

    It is shown by its id; by the roles rec and Rec (with a capital) by its short name.
    """

    innernodeclass = nodes.inline

    def process_link(
        self, env: Any, refnode: nodes.Element, has_explicit_title: bool, title: str, target: str
    ) -> tuple[str, str]:
        refnode["refdomain"], refnode["reftype"], refnode["refexplicit"] = "std", "ref", True
        if self.name == "rec":
            env.note_dependency(str(data.path_of("claims")))
            names = data.load("claims").set_index("claim_id")["short_name"].dropna()
            title = str(names.get(title, title))
            if self.rawtext.startswith(":Rec:"):  # a role's name is in small letters
                title = title[:1].upper() + title[1:]
        return title, f"claim-{target.lower()}"

    def result_nodes(
        self, document: nodes.document, env: Any, node: nodes.Element, is_ref: bool
    ) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Mark the first mention in a document: the claim-by-claim page leads back to it."""
        claim = node["reftarget"].removeprefix("claim-")
        name = f"use-{env.docname.rpartition('/')[2]}-{claim}"
        here = nodes.inline("", "", node, classes=[self.name])
        if name not in document.nameids:
            here["names"].append(name)
            document.note_explicit_target(here, here)
        return [here], []


class Certainty(SphinxRole):
    """The certainty of a claim's verdict, computed; the words that it tags must say the same."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        level = assessment.certainties().get(self.text, "of no recommendation")
        for name in data.loaded():
            self.env.note_dependency(str(data.path_of(name)))
        words = self.inliner.parent.astext()
        said = next((n for n in WORDS if re.search(WORDS[n], words)), "no verdict")
        if said != level or re.search(r"\d", words):
            message = f"certainty: {self.text} is {level}, the words before its tag say {said}"
            message += f"; expected one of {WORDS}, or none without a verdict, and no number"
            return [], [self.inliner.reporter.error(message, line=self.lineno)]
        text = level if level == "no verdict" else f"{level} certainty"
        classes = ["certainty", f"certainty-{level.replace(' ', '-')}"]
        return [nodes.strong("", text.capitalize(), classes=classes)], []


class Verdict(SphinxRole):
    """A verdict of the grading rule, with its sign."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        if self.text not in SIGNS:
            message = f"verdict: expected one of {tuple(SIGNS)}, got {self.text!r}"
            return [], [self.inliner.reporter.error(message, line=self.lineno)]
        classes = ["verdict", "verdict-" + self.text.replace(",", "").replace(" ", "-")]
        shown = f"{SIGNS[self.text]} {self.text}"
        return [nodes.inline("", shown, classes=classes, word=self.text)], []


def find_unplaced(app: Sphinx, doctree: nodes.document) -> None:
    """Warn of exhibits that a cell makes and no directive places."""
    for name in app.env.temp_data.pop("exhibits", {}):
        logger.warning("%s: no exhibit directive places %s", app.env.docname, name)


def copy_data(app: Sphinx, error: Exception | None) -> None:
    """Put the data package beside the pages, where the download links look for it."""
    for path in data.files() if error is None and app.builder.name == "html" else ():
        target = Path(app.outdir) / path.relative_to(data.ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register directives, roles and event handlers."""
    app.add_directive("exhibit", Exhibit)
    app.add_directive("weights-explorer", WeightsExplorer)
    app.add_role("claim", Claim(warn_dangling=True))
    app.add_role("rec", Claim(warn_dangling=True))
    app.add_role("certainty", Certainty())
    app.add_role("verdict", Verdict())
    app.add_transform(FoldCode)
    app.connect("source-read", set_aside)
    app.connect("doctree-read", find_unplaced)
    app.connect("build-finished", copy_data)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
