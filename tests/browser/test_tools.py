"""What a reader does on the pages, done in Chromium."""

import json
import random
import re
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest

from report import evidence, load

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["served", "folder"])
def address(request, served, built):
    """The book on a server, and opened from a folder."""
    return served if request.param == "served" else built.as_uri() + "/"


def test_search_finds_a_term_and_opens_it(page, address):
    page.goto(f"{address}book/summary.html")
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input").fill("Jackson-Vanik")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/search.html?q=" in url)
    link = page.locator("#search-results .search a").first
    link.wait_for()
    assert not page.faults
    link.click()
    page.wait_for_url(lambda url: "/book/" in url)
    assert "Jackson" in page.locator("article").inner_text()
    assert not page.faults


def test_choice_of_colours_persists(page, address):
    page.goto(f"{address}book/summary.html")
    switch = page.locator(".theme-switch-button").first
    for _ in range(3):
        if page.evaluate("document.documentElement.dataset.mode") == "dark":
            break
        switch.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.goto(f"{address}book/engagement.html")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def cells(table, column):
    return table.locator(f"tbody tr > :nth-child({column})").all_inner_texts()


def test_long_tables_sort(page, served):
    page.goto(f"{served}book/conclusion.html")
    table = page.locator("table.data-table:has(button.sort)").first
    before = cells(table, 2)
    button = table.locator("button.sort").nth(1)
    button.press("Enter")
    assert table.locator("th[aria-sort=ascending]").count() == 1
    assert cells(table, 2) == sorted(before, key=str.lower) != before
    button.press("Enter")
    assert cells(table, 2) == sorted(before, key=str.lower, reverse=True)
    button.press("Enter")
    assert cells(table, 2) == before


def test_columns_of_numbers_sort_as_numbers(page, served):
    page.goto(f"{served}book/conclusion.html")
    page.evaluate(
        """() => { const t = document.querySelector('table.data-table:has(button.sort)');
        [...t.tBodies[0].rows].forEach((r, i) =>
          { r.cells[1].textContent = ['1,200', '−3', '–', '40.5', '7'][i % 5] }) }"""
    )
    table = page.locator("table.data-table:has(button.sort)").first
    table.locator("button.sort").nth(1).click()
    assert list(dict.fromkeys(cells(table, 2))) == ["−3", "7", "40.5", "1,200", "–"]


def test_short_tables_do_not_sort(page, served):
    page.goto(f"{served}book/engagement.html")
    assert page.locator("#tbl-engagement-article button").count() == 0


def test_every_download_of_a_page_arrives_and_is_the_file_in_data(page, served, built):
    page.goto(f"{served}book/engagement.html")
    hrefs = page.eval_on_selector_all("article a[href*='/data/']", "all => all.map((a) => a.href)")
    assert hrefs
    for href in dict.fromkeys(hrefs):
        body = page.request.get(href).body()
        assert body == (ROOT / unquote(href.partition(served)[2])).read_bytes(), href


def test_kits_pdf_and_notebook_are_one_click_away(page, served, built):
    page.goto(f"{served}book/engagement.html")
    menu = page.locator(".report-menu")
    menu.locator("summary").click()
    links = menu.locator("a").evaluate_all("all => all.map((a) => [a.innerText, a.href])")
    assert [text for text, _ in links][:2] == ["PDF", "Notebook of this page"]
    for _, href in links:
        assert page.request.get(href).ok, href
    with page.expect_download() as arriving:
        menu.get_by_text("Notebook of this page").click()
    notebook = json.loads(Path(arriving.value.path()).read_text())
    assert notebook["nbformat"] == 4
    page.keyboard.press("Escape")
    menu.locator("summary").focus()
    page.keyboard.press("Escape")
    assert not menu.evaluate("e => e.open")


def test_citations_lead_there_and_back(page, served):
    page.goto(f"{served}book/engagement.html")
    page.locator("article a[href*='references.html#']").first.click()
    page.wait_for_url("**/references.html#*")
    entry = page.locator(":target")
    assert entry.get_attribute("class") == "citation"
    entry.locator(".cited-in a", has_text="chapter 1").click()
    page.wait_for_url("**/engagement.html#*")
    assert page.locator(":target").count() == 1


def test_claims_lead_there_and_back(page, served):
    page.goto(f"{served}book/engagement.html")
    page.locator("article a[href*='#claim-s1-b1']").first.click()
    page.wait_for_url("**/claims.html#claim-s1-b1")
    row = page.locator("tr:has(:target)")
    assert row.count() == 1
    row.locator("a").click()
    page.wait_for_url("**/engagement.html#use-engagement-s1-b1")


def test_cards_tell_what_a_link_leads_to(page, served):
    page.goto(f"{served}book/engagement.html")
    link = page.locator("article a[href*='#claim-s1-b1']").first
    claim = load("claims").set_index("claim_id").loc["S1-B1", "claim"]
    card = page.locator("#card")
    link.focus()
    assert card.inner_text() == claim
    assert link.get_attribute("aria-describedby") == "card"
    page.keyboard.press("Escape")
    assert not card.is_visible()
    link.hover()
    card.hover()  # the pointer may move onto the card
    page.wait_for_timeout(300)
    assert card.is_visible()
    box = card.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1280


