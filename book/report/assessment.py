"""Verdicts for the chapters: the grading rule applied, joined with what is our judgement."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from report import evidence
from report.data import load
from report.exhibits import EXPLORER_MIME, Exhibit


def weights() -> pd.Series:
    """Return the weight of each study type, 0 to 1, indexed by study type."""
    return load("study_types").set_index("study_type")["weight"]


def assess(section: str = "", study_weights: pd.Series | None = None) -> pd.DataFrame:
    """Return one row per recommendation, in the article's order.

    Args:
        section: a chapter such as "engagement"; empty for all.
        study_weights: weights by study type in place of those in data/.

    Returns:
        claim_id, section, claim, the columns of evidence.grade, by_rule (the verdict that the
        rule gives), departure (the reason where ours differs), and the columns of
        verdict_inputs, which are our judgement.
    """
    inputs = load("verdict_inputs")
    claims = load("claims").sort_values("position")
    claims = claims[claims["claim_id"].isin(inputs["claim_id"])]
    if section:
        claims = claims[claims["section"] == section]
    chosen = weights() if study_weights is None else study_weights
    graded = evidence.grade(load("findings"), chosen, list(claims["claim_id"]))
    frame = claims[["claim_id", "section", "claim"]].merge(graded, on="claim_id")
    departures = load("verdict_overrides").set_index("claim_id")
    frame["by_rule"] = frame["verdict"]
    frame["verdict"] = frame["claim_id"].map(departures["verdict"]).fillna(frame["by_rule"])
    frame["departure"] = frame["claim_id"].map(departures["reason"])
    return frame.merge(inputs, on="claim_id", how="left")


def weights_explorer(study_weights: pd.Series, claims: pd.DataFrame) -> Exhibit:
    """Return what a page needs to apply the grading rule to weights that a reader chooses.

    Args:
        study_weights: the weights to start from, by study type.
        claims: claim_id and claim of the recommendations to grade.
    """
    types = list(study_weights.index)
    pool = evidence.studies(load("findings"), types, list(claims["claim_id"]))
    studies = [
        [int(direction), np.flatnonzero(member).tolist()]
        for direction, member in zip(pool.direction, pool.types, strict=True)
    ]
    rule = ("neutral", "outer", "inner", "verdicts", "not_tested")
    body = {
        "name": "weights-explorer",
        "types": types,
        "weights": [float(w) for w in study_weights],
        "rule": {name: getattr(evidence, name.upper()) for name in rule},
        "claims": [
            {"id": key, "claim": text, "studies": [studies[n] for n in np.flatnonzero(own)]}
            for key, text, own in zip(
                claims["claim_id"],
                claims["claim"],
                pool.claim == np.arange(len(claims))[:, None],
                strict=True,
            )
        ],
    }
    return Exhibit(
        {
            EXPLORER_MIME: json.dumps(body, ensure_ascii=False, indent=1),
            "text/html": "<p>On the page, sliders for the weights stand here. In the notebook, "
            "change the cell above the scorecard instead.</p>",
            "text/plain": "weights explorer (shown on the page)",
        }
    )
