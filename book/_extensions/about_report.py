"""What every page says about the report: version, dates, downloads, how to cite, metadata.

All of it stems from CITATION.cff and _config.yml. Configuration:
    report_downloads    [text, file] pairs that every page offers; files lie beside index.html
    report_evidence     the evidence date, as text
"""

from __future__ import annotations

import json
import re
import textwrap
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx

DESCRIPTION_LIMIT = 200
CARD = "_static/social-card.png"


def citation_file(app: Sphinx) -> dict[str, Any]:
    """Return what CITATION.cff says."""
    text = (Path(app.srcdir) / "CITATION.cff").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def description(doctree: nodes.document | None, otherwise: str) -> str:
    """Return the first sentences of a page's own text, as many as search results show."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        if not isinstance(paragraph.parent, nodes.section):
            continue
        text = " ".join(paragraph.astext().split())
        if len(text) <= DESCRIPTION_LIMIT:
            return text
        short = text[: DESCRIPTION_LIMIT + 1]
        sentence = short.rpartition(". ")[0]
        return f"{sentence}." if len(sentence) > 60 else f"{short.rpartition(' ')[0]} …"
    return otherwise


def bibtex(about: dict[str, Any], title: str, url: str) -> str:
    """Return an entry for a page of the report."""
    released = about["date-released"]
    fields = {
        "title": f"{{{about['title']}}}" if title == about["title"] else f"{{{title}}}",
        "author": "{" + " and ".join(f"{{{a['name']}}}" for a in about["authors"]) + "}",
        "booktitle": "" if title == about["title"] else f"{{{about['title']}}}",
        "year": f"{{{released.year}}}",
        "date": f"{{{released.isoformat()}}}",
        "version": f"{{{about['version']}}}",
        "url": f"{{{url}}}" if url else "",
    }
    lines = ",\n".join(f"  {name} = {value}" for name, value in fields.items() if value)
    return f"@techreport{{dealing-with-moscow-{about['version']},\n{lines}\n}}"


def structured(about: dict[str, Any], page: dict[str, str], app: Sphinx) -> list[dict[str, Any]]:
    """Return schema.org descriptions: of the report, and of its data where they are described."""
    authors = [{"@type": "Organization", "name": a["name"]} for a in about["authors"]]
    common: dict[str, Any] = {
        "@context": "https://schema.org",
        "author": authors,
        "datePublished": about["date-released"].isoformat(),
        "version": about["version"],
        "inLanguage": "en",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "isAccessibleForFree": True,
        "keywords": about["keywords"],
    }
    base = {"url": page["url"]} if page["url"] else {}
    report = {**common, "@type": "Report", "name": about["title"]}
    if page["name"] == app.config.root_doc:
        found = [{**report, **base, "description": " ".join(about["abstract"].split())}]
    else:
        chapter = {**common, **base, "@type": "Chapter", "name": page["title"]}
        part_of = {"@type": "Report", "name": about["title"]}
        found = [{**chapter, "description": page["description"], "isPartOf": part_of}]
    if page["name"] in {app.config.root_doc, "book/appendix/data_dictionary"}:
        zips = [f for f in app.config.report_downloads if f[1].endswith("-data.zip")]
        found.append(
            {
                **common,
                **base,
                "@type": "Dataset",
                "name": f"{app.config.html_title}: the data",
                "description": "Every table behind the report as CSV, with the source of every "
                "row, described by one Frictionless data package.",
                "distribution": [
                    {
                        "@type": "DataDownload",
                        "encodingFormat": "application/zip",
                        "contentUrl": app.config.html_baseurl + file,
                    }
                    for _, file in zips
                ],
            }
        )
    return found


def add_context(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give the templates what they show, and the head its metadata."""
    if app.builder.name not in {"html", "dirhtml"}:
        return
    about = citation_file(app)
    base = app.config.html_baseurl
    root = pagename == app.config.root_doc
    plain = re.sub(r"<[^>]*>", "", str(context.get("title", ""))) or pagename.capitalize()
    page = {
        "name": pagename,
        "title": about["title"] if root else plain,
        "url": f"{base.rstrip('/')}/{app.builder.get_target_uri(pagename)}" if base else "",
        "description": description(doctree, " ".join(about["abstract"].split())),
    }
    top = context["pathto"]("index", 1).removesuffix("index")
    downloads = [{"text": t, "href": top + file} for t, file in app.config.report_downloads]
    source = str(context.get("sourcename", ""))
    if source.endswith(".ipynb"):
        address = f"{top}_sources/{source}"
        downloads.insert(1, {"text": "Notebook of this page", "href": address})
    released = about["date-released"]
    when = f"{released.day} {released:%B %Y}"
    who = ", ".join(a["name"] for a in about["authors"])
    within = "" if root else f"In: {about['title']}. "
    context["report"] = {
        "version": about["version"],
        "released": when,
        "evidence": app.config.report_evidence,
        "downloads": downloads,
        "changes": context["pathto"]("book/appendix/changes"),
        "cite": f"{who} ({released.year}). {page['title']}. {within}"
        f"Version {about['version']}, {when}." + (f" {page['url']}" if page["url"] else ""),
        "bibtex": bibtex(about, page["title"], page["url"]),
    }
    metadata = {
        ("name", "description"): page["description"],
        ("name", "keywords"): ", ".join(about["keywords"]),
        ("name", "author"): who,
        ("name", "citation_title"): page["title"],
        ("name", "citation_publication_date"): f"{released:%Y/%m/%d}",
        ("property", "og:type"): "article",
        ("property", "og:site_name"): app.config.html_title,
        ("property", "og:title"): page["title"],
        ("property", "og:description"): page["description"],
        ("property", "og:locale"): "en_GB",
        ("name", "twitter:card"): "summary_large_image" if base else "summary",
    }
    if base:  # a card's picture and address must be whole addresses
        metadata["property", "og:url"] = page["url"]
        metadata["property", "og:image"] = f"{base.rstrip('/')}/{CARD}"
        metadata["property", "og:image:alt"] = f"{app.config.html_title}: title card"
    tags = [f'<meta {k}="{n}" content="{escape(text)}">' for (k, n), text in metadata.items()]
    if base and pagename == "404":  # it is shown at addresses of any depth
        tags.insert(0, f'<base href="{escape(base.rstrip("/"))}/">')
    data = json.dumps(structured(about, page, app), ensure_ascii=False).replace("<", "\\u003c")
    tags.append(f'<script type="application/ld+json">{data}</script>')
    context["metatags"] = context.get("metatags", "") + "\n".join(tags)