def test_links_of_exhibits_and_citations_are_copied(page, served):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{served}book/engagement.html")
    page.locator("#tbl-engagement-article .copy-link").click()
    copied = "navigator.clipboard.readText()"
    assert page.evaluate(copied).endswith("/book/engagement.html#tbl-engagement-article")
    page.locator(".report-cite").click()
    page.locator(".cite-this button").click()
    entry = page.evaluate(copied)
    assert re.match(r"@techreport\{[\w.-]+,\n", entry) and "Diplomatic engagement" in entry


def test_skip_link_comes_first_and_focus_is_seen(page, served):
    page.goto(f"{served}book/summary.html")
    page.keyboard.press("Tab")
    focused = "document.activeElement"
    assert page.evaluate(f"{focused}.innerText") == "Skip to main content"
    assert page.evaluate(f"{focused}.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content")
    for _ in range(12):
        page.keyboard.press("Tab")
        width = page.evaluate(f"parseFloat(getComputedStyle({focused}).outlineWidth)")
        assert width >= 2, page.evaluate(f"{focused}.outerHTML")


def test_every_control_is_reached_by_keyboard(page, served):
    page.goto(f"{served}book/summary.html")
    seen = page.evaluate(
        """() => [...document.querySelectorAll('button, summary, input, a[href]')]
             .filter((e) => e.offsetParent && e.tabIndex < 0).map((e) => e.outerHTML)"""
    )
    assert seen == []


def test_telephone_has_its_bar_and_menus_within_reach(page, served):
    page.set_viewport_size({"width": 375, "height": 700})
    page.goto(f"{served}book/engagement.html")
    for button in (
        ".primary-toggle",
        ".secondary-toggle",
        ".search-button__button",
        ".report-menu",
    ):
        place = page.locator(f".bd-header-article {button}").first.bounding_box()
        assert place["y"] > 600, button
    page.locator(".bd-header-article .primary-toggle").click()
    chapters = page.locator("#pst-primary-sidebar-modal")
    assert chapters.get_by_text("Sanctions and trade as leverage").is_visible()
    page.keyboard.press("Escape")
    page.locator(".bd-header-article .secondary-toggle").click()
    contents = page.locator("#pst-secondary-sidebar-modal")
    contents.get_by_text("Assessment").click()
    assert page.url.endswith("#assessment")


def test_wide_tables_scroll_by_keyboard_and_keep_their_header(page, served):
    page.set_viewport_size({"width": 375, "height": 700})
    page.goto(f"{served}book/conclusion.html")
    box = page.locator(".table-scroll:not(.fits)").first
    assert box.get_attribute("tabindex") == "0" and box.get_attribute("aria-label")
    box.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)  # wait_for_function would need eval, which the policy forbids
    assert box.evaluate("e => e.scrollLeft") > 0
    box.evaluate("e => e.scrollTo(0, 400)")
    top = box.evaluate("e => e.getBoundingClientRect().top")
    head = box.locator("thead th").first.evaluate("e => e.getBoundingClientRect().top")
    assert abs(head - top) < 3


def test_weights_explorer_grades_as_the_report_does(page, served):
    page.goto(f"{served}book/conclusion.html")
    box = page.locator(".weights-explorer")
    assert "are those of the scorecard" in box.locator("[role=status]").inner_text()
    data = json.loads(box.locator("script").inner_text() or box.locator("script").inner_html())
    findings, ids = load("findings"), [claim["id"] for claim in data["claims"]]
    draw = random.Random(2026)
    draws = [[draw.randint(0, 10) / 10 for _ in data["types"]] for _ in range(300)]
    draws += [[0.0] * len(data["types"]), [1.0] * len(data["types"])]
    shown = page.evaluate(
        "(all) => all.map((w) => document.querySelector('.weights-explorer').verdicts(w))", draws
    )
    for weights, verdicts in zip(draws, shown, strict=True):
        table = pd.Series(weights, index=weight_names(data))
        graded = evidence.grade(findings, table, ids)
        assert verdicts == list(graded["verdict"]), weights
    slider = box.locator("input[type=range]").first
    slider.fill("0")
    assert box.locator("output").first.inner_text() == "0.0"
    box.get_by_role("button", name="Back to the report's weights").click()
    assert "are those of the scorecard" in box.locator("[role=status]").inner_text()


def weight_names(data):
    """The study types in the order in which the explorer has them."""
    return list(load("study_types")["study_type"]) if "names" not in data else data["names"]


def test_without_javascript_the_page_says_everything(browser, served):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served}book/conclusion.html")
    assert page.locator("#tbl-scorecard, table.data-table").first.is_visible()
    assert not page.locator(".weights-explorer").is_visible()
    assert page.locator(".report-menu summary").is_visible()
    context.close()


def test_the_top_address_leads_to_the_summary(page, address):
    page.goto(f"{address}index.html")
    page.wait_for_url("**/book/summary.html")
