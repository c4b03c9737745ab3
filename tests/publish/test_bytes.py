"""Same commit, same bytes: the book built twice, with everything different that must not show."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from copies import copy

from publish import site, sources

#: Executes notebooks again with one worker, then builds.
BUILD = """
import datetime, os, pathlib, sys
os.cpu_count = lambda: 1
from publish import commands, site
print(datetime.date.today())
commands.execute(force=True, names=sys.argv[2:])
out = pathlib.Path(sys.argv[1]); out.mkdir()
site.make(out)
"""


@pytest.fixture
def clock(tmp_path):
    """The environment that sets the clock ahead; empty where there is no C compiler."""
    if not shutil.which("cc") or sys.platform != "linux":
        return {}
    source, library = Path(__file__).with_name("clock.c"), tmp_path / "clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library)}


def test_another_folder_and_other_settings_give_the_same_bytes(built, tmp_path, clock):
    root = copy(sources.source_files(), tmp_path / "another folder" / "deeper")
    settings = {"HOME": str(tmp_path), "TZ": "Pacific/Kiritimati", "LANG": "tr_TR.UTF-8"}
    settings |= {"LC_ALL": "C", "PYTHONHASHSEED": "4711", "PYTHONPATH": str(root / "book")}
    settings |= {"SOURCE_DATE_EPOCH": "86400", "COLUMNS": "43", **clock}
    # Strict nbval executes every notebook; here two are enough to show that settings do not matter.
    command = [sys.executable, "-c", BUILD, tmp_path / "out", "landscape", "appendix/method"]
    options = {"cwd": tmp_path, "env": {**os.environ, **settings}, "umask": 0o077}
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert not clock or not done.stdout.startswith(f"{site.datetime.date.today().year}-"), (
        "the clock was not ahead"
    )
    other = tmp_path / "out" / "html"
    one, two = ((folder / sources.SUMS).read_text().splitlines() for folder in (built, other))
    assert one == two, sorted({line.split("  ")[1] for line in {*one} ^ {*two}})
    assert (built / sources.SUMS).read_bytes() == (other / sources.SUMS).read_bytes()
    pdf = tmp_path / "out" / "typst" / sources.PDF.name
    assert pdf.read_bytes() == (built / sources.PDF.name).read_bytes()
    modes = {oct(p.stat().st_mode & 0o777) for p in other.rglob("*") if p.is_file()}
    assert modes == {"0o644"} and oct(other.stat().st_mode & 0o777) == "0o755"


def test_the_sums_cover_every_file(built):
    names = [line.split("  ", 1)[1] for line in (built / sources.SUMS).read_text().splitlines()]
    files = {p.relative_to(built).as_posix() for p in built.rglob("*") if p.is_file()}
    assert set(names) == files - {sources.SUMS} and names == sorted(names, key=Path)
    assert {"index.html", "dealing-with-moscow.pdf", "dealing-with-moscow-rerun.zip"} <= files
