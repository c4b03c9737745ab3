"""Headline figures, transcribed from their primary sources, against what data/ gives."""

import csv
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import report

LIST = Path(__file__).with_name("headline_figures.csv")
FIGURES = list(csv.DictReader(LIST.read_text(encoding="utf-8").splitlines()))
load = cache(report.load)
CORE_DEFENCE = "Of this core defence by NATO's definition, to meet capability targets; at least"


def one(table: str, column: str, **where: Any) -> Any:
    """Return the cell of a column in the one row where other columns have these values."""
    frame = load(table)
    for name, value in where.items():
        frame = frame[frame[name] == (pd.Timestamp(value) if name.endswith("date") else value)]
    assert len(frame) == 1, f"{len(frame)} rows of {table} have {where}"
    return frame[column].iloc[0]


def treaty(name: str, column: str) -> Any:
    return one("arms_control_agreements", column, agreement=name)


def launchers(place: int) -> int:
    return int(re.findall(r"\d+", treaty("New START", "note"))[place])


def spending(country: str, measure: str) -> float:
    return one("military_spending", "value", iso3=country, measure=measure, year=2024)


def at_two_percent(year: int) -> int:
    rows = load("nato_spending").query("kind == 'member' and year == @year")
    return int((rows["share_of_gdp"] >= 2).sum())


def meetings(**where: str) -> int:
    frame = load("summits")
    return int(frame[[*where]].eq(pd.Series(where)).all(axis=1).sum())


def vote(resolution: str) -> str:
    counts = (one("un_votes", column, resolution=resolution) for column in ("yes", "no", "abstain"))
    return "-".join(map(str, counts))


def country_vote(resolution: str, country: str) -> str:
    return one("un_country_votes", "vote", resolution=resolution, iso3=country)


def trade(flow: str, year: int) -> float:
    return one("goods_trade", flow, year=year, period="full year")


def cap(product: str, date: str, setter: str) -> float:
    return one("oil_price_cap", "cap", product=product, effective_date=date, setter=setter)


def measure(**where: Any) -> Any:
    return one("sanctions_measures", "date", **where)


def gallup(month: str) -> int:
    return one("us_opinion", "value", pollster="Gallup", question="view of Russia",
               group="all adults", answer="favorable", survey_month=month)  # fmt: skip


def enemy(month: str) -> int:
    return one("us_opinion", "value", pollster="Pew", answer="enemy", group="all adults",
               survey_month=month)  # fmt: skip


def freedom(country: str, edition: str) -> float:
    total = "Freedom House total"
    return one("freedom_scores", "score", index=total, iso3=country, edition=edition)


def press(country: str, edition: int) -> int:
    return one("press_freedom", "rank", iso3=country, edition=edition)


def millions(indicator: str, year: int) -> float:
    where = {"origin": "Ukraine", "indicator": indicator, "year": year}
    return one("displacement", "persons", **where) / 1e6


def judgments(indicator: str) -> int:
    return one("rights_indicators", "value", indicator=indicator, year=2021)


