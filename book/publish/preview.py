"""Show the pages while they are written: python -m publish preview [PORT].

One process watches what the book is made from, executes what is stale and serves the pages, on this
machine alone. Another one holds Sphinx with all that it has read: a page that was saved is read and
written at once, by itself; then every page is written, as a number or a title may stand on others.
What was not built without a warning does not replace what is shown.

sphinx-autobuild starts Sphinx anew for each change, and our pages' policy forbids its script.
"""

from __future__ import annotations

import filecmp
import io
import json
import multiprocessing
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from publish import notebooks, site
from report import assessment
from report.data import DataError

OUT = site.BUILD / ".preview"
SHOWN = OUT / "shown"
#: Loads the page again when there is a newer edition; shows what is wrong above the last good one.
SCRIPT = b"""
const {edition} = document.currentScript.dataset, box = document.createElement("pre");
box.setAttribute("role", "alert");
box.style = "white-space: pre-wrap; margin: 0; padding: 1em; background: #a82e1a; color: white";
setInterval(async () => {
  const [newest, error] = await (await fetch("/-/news")).json();
  if (newest !== edition) location.reload();
  if (box.textContent !== error) document.body.prepend(box);
  if (!(box.textContent = error)) box.remove();
}, 300);
"""


def hold(pipe: Connection) -> None:
    """Build every page, then obey orders: the names of pages, and whether data changed.

    Each answer is the names of the pages that were written, none for all, and what was wrong.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other process ends this one
    sys.stdout, sys.stderr = io.StringIO(), (said := io.StringIO())
    os.environ.update(site.environment())
    os.chdir(site.ROOT)
    import jupyter_book.sphinx as book
    from sphinx_external_toc.collectors import TocTreeCollectorWithStyles

    from publish import sphinx_run

    class Live(book.Sphinx):
        """Sphinx that goes on when it has built."""

        def build(self, *_: Any) -> None:
            old = {*self.env.found_docs}
            listeners = self.events.listeners["env-get-updated"]
            bound = [getattr(listener.handler, "__self__", None) for listener in listeners]
            (numbers,) = (each for each in bound if isinstance(each, TocTreeCollectorWithStyles))
            while True:
                TocTreeCollectorWithStyles.__init__(numbers)  # else it counts on from the last time
                for name in old & {*self.env.all_docs}:
                    self.env.all_docs[name] = 0  # is read again, with what hangs on it
                if not pipe.poll() and answer([], partial(super().build, force_all=True)):
                    old.clear()
                names, everything = pipe.recv()
                assessment.certainty.cache_clear()
                old |= {*self.env.found_docs} if everything else {*names}
                if names := sorted(self.env.found_docs & {*names}):
                    answer(names, partial(self.show, names))

        def show(self, names: list[str]) -> None:
            """Read and write these pages alone; their numbers are those of the last whole build."""
            numbers = [self.env.toc_secnumbers, self.env.toc_fignumbers]
            kept = [(of, name, of[name]) for of in numbers for name in names if name in of]
            for name in names:
                self.emit("env-purge-doc", self.env, name)
                self.env.clear_doc(name)
                self.builder.read_doc(name)
            for of, name, number in kept:
                of[name] = number
            self.builder.prepare_writing({*names})
            self.builder._write_serial(names)
            self.builder.copy_image_files()

    def answer(names: list[str], task: Callable[[], Any]) -> bool:
        try:
            task()
        except Exception as error:  # whatever an extension raises is said, and nothing is shown
            said.write(f"{type(error).__name__} ERROR: {error}")
        wrong = site.complaints(said.getvalue()) if said.getvalue() else ""
        said.seek(said.truncate(0))
        if not wrong:
            shutil.copytree(OUT / "html", SHOWN, copy_function=_renew, dirs_exist_ok=True)
        pipe.send((names, wrong))
        return not wrong

    book.Sphinx = Live
    for rest in ("doctrees", "html"):  # of another version, perhaps
        shutil.rmtree(OUT / rest, ignore_errors=True)
    sphinx_run.main(OUT, "html")  # comes back when the book cannot be read at all
    pipe.send(([], site.complaints(said.getvalue())))


def _renew(source: str, target: str) -> None:
    if not Path(target).exists() or not filecmp.cmp(source, target, shallow=False):
        shutil.copyfile(source, target)


class Pages(SimpleHTTPRequestHandler):
    """Serves the pages, each with the script that keeps it up to date."""

    news = ["", ""]  # noqa: RUF012  # the edition that is shown; what is wrong since

    def log_message(self, *_: Any) -> None:
        """Keep no log."""

    def send_head(self) -> Any:
        """Begin an answer; return the file to send."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if self.path == "/-/news":
            kind, raw = "application/json", json.dumps(self.news).encode()
        elif self.path == "/-/preview.js":
            kind, raw = "text/javascript", SCRIPT
        elif path.suffix == ".html" and (path.exists() or not SHOWN.exists()):
            page = path.read_bytes() if path.exists() else b"The book is being read.</body>"
            tag = f'<script src="/-/preview.js" data-edition="{self.news[0]}"></script></body>'
            kind, raw = "text/html; charset=utf-8", tag.encode().join(page.rsplit(b"</body>", 1))
        else:
            return super().send_head()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        return io.BytesIO(raw)


