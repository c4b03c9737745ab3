"""The builder: which documents, in which order, into which files."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import font_source_sans_pro
import matplotlib
from dateutil.parser import ParserError, parse
from docutils import nodes
from docutils.core import publish_doctree
from myst_parser.parsers.docutils_ import Parser
from sphinx import addnodes
from sphinx.builders import Builder
from sphinx.util import logging
from sphinx.util.osutil import make_filename_from_project

from .markup import NotPrintableError
from .press import TypstError, typeset
from .translator import Chapter, Translator

logger = logging.getLogger(__name__)
PICTURES = [f"image/{kind}" for kind in ("svg+xml", "png", "jpeg", "webp")]
MATTER = ["title", "imprint", "contents", "lists"]
VOLUME: dict[str, Any] = {"subtitle": "", "name": "", "documents": [], "without": []}
VOLUME |= {"matter": MATTER, "compact": False}
SETTINGS = ["author", "version", "language", "typst_date", "typst_keywords", "typst_addresses"]
SETTINGS += ["typst_region", "typst_picture_scale"]  # of Sphinx and ours, for the template
MISSING_GLYPH = re.compile(r'the (?:text|PDF contains the codepoint) `"(.+?)"`')


class TypstBuilder(Builder):
    """Print the volumes that ``typst_documents`` names."""

    name = "typst"
    format = "typst"
    epilog = "The PDF is in %(outdir)s."
    supported_image_types = PICTURES
    supported_remote_images = True  # keeps Sphinx from fetching them: they are refused below

    def get_outdated_docs(self) -> str:
        return "all documents"

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Mark internal targets, so that the translator can tell them from addresses."""
        return f"%{docname}"

    def get_relative_uri(self, from_: str, to: str, typ: str | None = None) -> str:
        return self.get_target_uri(to, typ)

    def write(self, *_ignored: Any) -> None:
        """Print all volumes, or none: while one is typeset, the next is translated."""
        errors, made = set[str](), []
        kept = Path(self.srcdir, self.config.typst_kept)
        with ThreadPoolExecutor(1) as press:  # two compilers at once would need twice the memory
            for volume, chapters, others in self.volumes():
                writer, project = self.translate(volume, chapters, others)
                errors |= writer.errors
                if not writer.errors:
                    made.append((volume["file"], writer, press.submit(typeset, project, kept)))
        for _file, writer, job in made:
            if problem := job.exception():
                errors |= {*missing_letters(str(problem), writer)} or {str(problem)}
        if errors:
            raise TypstError("\n  ".join(["cannot print:", *sorted(errors)]))
        for file, _writer, job in made:
            Path(self.outdir, file).write_bytes(job.result())
            logger.info("printed %s (%d kB)", file, len(job.result()) // 1024)

    def volumes(self) -> Iterator[tuple[dict[str, Any], list[Chapter], dict[str, str]]]:
        """Yield each entry of ``typst_documents``, over what holds without, and its chapters.

        Last comes what the volume is called that has each of the other documents.
        """
        title, everything = str(self.config.project), list(self.chapters())
        own = VOLUME | {"title": title, "file": make_filename_from_project(title) + ".pdf"}
        volumes, home = [], dict[str, dict[str, Any]]()
        for volume in [own | given for given in self.config.typst_documents or [{}]]:
            wanted = volume["documents"] or [chapter.docname for chapter in everything]
            chapters = [c for w in wanted for c in everything if w in (c.docname, c.part)]
            unknown = {*volume} - {*own} | {*volume["matter"]} - {*MATTER}
            unknown |= {*wanted} - {name for c in chapters for name in (c.docname, c.part)}
            if unknown:
                raise TypstError(f"typst_documents: unknown {', '.join(sorted(unknown))}")
            home = {chapter.docname: volume for chapter in chapters} | home
            volumes.append((volume, chapters))
        for volume, chapters in volumes:
            tell = not volume["compact"]  # whose head says once where the others are
            others = {d: v["name"] * tell for d, v in home.items() if v is not volume}
            yield volume, chapters, others

    def chapters(self) -> Iterator[Chapter]:
        """Walk the toctrees from the root, each document once."""
        seen = {self.config.root_doc}

        def walk(docname: str, depth: int, part: str) -> Iterator[Chapter]:
            yield Chapter(docname, max(depth, 1), part)
            for toctree in self.env.tocs[docname].findall(addnodes.toctree):
                for ref in (ref for ref in toctree["includefiles"] if ref not in seen):
                    seen.add(ref)
                    yield from walk(ref, depth + 1, part or toctree.get("caption") or "")

        return walk(self.config.root_doc, 0, "")

    def translate(
        self, volume: dict[str, Any], chapters: list[Chapter], others: dict[str, str]
    ) -> tuple[Translator, Path]:
        """Write the Typst project of a volume; return its folder, and who knows of errors."""
        project = self.project(volume)
        trees = {c.docname: self.env.get_and_resolve_doctree(c.docname, self) for c in chapters}
        for tree in trees.values():
            self.post_process_images(tree)
        imprint = self.config.typst_imprint if "imprint" in volume["matter"] else ""
        safe = {"file_insertion_enabled": False, "raw_enabled": False}
        trees[""] = publish_doctree(imprint, parser=Parser(), settings_overrides=safe)
        picture = partial(self.picture, project)
        writer = Translator(self.env, trees, picture, others, {*volume["without"]})
        imprint, *bodies = map(writer.document, [Chapter(""), *chapters])
        # The root of the book is its summary, which comes before the contents.
        summary = len(bodies) > 1 and chapters[0].docname == self.config.root_doc
        bodies.insert(summary, "#contents()")
        head = f'#import "template.typ": *\n#show: book.with(imprint: [{imprint}])'
        source = "\n\n".join([head, *bodies, "#lists()\n"])
        (project / "main.typ").write_text(source, encoding="utf-8")
        return writer, project

    def picture(self, project: Path, uri: str) -> str:
        """Take a picture into print and return its name there; refuse what is not the book's."""
        path = Path(self.srcdir, uri).resolve()
        # Extensions draw pictures beside the doctrees: notebooks' outputs, exhibits.
        homes = [Path(self.srcdir).resolve(), Path(self.doctreedir).resolve().parent]
        if "://" in uri or not any(path.is_relative_to(home) for home in homes):
            raise NotPrintableError(f"picture outside the book refused: {uri}")
        if not path.is_file():
            raise NotPrintableError(f"picture not found: {uri}")
        data = path.read_bytes()
        name = f"{hashlib.sha256(data).hexdigest()[:24]}{path.suffix.lower()}"
        (project / name).write_bytes(data)
        return name

    def project(self, volume: dict[str, Any]) -> Path:
        """Start the Typst project of a volume: settings, template, fonts beside the wheel's."""
        date = str(self.config.typst_date)
        try:
            day = parse(date, fuzzy=True, default=datetime(2000, 1, 1))
        except ParserError as error:
            raise TypstError(f"typst_date: no date in {date!r}") from error
        settings = volume | {name: self.config[name] for name in SETTINGS}
        settings["day"] = [day.year, day.month, day.day]
        project = Path(self.outdir, "typst", Path(volume["file"]).stem)
        shutil.rmtree(project, ignore_errors=True)
        (project / "fonts").mkdir(parents=True)
        # Not all of matplotlib's fonts: its "last resort" has a box for every letter there is.
        fonts = [*Path(matplotlib.get_data_path(), "fonts/ttf").glob("DejaVuSans*.ttf")]
        fonts += Path(font_source_sans_pro.__file__).parent.glob("files/*.otf")
        for font in fonts:
            shutil.copy(font, project / "fonts")
        shutil.copy(Path(__file__).with_name("template.typ"), project)
        (project / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
        return project


def missing_letters(complaint: str, writer: Translator) -> Iterator[str]:
    """Name every place of the letters that no font has, if the compiler complains of such."""
    for given in MISSING_GLYPH.findall(complaint):
        letters = re.sub(r"\\u\{(\w+)\}", lambda code: chr(int(code[1], 16)), given)
        points = ", ".join(f"U+{ord(letter):04X}" for letter in letters)
        texts = ((d, text) for d, t in writer.trees.items() for text in t.findall(nodes.Text))
        places = [writer.place(text, docname) for docname, text in texts if letters in text]
        for place in places or ["title page"]:
            yield f"{place}: no font has {letters!r} ({points})"
