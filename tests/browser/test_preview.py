"""make preview: what is saved is seen in the browser, and is what "make book" publishes."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
from copies import copy

from publish import notebooks, site

PAGE = "book/engagement"
TABLE = "data/evidence/frozen_assets.csv"


class Preview:
    """The command at work on a copy of the book."""

    def __init__(self, root):
        self.root = copy(site.source_files(), root)
        self.good = {name: (root / name).read_bytes() for name in (f"{PAGE}.ipynb", TABLE)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "publish", "preview", "0"],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root / "book")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.limit = threading.Timer(1800, self.process.kill)
        self.limit.start()
        self.address = self.process.stdout.readline().split(" ")[0]
        self.until("all pages shown")

    def until(self, text):
        """Wait for a line; return all up to it."""
        said = []
        for line in self.process.stdout:
            said.append(line)
            if text in line:
                return "".join(said)
        raise AssertionError(f"it never said {text!r}: {said}")

    def add(self, text):
        """Save the page with a paragraph more."""
        notebook = notebooks.read(self.root / f"{PAGE}.ipynb", self.good[f"{PAGE}.ipynb"])
        notebook.cells[0].source += f"\n\n{text}"
        notebooks.write(self.root / f"{PAGE}.ipynb", notebook)

    def article(self, name):
        return article(self.root / "_build/.preview/shown" / name)


def article(path):
    return re.search(rb"<article.*?</article>", path.read_bytes(), re.DOTALL)[0]


@pytest.fixture(scope="module")
def preview(tmp_path_factory):
    made = Preview(tmp_path_factory.mktemp("preview"))
    yield made
    made.process.kill()
    made.limit.cancel()


def test_a_saved_sentence_is_seen_and_an_error_stands_above_the_last_good_page(preview, page):
    page.goto(f"{preview.address}{PAGE}.html")
    preview.add("One sentence more.")
    added = page.get_by_text("One sentence more.")
    added.wait_for(timeout=120_000)
    preview.until("all pages shown")
    preview.add("A role {evil}`x` that there is not.")
    alert = page.get_by_role("alert")
    alert.wait_for(timeout=120_000)
    assert "engagement.ipynb, cell 1, line" in alert.inner_text()
    assert 'role "evil"' in alert.inner_text()
    assert added.is_visible()
    preview.add("It is mended.")
    page.get_by_text("It is mended.").wait_for(timeout=120_000)
    assert not alert.is_visible() and not page.faults
    preview.until("all pages shown")


def test_a_saved_table_is_shown_when_what_loads_it_ran_and_a_build_beside_is_waited_for(preview):
    before = (preview.root / "book/sanctions.ipynb").read_bytes()
    with (preview.root / "_build/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as "make book" does
        text = preview.good[TABLE].decode()
        (preview.root / TABLE).write_text(text.replace("Switzerland", "Helvetia"), "utf-8")
        preview.until(f"saved: {TABLE}")
        time.sleep(8)  # it would have run by now
        assert (preview.root / "book/sanctions.ipynb").read_bytes() == before
    said = preview.until("book/sanctions shown")
    assert "  sanctions: ran in" in said and "(table frozen_assets changed)" in said
    assert b"Helvetia" in preview.article("book/sanctions.html")
    preview.until("all pages shown")


def test_what_is_shown_is_what_is_published(preview, built):
    for name, raw in preview.good.items():
        (preview.root / name).write_bytes(raw)
    while preview.article("book/sanctions.html") != article(built / "book/sanctions.html"):
        preview.until("all pages shown")
    names = [path.relative_to(built) for path in built.glob("book/**/*.html")]
    assert len(names) > 15
    assert [name for name in names if preview.article(name) != article(built / name)] == []


def test_ctrl_c_ends_it(preview):
    preview.process.send_signal(signal.SIGINT)
    assert preview.process.wait(30) == 130
    assert "Traceback" not in preview.process.stdout.read()
