"""What links lead to: texts of claims and terms, and ways back from the bibliography.

The texts are titles of links, which report.js shows as cards for mouse, keyboard and touch.
Citations have theirs from sphinxcontrib-bibtex.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform

from about_report import chapter
from report import data

GLOSSARY = "book/appendix/glossary"
REFERENCES = "book/appendix/references"


@cache
def definitions(env: BuildEnvironment) -> dict[str, tuple[str, str]]:
    """Return id and meaning of each term of the glossary that is no everyday word.

    "Agreement" or "Context" also stand in the text with their common meaning; names, initials
    and compounds such as "New START" do not.
    """
    items = env.get_doctree(GLOSSARY).findall(nodes.definition_list_item)
    found = {item[0].astext(): (item[0]["ids"][0], item[-1].astext()) for item in items}
    return {term: found[term] for term in found if re.search(r"[\s-]|.[A-Z]", term)}


class ExplainLinks(SphinxPostTransform):
    """Give links to claims and the first mention of each term their texts."""

    default_priority = 450  # when references are resolved
    builders = ("html",)

    def run(self, **kwargs: Any) -> None:
        claims = data.load("claims")
        said = dict(zip("claim-" + claims["claim_id"].str.lower(), claims["claim"], strict=True))
        for link in self.document.findall(nodes.reference):
            anchor = link.get("refid") or link.get("refuri", "").partition("#")[2]
            if anchor in said:
                link["reftitle"] = said[anchor]
        if (name := self.env.docname) == REFERENCES:
            self.add_ways_back()
        elif name != GLOSSARY:
            address = self.app.builder.get_relative_uri(name, GLOSSARY)
            texts = own_text(self.document)
            for term, (identity, meaning) in definitions(self.env).items():
                link_term(texts, term, f"{address}#{identity}", " ".join(meaning.split()))

    def add_ways_back(self) -> None:
        """Name under each reference the pages that cite it, linked to the place there."""
        domain: Any = self.env.get_domain("cite")
        places: dict[str, dict[str, str]] = {}
        for ref in domain.citation_refs:
            for target in ref.targets:
                places.setdefault(target.key, {}).setdefault(ref.docname, ref.citation_ref_id)
        entries = {i: item for item in self.document.findall(nodes.citation) for i in item["ids"]}
        pages = [self.config.root_doc, *self.env.toctree_includes[self.config.root_doc]]
        for citation in domain.citations:
            cited = places.get(citation.key, {})
            line = nodes.paragraph("", "Cited in ", classes=["cited-in"])
            for page in filter(cited.get, pages):
                number = chapter(self.app, page)
                text = f"chapter {number}" if number else self.env.titles[page].astext()
                uri = self.app.builder.get_relative_uri(REFERENCES, page)
                line += nodes.Text(", " if len(line) > 1 else "")
                line += nodes.reference("", text, refuri=f"{uri}#{cited[page]}", internal=True)
            if cited:
                entries[citation.citation_id] += line


def own_text(document: nodes.document) -> list[nodes.paragraph]:
    """Return the paragraphs of a page, also in lists, that stand in no box, table or caption."""
    found = []
    for paragraph in document.findall(nodes.paragraph):
        up = paragraph.parent
        while isinstance(up, nodes.list_item | nodes.bullet_list | nodes.enumerated_list):
            up = up.parent
        if isinstance(up, nodes.section):
            found.append(paragraph)
    return found


def link_term(texts: list[nodes.paragraph], term: str, address: str, meaning: str) -> None:
    """Make a link of the first place in a page's own text where a term stands."""
    first = term[0] if re.search(r".[A-Z]", term) else f"[{term[0]}{term[0].lower()}]"
    pattern = re.compile(rf"(?<![\w-]){first}{re.escape(term[1:])}(?:s)?(?![\w-])")
    for paragraph in texts:
        for text in [node for node in paragraph.children if isinstance(node, nodes.Text)]:
            if found := pattern.search(text):
                link = nodes.reference("", found[0], refuri=address, internal=True)
                link["reftitle"], link["classes"] = meaning, ["term"]
                before, after = nodes.Text(text[: found.start()]), nodes.Text(text[found.end() :])
                paragraph.replace(text, [before, link, after])
                return


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_post_transform(ExplainLinks)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
