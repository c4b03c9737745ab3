"""What the book was made with, package by package: a CycloneDX bill of materials from the lock."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from report import data

NAME = "sbom.json"


def components(lock: str) -> list[dict[str, Any]]:
    """Return each package of a lock with its version and the digests that an install checks."""
    found = []
    for entry in re.split(r"\n(?=\w)", lock.strip()):
        pin = re.match(r"([\w.-]+)==([\w.!+]+)", entry)
        if pin is None:
            raise ValueError(f"requirements.txt pins no version here: {entry.splitlines()[0]}")
        name, version = pin.groups()
        hashes = [{"alg": "SHA-256", "content": h} for h in re.findall(r"sha256:(\w{64})", entry)]
        place = {"type": "distribution", "url": f"https://pypi.org/project/{name}/{version}/"}
        purl = f"pkg:pypi/{name}@{version}"
        one = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
        found.append({**one, "externalReferences": [{**place, "hashes": hashes}]})
    return found


def write(folder: Path) -> None:
    """Write the bill beside the pages: the same bytes for the same lock, whatever is installed."""
    lock = (data.ROOT / "requirements.txt").read_text(encoding="utf-8")
    parts = components(lock)
    about = yaml.safe_load((data.ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    report = {"type": "application", "name": about["title"], "version": about["version"]}
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}
    bill = {**head, "metadata": {"component": report}, "components": parts}
    text = json.dumps(bill, indent=1)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")
