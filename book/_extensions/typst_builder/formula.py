"""Formulas: LaTeX drawn by matplotlib's mathtext as SVG.

Mathtext knows the usual symbols, fractions, roots, sums and accents, not LaTeX environments;
of those, the lines of ``aligned`` and its kin are drawn one below the other.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser

STYLE: Any = {"mathtext.fontset": "stix", "svg.fonttype": "path", "svg.hashsalt": "typst_builder"}


@dataclass(frozen=True)
class Formula:
    """A drawn formula; lengths in points, ``depth`` is what hangs below the baseline."""

    svg: bytes
    width: float
    height: float
    depth: float


def lines(latex: str) -> list[str]:
    r"""Split the lines of an aligned formula.

    >>> lines(r"\begin{aligned} a &= b \\ c &= d \end{aligned}")
    ['a = b', 'c = d']
    """
    text = re.sub(r"\\(begin|end)\{(aligned|align|split|gather|gathered|equation)\*?\}", "", latex)
    return [line.replace("&", "").strip() for line in re.split(r"\\\\", text) if line.strip()]


def draw(latex: str, size: float) -> Formula:
    """Draw one line of LaTeX; raise ``ValueError`` for what mathtext does not know."""
    text = f"${' '.join(latex.split())}$"
    with matplotlib.rc_context(STYLE):
        font = FontProperties(size=size)
        width, height, depth, _glyphs, _boxes = MathTextParser("path").parse(
            text, dpi=72, prop=font
        )
        figure = Figure(figsize=(max(width, 1) / 72, max(height, 1) / 72))
        figure.text(0, depth / max(height, 1), text, fontproperties=font)
        file = io.BytesIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return Formula(file.getvalue(), width, height, depth)
