"""The downloads: reproducible, complete, and of use outside the repository."""

import os
import subprocess
import sys
import zipfile

from publish import kits


def test_the_same_bytes_every_time(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        kits.make(tmp_path / name)
    for kit in (kits.RERUN, kits.DATA):
        assert (tmp_path / "one" / kit).read_bytes() == (tmp_path / "two" / kit).read_bytes()


def test_the_data_package_is_valid_outside_the_repository(tmp_path):
    kits.make(tmp_path)
    folder = tmp_path / "elsewhere"
    zipfile.ZipFile(tmp_path / kits.DATA).extractall(folder)
    command = [sys.executable, "-m", "frictionless", "validate", "datapackage.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_rerun_kit_reproduces_a_notebook_in_an_empty_folder(tmp_path):
    kits.make(tmp_path)
    folder = tmp_path / "kit"
    zipfile.ZipFile(tmp_path / kits.RERUN).extractall(folder)
    environment = {**os.environ, "PYTHONPATH": str(folder / "book")}
    command = [sys.executable, "-m", "publish", "reproduce", "appendix/claims", "conclusion"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "outputs reproduced" in done.stdout
