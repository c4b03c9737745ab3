"""The builder: which documents, in which order, into which file."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib
import typst
from docutils import nodes
from docutils.core import publish_doctree
from sphinx import addnodes
from sphinx.builders import Builder
from sphinx.errors import SphinxError
from sphinx.util import logging
from sphinx.util.osutil import make_filename_from_project

from .translator import Translator, literal

logger = logging.getLogger(__name__)
MISSING_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed')
MONTHS = (
    "January February March April May June July August September October November December".split()
)
ISO_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
LONG_DATE = re.compile(rf"(\d\d?) ({'|'.join(MONTHS)}) (\d{{4}})")
TEMPLATE = Path(__file__).with_name("template.typ")


class TypstError(SphinxError):
    """The book cannot be printed; the message lists every reason."""

    category = "Typst builder"


@dataclass(frozen=True)
class Chapter:
    """One document of the book: its depth in the toctrees (1 is a chapter) and its part."""

    docname: str
    depth: int
    part: str | None


class TypstBuilder(Builder):
    """Print all documents that the root document's toctrees reach as one PDF."""

    name = "typst"
    format = "typst"
    epilog = "The PDF is in %(outdir)s."
    supported_image_types = ["image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp"]
    supported_remote_images = True  # keeps Sphinx from fetching them; the translator refuses them

    def get_outdated_docs(self) -> str:
        """A book is printed as a whole."""
        return "all documents"

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Mark internal targets, so that the translator can tell them from addresses."""
        return f"%{docname}"

    def get_relative_uri(self, from_: str, to: str, typ: str | None = None) -> str:
        """All documents end up in one file."""
        return self.get_target_uri(to, typ)

    def prepare_writing(self, docnames: set[str]) -> None:
        """Nothing to prepare."""

    def write_doc(self, docname: str, doctree: nodes.document) -> None:
        """Documents are not written one by one."""

    def write(self, *_ignored: Any) -> None:
        """Render every document, then compile the PDF."""
        chapters = list(self.chapters())
        trees = {}
        for chapter in chapters:
            trees[chapter.docname] = self.env.get_and_resolve_doctree(chapter.docname, self)
            self.post_process_images(trees[chapter.docname])
        if imprint := self.imprint():
            trees[""] = imprint
        self.files: dict[str, bytes] = {}
        lost: set[str] = set()
        while True:
            writer = Translator(self, trees, lost)
            bodies = {chapter.docname: writer.document(chapter) for chapter in chapters}
            front = writer.document(Chapter("", 1, None)) if imprint else ""
            if missing := writer.used - writer.emitted:
                lost |= missing  # a reference into something that print leaves out
                continue
            break
        if writer.errors:
            raise TypstError("\n  ".join(["cannot print:", *writer.errors]))
        for message, node in writer.warnings:
            logger.warning(message, location=node)
        self.compile(bodies, front, writer)

    def chapters(self) -> Iterator[Chapter]:
        """Walk the toctrees from the root document, each document once."""
        seen = {self.config.root_doc}
        parts = 0

        def walk(docname: str, depth: int) -> Iterator[Chapter]:
            nonlocal parts
            for toctree in self.env.get_doctree(docname).findall(addnodes.toctree):
                part = None
                if depth == 1 and (caption := toctree.get("caption")):
                    parts += 1
                    label = self.config.typst_part_label
                    word = label.split("%s")[0].strip().lower()
                    plain = not label or caption.lower().startswith(word)
                    part = caption if plain else f"{label % parts} · {caption}"
                for _title, ref in toctree["entries"]:
                    if ref in self.env.found_docs and ref not in seen:
                        seen.add(ref)
                        yield Chapter(ref, depth, part)
                        yield from walk(ref, depth + 1)
                        part = None

        yield Chapter(self.config.root_doc, 1, None)
        yield from walk(self.config.root_doc, 1)

    def imprint(self) -> nodes.document | None:
        """Parse ``typst_imprint``; it is configuration, and still may not read files."""
        given = self.config.typst_imprint
        text = given if isinstance(given, str) else "\n\n".join(given)
        if not text.strip():
            return None
        options: dict[str, Any] = {}
        if find_spec("myst_parser"):
            from myst_parser.parsers.docutils_ import Parser

            options = {"parser": Parser()}
        settings = {
            "file_insertion_enabled": False,
            "raw_enabled": False,
            "report_level": 2,
            "halt_level": 2,
        }
        return publish_doctree(
            text, source_path="typst_imprint", settings_overrides=settings, **options
        )

    def picture(self, uri: str) -> str:
        """Take a picture of the book into print and return its name there.

        Raise ``ValueError`` for a file that is not there or not the book's own.
        """
        path = Path(self.srcdir, uri).resolve()
        notebooks = (
            getattr(getattr(self.env, "mystnb_config", None), "output_folder", None) or self.outdir
        )
        homes = (self.srcdir, self.doctreedir, notebooks)
        if "://" in uri or not any(path.is_relative_to(Path(home).resolve()) for home in homes):
            raise ValueError(f"picture outside the book refused: {uri}")
        if not path.is_file():
            raise ValueError(f"picture not found: {uri}")
        return self.keep(path.read_bytes(), path.suffix.lower())

    def keep(self, data: bytes, suffix: str) -> str:
        """Store a file for Typst under a name made of its content."""
        name = f"files/{hashlib.sha256(data).hexdigest()[:24]}{suffix}"
        self.files[name] = data
        return name

    def compile(self, bodies: dict[str, str], front: str, writer: Translator) -> None:
        """Write the Typst project and run the compiler on it."""
        work = Path(self.outdir, "typst")
        shutil.rmtree(work, ignore_errors=True)
        for name, data in (self.files | self.fonts()).items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(data)
        shutil.copyfile(TEMPLATE, work / "template.typ")
        settings = self.settings(writer)
        (work / "settings.json").write_text(
            json.dumps(settings, ensure_ascii=False, indent=1), "utf-8"
        )
        imprint = f"imprint: [{front}]" if front else ""
        head = f'#import "template.typ": *\n#show: book.with({imprint})\n\n'
        source = head + "\n\n".join(bodies.values()) + "\n"
        pdf, warnings = self.run(work, source)
        for warning in warnings:
            logger.warning("typst: %s", warning.message)
        name = self.config.typst_filename or f"{make_filename_from_project(settings['title'])}.pdf"
        target = Path(self.outdir, name)
        target.write_bytes(pdf)
        logger.info("printed %s (%d kB)", target.name, len(pdf) // 1024)

    def run(self, work: Path, source: str) -> tuple[bytes, list[Any]]:
        """Compile; where no font has a letter, show its code point, once it is known."""
        main = work / "main.typ"
        options: dict[str, Any] = {
            "root": str(work),
            "font_paths": [str(work / "fonts")],
            "ignore_system_fonts": True,
            "pdf_standards": self.config.typst_pdf_standards,
            "timestamp": 0,
            "format": "pdf",
        }
        for last in (False, True):
            main.write_text(source, "utf-8")
            try:
                pdf, warnings = typst.compile_with_warnings(str(main), **options)
                if any("converge" in warning.message for warning in warnings):
                    options["sys_inputs"] = {"always-pages": "yes"}
                    pdf, warnings = typst.compile_with_warnings(str(main), **options)
                return pdf, warnings
            except typst.TypstError as error:
                unknown = set(MISSING_GLYPH.findall(error.diagnostic or ""))
                if last or not unknown:
                    raise TypstError(error.diagnostic or error.message) from error
            for cluster in sorted(unknown, key=len, reverse=True):
                found = re.sub(r"\\u\{(\w+)\}", lambda match: chr(int(match[1], 16)), cluster)
                names = "".join(f"[U+{ord(letter):04X}]" for letter in found)
                logger.warning(
                    "no font has %s; printed as its code point",
                    names,
                    type="typst",
                    subtype="glyph",
                )
                source = source.replace(found, names)
                settings = work / "settings.json"
                settings.write_text(settings.read_text("utf-8").replace(found, names), "utf-8")
        raise AssertionError("unreachable")

    def settings(self, writer: Translator) -> dict[str, Any]:
        """What the template needs to know, as plain data."""
        config = self.config
        author = config.typst_author or config.author
        return {
            "title": str(config.typst_title or config.project), "subtitle": str(config.typst_subtitle),
            "author": [author] if isinstance(author, str) else list(author),
            "version": str(config.typst_version or config.version), "date": str(config.typst_date),
            "day": find_date(str(config.typst_date)) or [2000, 1, 1],
            "keywords": list(config.typst_keywords),
            "language": config.typst_language or (config.language or "en").split("_")[0],
            "region": config.typst_region or None, "paper": config.typst_paper, "fonts": config.typst_fonts,
            "words": config.typst_words, "depth": config.typst_contents_depth, "parts": writer.parts,
            "lists": {"figures": "figure" in writer.listed, "tables": "table" in writer.listed},
        }  # fmt: skip

    def fonts(self) -> dict[str, bytes]:
        """Collect the font files that ``typst_font_paths`` names."""
        found: dict[str, bytes] = {}
        # Not the whole folder of matplotlib: its "last resort" font has a box for every letter.
        fallback = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans*.ttf")
        for entry in [*self.config.typst_font_paths, str(fallback)]:
            package, colon, pattern = entry.partition(":")
            base, glob = Path(self.confdir), entry
            if colon and len(package) > 1:
                spec = find_spec(package)
                if spec is None or not spec.submodule_search_locations:
                    raise TypstError(f"typst_font_paths: no package {package!r}")
                base, glob = Path(spec.submodule_search_locations[0]), pattern
            files = [Path(name) for name in sorted(map(str, _glob(base, glob)))]
            if not files:
                raise TypstError(f"typst_font_paths: no font at {entry!r}")
            found |= {f"fonts/{file.name}": file.read_bytes() for file in files}
        return found


def find_date(text: str) -> list[int] | None:
    """Return year, month and day of the first date in a text: 2026-11-22 or 22 November 2026."""
    if found := ISO_DATE.search(text):
        return [int(part) for part in found.groups()]
    if found := LONG_DATE.search(text):
        return [int(found[3]), MONTHS.index(found[2]) + 1, int(found[1])]
    return None


def _glob(base: Path, pattern: str) -> Iterator[Path]:
    """Yield the font files of a folder or glob."""
    import glob

    path = os.path.join(base, pattern)
    for name in glob.glob(os.path.join(path, "*") if os.path.isdir(path) else path):
        if name.lower().endswith((".otf", ".ttf", ".ttc")):
            yield Path(name)


__all__ = ["Chapter", "TypstBuilder", "TypstError", "literal"]
