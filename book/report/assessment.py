"""Verdicts for the chapters: the grading rule applied, joined with what is our judgement."""

from __future__ import annotations

import json
from functools import cache

import pandas as pd

from report import evidence
from report.data import load
from report.exhibits import EXPLORER_MIME, Exhibit

#: What a reader may do with a recommendation, by its verdict and whether it can be done now.
USES = (
    "the evidence leans for it, and it can be done now",
    "the evidence leans for it, under conditions",
    "do not rely on it",
    "no verdict",
)


def base() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """Return findings, works (indexed by reference), factors, and searches by claim."""
    searches = load("searches").groupby("claim_id").size().to_dict()
    return load("findings"), load("works").set_index("reference"), load("factors"), searches


def assess(section: str = "", factors: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return one row per recommendation, in the article's order.

    Args:
        section: a chapter; empty for all. factors: weights and caps in place of data/'s.

    Returns:
        The columns of claims, of verdict_inputs (our judgement) and of evidence.grade; best, the
        key of the work that weighs most; departure, the reason where our certainty is lower
        than the rule's; and use, one of USES.
    """
    claims = load("claims").merge(load("verdict_inputs"), on="claim_id").sort_values("position")
    if section:
        claims = claims[claims["section"] == section]
    frame = claims.merge(grade(list(claims["claim_id"]), factors), on="claim_id")
    known, now = frame["certainty"].notna(), frame["can_do"].eq("now")
    frame["use"] = USES[3]
    frame.loc[known & frame["side"].lt(0), "use"] = USES[2]
    frame.loc[known & frame["side"].gt(0), "use"] = USES[1]
    frame.loc[known & frame["side"].gt(0) & now, "use"] = USES[0]
    return frame


def grade(claims: list[str], factors: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return what evidence.grade finds on claims, our departures toward caution applied."""
    findings, works, own, searches = base()
    departures = load("verdict_overrides").set_index("claim_id")
    highest = departures["certainty"].map(evidence.CERTAINTY.index).to_dict()
    weights = own if factors is None else factors
    graded = evidence.grade(findings, works, weights, searches, claims, highest)
    return graded.assign(departure=graded["claim_id"].map(departures["reason"]))


@cache
def certainty(claim_id: str) -> str:
    """Return the certainty of a claim's verdict in a word, or "no verdict" (for tags in prose)."""
    word = grade([claim_id])["certainty"].item()
    return "no verdict" if pd.isna(word) else str(word)


def explorer(claims: pd.DataFrame) -> Exhibit:
    """Return what a page needs to apply the grading rule to weights that a reader chooses.

    Args:
        claims: claim_id and short_name of the claims to grade.
    """
    findings, works, factors, _ = base()
    factors = factors[factors["factor"] != "read"].sort_values(["factor", "position"])
    places = {key: n for n, key in enumerate(zip(factors["factor"], factors["level"], strict=True))}
    rows, by_level = [], evidence.levels(load("factors"))
    for key, name in zip(claims["claim_id"], claims["short_name"], strict=True):
        streams: dict[str, list[object]] = {}
        pool = evidence.gather(findings[findings["claim_id"] == key], works)
        for rank, work in enumerate(pool):
            said = evidence.say(work, by_level)
            spoken = [[places[f] for f in keys if f in places] for _, keys in work.findings]
            streams.setdefault(work.stream, []).append([said.direction, said.grade, rank, spoken])
        rows.append({"name": name, "streams": list(streams.values())})
    words = {name.lower(): getattr(evidence, name) for name in RULE}
    body = {
        "name": "weights-explorer",
        "levels": [f"{factor}: {level}" for factor, level in places],
        "weights": [float(w) for w in factors["weight"]],
        "rule": words,
        "claims": rows,
    }
    return Exhibit(
        {
            EXPLORER_MIME: json.dumps(body, ensure_ascii=False, indent=1),
            "text/html": "<p>The page has sliders; in the notebook, change the factors.</p>",
            "text/plain": "weights explorer (shown on the page)",
        }
    )


RULE = ("LEANING", "ONE_SIDED", "USABLE", "NOT_TESTED", "TOO_LITTLE", "MIXED", "DISAGREE")
