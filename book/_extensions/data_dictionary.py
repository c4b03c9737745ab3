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
            if document in self.env.found_docs:
                self.env.note_dependency(str(path))
                metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
                for name in metadata.get("inputs", {}):
                    users.setdefault(name.removeprefix("table "), []).append(document)
        return users

    def entry(self, resource: dict[str, Any], users: list[str]) -> nodes.section:
        """Return the section of one table."""
        file, up = f"data/{resource['path']}", "../" * self.env.docname.count("/")
        link = nodes.reference("", "download", refuri=up + file, internal=False)
        download = nodes.inline("", " (", link, nodes.Text(")"), classes=["screen-only"])
        names = [f"{{doc}}`{u.rpartition('/')[2].replace('_', ' ')} </{u}>`" for u in users]
        used = self.parse_inline(", ".join(names) or resource.get("reason", "no page"))[0]
        terms = "; ".join(item["title"] for item in resource["licenses"])
        if resource["restricted"]:
            terms += " (not open data: small extract, shown with attribution)"
        breaks = [f"{b['field']}, {b['at']}: {b['note']}" for b in resource["breaks"]]
        fields = {
            "File": [nodes.paragraph("", "", nodes.literal("", file), download)],
            "Used in": [nodes.paragraph("", "", *used)],
            "Coverage": [nodes.paragraph("", resource["coverage"])],
            "As of": [nodes.paragraph("", resource["asOf"])],
            "Sources": [_source(source) for source in resource["sources"]],
            "Licence": [nodes.paragraph("", terms)],
            "Caveats": _list(resource["caveats"]),
            "Breaks": _list(breaks),
        }
        about = nodes.field_list(classes=["dictionary", "compact"])
        for name, body in fields.items():
            if body:
                head = nodes.field_name(name, name)
                about += nodes.field("", head, nodes.field_body("", *body))
        section = self.section(f"data-{resource['name']}", resource["title"])
        section += [nodes.paragraph("", resource["description"]), about, _columns(resource)]
        return section


def _list(lines: list[str]) -> list[nodes.Node]:
    items = [nodes.list_item("", nodes.paragraph("", line)) for line in lines]
    return [nodes.bullet_list("", *items)] if items else []


def _source(source: dict[str, str]) -> nodes.paragraph:
    if "path" not in source:
        return nodes.paragraph("", source["title"])
    link = nodes.reference("", source["title"], refuri=source["path"], internal=False)
    return nodes.paragraph("", "", link)


def _columns(resource: dict[str, Any]) -> nodes.table:
    """Return the table of a table's columns."""
    schema = resource["schema"]
    keys, targets = schema.get("primaryKey", []), dict[str, str]()
    for key in schema.get("foreignKeys", []):
        fields = [key["fields"]] if isinstance(key["fields"], str) else key["fields"]
        targets |= dict.fromkeys(fields, key["reference"]["resource"] or resource["name"])
    rows = []
    for field in schema["fields"]:
        name, limits = field["name"], field.get("constraints", {})
        kind = field["type"] + (f", {field['unit']}" if field.get("unit") else "")
        says = field["description"].rstrip(".") + "."
        says += " Key." if name in keys else " Required." if limits.get("required") else ""
        says += f" Points to {targets[name]}." if name in targets else ""
        says += f" One of: {', '.join(map(str, limits['enum']))}." if "enum" in limits else ""
        rows.append(_row(name, kind, says))
    group = nodes.tgroup(cols=3)
    group += [nodes.colspec(colwidth=w, stub=int(w == 28)) for w in (28, 22, 50)]
    group += [nodes.thead("", _row("Column", "Type", "Meaning")), nodes.tbody("", *rows)]
    return nodes.table("", group, classes=["colwidths-given", "dictionary-columns", "compact"])


def _row(*cells: str) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", cell)) for cell in cells))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("data-dictionary", DataDictionary)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
