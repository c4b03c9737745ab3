"""One look for every figure: face, colours, axes, labels.

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
from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.figure import Figure

#: The same colour means the same thing in the whole book. Okabe and Ito's colour-blind safe
#: set, darkened where the contrast on white was below 3:1; their greys differ in print.
COLOURS: Mapping[str, str] = {
    "us": "#1f4e8c",  # 8.3:1 on white
    "russia": "#b8351f",  # 5.8:1
    "eu": "#0f7b6c",  # 5.2:1
    "china": "#9a6b00",  # 4.6:1
    "ukraine": "#6a51a3",  # 6.4:1
    "other": "#5f6b76",  # 5.5:1
    "muted": "#8a949e",  # 3.1:1, for what is not the point
    "light": "#c4cad0",  # fills only: what is left
    "faint": "#eceff2",
    "us light": "#7fa3cf",  # fills only: a second part of the same
    "eu light": "#87bdb5",
    "democrats": "#3b6fb6",
    "republicans": "#c0392b",
    "independents": "#6b6b6b",
    "ink": "#1a2433",
    "grid": "#d9dee3",
}
#: Those that take dark text (4.5:1); the others take white.
PALE = {COLOURS[name] for name in ["muted", "light", "faint", "us light", "eu light", "grid"]}
FACE = "Source Sans Pro"
WIDTH = 6.3  # inches: the measure of the printed page

#: The cuts of the face, by CSS weight and style.
CUTS = {("400", "normal"): "Regular", ("600", "normal"): "Semibold", ("400", "italic"): "It"}
_folder = files("font_source_sans_pro") / "files"
FONTS = {cut: str(_folder / f"SourceSansPro-{name}.ttf") for cut, name in CUTS.items()}
for _path in FONTS.values():
    font_manager.fontManager.addfont(_path)
mpl.rcdefaults()  # a reader's own matplotlibrc changes nothing
INK = COLOURS["ink"]
mpl.rc("font", family=[FACE, "DejaVu Sans"], size=9.5)
mpl.rc("text", color=INK, parse_math=False)  # a dollar sign is a dollar sign (matplotlib 4938)
mpl.rc("axes", titlesize=10.5, titleweight="semibold", titlelocation="left", titlepad=9)
mpl.rc("axes", labelsize=9, labelcolor=INK, edgecolor=COLOURS["other"], linewidth=0.7)
mpl.rc("axes", grid=True, axisbelow=True)
mpl.rc("axes.grid", axis="y")
mpl.rc("axes.spines", top=False, right=False)
mpl.rc("grid", color=COLOURS["grid"], linewidth=0.6)
mpl.rc("xtick", labelsize=9, color=INK)
mpl.rc("ytick", labelsize=9, color=INK)
mpl.rc("xtick.major", width=0.7)
mpl.rc("ytick.major", size=0)
mpl.rc("lines", linewidth=1.8, markersize=4)
mpl.rc("legend", frameon=False, fontsize=9)
mpl.rc("figure.constrained_layout", use=True)
# Text stays text: small files, words that can be found in the PDF. Ids must not be random.
mpl.rc("svg", fonttype="none", hashsalt="dealing-with-moscow")
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
