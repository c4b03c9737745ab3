"""Show the pages while they are written: python -m publish preview [--port PORT].

One process serves the pages, watches the sources and has stale notebooks executed. Another has
read the book; for each change it forks a child, which reads what changed and then goes on as
"make book" does, the changed pages first. So what is shown is what would be published, and a
child that fails or is overtaken by the next change leaves nothing behind.

sphinx-autobuild starts Sphinx anew: a changed sentence took it 17 s of processor time, here 2 to 3.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, StaticFileHandler

from publish import notebooks, site, sources
from report import data

#: When more pages than this hang on what changed since the book was read, it is read anew.
FEW = 3
#: Begins a line from one process to the other, among all that Sphinx says.
MARK = "\x1e"
#: Follows report.js: loads a newer page, shows what is wrong above the last good one.
SCRIPT = b"""
{
  let edition;
  const box = document.createElement("pre");
  box.setAttribute("role", "alert");
  box.style = "white-space: pre-wrap; margin: 0; padding: 1em; background: #a82e1a; color: white";
  setInterval(async () => {
    const { headers } = await fetch(location.href, { method: "HEAD" }).catch(() => ({}));
    if (!headers) return;
    if ((edition ??= headers.get("ETag")) !== headers.get("ETag")) location.reload();
    const error = decodeURIComponent(headers.get("X-Error"));
    if (error !== box.textContent) document.body.prepend(box);
    if (!(box.textContent = error)) box.remove();
  }, 300);
}
"""
NONE = b"<article>No such page, or not yet.</article><script>" + SCRIPT + b"</script>"


class Page(StaticFileHandler):
    """Serves what was made; a page's tag changes when the page or a picture does."""

    error = ""

    def set_default_headers(self) -> None:
        """Say what is wrong, with every answer."""
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Error", quote(Page.error[:4000]))

    def compute_etag(self) -> str:
        """Return the tag."""
        files = [Path(self.absolute_path or ""), *sorted(Path(self.root, "_images").glob("*"))]
        raw = b"".join(file.read_bytes() for file in files)
        return f'"{hashlib.sha256(raw).hexdigest()}"'

    @classmethod
    def get_content(
        cls, abspath: str, start: int | None = None, end: int | None = None
    ) -> Generator[bytes, None, None]:
        """Yield a file, and after report.js the script of the preview."""
        yield Path(abspath).read_bytes() + SCRIPT * abspath.endswith("report.js")

    def get_content_size(self) -> int:
        """Return its length in bytes."""
        return sum(map(len, self.get_content(self.absolute_path or "")))

    def write_error(self, status_code: int, **_: Any) -> None:
        """Answer for a page that is not there; it may come."""
        self.finish(NONE)


def hold(out: Path) -> None:
    """Read the book, then make it in out/html for each line of standard input, until the next.

    A line lists in JSON the files that changed since. After MARK, the number of the line and what
    a child did: it "begins", it shows a page, it "ends" with a status.
    """
    from sphinx.builders import Builder

    from publish import sphinx_run
    from report import assessment

    read, write, before = Builder._read_serial, Builder._write_serial, dict(_inputs())
    changed, number = list[str](), 0

    def say(*what: Any) -> None:
        print(f"\n{MARK}{number}", *what, flush=True)

    def reading(self: Builder, names: list[str]) -> None:
        nonlocal number
        read(self, names)
        gc.freeze()
        child = 0
        for line in sys.stdin:  # noqa: B007
            number += 1
            _kill(child)
            if not (child := os.fork()):
                break
        else:
            _kill(child)
            os._exit(0)
        say("begins")
        shutil.rmtree(self.outdir)
        Path(self.outdir).mkdir()
        assessment.certainties.cache_clear()
        saved, now = {Path(name) for name in json.loads(line)}, dict(_inputs())
        used = {path for path in saved if path not in now or now[path] != before.get(path)}
        for name in self.env.found_docs:
            needs = {Path(self.srcdir, other) for other in self.env.dependencies[name]}
            if Path(self.env.doc2path(name)) in saved or needs & used:
                changed.append(name)
        changed.sort(key=lambda name: -Path(self.env.doc2path(name)).stat().st_mtime_ns)
        read(self, sorted(changed))

    def writing(self: Any, names: list[str]) -> None:
        for name in changed:
            write(self, [name])
            if not self.app._warncount:
                self.copy_image_files()
                shown = out.parent / "shown"
                shutil.copytree(self.outdir, shown, copy_function=_renew, dirs_exist_ok=True)
                say(name)
        if self.app._warncount:
            say("ends", 1)
            os._exit(0)
        write(self, [name for name in names if name not in changed])

    Builder._read_serial, Builder._write_serial = reading, writing  # type: ignore[assignment]
    say("ends", sphinx_run.main(out, "html"))
    os._exit(0)


def _inputs() -> Iterator[tuple[Path, Any]]:
    """Yield what each notebook was executed with: the data dictionary says who uses a table."""
    for path in notebooks.paths():
        yield path, json.loads(path.read_bytes())["metadata"].get("inputs")


def _kill(child: int) -> None:
    if child:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _renew(source: str, target: str) -> None:
    Path(shutil.copyfile(source, f"{target}.part")).replace(target)


