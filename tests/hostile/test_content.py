"""Whatever a cell, caption, heading or source says is shown as these characters, or refused.

One tiny book holds every hostile text in each of these places. It is executed and built by the
real command, and read back from the pages, the PDF, the EPUB if there is one, the downloads and
the HTML that JupyterLab shows.
"""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
import zipfile
from pathlib import Path

import nbformat
import pandas as pd
import pypdf
import pytest
from bs4 import BeautifulSoup
from hostile import tree
from hypothesis import given, settings
from hypothesis import strategies as st

import report
from publish import validation

#: Shown as they are.
TEXTS = {
    "script": "<script>alert('x')</script>",
    "element": '<img src=x onerror="alert(1)"><b>bold</b>',
    "end of script": "</script></style></textarea><script>alert(2)</script>",
    "entity": "&lt;b&gt; &amp; &#60; &copy;",
    "comment": "<!-- hidden --> <![CDATA[ x ]]> <?php x ?>",
    "attribute": '" onmouseover="alert(1)" x="',
    "Markdown table": "| a | b |\n|---|---|\n| 1 | 2 |",
    "Markdown": "# Title *em* **strong** [a](b.md) ![i](j.png) `code` > quote",
    "link": "<https://example.org/x> https://example.org/y www.example.org",
    "eval": "{eval}`1 + 1`",
    "include": "```{include} ../../../etc/passwd\n```",
    "raw": "```{raw} html\n<script>alert(3)</script>\n```",
    "end of fence": "~~~\n~~~{raw} html\n<script>alert(4)</script>\n~~~",
    "glue": "{glue:text}`tiny_groups` {ref}`tbl-tiny` {cite:t}`ahn2020` {claim}`S1-B1`",
    "markup": '{"markup": "{cite:t}`ahn2020`"}',
    "reStructuredText": ".. raw:: html\n\n   <b>x</b> :ref:`tbl-tiny` |version| x_ `y`__",
    "Jinja": "{{ 7 * 7 }} {% include 'x' %} {# note #}",
    "format": "%s %(x)s {0} {x!r} ${x} $(x) `x`",
    "LaTeX": r"$x^2$ \(y\) \[z\] \input{/etc/passwd} \write18{id} 100% a_b^c ~ #1 &",
    "Typst code": '#read("/etc/passwd") #import "x.typ" #eval("1+1") #(1 + 1)',
    "Typst end": '"]) #panic("x") ("[',
    "Typst markup": "= Title *strong* _em_ @label <label> $x$ // note /* note */ - + / ~ --- ...",
    "backslashes": r"\\ \" \n \u{41} \x41 \ ",
    "JSON": '{"a": [1, "b\\u0041"]} \u2028'.replace("\u2028", ""),
    "formula": '=HYPERLINK("https://example.org";"x") =cmd|\'/c calc\'!A1',
    "plus": "+1+1",
    "minus": "-2-3",
    "at": "@SUM(1)",
    "shell": "; rm -rf / | cat `id` $(id) && x > y < z",
    "path": "../../../../etc/passwd C:\\Windows file:///etc/passwd",
    "letters": "Ærøskøbing Łódź Ελλάδα Москва Київ",
    "ligatures": "offline affix fl fi ﬁ",
    "combining": "Zoe\u0308 e\u0301 Ä",
    "long word": "Donaudampfschifffahrtsgesellschaft" * 12,
    "long text": "many words " * 180 + "end",
    "quotes": "' \" ` ´ ‘ ’ “ ” « »",
    "dashes": "-- --- – — − …",
    "numbers": "1e400 NaN inf None null True 0x10 1,234.5",
    "spaces inside": "a b c",
}
#: Refused with a message that names the place: no page could show them, or not faithfully.
REFUSED = {
    "zero byte": "a\0b",
    "bell": "a\ab",
    "escape": "a\x1b[31mb",
    "delete": "a\x7fb",
    "tab": "a\tb",
    "carriage return": "a\r\nb",
    "byte order mark": "\ufeffa",
    "right-to-left override": "a\u202eb",
    "right-to-left mark": "a\u200fb",
    "isolate": "a\u2066b",
    "zero-width space": "a\u200bb",
    "zero-width joiner": "a\u200db",
    "soft hyphen": "a\u00adb",
    "joined emoji": "\U0001f468\u200d\U0001f469",
    "line separator": "a\u2028b",
    "tag character": "a\U000e0041b",
    "half a pair": "a\ud800b",
    "private letter": "a\ue000b",
    "100,000 characters": "x" * 100_000,
}
CELLS = [
    "import json\nfrom pathlib import Path\n\nimport pandas as pd\n\nimport report",
    'texts = json.loads(Path("texts.json").read_text(encoding="utf-8"))',
    'frame = pd.DataFrame({"number": range(len(texts)), "text": texts}, dtype=object)',
    'report.table(frame, name="tbl-cells", caption="Cells", source="claims")',
    'heads = pd.DataFrame({f"c{n}": ["x"] for n in range(len(texts))})',
    'names = {f"c{n}": text for n, text in enumerate(texts)}',
    *(
        f'report.table(heads, name="tbl-heads-{n}", caption=texts[{n}], source="claims", '
        f'columns={{"c0": texts[{n}]}})'
        for n in range(len(TEXTS))
    ),
    "fig, ax = report.charts.axes(height=2)\nax.plot([1, 2], [3, 4]);",
    'report.figure(fig, name="fig-x", caption=texts[0], alt=" ".join(texts[:32]), source="claims", '
    'numbers=frame, columns={"number": texts[1], "text": texts[2]})',
    'report.facts({f"fact_{n}": text for n, text in enumerate(texts[:32])})',
]
FACTS = "\n".join(f"Fact {n}: {{glue:text}}`fact_{n}` end.\n" for n in range(32))


