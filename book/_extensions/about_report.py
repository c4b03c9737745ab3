"""What every page says about the report: version, dates, downloads, how to cite, metadata.

All of it stems from CITATION.cff and _config.yml. Configuration:
    report_downloads    [text, file] pairs that every page offers; files lie beside index.html
    report_evidence     the evidence date, as text
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx

DESCRIPTION_LIMIT = 200
CARD = "_static/social-card.png"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
DATA_PAGES = {"book/summary", "book/appendix/data_dictionary"}


def citation_file(root: Path) -> dict[str, Any]:
    """Return what CITATION.cff says."""
    return dict(yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8")))


def description(doctree: nodes.document | None, otherwise: str) -> str:
    """Return the first sentences of a page's own text, as many as search results show."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        said = [t for t in paragraph.findall(nodes.Text) if not isinstance(t.parent, nodes.raw)]
        text = " ".join("".join(said).split())
        if not isinstance(paragraph.parent, nodes.section) or not text:
            continue
        if len(text) <= DESCRIPTION_LIMIT:
            return text
        short = text[: DESCRIPTION_LIMIT + 1]
        sentence = short.rpartition(". ")[0]
        return f"{sentence}." if len(sentence) > 60 else f"{short.rpartition(' ')[0]} …"
    return otherwise


def references(about: dict[str, Any], page: dict[str, str]) -> dict[str, str]:
    """Return how to cite a page as text, as a BibTeX entry and as a RIS record.

    The whole is a report: @book, as plain BibTeX knows none with an edition, and RPRT in RIS. A
    chapter is part of it: @incollection, CHAP.

    Args:
        about: what CITATION.cff says.
        page: name (the last part of its address, empty for the whole), title, number of the
            chapter (may be empty) and url (may be empty).
    """
    released, whole = about["date-released"], about["title"]
    authors = [a["name"] for a in about["authors"]]
    when = f"{released.day} {released:%B %Y}"
    within = f"In: {whole}. " if page["name"] else ""
    plain = f"{', '.join(authors)} ({released.year}). {page['title']}. {within}"
    plain += f"Version {about['version']}, {when}." + (f" {page['url']}" if page["url"] else "")
    fields = {
        "author": " and ".join(f"{{{_tex(name)}}}" for name in authors),
        "title": f"{{{_tex(page['title'])}}}",  # in two pairs of braces: capitals stay
        "booktitle": f"{{{_tex(whole)}}}" if page["name"] else "",
        "chapter": page["number"],
        "publisher": f"{{{_tex(authors[0])}}}",
        "year": str(released.year),
        "month": f"{released:%b}".lower(),
        "note": f"Version {about['version']}",
        "url": page["url"],
    }
    kind = "incollection" if page["name"] else "book"
    key = "-".join(["dealing-with-moscow", str(released.year), page["name"]]).strip("-")
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    record = [("TY", "CHAP" if page["name"] else "RPRT"), *(("AU", f"{a},") for a in authors)]
    record += [("TI", page["title"]), ("T2", whole if page["name"] else ""), ("UR", page["url"])]
    record += [("PY", str(released.year)), ("DA", f"{released:%Y/%m/%d}"), ("ET", about["version"])]
    return {
        "text": plain,
        "BibTeX": f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}",
        "RIS": "\n".join(f"{tag}  - {value}" for tag, value in record if value) + "\nER  - ",
    }


def _tex(text: str) -> str:
    return re.sub(r"([&%$#_{}])", r"\\\1", text)


def structured(
    about: dict[str, Any], page: dict[str, str], app: Sphinx
) -> Iterator[dict[str, Any]]:
    """Yield schema.org descriptions: of the report or chapter, and of the data."""
    common: dict[str, Any] = {
        "@context": "https://schema.org",
        "author": [{"@type": "Organization", "name": a["name"]} for a in about["authors"]],
        "datePublished": about["date-released"].isoformat(),
        "version": about["version"],
        "inLanguage": "en",
        "license": LICENCE,
        "isAccessibleForFree": True,
        "keywords": about["keywords"],
    } | ({"url": page["url"]} if page["url"] else {})
    described = {**common, "name": page["title"], "description": page["description"]}
    if page["name"]:
        report = {"@type": "Report", "name": about["title"]}
        yield {**described, "@type": "Chapter", "isPartOf": report}
    else:
        yield {**described, "@type": "Report"}
    if page["document"] in DATA_PAGES:
        files = [f for _, f in app.config.report_downloads if f.endswith("-data.zip")]
        download = {"@type": "DataDownload", "encodingFormat": "application/zip"}
        yield {
            **common,
            "@type": "Dataset",
            "name": f"{app.config.html_title}: the data",
            "description": "Every table behind the report as CSV, with the source of every row, "
            "described by one Frictionless data package.",
            "distribution": [
                {**download, "contentUrl": app.config.html_baseurl + file} for file in files
            ],
        }


