"""Tiny books for the tests of the PDF builder."""

import io
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import print_tags
import pypdf
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

CONF = {
    "extensions": ["typst_builder"],
    "root_doc": "index",
    "numfig": True,
    "numfig_format": {"figure": "Figure %s", "table": "Table %s"},
    "project": "A tiny book",
    "author": "A. Author",
    "typst_date": "Evidence as of 2026-11-22",
    "language": "en",
}


@dataclass
class Book:
    """A built book: the folder with its files, and what Sphinx warned of."""

    folder: Path
    warnings: str

    @cached_property
    def path(self):
        """The only PDF."""
        (path,) = self.folder.glob("*.pdf")
        return path

    @cached_property
    def pages(self):
        return [squeeze(page.extract_text()) for page in pypdf.PdfReader(self.path).pages]

    @property
    def text(self):
        return " ".join(self.pages)

    @cached_property
    def tags(self):
        return print_tags.read(self.path)

    @property
    def source(self):
        """What the builder wrote for Typst."""
        return next(self.folder.glob("typst/*/main.typ")).read_text("utf-8")


def squeeze(text):
    """Undo line ends: words that were hyphenated or wrapped are whole again."""
    return re.sub(r"\s+", " ", re.sub("\u00ad\\s*", "", text)).strip()


def build(folder, files, hook=None, builder="typst", **conf):
    """Write a project and build it; ``hook`` gets the application before the build."""
    source, out = folder / "source", folder / f"out-{builder}"
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, "utf-8")
    for picture, size in (("dot", (40, 20)), ("tall", (300, 420))):
        Image.new("RGB", size, "navy").save(source / f"{picture}.png")
    said, warned = io.StringIO(), io.StringIO()
    with patch_docutils(), docutils_namespace():
        trees = folder / f"build-{builder}" / "trees"
        app = Sphinx(source, None, out, trees, builder, CONF | conf, said, warned, True)
        if hook:
            hook(app)
        app.build(True)
    return Book(out, re.sub(r"\x1b\[[\d;]*m", "", warned.getvalue()))


def page(text):
    """Return a book of one document, whose text starts on line 4."""
    return {"index.rst": f"Book\n====\n\n{text}\n"}
