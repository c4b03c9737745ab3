"""What every page says about the report: version, dates, downloads, how to cite, metadata.

All of it stems from CITATION.cff and _config.yml. Configuration:
    report_downloads    by key, [text, file]: what every page offers; files lie beside index.html.
                        The key "data" names the tables that the structured data describes.
    report_evidence     the evidence date, as text

sphinxext-opengraph would cut descriptions in the middle of a sentence and count chapters in
titles, sphinx-sitemap start a process of its own and warn where a book has no address.
"""

from __future__ import annotations

import datetime
import json
import re
import textwrap
from html import escape
from pathlib import Path
from typing import Any

import typst
from docutils import nodes
from sphinx.application import Sphinx

from report.data import edition
from report.style import FONTS

DESCRIPTION_LIMIT = 200
CARD = "_static/social-card.png"
DATA_PAGES = {"book/summary", "book/appendix/data_dictionary"}


def description(doctree: nodes.document | None, otherwise: str) -> str:
    """Return the first sentences of a page's own text, as many as search results show."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        said = (t for t in paragraph.findall(nodes.Text) if not isinstance(t.parent, nodes.raw))
        text = " ".join("".join(said).split())
        if text and isinstance(paragraph.parent, nodes.section):
            sentences = re.match(rf".{{60,{DESCRIPTION_LIMIT - 1}}}\.(?= )", text)
            if sentences and len(text) > DESCRIPTION_LIMIT:
                return sentences[0]
            return textwrap.shorten(text, DESCRIPTION_LIMIT, placeholder=" …")
    return otherwise


def cite(about: dict[str, Any], page: dict[str, str]) -> dict[str, str]:
    """Return how to cite a page or an exhibit: as text, a BibTeX entry and a RIS record.

    Args:
        about: what CITATION.cff says.
        page: name (the last part of its address, empty for the whole report), title, number of
            the chapter and url (both may be empty); of an exhibit, place: its address within
            the book, which stands in for the url of a book that has none.
    """
    released, author = about["date-released"], about["authors"][0]["name"]
    version, whole = f"Version {about['version']}", about["title"] if page["name"] else ""
    place, within = "" if page["url"] else page.get("place", ""), f"In: {whole}. " * bool(whole)
    text = f"{author} ({released.year}). {page['title']}. {within}{version}, {day(released)}."
    kind, ris = ("incollection", "CHAP") if whole else ("book", "RPRT")
    key = f"dealing-with-moscow-{released.year}-{page['name']}".rstrip("-")
    entry = {
        "author": f"{{{author}}}",  # in two pairs of braces: one name, and capitals stay
        "title": f"{{{_tex(page['title'])}}}",
        "booktitle": whole and f"{{{_tex(whole)}}}",
        "chapter": page["number"],
        "publisher": f"{{{author}}}",
        "year": released.year,
        "note": _tex(f"{version}, {place}" if place else version),
        "url": page["url"],
    }
    record = {"TY": ris, "AU": f"{author},", "TI": page["title"], "T2": whole}
    record |= {"PY": f"{released:%Y/%m/%d}", "ET": about["version"], "N1": place, "UR": page["url"]}
    fields = "".join(f",\n  {name} = {{{value}}}" for name, value in entry.items() if value)
    lines = "".join(f"{tag}  - {value}\n" for tag, value in record.items() if value)
    return {
        "text": f"{text} {page['url'] or place}".strip(),
        "BibTeX": f"@{kind}{{{key}{fields}\n}}",
        "RIS": f"{lines}ER  - ",
    }


def _tex(text: str) -> str:
    return re.sub(r"([&%$#_{}])", r"\\\1", text)


def day(date: datetime.date) -> str:
    """Return a date as people read it: 8 April 2010."""
    return f"{date.day} {date:%B %Y}"


def address(app: Sphinx, place: str) -> str:
    """Return the whole address of a place within the book, "" when the book has none."""
    base = app.config.html_baseurl.rstrip("/")
    return base and f"{base}/{place}"


def chapter(app: Sphinx, page: str) -> str:
    """Return the number of a page's chapter, "" for a page that has none."""
    return ".".join(map(str, app.env.toc_secnumbers.get(page, {}).get("", ())))


