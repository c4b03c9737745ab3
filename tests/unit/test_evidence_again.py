"""The grading rule written a second time, from the words of the method page, and compared."""

import shutil

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from test_evidence import FACTORS, HAND, ROWS, build, frames, judged, said

import report
from report import assessment, data, evidence

WEIGHT = {(f, level): (w, c) for f, level, w, c in FACTORS.itertuples(index=False)}


def again(findings, works, searches):
    """Return verdict and certainty of one claim, read off the method page step by step."""
    counted = findings[findings["direction"] != "context"]
    pooled = " ".join(works.loc[counted["reference"].unique(), "pools"].dropna()).split()
    says = {}
    for key, own in counted.groupby("reference"):
        if key in pooled:
            continue
        work = works.loc[key]
        near = next(d for d in ("direct", "near", "mechanism") if (own["directness"] == d).any())
        own = own[own["directness"] == near]
        signs = {"supports": 1, "against": -1}
        directions = {signs.get(d, 0) for d in own["direction"]}
        options = []
        for setting in own["setting"]:
            parts = [("design", work["design"]), ("directness", near), ("setting", setting)]
            parts += [("bias", work["bias"]), ("read", work["read"])]
            weight, cap = 1.0, 3
            for part in parts:
                weight *= WEIGHT[part][0]
                cap = min(cap, WEIGHT[part][1])
            options.append((round(weight, 9), cap))
        direction = directions.pop() if len(directions) == 1 else 0
        history = (work["design"], near) == ("case study", "direct") and work["bias"] != "high"
        says[key] = {
            "d": direction, "w": max(w for w, _ in options), "g": max(c for _, c in options),
            "stream": own["stream"].min(), "case": work["cases"],
            "tests": 0 if pd.isna(work["tests"]) else work["tests"],
            "history": history and (own["setting"] == "target").any(),
        }  # fmt: skip
    authors = {k: works.loc[k, "authors"] for k in says}
    names = {k: set(a.split("; ")) if isinstance(a, str) else {k} for k, a in authors.items()}
    team = {}
    for key in sorted(names):  # everybody reachable over shared halves
        group, grown = {key}, True
        while grown:
            more = {
                o for o in names for g in group
                if 2 * len(names[o] & names[g]) >= min(len(names[o]), len(names[g]))
            }  # fmt: skip
            grown, group = more - group, group | more
        team[key] = min(group)
    streams = []
    for stream in sorted({s["stream"] for s in says.values()}):
        own = {k: s for k, s in says.items() if s["stream"] == stream}
        best = max(own, key=lambda k: (own[k]["g"], own[k]["w"], k))
        balance = round(sum(s["w"] * s["d"] for s in own.values()), 9)
        tests = max(s["tests"] for s in own.values())
        d = (balance > 0) - (balance < 0)
        streams.append({**own[best], "d": d, "team": team[best], "tests": tests})

    def side(rows, equal=False):
        mass = sum(1 if equal else s["w"] for s in rows)
        if not mass:
            return 0, float("nan")
        value = round(sum((1 if equal else s["w"]) * s["d"] for s in rows) / mass, 9)
        return (1 if value >= 0.2 else -1 if value <= -0.2 else 0), value

    lean, value = side(streams)
    if value != value:
        return "not tested", None
    usable = sum(s["g"] >= 1 for s in streams)
    mass = sum(s["w"] for s in streams)
    if usable < 3:
        return "too little evidence", None
    if not lean:
        zero = sum(s["w"] for s in streams if s["d"] == 0)
        return ("mixed results" if round(zero / mass, 9) >= 0.5 else "studies disagree"), None
    leading = [s for s in streams if s["d"] == lean]
    best_of_team = pd.Series([s["g"] for s in leading]).groupby([s["team"] for s in leading]).max()
    start = 0 if len(best_of_team) < 2 else best_of_team.sort_values().iloc[-2]
    setters = [s for s in streams if s["g"] >= start]
    cases, seen = set(), set()
    for s in leading:
        if s["history"] and s["team"] not in seen and s["case"] not in cases:
            cases.add(s["case"])
            seen.add(s["team"])
    if start == 1 and len(cases) >= 3 and abs(value) >= 0.6:
        start, setters = 2, [s for s in leading if s["history"]]
    if searches < 3 and start > 1:
        start, setters = 1, [s for s in streams if s["g"] >= 1]
    few = usable < 5 and not any(s["tests"] >= 10 and s["g"] >= 1 for s in leading)
    others = [[s for s in streams if s is not one] for one in streams]
    others += [[s for s in streams if s["team"] != t] for t in {s["team"] for s in streams}]
    shaky = round(sum(s["w"] for s in streams if s["d"] == -lean) / mass, 9) >= 0.2
    shaky |= any(side(rows)[0] != lean for rows in others)
    shaky |= side(streams, equal=True)[0] != lean or side(setters)[0] != lean
    word = "supported" if lean > 0 else "contradicted"
    word = word if abs(value) >= 0.6 else f"mostly {word}"
    return word, evidence.CERTAINTY[max(start - few - shaky, 0)]


