"""Every package is pinned, hashed and under a licence that fits; the bill names them all."""

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest
from copies import cases

from report.data import ROOT

LOCKS = ("requirements.txt", "tests/requirements.txt", "tests/lab.txt")
LICENCES = cases("licences")


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"(?m)^([\w.-]+)==([\w.!+]+)", text))


def licence(name: str) -> str:
    """What an installed package says of its licence; "" when it is not installed."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return ""
    kinds = [c.split(" :: ")[-1] for c in said.get_all("Classifier", []) if c[:7] == "License"]
    first = (said.get("License") or "").strip().split("\n")[0]
    return said.get("License-Expression") or "; ".join(kinds) or first


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_and_hashed_and_from_no_special_place(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[\w.-]+==[\w.!+]+( ;[^\\\n]+)? \\\n", entry), entry.splitlines()[0]
        rest = entry.splitlines()[1:]
        assert rest
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in rest)
    assert not re.search(r"https?://|--index|--extra|--find-links|git\+|file:|@ ", text)


@pytest.mark.parametrize("wanted", ["requirements.in", "tests/requirements.in", "tests/lab.in"])
def test_every_direct_dependency_has_a_reason_and_is_locked(wanted):
    names = {name for lock in LOCKS for name in pins(lock)}
    lines = (ROOT / wanted).read_text(encoding="utf-8").splitlines()
    for line in [line for line in lines if line.strip() and not line.startswith(("#", "-c"))]:
        requirement, _, reason = line.partition("#")
        assert reason.strip() or requirement.startswith("font-"), line
        assert re.match(r"[\w-]+", requirement)[0] in names, line


@pytest.mark.parametrize("lock", LOCKS)
def test_the_licence_of_every_package_fits(lock):
    if lock == "tests/lab.txt" and not licence("jupyterlab"):
        pytest.skip("JupyterLab is not installed: make lab installs it")
    allowed = "|".join(LICENCES["allowed"])
    said = {
        name: licence(name) or LICENCES["elsewhere"].get(name, "not known") for name in pins(lock)
    }
    assert {name: text for name, text in said.items() if not re.search(allowed, text)} == {}


def test_the_bill_of_materials_names_every_package_of_the_lock(tmp_path):
    """As "make audit" writes it, in the format CycloneDX."""
    tool = Path(sys.executable).with_name("cyclonedx-py")
    bill = tmp_path / "sbom.json"
    options = ["--output-reproducible", "--of", "JSON", "-o", bill, ROOT / "requirements.txt"]
    subprocess.run([tool, "requirements", *options], check=True, capture_output=True)
    parts = json.loads(bill.read_text("utf-8"))["components"]
    assert {part["name"]: part["version"] for part in parts} == pins("requirements.txt")
    assert all(reference["hashes"] for part in parts for reference in part["externalReferences"])
