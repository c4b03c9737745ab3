"""A Sphinx builder that prints books as tagged PDFs, by way of Typst: see README.md."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from .builder import PICTURES, TypstBuilder

__version__ = "2.0.0"

OUTPUTS = [*PICTURES, "text/markdown", "text/html", "text/plain"]  # of a cell, the best first
DEFAULTS: dict[str, Any] = {
    "typst_documents": [],
    "typst_date": "",
    "typst_imprint": "",
    "typst_addresses": [],
    "typst_keywords": [],
    "typst_region": None,
    "typst_picture_scale": 1.0,
    "typst_kept": "_build/.kept",
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the builder and its configuration with Sphinx."""
    app.add_builder(TypstBuilder)
    for name, default in DEFAULTS.items():
        app.add_config_value(name, default, "")
    app.connect("config-inited", choose_outputs)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": False}


def choose_outputs(_app: Sphinx, config: Config) -> None:
    """Tell myst-nb which outputs print takes: it would drop all for a builder it does not know."""
    if "nb_mime_priority_overrides" in config:
        ours = [(TypstBuilder.name, mime, rank) for rank, mime in enumerate(OUTPUTS)]
        given = [tuple(rule) for rule in config.nb_mime_priority_overrides]
        config.nb_mime_priority_overrides = ours + given  # the last one holds
