"""Count sources by kind, and rows by the best kind they name; say of which commit, if not of this.

    python tests/count_sources.py [COMMIT]

Reads data/ of a commit (of the working tree without one): what the rules keep out is counted too.
A row counts by the best kind among its sources; event lists are the tables with a day in a column
"date" or "start_date".
"""

import csv
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book"))
from publish.rules import unfit  # noqa: E402

#: The group of each chapter; a table belongs to the last chapter here that loads it.
GROUPS = {
    "background": "security",
    "human_rights": "opinion",
    "public_opinion": "opinion",
    "coalition": "economy",
    "sanctions": "economy",
    "landscape": "security",
    "engagement": "security",
}
FIRSTHAND = {"primary", "official", "dataset", "research"}


def read(path: str, commit: str) -> str:
    """Return a file of the commit, or of the working tree."""
    if not commit:
        return (ROOT / path).read_text(encoding="utf-8")
    show = ["git", "-C", str(ROOT), "show", f"{commit}:{path}"]
    return subprocess.run(show, check=True, capture_output=True, text=True).stdout


def rows(path: str, commit: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(read(path, commit).splitlines()))


def loads(chapter: str, commit: str) -> set[str]:
    """Return the tables that a chapter's notebook names in its code."""
    try:
        cells = json.loads(read(f"book/{chapter}.ipynb", commit))["cells"]
    except (subprocess.CalledProcessError, FileNotFoundError):
        return set()  # a chapter that this version has not
    code = "".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    return set(re.findall(r'load\("(\w+)"\)', code))


def main(commit: str = "") -> None:
    """Print the counts."""
    register = {row["source_key"]: row for row in rows("data/sources.csv", commit)}
    kinds = Counter(row["kind"] for row in register.values())
    print(
        f"{len(register)} sources: " + ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
    )
    reasons = Counter(filter(None, (unfit(source["url"]) for source in register.values())))
    print(f"{reasons.total()} kept out by the rules")
    print("".join(f"  {n:4} {why}\n" for why, n in reasons.most_common()), end="")
    resources = json.loads(read("data/datapackage.json", commit))["resources"]
    home = {name: group for page, group in GROUPS.items() for name in loads(page, commit)}
    best: dict[tuple[str, bool], Counter[str]] = defaultdict(Counter)
    for resource in [r for r in resources if r["name"] in home and r["name"] != "sources"]:
        events = {"date", "start_date"} & {f["name"] for f in resource["schema"]["fields"]}
        for row in rows(f"data/{resource['path']}", commit):
            keys = [row[c] for c in ("source", "source_2") if row.get(c) in register]
            found = {register[key]["kind"] for key in keys}
            if found:
                hand = "at first hand" if found & FIRSTHAND else "press alone"
                best[home[resource["name"]], bool(events)][hand] += 1
    for (group, events), counts in sorted(best.items()):
        share = 100 * counts["at first hand"] / counts.total()
        what = "event lists" if events else "other tables"
        said = f"{counts['at first hand']} of {counts.total()} rows, {share:.0f} per cent"
        print(f"{group}, {what}: {said} name a primary, official, dataset or research source")


if __name__ == "__main__":
    main(*sys.argv[1:])
