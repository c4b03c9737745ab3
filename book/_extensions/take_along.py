"""Every exhibit as files to take along: a fold that offers them, and one page that shows all.

For the pages only. The folder exhibits/ beside them holds, named by the exhibit's id,
    .csv        what is shown: numbers as programs read them, units in the header
    .json       what the CSV is: a Data Package with title, sources, licences and version
    .bib, .ris  how to cite it
    .svg, .png  of a figure: with title, notes, source, date, version and address inside; the
                unit stands in the title or at the axes
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from functools import cache, partial
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd
import typst
from docutils import nodes
from sphinx.application import Sphinx

from about_report import address, chapter, cite, day
from report import data
from report.exhibits import MISSING
from report.style import COLOURS, FACE, FONTS, font_faces
from typst_builder.press import VERSIONS, kept

MARGIN = 13.2  # points around a drawing
#: The types that a column of text and one of numbers may have: the first that fits all cells.
TYPES = (("date", "yearmonth", "year"), ("integer", "number"))


def read(app: Sphinx, page: str, source: nodes.Element) -> dict[str, Any]:
    """Return what the exhibit above a source line is and shows, as its page says it."""
    box, made = source.parent, source.parent["exhibit"]
    kind, title = ("figure", nodes.caption) if made["svg"] else ("table", nodes.title)
    shown = box.next_node(getattr(nodes, kind))
    name, caption = shown["ids"][0], shown.next_node(title).astext()
    number = ".".join(map(str, app.env.toc_fignumbers[page][kind][name]))
    place = f"{app.builder.get_target_uri(page)}#{name}"
    work = {"name": name, "title": f"{app.config.numfig_format[kind] % number}. {caption}"}
    work |= {"number": "", "place": place, "url": address(app, place)}
    heads, *rows = box.next_node(nodes.table).findall(nodes.row)
    return {
        **made,
        **work,
        "page": page,
        "kind": kind,
        "caption": caption,
        "alt": shown.next_node(nodes.image)["alt"] if made["svg"] else "",
        "notes": " ".join(node.astext() for node in box if "exhibit-note" in node["classes"]),
        # Without the links to the data, which are for the screen.
        "said": "".join(p.astext() for p in source if not isinstance(p, nodes.inline)),
        "columns": [*columns(made["source"], heads, rows)],
        "cite": cite(data.edition(), work),
    }


def columns(source: list[str], heads: nodes.row, rows: list[nodes.row]) -> Iterator[dict[str, Any]]:
    """Yield each column with name, type, unit and cells, numbers as programs read them."""
    seen: list[str] = []
    for head, *entries in zip(heads, *rows, strict=True):
        title, numbers = head.astext(), "text-right" in head["classes"]
        cells = ["" if (text := _cell(entry)) == MISSING else text for entry in entries]
        if numbers:
            cells = [cell.replace(",", "").replace("−", "-") for cell in cells]
        forms = ((kind, data.TYPES[kind][1]) for kind in TYPES[numbers])
        fits = (k for k, form in forms if all(re.fullmatch(form, cell) for cell in cells if cell))
        kind = next(fits, "string")
        unit = _unit(source, title, cells) if kind in TYPES[True] else ""
        seen.append(title if unit.lower() in title.lower() else f"{title} ({unit})")
        name = seen[-1] + " 2" * (seen.count(seen[-1]) > 1)  # an id and its words, both "Claim"
        yield {"name": name, "type": kind, "unit": unit, "cells": cells}


def _unit(source: list[str], title: str, cells: list[str]) -> str:
    """Return the unit of a column, if its cells are values of a field: a sum may have another."""
    found = [units[title] for name in source if title in (units := _units(name))]
    values = set[float]().union(*(values for _, values in found))
    return found[0][0] if found and values.issuperset(float(cell) for cell in cells if cell) else ""


@cache
def _units(name: str) -> dict[str, tuple[str, set[float]]]:
    """Return unit and values of each field of a table that has a unit, by its title."""
    table, fields = data.load(name), data.describe(name)["schema"]["fields"]
    return {f["title"]: (f["unit"], {*table[f["name"]].dropna()}) for f in fields if f.get("unit")}


def _cell(entry: nodes.Element) -> str:
    """Return a cell's text; a verdict without its sign, which a spreadsheet would compute."""
    text = entry.astext()
    for mark in entry.findall(nodes.inline):
        text = text.replace(mark.astext(), mark.get("word", mark.astext()))
    return text


def package(exhibit: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    """Return the description of an exhibit's CSV: a Frictionless Data Package of one table."""
    name, tables = exhibit["name"], [data.describe(table) for table in exhibit["source"]]
    table = {"name": name, "path": f"{name}.csv", "format": "csv", "mediatype": "text/csv"}
    fields = [{k: c[k] for k in ("name", "type", "unit") if c[k]} for c in exhibit["columns"]]
    said = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": name,
        "title": exhibit["title"],
        "description": exhibit["notes"],
        "version": about["version"],
        "created": f"{about['date-released']}T00:00:00Z",
        "homepage": exhibit["url"],
        "citation": exhibit["cite"]["text"],
        "coverage": exhibit["data_to"] and f"Data to {exhibit['data_to']}",
        "licenses": [*{item["title"]: item for t in tables for item in t["licenses"]}.values()],
        "sources": [*{item["title"]: item for t in tables for item in t["sources"]}.values()],
        "resources": [table | {"schema": {"fields": fields, "missingValues": [""]}}],
    }
    return {key: value for key, value in said.items() if value}


