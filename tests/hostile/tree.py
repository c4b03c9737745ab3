"""A tiny book in a folder of its own: the real commands, extensions and rules, little content."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

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


def notebook(prose: str = PROSE, cells: list[str] | None = None) -> str:
    """Return a notebook without outputs, as the text of its file."""
    parts = [nbformat.v4.new_markdown_cell(prose, id="prose")]
    for number, source in enumerate(CELLS if cells is None else cells):
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
    frames = {name: as_text(name) for name in TABLES}
    cited = {key for name in TABLES[:-1] for key in frames[name].get("source", [])}
    cited |= {key for name in TABLES[:-1] for key in frames[name].get("source_2", [])}
    register = frames["sources"]
    frames["sources"] = register[register["source_key"].isin(cited)]
    for name, frame in frames.items():
        path = root / "data" / data.describe(name)["path"]
        frame.to_csv(path, index=False, lineterminator="\n")
    package = {**data.package(), "resources": [data.describe(name) for name in TABLES]}
    text = json.dumps(package, indent=1, ensure_ascii=False)
    (root / "data/datapackage.json").write_text(text, encoding="utf-8")
    entries = (data.ROOT / "book/references.bib").read_text(encoding="utf-8").split("\n@")
    entry = next(e for e in entries if "{ahn2020," in e)
    (root / "book/references.bib").write_text(entry.strip() + "\n")
    (root / "book/summary.ipynb").write_text(notebook(), encoding="utf-8")
    for name, text in PAGES.items():
        (root / "book/appendix" / f"{name}.md").write_text(text, encoding="utf-8")
    chapters = [{"file": f"book/appendix/{name}"} for name in PAGES]
    part = {"caption": "Appendices", "chapters": chapters}
    contents = {"format": "jb-book", "root": "book/summary", "parts": [part]}
    (root / "_toc.yml").write_text(yaml.safe_dump(contents))
    return root


def as_text(name: str) -> pd.DataFrame:
    path = data.DATA / data.describe(name)["path"]
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def environment(root: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(root / "book"), "PYTHONDONTWRITEBYTECODE": "1", **more}


def start(root: Path, *arguments: str, **options: object) -> subprocess.Popen[str]:
    """Start a command of the publisher in a process group of its own."""
    command = [sys.executable, "-m", "publish", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    options = {"cwd": root, "env": environment(root), "start_new_session": True, **pipes, **options}
    return subprocess.Popen(command, **options)


def run(root: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command of the publisher to its end."""
    process = start(root, *arguments, **options)
    try:
        out, error = process.communicate(timeout=900)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, error)


def cut_off() -> None:
    """Enter a network of its own that has nothing but its loopback (Linux, as root)."""
    clone_newnet = 0x40000000
    if ctypes.CDLL(None, use_errno=True).unshare(clone_newnet):
        raise OSError(ctypes.get_errno(), "no network of its own")
    with socket.socket() as lo:  # kernels talk to the publisher over it
        up = struct.pack("16sH14s", b"lo", 1, b"")
        fcntl.ioctl(lo, 0x8914, up)


def may_cut_off() -> bool:
    if not sys.platform.startswith("linux") or not (child := os.fork()):
        if sys.platform.startswith("linux"):
            try:
                cut_off()
            except OSError:
                os._exit(1)
            os._exit(0)
        return False
    return os.waitpid(child, 0)[1] == 0


def faults_of(html: Path) -> list[str]:
    """Return why a published folder is not a whole book: its own sums must hold, file by file."""
    if not (html / "SHA256SUMS").exists():
        return ["there is no book"]
    command = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    said = subprocess.run(command, cwd=html, capture_output=True, text=True).stdout.splitlines()
    named = [line.split("  ", 1)[1] for line in (html / "SHA256SUMS").read_text().splitlines()]
    there = {p.relative_to(html).as_posix() for p in html.rglob("*") if p.is_file()}
    return said + sorted(there ^ {*named, "SHA256SUMS"})
