"""The grading rule written a second time, in exact fractions and loops, from the method page.

The first version works on arrays; that the two agree on thousands of inputs, edges included, is
worth more than cases chosen by hand. The thresholds stand here as numbers, not by their names.
"""

import inspect
import random
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from report.evidence import grade, leave_one_out, robustness, studies

TYPES = ["a type", "b type", "c type", "d type"]
COLUMNS = ["claim_id", "reference", "direction", "study_type"]
CLAIMS = ["S1-B1", "S1-B2"]
SIGN = {"supports": 1, "mixed": 0, "against": -1}
BANDS = ["contradicted", "mostly contradicted", "contested", "mostly supported", "supported"]
CONFIDENCE = ["very low", "low", "medium", "high", "very high"]


def counted(rows, weights, claim):
    """Return (direction, weight) of each study of a claim that counts, by reference."""
    found = {}
    for owner, reference, direction, kind in rows:
        if owner == claim and direction in SIGN:
            found.setdefault(reference, []).append((SIGN[direction], weights[kind]))
    return {
        name: (
            signs.pop() if len(signs := {s for s, _ in each}) == 1 else 0,
            max(w for _, w in each),
        )
        for name, each in sorted(found.items())
    }


def verdict_of(pairs):
    total = sum(w for _, w in pairs)
    if total == 0:
        return None, "not tested"
    score = sum(s * w for s, w in pairs) / (total + Fraction(1, 2))
    place = 2
    for edge in (Fraction(1, 5), Fraction(3, 5)):
        place += (score >= edge) - (score <= -edge)
    return score, BANDS[place]


def graded(rows, weights, claim):
    """Return verdict, evidence, agreement and confidence of a claim, and its numbers."""
    pairs = list(counted(rows, weights, claim).values())
    score, verdict = verdict_of(pairs)
    total = sum(w for _, w in pairs)
    context = len({r for c, r, d, _ in rows if c == claim and d == "context"})
    tallies = [sum(s == sign for s, _ in pairs) for sign in (1, 0, -1)]
    if verdict == "not tested":
        return [*tallies, context, 0.0, None, verdict, None, None, None]
    number = sum(w > 0 for _, w in pairs)
    evidence = (total >= 1 and number >= 3) + (total >= 2 and number >= 4 and total >= 1)
    mean = sum(s * w for s, w in pairs) / total
    spread = sum(s * s * w for s, w in pairs) / total - mean * mean
    agreement = min((spread <= Fraction(1, 2)) + (spread <= Fraction(1, 5)), number - 1)
    words = [
        ["limited", "medium", "robust"][evidence],
        ["low", "medium", "high"][agreement],
        CONFIDENCE[evidence + agreement],
    ]
    return [*tallies, context, float(total), float(score), verdict, *words]


findings = st.lists(
    st.tuples(
        st.sampled_from(CLAIMS),
        st.sampled_from("abcdef"),
        st.sampled_from([*SIGN, "context"]),
        st.sampled_from(TYPES),
    ),
    max_size=16,
)
weightings = st.lists(
    st.sampled_from([0, Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), 1]),
    min_size=4,
    max_size=4,
)


def both(rows, steps):
    """Return what the two versions say of both claims, missing values as None."""
    exact = dict(zip(TYPES, map(Fraction, steps), strict=True))
    weights = pd.Series({name: float(weight) for name, weight in exact.items()})
    table = grade(pd.DataFrame(rows, columns=COLUMNS), weights, CLAIMS).drop(columns="claim_id")
    found = table.astype(object).where(table.notna(), None).to_numpy().tolist()
    return found, [graded(rows, exact, claim) for claim in CLAIMS]


def same(found, wanted):
    for one, other in zip(found, wanted, strict=True):
        assert one[:4] == other[:4]
        assert one[4] == pytest.approx(other[4])
        assert one[5] == (other[5] if other[5] is None else pytest.approx(other[5], abs=1e-8))
        assert one[6:] == other[6:]


def rows_of(*pairs):
    """Return findings on the first claim: a direction and a type for each study in turn."""
    return [("S1-B1", "abcdef"[n], *pair) for n, pair in enumerate(pairs)]


@settings(max_examples=400, deadline=None)
@given(findings, weightings)
# Edges: the weight of one and of two, three and four studies, a spread of a half and of a fifth.
@example(
    rows_of(("supports", "a type"), *[("supports", "b type")] * 2),
    [Fraction(1, 2), Fraction(1, 4), 0, 0],
)
@example(rows_of(*[("supports", "a type")] * 4), [Fraction(1, 2), 0, 0, 0])
@example(rows_of(*[("supports", "a type")] * 4), [Fraction(1, 4), 0, 0, 0])
@example(rows_of(*[("supports", "a type")] * 3), [Fraction(3, 4), 0, 0, 0])
@example(rows_of(*[("supports", "a type")] * 2), [1, 0, 0, 0])
@example(rows_of(("supports", "a type"), ("mixed", "a type"), ("against", "b type")), [1, 0, 0, 0])
@example(rows_of(("supports", "a type"), ("against", "b type"), ("mixed", "c type")),
         [1, Fraction(1, 2), Fraction(1, 2), 0])  # fmt: skip
