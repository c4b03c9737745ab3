"""The words of the pages: what a program can judge of them, each rule with an input it refuses."""

import json
import re

import pytest
from test_chapters import BOOK, CHAPTERS, PAGES, facts, ids, made, markdown

from report import data

NAMES = data.load("claims").set_index("claim_id")["short_name"]
READ = [BOOK / f"{name}.ipynb" for name in ("background", *CHAPTERS)]
CLAIM_ID = r"\bS\d-[PBT]\d+\b"
TENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty"
UNITS = f"two|three|four|five|six|seven|eight|nine|{TENS}|thirty|forty|fifty|sixty|seventy|eighty"
COUNTED = rf"(?i)\b(?:{UNITS}|ninety)(?:-\w+)? (?:hundred|thousand|million|billion)\b"
REFRAIN = r"(?i)\b(?:not|none|never) (?:be )?found\b|\bno [\w ]{2,45} (?:was|were) (?:found|read)\b"
EXHIBIT = r"(?ms)^:::\{exhibit\}.*?^:::$"


def read_aloud(text):
    """Return a text as a reader hears it: short names, no ids, no citations in brackets."""
    text = re.sub(r" ?\{(?:certainty|cite:p)\}`[^`]*`", "", text)
    text = re.sub(r"\{[rR]ec\}`([^`]*)`", lambda m: NAMES[m[1]], text)
    text = re.sub(r"\{term\}`([^<`]*?)(?: <[^`]*)?`", r"\1", text)
    text = re.sub(r"\{(?:numref|cite:t|doc)\}`[^`]*`", "Table one", text)
    text = re.sub(r"\{[\w:]+\}`[^`]*`", "one", text)
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)


def sentences(text):
    """Return the words of each sentence; one stands on each line."""
    lines = [line for line in text.splitlines() if re.match(r"[\s*-]*[A-Z{\"1-9]", line)]
    heard = [re.findall(r"[\w'’.%–-]*\w", read_aloud(line)) for line in lines]
    return [words for words in heard if len(words) > 2]


def too_long(text):
    found = sentences(text)
    mean = sum(map(len, found)) / len(found) if len(found) >= 10 else 0  # of a page, not of a note
    return [" ".join(s) for s in found if len(s) > 35] + [f"{mean:.1f} on average"] * (mean >= 20)


def bare_ids(text):
    """Return ids that a reader sees: outside roles, or as the words of {claim}."""
    text = re.sub(r"\{(?:rec|Rec|certainty)\}`[^`]*`", "", text)
    return re.findall(CLAIM_ID, re.sub(r"(\{claim\}`[^`<]+)<[^`>]*>`", r"\1", text))


def refrains(text):
    found = re.findall(REFRAIN, re.sub(r"(?m)^missing:.*$", "", text))
    return found if len(found) > 1 else []


def told(texts):
    """Return the works that more than one of these texts tells."""
    found = [re.findall(r"\{cite:\w\}`([^`]+)`", text) for text in texts]
    cited = [{key.strip() for keys in one for key in keys.split(",")} for one in found]
    return {key for one in cited for key in one if sum(key in other for other in cited) > 1}


def unshown(text, facts, shown, sizes):
    """Return numbers of paragraphs that link no exhibit, which the chapter does not show either.

    In a sentence that cites works, a number is a size that one of these works found.
    """
    parts = re.split(r"\n\s*\n|^- ", re.sub(EXHIBIT, "", text), flags=re.MULTILINE)
    found = []
    for line in (s for part in parts if "{numref}" not in part for s in part.splitlines()):
        keys = [k for cited in re.findall(r"\{cite:\w\}`([^`]+)`", line) for k in cited.split(",")]
        own = " ".join(sizes.get(key, "") for key in keys) if keys else shown
        for name in re.findall(r"glue:text\}`([^`]+)", line):
            for number in re.findall(r"\d(?:[\d,.]*\d)?", facts.get(name, "")):
                if not re.search(rf"(?<![\d.,]){re.escape(number)}(?!\d|[.,]\d)", own):
                    found.append(name)
    return found


