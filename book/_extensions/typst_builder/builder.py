"""The builder: which documents, in which order, into which files."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

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
from .press import TypstError, typeset, typeset_apart
from .translator import Chapter, Translator

logger = logging.getLogger(__name__)
PICTURES = [f"image/{kind}" for kind in ("svg+xml", "png", "jpeg", "webp")]
LONG = 100_000  # letters of Typst: more is typeset in a process of its own
MATTER = ["title", "imprint", "contents", "lists"]
VOLUME: dict[str, Any] = {"subtitle": "", "name": "", "documents": [], "without": []}
VOLUME |= {"matter": MATTER, "compact": False}


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

    def prepare_writing(self, docnames: set[str]) -> None:
        pass

    def write_doc(self, docname: str, doctree: nodes.document) -> None:
        pass

    def write(self, *_ignored: Any) -> None:
        """Print each volume: its entry in ``typst_documents``, over what holds without."""
        title, everything = str(self.config.project), list(self.chapters())
        own = VOLUME | {"title": title, "file": make_filename_from_project(title) + ".pdf"}
        volumes = [own | given for given in self.config.typst_documents or [{}]]
        home: dict[str, dict[str, Any]] = {}
        for volume in volumes:
            wanted = volume["documents"] or [chapter.docname for chapter in everything]
            volume["chapters"] = [c for w in wanted for c in everything if w in (c.docname, c.part)]
            unknown = {*volume} - {*own, "chapters"} | {*volume["matter"]} - {*MATTER}
            unknown |= {*wanted} - {n for c in volume["chapters"] for n in (c.docname, c.part)}
            if unknown:
                raise TypstError(f"typst_documents: unknown {', '.join(sorted(unknown))}")
            home = {chapter.docname: volume for chapter in volume["chapters"]} | home
        for volume in volumes:
            tell = not volume["compact"]  # whose head says once where the others are
            others = {d: v["name"] * tell for d, v in home.items() if v is not volume}
            self.print(volume, volume.pop("chapters"), others)

    def chapters(self) -> Iterator[Chapter]:
        """Walk the toctrees from the root, each document once."""
        seen = {self.config.root_doc}

        def walk(docname: str, depth: int, part: str) -> Iterator[Chapter]:
            yield Chapter(docname, max(depth, 1), part)
            for toctree in self.env.get_doctree(docname).findall(addnodes.toctree):
                for _title, ref in toctree["entries"]:
                    if ref in self.env.found_docs and ref not in seen:
                        seen.add(ref)
                        yield from walk(ref, depth + 1, part or toctree.get("caption") or "")

        return walk(self.config.root_doc, 0, "")

    def tree(self, docname: str, without: list[str], found: set[str]) -> nodes.document:
        """Resolve a document, without the sections of these names, which are added to found."""
        tree = self.env.get_and_resolve_doctree(docname, self)
        self.post_process_images(tree)
        for section in list(tree.findall(nodes.section)):
            if names := {*without} & {*section["ids"]}:
                found |= names
                section.parent.remove(section)
        return tree

    def print(
        self, volume: dict[str, Any], chapters: list[Chapter], others: dict[str, str]
    ) -> None:
        """Translate a volume's documents and typeset them.

        Args:
            others: what the volume is called in which each document stands that is not here.
        """
        found = set[str]()
        trees = {c.docname: self.tree(c.docname, volume["without"], found) for c in chapters}
        if unmet := {*volume["without"]} - found:
            raise TypstError(f"typst_documents: no section {', '.join(sorted(unmet))}")
        if "imprint" in volume["matter"]:
            safe = {"file_insertion_enabled": False, "raw_enabled": False}
            trees[""] = publish_doctree(
                self.config.typst_imprint, parser=Parser(), settings_overrides=safe
            )
        self.pictures: dict[str, bytes] = {}
        writer = Translator(self.env, trees, self.picture, others)
        imprint = writer.document(Chapter("")) if "" in trees else ""
        bodies = [writer.document(chapter) for chapter in chapters]
        # The root of the book is its summary, which comes before the contents.
        bodies.insert(
            len(bodies) > 1 and chapters[0].docname == self.config.root_doc, "#contents()"
        )
        head = f'#import "template.typ": *\n#show: book.with(imprint: [{imprint}])'
        if not writer.errors:
            source = "\n\n".join([head, *bodies, "#lists()\n"])
            project = self.project(volume, source)
            try:
                pdf = (typeset_apart if len(source) > LONG else typeset)(project)
            except TypstError as error:
                if not error.letters:
                    raise
                writer.errors += (line for text in error.letters for line in unknown(text, writer))
        if writer.errors:
            raise TypstError("\n  ".join(["cannot print:", *sorted(writer.errors)]))
        Path(self.outdir, volume["file"]).write_bytes(pdf)
        logger.info("printed %s (%d kB)", volume["file"], len(pdf) // 1024)

    def picture(self, uri: str) -> str:
        """Take a picture into print and return its name there; refuse what is not the book's."""
        path = Path(self.srcdir, uri).resolve()
        # Extensions draw pictures beside the doctrees: notebooks' outputs, exhibits.
        homes = [Path(self.srcdir).resolve(), Path(self.doctreedir).resolve().parent]
        if "://" in uri or not any(path.is_relative_to(home) for home in homes):
            raise NotPrintableError(f"picture outside the book refused: {uri}")
        if not path.is_file():
            raise NotPrintableError(f"picture not found: {uri}")
        data = path.read_bytes()
        name = f"files/{hashlib.sha256(data).hexdigest()[:24]}{path.suffix.lower()}"
        self.pictures[name] = data
        return name

    def project(self, volume: dict[str, Any], source: str) -> Path:
        """Write the Typst project of a volume, with the fonts that are not in the wheel."""
        config, date = self.config, str(self.config.typst_date)
        try:
            day = parse(date, fuzzy=True, default=datetime(2000, 1, 1))
        except ParserError as error:
            raise TypstError(f"typst_date: no date in {date!r}") from error
        settings = volume | {
            "author": str(config.author),
            "version": str(config.version),
            "date": date,
            "day": [day.year, day.month, day.day],
            "keywords": list(config.typst_keywords),
            "addresses": [address for address in config.typst_addresses if address],
            "language": (config.language or "en").split("_")[0],
            "region": config.typst_region or None,
            "scale": config.typst_picture_scale,
        }
        # Not all of matplotlib's fonts: its "last resort" has a box for every letter there is.
        fonts = [*Path(matplotlib.get_data_path(), "fonts/ttf").glob("DejaVuSans*.ttf")]
        found = find_spec("font_source_sans_pro")
        fonts += Path(str(found and found.origin)).parent.glob("files/*.otf")
        files = self.pictures | {f"fonts/{font.name}": font.read_bytes() for font in fonts}
        files["template.typ"] = Path(__file__).with_name("template.typ").read_bytes()
        files["main.typ"] = source.encode()
        files["settings.json"] = json.dumps(settings, ensure_ascii=False).encode()
        work = Path(self.outdir, "typst", Path(volume["file"]).stem)
        shutil.rmtree(work, ignore_errors=True)
        for name, data in files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(data)
        return work


def unknown(letters: str, writer: Translator) -> Iterator[str]:
    """Name every place of letters that no font has."""
    message = f"no font has {letters!r} ({', '.join(f'U+{ord(letter):04X}' for letter in letters)})"
    texts = (
        (name, text) for name, tree in writer.trees.items() for text in tree.findall(nodes.Text)
    )
    places = [writer.place(text, docname) for docname, text in texts if letters in text]
    yield from (f"{place}: {message}" for place in places or ["title page"])
