"""Make one small style sheet of the theme's and ours, and publish only the files that pages load.

A rule stays when every class and id it names occurs in a page or in a script. Fonts are cut to
the characters that the pages show and written into the style sheet: no request, no shift of the
layout, and they work when a page is opened from a folder.
"""

from __future__ import annotations

import base64
import io
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import tinycss2
from bs4 import BeautifulSoup
from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx

from page_hygiene import STYLE, STYLES, classes, tags

FACE = "Source Sans Pro"
#: Files of the package font-source-sans-pro, with the weight and style they stand for.
FACES = (
    ("SourceSansPro-Regular.ttf", 400, "normal"),
    ("SourceSansPro-It.ttf", 400, "italic"),
    ("SourceSansPro-Semibold.ttf", 600, "normal"),
)
ICONS = "vendor/fontawesome/webfonts/fa-solid-900.woff2"
#: Static files that are asked for by no page but by the browser, a script or a reader.
KEEP = {"favicon.svg", "social-card.png", STYLE}


@dataclass
class Seen:
    """What the pages name, load and show."""

    names: set[str] = field(default_factory=set)
    loaded: set[str] = field(default_factory=set)
    characters: set[str] = field(default_factory=set)

    def add(self, page: BeautifulSoup) -> None:
        """Look at one more page: its classes and ids, its files, its text."""
        for tag in tags(page):
            self.names |= {*classes(tag), str(tag.get("id", ""))}
            address = tag.get("href" if tag.name == "link" else "src")
            if tag.name in {"script", "img", "link"} and address:
                self.loaded.add(str(address).partition("?")[0].rpartition("/")[2])
        self.characters |= set(page.get_text())


@dataclass
class Rule:
    """A rule of a style sheet: its head, and its declarations or the rules inside it."""

    head: str
    body: list[Declaration | Rule]

    def __str__(self) -> str:
        return f"{self.head}{{{''.join(map(str, self.body))}}}"


@dataclass
class Declaration:
    """A declaration of a rule, and the name of what it sets."""

    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.text};"


def used_rules(css: str, names: set[str]) -> str:
    """Return the style sheet without the selectors that no page can match.

    Then custom properties that nothing asks for go, and keyframes that nothing plays.
    """
    rules = list(_rules(tinycss2.parse_stylesheet(css, True, True), names))
    while True:
        text = "\n".join(map(str, rules))
        asked = set(re.findall(r"var\(\s*(--[\w-]+)", text))
        animated = set(re.findall(r"animation(?:-name)?:([^;}]*)", text))
        rules = list(_asked_for(rules, asked, " ".join(animated)))
        if len("\n".join(map(str, rules))) == len(text):
            return text + "\n"


def _rules(parsed: Iterable[Any], names: set[str]) -> Iterator[Rule]:
    for node in parsed:
        if node.type == "qualified-rule":
            selectors = [s for s in _split(node.prelude) if _matches(s, names)]
            if selectors:
                head = ",".join(_small(s) for s in selectors)
                yield Rule(head, list(_declarations(node.content)))
        elif node.type == "at-rule" and node.lower_at_keyword in {"media", "supports"}:
            inner = tinycss2.parse_rule_list(node.content, True, True)
            if found := list(_rules(inner, names)):
                yield Rule(f"@{node.at_keyword} {_small(node.prelude)}", list(found))
        elif node.type == "at-rule" and node.lower_at_keyword == "page":
            yield Rule("@page", list(_declarations(node.content)))
        elif node.type == "at-rule" and node.lower_at_keyword == "keyframes":
            steps = tinycss2.parse_rule_list(node.content, True, True)
            inside = [Rule(_small(s.prelude), list(_declarations(s.content))) for s in steps]
            yield Rule(f"@keyframes {_small(node.prelude)}", list(inside))


def _declarations(content: list[Any]) -> Iterator[Declaration]:
    for item in tinycss2.parse_blocks_contents(content, True, True):
        if item.type != "declaration":
            continue
        urls = [t.value for t in item.value if t.type == "url"]
        if all(url.startswith("data:") for url in urls):  # other files are not published
            urgent = "!important" if item.important else ""
            yield Declaration(item.name, f"{item.name}:{_small(item.value)}{urgent}")


