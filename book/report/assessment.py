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
        section: a chapter; empty for all. study_weights: by study type, in place of data/'s.

    Returns:
        The columns of claims, of verdict_inputs (our judgement) and of evidence.grade, and
        departure (the reason where our verdict is not the rule's).
    """
    claims = load("claims").merge(load("verdict_inputs"), on="claim_id").sort_values("position")
    if section:
        claims = claims[claims["section"] == section]
    chosen = weights() if study_weights is None else study_weights
    graded = evidence.grade(load("findings"), chosen, list(claims["claim_id"]))
    frame = claims.merge(graded, on="claim_id")
    departures = load("verdict_overrides").set_index("claim_id")
    ours = frame["claim_id"].map(departures["verdict"]).astype(object)
    frame["verdict"] = ours.fillna(frame["verdict"])
    return frame.assign(departure=frame["claim_id"].map(departures["reason"]))


def weights_explorer(study_weights: pd.Series, claims: pd.DataFrame) -> Exhibit:
    """Return what a page needs to apply the grading rule to weights that a reader chooses.

    It starts from study_weights, by study type; claims has claim_id and claim of those to grade.
    """
    types = list(study_weights.index)
    pool = evidence.studies(load("findings"), types, list(claims["claim_id"]))
    studies = [
        [int(direction), np.flatnonzero(member).tolist()]
        for direction, member in zip(pool.direction, pool.types, strict=True)
    ]
    own = [[studies[n] for n in np.flatnonzero(pool.claim == k)] for k in range(len(claims))]
    rule = ("neutral", "outer", "inner", "verdicts", "not_tested")
    body = {
        "name": "weights-explorer",
        "types": types,
        "weights": [float(w) for w in study_weights],
        "rule": {name: getattr(evidence, name.upper()) for name in rule},
        "claims": [
            {"id": key, "claim": text, "studies": works}
            for key, text, works in zip(claims["claim_id"], claims["claim"], own, strict=True)
        ],
    }
    return Exhibit(
        {
            EXPLORER_MIME: json.dumps(body, ensure_ascii=False, indent=1),
            "text/html": "<p>The page has sliders; in the notebook, change the weights.</p>",
            "text/plain": "weights explorer (shown on the page)",
        }
    )
