"""A Chromium, the built book served from this machine, and pages that note what goes wrong."""

import functools
import http.server
import shutil
import threading

import pytest


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that keeps no log."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(built):
    """The address of the built book on a server on this machine."""
    handler = functools.partial(Quiet, directory=str(built))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(params=["served", "folder"])
def address(request, served, built):
    """The book on a server, and opened from a folder."""
    return served if request.param == "served" else built.as_uri() + "/"


@pytest.fixture
def window(browser, served):
    """A function that opens a page with settings of its own, which notes errors and requests.

    Addresses that are not whole are the book's on the server.
    """
    contexts = []

    def watched(width=1280, height=900, **settings):
        settings |= {"viewport": {"width": width, "height": height}, "reduced_motion": "reduce"}
        settings |= {"base_url": served, "permissions": ["clipboard-read", "clipboard-write"]}
        contexts.append(browser.new_context(**settings))
        contexts[-1].set_default_timeout(5000)
        page = contexts[-1].new_page()
        page.faults, page.requests = [], []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        wrong = {"error", "warning"}
        page.on("console", lambda s: page.faults.append(s.text) if s.type in wrong else None)
        page.on("request", lambda request: page.requests.append(request.url))
        return page

    yield watched
    for context in contexts:
        context.close()


@pytest.fixture
def page(window):
    """A page of its own, 1280 pixels wide, in light colours; nothing may go wrong on it."""
    page = window(color_scheme="light")
    yield page
    assert not page.faults


@pytest.fixture
def chapter(page):
    """The first chapter of the book, opened on such a page."""
    page.goto("book/engagement.html")
    return page