def plain(text: str) -> str:
    """Return a text as print shows it: no line ends, no break opportunities, composed letters."""
    text = unicodedata.normalize("NFKC", re.sub("[\u00ad\u200b\u2060]", "", text))
    return re.sub(r"\s+", "", text)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The tiny book with all hostile texts in cells, headings, captions, sources, facts."""
    root = tree.plant(tmp_path_factory.mktemp("content") / "book")
    texts = json.dumps(list(TEXTS.values()), ensure_ascii=False)
    (root / "book/texts.json").write_text(texts, encoding="utf-8")
    (root / "book/summary.ipynb").write_text(tree.notebook(f"# Hostile\n\n{FACTS}", CELLS))
    descriptor = root / "data/datapackage.json"
    package = json.loads(descriptor.read_text(encoding="utf-8"))
    claims = next(r for r in package["resources"] if r["name"] == "claims")
    claims["sources"] = [{"title": text} for text in TEXTS.values()]
    claims["title"] = claims["caveats"][0] = TEXTS["script"] + TEXTS["Typst code"]
    descriptor.write_text(json.dumps(package), encoding="utf-8")
    made = tree.run(root, "book")
    assert made.returncode == 0, made.stderr
    return root


@pytest.fixture(scope="module")
def page(root):
    return BeautifulSoup((root / "_build/html/book/summary.html").read_text("utf-8"), "html.parser")


@pytest.fixture(scope="module")
def printed(root):
    """The text of the PDF: whole, and without what no extraction keeps."""
    reader = pypdf.PdfReader(root / "_build/dealing-with-moscow.pdf")
    return plain("".join(p.extract_text() for p in reader.pages))


@pytest.mark.parametrize("name", TEXTS)
def test_a_cell_a_heading_a_caption_and_a_source_show_it_as_text_in_html(page, name):
    number, text = list(TEXTS).index(name), TEXTS[name]
    words = " ".join(text.split())

    def shown(tag):
        return " ".join(tag.get_text().split())

    cell = page.select("#tbl-cells tbody tr")[number].find_all(["td", "th"])[1]
    assert shown(cell) == words
    assert [tag.name for tag in cell.find_all(True) if tag.name not in {"p", "wbr"}] == []
    assert shown(page.select_one(f"#tbl-heads-{number} .caption-text")) == words
    assert shown(page.select_one(f"#tbl-heads-{number} thead th")) == words
    line = page.select_one(".exhibit-source")
    assert words in shown(line)


def test_nothing_hostile_becomes_a_part_of_the_page(page):
    assert not [tag for tag in page.find_all(True) if {"onerror", "onmouseover"} & set(tag.attrs)]
    assert not [s for s in page.find_all("script") if "alert" in s.text]
    assert not page.find_all("img", src="x")
    assert "root:x:0" not in page.get_text()
    facts = " ".join(page.select_one("article, main").get_text().split())
    for number, text in enumerate(list(TEXTS.values())[:32]):
        assert f"Fact {number}: {' '.join(text.split())} end." in facts
    picture = page.select_one("figure img, img[alt^='<script>']")
    assert picture["alt"].startswith(TEXTS["script"])


@pytest.mark.parametrize("name", TEXTS)
def test_the_pdf_shows_it_as_text(printed, name):
    """Cell, heading, caption, source line: each text stands there four times or more."""
    assert printed.count(plain(TEXTS[name])) >= 4, TEXTS[name][:80]


def test_the_pdf_reads_no_file_and_runs_no_code(root, printed):
    assert "root:x:0" not in printed
    assert b"/JavaScript" not in (root / "_build/dealing-with-moscow.pdf").read_bytes()


def test_the_epub_shows_it_as_text(root):
    books = list((root / "_build").rglob("*.epub"))
    if not books:
        pytest.skip("this edition has no EPUB")
    with zipfile.ZipFile(books[0]) as book:
        (name,) = [n for n in book.namelist() if n.endswith("summary.xhtml")]
        soup = BeautifulSoup(book.read(name).decode(), "html.parser")
    text = plain(soup.get_text())
    assert [name for name, said in TEXTS.items() if plain(said) not in text] == []
    assert not [tag for tag in soup.find_all(True) if {"onerror", "onmouseover"} & set(tag.attrs)]
    assert not [s for s in soup.find_all("script") if "alert" in s.text]


def test_jupyterlab_shows_it_as_text(root):
    notebook = nbformat.read(root / "book/summary.ipynb", as_version=4)
    tables = [o.data["text/html"] for c in notebook.cells for o in c.get("outputs", [])
              if "text/html" in o.get("data", {})]  # fmt: skip
    soup = BeautifulSoup(tables[0], "html.parser")
    cells = [row.find_all(["td", "th"])[1] for row in soup.select("tbody tr")]
    assert [cell.get_text() for cell in cells] == list(TEXTS.values())
    for number, text in enumerate(TEXTS.values()):
        other = BeautifulSoup(tables[number + 1], "html.parser")
        assert other.caption.get_text() == other.th.get_text() == text
        names = {tag.name for tag in other.find_all(True)}
        assert names <= {"table", "caption", "thead", "tbody", "tr", "th", "td"}


def test_downloads_are_the_data_byte_for_byte(root):
    """What is safe to show may still be a formula in a spreadsheet: validation refuses those."""
    for path in (root / "data").rglob("*.csv"):
        copy = root / "_build/html/data" / path.relative_to(root / "data")
        assert copy.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1"])
def test_a_cell_that_a_spreadsheet_would_run_is_refused(root, tmp_path, text):
    copy = Path(shutil.copytree(root, tmp_path / "copy", ignore=shutil.ignore_patterns("_build")))
    path = copy / "data/evidence/nato_members.csv"
    path.write_text(path.read_text().replace("Belgium", f'"{text}"', 1), newline="")
    assert [line for line in validation.problems(copy) if "nato_members.csv row" in line]


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("place", ["cell", "caption", "heading", "note", "fact", "alt"])
def test_what_cannot_be_shown_is_refused_by_name(name, place):
    text = REFUSED[name]
    frame = pd.DataFrame({"a": [text if place == "cell" else "x"]}, dtype=object)
    options = {"name": "tbl-x", "source": "claims", "caption": "x"}
    if place == "caption":
        options["caption"] = text
    if place == "heading":
        options["columns"] = {"a": text}
    if place == "note":
        options["notes"] = [text]
    with pytest.raises(report.DataError) as error:
        if place == "fact":
            report.facts({"x": text})
        elif place == "alt":
            fig, _ = report.charts.axes()
            report.figure(fig, alt=text, numbers=frame.assign(a="x"), **options)
        else:
            report.table(frame, **options)
    said = str(error.value)
    assert len(said) < 200
    assert "remove it" in said or "at most 2000 can be shown" in said


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=60), min_size=1))
def test_any_text_in_any_place_of_a_table_is_shown_or_refused(texts):
    frame = pd.DataFrame({"a": texts}, dtype=object)
    try:
        made = report.table(frame, name="t", caption=texts[0], source="claims",
                            columns={"a": texts[-1]}, missing="none was found")  # fmt: skip
    except report.DataError as error:
        assert "remove it" in str(error)
        return
    soup = BeautifulSoup(made.bundle["text/html"], "html.parser")
    lines = made.bundle["text/markdown"].split("\n")
    assert [line for line in lines if line.startswith("~~~")] == [lines[0], lines[-1]]
    body = json.loads("\n".join(lines[1:-1]))
    assert [row[0] for row in body["rows"]] == texts
    assert (body["caption"], body["columns"][0]["title"]) == (texts[0], texts[-1])
    assert len(soup.find_all("td")) + len(soup.find_all("th")) == len(texts) + 1
