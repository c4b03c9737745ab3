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
        # Equal words are objects of their own, as those of files may be.
        design, directness, setting, bias, read = ("".join(LETTERS[letter]) for letter in code)
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
    return found.verdict, None if found.certainty == -1 else CERTAINTY[found.certainty]


def mirrored(rows, **options):
    """Return the judgement of rows; that of the contrary directions must be its mirror image."""
    pairs = [(row, {}) if isinstance(row, str) else row for row in rows]
    turned = [(text.translate(str.maketrans("+-", "-+")), own) for text, own in pairs]
    one, other = judged(*rows, **options), judged(*turned, **options)
    words = {"supported": "contradicted", "contradicted": "supported"}
    verdict = " ".join(words.get(word, word) for word in other.verdict.split())
    assert (one.verdict, one.side, one[3:]) == (verdict, -other.side, other[3:])
    return one


@pytest.mark.parametrize("case", HAND, ids=[case["shows"] for case in HAND])
def test_cases_worked_by_hand(case):
    found = mirrored(case["rows"], searches=case.get("searches", 3))
    assert said(found) == (case["verdict"], case["certainty"])
    shown = round(found.score, 3), found.usable, found.thin, found.unsettled
    assert shown == tuple(case[key] for key in ("score", "usable", "thin", "unsettled"))


def test_what_a_reader_is_shown():
    assert evidence.shown(judged("EdtlF -", "EdtlF +")) == "too little evidence"
    assert evidence.shown(judged(*["LdtlF 0"] * 5)) == "mixed results"
    assert evidence.shown(judged("EdtlF 0", *["BdtlF +"] * 2)) == "too little evidence"
    for sign, words in {"+": "leans for", "-": "leans against"}.items():
        one = f"LdtlF {sign}"
        assert evidence.shown(judged(one, one)) == f"too little evidence, {words}"
        assert evidence.shown(judged(one, f"BdtlF {sign}")) == f"too little evidence, {words}"
        assert evidence.shown(judged(*[one] * 5)) == evidence.shown(judged(*[one] * 4)) == words
    assert evidence.shown(judged(*["EdtlF +"] * 5)) == "supported"
    assert evidence.shown(judged(*["EdtlA +"] * 5)) == "supported"  # moderate is sure enough
    works = ["EntlF +"] * 5, ["EntlF +"] * 4 + ["LdtlF +"], ["EntlF +"] * 4 + ["LdtlF -"]
    assert [judged(*rows).indirect for rows in works] == [True, False, True]


def test_nothing_is_not_tested():
    assert judged("EdtlF c").verdict == judged().verdict == "not tested"
    with patch.dict(LEVELS, {key: f._replace(weight=0.0) for key, f in LEVELS.items()}):
        assert judged(*["EdtlF +"] * 5).verdict == "not tested"


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
    with patch.object(evidence.Random, "random", return_value=0.5):
        assert (kept(row, recoded=0.5, draws=1), kept(row, recoded=0.6, draws=1)) == (1, 0)


def test_weights_are_drawn_up_to_the_midpoints_to_their_neighbours():
    rows = ["one a .2", "one b .6", "one c .8", "three a .9", "three b .1", "two a .5"]
    table = pd.DataFrame([row.split() for row in rows], columns=["factor", "level", "weight"])
    spans = []
    with patch.object(evidence.Random, "uniform", lambda _self, *span: spans.extend(span)):
        evidence.keeps_side(*frames([]), table.assign(cap=0), ["B"], recoded=0, draws=1)
    assert spans == pytest.approx([0, 0.4, 0.4, 0.7, 0.7, 0.9, 0.5, 1, 0, 0.5, 0.5, 0.5])


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


def test_a_direct_finding_makes_a_stream_direct():
    assert judged("EdtlF +", "EntlF +", "EmtlF +").direct == 1
    assert judged(("EntlF +", {"stream": "s"}), ("LdtsF +", {"stream": "s"})).direct == 1


def test_teams_share_half_of_the_shorter_list():
    names = {"a": "X; Y; Z", "b": "Y; Q", "c": "Q", "d": "R; S; X", "e": None, "f": "W"}
    names |= {"g": "W; R; S"}  # joins two teams
    assert evidence.teams(names) == dict(zip("abcdefg", "aaadedd", strict=True))


def test_grade_gives_a_row_a_claim():
    frame = grade(*frames(["EdtlA +"] * 5), FACTORS, {"S1-B1": 3}, ["S1-B1", "B"])
    assert list(frame["verdict"]) == ["supported", "not tested"]
    assert list(frame["certainty"])[:1] == ["moderate"]
    assert frame["usable"].tolist() == frame["direct"].tolist() == [5, 0] == [*frame["streams"]]
    assert frame["best"].tolist()[:1] == ["w04"] and frame["best"].isna().tolist() == [False, True]


def test_alpha_of_two_codings_worked_by_hand():
    # Krippendorff 2011, example A (nominal, two observers, ten units): 0.095.
    first, second = ([f"code {n}" for n in row] for row in ("0100000010", "1110010000"))
    assert round(evidence.alpha(first, second), 3) == 0.095
    assert evidence.alpha("abab", "abab") == evidence.alpha("aa", "aa") == 1.0
    for measure in (evidence.alpha, evidence.alpha_interval):
        with pytest.raises(ValueError, match="shorter"):
            measure("ab", "a")
    low, high = evidence.alpha_interval(first * 5, second * 5)
    assert (low, high) == evidence.alpha_interval(first[::-1] * 5, second[::-1] * 5)
    assert (round(low, 9), round(high, 9)) == (-0.225714286, 0.328358209)
    with patch.object(
        evidence, "alpha", side_effect=range(500)
    ):  # one each: the middle 95 per cent
        assert evidence.alpha_interval("ab", "ab") == (12, 487)


CODES = st.tuples(*(st.sampled_from(letters) for letters in ("EQLCB", "dnm", "tkf", "lsh", "FA")))
ROW = st.tuples(CODES.map("".join), st.sampled_from("+-0"), st.integers(0, 3), st.integers(0, 3))
ROWS = st.lists(ROW, max_size=9)


def build(rows):
    return [
        (f"{code} {sign}", {"key": f"w{n}", "stream": f"s{stream}-{n // 2}", "team": f"t{team}"})
        for n, (code, sign, stream, team) in enumerate(rows)
    ]


@given(ROWS, st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_order_and_duplicates_change_nothing(rows, random):
    built = [*build(rows), ("EdtlF +", {"key": "a"}), ("EdklF -", {"key": "a"})]
    mixed = [*built, *built[:2]]
    random.shuffle(mixed)
    assert evidence.gather(*frames(mixed)) == evidence.gather(*frames(built))


@given(ROWS)
@settings(max_examples=200, deadline=None)
def test_the_mirror_means_of_single_works_and_a_constant_times_all_weights(rows):
    before = mirrored(build(rows))
    alone = [(code, {**own, "stream": own["key"]}) for code, own in build(rows)]
    assert judged(*alone, mean=True) == judged(*alone)
    # One factor alone, or the weights would get more digits than the rule keeps.
    designs = {key: f for key, f in LEVELS.items() if key[0] == "design"}
    halved = {key: f._replace(weight=f.weight / 2) for key, f in designs.items()}
    with patch.dict(LEVELS, halved):
        after = judged(*build(rows))
    assert (before.verdict, before.certainty) == (after.verdict, after.certainty)


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
