"""The grading rule, on the cases worked by hand and on random ones."""

from unittest.mock import patch

import pandas as pd
import pytest
from copies import ROOT, cases
from hypothesis import given, settings
from hypothesis import strategies as st

from report import evidence
from report.evidence import CERTAINTY, Judgement, grade

FACTORS = pd.read_csv(ROOT / "tests/data/hand_factors.csv")
HAND = cases("hand_cases")
LEVELS = evidence.levels(FACTORS)
LETTERS = {
    **dict(zip("EQLCB", FACTORS["level"][:5], strict=True)),
    **{"d": "direct", "n": "near", "m": "mechanism", "t": "target", "k": "like", "f": "far"},
    **{"l": "low", "s": "some", "h": "high", "F": "full text", "A": "abstract"},
}
SIGN = {"+": "supports", "-": "against", "0": "null", "c": "context"}


def frames(rows):
    """Return findings and works of rows: code and sign ("EdtlF +"), or these and options."""
    findings, works = [], {}
    for place, row in enumerate(rows):
        text, own = (row, {}) if isinstance(row, str) else row
        code, sign = text.split()
        design, directness, setting, bias, read = (LETTERS[letter] for letter in code)
        key = own.get("key", f"w{place:02}")
        findings.append(("S1-B1", key, SIGN[sign], directness, setting, own.get("stream", key)))
        names = own.get("team", key), own.get("cases", key)
        works[key] = (design, bias, read, *names, own.get("pools"), own.get("tests"))
    register = pd.DataFrame(works.values(), [*works], evidence.KNOWN)
    return pd.DataFrame(findings, columns=evidence.SPOKEN), register


def judged(*rows, searches=3, mean=False):
    pool = evidence.gather(*frames(rows)).get("S1-B1", [])
    return evidence.judge([evidence.say(work, LEVELS) for work in pool], searches, mean)


def said(found: Judgement):
    certainty = CERTAINTY[found.certainty] if found.certainty >= 0 else None
    return found.verdict, certainty


@pytest.mark.parametrize("case", HAND, ids=range(1, 13))
def test_cases_worked_by_hand(case):
    found = judged(*case["rows"])
    assert said(found) == (case["verdict"], case["certainty"])
    shown = round(found.score, 3), found.usable, found.thin, bool(found.unsettled)
    assert shown == tuple(case[key] for key in ("score", "usable", "thin", "unsettled"))


def test_what_a_reader_is_shown():
    assert evidence.shown(judged("EdtlF +", "EdtlF +")) == "too little evidence, leans for"
    assert evidence.shown(judged("EdtlF -", "EdtlF -")) == "too little evidence, leans against"
    assert evidence.shown(judged("EdtlF -", "EdtlF +")) == "too little evidence"
    assert evidence.shown(judged("EdtlF 0", *["BdtlF +"] * 2)) == "too little evidence"
    assert evidence.shown(judged(*["EdtlF +"] * 5)) == "supported"
    assert evidence.shown(judged(*["EdtlA +"] * 5)) == "supported"  # moderate is sure enough
    assert evidence.shown(judged(*["LdtlF -"] * 5)) == "leans against"


def test_a_review_excuses_few_streams_only_if_it_is_usable():
    near = [("EnfsF +", {"tests": 12}), "LdtsA +", "LdtsA +"]
    mechanism = [("EmfsF +", {"tests": 12}), "LdtsA +", "LdtsA +", "LdtsA +"]
    assert (judged(*near).thin, judged(*mechanism).thin) == (False, True)


def test_nothing_is_not_tested_and_few_searches_cap_the_certainty():
    assert judged("EdtlF c").verdict == judged().verdict == "not tested"
    assert said(judged(*["EdtlF +"] * 5, searches=2)) == ("supported", "low")
    with patch.dict(LEVELS, {key: f._replace(weight=0.0) for key, f in LEVELS.items()}):
        assert judged(*["EdtlF +"] * 5).verdict == "not tested"


def test_a_pooled_study_does_not_speak_beside_its_review():
    rows = [("EdtlF +", {"key": "review", "pools": "a b", "tests": 12})]
    rows += [("EdtlF -", {"key": key}) for key in "ab"]
    assert judged(*rows).score == 1


def test_a_stream_may_speak_by_the_mean_of_its_works():
    stream = [("EdtlF 0", {"stream": "s"}), ("LdtlF +", {"stream": "s"})]
    assert judged(*stream).score == 1 and judged(*stream, mean=True).score == round(0.5 / 1.5, 9)


def kept(*rows, **options):
    found = evidence.keeps_side(*frames(rows), FACTORS, ["S1-B1", "B"], **options)
    assert found["B"] == 1  # of which nothing is known in any draw
    return found["S1-B1"]


@pytest.mark.parametrize("row", ["EdtlF +", "CdklA -", "QnfhA 0"])
def test_a_draw_keeps_what_is_not_recoded_and_never_draws_the_same_code_again(row):
    assert (kept(row, recoded=0, draws=20), kept(row, recoded=1, draws=20)) == (1, 0)


@pytest.mark.parametrize(
    ("rows", "weights_alone", "recoded_too"),
    [
        (("EdtlF +", "LdksA -", "CdtlF -"), 0.54, 0.559),
        (("CdtlF +", "LdtlF -", "BdtlF 0"), 0.46, 0.479),
        ((("EdtlF +", {"stream": "s"}), ("QdtlF -", {"stream": "s"})), 1.0, 0.803),
        ((("EdtlF -", {"stream": "s"}), ("QdtlF 0", {"stream": "s"})), 1.0, 0.79),
        ((("EdtlF -", {"stream": "s"}), ("QdtlF +", {"stream": "s"})), 1.0, 0.79),
        (("EdtsA +", "EnklF -", "LdfhF -", "CmtlF 0"), 0.272, 0.351),
    ],
)
def test_draws_near_an_edge_are_the_same_each_time(rows, weights_alone, recoded_too):
    assert (kept(*rows, recoded=0), kept(*rows, recoded=0.2)) == (weights_alone, recoded_too)


