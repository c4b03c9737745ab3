"""What every page says about the report: version, dates, downloads, how to cite, metadata.

All of it stems from CITATION.cff and _config.yml. Configuration:
    report_downloads    [text, file] pairs that every page offers; files lie beside index.html
    report_evidence     the evidence date, as text

sphinxext-opengraph would cut descriptions in the middle of a sentence and count chapters in
titles, sphinx-sitemap start a process of its own and warn where a book has no address.
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
DATA_PAGES = {"book/summary", "book/appendix/data_dictionary"}


def description(doctree: nodes.document | None, otherwise: str) -> str:
    """Return the first sentences of a page's own text, as many as search results show."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        said = (t for t in paragraph.findall(nodes.Text) if not isinstance(t.parent, nodes.raw))
        text = " ".join("".join(said).split())
        if text and isinstance(paragraph.parent, nodes.section):
            if len(text) <= DESCRIPTION_LIMIT:
                return text
            short = text[: DESCRIPTION_LIMIT + 1]
            sentence = short.rpartition(". ")[0]
            return f"{sentence}." if len(sentence) > 60 else f"{short.rpartition(' ')[0]} …"
    return otherwise


def cite(about: dict[str, Any], page: dict[str, str]) -> dict[str, str]:
    """Return how to cite a page: as text, as a BibTeX entry and as a RIS record.

    Args:
        about: what CITATION.cff says.
        page: name (the last part of its address, empty for the whole report), title, number of
            the chapter and url (both may be empty).
    """
    released, whole, version = about["date-released"], about["title"], f"Version {about['version']}"
    author = about["authors"][0]["name"]
    text = f"{author} ({released.year}). {page['title']}. "
    text += f"In: {whole}. " * bool(page["name"]) + f"{version}, {released.day} {released:%B %Y}."
    fields = {
        "author": f"{{{author}}}",  # in two pairs of braces: one name, and capitals stay
        "title": f"{{{_tex(page['title'])}}}",
        "booktitle": f"{{{_tex(whole)}}}" * bool(page["name"]),
        "chapter": page["number"],
        "publisher": f"{{{author}}}",
        "year": str(released.year),
        "note": version,
        "url": page["url"],
    }
    kind, ris = ("incollection", "CHAP") if page["name"] else ("book", "RPRT")
    key = f"dealing-with-moscow-{released.year}-{page['name']}".rstrip("-")
    entry = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    record = {"TY": ris, "AU": f"{author},", "TI": page["title"], "T2": whole * bool(page["name"])}
    record |= {"PY": f"{released:%Y/%m/%d}", "ET": about["version"], "UR": page["url"]}
    return {
        "text": f"{text} {page['url']}".strip(),
        "BibTeX": f"@{kind}{{{key},\n" + ",\n".join(entry) + "\n}",
        "RIS": "\n".join(f"{tag}  - {value}" for tag, value in record.items() if value)
        + "\nER  - ",
    }


def _tex(text: str) -> str:
    return re.sub(r"([&%$#_{}])", r"\\\1", text)


def structured(about: dict[str, Any], page: dict[str, str], data: str) -> list[dict[str, Any]]:
    """Return schema.org descriptions: of the report or chapter, and of the data (an address)."""
    common = {
        "@context": "https://schema.org",
        "author": {"@type": "Organization", "name": about["authors"][0]["name"]},
        "datePublished": about["date-released"].isoformat(),
        "version": about["version"],
        "inLanguage": "en",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "keywords": about["keywords"],
    } | ({"url": page["url"]} if page["url"] else {})
    whole = {"@type": "Report", "name": about["title"]}
    part = {"@type": "Chapter", "name": page["title"], "isPartOf": whole}
    said = {"description": page["description"], **(part if page["name"] else whole)}
    file = {"@type": "DataDownload", "encodingFormat": "application/zip", "contentUrl": data}
    tables = {"@type": "Dataset", "name": f"{about['title']}: the data", "distribution": file}
    tables["description"] = "Every table behind the report as CSV, with its sources."
    return [{**common, **said}, *([{**common, **tables}] if data else [])]


