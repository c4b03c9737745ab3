"""Short texts for links: what a claim says, what a term means; and the ways back from references.

They are title attributes, which report.js shows as cards for mouse, keyboard and touch.
Citations have theirs from sphinxcontrib-bibtex.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, NavigableString, Tag
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from page_hygiene import tags

GLOSSARY = "book/appendix/glossary"
REFERENCES = "book/appendix/references"
#: Where a term is not linked: it would be a link in a link, or speak of something else.
NOT_IN = {"a", "h1", "h2", "h3", "h4", "pre", "code", "caption", "th", "script", "summary"}


def definitions(env: BuildEnvironment) -> dict[str, tuple[str, str]]:
    """Return id and meaning of each term of the glossary that is no everyday word.

    "Agreement" or "Context" also stand in the text with their common meaning; names, initials
    and compounds such as "New START" do not.
    """
    found = {}
    for item in env.get_doctree(GLOSSARY).findall(nodes.definition_list_item):
        term, meaning = item[0], item[-1].astext()
        text = term.astext()
        if re.search(r"[\s-]|.[A-Z]", text):
            found[text] = (str(term["ids"][0]), " ".join(meaning.split()))
    return found


def claims(root: Path) -> dict[str, str]:
    """Return what each claim of the article says, by the place of its row."""
    with (root / "data" / "article" / "claims.csv").open(encoding="utf-8", newline="") as file:
        return {f"claim-{row['claim_id'].lower()}": row["claim"] for row in csv.DictReader(file)}


def explain_links(app: Sphinx, pagename: str, soup: BeautifulSoup) -> None:
    """Add the texts to a page, and on the page of references the ways back."""
    if not (article := soup.find("article")) or pagename not in app.env.found_docs:
        return
    said = claims(Path(app.srcdir))
    for link in tags(article, "a"):
        if text := said.get(str(link.get("href", "")).partition("#")[2]):
            link["title"] = text
    if pagename == REFERENCES:
        add_ways_back(app, soup)
    elif pagename != GLOSSARY:
        address = app.builder.get_relative_uri(pagename, GLOSSARY)
        texts = [(tag, tag.get_text()) for tag in own_text(article)]
        for term, (identity, meaning) in definitions(app.env).items():
            link_term(soup, texts, term, f"{address}#{identity}", meaning)


def own_text(article: Tag) -> list[Tag]:
    """Return the paragraphs and list items of a page that stand in no box, table or caption."""
    found = []
    for tag in tags(article, "p", "li"):
        tops = [up for up in tag.parents if up.name == "ul"]
        tops += [tag] * (tag.name == "p")
        if any(top.parent is not None and top.parent.name == "section" for top in tops):
            found.append(tag)
    return found


def link_term(
    soup: BeautifulSoup, texts: list[tuple[Tag, str]], term: str, address: str, meaning: str
) -> None:
    """Make a link of the first place in a page's own text where a term stands."""
    first = term[0] if re.search(r".[A-Z]", term) else f"[{term[0]}{term[0].lower()}]"
    pattern = re.compile(rf"(?<![\w-]){first}{re.escape(term[1:])}(?:s)?(?![\w-])")
    for paragraph in [tag for tag, text in texts if pattern.search(text)]:
        for text in paragraph.find_all(string=pattern):
            if any(parent.name in NOT_IN for parent in text.parents):
                continue
            found = pattern.search(text)
            if not found or not isinstance(text, NavigableString):
                continue
            link = soup.new_tag("a", href=address, title=meaning)
            link["class"] = "term"
            link.string = found[0]
            before, after = text[: found.start()], text[found.end() :]
            text.replace_with(NavigableString(before), link, NavigableString(after))
            return


def add_ways_back(app: Sphinx, soup: BeautifulSoup) -> None:
    """Name under each reference the pages that cite it, linked to the place of the citation."""
    domain: Any = app.env.get_domain("cite")
    order = _order(app)
    places: dict[str, dict[str, str]] = {}
    for ref in domain.citation_refs:
        for target in ref.targets:
            places.setdefault(target.key, {}).setdefault(ref.docname, ref.citation_ref_id)
    for citation in domain.citations:
        entry = soup.find(id=citation.citation_id)
        cited = places.get(citation.key, {})
        if not isinstance(entry, Tag) or not cited:
            continue
        line = soup.new_tag("p")
        line["class"] = "cited-in"
        line.append("Cited in ")
        for place, name in enumerate(sorted(cited, key=order.index)):
            line.append(", " if place else "")
            address = app.builder.get_relative_uri(REFERENCES, name)
            link = soup.new_tag("a", href=f"{address}#{cited[name]}")
            number = app.env.toc_secnumbers.get(name, {}).get("")
            text = f"chapter {number[0]}" if number else app.env.titles[name].astext()
            link.string = text
            line.append(link)
        entry.append(line)


def _order(app: Sphinx) -> list[str]:
    relations = app.env.collect_relations()
    names, name = [app.config.root_doc], app.config.root_doc
    while (following := relations[name][2]) and following not in names:
        names.append(following)
        name = following
    return names


def setup(app: Sphinx) -> dict[str, Any]:
    """Work on each page when page_hygiene has parsed it."""
    app.setup_extension("page_hygiene")
    app.connect("page-parsed", explain_links)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
