"""One build of the book for all tests that look at it."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from publish import notebooks, site

settings.register_profile("any machine", deadline=None)  # how busy it is proves nothing
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def built(tmp_path_factory, worker_id):
    """The book built from the stored outputs: its HTML folder, with the PDF inside.

    The workers of a parallel run share one build. BOOK_HTML names one that is there already.
    """
    if given := os.environ.get("BOOK_HTML"):
        return Path(given)
    root = tmp_path_factory.getbasetemp()
    root = root.parent if worker_id != "master" else root
    folder = root / "built"
    with (root / "built.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            old = {p.name: why for p in notebooks.paths() if (why := notebooks.stale(p))}
            assert not old, f"stored outputs are out of date, run make book: {old}"
            fresh = root / "building"
            fresh.mkdir()
            site.make(fresh)
            fresh.rename(folder)
    return folder / "html"


def pytest_terminal_summary(terminalreporter):
    """Say loudly what a missing program left untested."""
    for program, what in (("chromium", "browser tests"), ("java", "checkers of HTML and EPUB")):
        if not shutil.which(program):
            terminalreporter.write_line(
                f"NOT TESTED: the {what} did not run, as there is no {program} on this machine",
                red=True,
                bold=True,
            )