def add_context(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give the templates what they show, and the head its metadata."""
    if app.builder.name not in {"html", "dirhtml"}:
        return
    about, base = citation_file(Path(app.srcdir)), app.config.html_baseurl
    root, abstract = pagename == app.config.root_doc, " ".join(about["abstract"].split())
    number = app.env.toc_secnumbers.get(pagename, {}).get("", ())
    title = app.env.titles[pagename].astext() if pagename in app.env.titles else context["title"]
    page = {
        "document": pagename,
        "name": "" if root else pagename.rpartition("/")[2].replace("_", "-"),
        "title": about["title"] if root else title,
        "number": ".".join(map(str, number)),
        "url": f"{base.rstrip('/')}/{app.builder.get_target_uri(pagename)}" if base else "",
        "description": abstract if root and not doctree else description(doctree, abstract),
    }
    top = context["pathto"]("index", 1).removesuffix("index")
    downloads = [{"text": t, "href": top + file} for t, file in app.config.report_downloads]
    if (source := str(context.get("sourcename", ""))).endswith(".ipynb"):
        notebook = {"text": "Notebook of this page", "href": f"{top}_sources/{source}"}
        downloads.insert(1, notebook | {"save": True})
    released = about["date-released"]
    context["report"] = {
        "version": about["version"],
        "released": f"{released.day} {released:%B %Y}",
        "evidence": app.config.report_evidence,
        "downloads": downloads,
        "changes": context["pathto"]("book/appendix/changes"),
        "cite": references(about, page),
    }
    metadata = {
        "description": page["description"],
        "keywords": ", ".join(about["keywords"]),
        "author": ", ".join(a["name"] for a in about["authors"]),
        "citation_title": page["title"],
        "citation_publication_date": f"{released:%Y/%m/%d}",
        "og:type": "article",
        "og:site_name": app.config.html_title,
        "og:title": page["title"],
        "og:description": page["description"],
        "og:locale": "en_GB",
        "twitter:card": "summary_large_image" if base else "summary",
    }
    if base:  # a card's picture and address must be whole addresses
        metadata["og:url"] = page["url"]
        metadata["og:image"] = f"{base.rstrip('/')}/{CARD}"
        metadata["og:image:alt"] = f"{app.config.html_title}: title card"
    tags = [
        f'<meta {"property" if name.startswith("og:") else "name"}="{name}" content="{escape(text)}">'
        for name, text in metadata.items()
    ]
    if base and pagename == "404":  # it is shown at addresses of any depth
        tags.insert(0, f'<base href="{escape(base.rstrip("/"))}/">')
    about_page = json.dumps([*structured(about, page, app)], ensure_ascii=False)
    about_page = about_page.replace("<", "\\u003c")
    tags.append(f'<script type="application/ld+json">{about_page}</script>')
    context["metatags"] = "\n".join(tags)


def extra_pages(app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
    """Return the page for addresses that lead nowhere."""
    return [("404", {"title": "Page not found"}, "404.html")] * (app.builder.name != "epub")


def draw_card(path: Path, title: str, subtitle: str, size: tuple[float, float]) -> None:
    """Draw a title in white on blue: beside a shared link, and as the cover of the EPUB.

    Args:
        path: the PNG file to write.
        title, subtitle: the words; lines are broken to fit.
        size: width and height in hundreds of pixels.
    """
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    folder = files("font_source_sans_pro") / "files"
    card = Figure(figsize=size, dpi=100, facecolor="#1f4e8c")
    left, scale = 0.08, size[0] / 12
    for words, cut, letters, place, colour in (
        (title, "Semibold", 64, 0.6, "white"),
        (subtitle[:1].upper() + subtitle[1:], "Regular", 30, 0.52, "#dfe8f4"),
    ):
        font = FontProperties(fname=str(folder / f"SourceSansPro-{cut}.ttf"))
        lines = textwrap.fill(words, round(1500 / letters))
        anchor = "bottom" if place == 0.6 else "top"
        card.text(left, place, lines, color=colour, size=letters * scale, font=font, va=anchor)
    card.savefig(path, metadata={"Software": None})


def finish(app: Sphinx, error: Exception | None) -> None:
    """Write the way in at the top; with an address, the list of pages and the card of links."""
    if error is not None or app.builder.name not in {"html", "dirhtml"}:
        return
    html, start = Path(app.outdir), app.builder.get_target_uri(app.config.root_doc)
    title = app.config.html_title
    way_in = app.builder.templates.render("way_in.html", {"title": title, "start": start})  # type: ignore[attr-defined]
    (html / "index.html").write_text(way_in, encoding="utf-8")
    if base := app.config.html_baseurl.rstrip("/"):
        name, _, rest = citation_file(Path(app.srcdir))["title"].partition(": ")
        draw_card(html / CARD, name, rest, (12, 6.3))
        uris = [app.builder.get_target_uri(name) for name in sorted(app.env.found_docs)]
        lines = "".join(f"{base}/{uri}\n" for uri in uris)
        (html / "sitemap.txt").write_text(lines, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register configuration and event handlers."""
    app.add_config_value("report_downloads", [], "html")
    app.add_config_value("report_evidence", "", "html")
    app.connect("html-page-context", add_context, priority=400)
    app.connect("html-collect-pages", extra_pages)
    app.connect("build-finished", finish, priority=800)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
