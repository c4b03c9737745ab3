"""The tiny book of these tests, published once; each test gets a copy of its own to spoil."""

import shutil

import pytest
from hostile import tree


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


@pytest.fixture
def book(published, tmp_path):
    """A copy of the published tiny book."""
    return shutil.copytree(published, tmp_path / "book", symlinks=True)
