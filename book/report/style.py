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
from collections.abc import Mapping
from importlib.resources import files
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
FACE = "Source Sans Pro"
WIDTH = 6.3  # inches: the measure of the printed page

RC: Any = {
    "font.family": [FACE, "DejaVu Sans"],
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "semibold",
    "axes.titlelocation": "left",
    "axes.titlepad": 9,
    "axes.labelsize": 9,
    "axes.labelcolor": COLOURS["ink"],
    "axes.edgecolor": COLOURS["other"],
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": COLOURS["grid"],
    "grid.linewidth": 0.6,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.color": COLOURS["ink"],
    "ytick.color": COLOURS["ink"],
    "xtick.major.width": 0.7,
    "ytick.major.size": 0,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
    "text.color": COLOURS["ink"],
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",  # text stays text: small files, words that can be found in the PDF
    "svg.hashsalt": "dealing-with-moscow",  # ids must not be random
    "axes.unicode_minus": True,
    "text.parse_math": False,  # a dollar sign is a dollar sign (matplotlib 4938)
}
#: The cuts of the face, by CSS weight and style.
CUTS = {("400", "normal"): "Regular", ("600", "normal"): "Semibold", ("400", "italic"): "It"}
FONTS = {
    cut: str(files("font_source_sans_pro") / "files" / f"SourceSansPro-{name}.ttf")
    for cut, name in CUTS.items()
}
for _path in FONTS.values():
    font_manager.fontManager.addfont(_path)
mpl.rcdefaults()  # a reader's own matplotlibrc changes nothing
mpl.rcParams.update(RC)
#: What a label does not need goes before the cut, which would decode it first: two thirds of the
#: time that drawing a figure took.
SUBSET = subset.Options(
    hinting=False, layout_features=[], name_IDs=[], notdef_outline=True, recalc_timestamp=False,
    drop_tables=["DSIG", "GDEF", "GPOS", "GSUB", "kern"],
)  # fmt: skip
logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
# The fallback face has no semibold cut; matplotlib would say so on stderr in every notebook.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


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
        font = TTFont(FONTS[weight_, slant], recalcTimestamp=False)
        subsetter = subset.Subsetter(SUBSET)
        subsetter.populate(text="".join(sorted(characters)))
        subsetter.subset(font)
        cut_out = io.BytesIO()
        font.save(cut_out)
        data = base64.b64encode(cut_out.getvalue()).decode()
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
