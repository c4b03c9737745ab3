"""The grading rule: from coded findings to a verdict and its certainty per claim.

The method page prints the rule in words; data/research/factors.csv has the reasons and references
of all weights. All functions are pure. ``findings`` needs the columns claim_id, reference,
direction, directness, setting, stream; ``works``, indexed by reference, the columns design, bias,
read, authors (surnames with "; " between), cases, pools (references with a space between) and
tests (number pooled).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations, pairwise
from math import prod
from random import Random
from typing import Any, NamedTuple

import pandas as pd

DIRECTION = {"supports": 1, "against": -1, "mixed": 0, "null": 0}  # "context" is not counted
DIRECTNESS = ("direct", "near", "mechanism")
FACTORS = ("design", "directness", "setting", "bias", "read")
SPOKEN = ["claim_id", "reference", "direction", "directness", "setting", "stream"]  # findings
KNOWN = ["design", "bias", "read", "authors", "cases", "pools", "tests"]  # works
LEANING, ONE_SIDED = 0.2, 0.6  # edges of the score; an edge belongs outward
USABLE, MANY, REVIEW, SEARCHES = 3, 5, 10, 3  # streams, streams, tests pooled, searches
OPPOSING = 0.2  # the share of weight against the side that unsettles it
SEED = 2026  # of every draw
DIGITS = 9  # rounding before any comparison, so that the order of a sum cannot matter

CERTAINTY = ("very low", "low", "moderate", "high")
READ_AS = ("too uncertain to say", "may", "probably", "shows")
NOT_TESTED, TOO_LITTLE = "not tested", "too little evidence"
MIXED, DISAGREE = "mixed results", "studies disagree"


class Factor(NamedTuple):
    """What a level of a factor does: it multiplies the weight and caps the grade (0 to 3)."""

    weight: float
    cap: int


Levels = Mapping[tuple[str, str], Factor]  # by factor and level


class Work(NamedTuple):
    """What a work brings to one claim: its most direct findings that count, and who it is."""

    reference: str
    stream: str
    findings: tuple[tuple[Any, tuple[tuple[str, str], ...]], ...]  # direction, factor and level
    direct: bool
    team: str
    cases: str
    tests: int
    history: bool  # a direct case study of the target that tests rival explanations


class Say(NamedTuple):
    """What a work, or a stream of works, says of one claim."""

    work: Work
    direction: float
    weight: float
    grade: int
    direct: bool
    tests: int


class Judgement(NamedTuple):
    """The outcome for one claim; certainty is -1 where there is no verdict with a side."""

    verdict: str
    side: int = 0
    score: float = float("nan")
    certainty: int = -1
    streams: int = 0
    usable: int = 0
    direct: int = 0
    thin: bool = False
    unsettled: str = ""  # what unsettles it, in words
    indirect: bool = False


def levels(factors: pd.DataFrame) -> dict[tuple[str, str], Factor]:
    """Return weight and cap by factor and level, from a table with those four columns."""
    rows = factors[["factor", "level", "weight", "cap"]].itertuples(index=False)
    return {(factor, level): Factor(float(w), int(cap)) for factor, level, w, cap in rows}


def teams(authors: Mapping[str, str]) -> dict[str, str]:
    """Return the team of each work: works that share half of the shorter author list are one.

    A team has the key of its first work; a work whose authors are not known is one of its own.
    """
    lists = {w: set(n.split("; ")) if isinstance(n, str) else {w} for w, n in authors.items()}
    team = {work: work for work in lists}
    for one, other in combinations(lists, 2):
        if 2 * len(lists[one] & lists[other]) >= min(len(lists[one]), len(lists[other])):
            joined = {team[one], team[other]}
            team = {w: min(joined) if t in joined else t for w, t in team.items()}
    return team


def gather(findings: pd.DataFrame, works: pd.DataFrame) -> dict[str, list[Work]]:
    """Return by claim the works that speak for it, in the order of their keys.

    Only the most direct findings of a work speak; those that are context do not count. A work
    that a counted review pools does not speak beside it.
    """
    known = {row.Index: row for row in works[KNOWN].itertuples()}
    claims: dict[str, dict[str, list[Any]]] = {}
    for row in sorted(findings[SPOKEN].itertuples(index=False)):
        if row.direction != "context":
            claims.setdefault(row.claim_id, {}).setdefault(row.reference, []).append(row)
    found = {}
    for claim, spoken in claims.items():
        team = teams({key: known[key].authors for key in spoken})
        lists = (known[key].pools for key in spoken)
        pooled = {key for text in lists if isinstance(text, str) for key in text.split()}
        heard = sorted(spoken.keys() - pooled)
        found[claim] = [_work(known[key], spoken[key], team[key]) for key in heard]
    return found


def _work(work: Any, rows: Sequence[Any], team: str) -> Work:
    """Return what a row of works brings to one claim by its rows of findings."""
    nearest = min((row.directness for row in rows), key=DIRECTNESS.index)
    own = [row for row in rows if row.directness == nearest]
    said = [(row.direction, work._asdict() | row._asdict()) for row in own]
    tested = work.design == "case study" and work.bias != "high"
    return Work(
        reference=work.Index,
        stream=min(row.stream for row in own),
        findings=tuple(dict.fromkeys((d, tuple((f, its[f]) for f in FACTORS)) for d, its in said)),
        direct=nearest == "direct",
        team=team,
        cases=str(work.cases),
        tests=0 if pd.isna(work.tests) else int(work.tests),
        history=tested and nearest == "direct" and "target" in {row.setting for row in own},
    )


def say(work: Work, factors: Levels, code: Callable[[Any], int] = DIRECTION.__getitem__) -> Say:
    """Return a work's say: unlike directions are mixed, weight and grade the highest it has.

    Of each direction, code gives the number.
    """
    chosen = [[factors[key] for key in keys] for _, keys in work.findings]
    directions = {code(direction) for direction, _ in work.findings}
    return Say(
        work,
        direction=min(directions) if len(directions) == 1 else 0,
        weight=max(round(prod(f.weight for f in each), DIGITS) for each in chosen),
        grade=max(min(f.cap for f in each) for each in chosen),
        direct=work.direct,
        tests=work.tests,
    )


def merge(says: Iterable[Say], mean: bool = False) -> list[Say]:
    """Return the streams: works of one stream count once, as their balance says, like the best.

    With mean the direction is their weighted mean, -1 to 1, in place of the sign of the balance.
    """
    groups: dict[str, list[Say]] = {}
    for each in says:
        groups.setdefault(each.work.stream, []).append(each)
    streams = []
    for _, own in sorted(groups.items()):
        best = max(own, key=lambda s: (s.grade, s.weight, s.work.reference))
        balance = round(sum(s.weight * s.direction for s in own), DIGITS)
        sign, tests = (balance > 0) - (balance < 0), max(s.tests for s in own)
        direction = score(own) if mean and best.weight else sign
        direct = any(s.direct for s in own)
        streams.append(best._replace(direction=direction, tests=tests, direct=direct))
    return streams


def score(streams: Iterable[Say]) -> float:
    """Return the weighted mean of the directions, -1 to 1; nan without any weight."""
    pairs = [(s.weight, s.direction) for s in streams]
    total = sum(w for w, _ in pairs)
    return round(sum(w * d for w, d in pairs) / total, DIGITS) if total else float("nan")


def side(value: float) -> int:
    """Return 1 (for), -1 (against) or 0 of a score."""
    return (value >= LEANING) - (value <= -LEANING)


def judge(says: Iterable[Say], searches: int = SEARCHES, mean: bool = False) -> Judgement:
    """Return verdict and certainty of one claim.

    Args:
        says: what each work says.
        searches: how many searches were made for the claim.
        mean: as merge says.
    """
    streams = merge(says, mean)
    value = score(streams)
    if value != value:  # no stream, or none with weight
        return Judgement(NOT_TESTED)
    lean, direct = side(value), sum(s.direct for s in streams)
    usable = sum(s.grade >= 1 for s in streams)
    found = Judgement(TOO_LITTLE, lean, value, streams=len(streams), usable=usable, direct=direct)
    leading = [s for s in streams if s.direction * lean > 0]
    if usable < USABLE:  # a lean needs one usable stream behind it
        return found._replace(side=lean * any(s.grade >= 1 for s in leading))
    if lean == 0:
        undecided = sum(s.weight * (1 - abs(s.direction)) for s in streams)
        half = round(undecided / sum(s.weight for s in streams), DIGITS) >= 0.5
        return found._replace(verdict=MIXED if half else DISAGREE)
    word = "supported" if lean > 0 else "contradicted"
    start, lifting = _start(leading, value, searches)
    # A review excuses few streams only if it is itself usable: one on a mechanism is not.
    thin = usable < MANY and not any(s.tests >= REVIEW and s.grade >= 1 for s in leading)
    reason = _unsettled(streams, lean, start, lifting)
    return found._replace(
        verdict=word if abs(value) >= ONE_SIDED else f"mostly {word}",
        certainty=max(start - thin - bool(reason), 0),
        thin=thin,
        unsettled=reason,
        indirect=not any(s.direct for s in leading),
    )


def _start(leading: Sequence[Say], value: float, searches: int) -> tuple[int, list[Say]]:
    """Return the certainty to start from, and the case studies that lift it, if they do."""
    rising = sorted(leading, key=lambda s: s.grade)
    best = {s.work.team: s.grade for s in rising}  # of the streams of a team the last, its best
    start = sorted([0, 0, *best.values()])[-2]  # the second best; without two teams 0
    if searches < SEARCHES:
        return min(start, 1), []
    cases: dict[str, str] = {}  # which team has studied which
    history = [s for s in leading if s.work.history]
    for work in (s.work for s in history):
        if work.team not in cases.values():
            cases.setdefault(work.cases, work.team)
    lifted = start == 1 and len(cases) >= 3 and abs(value) >= ONE_SIDED
    return (2, history) if lifted else (start, [])


def _unsettled(streams: Sequence[Say], lean: int, start: int, lifting: Sequence[Say]) -> str:
    """Return the first thing that unsettles a side, as inline MyST; "" when nothing does."""
    against = sum(s.weight * max(0, -lean * s.direction) for s in streams)
    if round(against / sum(s.weight for s in streams), DIGITS) >= OPPOSING:
        return "a fifth or more of the weight is on the other side"
    for one in streams:
        if side(score(s for s in streams if s is not one)) != lean:
            return f"it turns without {{cite:t}}`{one.work.reference}`"
    for team in sorted({s.work.team for s in streams}):
        if side(score(s for s in streams if s.work.team != team)) != lean:
            return f"it turns without the team of {{cite:t}}`{team}`"
    if side(score(s._replace(weight=1.0) for s in streams)) != lean:
        return "it turns when all streams weigh the same"
    if side(score(lifting or [s for s in streams if s.grade >= start])) != lean:
        return "it turns on the best streams alone"
    return ""


def shown(judgement: Judgement) -> str:
    """Return the words for a reader, direction and certainty in one."""
    if judgement.verdict == TOO_LITTLE:
        return TOO_LITTLE + ("", ", leans for", ", leans against")[judgement.side]
    if judgement.certainty < 0 or judgement.certainty >= 2:
        return judgement.verdict
    return ("leans for", "leans against")[judgement.side < 0]


def grade(
    findings: pd.DataFrame,
    works: pd.DataFrame,
    factors: pd.DataFrame,
    searches: Mapping[str, int],
    claims: Sequence[str],
    mean: bool = False,
) -> pd.DataFrame:
    """Grade every claim.

    Args:
        findings, works: as the module says.
        factors: factor, level, weight (0 to 1), cap (0 to 3).
        searches: number of searches by claim.
        claims: the claims to grade, in order. mean: as merge says.

    Returns:
        claim_id, verdict, shown (the words for a reader), side, score, certainty (a word, or
        missing where there is no side), streams, usable, direct (counts of streams), thin,
        indirect (yes or no), unsettled (the reason in words, or ""), best (the work that weighs
        most).
    """
    by_level, pools, rows = levels(factors), gather(findings, works), []
    for claim in claims:
        spoken = [say(work, by_level) for work in pools.get(claim, [])]
        found = judge(spoken, searches.get(claim, 0), mean)
        best = max(spoken, key=lambda s: (s.grade, s.weight, s.work.reference), default=None)
        row = {"claim_id": claim, **found._asdict(), "shown": shown(found)}
        row["certainty"] = CERTAINTY[found.certainty] if found.certainty >= 0 else None
        rows.append(row | {"best": best.work.reference if best else None})
    return pd.DataFrame(rows)


def keeps_side(
    findings: pd.DataFrame,
    works: pd.DataFrame,
    factors: pd.DataFrame,
    claims: Sequence[str],
    recoded: float,
    draws: int = 1000,
) -> pd.Series:
    """Return the share of draws, 0 to 1, that keep the side of each claim; it rules nothing.

    In each draw every weight falls between the midpoints to its neighbours on its factor (the
    outer ones as far beyond, within 0 and 1), and each direction is recoded to another at the
    rate at which two coders differed.

    Args:
        recoded: that rate, 0 to 1.
    """
    random = Random(SEED)  # noqa: S311 (draws, no secrets)
    base = dict(sorted(levels(factors).items()))  # drawn in this order, whatever the rows'
    spans = {}
    for key, factor in base.items():
        weights = sorted({f.weight for (name, _), f in base.items() if name == key[0]})
        half = [(b - a) / 2 for a, b in pairwise(weights)]
        reach = [*half[:1], *half, *half[-1:]] or [0, 0]  # below each weight, and above the last
        place = weights.index(factor.weight)
        low, high = factor.weight - reach[place], factor.weight + reach[place + 1]
        spans[key] = max(0.0, low), min(1.0, high)
    pools = gather(findings, works)

    def lean(claim: str, factors: Levels, code: Callable[[str], int]) -> int:
        return side(score(merge(say(work, factors, code) for work in pools.get(claim, []))))

    def recode(word: str) -> int:
        now = DIRECTION[word]
        others = [other for other in (-1, 0, 1) if other != now]
        return random.choice(others) if random.random() < recoded else now

    now = {claim: lean(claim, base, DIRECTION.__getitem__) for claim in claims}
    kept = dict.fromkeys(claims, 0)
    for _ in range(draws):
        drawn = {k: f._replace(weight=random.uniform(*spans[k])) for k, f in base.items()}
        for claim in claims:
            kept[claim] += lean(claim, drawn, recode) == now[claim]
    return pd.Series(kept) / draws


def alpha(first: Sequence[str], second: Sequence[str]) -> float:
    """Return Krippendorff's alpha of two codings in unordered words, 1 for full agreement.

    ``1 - observed / expected`` disagreement (Krippendorff 2011, Computing Krippendorff's
    alpha-reliability, nominal data, two observers, no missing codes).
    """
    pairs = list(zip(first, second, strict=True))
    counts = Counter(code for pair in pairs for code in pair)
    total = counts.total()
    observed = sum(a != b for a, b in pairs) / len(pairs)
    expected = 1 - sum(n * (n - 1) for n in counts.values()) / (total * (total - 1))
    return 1 - observed / expected if expected else 1.0


def alpha_interval(first: Sequence[str], second: Sequence[str]) -> tuple[float, float]:
    """Return the middle 95 per cent of alpha over 500 draws of findings, with replacement."""
    random = Random(SEED)  # noqa: S311 (draws, no secrets)
    pairs = sorted(zip(first, second, strict=True))  # a draw by place: rows have no order
    drawn = (random.choices(pairs, k=len(pairs)) for _ in range(500))
    found = sorted(alpha(*zip(*draw, strict=True)) for draw in drawn)
    return found[12], found[-13]