def picture(drawing: str, title: str, lines: list[str], alt: str) -> str:
    """Return a drawing as an SVG of its own: the title above it, lines below, fonts inside."""
    wide, tall = re.findall(r"[\d.]+", drawing.partition("viewBox=")[2])[2:4]
    heads = [(line, 12, "font-weight: 600; ", COLOURS["ink"]) for line in textwrap.wrap(title, 80)]
    feet = [(part, 8, "", COLOURS["other"]) for t in lines for part in textwrap.wrap(t, 126)]
    parts, y = [], MARGIN
    for place, (text, size, weight, colour) in enumerate([*heads, *feet]):
        if place == len(heads):
            frame = f'x="{MARGIN}" y="{y + 8:g}" width="{wide}" height="{tall}"'
            inner = re.sub("<style>@font-face.*?</style>", "", drawing)
            parts.append(re.sub(r'width="\S+pt" height="\S+pt"', frame, inner, count=1))
            y += float(tall) + 12
        y += 1.25 * size
        style = f"{weight}font-size: {size}px; font-family: '{FACE}', 'DejaVu Sans'; fill: {colour}"
        parts.append(f'<text x="{MARGIN}" y="{y:g}" style="{style}">{escape(text)}</text>')
    body, room = "\n".join(parts), f"{float(wide) + 2 * MARGIN:g} {y + MARGIN:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {room}" role="img">\n'
        f"<title>{escape(title)}</title><desc>{escape(alt)}</desc>{font_faces(body)}\n"
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def write(folder: Path, exhibit: dict[str, Any], about: dict[str, Any]) -> None:
    """Write the files of an exhibit, but for its PNG."""
    stem = folder / exhibit["name"]
    shown = pd.DataFrame({column["name"]: column["cells"] for column in exhibit["columns"]})
    told = json.dumps(package(exhibit, about), ensure_ascii=False, indent=2)
    files = {".csv": shown.to_csv(index=False, lineterminator="\n"), ".json": f"{told}\n"}
    files |= {f".{form[:3].lower()}": f"{exhibit['cite'][form]}\n" for form in ("BibTeX", "RIS")}
    if exhibit["svg"]:
        number, name = exhibit["title"].partition(". ")[0], about["title"].partition(": ")[0]
        where = f"{number} of {name}, version {about['version']}, {day(about['date-released'])}"
        where += f", {exhibit['url'] or exhibit['place']}. CC\u00a0BY\u00a04.0."
        lines = [exhibit["notes"], exhibit["said"], where]
        drawing = Path(exhibit["svg"]).read_text(encoding="utf-8")
        files[".svg"] = picture(drawing, exhibit["caption"], lines, exhibit["alt"])
    for end, content in files.items():
        stem.with_suffix(end).write_text(content, encoding="utf-8")


def draw(folder: Path, shelf: Path) -> None:
    """Draw each SVG of a folder as a PNG of 1,600 pixels; all at once would take much memory."""
    look = "#set page(width: 10in, height: auto, margin: 0pt)\n#set image(width: 100%)\n"
    regular = Path(FONTS["400", "normal"])
    fonts = [regular.parent, Path(matplotlib.get_data_path(), "fonts", "ttf")]
    press: Any = typst.Compiler(root=folder, font_paths=fonts, ignore_system_fonts=True)
    used = [*VERSIONS, matplotlib.__version__.encode()]
    used += map(Path.read_bytes, (Path(__file__), regular))
    for path in folder.glob("*.svg"):
        sheet = f'{look}#image("/{path.name}")'.encode()
        drawn = partial(press.compile, sheet, format="png", ppi=160)
        path.with_suffix(".png").write_bytes(kept(shelf, drawn, [sheet, path.read_bytes(), *used]))


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer files under each exhibit, add the page of all, and write the files at the end."""
    found: list[dict[str, Any]] = []

    def offer(app: Sphinx, doctree: nodes.document, page: str) -> None:
        """Put a fold with the files and the citation below the source of each exhibit."""
        lines = [n for n in doctree.findall(nodes.paragraph) if "exhibit-source" in n["classes"]]
        for source in lines if app.builder.name == "html" else ():
            found.append(exhibit := read(app, page, source))
            box = source.parent
            box["search"] = [exhibit["name"], exhibit["title"], exhibit["kind"].capitalize()]
            stem = "../" * page.count("/") + f"exhibits/{exhibit['name']}"
            text = app.builder.templates.render("exhibit.html", {"exhibit": exhibit, "stem": stem})
            fold = nodes.container("", nodes.raw("", text, format="html"), summary="Save or cite")
            fold["classes"] = ["cite-this", "screen-only"]
            box.insert(box.index(source) + 1, fold)

    def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
        """Make the page that lists all exhibits, in the order of the book."""
        order = [*app.env.collect_relations()]
        for exhibit in found:
            page, tables = exhibit["page"], map(data.describe, exhibit["source"])
            title = f"{chapter(app, page)} {app.env.titles[page].astext()}".strip()
            subject = "; ".join(dict.fromkeys(table["title"] for table in tables))
            exhibit |= {"chapter": title, "subject": subject, "order": order.index(page)}
        listed = sorted(found, key=lambda exhibit: exhibit["order"])
        yield "exhibits", {"title": "Figures and tables", "exhibits": listed}, "exhibits.html"

    def finish(app: Sphinx, error: Exception | None) -> None:
        if error is None and app.builder.name == "html":
            (folder := Path(app.outdir, "exhibits")).mkdir()
            for exhibit in found:
                write(folder, exhibit, data.edition())
            draw(folder, Path(app.srcdir, app.config.typst_kept))

    app.connect("doctree-resolved", offer, priority=900)
    app.connect("html-collect-pages", pages)
    app.connect("build-finished", finish)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": False}