G7 = "G7, European Union and Australia"
SELECTORS: dict[str, Callable[[], Any]] = {
    "New START: deployed warheads each": lambda: treaty("New START", "limit_value"),
    "New START: deployed launchers each": lambda: launchers(0),
    "New START: all launchers each": lambda: launchers(1),
    "New START: in force": lambda: treaty("New START", "entered_into_force"),
    "New START: ended": lambda: treaty("New START", "ended"),
    "START I: warheads each": lambda: treaty("START I", "limit_value"),
    "START I: in force": lambda: treaty("START I", "entered_into_force"),
    "Moscow Treaty: upper limit of warheads": lambda: treaty("Moscow Treaty (SORT)", "limit_value"),
    "Threshold Test Ban: yield": lambda: treaty("Threshold Test Ban", "limit_value"),
    "INF Treaty: signed": lambda: treaty("INF Treaty", "signed"),
    "INF Treaty: in force": lambda: treaty("INF Treaty", "entered_into_force"),
    "INF Treaty: ended": lambda: treaty("INF Treaty", "ended"),
    "ABM Treaty: ended": lambda: treaty("ABM Treaty", "ended"),
    "Non-Proliferation Treaty: in force": lambda: treaty(
        "Non-Proliferation Treaty", "entered_into_force"
    ),
    "Peak of the U.S. stockpile": lambda: (
        load("warheads")
        .query("state == 'United States' and basis == 'stockpile declared'")["warheads"]
        .max()
    ),
    "U.S. stockpile in 2023": lambda: one(
        "warheads", "warheads", state="United States", basis="stockpile declared", year=2023
    ),
    "Peak of the Soviet stockpile": lambda: (
        load("warheads").query("state == 'Soviet Union or Russia'")["warheads"].max()
    ),
    "World inventory in January 2025": lambda: load("warheads_2025")["inventory"].sum(),
    "U.S. inventory in January 2025": lambda: one("warheads_2025", "inventory", iso3="USA"),
    "Russian inventory in January 2025": lambda: one("warheads_2025", "inventory", iso3="RUS"),
    "Chinese stockpile in January 2025": lambda: one("warheads_2025", "stockpile", iso3="CHN"),
    "U.S. military spending in 2024": lambda: spending("USA", "current dollars") / 1000,
    "Russian military spending in 2024": lambda: spending("RUS", "current dollars") / 1000,
    "Russian military spending in 2024 as a share of GDP": lambda: spending("RUS", "share of GDP"),
    "Ukrainian military spending in 2024 as a share of GDP": lambda: spending(
        "UKR", "share of GDP"
    ),
    "NATO: members": lambda: len(load("nato_members")),
    "NATO: founders": lambda: load("nato_members")["founder"].sum(),
    "NATO: Poland joins": lambda: one("nato_members", "accession_date", iso3="POL"),
    "NATO: Finland joins": lambda: one("nato_members", "accession_date", iso3="FIN"),
    "NATO: Sweden joins": lambda: one("nato_members", "accession_date", iso3="SWE"),
    "NATO: Polish defence spending, 2024 estimate": lambda: one(
        "nato_spending", "share_of_gdp", iso3="POL", year=2024
    ),
    "NATO: U.S. defence spending, 2024 estimate": lambda: one(
        "nato_spending", "share_of_gdp", iso3="USA", year=2024
    ),
    "NATO: members at 2 percent, 2014": lambda: at_two_percent(2014),
    "NATO: members at 2 percent, 2024 estimate": lambda: at_two_percent(2024),
    "NATO: troops in the eight battlegroups": lambda: load("nato_battlegroups")["troops"].sum(),
    "Meetings with Soviet leaders": lambda: meetings(counterpart_state="Soviet Union"),
    "Meetings of Reagan and Gorbachev": lambda: meetings(
        us_president="Ronald Reagan", counterpart="Mikhail Gorbachev"
    ),
    "Summit in Reykjavik": lambda: one("summits", "start_date", city="Reykjavik"),
    "Summit in Helsinki": lambda: one(
        "summits", "start_date", city="Helsinki", us_president="Donald J. Trump"
    ),
    "Summit in Anchorage": lambda: one("summits", "start_date", city="Anchorage"),
    "Expulsions by the United States in December 2016": lambda: one(
        "diplomatic_measures", "count", date="2016-12-29", measure="expulsion"
    ),
    "Expulsions by the United States in March 2018": lambda: one(
        "diplomatic_measures", "count", date="2018-03-26", measure="expulsion"
    ),
    **{
        f"UN vote {text}": lambda text=text: vote(text)
        for text in [
            "68/262",
            "ES-11/1",
            "ES-11/3",
            "ES-11/4",
            "ES-11/6",
            "ES-11/7",
            "ES-11/8",
            "74/17",
            "76/70",
            "76/179",
            "77/229",
            "78/221",
        ]
    },
    "U.S. vote on 76/179": lambda: one("un_votes", "us_vote", resolution="76/179"),
    "U.S. vote on 78/221": lambda: one("un_votes", "us_vote", resolution="78/221"),
    "UN vote S/RES/2774": lambda: vote("S/RES/2774"),
    "U.S. vote on ES-11/7": lambda: one("un_votes", "us_vote", resolution="ES-11/7"),
    "Indian vote on ES-11/1": lambda: country_vote("ES-11/1", "IND"),
    "Hungarian vote on ES-11/7": lambda: country_vote("ES-11/7", "HUN"),
    "U.S. goods imports from Russia in 1992": lambda: trade("imports", 1992),
    "U.S. goods imports from Russia in 2011": lambda: trade("imports", 2011),
    "U.S. goods imports from Russia in 2021": lambda: trade("imports", 2021),
    "U.S. goods exports to Russia in 2021": lambda: trade("exports", 2021),
    "U.S. goods exports to Russia in 2024": lambda: trade("exports", 2024),
    "U.S. goods imports from Russia in 2016": lambda: trade("imports", 2016),
    "U.S. goods exports to Russia in 2018": lambda: trade("exports", 2018),
    "U.S. goods imports from Russia in 2019": lambda: trade("imports", 2019),
    "Ships listed by the EU on 24 February 2025": lambda: one(
        "designation_counts", "count", as_of=pd.Timestamp("2025-02-24"), counted="ships listed"
    ),
    "Russia-related additions to the U.S. list in 2023": lambda: one(
        "us_designations", "additions", scope="related to Russia", year=2023
    ),
    "Urals in December 2024": lambda: one("urals_prices", "price", month="2024-12"),
    "Official rate of the dollar in 2015": lambda: macro("exchange_rate", 2015, "full year"),
    "Russian billionaires in 2021": lambda: one("billionaires", "billionaires", year=2021),
    "Wealth of Russian billionaires in 2024": lambda: one("billionaires", "wealth", year=2024),
    "Price cap on Russian crude from 2022-12-05": lambda: cap("crude oil", "2022-12-05", G7),
    "Price cap on premium products from 2023-02-05": lambda: cap(
        "premium oil products", "2023-02-05", G7
    ),
    "Price cap of the EU on crude from 2025-09-03": lambda: cap(
        "crude oil", "2025-09-03", "European Union"
    ),
    "U.S. order 13660": lambda: measure(legal_basis="Executive Order 13660"),
    "EU regulation 833/2014": lambda: measure(legal_basis="Regulation 833/2014"),
    "U.S. order 14024": lambda: (
        load("sanctions_measures").query("legal_basis == 'Executive Order 14024'")["date"].min()
    ),
    "Sixth package of the EU": lambda: measure(package=6),
    "Normal trade relations suspended": lambda: measure(
        sender="United States", legal_basis="Public Laws 117-109 and 117-110"
    ),
    "Duty under proclamation 10420": lambda: one("trade_policy", "percent", date="2022-06-27"),
    "Success rate of sanctions, third edition": lambda: one(
        "sanctions_success_rates", "rate", study_key="hufbauer2007"
    ),
    "Successes of sanctions, recoded": lambda: one(
        "sanctions_success_rates", "successes", study_key="pape1997", cases=115
    ),
    "Russian share of EU gas imports in 2021": lambda: gas(2021),
    "Russian share of EU gas imports in 2024": lambda: gas(2024),
    "Brent in March 2022": lambda: one("brent_prices", "price", month="2022-03"),
    "Brent in June 2022": lambda: one("brent_prices", "price", month="2022-06"),
    "Russian growth in 2009": lambda: macro("gdp_growth", 2009, "full year"),
    "Key rate of the Bank of Russia in October 2024": lambda: macro("key_rate", 2024, "October"),
    "Russian inflation in 2022": lambda: macro("inflation_december", 2022, "full year"),
    "Central bank assets held in the EU": lambda: one(
        "frozen_assets", "amount", holder="European Union", asset="central bank assets"
    ),
    "Gallup: favourable to Russia, 2002": lambda: gallup("2002-02"),
    "Gallup: favourable to Russia, 2020": lambda: gallup("2020-02"),
    "Gallup: favourable to Russia, 2022": lambda: gallup("2022-02"),
    "Gallup: favourable to Russia, 2023": lambda: gallup("2023-02"),
    "Pew: Russia an enemy, January 2022": lambda: enemy("2022-01"),
    "Pew: Russia an enemy, March 2022": lambda: enemy("2022-03"),
    "Pew: Russia an enemy, 2025": lambda: enemy("2025-03"),
    "Levada: bad attitude to the United States, January 2015": lambda: one(
        "russian_opinion", "value", survey_month="2015-01", answer="negative"
    ),
    "Levada: bad attitude to the United States, March 2021": lambda: one(
        "russian_opinion", "value", survey_month="2021-03", answer="negative"
    ),
    "Gallup: trust in mass media, 1976": lambda: trust(1976),
    "Gallup: trust in mass media, 2025": lambda: trust(2025),
    "Freedom House: Russia in the edition of 2025": lambda: freedom("RUS", "2025"),
    "Freedom House: Ukraine in the edition of 2025": lambda: freedom("UKR", "2025"),
    "Freedom House: United States in the edition of 2026": lambda: freedom("USA", "2026"),
    "RSF: rank of Russia in 2025": lambda: press("RUS", 2025),
    "RSF: rank of Russia in 2026": lambda: press("RUS", 2026),
    "RSF: rank of Russia in 2024": lambda: press("RUS", 2024),
    "RSF: rank of the United States in 2025": lambda: press("USA", 2025),
    "Refugees from Ukraine at the end of 2022": lambda: millions("refugees, all hosts", 2022),
    "Displaced within Ukraine at the end of 2022": lambda: millions("internally displaced", 2022),
    "Refugees from Ukraine in Germany at the end of 2024": lambda: (
        one("refugees_by_host", "refugees", iso3="DEU", year=2024) / 1e6
    ),
    "U.S. aid allocated to Ukraine": lambda: one("ukraine_aid_donors", "total", iso3="USA"),
    "Judgments of the European Court on Russia in 2021": lambda: judgments("judgments on Russia"),
    "Judgments on Russia in 2021 that found a violation": lambda: judgments(
        "judgments on Russia that found a violation"
    ),
    "Advertisements of the Internet Research Agency": lambda: one(
        "disinformation_measures", "value", indicator="advertisements"
    ),
    "NATO: members at 2 percent, 2025": lambda: at_two_percent(2025),
    "NATO: members above 3.5 percent, 2025": lambda: len(
        load("nato_spending").query("kind == 'member' and year == 2025 and share_of_gdp > 3.5")
    ),
    "NATO: battlegroups in June 2026": lambda: len(load("nato_battlegroups")),
    "Chemical Weapons Convention: bound both": lambda: treaty(
        "Chemical Weapons Convention", "entered_into_force"
    ),
    "Dangerous Military Activities: in force": lambda: treaty(
        "Dangerous Military Activities", "entered_into_force"
    ),
    "Founding Act: status": lambda: treaty("Founding Act", "status_2026"),
    "Arms talks after New START: latest found": lambda: (
        load("new_start_events").query("agreement == 'New START'")["date"].max()
    ),
    "Calls of the presidents in 2025": lambda: contacts_2025("call of the presidents"),
    "Meetings of envoys with the Russian president in 2025": lambda: contacts_2025(
        "envoys with the Russian president"
    ),
    "Latest step back in allied cyber and information work": lambda: (
        load("allied_cyber_information").query("direction == 'step back'")["date"].max()
    ),
    "Observers recommended for the Duma election of 2021": lambda: one(
        "election_observation", "observers", election_date="2021-09-19"
    ),
    "Prisoners exchanged by each side in May 2025": lambda: one(
        "prisoner_child_returns", "russia", date="2025-05-25"
    ),
    "Children returned to Ukraine by February 2026": lambda: one(
        "prisoner_child_returns", "ukraine", date="2026-02-17"
    ),
    "Paris Declaration on guarantees": lambda: one(
        "security_guarantees", "date", event="Paris Declaration"
    ),
    "States at the coalition of the willing in September 2025": lambda: one(
        "security_guarantees", "participants", date="2025-09-04"
    ),
    "Persons under a warrant over the war": lambda: len(load("court_warrants")),
    "KIIS: against all of Donbas for guarantees, March 2026": lambda: one(
        "war_opinion",
        "value",
        question="all of Donbas for guarantees",
        survey_month="2026-03",
        answer="unacceptable",
    ),
    "Levada: for peace talks, February 2026": lambda: one(
        "war_opinion", "value", answer="start peace talks", survey_month="2026-02"
    ),
    "Loan of the European Union to Ukraine": lambda: one(
        "allied_decisions", "value", date="2025-12-18", unit="EUR billion"
    ),
    "Core defence by the pledge of The Hague": lambda: one(
        "allied_decisions", "value", decision=CORE_DEFENCE
    ),
    "Exit from NATO limited by law": lambda: one("us_statutes", "date", subject="alliance"),
    "Ban on Russian oil as a law: who can end it": lambda: one(
        "us_statutes", "who_can_end", number="Public Law 117-109"
    ),
    "Persons listed by the European Union over elections in Moldova": lambda: one(
        "election_interference", "persons", country="Moldova"
    ),
}


