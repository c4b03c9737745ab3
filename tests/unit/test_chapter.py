"""report.Chapter: the blocks of a chapter, filled from its facts, joined by key."""

import json
import re

import pytest

import report
from report import data, exhibits
from report.chapter import ARTICLE

BLOCKS = ("article", "tested", "verdicts", "costs", "watch")
CHAPTERS = [name for name in ARTICLE if name != "conclusion"]


@pytest.fixture(scope="module")
def facts():
    """A fact for every place of the two tables that have any: its own name in capitals."""
    with pytest.MonkeyPatch.context() as patch:
        files = [data.path_of(name) for name in ("claims_tested", "indicators")]
        text = " ".join(path.read_text(encoding="utf-8") for path in files)
        patch.setattr(exhibits, "recorded", {n: n.upper() for n in re.findall(r"\{(\w+)\}", text)})
        yield exhibits.recorded


@pytest.fixture(scope="module")
def made(facts):
    """The five tables of each chapter."""
    return {name: blocks(name) for name in CHAPTERS}


def blocks(name):
    exhibits_of = report.Chapter(name)
    return {block: body(getattr(exhibits_of, block)()) for block in BLOCKS}


def body(exhibit):
    return json.loads(exhibit.bundle[exhibits.TABLE_MIME])


def test_all_chapters_have_the_same_columns(made):
    for block in BLOCKS:
        assert (
            len({json.dumps([c["title"] for c in m[block]["columns"]]) for m in made.values()}) == 1
        )
        assert [m[block]["name"] for m in made.values()] == [f"tbl-{n}-{block}" for n in CHAPTERS]


def test_every_row_of_the_two_tables_is_shown(made):
    for block, table in (("tested", "claims_tested"), ("watch", "indicators")):
        assert sum(len(m[block]["rows"]) for m in made.values()) == len(data.load(table))


def test_places_show_the_facts_of_the_chapter(made):
    rows = {row[0]: row for row in made["engagement"]["tested"]["rows"]}
    assert "of the CHANNELS channels listed" in rows["Creating joint task forces"][2]
    assert made["engagement"]["watch"]["rows"][2][1:3] == ["Last found: VISIT_PLACE", "VISIT_DATE"]


def test_studies_stand_by_direction_and_verdicts_as_markup(made):
    rows = {row[0]: row for row in made["engagement"]["tested"]["rows"]}
    *_, cited, verdict = rows["Economic collaboration"]
    own = data.load("findings").query("claim_id == 'S1-T2' and direction == 'supports'")
    first = "Supports: {cite:t}`" + ",".join(sorted(own["reference"])) + "`; Against: "
    assert cited["markup"].startswith(first) and "Context" not in cited["markup"]
    shown = report.grade(["S1-T2"])["shown"].item()
    assert verdict["markup"] == f"{{verdict}}`{shown}`"


def test_an_unfilled_place_names_table_row_and_place(facts, monkeypatch):
    monkeypatch.delitem(facts, "fall_j1")
    with pytest.raises(report.DataError, match=r"claims_tested, row 'S1-B3'.*record.*'fall_j1'"):
        report.Chapter("engagement").tested()


def test_the_tables_of_the_notebook_link_the_dictionary(monkeypatch):
    monkeypatch.setattr(data, "_used", {})
    factors = data.load("factors")
    (row,) = body(report.Chapter("conclusion").data())["rows"]
    assert row[0] == {"markup": "{ref}`factors <data-factors>`"}
    assert row[2:] == [str(len(factors)), "CC-BY-4.0"]


def test_an_unknown_chapter_is_refused():
    with pytest.raises(report.DataError, match=r"no chapter 'engagment'; there are: engagement"):
        report.Chapter("engagment")
