"""Whatever a cell, heading or source says is shown as these characters, or refused.

One tiny book holds every hostile text in each of these places. It is executed and built by the
real command, and read back from the pages, the PDF, the EPUB, the downloads and the HTML that
JupyterLab shows.
"""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
import zipfile

import nbformat
import pandas as pd
import pypdf
import pytest
from bs4 import BeautifulSoup
from copies import cases
from hostile import tree

import report
from publish import validation
from report import data

TEXTS, REFUSED = cases("hostile_texts").values()
TEXTS |= {"long word": "Donaudampfschifffahrtsgesellschaft" * 12}
TEXTS |= {"long text": "many words " * 180 + "end"}
REFUSED |= {"100,000 characters": "x" * 100_000}
CELLS = [
    "import json\nfrom pathlib import Path\n\nimport pandas as pd\n\nimport report",
    'texts = json.loads(Path("texts.json").read_text(encoding="utf-8"))',
    'frame = pd.DataFrame({"number": range(len(texts)), "text": texts}, dtype=object)',
    'loaded = report.load("claims"), report.load("media_trust")',
    'report.table(frame, "tbl-cells", source="claims")',
    *(
        f'report.table(pd.DataFrame({{texts[{n}]: ["x"]}}), "tbl-heads-{n}", source="media_trust")'
        for n in range(len(TEXTS))
    ),
    "fig, ax = report.charts.axes(height=2)\nax.plot([1, 2], [3, 4]);",
    'heads = frame.rename(columns={"text": texts[0]})\n'
    'report.figure(fig, "fig-x", source="media_trust", numbers=heads)',
]
NAMES = ["tbl-cells", *(f"tbl-heads-{n}" for n in range(len(TEXTS))), "fig-x"]
PROSE = "# Hostile\n" + "".join(
    f"\n:::{{exhibit}} {name}\n---\nalt: {tree.ALT}\n---\nWords\n:::\n" for name in NAMES
)


@pytest.fixture(autouse=True, scope="module")
def loaded():
    """A table is made from what was loaded."""
    data.load("claims")


def plain(text: str) -> str:
    """Return a text as print shows it: no line ends, no break opportunities, composed letters."""
    text = unicodedata.normalize("NFKC", re.sub("[\u00ad\u200b\u2060]", "", text))
    return re.sub(r"\s+", "", text)


@pytest.fixture(scope="module")
def root(shop, tmp_path_factory):
    """The tiny book with all hostile texts in cells, headings and sources, as it was published."""
    root = shop.fresh()
    texts = json.dumps(list(TEXTS.values()), ensure_ascii=False)
    (root / "book/texts.json").write_text(texts, encoding="utf-8")
    (root / tree.PAGE).write_text(tree.notebook(PROSE, CELLS), encoding="utf-8")
    descriptor = root / "data/datapackage.json"
    package = json.loads(descriptor.read_text(encoding="utf-8"))
    claims = next(r for r in package["resources"] if r["name"] == "claims")
    claims["sources"] = [{"title": text} for text in TEXTS.values()]
    claims["title"] = claims["caveats"][0] = TEXTS["script"] + TEXTS["Typst code"]
    descriptor.write_text(json.dumps(package), encoding="utf-8")
    status, _, error = shop.run("book")
    assert status == 0, error
    return shutil.copytree(root, tmp_path_factory.mktemp("content") / "book")


@pytest.fixture(scope="module")
def page(root):
    return BeautifulSoup((root / "_build/html/book/summary.html").read_text("utf-8"), "html.parser")


@pytest.fixture(scope="module")
def printed(root):
    """The text of the PDF: whole, and without what no extraction keeps."""
    reader = pypdf.PdfReader(root / "_build/dealing-with-moscow.pdf")
    return plain("".join(p.extract_text() for p in reader.pages))


