"""One look for every figure: face, colours, axes, labels (see style.yaml).

Figures are drawn on matplotlib's Figure directly, without pyplot: nothing is shown twice,
nothing stays open, and the import is half as long.
"""

from __future__ import annotations

import base64
import html
import io
import logging
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import matplotlib as mpl
import yaml
from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.figure import Figure

_LOOK = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
COLOURS: Mapping[str, str] = _LOOK["colours"]
#: The colours that take dark text.
PALE = {COLOURS[name] for name in _LOOK["pale"]}
#: The colour, a key of COLOURS, of what has the same in the whole book.
KNOWN: Mapping[str, str] = {name: name for name in COLOURS} | {
    word: name for name, words in _LOOK["known"].items() for word in words
}
INK = COLOURS["ink"]
FACE = "Source Sans Pro"
WIDTH = 6.3  # inches: the measure of the printed page

#: The cuts of the face, by CSS weight and style.
CUTS = {("400", "normal"): "Regular", ("600", "normal"): "Semibold", ("400", "italic"): "It"}
_folder = files("font_source_sans_pro") / "files"
FONTS = {cut: str(_folder / f"SourceSansPro-{name}.ttf") for cut, name in CUTS.items()}
for _path in FONTS.values():
    font_manager.fontManager.addfont(_path)
mpl.rcdefaults()  # a reader's own matplotlibrc changes nothing
mpl.rcParams.update(_LOOK["matplotlib"])
#: What a label does not need goes before the cut, which would decode it first: two thirds of the
#: time that drawing a figure took.
SUBSET = subset.Options(
    hinting=False, layout_features=[], name_IDs=[], notdef_outline=True, recalc_timestamp=False,
    drop_tables=["DSIG", "GDEF", "GPOS", "GSUB", "kern"],
)  # fmt: skip
logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
# The fallback face has no semibold cut; matplotlib would say so on stderr in every notebook.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


def _cut(font: bytes, characters: Iterable[str]) -> bytes:
    """Return a font with these characters only."""
    face, cut_out = TTFont(io.BytesIO(font), recalcTimestamp=False), io.BytesIO()
    kept = subset.Subsetter(SUBSET)
    kept.populate(text="".join(sorted(characters)))
    kept.subset(face)
    face.save(cut_out)
    return cut_out.getvalue()


@cache
def _slim(path: str) -> bytes:
    """Return all characters of a font, which is cut again to the same bytes in a twentieth."""
    font = Path(path).read_bytes()
    return _cut(font, map(chr, TTFont(io.BytesIO(font)).getBestCmap()))


def font_faces(svg: str) -> str:
    """Return a style element with the characters that a drawing uses, cut out of the fonts.

    A picture in a page cannot use the page's fonts, so each drawing carries its own: the same
    on every machine. The cuts are not compressed, since compressors differ between machines.
    """
    used: dict[tuple[str, str], set[str]] = {}
    for style, text in re.findall(r'<text[^>]*style="([^"]*)"[^>]*>(.*?)</text>', svg, re.DOTALL):
        weight = re.search(r"font-weight: (\w+)|font: [^;]*?\b(600|semibold)\b", style)
        cut = ("600" if weight else "400", "italic" if "italic" in style else "normal")
        plain = html.unescape(re.sub(r"<[^>]*>", "", text))
        used.setdefault(cut if cut in FONTS else ("400", "normal"), set()).update(plain)
    rules = []
    for (weight_, slant), characters in sorted(used.items()):
        data = base64.b64encode(_cut(_slim(FONTS[weight_, slant]), characters)).decode()
        rules.append(
            f"@font-face{{font-family:'{FACE}';font-weight:{weight_};font-style:{slant};"
            f"src:url(data:font/ttf;base64,{data})}}"
        )
    return f"<style>{''.join(rules)}</style>" if rules else ""


def axes(
    rows: int = 1, columns: int = 1, *, height: float = 3.4, **options: Any
) -> tuple[Figure, Any]:
    """Return a figure of the page's width and its axes (one, or an array as in subplots).

    Args:
        rows, columns: panels down and across.
        height: height of the whole figure in inches.
        options: passed to Figure.subplots (sharex, sharey, width_ratios, gridspec_kw).
    """
    figure = Figure(figsize=(WIDTH, height))
    return figure, figure.subplots(rows, columns, **options)
