"""Whatever is wrong with an input, the book stays as it is, and one message says what to do.

Each kind is an edit of the tiny book and what the message must say: the file, what is wrong,
and, where the cause alone does not tell, what to do.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hostile import tree

PRICES = "data/evidence/brent_prices.csv"
PACKAGE = "data/datapackage.json"
PAGE = "book/summary.ipynb"
GLOSSARY = "book/appendix/glossary.md"
Edit = Callable[[Path], Any]


class Kind(NamedTuple):
    """A way to be wrong, and the words that its message must hold, each."""

    name: str
    edit: Edit
    says: tuple[str, ...]


def put(path: str, content: str | bytes) -> Edit:
    content = content.encode() if isinstance(content, str) else content
    return lambda root: (root / path).write_bytes(content)


def swap(path: str, old: str, new: str) -> Edit:
    """Replace the first occurrence of a text, which must be there."""

    def edit(root: Path) -> None:
        text = (root / path).read_text(encoding="utf-8")
        assert old in text, (path, old)
        (root / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def lines(path: str, change: Callable[[list[bytes]], Any]) -> Edit:
    """Change the list of lines of a file, header included."""

    def edit(root: Path) -> None:
        rows = (root / path).read_bytes().splitlines(keepends=True)
        change(rows)
        (root / path).write_bytes(b"".join(rows))

    return edit


def gone(path: str) -> Edit:
    return lambda root: (root / path).unlink()


def folder(path: str) -> Edit:
    """Put a folder where a file should be."""
    return lambda root: ((root / path).unlink(), (root / path).mkdir())


def code(source: str, place: int = 1) -> Edit:
    """Put a cell of code into the page, before its cell number ``place``."""
    cells = [*tree.CELLS[:place], source, *tree.CELLS[place:]]
    return put(PAGE, tree.notebook(cells=cells))


def worded(old: str, new: str) -> Edit:
    """Change the words of the page with code."""
    return put(PAGE, tree.notebook(tree.PROSE.replace(old, new, 1)))


def prose(text: str) -> Edit:
    """Add a paragraph to a page that is not executed."""
    page = tree.PAGES["glossary"] + "\n" + text + "\n"
    return put(GLOSSARY, page)


def both(*edits: Edit) -> Edit:
    return lambda root: [edit(root) for edit in edits]


#: One of each way that errors of data/ take; tests/data/test_validation.py has the kinds.
DATA = [
    Kind("wrong type", swap(PRICES, "2021-01,", "2021-01,much "), (f"{PRICES} row 2", "a number")),
    Kind("row lost", lines(PRICES, lambda r: r.pop(9)), ("row 10", "a row before it is missing")),
    Kind("latin 1 in UTF-8", lines(PRICES, lambda r: r.append(b"caf\xe9\n")), ("row 69", "UTF-8")),
    Kind("every file converted", lambda r: [p.write_bytes(p.read_bytes().replace(b"\n", b"\r\n"))
         for p in (r / "data").rglob("*.csv")], ("6 files of data/", ".gitattributes", "autocrlf")),
    Kind("folder for a file", folder(PRICES), (PRICES, "cannot be read", "directory")),
    Kind("file not described", put("data/evidence/notes.csv", "a\n1\n"), ("is not described in",)),
    Kind("descriptor missing", gone(PACKAGE), (PACKAGE, "Restore it from git")),
    Kind("descriptor not JSON", put(PACKAGE, "{"), (PACKAGE, "not a data package in JSON", "Mend")),
]  # fmt: skip
NOTEBOOKS = [
    Kind("notebook not JSON", put(PAGE, "{"), (PAGE, "not a valid notebook", "git checkout")),
    Kind("notebook empty", put(PAGE, ""), (PAGE, "not a valid notebook", "git checkout")),
    Kind("notebook of another kind", put(PAGE, '{"cells": 3}'), (PAGE, "not a valid notebook")),
    Kind("cell that raises", code("1 / 0"), (f"{PAGE}, code cell 2", "division by zero")),
    Kind("cell without sense", code("1 +"), (f"{PAGE}, code cell 2", "SyntaxError")),
    Kind("cell that kills its kernel", code("import os; os._exit(1)"), ("cell 2", "kernel died")),
    Kind("cell that prints", code("print('x')"), (f"{PAGE}", "End a cell on one value")),
    Kind("package not installed", code("import nowhere_at_all"), ("cell 2", "nowhere_at_all")),
    Kind("table not known", code('report.load("brent")'), ("no table 'brent'", "there are: brent")),
    Kind("column not known", code('report.table(groups, "t", source="claims", columns=["x"])', 2),
         ("no column ['x']", "it has ['host'")),
    Kind("cell too long", code('groups.loc[0, "host"] = "x" * 100_000', 2), ("at most 2000",)),
    Kind("fact of markup", code('report.facts(x="<b>")'), ("fact 'x'", "acts as markup")),
]  # fmt: skip
BUILD = [
    Kind("missing without a reason", code('groups.loc[0, "host"] = None', 2),
         ("exhibit tbl-tiny, option missing: expected text where",)),
    Kind("figure without alt", worded(tree.ALT, "A line."), ("fig-tiny, option alt: expected 12",)),
    Kind("exhibit without a caption", worded("\nPrices", ""), ("fig-tiny: expected a caption",)),
    Kind("exhibit of no cell", worded("} tbl-tiny", "} tbl-x"), ("tbl-x: no cell of this page",)),
    Kind("exhibit not placed", worded("} tbl-tiny", "} tbl-x"), ("places tbl-tiny",)),
    Kind("fact of no cell", worded("`tiny_groups`", "`tiny`"), ("cell 1: no cell records", "tiny")),
    Kind("toc names a missing file", swap("_toc.yml", "glossary", "glosary"),
         ("_toc.yml", "book/appendix/glosary")),
    Kind("toc not YAML", put("_toc.yml", "root: [\n"), ("_toc.yml", "YAML")),
    Kind("toc without a root", put("_toc.yml", "format: jb-book\n"), ("_toc.yml", "root")),
    Kind("toc missing", gone("_toc.yml"), ("_toc.yml", "Restore")),
    Kind("configuration not YAML", put("_config.yml", "title: [\n"), ("_config.yml", "YAML")),
    Kind("configuration with a wrong key", swap("_config.yml", "title:", "titel: x\ntitle:"),
         ("_config.yml", "titel")),
    Kind("configuration with a wrong value", swap("_config.yml", '"2026"', "2026"),
         ("_config.yml", "copyright", "2026 is not of type 'string'")),
    Kind("configuration missing", gone("_config.yml"), ("_config.yml", "Restore")),
    Kind("lock missing", gone("requirements.txt"), ("requirements.txt", "Restore")),
    Kind("licence missing", gone("LICENSE"), ("LICENSE", "Restore")),
    Kind("work not in the bibliography", prose("{cite:t}`nobody1900`"),
         ("glossary.md:8", "nobody1900")),
    Kind("link to no page", prose("[x](nowhere.md)"), ("glossary.md:8", "nowhere.md")),
    Kind("exhibit not there", prose("{numref}`tbl-nowhere`"), ("glossary.md:8", "tbl-nowhere")),
    Kind("unknown role", prose("{evil}`1 + 1`"), ("glossary.md:8", 'role "evil"')),
    Kind("conflict in a page", prose("<<<<<<< HEAD"), ("glossary.md:8", "merge conflict")),
    Kind("conflict in a notebook", put(PAGE, tree.notebook("a\n>>>>>>> main")), (PAGE, "merge")),
    Kind("conflict in the works", lambda r: (r / "book/references.bib").open("a").write(
         "<<<<<<< HEAD\n"), ("book/references.bib:", "merge conflict")),
    Kind("footnote without text", prose("As said.[^1]"), ("glossary.md:8", "[^1] is not defined")),
    Kind("HTML", prose("a <b>bold</b> word"), ("glossary.md:8", "raw html", "use MyST")),
    Kind("HTML comment", prose("<!-- to do -->"), ("glossary.md:8", "written as: % text")),
    Kind("raw directive", prose("```{raw} html\nx\n```"), ("glossary.md:8", "one format only")),
    Kind("part for one format", prose("```{only} html\nx\n```"), ("glossary.md:8", "one format")),
    Kind("formula in prose", prose("```{math}\nx^2\n```"), ("glossary.md:8", "a formula")),
    Kind("HTML in a notebook", put(PAGE, tree.notebook("# Tiny\n\n\nA <b>b</b>.")),
         ("summary.ipynb, cell 1, line 4", "raw html")),
    Kind("raw cell", put(PAGE, tree.notebook().replace('"markdown"', '"raw"', 1)),
         (PAGE, "raw")),
    Kind("picture without words", both(prose("![](dot.svg)"),
         put("book/appendix/dot.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="4" '
         'height="4"><path d="M0 0h4v4z"/></svg>')), ("glossary.md:8", "alternative text")),
]  # fmt: skip
KINDS = [*DATA, *NOTEBOOKS, *BUILD]

#: Runs the publisher, and Sphinx, in a fork: importing them takes longer than what they do.
SERVER = """
import os, subprocess, sys, traceback
from pathlib import Path
import furo, myst_nb, sphinx_design, sphinxcontrib.bibtex
from publish import __main__ as command, site, sphinx_run, validation

