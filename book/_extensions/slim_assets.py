"""Make one small style sheet of the theme's and ours, and publish only the files that pages load.

A rule stays when every class and id it names occurs in a page or in a script. Fonts are cut to
the characters that the pages show and written into the style sheet: no request, no shift of the
layout, and they work when a page is opened from a folder.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import tinycss2
from bs4 import BeautifulSoup
from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx

from page_hygiene import STYLE, STYLES

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


def names_in(pages: Iterable[BeautifulSoup], scripts: Iterable[str]) -> set[str]:
    """Return every class and id of the pages, and every word of the scripts."""
    names = set(re.findall(r"[\w-]+", "\n".join(scripts)))
    for page in pages:
        for tag in page.find_all(True):
            names |= {*tag.get("class", []), tag.get("id", "")}
    return names


def used_rules(css: str, names: set[str]) -> str:
    """Return the style sheet without the selectors that no page can match."""
    return "".join(_rules(tinycss2.parse_stylesheet(css, True, True), names))


def _rules(nodes: Iterable[Any], names: set[str]) -> Iterator[str]:
    for node in nodes:
        if node.type == "qualified-rule":
            selectors = [s for s in _split(node.prelude) if _matches(s, names)]
            if selectors:
                heads = ",".join(tinycss2.serialize(s).strip() for s in selectors)
                yield f"{heads}{{{_small(tinycss2.serialize(node.content))}}}\n"
        elif node.type == "at-rule" and node.lower_at_keyword in {"media", "supports"}:
            inner = tinycss2.parse_rule_list(node.content, True, True)
            if body := "".join(_rules(inner, names)):
                yield f"@{node.at_keyword}{tinycss2.serialize(node.prelude)}{{\n{body}}}\n"
        elif node.type == "at-rule" and node.lower_at_keyword not in {"charset", "font-face"}:
            if node.lower_at_keyword != "import":
                yield _small(node.serialize()) + "\n"


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


def _small(css: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)).strip()


def unused_values(css: str) -> str:
    """Drop custom properties that nothing asks for, and keyframes that nothing plays."""
    while True:
        asked = set(re.findall(r"var\(\s*(--[\w-]+)", css))
        shorter = re.sub(
            r"(?<=[{;])\s*(--[\w-]+)\s*:[^;{}]*(;|(?=\}))",
            lambda found: found[0] if found[1] in asked else "",
            css,
        )
        shorter = re.sub(r"(?m)^[^{}\n]+\{\s*\}\n", "", shorter)
        if shorter == css:
            break
        css = shorter
    for rule in re.findall(r"(?m)^@(?:-webkit-)?keyframes [^\n]*\n", css):
        if css.count(rule.split()[1].partition("{")[0]) < 2:
            css = css.replace(rule, "")
    return css


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


def faces(static: Path, css: str, text: str) -> str:
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


def slim(app: Sphinx, error: Exception | None) -> None:
    """Write the style sheet, then remove what no page loads."""
    if error is not None or app.builder.name not in {"html", "dirhtml"}:
        return
    html = Path(app.outdir)
    static = html / "_static"
    paths = [p for p in html.rglob("*.html") if not {"_static", "data"} & {*p.parts}]
    pages = [BeautifulSoup(p.read_text(encoding="utf-8"), "html.parser") for p in paths]
    loaded = {
        str(tag.get("src") or tag.get("href")).partition("?")[0].rpartition("/")[2]
        for page in pages
        for tag in page.select("script[src], img[src], link[href]")
    }
    scripts = [p for p in static.rglob("*.js") if p.name in loaded]
    names = names_in(pages, (p.read_text(encoding="utf-8") for p in scripts))
    sheets = [next(static.glob(s.replace("mystnb.css", "mystnb.*.css"))) for s in STYLES[1:]]
    source = "\n".join(p.read_text(encoding="utf-8") for p in (static / "basic.css", *sheets))
    css = unused_values(used_rules(source, names))
    text = "".join({c for page in pages for c in page.get_text()})
    (static / STYLE).write_text(faces(static, css, text) + css, encoding="utf-8")
    for path in sorted(static.rglob("*"), reverse=True):
        if path.is_file() and path.name not in loaded | KEEP:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def setup(app: Sphinx) -> dict[str, Any]:
    """Do this last, when all pages and files are there."""
    app.connect("build-finished", slim, priority=900)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
