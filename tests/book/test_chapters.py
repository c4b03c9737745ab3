"""What makes a chapter good enough, as far as a program can tell."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest
from copies import NAMES, cases

import report
from report import data
from report.exhibits import FACTS_MIME, FIGURE_MIME, TABLE_MIME

BOOK = data.ROOT / "book"
CHAPTERS = ["engagement", "landscape", "sanctions", "coalition", "public_opinion", "human_rights"]
PARTS, TYPED = cases("chapter_rules").values()
SECTION_OF = {"introduction": "summary"}
NOTEBOOKS = sorted(p for p in BOOK.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
PAGES = NOTEBOOKS + sorted(p for p in BOOK.rglob("*.md") if "_extensions" not in p.parts)

INDICATOR_TEXTS = ["indicator", "latest", "as_of", "change"]


@cache
def cells(path: Path) -> list[dict]:
    """Return the cells of a page; one in Markdown is one cell."""
    text = path.read_text(encoding="utf-8")
    whole = [{"cell_type": "markdown", "source": text}]
    return whole if path.suffix == ".md" else json.loads(text)["cells"]


def sources(path: Path, kind: str) -> list[str]:
    """Return the sources of a page's Markdown or code cells."""
    return ["".join(c["source"]) for c in cells(path) if c["cell_type"] == kind]


def markdown(path: Path) -> str:
    """Return a page's Markdown."""
    return "\n\n".join(sources(path, "markdown"))


def prose(path: Path) -> str:
    """Return a page's text, captions and alternative texts too, without roles and addresses."""
    return plain(markdown(path))


def plain(text: str) -> str:
    text = re.sub(r"\bprobably\b(?=[^\n]*\{certainty\})", " ", text)  # a tag makes it exact
    options = "^:(?:class|header-rows|stub-columns):.*$"
    text = re.sub(rf"(?m)^:::.*$|^---$|{options}|^(?:alt|missing): (?:>-)?", "", text)
    text = re.sub(r"\{[\w:]+\}`[^`]*`", " ", text)
    text = re.sub(r"`[^`]*`", " ", text)
    return re.sub(r"\]\([^)]*\)|https?://\S+", "]", text)


def bundles(path: Path) -> list[dict]:
    """Return the representations of each output that a page's cells store."""
    return [o.get("data", {}) for cell in cells(path) for o in cell.get("outputs", [])]


def made(path: Path) -> dict[str, dict]:
    """Return the body of every exhibit that a notebook's cells store, by name."""
    stored = (b.get(TABLE_MIME) or b.get(FIGURE_MIME) for b in bundles(path))
    bodies = [json.loads("".join(text)) for text in stored if text]
    return {body["name"]: body for body in bodies}


def facts(path: Path) -> dict[str, str]:
    """Return the facts that a notebook's cells store."""
    stored = [json.loads("".join(b.get(FACTS_MIME, "{}"))) for b in bundles(path)]
    return {name: text for facts in stored for name, text in facts.items()}


def ids(paths: list[Path]) -> list[str]:
    return [p.relative_to(BOOK).with_suffix("").as_posix() for p in paths]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_parts_are_all_there_in_order(chapter):
    text = markdown(BOOK / f"{chapter}.ipynb")
    assert re.findall(r"(?m)^## (.+)$", text) == PARTS
    assert len(re.findall(r"(?m)^# .+$", text)) == 1


@pytest.mark.parametrize("section", sorted(data.load("claims")["section"].unique()))
def test_every_claim_is_met_in_its_chapter(section):
    claims = data.load("claims")
    wanted = set(claims.loc[claims["section"] == section, "claim_id"])
    path = BOOK / f"{SECTION_OF.get(section, section)}.ipynb"
    text = markdown(path)
    argued = text
    if section not in {"introduction", "conclusion"}:
        argued = text.split("## What the article argues")[1].split("\n## ")[0]
    missing = wanted - set(re.findall(r"\{claim\}`[^`<]+ <(S\d-[PBT]\d+)>`", argued))
    assert not missing, f"{path.name} does not meet the claims {sorted(missing)}"


@pytest.mark.parametrize("path", PAGES, ids=ids(PAGES))
def test_no_unknown_claim_is_named(path):
    known = set(data.load("claims")["claim_id"])
    cited = set(re.findall(r"\bS\d-[PBT]\d+\b", markdown(path)))
    assert cited <= known, f"{path.name} names claims that do not exist: {sorted(cited - known)}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids(NOTEBOOKS))
def test_every_code_cell_ran_in_order(path):
    code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        if re.match(r"report\.(table|figure|facts)\(", "".join(cell["source"])):
            assert cell["outputs"], "a cell that shows an exhibit stores no output"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids(NOTEBOOKS))
def test_outputs_are_exhibits_or_facts(path):
    """No bare value: it has no caption and no source, and may hold a memory address."""
    for bundle in bundles(path):
        assert any(m.startswith("application/vnd.report.") for m in bundle), bundle
        assert not {*bundle} & {"text/markdown", "image/png"}


@pytest.mark.parametrize("path", PAGES, ids=ids(PAGES))
def test_numbers_in_prose_come_from_data(path):
    text = prose(path)
    for pattern in TYPED:
        text = re.sub(pattern, " ", text)
    text = re.sub(r"(?m)^\s*\d+\. ", " ", text)  # the numbers of a list
    typed = [line.strip() for line in text.splitlines() if re.search(r"\d", line)]
    assert not typed, f"{path.name}: numbers typed in the prose: {typed}"


VAGUE = (
    r"(?im)^.*\b(?:recently|currently|nowadays|today|soon|likely|unlikely|probably|arguably|clearly"
    r"|obviously|undoubtedly|of course|very(?! low\b))\b.*$"
)


