"""Build the book from the stored outputs into a fresh folder, check it, then publish it."""

from __future__ import annotations

import ctypes
import datetime
import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import yaml

from publish import kernels, kits, links, sources
from report import data

EPUB = f"{sources.NAME}.epub"  # beside the pages only
#: A line that Sphinx marks; or a heading as "Extension error:" and the paragraph below it.
COMPLAINT = re.compile(r"^\w+ error:\n(?:.+\n?)+|^.*(?:WARNING|ERROR|Error|CRITICAL).*$", re.M)
NOTEBOOK_LINE = re.compile(r"(?<=\.ipynb):(\d+)(\d{4})")
#: A line that a merge of Git leaves where it needs a decision; in a notebook, within a string.
#: One that is left when the others were removed would be a heading ("=======") or text.
CONFLICT = re.compile(rb'^ *"?([<>|=])\1{6}(?: |\\n|\r?$)', re.M)


class BuildError(RuntimeError):
    """A build that must not be published; the message says what is wrong and what to do."""


def check_files() -> None:
    """Stop when a source is missing or not what its name says, or a merge was left undecided."""
    from sphinx_external_toc.parsing import MalformedError, parse_toc_yaml  # slow to import

    for name in sources.TOPS:
        if not (sources.ROOT / name).is_file():
            raise BuildError(f"{name} is missing. Restore it with: git checkout {name}")
    for path in sources.source_files():
        if there := CONFLICT.search(raw := path.read_bytes()):
            line = raw.count(b"\n", 0, there.start()) + 1
            name = path.relative_to(sources.ROOT).as_posix()
            raise BuildError(
                f"{name}:{line}: a merge conflict is not resolved. Keep one side, there."
            )
    try:
        yaml.safe_load((sources.ROOT / (name := "_config.yml")).read_text(encoding="utf-8"))
        contents = parse_toc_yaml(sources.ROOT / (name := "_toc.yml"), encoding="utf-8")
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BuildError(f"{name} is not valid YAML: {error}. Mend it there.") from None
    except MalformedError as error:
        raise BuildError(f"_toc.yml is not a table of contents: {error}. Mend it there.") from None
    for page in contents:
        files = [sources.ROOT / f"{page}{ending}" for ending in (".ipynb", ".md", "")]
        if not any(path.is_file() for path in files):
            raise BuildError(f"_toc.yml names {page}, but there is no such page. Mend either.")


@contextmanager
def alone(wait: bool = False) -> Iterator[None]:
    """Let one command at a time work in _build; a second one waits, or is told so and stops."""
    sources.BUILD.mkdir(exist_ok=True)
    with (sources.BUILD / ".lock").open("w") as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except ImportError:  # Windows: two builds at once are not kept apart
            pass
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                why = f"{lock.name} cannot be locked: {error.strerror}"
                raise BuildError(f"{why}. Work in a folder of a disk of this machine.") from None
            raise BuildError(
                f"another build is at work in {sources.BUILD}. Wait for it to end, then try again."
            ) from None
        clear_leftovers()
        yield


def build() -> None:
    """Build the whole book in a fresh folder and publish it when nothing is wrong.

    Raises BuildError when Sphinx reports a warning or an error; the published book stays.
    """
    fresh = Path(tempfile.mkdtemp(prefix=".next-", dir=sources.BUILD))
    begun = fresh.stat().st_mtime
    try:
        publish(*make(fresh))
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    for path in [p for p in sources.BUILD.glob(".kept/*") if p.stat().st_mtime < begun]:
        path.unlink()  # a volume or picture that is no longer of this book