def glossary():
    text = (BOOK / "appendix" / "glossary.md").read_text(encoding="utf-8")
    return re.findall(r"(?m)^(\S[^\n]*)\n  ", text)


def unlinked(text, terms):
    """Return the terms whose first use in running text leads nowhere."""
    text = re.sub(r"(?m)^#.*$", "", re.sub(EXHIBIT, "", text))
    text = re.sub(r"\{(?!term\})[\w:]+\}`[^`]*`|\]\([^)]*\)", "", text)
    first = {
        term: re.search(rf"(\{{term\}}`)?\b{re.escape(term)}s?\b", text, flags)
        for term in terms
        for flags in [re.IGNORECASE if term[1:].islower() else 0]
    }
    return [term for term, use in first.items() if use and not use[1]]


@pytest.mark.parametrize("path", PAGES, ids=ids(PAGES))
def test_sentences_are_short_and_ids_stay_out_of_prose(path):
    text = markdown(path)
    if "glossary" not in path.stem:
        assert not too_long(text)
    if path.parent == BOOK:
        assert not bare_ids(text)
    assert not re.findall(COUNTED, read_aloud(text)), "a number typed in words"


@pytest.mark.parametrize("path", READ, ids=ids(READ))
def test_no_refrain_and_terms_are_linked(path):
    assert not refrains(markdown(path))
    assert not unlinked(markdown(path), glossary())


@pytest.mark.parametrize("path", READ, ids=ids(READ))
def test_every_number_is_shown_or_leads_to_where_it_is(path):
    rows = data.load("findings").dropna(subset="value")
    sizes = {
        ref: " ".join(f"{abs(v):,g} {abs(v):,.0f}" for v in own)
        for ref, own in rows.groupby("reference")["value"]
    }
    assert not unshown(markdown(path), facts(path), json.dumps(made(path)), sizes)


def test_a_study_is_told_in_one_chapter():
    assert not told([markdown(path) for path in READ])


def test_indicators_go_by_names():
    rows = data.load("indicators")
    assert not re.findall(CLAIM_ID, " ".join(rows[["indicator", "latest", "change"]].stack()))


def test_the_glossary_holds_what_pages_use():
    used = "\n".join(markdown(path) for path in PAGES if path.stem != "glossary").lower()
    assert [term for term in glossary() if term.lower() not in used] == []
    assert glossary() == sorted(glossary(), key=str.lower)


BAD = {
    "a sentence of 36 words": lambda: too_long("A" + " b" * 35 + ".\nA b c."),
    "a mean of 20": lambda: too_long(("A" + " b" * 19 + ".\n") * 10),
    "an id in prose": lambda: bare_ids("## Assessment\nWe judge S1-P1 sound."),
    "an id by its role": lambda: bare_ids("## What the article argues\nTalk ({claim}`S1-P1`)."),
    "an id as the words of a link": lambda: bare_ids("We judge {claim}`S1-P1 <S1-P1>` sound."),
    "a second not found": lambda: refrains("It was not found.\nNo text of it was read."),
    "a study told twice": lambda: told(["{cite:p}`a,b`", "{cite:t}`b`"]),
    "a number shown nowhere": lambda: unshown(
        "It is {glue:text}`n`.", {"n": "7"}, '"17", "7.5"', {}
    ),
    "a size of another work": lambda: unshown(
        "By {glue:text}`n` {cite:p}`a`.", {"n": "7"}, '"7"', {"a": "8", "b": "7"}
    ),
    "a term not linked at first": lambda: unlinked("The reset. A {term}`reset`.", ["Reset"]),
    "a number in words": lambda: re.findall(COUNTED, "more than nineteen thousand children"),
}


@pytest.mark.parametrize("fault", BAD)
def test_each_rule_refuses_its_smallest_fault(fault):
    assert BAD[fault]()
