"""The data dictionary page, rendered from data/datapackage.json.

Directive
    data-dictionary     a section per table: what a row is, columns, coverage, sources, caveats
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

GROUPS = {
    "article": "The article",
    "evidence": "The record",
    "research": "The research and our judgement",
    "": "Shared",
}


class DataDictionary(SphinxDirective):
    """One section per group of tables, one subsection per table."""

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        descriptor = root / "data" / "datapackage.json"
        self.env.note_dependency(str(descriptor))
        package = json.loads(descriptor.read_text(encoding="utf-8"))
        users = self.users(root / "book")
        sections: list[nodes.Node] = []
        for folder, title in GROUPS.items():
            members = [r for r in package["resources"] if r["path"].rpartition("/")[0] == folder]
            if members:
                section = self.section(f"data-group-{folder or 'shared'}", title)
                section += [self.entry(r, users.get(r["name"], [])) for r in members]
                sections.append(section)
        return sections

    def section(self, name: str, title: str) -> nodes.section:
        """Return a section that can be linked to by its name."""
        section = nodes.section("", nodes.title(title, title), names=[name])
        self.state.document.note_explicit_target(section, section)
        return section

    def users(self, book: Path) -> dict[str, list[str]]:
        """Return the documents that load each table, as their notebooks' metadata say."""
        users: dict[str, list[str]] = {}
        for path in sorted(book.rglob("*.ipynb")):
            document = path.relative_to(book.parent).with_suffix("").as_posix()
            if document not in self.env.found_docs:
                continue
            self.env.note_dependency(str(path))
            inputs = json.loads(path.read_text(encoding="utf-8"))["metadata"].get("inputs", {})
            for name in inputs:
                if name.startswith("table "):
                    users.setdefault(name.removeprefix("table "), []).append(document)
        return users

    def entry(self, resource: dict[str, Any], users: list[str]) -> nodes.section:
        """Return the section of one table."""
        section = self.section(f"data-{resource['name']}", resource["title"])
        section += nodes.paragraph("", resource["description"])
        about = nodes.field_list(classes=["dictionary", "compact"])
        up = "../" * self.env.docname.count("/")
        file = nodes.paragraph("", "", nodes.literal("", f"data/{resource['path']}"))
        link = nodes.reference(
            "", "download", refuri=f"{up}data/{resource['path']}", internal=False
        )
        file += nodes.inline("", " (", link, nodes.Text(")"), classes=["screen-only"])
        used = nodes.paragraph()
        for place, document in enumerate(users):
            used += nodes.Text(", " if place else "")
            used += self.chapter(document)
        if not users:
            used += nodes.Text(resource.get("reason", "no page"))
        about += _field("File", file)
        about += _field("Used in", used)
        about += _field("Coverage", nodes.paragraph("", resource["coverage"]))
        about += _field("As of", nodes.paragraph("", resource["asOf"]))
        about += _field("Sources", *[_source(s) for s in resource["sources"]])
        terms = "; ".join(item["title"] for item in resource["licenses"])
        if resource["restricted"]:
            terms += " (not open data: small extract, shown with attribution)"
        about += _field("Licence", nodes.paragraph("", terms))
        for title, lines in (
            ("Caveats", resource["caveats"]),
            ("Breaks", [f"{b['field']}, {b['at']}: {b['note']}" for b in resource["breaks"]]),
        ):
            if lines:
                items = [nodes.list_item("", nodes.paragraph("", line)) for line in lines]
                about += _field(title, nodes.bullet_list("", *items))
        section += about
        section += _columns(resource)
        return section

    def chapter(self, document: str) -> nodes.Node:
        """Return a link to a document, with its title."""
        from sphinx.addnodes import pending_xref

        name = document.rpartition("/")[2].replace("_", " ")
        return pending_xref(
            "",
            nodes.inline(name, name),
            refdomain="std",
            reftype="doc",
            reftarget=f"/{document}",
            refexplicit=True,
            refwarn=True,
            refdoc=self.env.docname,
        )


def _field(name: str, *body: nodes.Node) -> nodes.field:
    return nodes.field("", nodes.field_name(name, name), nodes.field_body("", *body))


def _source(source: dict[str, str]) -> nodes.paragraph:
    if "path" not in source:
        return nodes.paragraph("", source["title"])
    link = nodes.reference("", source["title"], refuri=source["path"], internal=False)
    return nodes.paragraph("", "", link)


def _columns(resource: dict[str, Any]) -> nodes.table:
    """Return the table of a table's columns."""
    group = nodes.tgroup(cols=3)
    for place, width in enumerate((28, 22, 50)):
        group += nodes.colspec(colwidth=width, stub=int(place == 0))
    keys = resource["schema"].get("primaryKey", [])
    targets = {
        field: key["reference"]["resource"] or resource["name"]
        for key in resource["schema"].get("foreignKeys", [])
        for field in ([key["fields"]] if isinstance(key["fields"], str) else key["fields"])
    }
    rows = []
    for field in resource["schema"]["fields"]:
        limits = field.get("constraints", {})
        kind = field["type"] + (f", {field['unit']}" if field.get("unit") else "")
        says = field["description"].rstrip(".") + "."
        says += " Required." if limits.get("required") and field["name"] not in keys else ""
        says += " Key." if field["name"] in keys else ""
        says += f" Points to {targets[field['name']]}." if field["name"] in targets else ""
        says += f" One of: {', '.join(map(str, limits['enum']))}." if "enum" in limits else ""
        rows.append(_row(field["name"], kind, says))
    group += [nodes.thead("", _row("Column", "Type", "Meaning")), nodes.tbody("", *rows)]
    return nodes.table("", group, classes=["colwidths-given", "dictionary-columns", "compact"])


def _row(*cells: str) -> nodes.row:
    return nodes.row("", *[nodes.entry("", nodes.paragraph("", cell)) for cell in cells])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("data-dictionary", DataDictionary)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
