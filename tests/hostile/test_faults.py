"""Killed at any moment, twice at once, half installed: what is published is always a whole book.

The kills follow a seed: HOSTILE_KILLS=100 ("make faults") tries a hundred, "make test" a few.
"""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from copies import ROOT, copy
from hostile import tree

KILLS = int(os.environ.get("HOSTILE_KILLS", "6"))
SEED = int(os.environ.get("HOSTILE_SEED", "2026"))


def edition(root, number):
    """Change a price and a line of text, so that there is something to execute and to build."""
    prices = root / tree.PRICES
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


def test_a_build_killed_at_any_moment_leaves_a_whole_book(shop):
    """After each kill the old book or the new one is there, whole; then a build succeeds."""
    book, chance = shop.fresh(), random.Random(SEED)
    edition(book, 0)
    started = time.monotonic()
    status, _, error = shop.run("book")
    assert status == 0, error
    whole, last, hit = time.monotonic() - started, 0, 0
    for number in range(1, KILLS + 1):
        edition(book, number)
        build = shop.start("book")
        time.sleep(chance.uniform(0, whole * 1.1))
        with suppress(ProcessLookupError):
            os.killpg(build, signal.SIGKILL)
        hit += shop.end()[0] == -signal.SIGKILL
        found = edition_of(book)
        assert found in {last, number}, f"kill {number} of seed {SEED}: {found}"
        last = found
    pdf = book / "_build/dealing-with-moscow.pdf"
    pdf.write_bytes(b"old")  # as if killed between its two swaps, of pages and of PDF
    publish_twice(book, KILLS + 1)
    assert pdf.read_bytes() == (book / "_build/html" / pdf.name).read_bytes()
    assert not [p for p in pdf.parent.iterdir() if p.name.startswith((".next", ".old"))]
    assert not list(book.glob("book/**/.*.part"))
    print(f"{hit} of {KILLS} kills hit a build of {whole:.1f} s")


def publish_twice(book, number):
    """Start two builds at once: one publishes, the other one is told so."""
    edition(book, number)
    both = [tree.start(book, "book") for _ in range(2)]
    said = [process.communicate(timeout=240)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], said
    assert [text for text in said if "another build is at work" in text and "Wait" in text]
    assert edition_of(book) == number


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the Makefile, where uv and two Pythons are programs that stand for them.

    What uv did is in its file "log".
    """
    tools = tmp_path / "tools"
    tools.mkdir()
    fakes = {
        "uv": f'echo "$1" >> {tmp_path}/log; [ "$1" = venv ] && mkdir -p .venv/bin; exit 0',
        "python3.13": 'echo "Python 3.13.0"',
        "python3.9": '[ "$1" = -V ] && echo "Python 3.9.1"; [ "$1" = -V ]',
    }
    for name, code in fakes.items():
        (tools / name).write_text(f"#!/bin/sh\n{code}\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return copy([ROOT / "Makefile", ROOT / "requirements.txt"], tmp_path)


def make(folder, *arguments):
    command = ["make", ".venv/.book", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("file", "text"), [("leftover", "half"), ("bin/python", ""), (".book", "1 2\n")]
)
def test_an_interrupted_install_is_started_afresh(folder, file, text):
    """The environment is complete only once its stamp, written last, holds the lock's digest.

    There is no stamp, half an environment, or the stamp of an older lock.
    """
    (folder / ".venv/bin").mkdir(parents=True)
    for name, content in {"leftover": "half", file: text}.items():
        (folder / ".venv" / name).write_text(content)
    made = make(folder)
    assert made.returncode == 0, made.stderr
    assert (folder / "log").read_text().split() == ["venv", "pip"]
    assert not (folder / ".venv/leftover").exists()
    assert "is up to date" in make(folder).stdout
    assert make(folder, "PYTHON=python3.13").returncode == 0  # another interpreter, if named
    assert (folder / "log").read_text().split() == ["venv", "pip"] * 2


@pytest.mark.parametrize(
    ("python", "says"),
    [
        ("", "There is no  on this machine. Try"),
        ("/", "There is no / on this machine. Try"),
        ("python3.99", "There is no python3.99 on this machine. Try: make PYTHON=python3.12"),
        ("python3.9", "python3.9 is Python 3.9.1, but 3.11 or later is needed. Try: make PY"),
    ],
)
def test_a_python_that_does_not_do_is_named(folder, python, says):
    made = make(folder, f"PYTHON={python}")
    assert made.returncode != 0
    assert says in made.stderr


def test_a_python_in_a_folder_with_a_blank_does(folder, monkeypatch):
    (place := folder / "a folder").mkdir()
    (place / "python3").symlink_to(sys.executable)
    monkeypatch.setenv("PYTHONHOME", "/nowhere")  # and another Python's home does no harm
    assert make(folder, f"PYTHON={place}/python3").returncode == 0


def test_an_install_that_fails_leaves_no_stamp(folder):
    (folder / "tools/uv").write_text("#!/bin/sh\nexit 7\n")
    assert make(folder).returncode != 0
    assert not (folder / ".venv/.book").exists()
