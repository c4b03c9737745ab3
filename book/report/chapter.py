"""The blocks that every chapter has; a place such as {channels} in data/ shows a recorded fact."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from report import evidence
from report.assessment import assess, markup
from report.data import DataError, describe, load, loaded
from report.exhibits import Exhibit, Markup, cite, claim, escape, fill, link, table

#: The article's lists and tables, by the chapter that restates them.
ARTICLE: dict[str, list[str]] = {
    "engagement": ["recommendations", "diplomatic_strategies"],
    "landscape": ["risks", "opportunities"],
    "sanctions": ["recommendations", "trade_incentives"],
    "coalition": ["recommendations", "focus_areas"],
    "public_opinion": ["recommendations", "media_strategies"],
    "human_rights": ["recommendations", "collaboration_areas"],
    "conclusion": [],
}
GRADED = ["findings", "works", "factors", "searches", "verdict_inputs", "claims"]


@dataclass(frozen=True)
class Chapter:
    """The blocks of one chapter: tables tbl-<name>-<block>, worded by exhibit directives."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in ARTICLE:
            raise DataError(f"no chapter {self.name!r}; there are: {', '.join(ARTICLE)}")

    def article(self) -> Exhibit:
        """Return the points of the article's lists and tables, restated, in its order."""
        columns = ["Point", "Kind", "In our words", "Claim"]
        return self._table("article", self._points(), ARTICLE[self.name], columns)

    def tested(self) -> Exhibit:
        """Return each tested point with record, reading, studies and verdict."""
        rows = self._points().merge(load("claims_tested"), on="claim_id")
        rows = rows.join(assess(self.name).set_index("claim_id")["Verdict"], on="claim_id")
        rows["Studies"] = markup(map(studies, rows["claim_id"]))
        _fill(rows, "claims_tested", "claim_id", "record")
        tables = sorted({name for names in rows["tables"] for name in names.split()})
        columns = ["Point", "Claim", "record", "reading", "Studies", "Verdict"]
        source = ["claims_tested", *tables, "findings", *ARTICLE[self.name]]
        return self._table("tested", rows, source, columns)

    def verdicts(self) -> Exhibit:
        """Return verdict and certainty of each recommendation, with what they stand on."""
        rows, found = assess(self.name), load("findings")
        rows["Streams"] += " usable, " + rows["direct"].astype(str) + " direct"
        found["near"] = found["directness"].map(evidence.DIRECTNESS.index)
        found = found.sort_values(["near", "finding_id"])
        best = found.groupby(["claim_id", "reference"])["finding"].first()
        rows["Best study found"] = markup(
            None if pd.isna(key) else Markup(f"{cite(key)}: {escape(best[claim_id, key])}")
            for claim_id, key in zip(rows["claim_id"], rows["best"], strict=True)
        )
        shown = ["Recommendation", "Claim", "Verdict", "Certainty", "Streams", "Hangs on"]
        return self._table("verdicts", rows, GRADED, [*shown, "Best study found"])

    def costs(self) -> Exhibit:
        """Return what each recommendation costs and risks, who acts, what would change it."""
        columns = ["Recommendation", "Claim", "main_cost", "main_risk", "who_acts", "would_change"]
        return self._table("costs", assess(self.name), ["verdict_inputs", "claims"], columns)

    def watch(self) -> Exhibit:
        """Return the indicators that would move the assessment, with their latest values."""
        rows = load("indicators").query("chapter == @self.name")
        rows = rows.sort_values("position", ignore_index=True)
        _fill(rows, "indicators", "indicator", "latest", "as_of", "change")
        rows["Data table"] = markup(link(name, f"data-{name}") for name in rows["table"])
        columns = ["indicator", "latest", "as_of", "Data table", "change"]
        return self._table("watch", rows, ["indicators", *sorted({*rows["table"]})], columns)

    def data(self) -> Exhibit:
        """Return the tables that this notebook has loaded, linked to the dictionary of data."""
        names = loaded()
        rows = pd.DataFrame({"Table": markup(link(name, f"data-{name}") for name in names)})
        rows["What a row is"] = [describe(name)["description"] for name in names]
        rows["Rows"] = [len(load(name)) for name in names]
        rows["Licence"] = [describe(name)["licenses"][0]["name"] for name in names]
        return self._table("inputs", rows, ["sources"], list(rows))

    def sizes(self) -> pd.Series:
        """Return the first number of each study of a claim here, by "S1-B3 pettigrew2006".

        The sign is that of the finding: a sentence that says "fell by" shows the value negated,
        or is filled by a fact that only a value below nought has.
        """
        claims = load("claims").query("section == @self.name")["claim_id"]
        found = load("findings").sort_values("finding_id")
        found = found[found["claim_id"].isin(claims)].drop_duplicates(["claim_id", "reference"])
        sizes = found.set_index(found["claim_id"] + " " + found["reference"])["value"].dropna()
        whole = [int(value) if value % 1 == 0 else value for value in sizes]
        return pd.Series(whole, sizes.index, dtype=object)

    def _points(self) -> pd.DataFrame:
        """Return claim_id, Point, Kind and In our words of the article's lists and tables."""
        parts = []
        for name in ARTICLE[self.name]:
            titles = {f["name"]: f["title"] for f in describe(name)["schema"]["fields"]}
            (restated,) = {*titles} - {"section", "claim_id", "label"}
            part = load(name).rename(columns={"label": "Point", restated: "In our words"})
            parts.append(part[["claim_id", "Point", "In our words"]].assign(Kind=titles["label"]))
        points = pd.concat(parts).merge(load("claims"), on="claim_id")
        return points[points["section"] == self.name].sort_values("position", ignore_index=True)

    def _table(self, end: str, rows: pd.DataFrame, source: list[str], shown: list[str]) -> Exhibit:
        if "claim_id" in rows:
            rows["Claim"] = markup(claim(key) for key in rows["claim_id"])
        if "short_name" in rows:  # the Claim beside it is the link
            name = rows["short_name"].str
            rows["Recommendation"] = name[0].str.upper() + name[1:]
        for name in source:  # a source line names only what was loaded
            load(name)
        return table(rows, f"tbl-{self.name}-{end}", source=source, columns=shown)


def episodes(*claims: str) -> pd.DataFrame:
    """Return the earlier cases, by start, with their Years: those on claims once for each."""
    rows = load("precedents").sort_values(["start_date", "episode_id"], ignore_index=True)
    since, until = (rows[column].dt.strftime("%Y") for column in ("start_date", "end_date"))
    rows["Years"] = since.where(since.eq(until), since + " to " + until).fillna("since " + since)
    if not claims:
        return rows
    pairs = load("precedent_claims").query("claim_id in @claims").sort_values("claim_id")
    return rows.merge(pairs, on="episode_id")


def studies(claim_id: str) -> Markup:
    """Return the works that count on a claim as citations by direction; "" if there are none."""
    found = load("findings").query("claim_id == @claim_id")
    works = found.groupby("direction")["reference"].agg(sorted)
    directions = [d for d in evidence.DIRECTION if d in works]
    return Markup("; ".join(f"{d.capitalize()}: {cite(*works[d])}" for d in directions))


def _fill(rows: pd.DataFrame, name: str, key: str, *columns: str) -> None:
    """Fill the places of these columns of a table; key names a row in an error."""
    for column in columns:
        places = (f"{name}, row {where!r}, column {column}" for where in rows[key])
        rows[column] = list(map(fill, rows[column], places))