def metadata(about: dict[str, Any], page: dict[str, str]) -> str:
    """Return a page's tags for search engines, reference managers and cards of links.

    A page with "data" is about the data, at this address. Cards take whole addresses only.
    """
    title, card = about["title"].partition(": ")[0], page["card"]
    said = {
        "description": page["description"],
        "author": about["authors"][0]["name"],
        "citation_title": page["title"],
        "citation_publication_date": f"{about['date-released']:%Y/%m/%d}",
        "og:type": "article",
        "og:site_name": title,
        "og:title": page["title"],
        "og:description": page["description"],
        "twitter:card": "summary_large_image" if card else "summary",
        "og:url": page["url"],
        "og:image": card,
        "og:image:alt": card and f"{title}: title card",
    }
    whole = {"@type": "Report", "name": about["title"]}
    part = {"@type": "Chapter", "name": page["title"], "isPartOf": whole}
    works = [(part if page["name"] else whole) | {"description": page["description"]}]
    if page["data"]:
        told = "Every table behind the report as CSV, with its sources."
        tables = {"@type": "Dataset", "name": f"{about['title']}: the data", "description": told}
        file = {"@type": "DataDownload", "encodingFormat": "application/zip"}
        works.append(tables | {"distribution": file | {"contentUrl": page["data"]}})
    common = {
        "@context": "https://schema.org",
        "author": {"@type": "Organization", "name": said["author"]},
        "datePublished": about["date-released"].isoformat(),
        "version": about["version"],
        "inLanguage": "en",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "keywords": about["keywords"],
    } | ({"url": page["url"]} if card else {})
    text = json.dumps([common | work for work in works], ensure_ascii=False)
    text = text.replace("<", "\\u003c")  # no text can end the script
    return f'<script type="application/ld+json">{text}</script>' + "".join(
        f'\n<meta {"property" if name[:3] == "og:" else "name"}="{name}" content="{escape(text)}">'
        for name, text in said.items()
        if text
    )


def add_context(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give the templates what they show, and the head its metadata."""
    about, offered = edition(), app.config.report_downloads
    whole, data = pagename == app.config.root_doc, offered["data"][1]
    title = app.env.titles[pagename].astext() if doctree else context["title"]
    page = {
        "name": "" if whole else pagename.rpartition("/")[2].replace("_", "-"),
        "title": about["title"] if whole else title,
        "number": chapter(app, pagename),
        "url": address(app, app.builder.get_target_uri(pagename)),
        "card": address(app, CARD),
        "description": description(doctree, " ".join(about["abstract"].split())),
        "data": (address(app, data) or data) if pagename in DATA_PAGES else "",
    }
    top = context["pathto"]("index", 1).removesuffix("index")
    downloads = [{"text": text, "href": top + file} for text, file in offered.values()]
    if (source := str(context.get("sourcename", ""))).endswith(".ipynb"):
        notebook = {"text": "Notebook of this page", "href": f"{top}_sources/{source}"}
        downloads.append(notebook | {"save": "download"})
    context["report"] = {
        "version": about["version"],
        "released": day(about["date-released"]),
        "evidence": app.config.report_evidence,
        "downloads": downloads,
        "changes": context["pathto"]("book/appendix/changes"),
        "cite": cite(about, page),
    }
    # The page for lost addresses is shown at addresses of any depth.
    base = escape(address(app, "")) if pagename == "404" else ""
    context["metatags"] = (base and f'<base href="{base}">') + metadata(about, page)


def extra_pages(app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
    """Return the way in at the top, the search, and the page for addresses that lead nowhere."""
    pages = {"index": app.config.html_title, "search": "Search", "404": "Page not found"}
    return [(name, {"title": title}, f"{name}.html") for name, title in pages.items()]


def draw_card(path: Path, title: str, subtitle: str, width: float, height: float) -> None:
    """Draw title and subtitle in white on blue, width by height hundreds of pixels, as a PNG."""
    words = json.dumps([title, subtitle[:1].upper() + subtitle[1:]])
    sheet = f"""#set page(width: {width}in, height: {height}in, margin: 8%, fill: rgb("#1f4e8c"))
#set text(font: "Source Sans Pro", fill: white, size: {2.5 * width}pt, hyphenate: false)
#let (title, subtitle) = json(bytes({json.dumps(words)}))
#align(horizon, text(size: 2.1em, weight: 600, title) + parbreak() + subtitle)"""
    fonts: list[Any] = [Path(FONTS["400", "normal"]).parent]
    how: dict[str, Any] = {"format": "png", "ppi": 100, "ignore_system_fonts": True}
    path.write_bytes(typst.compile(sheet.encode(), font_paths=fonts, **how))


def finish(app: Sphinx, error: Exception | None) -> None:
    """Write the list of pages and the card of links, when the book has an address."""
    if error is None and app.builder.name == "html" and app.config.html_baseurl:
        pages = (app.builder.get_target_uri(name) for name in sorted(app.env.found_docs))
        lines = "".join(f"{address(app, page)}\n" for page in pages)
        Path(app.outdir, "sitemap.txt").write_text(lines, encoding="utf-8")
        title, _, subtitle = edition()["title"].partition(": ")
        draw_card(Path(app.outdir, CARD), title, subtitle, 12, 6.3)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register configuration and event handlers."""
    app.add_config_value("report_downloads", {}, "html")
    app.add_config_value("report_evidence", "", "html")
    app.connect("html-page-context", add_context, priority=400)
    app.connect("html-collect-pages", extra_pages)
    app.connect("build-finished", finish)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
