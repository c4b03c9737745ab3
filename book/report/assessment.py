"""Verdicts for the chapters: the grading rule applied, joined with what is our judgement."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from random import Random
from typing import Any

import pandas as pd

from report import evidence
from report.data import load
from report.exhibits import EXPLORER_MIME, Exhibit, Markup, rec, verdict

#: What a reader may do with a recommendation, by its verdict and whether it can be done now.
USES = (
    "the evidence leans for it, and it can be done now",
    "the evidence leans for it, under conditions",
    "do not rely on it",
    "no verdict",
)
#: The names in evidence.py that the page with the explorer needs.
RULE = ("LEANING", "ONE_SIDED", "USABLE", "NOT_TESTED", "TOO_LITTLE", "MIXED", "DISAGREE")


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
        key of the work that weighs most; and use, one of USES.
    """
    claims = load("claims").merge(load("verdict_inputs"), on="claim_id").sort_values("position")
    if section:
        claims = claims[claims["section"] == section]
    frame = claims.merge(grade(list(claims["claim_id"]), factors), on="claim_id")
    frame["use"] = sides(frame).map({-1: USES[2], 0: USES[3], 1: USES[1]}).to_numpy()
    frame.loc[frame["can_do"].eq("now") & frame["use"].eq(USES[1]), "use"] = USES[0]
    return frame


def grade(claims: list[str], factors: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return what evidence.grade finds on claims, by the data or by other factors.

    The columns Recommendation, Verdict, Certainty, Streams and Hangs on say it for a table.
    """
    findings, works, own, searches = base()
    factors = own if factors is None else factors
    graded = evidence.grade(findings, works, factors, searches, claims)
    graded["Recommendation"] = markup(rec(claim) for claim in graded["claim_id"])
    graded["Verdict"] = markup(verdict(word) for word in graded["shown"])
    graded["Certainty"] = graded["certainty"].fillna("no verdict")
    graded["Streams"] = graded["usable"].astype(str) + " of " + graded["streams"].astype(str)
    graded["Hangs on"] = markup(_cautions(row) for row in graded.itertuples())
    return graded


def markup(texts: Iterable[object]) -> pd.Series:
    """Return a column whose markup stays markup (pandas would make it plain text)."""
    return pd.Series(list(texts), dtype=object)


def _cautions(row: Any) -> str | None:
    """Return what makes a verdict less sure, as inline MyST; None where there is no verdict."""
    if pd.isna(row.certainty):
        return None
    words = [row.thin and "few streams", row.unsettled, row.indirect and "indirect evidence only"]
    return Markup("; ".join(filter(None, words)) or "nothing that we tried")


def sides(graded: pd.DataFrame) -> pd.Series:
    """Return by claim the side of its verdict, 1 or -1; 0 where there is none."""
    return graded["side"].where(graded["certainty"].notna(), 0).set_axis(graded["claim_id"])


def tally(graded: pd.DataFrame) -> list[int]:
    """Return how many claims have evidence for, against, no side, and low certainty or better."""
    found, better = list(sides(graded)), graded["certainty"].isin(evidence.CERTAINTY[1:])
    return [*map(found.count, (1, -1, 0)), int(better.sum())]


def chance(draws: int = 200) -> pd.DataFrame:
    """Return the tally of each draw, a row, when directions are dealt among all findings."""
    findings, works, factors, searches = base()
    counted = findings[findings["direction"].ne("context")].sort_values("finding_id")
    codes = [evidence.DIRECTION[word] for word in counted["direction"]]
    # In place of its direction a finding has its place, of which each draw has another code.
    pools = evidence.gather(counted.assign(direction=range(len(codes))), works)
    random, by_level, dealt = Random(evidence.SEED), evidence.levels(factors), []  # noqa: S311
    graded = [(pools.get(c, []), searches.get(c, 0)) for c in load("verdict_inputs")["claim_id"]]
    for _ in range(draws):
        codes, found = random.sample(codes, len(codes)), []
        for pool, tried in graded:
            says = (evidence.say(work, by_level, codes.__getitem__) for work in pool)
            found.append(evidence.judge(says, tried))
        sides = [one.side * (one.certainty >= 0) for one in found]
        better = sum(one.certainty >= 1 for one in found)
        dealt.append([*map(sides.count, (1, -1, 0)), better])
    return pd.DataFrame(dealt)


@cache
def certainties() -> dict[str, str]:
    """Return by claim the certainty of its verdict in a word (for tags in prose)."""
    graded = grade(list(load("verdict_inputs")["claim_id"]))
    return dict(zip(graded["claim_id"], graded["Certainty"], strict=True))


def explorer(claims: pd.DataFrame) -> Exhibit:
    """Return what a page needs to apply the grading rule to weights that a reader chooses.

    Args:
        claims: claim_id and short_name of the claims to grade.
    """
    findings, works, factors, _ = base()
    rows, by_level, pools = [], evidence.levels(factors), evidence.gather(findings, works)
    factors = factors[factors["factor"] != "read"].sort_values(["factor", "position"])
    places = {key: n for n, key in enumerate(zip(factors["factor"], factors["level"], strict=True))}
    for key, name in zip(claims["claim_id"], claims["short_name"], strict=True):
        streams: dict[str, list[object]] = {}
        for rank, work in enumerate(pools.get(key, [])):
            said = evidence.say(work, by_level)
            spoken = [[places[f] for f in keys if f in places] for _, keys in work.findings]
            streams.setdefault(work.stream, []).append([said.direction, said.grade, rank, spoken])
        rows.append({"name": name, "streams": list(streams.values())})
    body = {
        "name": "weights-explorer",
        "levels": [f"{factor}: {level}" for factor, level in places],
        "weights": [float(w) for w in factors["weight"]],
        "rule": {name.lower(): getattr(evidence, name) for name in RULE},
        "claims": rows,
    }
    bundle = {
        EXPLORER_MIME: json.dumps(body, ensure_ascii=False, indent=1),
        "text/html": "<p>The page has sliders; in the notebook, change the factors.</p>",
        "text/plain": "weights explorer (shown on the page)",
    }
    return Exhibit(bundle)
