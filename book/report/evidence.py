"""The grading rule: from single findings to one verdict per claim.

In words:

1. A study counts once per claim. If its findings on that claim disagree, it counts as mixed;
   if they stem from several types of study, the type with the greatest weight counts.
2. A supporting study is +1, a mixed one 0, a contradicting one -1. Context is not counted.
3. ``score = sum(weight * direction) / (sum(weight) + NEUTRAL)``: a weighted mean that starts
   from one neutral study, so that a single thin study cannot carry a claim to the end of the
   scale.
4. Five equal bands of the score are the five verdicts; without any weight a claim is
   "not tested".
5. Evidence (weight and number of studies) and agreement (spread of the directions) give
   confidence, as in the IPCC guidance note (Mastrandrea and others 2010).

A further supporting study can never lower a verdict: with S = sum(weight * direction) and
W = sum(weight) >= S, the new score (S + w) / (W + w + NEUTRAL) is at least S / (W + NEUTRAL).

All functions are pure: frames in, frames out. ``findings`` needs the columns claim_id,
reference, direction and study_type; ``weights`` is a Series of weights from 0 to 1, indexed
by study type.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

DIRECTION = {"supports": 1, "mixed": 0, "against": -1}
NEUTRAL = 0.5  # weight of the neutral study that every claim starts from

VERDICTS = ("contradicted", "mostly contradicted", "contested", "mostly supported", "supported")
NOT_TESTED = "not tested"
OUTER, INNER = 0.6, 0.2  # edges of the bands of the score; an edge belongs to the outer band

EVIDENCE = ("limited", "medium", "robust")
MEDIUM_WEIGHT, MEDIUM_STUDIES = 1.0, 3
ROBUST_WEIGHT, ROBUST_STUDIES = 2.0, 4

AGREEMENT = ("low", "medium", "high")
MEDIUM_SPREAD, HIGH_SPREAD = 0.5, 0.2  # the widest spread that still counts as such agreement

CONFIDENCE = ("very low", "low", "medium", "high", "very high")
DIGITS = 9  # rounding before any comparison, so that the order of a sum cannot matter


def confidence_word(evidence: str, agreement: str) -> str:
    """Return the confidence that a word of evidence and one of agreement give (or ValueError)."""
    return CONFIDENCE[EVIDENCE.index(evidence) + AGREEMENT.index(agreement)]


class Studies(NamedTuple):
    """The counting studies: one entry per pair of claim and reference, in sorted order."""

    claims: list[str]
    claim: np.ndarray
    reference: np.ndarray
    direction: np.ndarray
    types: np.ndarray

    def weight(self, weights: np.ndarray) -> np.ndarray:
        """Weight of each study under each weighting: the greatest among its types."""
        return np.where(self.types, np.round(weights, DIGITS)[:, None, :], 0.0).max(axis=2)

    def total(self, values: np.ndarray) -> np.ndarray:
        """Sum of the studies' values per claim, for each weighting."""
        return values @ (self.claim[:, None] == np.arange(len(self.claims)))


def studies(
    findings: pd.DataFrame, types: Sequence[str], claims: Sequence[str] | None = None
) -> Studies:
    """Reduce findings to counting studies: one per claim and reference, whatever the order."""
    unknown = set(findings["direction"]) - {*DIRECTION, "context"}
    if unknown:
        raise ValueError(f"unknown direction: {sorted(unknown)}")
    untyped = set(findings["study_type"]) - set(types)
    if untyped:
        raise ValueError(f"study type without a weight: {sorted(untyped)}")
    names = sorted(set(findings["claim_id"])) if claims is None else list(claims)
    counted = findings[findings["direction"].isin(DIRECTION) & findings["claim_id"].isin(names)]
    counted = counted.assign(value=counted["direction"].map(DIRECTION))
    pairs = counted.groupby(["claim_id", "reference"])
    low, high = pairs["value"].min(), pairs["value"].max()
    kinds = pairs["study_type"].agg(set)
    member = [[name in kind for name in types] for kind in kinds]
    return Studies(
        names,
        np.array([names.index(claim) for claim, _ in kinds.index], dtype=int),
        np.array([reference for _, reference in kinds.index], dtype=object),
        low.where(low == high, 0).to_numpy(dtype=float),
        np.array(member, dtype=bool).reshape(len(kinds), len(types)),
    )


