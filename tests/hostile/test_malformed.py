"""Whatever is wrong with an input, the book stays as it is, and one message says what to do."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from copies import cases
from hostile import tree

KINDS = cases("malformed")
PAGE, GLOSSARY = "book/summary.ipynb", "book/appendix/glossary.md"


def spoil(root: Path, kind: dict[str, Any]) -> None:
    """Do to the tiny book what malformed.yaml says."""
    for path, content in kind.get("put", {}).items():
        (root / path).write_text(content, encoding="utf-8")
    for path, (pattern, new) in kind.get("swap", {}).items():
        text = (root / path).read_text(encoding="utf-8")
        text, times = re.subn(pattern, lambda _, new=new: new, text, count=1)
        assert times, (path, pattern)
        (root / path).write_text(text, encoding="utf-8")
    for path, text in kind.get("append", {}).items():
        with (root / path).open("a", encoding="latin-1") as file:
            file.write(text)
    for key, place in (("code", 1), ("code 2", 2)):
        if key in kind:
            cells = [*tree.CELLS[:place], kind[key], *tree.CELLS[place:]]
            (root / PAGE).write_text(tree.notebook(cells=cells), encoding="utf-8")
    if "prose" in kind:
        page = f"{tree.PAGES['glossary']}\n{kind['prose']}\n"
        (root / GLOSSARY).write_text(page, encoding="utf-8")
    for path in root.glob(kind.get("crlf", "nothing")):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    if path := kind.get("gone") or kind.get("folder"):
        (root / path).unlink()
        if "folder" in kind:
            (root / path).mkdir()


def something_to_build(root: Path) -> None:
    spoil(root, {"swap": {"data/evidence/brent_prices.csv": ["2021-01,", "2021-01,1"]}})


#: Runs the publisher, and Sphinx, in a fork: importing them takes longer than what they do.
SERVER = """
import os, subprocess, sys, traceback
from pathlib import Path
import furo, myst_nb, sphinx_design, sphinxcontrib.bibtex
from publish import commands as command, site, sphinx_run, validation

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
    out, *builders = arguments[3:]
    status = fork(lambda: sphinx_run.main(Path(out), *builders), log, log)
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


@pytest.mark.parametrize("kind", KINDS, ids=[kind["name"] for kind in KINDS])
def test_what_is_wrong_is_said_and_nothing_is_published(shop, published, kind):
    spoil(shop.root, kind)
    try:
        status, _, message = shop.publish()
        assert status == 1, message
        understandable(message)
        assert [text for text in kind["says"] if text not in message] == [], message
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
    something_to_build(book)
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
    something_to_build(book)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    made = tree.run(book, "book", preexec_fn=limit)
    assert made.returncode == 1
    understandable(made.stderr)
    assert intact(book, published)


def test_there_are_at_least_forty_kinds():
    assert len({kind["name"] for kind in KINDS}) == len(KINDS) >= 40