class Preview:
    """The process that serves, watches and has notebooks executed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.times, self.since = folder, dict[Path, int](), set[Path]()
        self.reader: Process | None = None  # what has read the book
        self.sent, self.started, self.wrong = 0, time.perf_counter(), ""

    def saved(self) -> set[Path]:
        """Return the files that were saved, added or removed since the last call."""
        before, self.times = self.times, {}
        for path in sources.source_files():
            with suppress(FileNotFoundError):
                self.times[path] = path.stat().st_mtime_ns
        return {path for path, _ in before.items() ^ self.times.items()}

    def show(self, what: str, error: str = "") -> None:
        """Say on the terminal what is shown, or what is wrong; the pages say that too."""
        Page.error = error or self.wrong
        print(error or f"{what} shown after {time.perf_counter() - self.started:.1f} s", flush=True)

    async def watch(self) -> None:
        """Keep the pages up to date, until this is cancelled."""
        due, ready = set[Path](), set[Path]()  # for a look, and then to be made
        while True:
            try:
                if new := self.saved():
                    if not due | ready:
                        self.started = time.perf_counter()
                    if new < self.times.keys():
                        names = sorted(path.relative_to(sources.ROOT).as_posix() for path in new)
                        print("changed:", *names, flush=True)
                    await self.refresh(due := due | new)
                    due, ready, self.wrong = set(), ready | due, ""
                elif ready and not due:
                    files, ready = ready, set()
                    await self.make(files)
                else:
                    await asyncio.sleep(0.2)
            except Exception as error:  # of whatever kind, in a source: it is said, and mended
                self.wrong = f"error: {error}"
                self.show("", self.wrong)

    async def refresh(self, files: set[Path]) -> None:
        """Have stale notebooks executed, unless only text changed; BuildError says what failed."""
        site.check_files()
        data.package.cache_clear()
        data.edition.cache_clear()
        texts = {path for path in files if path.suffix in {".md", ".ipynb"} and path.exists()}
        if texts == files and not any(map(notebooks.stale, texts & {*notebooks.paths()})):
            return
        command = [sys.executable, "-m", "publish", "execute", "--wait"]
        work = await asyncio.create_subprocess_exec(*command, cwd=sources.ROOT, stderr=PIPE)
        try:
            said = (await work.communicate())[1].decode(errors="replace")
            if work.returncode:
                raise site.BuildError(said.strip().removeprefix("error: "))
        finally:
            if work.returncode is None:
                work.send_signal(signal.SIGINT)
                await work.wait()

    async def make(self, files: set[Path]) -> None:
        """Have the book made from these files as they are now, by a new reader if need be."""
        known = all(p.exists() and p.suffix in {".ipynb", ".md", ".csv"} for p in files)
        self.since |= files
        if not (self.reader and known):
            await self.end()
            out = Path(tempfile.mkdtemp(dir=self.folder))
            self.reader = await asyncio.create_subprocess_exec(
                *[sys.executable, "-m", "publish.preview", str(out)],
                cwd=sources.ROOT,
                env=site.environment(),
                stdin=PIPE,
                stdout=PIPE,
                stderr=STDOUT,
                start_new_session=True,  # Ctrl-C is for this process alone
            )
            self.sent, self.since, self.proven = 0, set(), False
            self.listener = asyncio.create_task(self.listen(self.reader, out / "html"))
        self.sent, self.pages = self.sent + 1, 0
        line = json.dumps([*map(str, self.since)])
        self.reader.stdin.write(f"{line}\n".encode())  # type: ignore[union-attr]

    async def listen(self, reader: Process, html: Path) -> None:
        """Show what a reader's children make, but of one that was overtaken."""
        said = []
        async for raw in reader.stdout:  # type: ignore[union-attr]
            line = raw.decode(errors="replace")
            number, _, what = line.removeprefix(MARK).strip().partition(" ")
            if not line.startswith(MARK):
                said.append(line)
            elif what == "begins":
                said.clear()
            elif number not in {"0", str(self.sent)}:
                continue
            elif what == "ends 0":
                site.exchange(html, self.folder / "shown")
                self.show("all pages")
                self.proven = True
                if self.pages > FEW:
                    self.started = time.perf_counter()
                    await self.make({sources.ROOT})
            elif what.startswith("ends"):
                self.show("", site.complaints("".join(said)))
                if not self.proven:  # it may have read what is wrong: the next change needs another
                    await self.end()
            else:
                self.show(what)
                self.pages += 1
        if reader is self.reader:
            await self.end()

    async def end(self) -> None:
        """End the reader and its child."""
        if self.reader:
            with suppress(ProcessLookupError):
                os.killpg(self.reader.pid, signal.SIGKILL)
            await self.reader.wait()
            self.reader = None


async def serve(port: int) -> None:
    """Serve the pages on a port of this machine alone (0: a free one), and keep them up to date."""
    with tempfile.TemporaryDirectory(prefix="preview-", ignore_cleanup_errors=True) as folder:
        (shown := Path(folder, "shown")).mkdir()
        where = {"path": shown, "default_filename": "index.html"}
        pages = Application([(r"/(.*)", Page, where)], log_function=lambda _: None)
        try:
            sockets = bind_sockets(port, "127.0.0.1")
        except OSError as error:
            raise site.BuildError(f"port {port}: {error.strerror}. Try: --port 0") from None
        HTTPServer(pages).add_sockets(sockets)
        address = f"http://127.0.0.1:{sockets[0].getsockname()[1]}/"
        print(f"{address} shows the pages, when the book was read. Ctrl-C ends it.", flush=True)
        preview = Preview(Path(folder))
        try:
            await preview.watch()
        finally:
            await preview.end()


def preview(port: int) -> None:
    """Show the pages until Ctrl-C."""
    if not hasattr(os, "fork"):
        raise site.BuildError("make preview forks, which this system cannot. Use: make book")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(port))


if __name__ == "__main__":
    hold(Path(sys.argv[1]))
