"""Mend and slim each HTML page after the theme has rendered it.

Each function below is one change with its reason. They hold for sphinx-book-theme 1.3 on
pydata-sphinx-theme 0.17; the browser tests say when a newer theme needs others.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Comment, NavigableString, Tag
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.errors import ExtensionError
from sphinx.jinja2glue import BuiltinTemplateLoader
from sphinx.theming import Theme

#: The theme's style sheets and ours, in order; slim_assets makes one of them.
STYLES = (
    "styles/theme.css",
    "styles/pydata-sphinx-theme.css",
    "pygments.css",
    "styles/sphinx-book-theme.css",
    "mystnb.css",
    "report.css",
)
STYLE = "book.css"
#: The scripts that pages keep. bootstrap.js only shows tooltips and a menu that we do not use,
#: fontawesome.js draws icons that the style sheet draws too, the search index is for one page.
SCRIPTS = {
    "documentation_options.js",
    "doctools.js",
    "sphinx_highlight.js",
    "sphinx-book-theme.js",
    "pydata-sphinx-theme.js",
    "report.js",
}
SEARCH_SCRIPTS = {"searchtools.js", "language_data.js", "searchindex.js"}
EXPLORER_SCRIPT = "weights.js"
#: Colours before the first paint: what the reader chose, else what the system says.
MODE = (
    '(()=>{const d=document.documentElement.dataset;let m="auto";'
    'try{m=localStorage.getItem("mode")||m}catch{}d.mode=m;d.theme=m==="auto"?'
    '(matchMedia("(prefers-color-scheme: dark)").matches?"dark":"light"):m})()'
)
#: Fonts are decoded before the first layout; else the page is laid out twice, and shifts.
FONTS = "document.fonts.forEach((face)=>face.load())"
#: "file:" beside 'self', which not every browser takes to mean the files next to an opened file.
POLICY = (
    "default-src 'none'; script-src 'self' file: {hashes}; style-src 'self' file: "
    "'unsafe-inline'; img-src 'self' file: data:; font-src data:; connect-src 'self'; "
    "base-uri 'self'; form-action 'self' file:"
)
#: Tables from this length on can be sorted; report.js makes the buttons.
SORTABLE = 8
#: Marks of docutils that only add weight.
LIGHT_CLASSES = {
    *("text-left", "head", "stub", "row-odd", "row-even", "field-odd", "field-even"),
    *("simple", "compact", "notranslate", "internal", "external", "tag_hide-input"),
}
#: Names, operators and punctuation in code keep the colour of the text: half the page's weight.
QUIET_TOKENS = {"n", "o", "p", "w", "si", "bp"}


class Page(BeautifulSoup):
    """A page; its name is short, for Sphinx asks the arguments of each event for theirs."""

    def __repr__(self) -> str:
        return "<page>"


class Pages(BuiltinTemplateLoader):
    """The template loader of Sphinx, with every whole HTML page mended."""

    def init(
        self, builder: Builder, theme: Theme | None = None, dirs: list[str] | None = None
    ) -> None:
        super().init(builder, theme, dirs)
        self.builder = builder

    def render(self, template: str, context: dict[str, Any]) -> str:  # type: ignore[override]
        page = str(super().render(template, context))
        if self.builder.name not in {"html", "dirhtml"} or "<!DOCTYPE html>" not in page[:200]:
            return page
        soup = Page(page, "html.parser")
        pagename = str(context.get("pagename", ""))
        mend(soup, pagename)
        self.builder.app.emit("page-parsed", pagename, soup)
        root = Path(self.builder.srcdir)
        images = {name: root / source for source, name in self.builder.images.items()}
        size_images(soup, images)
        forbid_other_hosts(soup)
        text = tidy(soup)
        self.builder.app.emit("page-finished", pagename, soup)
        return text


def tags(within: Tag, *names: str) -> list[Tag]:
    """Return the tags within, in order, of these names or all.

    CSS selectors of BeautifulSoup took half of the time of a build: they match node by node.
    """
    found = [node for node in within.descendants if isinstance(node, Tag)]
    return [tag for tag in found if tag.name in names] if names else found


def having(within: Tag, *wanted: str) -> list[Tag]:
    """Return the tags within, in order, that have one of these classes."""
    some = set(wanted)
    return [tag for tag in tags(within) if "class" in tag.attrs and some & {*classes(tag)}]


def classes(tag: Tag) -> list[str]:
    """Return the classes of a tag."""
    value: Any = tag.attrs.get("class", "")
    return (value if isinstance(value, str) else " ".join(value)).split()


def set_classes(tag: Tag, names: list[str]) -> None:
    """Give a tag these classes; with none, the attribute goes."""
    if names:
        tag["class"] = " ".join(names)
    else:
        tag.attrs.pop("class", None)


def mend(soup: BeautifulSoup, pagename: str) -> None:
    """Apply every change that needs nothing but the page."""
    slim_head(soup, pagename)
    name_landmarks(soup)
    name_controls(soup)
    drop_print_copy(soup)
    mend_bibliography(soup)
    reserve_contents(soup)
    mend_tables(soup)
    lighten(soup)
    fold_code(soup)
    quiet_code(soup)


def _head(soup: BeautifulSoup) -> Tag:
    if soup.head is None:
        raise ExtensionError("page_hygiene found a page without a head")
    return soup.head


def slim_head(soup: BeautifulSoup, pagename: str) -> None:
    """Ask for one style sheet and few scripts; say things once; choose colours early."""
    head = _head(soup)
    styles = head.find_all("link", rel="stylesheet")
    for link in styles:
        name = re.sub(r"mystnb\.\w+\.css", "mystnb.css", str(link["href"]).partition("?")[0])
        if not name.endswith(STYLES):
            raise ExtensionError(f"page_hygiene does not know the style sheet {name}")
    root = str(styles[0]["href"]).partition("_static/")[0]
    style = soup.new_tag("link", rel="stylesheet", href=f"{root}_static/{STYLE}")
    fonts = soup.new_tag("script")
    fonts.string = FONTS
    styles[0].insert_before(style, fonts)
    for link in styles:
        link.extract()
    for tag in head.find_all("meta"):
        name = str(tag.get("name", "-"))
        if name.startswith("docsearch") or tag.find_previous("meta", attrs={"name": name}):
            tag.extract()
    for tag in head.find_all("link", rel="preload"):
        tag.extract()
    keep = SCRIPTS | (SEARCH_SCRIPTS if pagename == "search" else set())
    keep |= {EXPLORER_SCRIPT} if having(soup, "weights-explorer") else set()
    last = fonts
    for script in soup.find_all("script"):
        name = str(script.get("src", "")).partition("?")[0].rpartition("/")[2]
        if script.get("data-cfasync"):
            script.attrs.clear()
            script.string = MODE
        elif name in keep:  # all at the end of the head, in order, run when the page is read
            keep.discard(name)
            script["defer"] = ""
            last.insert_after(script.extract())
            last = script
        elif name or "DOCUMENTATION_OPTIONS" in script.text:
            script.extract()


def name_landmarks(soup: BeautifulSoup) -> None:
    """Give each part of the page a landmark, and each dialog a name (axe: region, dialog-name)."""
    found = {tag["id"]: tag for tag in tags(soup) if "id" in tag.attrs}
    if sidebar := found.get("pst-primary-sidebar"):
        sidebar.attrs.update({"role": "region", "aria-label": "Report"})
    names = {
        "pst-search-dialog": "Search",
        "pst-primary-sidebar-modal": "Report",
        "pst-secondary-sidebar-modal": "On this page",
    }
    for identity, name in names.items():
        if dialog := found.get(identity):
            dialog["aria-label"] = name
    for nav in tags(soup, "nav"):
        for label in tags(nav, "p"):  # of a list, no heading of the page
            if label.get("role") == "heading":
                del label["role"], label["aria-level"]


def name_controls(soup: BeautifulSoup) -> None:
    """Let what is seen be what is announced (axe: label-content-name-mismatch)."""
    names = {
        "theme-switch-button": "Light, dark or as the system",
        "primary-toggle": "Chapters",
        "secondary-toggle": "On this page",
    }
    for tag in tags(soup):
        if tag.name in {"i", "span"} and "fa-" in " ".join(classes(tag)):
            tag["aria-hidden"] = "true"
            del tag["title"]
        if tag.name == "button":
            if "search-button-field" in classes(tag) or "title" in tag.attrs:
                del tag["aria-label"]
            for name in (name for mark, name in names.items() if mark in classes(tag)):
                tag["title"] = tag["aria-label"] = name
        if tag.name == "input":  # not in HTML
            del tag["autocorrect"], tag["autocapitalize"]
        for name in [a for a in tag.attrs if a.startswith("data-bs-")]:
            del tag[name]  # for the tooltips of bootstrap.js, which is not loaded


def drop_print_copy(soup: BeautifulSoup) -> None:
    """Remove the second title and contents that the theme makes for print, and empty boxes."""
    identities = {"jb-print-docs-body", "pst-scroll-pixel-helper"}
    empty = {"pst-async-banner-revealer", "sidebar-header-items", "navbar-header-items"}
    empty |= {"navbar-persistent--mobile"}
    for box in tags(soup):
        if box.get("id") in identities or empty & {*classes(box)}:
            box.extract()


def reserve_contents(soup: BeautifulSoup) -> None:
    """Mark pages with a contents column, so that its room is kept before it is read."""
    if soup.find(id="pst-secondary-sidebar") and (boxes := having(soup, "bd-content")):
        set_classes(boxes[0], [*classes(boxes[0]), "has-contents"])


def mend_bibliography(soup: BeautifulSoup) -> None:
    """Make a list of the list of references (axe: aria-required-children)."""
    for entry in having(soup, "citation"):
        if entry.parent and "citation-list" in classes(entry.parent):
            entry["role"] = "listitem"


def mend_tables(soup: BeautifulSoup) -> None:
    """Say which cells head columns and rows, and name the boxes in which tables scroll."""
    for table in tags(soup, "table"):
        rows = sum(len(tags(body, "tr")) for body in tags(table, "tbody"))
        for cell in tags(table, "th"):
            cell["scope"] = "col" if cell.find_parent("thead") else "row"
            if cell["scope"] == "col" and rows >= SORTABLE:
                set_classes(cell, [*classes(cell), "sortable"])
    boxes = having(soup, "pst-scrollable-table-container", "table-scroll")
    for number, box in enumerate(boxes, start=1):
        caption = box.find("caption")
        if isinstance(caption, Tag):  # stays in sight while a wide table scrolls sideways
            inside = soup.new_tag("div", attrs={"class": "caption-box"})
            inside.extend(list(caption.contents))
            caption.append(inside)
        box.attrs = {"class": "table-scroll", "tabindex": "0", "role": "region"}
        if isinstance(caption, Tag):
            text = caption.find(class_="caption-text")
            number_text = caption.find(class_="caption-number")
            name = (number_text.get_text() if number_text else "Numbers: ") + (
                text.get_text() if text else caption.get_text()
            )
            box["aria-label"] = name.strip()
        else:
            box["aria-label"] = f"Table {number} of this page"


def lighten(soup: BeautifulSoup) -> None:
    """Drop marks of docutils that only add weight: lone paragraphs, wrappers, even and odd."""
    for tag in tags(soup, "th", "td", "li", "dd"):
        inner = [c for c in tag.children if isinstance(c, Tag) or str(c).strip()]
        only = inner[0] if len(inner) == 1 else None
        if isinstance(only, Tag) and only.name == "p" and not only.attrs:
            only.unwrap()
    for span in having(soup, "pre", "std", "doc", "claim"):
        if span.name == "span":
            span.unwrap()
    for article in tags(soup, "article"):
        for tag in tags(article):
            _drop_classes(tag, LIGHT_CLASSES)


def fold_code(soup: BeautifulSoup) -> None:
    """Put the code of neighbouring cells behind one small line, below what it shows."""
    waiting: list[Tag] = []
    for cell in having(soup, "cell"):
        for wrapper in having(cell, "hide"):
            waiting += [block.extract() for block in having(wrapper, "cell_input")]
            wrapper.extract()
        if _is_cell(cell.find_next_sibling(True)) and not _shows(cell):
            cell.extract()  # its code waits for the cell that shows something
        elif waiting:
            before: Any = cell.find_previous_sibling(True)
            folds = having(before, "code") if _is_cell(before) and not _shows(cell) else []
            if folds := [fold for fold in folds if fold.name == "details"]:
                folds[0].extend(waiting)
                cell.extract()
            else:
                cell.append(_code(soup, waiting))
            waiting = []


def _shows(cell: Tag) -> bool:
    """Whether a cell has an output that is not empty."""
    return any(tags(output) for output in having(cell, "cell_output"))


def _is_cell(tag: Any) -> bool:
    return isinstance(tag, Tag) and "cell" in classes(tag)


def _code(soup: BeautifulSoup, inputs: list[Tag]) -> Tag:
    details, summary = soup.new_tag("details"), soup.new_tag("summary")
    set_classes(details, ["code"])
    summary.string = "Code"
    details.append(summary)
    details.extend(inputs)
    return details


def quiet_code(soup: BeautifulSoup) -> None:
    """Colour only what helps to read code: words of the language, texts, numbers, comments."""
    for block in having(soup, "highlight"):
        for span in tags(block, "span"):
            if not span.contents or QUIET_TOKENS & {*classes(span)}:
                span.unwrap()


def size_images(soup: BeautifulSoup, sources: dict[str, Path]) -> None:
    """Keep room for each drawing before it is loaded, and load it when it comes into sight."""
    for image in [image for article in tags(soup, "article") for image in tags(article, "img")]:
        source = sources.get(str(image.get("src", "")).rpartition("/")[2])
        head = source.read_text(encoding="utf-8")[:400] if source else ""
        if box := re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', head):
            width, height = (float(n) for n in box.groups())
            image["width"], image["height"] = str(round(width * 4 / 3)), str(round(height * 4 / 3))
        image["decoding"] = "async"
        image["loading"] = "lazy"


def forbid_other_hosts(soup: BeautifulSoup) -> None:
    """Add the policy that keeps the page to its own files and to the scripts written in it."""
    head = _head(soup)
    texts = [
        script.string or ""
        for script in soup.find_all("script", src=False)
        if not str(script.get("type", "")).endswith("json")
    ]
    digests = [base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in texts]
    hashes = " ".join(f"'sha256-{digest}'" for digest in dict.fromkeys(digests))
    policy = soup.new_tag("meta", content=POLICY.format(hashes=hashes))
    policy["http-equiv"] = "Content-Security-Policy"
    head.insert(0, policy)
    charset = head.find("meta", charset=True)
    if isinstance(charset, Tag):
        head.insert(0, charset.extract())


def tidy(soup: BeautifulSoup) -> str:
    """Return the page without comments and without runs of blank lines."""
    for node in list(soup.descendants):
        if isinstance(node, Comment):
            node.extract()
        elif type(node) is not NavigableString or node == "\n" or node.strip():
            continue
        elif "\n" in node and not node.find_parent("pre"):
            node.replace_with(NavigableString("\n"))
    return re.sub(r"\n\n+(?=<)", "\n", soup.decode(formatter="html5"))


def _drop_classes(tag: Tag, names: set[str]) -> None:
    set_classes(tag, [name for name in classes(tag) if name not in names])


def setup(app: Sphinx) -> dict[str, Any]:
    """Let every page pass through here on its way to its file."""
    app.add_config_value("comments_config", {}, "")  # Jupyter Book sets it in any case
    # Page name and soup, for other extensions of this book: to change, and to look at.
    app.add_event("page-parsed")
    app.add_event("page-finished")
    app.config.template_bridge = "page_hygiene.Pages"
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
