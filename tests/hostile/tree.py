"""A tiny book in a folder of its own: the real commands, extensions and rules, little content."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import yaml
from copies import cases

from publish import sources
from report import data

TABLES = ("brent_prices", "claims", "media_trust", "nato_members", "nato_battlegroups", "sources")
FOLDERS = ("report", "publish", "_extensions", "_static", "_templates")
ALT, CELLS, PROSE, PAGES = cases("tiny_book").values()
#: Where source lines lead to.
PAGES["references"] += "\n" + "".join(f"(pages-{name})=\n" for name in TABLES) + "## Read\n\nAll.\n"
PAGE, GLOSSARY = "book/summary.ipynb", "book/appendix/glossary.md"
PRICES = "data/evidence/brent_prices.csv"


def notebook(prose: str = PROSE, cells: list[str] = CELLS) -> str:
    """Return a notebook without outputs, as the text of its file."""
    parts = [nbformat.v4.new_markdown_cell(prose, id="prose")]
    for number, source in enumerate(cells):
        parts.append(nbformat.v4.new_code_cell(source, id=f"cell-{number}"))
    return nbformat.writes(nbformat.v4.new_notebook(cells=parts), version=4) + "\n"


def plant(root: Path) -> Path:
    """Write the tiny book into a folder; nothing in it is executed or built."""
    for folder in ("data/article", "data/evidence", "book/appendix", "tests"):
        (root / folder).mkdir(parents=True)
    for name in [name for name in sources.TOPS if name != "_toc.yml"]:
        shutil.copy(data.ROOT / name, root / name)
    settings = (root / "_config.yml").read_text(encoding="utf-8")
    settings = re.sub(r" documents: .*", " documents: [book/summary, Appendices]", settings)
    settings = re.sub(r" without: .*", " without: []", settings)
    (root / "_config.yml").write_text(settings, encoding="utf-8")
    for name in FOLDERS:
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(data.ROOT / "book" / name, root / "book" / name, ignore=skip)
    for name, frame in tables().items():
        frame.to_csv(root / "data" / data.describe(name)["path"], index=False, lineterminator="\n")
    package = {**data.package(), "resources": [data.describe(name) for name in TABLES]}
    text = json.dumps(package, indent=1, ensure_ascii=False)
    (root / "data/datapackage.json").write_text(text, encoding="utf-8")
    entries = (data.ROOT / "book/references.bib").read_text(encoding="utf-8").split("\n@")
    entry = next(e for e in entries if "{ahn2020," in e)
    (root / "book/references.bib").write_text(entry.strip() + "\n")
    (root / PAGE).write_text(notebook(), encoding="utf-8")
    for name, text in PAGES.items():
        (root / "book/appendix" / f"{name}.md").write_text(text, encoding="utf-8")
    chapters = [{"file": f"book/appendix/{name}"} for name in PAGES]
    part = {"caption": "Appendices", "chapters": chapters}
    contents = {"format": "jb-book", "root": "book/summary", "parts": [part]}
    (root / "_toc.yml").write_text(yaml.safe_dump(contents))
    return root


def tables() -> dict[str, pd.DataFrame]:
    """Return the tables of the tiny book as text; of the sources, those that the others name."""
    paths = {name: data.DATA / data.describe(name)["path"] for name in TABLES}
    frames = {n: pd.read_csv(p, dtype=str, keep_default_na=False) for n, p in paths.items()}
    register, cited = frames.pop("sources"), set[str]()
    for frame in frames.values():
        cited |= {key for column in frame.filter(regex="^source(_2)?$") for key in frame[column]}
    return {**frames, "sources": register[register["source_key"].isin(cited)]}


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
            cells = [*CELLS[:place], kind[key], *CELLS[place:]]
            (root / PAGE).write_text(notebook(cells=cells), encoding="utf-8")
    if "prose" in kind:
        page = f"{PAGES['glossary']}\n{kind['prose']}\n"
        (root / GLOSSARY).write_text(page, encoding="utf-8")
    for path in root.glob(kind.get("crlf", "nothing")):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    if path := kind.get("gone") or kind.get("folder"):
        (root / path).unlink()
        if "folder" in kind:
            (root / path).mkdir()


def environment(root: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(root / "book"), "PYTHONDONTWRITEBYTECODE": "1", **more}


def start(
    root: Path, *arguments: str, by: Callable[..., Any] = subprocess.Popen, **options: object
) -> Any:
    """Start a command of the publisher in a process group of its own."""
    command = [sys.executable, "-m", "publish", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    options = {"cwd": root, "env": environment(root), "start_new_session": True, **pipes, **options}
    return by(command, **options)


def run(root: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command of the publisher to its end."""
    return start(root, *arguments, by=subprocess.run, timeout=900, **options)


class Shop:
    """The published tiny book in one folder, spoilt, told to publish, and mended, many times.

    What it runs are forks of one process (server.py): importing Sphinx takes longer than its work.
    """

    def __init__(self, published: Path, root: Path) -> None:
        self.published, self.root, self.said = published, root, root.with_name("said")
        shutil.copytree(published, root)
        self.server = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("server.py")],
            cwd=root,
            env=environment(root),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.server.stdout.readline() == "ready\n"

    def fresh(self) -> Path:
        """Bring everything back, sources and published book; return the folder."""
        shutil.rmtree(self.root)
        return shutil.copytree(self.published, self.root)

    def start(self, *arguments: str, **environment: str) -> int:
        """Start a command of the publisher; return the number of its process and its group."""
        print(json.dumps([str(self.said), arguments, environment]), file=self.server.stdin)
        self.server.stdin.flush()
        return int(self.server.stdout.readline())

    def end(self) -> tuple[int, str, str]:
        """Wait for the end; return the status, what was said and what was complained of."""
        status = int(self.server.stdout.readline())
        return status, *(self.said.with_suffix(end).read_text() for end in (".out", ".err"))

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Run a command to its end."""
        self.start(*arguments, **environment)
        return self.end()

    def close(self) -> None:
        self.server.stdin.close()
        self.server.wait(30)


def cut_off() -> None:
    """Enter a network of its own that has nothing but its loopback (Linux, as root)."""
    clone_newnet = 0x40000000
    if ctypes.CDLL(None, use_errno=True).unshare(clone_newnet):
        raise OSError(ctypes.get_errno(), "no network of its own")
    with socket.socket() as lo:  # kernels talk to the publisher over it
        up = struct.pack("16sH14s", b"lo", 1, b"")
        fcntl.ioctl(lo, 0x8914, up)


def may_cut_off() -> bool:
    with suppress(subprocess.SubprocessError):
        return subprocess.run(["true"], preexec_fn=cut_off, check=False).returncode == 0
    return False


def faults_of(html: Path) -> list[str]:
    """Return why a published folder is not a whole book: its own sums must hold, file by file."""
    if not (html / "SHA256SUMS").exists():
        return ["there is no book"]
    command = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    said = subprocess.run(command, cwd=html, capture_output=True, text=True).stdout.splitlines()
    named = [line.split("  ", 1)[1] for line in (html / "SHA256SUMS").read_text().splitlines()]
    there = {p.relative_to(html).as_posix() for p in html.rglob("*") if p.is_file()}
    return said + sorted(there ^ {*named, "SHA256SUMS"})
