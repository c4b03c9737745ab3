"""The files that each exhibit of the built book gives to take along."""

import collections
import csv
import json
import re
import struct
from pathlib import Path

import frictionless
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from pybtex.database import parse_file

ROOT = Path(__file__).parents[2]
ABOUT = yaml.safe_load((ROOT / "CITATION.cff").read_text())
KEPT = (Path(__file__).parent / "addresses_1.0.0.txt").read_text().split()


@pytest.fixture(scope="module")
def boxes(built):
    """Every exhibit's box on its page, by its id."""
    found = {}
    for path in sorted((built / "book").rglob("*.html")):
        for box in BeautifulSoup(path.read_text("utf-8"), "lxml").select(".exhibit"):
            shown = box.find("figure") or box.find("table")
            found[shown["id"]] = box
    return found


def drawn(boxes):
    return [name for name in boxes if name.startswith("fig-")]


def text(tag):
    return " ".join(tag.get_text().split())


def test_each_exhibit_has_its_files_and_links_them(boxes, built):
    expected = set()
    for name, box in boxes.items():
        ends = ["csv", "json", "bib", "ris", *["png", "svg"] * bool(box.find("img"))]
        links = [a["href"].rpartition("/")[2] for a in box.select(".cite-this a[download]")]
        assert sorted(links) == sorted(f"{name}.{end}" for end in ends), name
        assert bool(box.find("img")) == name.startswith("fig-"), name
        expected |= {*links}
    assert {path.name for path in (built / "exhibits").iterdir()} == expected
    assert len(boxes) > 100


def test_a_csv_is_what_the_page_shows(boxes, built):
    """Read by pandas; numbers are numbers, words are the cells' words."""
    for name, box in boxes.items():
        rows = [[text(cell) for cell in row.select("th, td")] for row in box.table.select("tr")]
        frame = pd.read_csv(built / "exhibits" / f"{name}.csv", dtype=str, keep_default_na=False)
        assert frame.shape == (len(rows) - 1, len(rows[0])), name
        for shown, column in zip(rows[0], frame.columns, strict=True):
            assert re.fullmatch(rf"{re.escape(shown)}( 2)?( \(.+\))?", column), (name, column)
        for shown, read in zip(rows[1:], frame.itertuples(index=False), strict=True):
            for one, other in zip(shown, read, strict=True):
                plain = one.replace(",", "").replace("−", "-")
                kept = {"" if one == "–" else one, plain, one.partition(" ")[2]}
                assert " ".join(other.split()) in kept, (name, one, other)


def test_no_cell_is_a_formula(built):
    for path in (built / "exhibits").glob("*.csv"):
        for row in csv.reader(path.read_text("utf-8").splitlines()):
            wrong = [c for c in row if c[:1] in {*"=+@-"} and not re.fullmatch(r"-[\d.]+", c)]
            assert not any(wrong), (path.name, wrong)


def test_frictionless_confirms_what_is_said_of_each_csv(built):
    for path in sorted((built / "exhibits").glob("*.json")):
        said = json.loads(path.read_text("utf-8"))
        report = frictionless.Package(str(path)).validate()
        assert report.valid, (path.name, report.flatten(["rowNumber", "fieldName", "message"])[:3])
        assert said["version"] == ABOUT["version"] and said["licenses"] and said["sources"]
        assert said["resources"][0]["path"] == path.with_suffix(".csv").name


def test_a_unit_in_a_header_is_that_of_the_values(built):
    """Each number below a unit is found in a field of data/ that has this unit."""
    known = collections.defaultdict(set)
    for table in json.loads((ROOT / "data/datapackage.json").read_text())["resources"]:
        frame = pd.read_csv(ROOT / "data" / table["path"])
        for field in [field for field in table["schema"]["fields"] if "unit" in field]:
            known[field["unit"]] |= {*frame[field["name"]].dropna()}
    seen = 0
    for path in sorted((built / "exhibits").glob("*.json")):
        fields = json.loads(path.read_text("utf-8"))["resources"][0]["schema"]["fields"]
        frame = pd.read_csv(path.with_suffix(".csv"))
        for field in [field for field in fields if "unit" in field]:
            seen += 1
            assert field["unit"].lower() in field["name"].lower(), path.name
            assert {*frame[field["name"]].dropna()} <= known[field["unit"]], path.name
    assert seen > 20


def test_citations_are_read_by_reference_managers(boxes, built):
    for name, box in boxes.items():
        cited = text(box.select_one("pre[data-name=citation]"))
        [entry] = parse_file(str(built / "exhibits" / f"{name}.bib"), "bibtex").entries.values()
        title = re.sub(r"\\(.)", r"\1", entry.fields["title"].strip("{}"))
        assert title in cited and entry.fields["year"] == str(ABOUT["date-released"].year)
        record = (built / "exhibits" / f"{name}.ris").read_text("utf-8")
        assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in record.splitlines()), name
        assert f"TI  - {title}\n" in record and record.endswith("ER  - \n")
        assert cited.endswith(f".html#{name}") and f"Version {ABOUT['version']}" in cited


def test_a_picture_is_1600_pixels_wide_and_carries_its_words(boxes, built):
    for name in drawn(boxes):
        raw = (built / "exhibits" / f"{name}.png").read_bytes()
        assert raw.startswith(b"\x89PNG") and struct.unpack(">I", raw[16:20]) == (1600,), name
        svg = BeautifulSoup((built / "exhibits" / f"{name}.svg").read_text("utf-8"), "xml").svg
        said = " ".join(text(t) for t in svg.find_all("text", recursive=False))
        source = text(boxes[name].select_one(".exhibit-source")).partition(" Data: ")[0]
        caption = text(boxes[name].select_one(".caption-text"))
        number = text(boxes[name].select_one(".caption-number"))
        for part in (caption, source, number, f"version {ABOUT['version']}", f".html#{name}"):
            assert part in said, (name, part)
        assert svg.title.string == caption and len(svg.desc.string) > 40


def test_what_stands_in_a_picture_is_said_of_its_marks(boxes):
    """Nearly every figure has marks, and those name numbers or dates."""
    found = {name: boxes[name].select_one("script.marks") for name in drawn(boxes)}
    assert sum(tag is not None for tag in found.values()) >= len(found) - 1
    for name, tag in found.items():
        for line in json.loads(tag.string) if tag else ():
            x, y, said = line.split(" ", 2)
            assert 0 <= float(x) <= 1 and 0 <= float(y) <= 1 and said, (name, line)


def test_one_page_lists_all_exhibits_in_the_order_of_the_book(boxes, built):
    page = BeautifulSoup((built / "exhibits.html").read_text("utf-8"), "html.parser")
    rows = page.select("tbody tr")
    listed = [row.th.a["href"].partition("#")[2] for row in rows]
    assert sorted(listed) == sorted(boxes)
    chapters = [int(row.td["data-sort"]) for row in rows]
    assert chapters == sorted(chapters) and len(set(chapters)) > 8
    for row, name in zip(rows, listed, strict=True):
        number = boxes[name].select_one(".caption-number")
        assert text(row.th).startswith(text(number)), name
        assert bool(row.img) == name.startswith("fig-"), name
        assert len(row.select("a[download]")) == (4 if row.img else 2), name


def test_addresses_of_exhibits_of_version_1_still_lead_somewhere(built):
    gone = {*KEPT}
    for page in {address.partition("#")[0] for address in KEPT}:
        names = re.findall(' id="([^"]+)"', (built / page).read_text("utf-8"))
        gone -= {f"{page}#{name}" for name in names}
    assert len(KEPT) == 125 and not gone
