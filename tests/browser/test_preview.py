"""make preview: what is saved is seen in the browser, and is what "make book" publishes."""

import json
import re
import shutil
import signal
import subprocess
import threading
import urllib.request

import pytest
from hostile import tree

PAGE, GLOSSARY, TABLE = "summary.ipynb", "appendix/glossary.md", "data/evidence/brent_prices.csv"
LIMIT = 1500  # seconds, for all of it; a minute on an idle machine
SOON = 120_000  # milliseconds


class Preview:
    """The command at work on the tiny book."""

    def __init__(self, root, room):
        self.root, self.said = root, []
        self.process = tree.start(
            root,
            *("preview", "--port", "0"),
            stderr=subprocess.STDOUT,
            env=tree.environment(root, TMPDIR=str(room)),
        )
        self.limit = threading.Timer(LIMIT, self.process.kill)
        self.limit.start()
        self.address = self.until("shows the pages").split(" ")[0]
        self.until("all pages shown")

    def until(self, text):
        """Wait for a line; return it."""
        for line in self.process.stdout:
            self.said.append(line)
            if text in line:
                return line
        raise AssertionError(f"it never said {text!r}: {''.join(self.said)}")

    def add(self, text):
        """Save the first page with a paragraph more."""
        path = self.root / "book" / PAGE
        notebook = json.loads(path.read_text("utf-8"))
        notebook["cells"][0]["source"] += ["\n", f"\n{text}\n"]
        path.write_text(json.dumps(notebook), "utf-8")

    def get(self, name):
        with urllib.request.urlopen(self.address + name) as answer:
            return answer.read()


@pytest.fixture(scope="module")
def preview(published, tmp_path_factory):
    room = tmp_path_factory.mktemp("preview")
    made = Preview(shutil.copytree(published, room / "book"), room)
    yield made
    made.process.kill()
    made.limit.cancel()


def test_a_saved_sentence_is_seen_and_so_is_a_table_when_what_loads_it_ran(preview, page):
    page.goto(f"{preview.address}book/summary.html")
    preview.add("One sentence more.")
    page.get_by_text("One sentence more.").wait_for(timeout=SOON)
    preview.until("all pages shown")
    prices = (preview.root / TABLE).read_text("utf-8")
    (preview.root / TABLE).write_text(
        re.sub(r"\n([^,\n]+),[^,\n]+(.*\n)\Z", r"\n\1,55.55\2", prices)
    )
    preview.until("summary: ran in")
    assert "(table brent_prices changed)" in preview.said[-1]
    page.get_by_text("55.55").first.wait_for(state="attached", timeout=SOON)
    preview.until("all pages shown")
    assert page.faults == []


def test_an_error_stands_above_the_last_good_page_until_it_is_mended(preview, page):
    page.goto(f"{preview.address}book/appendix/glossary.html")
    path = preview.root / "book" / GLOSSARY
    good = path.read_text("utf-8")
    path.write_text(f"{good}\nWrong: {{evil}}`x`.\n")
    alert = page.get_by_role("alert")
    alert.wait_for(timeout=SOON)
    assert 'glossary.md:8: WARNING: Unknown interpreted text role "evil"' in alert.inner_text()
    preview.until('role "evil"')
    assert page.get_by_text("A treaty.").is_visible() and "Wrong:" not in page.content()
    path.write_text(f"{good}\nRight.\n")
    page.get_by_text("Right.").wait_for(timeout=SOON)
    assert not alert.is_visible()
    preview.until("all pages shown")


def test_a_notebook_that_fails_is_an_error_too(preview, page):
    page.goto(f"{preview.address}book/summary.html")
    path = preview.root / "book" / PAGE
    good = path.read_text("utf-8")
    path.write_text(good.replace('"import report', '"import report as repent', 1), "utf-8")
    preview.until("code cell 2: NameError")
    page.get_by_role("alert").get_by_text("NameError").wait_for(timeout=SOON)
    path.write_text(good, "utf-8")
    preview.until("all pages shown")
    page.get_by_role("alert").wait_for(state="detached")


def test_what_is_shown_is_byte_for_byte_what_make_book_publishes_beside_it(preview):
    made = tree.run(preview.root, "book")
    assert made.returncode == 0, made.stderr
    html = preview.root / "_build/html"
    names = [path.relative_to(html).as_posix() for path in html.rglob("*.html")]
    assert {"book/summary.html", "book/appendix/glossary.html", "exhibits.html"} <= {*names}
    assert [name for name in names if preview.get(name) != (html / name).read_bytes()] == []
    assert b"55.55" in preview.get("book/summary.html")


def test_ctrl_c_ends_it(preview):
    preview.process.send_signal(signal.SIGINT)
    rest = preview.process.stdout.read()
    assert (preview.process.wait(30), "Traceback" in rest) == (0, False)
    assert [*preview.root.parent.glob("preview-*")] == []
