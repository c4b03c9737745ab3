"""The builder: which documents, in which order, into which file."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib
import pikepdf
import typst
from docutils import nodes
from docutils.core import publish_doctree
from sphinx import addnodes
from sphinx.builders import Builder
from sphinx.errors import SphinxError
from sphinx.util import logging
from sphinx.util.osutil import make_filename_from_project

from .translator import Translator

logger = logging.getLogger(__name__)
TEMPLATE = Path(__file__).with_name("template.typ")
MISSING_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed')
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
ISO_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
LONG_DATE = re.compile(rf"(\d\d?) ({'|'.join(MONTHS)}) (\d{{4}})")


class TypstError(SphinxError):
    """The book cannot be printed; the message lists every reason."""

    category = "Typst error"


@dataclass(frozen=True)
class Chapter:
    """A document of the book, its depth in the toctrees (1: a chapter), the part it starts."""

    docname: str
    depth: int
    part: str | None = None


class TypstBuilder(Builder):
    """Print all documents that the root document's toctrees reach as one PDF."""

    name = "typst"
    format = "typst"
    epilog = "The PDF is in %(outdir)s."
    supported_remote_images = True  # keeps Sphinx from fetching them: they are refused below

    def init(self) -> None:
        """Start with no files."""
        kinds = ("svg+xml", "png", "jpeg", "gif", "webp")
        self.supported_image_types = [f"image/{kind}" for kind in kinds]
        self.files: dict[str, bytes] = {}

    def get_outdated_docs(self) -> str:
        return "all documents"

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Mark internal targets, so that the translator can tell them from addresses."""
        return f"%{docname}"

    def get_relative_uri(self, from_: str, to: str, typ: str | None = None) -> str:
        return self.get_target_uri(to, typ)

    def prepare_writing(self, docnames: set[str]) -> None:
        pass

    def write_doc(self, docname: str, doctree: nodes.document) -> None:
        pass

    def write(self, *_ignored: Any) -> None:
        """Render every document, then compile the PDF."""
        chapters = list(self.chapters())
        trees = {chapter.docname: self.env.get_doctree(chapter.docname) for chapter in chapters}
        for name, tree in trees.items():
            trees[name] = self.env.get_and_resolve_doctree(name, self, doctree=tree)
            self.post_process_images(trees[name])
        if imprint := self.imprint():
            trees[""] = imprint
        lost: set[str] = set()
        while True:
            writer = Translator(self, trees, lost)
            front = writer.document(Chapter("", 1)) if imprint else ""
            bodies = [writer.document(chapter) for chapter in chapters]
            if not (missing := writer.used - writer.emitted):
                break
            lost |= missing  # again, without the links into what print leaves out
        if writer.errors:
            raise TypstError("\n  ".join(["cannot print:", *writer.errors]))
        for message, node in writer.warnings:
            logger.warning(message, location=node)
        opening = f"book.with(imprint: [{front}])" if imprint else "book"
        head = f'#import "template.typ": *\n#show: {opening}'
        self.compile("\n\n".join([head, *bodies]) + "\n", self.settings(writer))

    def chapters(self) -> Iterator[Chapter]:
        """Walk the toctrees from the root document, each document once."""
        seen = {self.config.root_doc}
        label, count = self.config.typst_part_label, 0

        def walk(docname: str, depth: int) -> Iterator[Chapter]:
            nonlocal count
            for toctree in self.env.get_doctree(docname).findall(addnodes.toctree):
                part = toctree.get("caption") if depth == 1 else None
                count += bool(part)
                if part and label and not part.lower().startswith(label.split("%s")[0].lower()):
                    part = f"{label % count} · {part}"
                for _title, ref in toctree["entries"]:
                    if ref in self.env.found_docs and ref not in seen:
                        seen.add(ref)
                        yield Chapter(ref, depth, part)
                        yield from walk(ref, depth + 1)
                        part = None

        yield Chapter(self.config.root_doc, 1)
        yield from walk(self.config.root_doc, 1)

    def imprint(self) -> nodes.document | None:
        """Parse ``typst_imprint``, which may not read files."""
        given = self.config.typst_imprint
        text = given if isinstance(given, str) else "\n\n".join(given)
        if not text.strip():
            return None
        options: dict[str, Any] = {}
        if find_spec("myst_parser"):
            from myst_parser.parsers.docutils_ import Parser

            options["parser"] = Parser()
        settings = {"file_insertion_enabled": False, "raw_enabled": False, "halt_level": 2}
        return publish_doctree(text, settings_overrides=settings, **options)

    def picture(self, uri: str) -> str:
        """Take a picture of the book into print and return its name there.

        Raises:
            ValueError: The file is not there, or not the book's own.
        """
        path = Path(self.srcdir, uri).resolve()
        notebooks = getattr(getattr(self.env, "mystnb_config", None), "output_folder", "")
        homes = [Path(home).resolve() for home in (self.srcdir, self.doctreedir, notebooks) if home]
        if "://" in uri or not any(path.is_relative_to(home) for home in homes):
            raise ValueError(f"picture outside the book refused: {uri}")
        if not path.is_file():
            raise ValueError(f"picture not found: {uri}")
        return self.keep(path.read_bytes(), path.suffix.lower())

    def keep(self, data: bytes, suffix: str) -> str:
        """Store a file for Typst under a name made of its content."""
        name = f"files/{hashlib.sha256(data).hexdigest()[:24]}{suffix}"
        self.files[name] = data
        return name

    def settings(self, writer: Translator) -> dict[str, Any]:
        """Collect what the template needs to know, as plain data."""
        config = self.config
        author = config.typst_author or config.author
        return {
            "title": str(config.typst_title or config.project),
            "subtitle": str(config.typst_subtitle),
            "author": [author] if isinstance(author, str) else list(author),
            "version": str(config.typst_version or config.version),
            "date": str(config.typst_date),
            "day": find_date(str(config.typst_date)) or [2000, 1, 1],
            "keywords": list(config.typst_keywords),
            "language": config.typst_language or (config.language or "en").split("_")[0],
            "region": config.typst_region or None,
            "paper": config.typst_paper,
            "fonts": config.typst_fonts,
            "words": config.typst_words,
            "depth": config.typst_contents_depth,
            "scale": config.typst_picture_scale,
            "parts": writer.parts,
            "lists": {"figures": "figure" in writer.listed, "tables": "table" in writer.listed},
        }

    def fonts(self) -> Iterator[Path]:
        """Find the fonts that ``typst_font_paths`` names, and DejaVu Sans for rare letters."""
        # Not all of matplotlib's fonts: its "last resort" has a box for every letter there is.
        yield from sorted(Path(matplotlib.get_data_path(), "fonts/ttf").glob("DejaVuSans*.ttf"))
        for entry in self.config.typst_font_paths:
            package, colon, pattern = entry.rpartition(":")
            folder = Path(self.confdir)
            if colon:
                spec = find_spec(package)
                folder = Path(spec.origin).parent if spec and spec.origin else Path("nowhere")
            found = [folder / pattern] if (folder / pattern).is_file() else folder.glob(pattern)
            files = [f for path in found for f in (path.iterdir() if path.is_dir() else [path])]
            if not files:
                raise TypstError(f"typst_font_paths: no font at {entry!r}")
            yield from sorted(f for f in files if f.suffix.lower() in (".otf", ".ttf", ".ttc"))

    def compile(self, source: str, settings: dict[str, Any]) -> None:
        """Write the Typst project and run the compiler on it."""
        work = Path(self.outdir, "typst")
        shutil.rmtree(work, ignore_errors=True)
        fonts = {f"fonts/{path.name}": path.read_bytes() for path in self.fonts()}
        for name, data in (self.files | fonts | {"template.typ": TEMPLATE.read_bytes()}).items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(data)
        texts = {"main.typ": source, "settings.json": json.dumps(settings, ensure_ascii=False)}
        try:
            pdf = self.run(work, texts)
        except typst.TypstError as error:
            # Typst names all letters that no font has: show their code points instead.
            unknown = set(MISSING_GLYPH.findall(error.diagnostic or ""))
            if not unknown:
                raise TypstError(error.diagnostic or error.message) from error
            for cluster in sorted(unknown, key=len, reverse=True):
                letters = re.sub(r"\\u\{(\w+)\}", lambda code: chr(int(code[1], 16)), cluster)
                shown = "".join(f"[U+{ord(letter):04X}]" for letter in letters)
                texts = {name: text.replace(letters, shown) for name, text in texts.items()}
                message = "no font has %s: printed as its code point"
                logger.warning(message, shown, type="typst", subtype="glyph")
            try:
                pdf = self.run(work, texts)
            except typst.TypstError as second:
                raise TypstError(second.diagnostic or second.message) from second
        name = self.config.typst_filename or make_filename_from_project(settings["title"]) + ".pdf"
        Path(self.outdir, name).write_bytes(pdf)
        logger.info("printed %s (%d kB)", name, len(pdf) // 1024)

    def run(self, work: Path, texts: dict[str, str]) -> bytes:
        """Run the compiler on the project, with no font of this machine and no clock."""
        for name, text in texts.items():
            (work / name).write_text(text, "utf-8")
        pdf, warnings = typeset(work, self.config.typst_pdf_standards)
        for warning in warnings:
            logger.warning("typst: %s", warning, type="typst")
        return pdf


def typeset(work: Path, standards: Any) -> tuple[bytes, list[str]]:
    """Make the PDF of a Typst project; return it and what the compiler warns of."""
    pdf, warnings = typst.compile_with_warnings(
        str(work / "main.typ"),
        root=str(work),
        font_paths=[str(work / "fonts")],
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=standards,
        timestamp=0,
    )
    return finished(bytes(pdf)), [warning.message for warning in warnings]


def finished(pdf: bytes) -> bytes:
    """Tag the row headers, and pack the many small objects of the tags into streams.

    Typst writes those objects plainly. PDF/A-2 and PDF/UA-1 allow streams of them; the content
    stays, and the same bytes give the same bytes.
    """
    packed = io.BytesIO()
    streams = pikepdf.ObjectStreamMode.generate
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for tag in tags(document.Root.StructTreeRoot):
            if tag.S == "/Table":
                tag_row_headers(tag)
        document.save(packed, object_stream_mode=streams, deterministic_id=True)
    return packed.getvalue()


def kids(tag: Any) -> list[Any]:
    """Return what stands directly in a tag: tags, or the numbers of marked content."""
    inner = tag.get("/K", [])
    return list(inner) if isinstance(inner, pikepdf.Array) else [inner]


def tags(parent: Any) -> Iterator[Any]:
    """Walk the structure tree in reading order."""
    for kid in kids(parent):
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from tags(kid)


def attributes(cell: Any) -> Any:
    """Return what a cell's tag says about the table."""
    given = cell.A if isinstance(cell.A, pikepdf.Array) else [cell.A]
    return next(item for item in given if item.O == "/Table")


