"""Done once by the process that kernels are forks of: what a kernel needs at its first drawing."""

import io

import ipykernel.debugger
import ipykernel.kernelapp  # noqa: F401

from report import style

_figure, _axes = style.axes()
_axes.plot([0, 1], label="a")
_figure.savefig(io.StringIO(), format="svg")
style.font_faces("".join(f'<text style="{cut}">a</text>' for cut in ("", "font: 600", "italic")))