def extra_pages(app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
    """Return the page for addresses that lead nowhere."""
    if app.builder.name not in {"html", "dirhtml"}:
        return []
    return [("404", {"title": "Page not found"}, "404.html")]


def draw_card(path: Path, title: str, subtitle: str) -> None:
    """Draw the picture that stands beside a shared link, 1200 by 630 pixels."""
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    folder = files("font_source_sans_pro") / "files"
    bold, plain = (
        FontProperties(fname=str(folder / f"SourceSansPro-{cut}.ttf"))
        for cut in ("Semibold", "Regular")
    )
    card = Figure(figsize=(12, 6.3), dpi=100, facecolor="#1f4e8c")
    card.text(0.08, 0.6, title, color="white", size=64, font=bold)
    lines = textwrap.fill(subtitle[:1].upper() + subtitle[1:], 50)
    card.text(0.08, 0.52, lines, color="#dfe8f4", size=30, font=plain, va="top")
    card.savefig(path, metadata={"Software": None})


def finish(app: Sphinx, error: Exception | None) -> None:
    """Write the way in at the top, and the list of pages when the book has an address."""
    if error is not None or app.builder.name not in {"html", "dirhtml"}:
        return
    html, start = Path(app.outdir), app.builder.get_target_uri(app.config.root_doc)
    title = escape(app.config.html_title)
    (html / "index.html").write_text(
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="refresh" content="0; url={start}">\n'
        f'<meta name="description" content="{title}: the start of the report.">\n'
        f"<title>{title}</title>\n</head>\n"
        f'<body>\n<main>\n<h1>{title}</h1>\n<p><a href="{start}">To the summary</a></p>\n'
        "</main>\n</body>\n</html>\n",
        encoding="utf-8",
    )
    if base := app.config.html_baseurl.rstrip("/"):
        uris = (app.builder.get_target_uri(name) for name in sorted(app.env.found_docs))
        urls = "".join(f"<url><loc>{escape(f'{base}/{uri}')}</loc></url>\n" for uri in uris)
        about = citation_file(app)
        name, _, rest = about["title"].partition(": ")
        draw_card(html / CARD, name, rest)
        (html / "sitemap.xml").write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n',
            encoding="utf-8",
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register configuration and event handlers."""
    app.add_config_value("report_downloads", [], "html")
    app.add_config_value("report_evidence", "", "html")
    app.connect("html-page-context", add_context, priority=400)
    app.connect("html-collect-pages", extra_pages)
    app.connect("build-finished", finish, priority=800)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
