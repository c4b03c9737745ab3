"""The grading rule, on cases worked by hand and on random ones."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from report.evidence import DIRECTION, NOT_TESTED, VERDICTS, grade, leave_one_out, robustness

WEIGHTS = pd.Series(
    {"meta-analysis": 1.0, "experiment": 0.9, "large-N": 0.6, "case study": 0.4, "theory": 0.2}
)
COLUMNS = ["claim_id", "reference", "direction", "study_type"]


def frame(*rows):
    """Findings on claim S1-B1 from (reference, direction, study type)."""
    return pd.DataFrame([("S1-B1", *row) for row in rows], columns=COLUMNS)


def graded(*rows, weights=WEIGHTS):
    """The graded row of the one claim."""
    return grade(frame(*rows), weights, ["S1-B1"]).iloc[0]


def rank(row):
    """Place of a verdict on the scale, 0 (contradicted) to 4 (supported)."""
    return VERDICTS.index(row["verdict"])


studies = st.lists(
    st.tuples(
        st.sampled_from("abcdefgh"),
        st.sampled_from([*DIRECTION, "context"]),
        st.sampled_from(list(WEIGHTS.index)),
    ),
    max_size=12,
)
steps = st.lists(st.integers(0, 20), min_size=5, max_size=5)
weightings = steps.map(lambda step: pd.Series([n / 20 for n in step], index=WEIGHTS.index))


def test_supported():
    # (0.6 + 0.9) / (1.5 + 0.5) = 0.75
    row = graded(("a", "supports", "large-N"), ("b", "supports", "experiment"))
    assert (row["score"], row["verdict"]) == (0.75, "supported")
    assert (row["evidence"], row["agreement"], row["confidence"]) == ("limited", "medium", "low")


def test_one_thin_study_cannot_reach_the_end_of_the_scale():
    # 0.4 / (0.4 + 0.5) = 0.444 and -0.2 / (0.2 + 0.5) = -0.286
    one = graded(("a", "supports", "case study"))
    assert (one["verdict"], one["evidence"], one["confidence"]) == (
        "mostly supported",
        "limited",
        "very low",
    )
    assert graded(("a", "against", "theory"))["verdict"] == "mostly contradicted"


def test_edges_belong_to_the_outer_band():
    # 0.75 / (0.75 + 0.5) = 0.6 and 0.125 / (0.125 + 0.5) = 0.2, the edges themselves
    weights = pd.Series({"large": 0.75, "small": 0.125})
    row = graded(("a", "supports", "large"), weights=weights)
    assert (row["score"], row["verdict"]) == (0.6, "supported")
    row = graded(("a", "supports", "small"), weights=weights)
    assert (row["score"], row["verdict"]) == (0.2, "mostly supported")
    row = graded(("a", "against", "small"), weights=weights)
    assert (row["score"], row["verdict"]) == (-0.2, "mostly contradicted")


def test_equal_sides_are_contested_with_low_agreement():
    row = graded(
        ("a", "supports", "large-N"),
        ("b", "against", "large-N"),
        ("c", "against", "case study"),
        ("d", "supports", "case study"),
    )
    assert (row["score"], row["verdict"]) == (0, "contested")
    assert (row["weight"], row["evidence"], row["agreement"], row["confidence"]) == (
        2.0,
        "robust",
        "low",
        "medium",
    )


def test_robust_and_agreed():
    # (1 + 0.9 + 0.6) / (3.1 + 0.5) = 0.694; spread 2.5 / 3.1 - (2.5 / 3.1) ** 2 = 0.156
    rows = [
        ("a", "supports", "meta-analysis"),
        ("b", "supports", "experiment"),
        ("c", "supports", "large-N"),
        ("d", "mixed", "large-N"),
    ]
    row = graded(*rows)
    assert row["score"] == pytest.approx(2.5 / 3.6)
    assert (row["verdict"], row["evidence"], row["agreement"], row["confidence"]) == (
        "supported",
        "robust",
        "high",
        "very high",
    )
    assert (row["supports"], row["mixed"], row["against"], row["context"]) == (3, 1, 0, 0)


def test_context_counts_for_nothing():
    row = graded(("a", "context", "meta-analysis"), ("b", "context", "large-N"))
    assert row["verdict"] == NOT_TESTED
    assert row["context"] == 2
    assert row[["score", "evidence", "agreement", "confidence"]].isna().all()


def test_claims_without_findings_are_not_tested_and_keep_their_place():
    table = grade(frame(("a", "supports", "theory")), WEIGHTS, ["S9-P9", "S1-B1"])
    assert list(table["claim_id"]) == ["S9-P9", "S1-B1"]
    assert list(table["verdict"]) == [NOT_TESTED, "mostly supported"]
    assert grade(frame(), WEIGHTS, ["S1-B1"])["verdict"].tolist() == [NOT_TESTED]


def test_a_study_that_disagrees_with_itself_is_mixed_and_counts_with_its_strongest_type():
    row = graded(("a", "supports", "theory"), ("a", "against", "large-N"))
    assert (row["mixed"], row["weight"], row["score"]) == (1, 0.6, 0)


def test_unknown_words_are_refused():
    with pytest.raises(ValueError, match="unknown direction: \\['pro'\\]"):
        graded(("a", "pro", "theory"))
    with pytest.raises(ValueError, match="without a weight: \\['rumour'\\]"):
        graded(("a", "supports", "rumour"))


def test_leave_one_out_finds_the_study_that_carries_the_verdict():
    # all: (1 - 0.6) / 2.1 = 0.19 contested; without a: -0.6 / 1.1; without b: 1 / 1.5
    table = leave_one_out(
        frame(("a", "supports", "meta-analysis"), ("b", "against", "large-N")), WEIGHTS
    )
    assert table[["reference", "verdict", "without"]].to_numpy().tolist() == [
        ["a", "contested", "mostly contradicted"],
        ["b", "contested", "supported"],
    ]


def test_leaving_out_the_only_study_leaves_nothing_tested():
    table = leave_one_out(frame(("a", "supports", "theory")), WEIGHTS)
    assert table["without"].tolist() == [NOT_TESTED]


def test_robustness_is_seeded_and_bounded():
    findings = frame(
        ("a", "supports", "meta-analysis"), ("b", "against", "theory"), ("c", "mixed", "large-N")
    )
    first, again = (robustness(findings, WEIGHTS, draws=200, seed=7) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert first[["kept", "kept_ranked"]].map(lambda share: 0 <= share <= 1).all(axis=None)
    assert first.loc[0, "kept_ranked"] > first.loc[0, "kept"]


def test_opposite_studies_of_one_type_stay_contested_under_every_weighting():
    row = robustness(frame(("a", "supports", "theory"), ("b", "against", "theory")), WEIGHTS).iloc[
        0
    ]
    assert (row["kept"], row["kept_ranked"]) == (1, 1)
    assert pd.isna(row["otherwise"])


def test_robustness_says_nothing_of_claims_that_are_not_tested():
    row = robustness(frame(), WEIGHTS, draws=10, claims=["S1-B1"]).iloc[0]
    assert row["verdict"] == NOT_TESTED
    assert row[["kept", "kept_ranked", "otherwise"]].isna().all()


@given(studies, st.sampled_from(list(WEIGHTS.index)), weightings)
@settings(deadline=None)
def test_a_further_supporting_study_never_lowers_a_verdict(rows, kind, weights):
    before, after = (
        graded(*rows, weights=weights),
        graded(*rows, ("new", "supports", kind), weights=weights),
    )
    if before["verdict"] != NOT_TESTED:
        assert rank(after) >= rank(before)
    elif weights[kind] > 0:
        assert rank(after) >= VERDICTS.index("contested")


@given(studies, weightings)
@settings(deadline=None)
def test_turning_every_study_round_turns_the_verdict_round(rows, weights):
    turn = {"supports": "against", "against": "supports"}
    one = graded(*rows, weights=weights)
    other = graded(
        *((ref, turn.get(direction, direction), kind) for ref, direction, kind in rows),
        weights=weights,
    )
    assert (one["verdict"] == NOT_TESTED) == (other["verdict"] == NOT_TESTED)
    if one["verdict"] != NOT_TESTED:
        assert rank(one) == 4 - rank(other)
        assert one["confidence"] == other["confidence"]


@given(studies, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_and_duplicates_do_not_matter(rows, random):
    shuffled = [*rows, *rows[:3]]
    random.shuffle(shuffled)
    pd.testing.assert_series_equal(graded(*rows), graded(*shuffled))


@given(studies)
@settings(deadline=None)
def test_one_source_cannot_count_twice(rows):
    row = graded(*rows)
    counted = {ref for ref, direction, _ in rows if direction in DIRECTION}
    assert row["supports"] + row["mixed"] + row["against"] == len(counted)
    assert row["weight"] <= len(counted)


@given(studies, weightings)
@settings(deadline=None)
def test_leave_one_out_agrees_with_grading_the_rest(rows, weights):
    whole = graded(*rows, weights=weights)["verdict"]
    found = leave_one_out(frame(*rows), weights).set_index("reference")["without"].to_dict()
    for name in {ref for ref, direction, _ in rows if direction in DIRECTION}:
        rest = graded(*(row for row in rows if row[0] != name), weights=weights)["verdict"]
        assert found.get(name, whole) == rest