def test_two_versions_of_the_rule_agree(rows, steps):
    same(*both(rows, steps))


def test_two_versions_agree_at_every_edge():
    """Numbers of studies and weights around each threshold, all directions alike or one apart."""
    for number in range(1, 7):
        for eighths in range(1, 9):
            for odd in SIGN:
                pairs = [("supports", "a type")] * (number - 1) + [(odd, "b type")]
                for other in (0, Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), 1):
                    same(*both(rows_of(*pairs), [Fraction(eighths, 8), other, 0, 0]))


@settings(max_examples=40, deadline=None)
@given(findings, weightings)
def test_leaving_out_a_study_is_grading_the_rest(rows, steps):
    exact = dict(zip(TYPES, map(Fraction, steps), strict=True))
    weights = pd.Series({name: float(weight) for name, weight in exact.items()})
    wanted = []
    for claim in CLAIMS:
        pool = counted(rows, exact, claim)
        whole = verdict_of(pool.values())[1]
        for name in pool:
            rest = verdict_of([pair for other, pair in pool.items() if other != name])[1]
            wanted += [[claim, name, whole, rest]] * (rest != whole)
    found = leave_one_out(pd.DataFrame(rows, columns=COLUMNS), weights, CLAIMS)
    assert found.to_numpy().tolist() == wanted


@settings(max_examples=15, deadline=None)
@given(findings, weightings, st.integers(0, 99))
def test_robustness_is_a_count_of_random_weightings(rows, steps, seed):
    exact = dict(zip(TYPES, map(Fraction, steps), strict=True))
    weights = {name: float(weight) for name, weight in exact.items()}
    draws = np.random.default_rng(seed).uniform(size=(40, 4))
    order = sorted(range(4), key=lambda n: -steps[n])  # types from the heaviest to the lightest
    table = robustness(pd.DataFrame(rows, columns=COLUMNS), pd.Series(weights), 40, seed, CLAIMS)
    for claim, row in zip(CLAIMS, table.itertuples(), strict=True):
        base = verdict_of(counted(rows, exact, claim).values())[1]
        assert (row.claim_id, row.verdict) == (claim, base)
        free, ranked = [], []
        for draw in draws:
            fallen = dict(zip(TYPES, draw, strict=True))
            sorted_ = {TYPES[n]: w for n, w in zip(order, sorted(draw, reverse=True), strict=True)}
            free.append(verdict_of(counted(rows, fallen, claim).values())[1])
            ranked.append(verdict_of(counted(rows, sorted_, claim).values())[1])
        if base == "not tested":
            assert pd.isna(row.kept)
            assert pd.isna(row.kept_ranked)
        else:
            assert row.kept == pytest.approx(free.count(base) / 40)
            assert row.kept_ranked == pytest.approx(ranked.count(base) / 40)
        others = [verdict for verdict in free if verdict != base]
        most = max((others.count(v) for v in [*BANDS, "not tested"]), default=0)
        first = [v for v in [*BANDS, "not tested"] if most and others.count(v) == most]
        assert row.otherwise == first[0] if first else pd.isna(row.otherwise)


def test_only_findings_of_the_claims_asked_for_count():
    rows = [("S1-B1", "a", "supports", "a type"), ("S9-P9", "b", "against", "b type")]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    pool = studies(frame, TYPES, CLAIMS)
    assert (pool.claims, pool.reference.tolist()) == (CLAIMS, ["a"])
    assert studies(frame, TYPES).claims == ["S1-B1", "S9-P9"]


def test_the_book_draws_a_thousand_weightings_from_its_seed():
    """The method page says so; another number or seed would be another result."""
    told = inspect.signature(robustness).parameters
    assert (told["draws"].default, told["seed"].default) == (1000, 2026)


def test_the_order_of_a_sum_cannot_tip_a_verdict():
    """0.1 + 0.2 is not 0.3 in binary: ten tenths in any order stay on the same side of an edge."""
    weights = pd.Series({f"t{n}": 0.1 * n for n in range(1, 8)})
    rows = [("S1-B1", f"r{n}", "supports" if n % 3 else "against", f"t{n}") for n in range(1, 8)]
    chance = random.Random(1)
    seen = set()
    for _ in range(50):
        chance.shuffle(rows)
        named = [(c, f"{chance.random()}", d, t) for c, _, d, t in rows]
        row = grade(pd.DataFrame(named, columns=COLUMNS), weights, ["S1-B1"]).iloc[0]
        seen.add((row["score"], row["weight"], row["verdict"], row["agreement"]))
    assert len(seen) == 1