def _asked_for(rules: Iterable[Any], asked: set[str], animated: str) -> Iterator[Any]:
    for rule in rules:
        if isinstance(rule, Declaration):
            if not rule.name.startswith("--") or rule.name in asked:
                yield rule
            continue
        body = list(_asked_for(rule.body, asked, animated))
        unplayed = rule.head.startswith("@keyframes") and rule.head.split()[1] not in animated
        if body and not unplayed:
            yield Rule(rule.head, body)


def _split(prelude: list[Any]) -> list[list[Any]]:
    parts: list[list[Any]] = [[]]
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _matches(selector: list[Any], names: set[str]) -> bool:
    """Return whether all classes and ids outside of functions such as :not() are known."""
    before: Any = None
    for token in selector:
        dotted = before is not None and before.type == "literal" and before.value == "."
        named = token.type == "hash" or (token.type == "ident" and dotted)
        if named and token.value not in names:
            return False
        before = token
    return True


def _small(tokens: list[Any]) -> str:
    return re.sub(r"\s+", " ", str(tinycss2.serialize(tokens))).strip()


def cut_font(font: bytes, characters: Iterable[str]) -> bytes:
    """Return a font with these characters only, as woff2, the same bytes each time."""
    options = subset.Options(flavor="woff2", layout_features=["kern", "liga", "tnum", "ccmp"])
    options.drop_tables += ["FFTM"]
    loaded = TTFont(io.BytesIO(font), recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(sorted(set(characters))))
    cutter.subset(loaded)
    target = io.BytesIO()
    subset.save_font(loaded, target, options)
    return target.getvalue()


def _face(family: str, weight: int, style: str, font: bytes) -> str:
    data = base64.b64encode(font).decode()
    return (
        f"@font-face{{font-family:'{family}';font-weight:{weight};font-style:{style};"
        f"font-display:block;src:url(data:font/woff2;base64,{data}) format('woff2')}}\n"
    )


def faces(static: Path, css: str, text: set[str]) -> str:
    """Return the font faces: the text's, and the icons that the style sheet still names."""
    package = files("font_source_sans_pro") / "files"
    shown = {*text, *map(chr, range(32, 127))}
    found = [
        _face(FACE, weight, style, cut_font((package / name).read_bytes(), shown))
        for name, weight, style in FACES
    ]
    escaped = {chr(int(code, 16)) for code in re.findall(r"\\(f[0-9a-f]{3})\b", css)}
    icons = cut_font((static / ICONS).read_bytes(), {*escaped, *re.findall("[\ue000-\uf8ff]", css)})
    return "".join(found) + _face("Font Awesome 6 Free", 900, "normal", icons)


def slim(app: Sphinx, error: Exception | None, seen: Seen) -> None:
    """Write the style sheet, then remove what no page loads."""
    if error is not None or app.builder.name not in {"html", "dirhtml"}:
        return
    html = Path(app.outdir)
    static = html / "_static"
    scripts = [p for p in static.rglob("*.js") if p.name in seen.loaded]
    words = re.findall(r"[\w-]+", "\n".join(p.read_text(encoding="utf-8") for p in scripts))
    sheets = [next(static.glob(s.replace("mystnb.css", "mystnb.*.css"))) for s in STYLES[1:]]
    source = "\n".join(p.read_text(encoding="utf-8") for p in (static / "basic.css", *sheets))
    css = used_rules(source, seen.names | {*words})
    (static / STYLE).write_text(faces(static, css, seen.characters) + css, encoding="utf-8")
    for path in sorted(static.rglob("*"), reverse=True):
        if path.is_file() and path.name not in seen.loaded | KEEP:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def setup(app: Sphinx) -> dict[str, Any]:
    """Do this last, when all pages and files are there."""
    seen = Seen()
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every table it cuts
    app.setup_extension("page_hygiene")
    app.connect("page-finished", lambda app, name, page: seen.add(page))
    app.connect("build-finished", lambda app, error: slim(app, error, seen), priority=900)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": False}