@pytest.mark.parametrize("name", TEXTS)
def test_a_cell_a_heading_and_a_source_show_it_as_text_in_html(page, name):
    number, text = list(TEXTS).index(name), TEXTS[name]
    words = " ".join(text.split())

    def shown(tag):
        return " ".join(tag.get_text().split())

    cell = page.select("#tbl-cells tbody tr")[number].find_all(["td", "th"])[1]
    assert shown(cell) == words
    assert [tag.name for tag in cell.find_all(True) if tag.name not in {"p", "wbr"}] == []
    assert shown(page.select_one(f"#tbl-heads-{number} thead th")) == words
    assert words in shown(page.select_one(".exhibit-source"))


def harmless(soup):
    assert not [tag for tag in soup.find_all(True) if {"onerror", "onmouseover"} & set(tag.attrs)]
    assert not [s for s in soup.find_all("script") if "alert" in s.text]
    assert not soup.find_all("img", src="x")
    assert "root:x:0" not in soup.get_text()


def test_nothing_hostile_becomes_a_part_of_the_page(page):
    harmless(page)


@pytest.mark.parametrize("name", TEXTS)
def test_the_pdf_shows_it_as_text(printed, name):
    """Cell, heading, source line: three times or more; a page may end within a long one."""
    assert printed.count(plain(TEXTS[name])) >= (1 if name == "long text" else 3)


def test_the_pdf_reads_no_file_and_runs_no_code(root, printed):
    assert "root:x:0" not in printed
    assert b"/JavaScript" not in (root / "_build/dealing-with-moscow.pdf").read_bytes()


def test_the_epub_shows_it_as_text(root):
    with zipfile.ZipFile(root / "_build/html/dealing-with-moscow.epub") as book:
        (name,) = [n for n in book.namelist() if n.endswith("summary.xhtml")]
        soup = BeautifulSoup(book.read(name).decode(), "html.parser")
    text = plain(soup.get_text())
    assert [name for name, said in TEXTS.items() if plain(said) not in text] == []
    harmless(soup)


def test_jupyterlab_shows_it_as_text(root):
    notebook = nbformat.read(root / "book/summary.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    tables = [o.data["text/html"] for o in outputs if "text/html" in o.get("data", {})]
    soups = [BeautifulSoup(table, "html.parser") for table in tables]
    cells = [row.find_all(["td", "th"])[1] for row in soups[0].select("tbody tr")]
    assert [cell.get_text() for cell in cells] == list(TEXTS.values())
    assert [soup.th.get_text() for soup in soups[1:]] == list(TEXTS.values())
    names = {tag.name for soup in soups for tag in soup.find_all(True)}
    assert names == {"table", "thead", "tbody", "tr", "th", "td"}


@pytest.mark.parametrize("text", [t for t in TEXTS.values() if re.search(r"[<>{}\[\]`*#|\\]", t)])
def test_a_fact_that_would_act_as_markup_is_refused(text):
    with pytest.raises(report.DataError, match="acts as markup"):
        report.facts(x=text)


def test_downloads_are_the_data_byte_for_byte(root):
    """What is safe to show may still be a formula in a spreadsheet: validation refuses those."""
    for path in (root / "data").rglob("*.csv"):
        copy = root / "_build/html/data" / path.relative_to(root / "data")
        assert copy.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1"])
def test_a_cell_that_a_spreadsheet_would_run_is_refused(root, text):
    path = root / "data/evidence/nato_members.csv"
    kept = path.read_text()
    path.write_text(kept.replace("Belgium", f'"{text}"', 1), newline="")
    said = validation.problems(root)
    path.write_text(kept)
    assert [line for line in said if "nato_members.csv row" in line]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_shown_is_refused_by_name(name):
    text = REFUSED[name]
    cell, heading = pd.DataFrame({"a": [text]}, dtype=object), pd.DataFrame({text: ["x"]})
    for make in (
        lambda: report.table(cell, "tbl-x", source="claims"),
        lambda: report.table(heading, "tbl-x", source="claims"),
        lambda: report.figure(report.charts.axes()[0], "fig-x", source="claims", numbers=cell),
        lambda: report.facts(x=text),
    ):
        with pytest.raises(report.DataError, match=r"remove it|at most 2000 can be") as error:
            make()
        assert len(str(error.value)) < 200