class Sources:
    """The files that the book is made from, and when each was saved."""

    times: dict[Path, int]

    def __init__(self) -> None:
        self.times = {}

    def saved(self) -> set[Path]:
        """Return those that were saved, added or removed since the last call."""
        before, self.times = self.times, {}
        for path in site.source_files():
            with suppress(FileNotFoundError):
                self.times[path] = path.stat().st_mtime_ns
        return {path for path, _ in before.items() ^ self.times.items()}


def preview(port: int, refresh: Callable[[set[Path], bool], None]) -> None:
    """Serve the pages and keep them up to date, until Ctrl-C.

    Args:
        port: of this machine; 0 takes a free one.
        refresh: executes what is stale of some notebooks, or of all after a check of the data.
    """
    shutil.rmtree(SHOWN, ignore_errors=True)
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(Pages, directory=str(SHOWN)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}/ shows the pages. Ctrl-C ends it.", flush=True)
    spawn, since = multiprocessing.get_context("spawn"), time.perf_counter()
    pipe, theirs = spawn.Pipe()
    sphinx = spawn.Process(target=hold, args=(theirs,), daemon=True)
    sources, due = Sources(), set[Path]()

    def tell(what: str, error: str = "") -> None:
        print(error or f"{what} shown after {time.perf_counter() - since:.1f} s", flush=True)
        Pages.news = [Pages.news[0] if error else str(time.time_ns()), error]

    while True:
        if new := sources.saved():
            since, due = time.perf_counter(), due | new
            names = {path: path.relative_to(site.ROOT).as_posix() for path in due}
            pages = {p for p in due if p.suffix in {".ipynb", ".md"} and names[p][:5] == "book/"}
            tables = {path for path in due if path.suffix == ".csv"}
            if sphinx.pid:
                print("saved:", *sorted(names[path] for path in new), flush=True)
                if due - pages - tables:  # code, settings, the look: everything starts anew
                    os.execv(sys.executable, sys.orig_argv)  # noqa: S606
            try:
                refresh(pages, bool(tables))
            except (DataError, notebooks.NotebookError, site.BuildError) as error:
                tell("", f"error: {error}")
                continue
            pages |= sources.saved()  # what was executed
            due.clear()
            if sphinx.pid:
                docs = (path.relative_to(site.ROOT).with_suffix("") for path in pages)
                pipe.send(([doc.as_posix() for doc in docs], bool(tables)))
            else:
                sphinx.start()
        while pipe.poll(0.2):
            shown, wrong = pipe.recv()
            if not (shown and wrong):  # of a page that is wrong, the whole build tells
                tell(", ".join(shown) or "all pages", wrong)
