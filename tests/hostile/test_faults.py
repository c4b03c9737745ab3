"""Killed at any moment, twice at once, half installed: what is published is always a whole book.

The kills follow a seed: HOSTILE_KILLS=100 ("make faults") tries a hundred, "make test" a few.
"""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from hostile import tree

KILLS = int(os.environ.get("HOSTILE_KILLS", "6"))
SEED = int(os.environ.get("HOSTILE_SEED", "2026"))


def edition(root, number):
    """Change a price and a line of text, so that there is something to execute and to build."""
    prices = root / "data/evidence/brent_prices.csv"
    rows = prices.read_text().splitlines()
    cells = rows[-1].split(",")
    cells[1] = f"{60 + number % 30}.5"
    prices.write_text("\n".join([*rows[:-1], ",".join(cells)]) + "\n")
    (root / "book/appendix/changes.md").write_text(f"# Changes\n\nEdition {number}.\n")


def edition_of(root):
    """Return the edition of the published pages, or why they are not a whole book."""
    html = root / "_build/html"
    if wrong := tree.faults_of(html):
        return wrong
    text = (html / "book/appendix/changes.html").read_text()
    return int(text.partition("Edition ")[2].partition(".")[0])


def publish(book, number):
    """Start two builds at once: one publishes, the other one is told so."""
    both = [tree.start(book, "book") for _ in range(2)]
    said = [process.communicate(timeout=240)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], said
    assert [text for text in said if "another build is at work" in text and "Wait" in text]
    assert edition_of(book) == number


def test_a_build_killed_at_any_moment_leaves_a_whole_book(book):
    """After each kill the old book or the new one is there, whole; then builds succeed."""
    chance = random.Random(SEED)
    edition(book, 0)
    started = time.monotonic()
    assert tree.run(book, "book").returncode == 0
    whole, last, hit = time.monotonic() - started, 0, 0
    for number in range(1, KILLS + 1):
        edition(book, number)
        build = tree.start(book, "book", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, whole * 1.1))
        hit += build.poll() is None
        os.killpg(build.pid, signal.SIGKILL) if build.poll() is None else None
        build.wait()
        found = edition_of(book)
        assert found in {last, number}, f"kill {number} of seed {SEED}: {found}"
        last = found
    edition(book, KILLS + 1)
    build, old = book / "_build", (book / "_build/dealing-with-moscow.pdf").read_bytes()
    publish(book, KILLS + 1)
    assert not [p.name for p in build.iterdir() if p.name.startswith((".next", ".old"))]
    assert not list(book.glob("book/**/.*.part"))
    pdf = build / "dealing-with-moscow.pdf"
    made = pdf.read_bytes()
    assert made == (build / "html/dealing-with-moscow.pdf").read_bytes() != old
    pdf.write_bytes(old)  # as if killed between its two swaps, of pages and of PDF
    publish(book, KILLS + 1)
    assert pdf.read_bytes() == made
    print(f"{hit} of {KILLS} kills hit a build of {whole:.1f} s")


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Programs that stand for uv and for a Python of another version; the log of what uv did."""
    folder, log = tmp_path / "tools", tmp_path / "log"
    folder.mkdir()
    log.touch()
    fakes = {
        "uv": f'echo "$1" >> {log}; [ "$1" = venv ] && mkdir -p .venv/bin; exit 0',
        "python3.13": 'echo "Python 3.13.0"',
        "python3.9": '[ "$1" = -V ] && echo "Python 3.9.1"; [ "$1" = -V ]',
    }
    for name, code in fakes.items():
        (folder / name).write_text(f"#!/bin/sh\n{code}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return log


def make(folder, *arguments):
    command = ["make", ".venv/.book", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("state", ["no stamp", "half an environment", "stamp of an older lock"])
def test_an_interrupted_install_is_started_afresh(tools, book, state):
    """The environment is complete only once its stamp, written last, holds the lock's digest."""
    venv = book / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "leftover").write_text("half")
    if state == "half an environment":
        (venv / "bin/python").write_text("")
    if state == "stamp of an older lock":
        (venv / ".book").write_text("1 2\n")
    made = make(book)
    assert made.returncode == 0, made.stderr
    assert tools.read_text().split() == ["venv", "pip"]
    assert not (venv / "leftover").exists()
    assert "is up to date" in make(book).stdout
    assert make(book, "PYTHON=python3.13").returncode == 0  # another interpreter, if one is named
    assert tools.read_text().split() == ["venv", "pip"] * 2


@pytest.mark.parametrize(
    ("python", "says"),
    [
        ("", "There is no  on this machine. Try"),
        ("/", "There is no / on this machine. Try"),
        ("python3.99", "There is no python3.99 on this machine. Try: make PYTHON=python3.12"),
        ("python3.9", "python3.9 is Python 3.9.1, but 3.11 or later is needed. Try: make PY"),
    ],
)
def test_a_python_that_does_not_do_is_named(tools, book, python, says):
    made = make(book, f"PYTHON={python}")
    assert made.returncode != 0
    assert says in made.stderr


def test_a_python_in_a_folder_with_a_blank_does(tools, book, monkeypatch):
    (place := tools.parent / "a folder").mkdir()
    (place / "python3").symlink_to(sys.executable)
    monkeypatch.setenv("PYTHONHOME", "/nowhere")  # and another Python's home does no harm
    assert make(book, f"PYTHON={place}/python3").returncode == 0


def test_an_install_that_fails_leaves_no_stamp(tools, book):
    (tools.parent / "tools/uv").write_text("#!/bin/sh\nexit 7\n")
    assert make(book).returncode != 0
    assert not (book / ".venv/.book").exists()