def test_the_most_direct_findings_of_a_work_speak():
    found = judged(("EdtlF +", {"key": "a"}), ("EmtlF -", {"key": "a"}))
    assert (found.score, found.direct) == (1, 1)
    assert judged("EntlF +").direct == judged("EmtlF +").direct == 0


def test_the_order_of_findings_has_no_meaning():
    findings, works = frames([("EdtlF +", {"key": "a"}), ("EdklF -", {"key": "a"})])
    turned = findings[::-1].reset_index(drop=True)
    assert evidence.gather(turned, works) == evidence.gather(findings, works)


def test_teams_share_half_of_the_shorter_list():
    names = {"a": "X; Y; Z", "b": "Y; Q", "c": "Q", "d": "R; S; X", "e": None}
    team = evidence.teams(names)
    assert team == {"a": "a", "b": "a", "c": "a", "d": "d", "e": "e"}


CODES = st.tuples(*(st.sampled_from(letters) for letters in ("EQLCB", "dnm", "tkf", "lsh", "FA")))
ROW = st.tuples(CODES.map("".join), st.sampled_from("+-0"), st.integers(0, 3), st.integers(0, 3))
ROWS = st.lists(ROW, max_size=9)


def build(rows):
    return [
        (f"{code} {sign}", {"key": f"w{n}", "stream": f"s{stream}-{n // 2}", "team": f"t{team}"})
        for n, (code, sign, stream, team) in enumerate(rows)
    ]


@given(ROWS)
@settings(max_examples=100, deadline=None)
def test_means_change_nothing_where_every_work_is_a_stream(rows):
    alone = [(code, {**own, "stream": own["key"]}) for code, own in build(rows)]
    assert judged(*alone, mean=True) == judged(*alone)


@given(ROWS, st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_order_and_duplicates_change_nothing(rows, random):
    built = build(rows)
    mixed = [*built, *built[:2]]
    random.shuffle(mixed)
    assert judged(*mixed) == judged(*built)


@given(ROWS)
@settings(max_examples=200, deadline=None)
def test_swapped_directions_mirror_the_result(rows):
    swap = {"+": "-", "-": "+", "0": "0"}
    one = judged(*build(rows))
    other = judged(*build([(c, swap[s], a, b) for c, s, a, b in rows]))
    assert one.side == -other.side and one.certainty == other.certainty
    assert one.unsettled == other.unsettled
    assert one.verdict.replace("supported", "contradicted") in {
        other.verdict, other.verdict.replace("supported", "contradicted")
    }  # fmt: skip


@given(ROWS, CODES.map("".join))
@settings(max_examples=400, deadline=None)
def test_a_supporting_work_in_a_new_stream_never_lowers_a_verdict(rows, code):
    before = judged(*build(rows))
    new = (f"{code} +", {"key": "new", "stream": "new", "team": "new"})
    after = judged(*build(rows), new)
    if before.score == before.score:
        assert after.score >= before.score
    if before.side == 1 and before.certainty >= 0:
        assert after.side == 1 and after.certainty >= before.certainty


@given(st.lists(st.sampled_from("+-0"), min_size=1, max_size=12))
@settings(max_examples=50, deadline=None)
def test_works_graded_0_never_end_too_little(signs):
    found = judged(*[f"BmfhA {sign}" for sign in signs])
    assert found.verdict == "too little evidence" and found.usable == found.side == 0


@given(ROWS)
@settings(max_examples=100, deadline=None)
def test_one_constant_times_all_weights_changes_nothing(rows):
    before = judged(*build(rows))
    # One factor alone, or the weights would get more digits than the rule keeps.
    designs = {key: f for key, f in LEVELS.items() if key[0] == "design"}
    halved = {key: f._replace(weight=f.weight / 2) for key, f in designs.items()}
    with patch.dict(LEVELS, halved):
        after = judged(*build(rows))
    assert (before.verdict, before.certainty) == (after.verdict, after.certainty)


def test_grade_gives_a_row_a_claim():
    frame = grade(*frames(["EdtlA +"] * 5), FACTORS, {"S1-B1": 3}, ["S1-B1", "B"])
    assert list(frame["verdict"]) == ["supported", "not tested"]
    assert list(frame["certainty"])[:1] == ["moderate"]
    assert frame["usable"].tolist() == frame["direct"].tolist() == [5, 0]
    assert frame["best"].tolist()[:1] == ["w04"] and frame["best"].isna().tolist() == [False, True]


def test_alpha_of_two_codings_worked_by_hand():
    # Krippendorff 2011, example A (nominal, two observers, ten units): 0.095.
    first = ["0", "1", "0", "0", "0", "0", "0", "0", "1", "0"]
    second = ["1", "1", "1", "0", "0", "1", "0", "0", "0", "0"]
    assert round(evidence.alpha(first, second), 3) == 0.095
    assert evidence.alpha("abab", "abab") == 1.0
    low, high = evidence.alpha_interval(first * 5, second * 5)
    assert (low, high) == evidence.alpha_interval(first[::-1] * 5, second[::-1] * 5)
    assert (round(low, 9), round(high, 9)) == (-0.225714286, 0.328358209)