def add_context(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give the templates what they show, and the head its metadata."""
    about, base = _about(app), app.config.html_baseurl.rstrip("/")
    released, root = about["date-released"], pagename == app.config.root_doc
    title = app.env.titles[pagename].astext() if doctree else context["title"]
    page = {
        "name": "" if root else pagename.rpartition("/")[2].replace("_", "-"),
        "title": about["title"] if root else title,
        "number": ".".join(map(str, app.env.toc_secnumbers.get(pagename, {}).get("", ()))),
        "url": f"{base}/{app.builder.get_target_uri(pagename)}" if base else "",
        "description": description(doctree, " ".join(about["abstract"].split())),
    }
    top = context["pathto"]("index", 1).removesuffix("index")
    downloads = [{"text": text, "href": top + file} for text, file in app.config.report_downloads]
    if (source := str(context.get("sourcename", ""))).endswith(".ipynb"):
        notebook = {"text": "Notebook of this page", "href": f"{top}_sources/{source}"}
        downloads.insert(1, notebook | {"save": "download"})
    context["report"] = {
        "version": about["version"],
        "released": f"{released.day} {released:%B %Y}",
        "evidence": app.config.report_evidence,
        "downloads": downloads,
        "changes": context["pathto"]("book/appendix/changes"),
        "cite": cite(about, page),
    }
    metadata = {
        "description": page["description"],
        "keywords": ", ".join(about["keywords"]),
        "author": about["authors"][0]["name"],
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
        metadata |= {"og:url": page["url"], "og:image": f"{base}/{CARD}"}
        metadata["og:image:alt"] = f"{app.config.html_title}: title card"
    tags = [
        f'<meta {"property" if name[:3] == "og:" else "name"}="{name}" content="{escape(text)}">'
        for name, text in metadata.items()
    ]
    if base and pagename == "404":  # it is shown at addresses of any depth
        tags.insert(0, f'<base href="{escape(base)}/">')
    data = f"{base}/{app.config.report_downloads[2][1]}".strip("/") * (pagename in DATA_PAGES)
    described = json.dumps(structured(about, page, data), ensure_ascii=False)
    described = described.replace("<", "\\u003c")  # no text can end the script
    tags.append(f'<script type="application/ld+json">{described}</script>')
    context["metatags"] = "\n".join(tags)


def _about(app: Sphinx) -> dict[str, Any]:
    return dict(yaml.safe_load(Path(app.srcdir, "CITATION.cff").read_text(encoding="utf-8")))


def extra_pages(app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
    """Return the way in at the top, and the page for addresses that lead nowhere."""
    pages = {"index": app.config.html_title, "404": "Page not found"}
    return [(name, {"title": title}, f"{name}.html") for name, title in pages.items()]


def draw_card(path: Path, title: str, subtitle: str, width: float, height: float) -> None:
    """Draw title and subtitle in white on blue, width by height hundreds of pixels, as a PNG."""
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    card = Figure(figsize=(width, height), dpi=100, facecolor="#1f4e8c")
    for words, cut, size, y, side in (
        (title, "Semibold", 64, 0.6, "bottom"),
        (subtitle[:1].upper() + subtitle[1:], "Regular", 30, 0.55, "top"),
    ):
        font = files("font_source_sans_pro") / "files" / f"SourceSansPro-{cut}.ttf"
        style = FontProperties(fname=str(font), size=size * width / 12)
        lines = textwrap.fill(words, 1500 // size)
        card.text(0.08, y, lines, color="white", fontproperties=style, va=side)
    card.savefig(path, metadata={"Software": None})


def finish(app: Sphinx, error: Exception | None) -> None:
    """Write the list of pages and the card of links, when the book has an address."""
    base = app.config.html_baseurl.rstrip("/")
    if error is None and app.builder.name == "html" and base:
        uris = [app.builder.get_target_uri(name) for name in sorted(app.env.found_docs)]
        lines = "".join(f"{base}/{uri}\n" for uri in uris)
        Path(app.outdir, "sitemap.txt").write_text(lines, encoding="utf-8")
        title, _, subtitle = _about(app)["title"].partition(": ")
        draw_card(Path(app.outdir, CARD), title, subtitle, 12, 6.3)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register configuration and event handlers."""
    app.add_config_value("report_downloads", [], "html")
    app.add_config_value("report_evidence", "", "html")
    app.connect("html-page-context", add_context, priority=400)
    app.connect("html-collect-pages", extra_pages)
    app.connect("build-finished", finish)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