def is_strong(tag: Any) -> bool:
    """Say whether all text in a tag is strong, as a link may be that is."""
    texts = [kid for kid in kids(tag) if not isinstance(kid, pikepdf.Dictionary) or "/S" in kid]
    return bool(texts) and all(
        isinstance(kid, pikepdf.Dictionary)
        and (kid.S == "/Strong" or (kid.S == "/Link" and is_strong(kid)))
        for kid in texts
    )


def tag_row_headers(table: Any) -> None:
    """Make headers of the cells that open a row and are all strong, as stubs are printed.

    The wheel's Typst can only tag the headers of columns. It lists them cell by cell, which
    would leave the new ones out: without the lists, the scope of each header says it.
    """
    found = False
    for row in [tag for tag in tags(table) if tag.S == "/TR"]:
        cell = next(tags(row))
        if cell.S == "/TD" and is_strong(cell):
            cell.S, found = pikepdf.Name.TH, True
            attributes(cell).Scope = pikepdf.Name.Row
    if found:
        for cell in tags(table):
            if cell.S in ("/TH", "/TD") and "/Headers" in attributes(cell):
                del attributes(cell).Headers


def find_date(text: str) -> list[int] | None:
    """Return year, month and day of the date in a text: 2026-11-22 or 22 November 2026."""
    if found := ISO_DATE.search(text):
        return [int(part) for part in found.groups()]
    if found := LONG_DATE.search(text):
        return [int(found[3]), MONTHS.index(found[2]) + 1, int(found[1])]
    return None
