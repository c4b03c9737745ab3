"""What tests share: builds of the book and of the tiny book, made once for all workers."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest
from hostile import tree
from hypothesis import settings

from publish import kernels, notebooks, site, sources

settings.register_profile("any machine", deadline=None)  # how busy it is proves nothing
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def once(tmp_path_factory, worker_id):
    """A function that makes a folder once, for all workers, and returns where it is."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if worker_id != "master" else root

    def folder(name, make):
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (root / name).exists():
                make(root / f"{name}.part").rename(root / name)
        return root / name

    return folder


@pytest.fixture(scope="session")
def built(once):
    """The book built from the stored outputs: its HTML folder, with the PDF inside.

    What "make book" published from the present sources is that. BOOK_HTML names another.
    """

    def make(fresh):
        if sources.up_to_date():
            shutil.copytree(sources.HTML, fresh / "html")
        else:
            old = {p.name: why for p in notebooks.paths() if (why := notebooks.stale(p))}
            assert not old, f"stored outputs are out of date, run make book: {old}"
            fresh.mkdir()
            site.make(fresh)
        return fresh

    return Path(os.environ.get("BOOK_HTML") or once("built", make) / "html")


def pytest_configure():
    """Let the kernels of nbval be forks, too."""
    kernels.fork()


@pytest.fixture(scope="session")
def published(once):
    """The tiny book, executed and built where the system can, without a network."""

    def make(fresh):
        tree.plant(fresh)
        made = tree.run(fresh, "book", preexec_fn=tree.cut_off if tree.may_cut_off() else None)
        assert made.returncode == 0, made.stdout + made.stderr
        assert tree.faults_of(fresh / "_build/html") == []
        return fresh

    return once("a book [draft] é", make)  # a path is a name, not a pattern


@pytest.fixture(scope="session")
def shop(published, tmp_path_factory):
    """Where a copy of the tiny book is spoilt and published; a test begins with shop.fresh()."""
    shop = tree.Shop(published, tmp_path_factory.mktemp("shop") / "book")
    yield shop
    shop.close()


def pytest_terminal_summary(terminalreporter):
    """Say loudly what a missing program left untested."""
    for program, what in (("chromium", "browser tests"), ("java", "checkers of HTML and EPUB")):
        if not shutil.which(program):
            terminalreporter.write_line(
                f"NOT TESTED: the {what} did not run, as there is no {program} on this machine",
                red=True,
                bold=True,
            )