def score(signed: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Shrunken weighted mean of the directions, -1 to 1; nan where nothing carries weight."""
    return np.where(weight > 0, np.round(signed / (weight + NEUTRAL), DIGITS), np.nan)


def verdict(scores: np.ndarray) -> np.ndarray:
    """Name the band of each score."""
    band = 2 + (scores >= INNER) + (scores >= OUTER) - (scores <= -INNER) - (scores <= -OUTER)
    return np.where(np.isnan(scores), NOT_TESTED, np.array(VERDICTS, dtype=object)[band])


def grade(
    findings: pd.DataFrame, weights: pd.Series, claims: Sequence[str] | None = None
) -> pd.DataFrame:
    """Grade every claim: counts by direction, score, verdict, evidence, agreement, confidence.

    ``claims`` gives the claims to grade and their order; without it, those that have findings.
    Evidence is medium from MEDIUM_WEIGHT and MEDIUM_STUDIES on, robust from ROBUST_WEIGHT and
    ROBUST_STUDIES on. Agreement looks at the weighted variance of the directions,
    ``spread = sum(w * d**2) / W - (sum(w * d) / W)**2`` (0: all alike; 1: half for, half
    against): high up to HIGH_SPREAD, medium up to MEDIUM_SPREAD. A lone study has nobody to
    agree with, so its agreement is low; that of two studies is medium at most. Confidence is
    the sum of the two steps, 0 to 4. A claim that is not tested has none of the three.
    """
    pool = studies(findings, list(weights.index), claims)
    each = pool.weight(weights.to_numpy(dtype=float)[None, :])
    total, signed, square = (pool.total(each * pool.direction**n)[0] for n in range(3))
    count = pool.total((each > 0).astype(int))[0]
    mass, values, tested = np.round(total, DIGITS), score(signed, total), total > 0
    share = np.where(tested, total, 1.0)
    spread = np.round(square / share - (signed / share) ** 2, DIGITS)
    medium = (mass >= MEDIUM_WEIGHT) & (count >= MEDIUM_STUDIES)
    robust = (mass >= ROBUST_WEIGHT) & (count >= ROBUST_STUDIES)
    evidence = medium.astype(int) + robust
    alike = (spread <= MEDIUM_SPREAD).astype(int) + (spread <= HIGH_SPREAD)
    agreement = np.clip(alike, 0, np.maximum(count - 1, 0))
    context = findings[findings["direction"] == "context"].groupby("claim_id")["reference"]

    def tally(value: int) -> np.ndarray:
        return np.bincount(pool.claim[pool.direction == value], minlength=len(pool.claims))

    def name(words: tuple[str, ...], step: np.ndarray) -> list[str | None]:
        return [words[i] if known else None for i, known in zip(step, tested, strict=True)]

    return pd.DataFrame(
        {
            "claim_id": pool.claims,
            **{direction: tally(value) for direction, value in DIRECTION.items()},
            "context": context.nunique().reindex(pool.claims, fill_value=0).to_numpy(dtype=int),
            "weight": mass,
            "score": values,
            "verdict": verdict(values),
            "evidence": name(EVIDENCE, evidence),
            "agreement": name(AGREEMENT, agreement),
            "confidence": name(CONFIDENCE, evidence + agreement),
        }
    )


def robustness(
    findings: pd.DataFrame,
    weights: pd.Series,
    draws: int = 1000,
    seed: int = 2026,
    claims: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Share of random weightings that keep each verdict, and what most often replaces it.

    Each draw takes one weight per study type from Uniform(0, 1). ``kept`` leaves the draws as
    they fall, so that no ranking of study types is taken for granted (the objection of
    Petticrew and Roberts 2003); ``kept_ranked`` sorts each draw so that the types keep the rank
    they have in ``weights``. Both are missing for a claim that is not tested.
    """
    pool = studies(findings, list(weights.index), claims)
    fixed = weights.to_numpy(dtype=float)
    free = np.random.default_rng(seed).uniform(size=(draws, len(fixed)))
    rank = np.argsort(np.argsort(-fixed, kind="stable"))

    def verdicts(table: np.ndarray) -> np.ndarray:
        each = pool.weight(table)
        return verdict(score(pool.total(each * pool.direction), pool.total(each)))

    base, drawn = verdicts(fixed[None, :]), verdicts(free)
    ranked = verdicts(-np.sort(-free, axis=1)[:, rank])
    tested = base[0] != NOT_TESTED
    words = np.array((*VERDICTS, NOT_TESTED), dtype=object)
    others = (drawn[:, :, None] == words).sum(axis=0) * (base[0][:, None] != words)
    return pd.DataFrame(
        {
            "claim_id": pool.claims,
            "verdict": base[0],
            "kept": np.where(tested, (drawn == base).mean(axis=0), np.nan),
            "kept_ranked": np.where(tested, (ranked == base).mean(axis=0), np.nan),
            "otherwise": [words[n.argmax()] if n.any() else None for n in others],
        }
    )


def leave_one_out(
    findings: pd.DataFrame, weights: pd.Series, claims: Sequence[str] | None = None
) -> pd.DataFrame:
    """The studies whose removal alone changes a verdict, with the verdict with and without them."""
    pool = studies(findings, list(weights.index), claims)
    each = pool.weight(weights.to_numpy(dtype=float)[None, :])
    signed, total = pool.total(each * pool.direction)[0], pool.total(each)[0]
    rest = np.round(total[pool.claim] - each[0], DIGITS)
    without = score(signed[pool.claim] - each[0] * pool.direction, rest)
    frame = pd.DataFrame(
        {
            "claim_id": np.array(pool.claims, dtype=object)[pool.claim],
            "reference": pool.reference,
            "verdict": verdict(score(signed, total))[pool.claim],
            "without": verdict(without),
        }
    )
    return frame[frame["verdict"] != frame["without"]].reset_index(drop=True)