@pytest.mark.parametrize("path", PAGES, ids=ids(PAGES))
def test_no_vague_or_undated_words(path):
    assert not re.findall(VAGUE, prose(path))


def test_a_moderate_verdict_is_worded_as_such(monkeypatch):
    tagged = "Observers probably help. {certainty}`S6-T1`"
    assert not re.findall(VAGUE, plain(tagged)) and re.findall(VAGUE, plain(tagged[:24]))
    rows, told = report.assess(), {}
    some = rows[rows["use"].eq(report.USES[0])].iloc[0]
    rows.loc[some.name, "certainty"] = "moderate"
    monkeypatch.setattr(report, "assess", lambda: rows)
    monkeypatch.setattr(report, "facts", lambda **new: told.update(new))
    code = sources(BOOK / "summary.ipynb", "code")
    last = next(place for place, cell in enumerate(code) if "now_sure=" in cell)
    exec("\n".join(code[: last + 1]), {})
    assert told["now_sure"].startswith(f"moderate for {some['short_name']}; low for ")


@pytest.mark.parametrize("path", PAGES, ids=ids(PAGES))
def test_one_sentence_per_line(path):
    several = [
        line
        for line in prose(path).splitlines()
        if re.search(r"[a-z)\]]{2}[.?!] +[A-Z][a-z]", line) and not line.startswith("|")
    ]
    assert not several, several


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids(NOTEBOOKS))
def test_exhibits_are_referred_to_and_sourced(path):
    text = "\n".join(markdown(p) for p in PAGES)
    own = markdown(path)
    for name, body in made(path).items():
        assert body["source"], name
        if path.stem in CHAPTERS:
            assert f"{{numref}}`{name}`" in own, f"{path.name} shows {name} but never refers to it"
        else:
            assert len(re.findall(rf"\b{name}\b", text)) > 1 or name.startswith("tbl-claims-"), name


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_findings_name_their_exhibit_and_tags_are_computed(chapter):
    text = markdown(BOOK / f"{chapter}.ipynb")
    box = re.search(r"(?s):class: in-brief\n(.*?)\n:::", text).group(1)
    findings = re.split(r"(?m)^- ", box)[1:]
    assert 3 <= len(findings) <= 5
    for finding in findings:
        assert "{numref}`" in finding, finding
    # A certainty comes from the verdict on a recommendation; nobody types one.
    assert not re.search(r"\b(very low|low|moderate|high) (certainty|confidence)\b", box)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_length_and_exhibits(chapter):
    path = BOOK / f"{chapter}.ipynb"
    words = len(re.sub(r"(?ms)^:::\{exhibit\}.*?^:::$", "", markdown(path)).split())
    assert 1400 <= words <= 3200, f"{words} words"
    assert len(made(path)) >= 9  # article's table, five exhibits or more, verdicts, costs, watch
    assert sum(name.startswith("fig-") for name in made(path)) >= 3


def test_labels_are_unique():
    names = [name for path in NOTEBOOKS for name in made(path)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", PAGES, ids=ids(PAGES))
def test_citations_resolve(path):
    known = set(re.findall(r"(?m)^@\w+\{([^,]+),", (BOOK / "references.bib").read_text()))
    text = markdown(path) + json.dumps(bundles(path))
    used = re.findall(r"\{cite:\w\}`([^`]+)`", text)
    missing = {key.strip() for keys in used for key in keys.split(",")} - known
    assert not missing


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids(NOTEBOOKS))
def test_facts_are_recorded_and_used(path):
    used = set(re.findall(r"\{glue:text\}`([^`]+)`", markdown(path)))
    for name, columns in {"claims_tested": ["record"], "indicators": INDICATOR_TEXTS}.items():
        rows = data.load(name)
        section = "chapter" if name == "indicators" else "section"
        own = rows[rows[section] == path.stem] if section in rows else rows
        used |= set(re.findall(r"\{(\w+)\}", " ".join(own[columns].stack().dropna())))
    calls = [node for code in sources(path, "code") for node in ast.walk(ast.parse(code))]
    calls = [c for c in calls if isinstance(c, ast.Call) and ast.unparse(c.func) == "report.facts"]
    names = {keyword.arg for call in calls for keyword in call.keywords if keyword.arg}
    for name in names - used:
        shown = {n for n in used & facts(path).keys() - names if n.startswith(f"{name}_")}
        assert shown, f"{path.name}: {name} is recorded, and nothing shows it"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=ids(NOTEBOOKS))
def test_code_tells_nothing_and_shows_what_it_ends_on(path):
    for source in sources(path, "code"):
        assert not re.search(r"(?m)^\s*#", source), "no narrative in comments"
        # nbval runs cells outside of IPython's display hook: a semicolon mutes nothing there.
        assert not source.rstrip().endswith(";"), source


def test_no_sentence_of_the_article_is_copied():
    """No run of eight words of the article stands in the report (garbled words aside)."""
    article = Path(data.ROOT).parent / "shared" / "article.txt"
    if not article.exists():
        pytest.skip("the article is not part of this repository")
    words = re.findall(r"[a-z']+", article.read_text(encoding="utf-8").lower())
    runs = {tuple(words[i : i + 8]) for i in range(len(words) - 7)}
    for path in [*PAGES, *(data.DATA / "article").glob("*.csv")]:
        text = re.findall(r"[a-z']+", path.read_text(encoding="utf-8").lower())
        own = (tuple(text[i : i + 8]) for i in range(len(text) - 7))
        copied = [" ".join(run) for run in own if run in runs]
        assert not copied, f"{path.name}: {copied[:3]}"


def test_the_contents_name_every_page():
    assert {f"book/{name}" for name in ids(PAGES)} == {*NAMES}
