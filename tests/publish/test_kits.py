"""The downloads: complete, and of use outside the repository (test_bytes.py: the same bytes)."""

import os
import re
import subprocess
import sys
import zipfile

from publish import kits
from report import data


def unpacked(name, folder):
    """Unpack a download; return its one folder."""
    kits.make(folder)
    with zipfile.ZipFile(folder / name) as archive:
        dates = {entry.date_time[:3] for entry in archive.infolist()}
        archive.extractall(folder / "elsewhere")
    (top,) = (folder / "elsewhere").iterdir()
    assert top.name == f"{name.removesuffix('.zip')}-{data.edition()['version']}"
    released = data.edition()["date-released"]
    assert dates == {(released.year, released.month, released.day)}
    assert data.edition()["version"] in (top / "README.txt").read_text(encoding="utf-8")
    return top


def test_the_data_package_is_valid_outside_the_repository(tmp_path):
    stray = [kits.ROOT / "data" / name for name in (".DS_Store", "notes.txt~", ".~lock.x.csv#")]
    try:
        [path.touch() for path in stray]
        folder = unpacked(kits.DATA, tmp_path)
    finally:
        [path.unlink() for path in stray]
    assert {p.suffix for p in folder.rglob("*.*")} == {".csv", ".json", ".txt"}
    command = [sys.executable, "-m", "frictionless", "validate", "datapackage.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_rerun_kit_reproduces_a_notebook_in_an_empty_folder(tmp_path):
    folder = unpacked(kits.RERUN, tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(folder / "book")}
    command = [sys.executable, "-m", "publish", "reproduce", "appendix/claims", "conclusion"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "outputs reproduced" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert re.search(r"numbers +reproduced +seconds", done.stdout)