def fork(run, out, err):
    if (child := os.fork()) == 0:
        os.dup2(out, 1), os.dup2(err, 2), os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        status = 1
        try:
            status = run()
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def build(arguments, **options):
    log = os.memfd_create("log")
    *_, out, builder = arguments
    status = fork(lambda: sphinx_run.main(Path(out), builder), log, log)
    said = os.pread(log, os.fstat(log).st_size, 0).decode()
    return subprocess.CompletedProcess(arguments, status, said)

site.subprocess.run = build
sys.argv = ["publish", "book"]
for line in sys.stdin:
    names = [f"{line.strip()}.{name}" for name in ("out", "err")]
    files = [os.open(name, os.O_CREAT | os.O_WRONLY) for name in names]
    print(fork(command.main, *files), flush=True)
"""


class Shop:
    """A published tiny book that is spoilt, told to publish, and mended, again and again."""

    def __init__(self, published: Path, root: Path) -> None:
        self.published, self.root, self.count = published, root, 0
        shutil.copytree(published, root)
        self.server = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            cwd=root,
            env=tree.environment(root),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def publish(self) -> tuple[int, str, str]:
        """Run the command; return its status, what it said and what it complained of."""
        self.count += 1
        said = self.root.with_name(f"said-{self.count}")
        self.server.stdin.write(f"{said}\n")
        self.server.stdin.flush()
        status = int(self.server.stdout.readline())
        return status, *(said.with_suffix(f".{end}").read_text() for end in ("out", "err"))

    def mend(self) -> None:
        """Bring every source file back; the published book is left as the command left it."""
        for name in {p.name for folder in (self.published, self.root) for p in folder.iterdir()}:
            old, new = self.root / name, self.published / name
            if name not in {"_build", "__pycache__"}:
                shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
                if new.is_dir():
                    shutil.copytree(new, old)
                elif new.exists():
                    shutil.copy2(new, old)


@pytest.fixture(scope="module")
def shop(published, tmp_path_factory):
    found = Shop(published, tmp_path_factory.mktemp("shop") / "book")
    yield found
    found.server.stdin.close()
    found.server.wait(30)


def intact(root: Path, published: Path) -> bool:
    """Whether the last good book is in place, whole, and the very same."""
    build, good = root / "_build", published / "_build"
    names = ["html/SHA256SUMS", "html/.sources", "dealing-with-moscow.pdf"]
    same = all((build / n).read_bytes() == (good / n).read_bytes() for n in names)
    left = [p.name for p in build.iterdir() if p.name.startswith((".next", ".old"))]
    return same and not left and tree.faults_of(build / "html") == []


def understandable(message: str) -> None:
    """Check that a message begins with what is wrong, is short, and holds no traceback."""
    assert message.startswith("error: "), message
    assert "Traceback" not in message, message
    assert len(message.splitlines()) <= 12, message
    assert len(message) <= 2500, message


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_what_is_wrong_is_said_and_nothing_is_published(shop, published, kind):
    kind.edit(shop.root)
    try:
        status, _, message = shop.publish()
        assert status == 1, message
        understandable(message)
        assert [text for text in kind.says if text not in message] == [], message
        assert intact(shop.root, published)
    finally:
        shop.mend()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small or read-only disk")
@pytest.mark.parametrize(
    ("options", "says"),
    [("size=4m", "No space left on device. Free some space"), ("ro", "Read-only file system")],
)
def test_a_full_or_read_only_disk_is_named(book, published, tmp_path, options, says):
    """The book's folder is on the disk; the last good book was put there before."""
    swap(PRICES, "2021-01,", "2021-01,1")(book)  # something to build
    disk = book / "_build"
    kept = disk.rename(tmp_path / "kept")
    disk.mkdir()
    size = sum(p.stat().st_size for p in kept.rglob("*") if p.is_file())
    room = f"size={size // 1024 + 900}k" if options.startswith("size") else "size=99m"
    mount = ["mount", "-t", "tmpfs", "-o", room, "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let root mount a disk")
    try:
        shutil.copytree(kept, disk, dirs_exist_ok=True)
        if options == "ro":
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        made = tree.run(book, "book", env=tree.environment(book, TMPDIR=str(disk)))
        assert made.returncode == 1, made.stdout
        assert says in made.stderr, made.stderr
        understandable(made.stderr)
        assert intact(book, published)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_files_that_may_not_grow_stop_the_build(book, published):
    """What a quota does: a write that goes past a limit fails."""
    swap(PRICES, "2021-01,", "2021-01,1")(book)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    made = tree.run(book, "book", preexec_fn=limit)
    assert made.returncode == 1
    understandable(made.stderr)
    assert intact(book, published)


def test_there_are_at_least_forty_kinds():
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 40