def test_both_ways_of_writing_the_rule_agree():
    findings, works, factors, searches = assessment.base()
    claims = sorted(report.load("questions")["claim_id"])
    for row in evidence.grade(findings, works, factors, searches, claims).itertuples():
        own = findings[findings["claim_id"] == row.claim_id]
        certainty = None if pd.isna(row.certainty) else row.certainty
        found = again(own, works, searches.get(row.claim_id, 0))
        assert (row.verdict, certainty) == found, row.claim_id


def test_both_agree_on_the_cases_worked_by_hand():
    for case in HAND:
        found = again(*frames(case["rows"]), case.get("searches", 3))
        assert found == (case["verdict"], case["certainty"]), case["shows"]


@given(ROWS, st.integers(2, 3))
@settings(max_examples=300, deadline=None)
def test_both_agree_on_works_of_any_kind(rows, searches):
    assert said(judged(*build(rows), searches=searches)) == again(*frames(build(rows)), searches)


def test_a_reader_who_adds_works_sees_what_they_change(tmp_path, monkeypatch):
    assert report.grade(["S2-B4"])["verdict"].item() == "too little evidence"
    monkeypatch.setattr(data, "DATA", shutil.copytree(data.DATA, tmp_path / "data"))
    work = {"title": "T", "design": "quasi-experiment", "bias": "low", "read": "full text"}
    finding = {"claim_id": "S2-B4", "direction": "supports", "directness": "direct"}
    finding |= {"setting": "target", "finding": "F", "basis": "full text", "material": "M"}
    for name, row in {"works": work, "findings": finding}.items():
        rows = [row | {"reference": f"new{n}", "finding_id": f"F99{n}"} for n in "123"]
        rows = [r | dict.fromkeys(("authors", "cases", "stream"), r["reference"]) for r in rows]
        held = pd.read_csv(path := data.path_of(name), dtype=str, keep_default_na=False)
        pd.concat([held, pd.DataFrame(rows)])[held.columns].to_csv(path, index=False)
    after = report.grade(["S2-B4"])
    assert after["verdict"].item() == "supported" and after["usable"].item() >= 4


def test_deciding_works_were_looked_for():
    findings, works, factors, searches = assessment.base()
    levels = evidence.levels(factors)
    for claim, pool in evidence.gather(findings, works).items():
        says = [evidence.say(work, levels) for work in pool]
        tried = [[s for s in says if s is not one] for one in says]
        found, *left = (evidence.judge(each, searches[claim]) for each in [says, *tried])
        for one, without in zip(says, left, strict=True):
            if (without.certainty, without.side) != (found.certainty, found.side):
                sought = isinstance(works.loc[one.work.reference, "full_text"], str)
                assert sought or found.certainty < 0, one.work


def test_findings_are_coded_twice_and_stand_as_settled():
    """A work with several findings has the most cautious of their codes."""
    place = report.load("factors").set_index(["factor", "level"])["position"]
    held = report.load("findings").set_index("finding_id")
    codings = report.load("codings").pivot(index="finding_id", columns="field")
    assert codings.notna()[["first", "second", "settled"]].all(axis=None)
    assert set(codings.index) == set(held.index)
    for field in ("direction", "directness", "setting"):
        assert codings["settled"][field].eq(held[field]).all()
    for field in ("design", "bias"):
        used = codings["settled"][field].map(place[field]).groupby(held["reference"]).max()
        works = report.load("works").set_index("reference")[field].map(place[field])
        assert used.eq(works).all()
    two = report.load("codings")
    moved = two["first"].ne(two["second"]) | two["settled"].ne(two["first"])
    assert two["reason"].notna().eq(moved).all()


def test_chance_keeps_the_findings_and_deals_their_directions(monkeypatch):
    dealt = assessment.chance(draws=3)
    assert dealt[[0, 1, 2]].sum(axis=1).eq(len(report.assess())).all()
    assert dealt.equals(assessment.chance(draws=3))
    monkeypatch.setattr(evidence, "SEED", 1)
    assert not dealt.equals(assessment.chance(draws=3))


def test_dealt_as_they_are_the_directions_give_the_verdicts_of_the_book(monkeypatch):
    monkeypatch.setattr(assessment.Random, "sample", lambda _self, codes, _count: codes)
    assert assessment.chance(draws=1).loc[0].tolist() == assessment.tally(report.assess())