def make(fresh: Path) -> tuple[Path, Path]:
    """Make the book in an empty folder from the stored outputs; return its HTML and its PDF.

    Raises BuildError when Sphinx reports a warning or an error, or when a link leads nowhere.
    """
    digest = sources.source_digest()
    _sphinx(fresh, "html", "typst", "epub")
    html, pdf = fresh / "html", fresh / "typst" / sources.PDF.name
    for file in [*(fresh / "typst").glob("*.pdf"), fresh / "epub" / EPUB]:
        shutil.copyfile(file, html / file.name)
    kits.make(html)
    wrong = links.dead(html)
    if wrong:
        raise BuildError("the book was not published: links lead nowhere\n  " + "\n  ".join(wrong))
    (html / ".buildinfo").unlink(missing_ok=True)  # Sphinx's own; it differs from Python to Python
    (html / ".nojekyll").touch()  # else GitHub Pages leaves out what begins with an underscore
    (html / ".sources").write_text(digest)
    (html / sources.SUMS).write_text("".join(sources.checksums(html)), encoding="utf-8")
    for path in [html, pdf, *html.rglob("*")]:  # a web server can read them, whatever the umask
        path.chmod(0o755 if path.is_dir() else 0o644)
    return html, pdf


def environment() -> dict[str, str]:
    """Return an environment in which neither the clock nor the machine's settings show.

    What asks for a date gets that of the release in CITATION.cff.
    """
    released = datetime.date.fromisoformat(str(data.edition()["date-released"]))
    epoch = datetime.datetime.combine(released, datetime.time(), datetime.UTC).timestamp()
    ours = {
        "PYTHONPATH": str(sources.ROOT / "book"),
        "PYTHONUTF8": "1",
        "SOURCE_DATE_EPOCH": f"{epoch:.0f}",
    }
    return {**os.environ, **kernels.ENV, **ours}


def _sphinx(out: Path, *builders: str) -> None:
    """Run builders over the book in a process of its own, warnings as errors."""
    result = subprocess.run(
        [sys.executable, "-m", "publish.sphinx_run", str(out), *builders],
        cwd=sources.ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if result.returncode:
        logs = [path.read_text("utf-8", errors="replace") for path in sorted(out.glob("*.log"))]
        said = "\n".join([result.stdout, *logs])
        for number in (errno.ENOSPC, errno.EDQUOT):  # whichever tool met it says it in its own way
            if os.strerror(number) in said:
                raise OSError(number, os.strerror(number), str(sources.BUILD))
        log = sources.BUILD / "build.log"
        log.write_text(said, encoding="utf-8")
        raise BuildError(f"{complaints(said)}\nEverything Sphinx said is in {log}.")


def complaints(output: str) -> str:
    """Return what Sphinx complained of, for people: file, place and what is wrong."""
    output = re.sub(r"\x1b\[[\d;]*m", "", output).replace(f"{sources.ROOT}{os.sep}", "")
    # MyST-NB counts 10,000 lines to a cell of a notebook, and one too many.
    output = NOTEBOOK_LINE.sub(lambda at: f", cell {at[1]}, line {max(1, int(at[2]) - 1)}", output)
    said = [line for found in COMPLAINT.findall(output) for line in found.splitlines()]
    shown = list(dict.fromkeys(said or output.splitlines()[-5:]))
    more = [f"and {len(shown) - 8} more"] * (len(shown) > 8)
    lines = [*(line[:400] for line in shown[:8]), *more]
    return "\n  ".join(["the book was not built; the last good one stays in place.", *lines])


def publish(html: Path, pdf: Path) -> None:
    """Put a finished book in the place of the last one: at no moment is there half a book."""
    if sources.HTML.exists():
        exchange(html, sources.HTML)  # the old book is now in the fresh folder, which is deleted
    else:
        html.replace(sources.HTML)
    pdf.replace(sources.PDF)


def exchange(one: Path, other: Path) -> None:
    """Swap two folders in one step where the system can (Linux), else in two renames."""
    at_cwd, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE, see rename(2)
    with suppress(AttributeError, TypeError, OSError):
        rename = ctypes.CDLL(None, use_errno=True).renameat2
        if rename(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange) == 0:
            return
    aside = other.with_name(".old")
    other.replace(aside)
    one.replace(other)
    aside.replace(one)


def clear_leftovers() -> None:
    """Recover from a command that was killed: restore the book, remove half-made files."""
    aside = sources.BUILD / ".old"
    if aside.exists() and not sources.HTML.exists():
        aside.replace(sources.HTML)
    for folder in [*sources.BUILD.glob(".next-*"), aside]:
        shutil.rmtree(folder, ignore_errors=True)
    for part in (sources.ROOT / "book").rglob(".*.ipynb.part"):
        part.unlink()
