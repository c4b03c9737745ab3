"""Verdicts for the chapters: the grading rule applied, joined with what is our judgement."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from report import evidence
from report.data import describe, load, loaded
from report.exhibits import EXPLORER_MIME, Exhibit, link


def weights() -> pd.Series:
    """Return the weight of each study type, 0 to 1, indexed by study type."""
    return load("study_types").set_index("study_type")["weight"]


def assess(section: str = "", study_weights: pd.Series | None = None) -> pd.DataFrame:
    """Return one row per recommendation, in the article's order.

    Args:
        section: a chapter such as "engagement"; empty for all.
        study_weights: weights by study type in place of those in data/.

    Returns:
        claim_id, section, claim, the columns of evidence.grade (supports, mixed, against,
        context, weight, score, verdict, evidence, agreement, confidence), by_rule (the verdict
        that the rule gives), departure (the reason where ours differs), and the columns of
        verdict_inputs (carries_over, carries_over_reason, main_cost, main_risk, who_acts,
        would_change), which are our judgement.
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


def inputs() -> pd.DataFrame:
    """Return the tables that this notebook has loaded: name, what a row is, rows, licence.

    The name is a link to the table in the dictionary of data, where the file can be had.
    """
    names = loaded()
    return pd.DataFrame(
        {
            "table": pd.Series([link(name, f"data-{name}") for name in names], dtype=object),
            "row": [describe(name)["description"] for name in names],
            "rows": [len(load(name)) for name in names],
            "licence": [describe(name)["licenses"][0]["name"] for name in names],
        }
    )


def weights_explorer(study_weights: pd.Series, claims: pd.DataFrame) -> Exhibit:
    """Return what a page needs to apply the grading rule to weights that a reader chooses.

    Args:
        study_weights: the weights to start from, by study type.
        claims: claim_id and claim of the recommendations to grade.
    """
    types = list(study_weights.index)
    pool = evidence.studies(load("findings"), types, list(claims["claim_id"]))
    body = {
        "name": "weights-explorer",
        "types": types,
        "weights": [float(w) for w in study_weights],
        "rule": {
            "neutral": evidence.NEUTRAL,
            "outer": evidence.OUTER,
            "inner": evidence.INNER,
            "verdicts": evidence.VERDICTS,
            "not_tested": evidence.NOT_TESTED,
        },
        "claims": [
            {
                "id": row.claim_id,
                "claim": row.claim,
                "studies": [
                    [int(pool.direction[n]), [int(t) for t in np.flatnonzero(pool.types[n])]]
                    for n in np.flatnonzero(pool.claim == place)
                ],
            }
            for place, row in enumerate(claims.itertuples())
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
