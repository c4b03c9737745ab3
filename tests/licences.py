"""Licence of every locked package, from what is installed: python tests/licences.py

Writes tests/licences.csv. What this machine does not install (for other systems) keeps its row.
"""

import csv
import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "tests/licences.csv"
LOCKS = ("requirements.txt", "tests/requirements.txt", "tests/lab.txt")


def locked() -> dict[str, str]:
    """Return the lock that first names each package."""
    found: dict[str, str] = {}
    for lock in LOCKS:
        text = (ROOT / lock).read_text(encoding="utf-8")
        for name in re.findall(r"(?m)^([\w.-]+)==", text):
            found.setdefault(name, lock)
    return dict(sorted(found.items()))


def licence(name: str) -> str:
    """Return what an installed package says of its licence; "" when it is not installed."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return ""
    kinds = [c.split(" :: ")[-1] for c in said.get_all("Classifier", []) if c[:7] == "License"]
    kinds = [kind for kind in kinds if kind != "OSI Approved"]
    first = (said.get("License") or "").strip().split("\n")[0][:60]
    return said.get("License-Expression") or "; ".join(kinds) or first


def listed() -> dict[str, str]:
    """Return the licences that are written down."""
    with LIST.open(encoding="utf-8", newline="") as file:
        return {row["package"]: row["licence"] for row in csv.DictReader(file)}


def main() -> None:
    """Write the list."""
    before = listed() if LIST.exists() else {}
    with LIST.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["package", "lock", "licence"])
        for name, lock in locked().items():
            rows.writerow([name, lock, licence(name) or before.get(name, "")])


if __name__ == "__main__":
    main()
