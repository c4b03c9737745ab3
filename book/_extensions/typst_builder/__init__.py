"""A Sphinx builder that prints a whole book as one tagged PDF, by way of Typst.

The builder (name ``typst``) reads the same resolved doctrees as the HTML builder, so that
numbers, captions, citations and notebook outputs are the same in print. It needs the wheels
of typst, pikepdf (a file of a third of the size) and matplotlib (formulas and a fallback
font): no system package, no network, no LaTeX. It knows nothing of any particular book.

Use it in Sphinx with ``extensions = ["typst_builder"]``, in Jupyter Book 1 with
``sphinx: local_extensions: {typst_builder: path/to/folder}``; then
``sphinx-build -b typst`` or ``jupyter-book build --builder custom --custom-builder typst``.

What a reader of the source should know
---------------------------------------
* All text goes into Typst as string literals: no text can become Typst code.
* The PDF is PDF/UA-1 and PDF/A-2a, and Typst refuses to write anything else: a picture or
  formula without alternative text stops the build, with document and line.
* A node the translator does not know stops the build too. Nothing is dropped silently but:
  ``index``, comments, ``raw`` of other formats, containers with class ``screen-only``, code
  cells (see ``typst_show_code``) and what the author hid. An *output* that has nothing but
  HTML is a warning. A container with class ``print-only`` belongs to print (hide it on
  screen with a style rule).
* A reference whose target is not in print is a warning and stays as plain text.
* A container with class ``exhibit`` keeps a table or figure together with paragraphs of class
  ``exhibit-source`` or ``exhibit-note``, set small below it. A table of class ``landscape``
  goes on a turned page; one too wide for the page is set smaller, then turned.
* A page break never separates a caption from its table or figure.
* A numbered figure or table of up to half a page floats to the top or bottom of a page when
  enough text of its section follows to take its place: pages are full. It never leaves its
  section (of level 2), and no two of them change order.
* A field list of class ``compact`` is set small, its fields run in; a table of that class is
  set small, as wide as the page.
* Same sources, same bytes: no clock, no path, no system font. The document's date is the one
  found in ``typst_date``: 2026-11-22 or 22 November 2026.
* A letter that no font has is shown as ``[U+1F680]``, with a warning of type
  ``typst.glyph``.
* Extensions can bring their own nodes: ``app.add_node(Node, typst=(visit, depart))``, where
  the functions append Typst markup to ``self.body``.

Configuration values
--------------------
``typst_title``, ``typst_subtitle``, ``typst_author`` (text or list), ``typst_date`` (shown as
it is), ``typst_version``, ``typst_keywords`` (list), ``typst_language``, ``typst_region``
    Title page and metadata. Title, author, version and language default to Sphinx's own.
``typst_imprint``
    Text (MyST where ``myst_parser`` is there, else reST) or list of paragraphs behind the title.
``typst_filename``
    Name of the PDF, by default made from the project's name.
``typst_fonts``, ``typst_font_paths``
    Families ``body``, ``heading``, ``mono``; where to find them beside the fonts in the wheel:
    folders or globs relative to ``conf.py``, or ``package:glob`` inside an installed package.
``typst_paper``, ``typst_pdf_standards``
    As Typst names them.
``typst_show_code`` (False)
    Print the source of notebook cells.
``typst_show_urls`` ("footnote", "inline", "no")
    How print shows the address behind a link. In tables, captions and notes "footnote"
    means "inline".
``typst_page_references`` (True)
    Add "(page 14)" to cross-references to tables, figures, listings and sections.
``typst_part_label`` ("Part %s")
    What stands before the caption of a toctree above its first chapter; "" for nothing.
``typst_contents_depth`` (2)
    Levels in the table of contents.
``typst_picture_scale`` (1.0)
    Pictures without a width of their own are printed at their natural size times this.
``typst_words``
    Words of the template, to translate.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from .builder import TypstBuilder

__version__ = "1.0.0"

FONTS = {"body": "Libertinus Serif", "heading": "Source Sans Pro", "mono": "DejaVu Sans Mono"}
WORDS = {word.lower(): word for word in ("Contents", "Figures", "Tables", "Version")}
MIME_PRIORITY = {
    "image/svg+xml": 10,
    "image/png": 20,
    "image/jpeg": 30,
    "text/markdown": 32,
    "text/html": 36,
    "text/plain": 60,
}
TEXTS = ("title", "subtitle", "date", "version", "language", "region", "filename")
DEFAULTS: dict[str, Any] = {
    **dict.fromkeys((f"typst_{name}" for name in TEXTS), ""),
    "typst_author": "",
    "typst_imprint": "",
    "typst_keywords": [],
    "typst_fonts": {},
    "typst_font_paths": ["font_source_sans_pro:files/*.otf"],
    "typst_paper": "a4",
    "typst_pdf_standards": ["ua-1", "a-2a"],
    "typst_show_code": False,
    "typst_show_urls": "footnote",
    "typst_page_references": True,
    "typst_part_label": "Part %s",
    "typst_contents_depth": 2,
    "typst_picture_scale": 1.0,
    "typst_words": {},
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the builder and its configuration with Sphinx."""
    app.add_builder(TypstBuilder)
    for name, default in DEFAULTS.items():
        types = (str, list) if name in ("typst_author", "typst_imprint") else ()
        app.add_config_value(name, default, "", types)
    app.connect("config-inited", complete_config)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": False}


def complete_config(_app: Sphinx, config: Config) -> None:
    """Fill the dictionaries a user gave in part, and tell myst-nb which outputs print takes.

    myst-nb has no list of mime types for a builder it does not know and would drop every
    output; what the user has set for ``typst`` stays in front.
    """
    config.typst_fonts = FONTS | config.typst_fonts
    config.typst_words = WORDS | {"page": "page"} | config.typst_words
    if "nb_mime_priority_overrides" in config:
        given = [tuple(rule) for rule in config.nb_mime_priority_overrides]
        named = {(rule[0], rule[1]) for rule in given}
        ours = [(TypstBuilder.name, mime, rank) for mime, rank in MIME_PRIORITY.items()]
        config.nb_mime_priority_overrides = given + [rule for rule in ours if rule[:2] not in named]
