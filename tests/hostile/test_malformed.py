"""Whatever is wrong with an input, the book stays as it is, and one message says what to do."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest
from copies import cases
from hostile import tree

KINDS = cases("malformed")


def intact(root: Path, published: Path) -> bool:
    """Whether the last good book is in place, whole, and the very same."""
    build, good = root / "_build", published / "_build"
    names = ["html/SHA256SUMS", "html/.sources", "dealing-with-moscow.pdf"]
    same = all((build / n).read_bytes() == (good / n).read_bytes() for n in names)
    left = [p.name for p in build.iterdir() if p.name.startswith((".next", ".old"))]
    return same and not left and tree.faults_of(build / "html") == []


def complaint(shop: tree.Shop) -> str:
    """Return what a build that must fail complains of; the last good book is in place.

    A message begins with what is wrong, is short, and holds no traceback.
    """
    status, said, message = shop.end()
    assert status == 1, said + message
    assert message.startswith("error: "), message
    assert "Traceback" not in message, message
    assert len(message.splitlines()) <= 12, message
    assert len(message) <= 2500, message
    assert intact(shop.root, shop.published)
    return message


@pytest.mark.parametrize("kind", KINDS, ids=[kind["name"] for kind in KINDS])
def test_what_is_wrong_is_said_and_nothing_is_published(shop, kind):
    tree.spoil(shop.fresh(), kind)
    shop.start("book")
    message = complaint(shop)
    assert [text for text in kind["says"] if text not in message] == [], message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small or read-only disk")
@pytest.mark.parametrize(
    ("room", "says"),
    [("small", "No space left on device. Free some space"), ("none", "Read-only file system")],
)
def test_a_full_or_read_only_disk_is_named(shop, tmp_path, room, says):
    """The book's folder is on the disk; the last good book was put there before."""
    disk = shop.fresh() / "_build"
    tree.spoil(shop.root, {"prose": "More."})  # something to build
    kept = disk.rename(tmp_path / "kept")
    disk.mkdir()
    size = sum(p.stat().st_size for p in kept.rglob("*") if p.is_file())
    options = f"size={size // 1024 + 900}k" if room == "small" else "size=99m"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let root mount a disk")
    try:
        shutil.copytree(kept, disk, dirs_exist_ok=True)
        if room == "none":
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        shop.start("book", TMPDIR=str(disk))
        assert says in complaint(shop)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_files_that_may_not_grow_stop_the_build(shop):
    """What a quota does: a write that goes past a limit fails."""
    tree.spoil(shop.fresh(), {"prose": "More."})
    build = shop.start("book")
    resource.prlimit(build, resource.RLIMIT_FSIZE, (150_000, 150_000))
    complaint(shop)


def test_there_are_at_least_forty_kinds():
    assert len({kind["name"] for kind in KINDS}) == len(KINDS) >= 40