def contacts_2025(kind: str) -> int:
    frame = load("contacts")
    return int(((frame["kind"] == kind) & (frame["date"].dt.year == 2025)).sum())


def gas(year: int) -> float:
    basis = "European Commission, imports from outside the EU"
    return one("eu_gas_imports", "russia_share", basis=basis, year=year, flow="all gas")


def macro(indicator: str, year: int, period: str) -> float:
    return one("russia_macro", "value", indicator=indicator, year=year, period=period)


def trust(year: int) -> int:
    return one("media_trust", "value", group="all adults", year=year)


@pytest.mark.parametrize("row", FIGURES, ids=[row["figure"] for row in FIGURES])
def test_a_headline_figure_is_what_its_primary_source_says(row):
    found = SELECTORS[row["figure"]]()
    if isinstance(found, pd.Timestamp):
        assert found.date().isoformat() == row["value"]
    elif isinstance(found, str):
        assert found == row["value"]
    else:
        room = float(row["tolerance"] or 0) + 1e-9
        assert abs(float(found) - float(row["value"])) <= room, f"{found} {row['unit']}"


def test_every_headline_figure_names_its_source_once():
    assert len({row["figure"] for row in FIGURES}) == len(FIGURES) >= 60
    assert {row["figure"] for row in FIGURES} == set(SELECTORS)
    for row in FIGURES:
        assert all(row[key] for key in ("value", "unit", "source", "how")), row
        assert row["url"].startswith("https://"), row
