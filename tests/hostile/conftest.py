"""The tiny book of these tests, published once; each test gets a copy of its own to spoil."""

import fcntl
import shutil

import pytest
from hostile import tree


@pytest.fixture(scope="session")
def published(tmp_path_factory, worker_id):
    """The tiny book, executed and built; the workers of a parallel run share it."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if worker_id != "master" else root
    folder = root / "tiny"
    with (root / "tiny.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            fresh = tree.plant(root / "a book [draft] é")  # a path is a name, not a pattern
            made = tree.run(fresh, "book")
            assert made.returncode == 0, made.stdout + made.stderr
            assert tree.faults_of(fresh / "_build/html") == []
            fresh.rename(folder)
    return folder


@pytest.fixture
def book(published, tmp_path):
    """A copy of the published tiny book."""
    return shutil.copytree(published, tmp_path / "book", symlinks=True)
