"""What a reader does on the pages, done in Chromium."""

import json
import random
import re
import unicodedata
from collections import Counter
from pathlib import Path
from urllib.parse import quote, unquote

import pandas as pd
import pytest
from copies import ROOT, cases

from report import assess, evidence, load
from report.assessment import base
from report.sortkeys import sort_key

COPIED = "navigator.clipboard.readText()"
#: Presses the button of a column three times. The column's cells, the sorted heads and what is
#: said, before the first and after each.
PRESS = """(button) => {
    const [head, table] = [button.closest('th'), button.closest('table')];
    const look = () => [
        [...table.tBodies[0].rows].map((row) => row.cells[head.cellIndex].textContent.trim()),
        [...table.querySelectorAll('th[aria-sort]')].map((th) => th.ariaSort),
        [...document.querySelectorAll('[role=status]')].at(-1).textContent];
    return [look(), ...[1, 2, 3].map(() => { button.click(); return look(); })];
}"""


def test_search_finds_a_term_and_opens_it(page, address):
    page.goto(f"{address}book/summary.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("Jackson-Vanik")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/search.html?q=" in url)
    link = page.locator(".search-results a").first
    link.wait_for()
    said = page.locator("article [role=status]").first.inner_text()
    assert "places have this: Jackson-Vanik" in said
    link.click()
    page.wait_for_url(lambda url: "/book/" in url)
    assert "Jackson" in page.locator("article").inner_text()


@pytest.mark.parametrize("asked", cases("search_queries")["words"], ids=lambda a: a["query"])
def test_search_finds_years_phrases_and_accents(page, asked):
    page.goto(f"search.html?q={quote(asked['query'])}")
    texts = {text.lower() for text in page.locator("mark").all_text_contents()}
    found = {unicodedata.normalize("NFC", text) for text in texts}
    if asked["marked"]:
        assert found and all(text.startswith(tuple(asked["marked"])) for text in found), found
        assert asked["unlike"] not in found


def test_search_puts_chapters_first_and_shows_whole_sentences(page):
    page.goto("search.html?q=Jackson-Vanik")
    hrefs = page.locator(".search-results a").evaluate_all("all => all.map((a) => a.href)")
    late = ["/appendix/" in href for href in hrefs]
    assert late == sorted(late) and 1 < sum(late) < len(late)
    texts = page.locator(".search-results p").all_inner_texts()[: late.index(True)]
    sentences = [text for text in texts if text != "Row: Jackson-Vanik amendment"]
    assert 0 < len(sentences) < len(texts)
    assert all(re.fullmatch(r"[A-Z].*[.?!]", text) for text in sentences), sentences


@pytest.mark.parametrize("kind", [r"\d\d\.\d", r"\d,\d{3}", r"\d+/\d+"])
def test_search_finds_numbers_as_they_stand(page, built, kind):
    text = (built / "_static" / "search-data.js").read_text("utf-8")
    number = re.search(rf"(?<![\w.,/])({kind})(?![\w/]|[.,]\d)", text)[1]
    for query in (number, number.replace(",", "")):
        page.goto(f"search.html?q={quote(query)}")
        assert set(page.locator("mark").all_text_contents()) == {number}, query


def test_search_says_that_it_found_nothing(page):
    page.goto("search.html?q=xyzzy")
    assert page.locator("article [role=status]").first.inner_text() == "No places have this: xyzzy"


def test_choice_of_colours_persists(page, address):
    page.goto(f"{address}book/summary.html")
    switch = page.locator(".theme-toggle-content .theme-toggle")
    for _ in range(3):
        if page.evaluate("document.body.dataset.theme") == "dark":
            break
        switch.click()
    page.goto(f"{address}book/engagement.html")
    assert page.evaluate("document.body.dataset.theme") == "dark"


@pytest.mark.parametrize("name", ["sanctions", "coalition", "human_rights"])
def test_long_tables_sort_by_what_cells_stand_for(page, name):
    """Every column of every long table: numbers and dates by size, then words; dashes last.

    Where most cells are words, all are.
    """
    page.goto(f"book/{name}.html")
    kinds = set()
    for button in page.locator("button.sort").all():
        (before, *_), ascending, descending, (after, heads, _) = button.evaluate(PRESS)
        assert (after, heads) == (before, [])
        keys = {text: sort_key(text) for text in before}
        kinds |= {type(key) for key in keys.values()}
        for cells, heads, said in (ascending, descending):
            assert heads == ["ascending" if cells is ascending[0] else "descending"]
            assert said.endswith(f", {heads[0]}")
            assert Counter(cells) == Counter(before)
            shown = [keys[text] for text in cells]
            assert shown == sorted(shown, key=lambda key: key is None), "dashes are last"
            numbers = [key for key in shown if isinstance(key, float)]
            if 2 * len(numbers) >= sum(key is not None for key in shown):
                assert numbers == sorted(numbers, reverse=heads == ["descending"])
    assert {float, str} <= kinds


def test_sentences_and_names_sort_as_words(page):
    """Though a few begin with a number, or like a month."""
    page.goto("book/appendix/studies.html")
    buttons = page.locator("#tbl-studies-engagement button.sort")
    for head, earlier, later in [
        ("Finding", "In the Berlin crisis", "Over 515 studies"),
        ("Work", "Malis [2021]", "Martin et al. [2008]"),
    ]:
        _, (cells, *_), *_ = buttons.filter(has_text=head).evaluate(PRESS)
        places = [[words in text for text in cells].index(True) for words in (earlier, later)]
        assert places == sorted(places), cells


def test_short_tables_do_not_sort(chapter):
    assert chapter.locator("#tbl-engagement-article button").count() == 0


def test_every_download_of_a_page_arrives_and_is_the_file_in_data(chapter, served):
    links = chapter.locator("article a[href*='/data/']")
    hrefs = links.evaluate_all("all => all.map((a) => a.href)")
    assert hrefs
    for href in dict.fromkeys(hrefs):
        body = chapter.request.get(href).body()
        assert body == (ROOT / unquote(href.partition(served)[2])).read_bytes(), href


def test_kits_pdf_and_notebook_are_one_click_away(chapter):
    menu = chapter.locator(".report-menu")
    menu.locator("summary").click()
    links = menu.locator("a").evaluate_all("all => all.map((a) => [a.innerText, a.href])")
    assert {"Brief (PDF, 2 pages)", "Notebook of this page"} <= {text for text, _ in links}
    for _, href in links:
        assert chapter.request.get(href).ok, href
    with chapter.expect_download() as arriving:
        menu.get_by_text("Notebook of this page").click()
    notebook = json.loads(Path(arriving.value.path()).read_text())
    assert notebook["nbformat"] == 4
    chapter.keyboard.press("Escape")
    menu.locator("summary").focus()
    chapter.keyboard.press("Escape")
    assert not menu.evaluate("e => e.open")


def test_citations_lead_there_and_back(chapter):
    chapter.locator("article a[href*='references.html#']").first.click()
    chapter.wait_for_url("**/references.html#*")
    entry = chapter.locator(":target")
    assert entry.get_attribute("class") == "citation"
    entry.locator(".cited-in a", has_text="chapter 1").click()
    chapter.wait_for_url("**/engagement.html#*")
    assert chapter.locator(":target").count() == 1


def test_claims_lead_there_and_back(chapter):
    chapter.locator("article a[href*='#claim-s1-b1']").first.click()
    chapter.wait_for_url("**/claims.html#claim-s1-b1")
    row = chapter.locator("tr:has(:target)")
    assert row.count() == 1
    row.locator("a").click()
    chapter.wait_for_url("**/engagement.html#use-engagement-s1-b1")


def test_cards_tell_what_a_link_leads_to(chapter):
    link = chapter.locator("article a[href*='#claim-s1-b1']").first
    claim = load("claims").set_index("claim_id").loc["S1-B1", "claim"]
    card = chapter.locator("#card")
    link.focus()
    assert card.inner_text() == claim
    assert link.get_attribute("aria-describedby") == "card"
    chapter.keyboard.press("Escape")
    assert not card.is_visible()
    link.hover()
    card.hover()  # the pointer may move onto the card
    chapter.wait_for_timeout(300)
    assert card.is_visible()
    box = card.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1280


def test_links_of_exhibits_and_citations_are_copied(chapter):
    chapter.locator("#tbl-engagement-article .headerlink").click()
    assert chapter.evaluate(COPIED).endswith("/book/engagement.html#tbl-engagement-article")
    chapter.locator(".report-tools a[href='#cite']").click()
    chapter.get_by_role("button", name="Copy BibTeX").click()
    entry = chapter.evaluate(COPIED)
    assert entry.startswith("@incollection{dealing-with-moscow-2026-engagement,\n")
    assert "title = {{Diplomatic engagement" in entry
    chapter.get_by_role("button", name="Copy RIS").click()
    assert chapter.evaluate(COPIED).startswith("TY  - CHAP\n")


def test_minus_signs_of_a_table_are_copied_as_spreadsheets_know_them(chapter):
    cell = chapter.locator("tbody td").first
    cell.evaluate("e => { e.textContent = '−3.5' }")
    for part in ("table", "td", "tr"):
        cell.evaluate(f"e => getSelection().selectAllChildren(e.closest('{part}'))")
        chapter.keyboard.press("Control+c")
        copied = chapter.evaluate(COPIED)
        assert copied == "-3.5" if part == "td" else "-3.5" in copied
    read = "navigator.clipboard.read().then((all) => all[0].getType('text/html'))"
    html = chapter.evaluate(f"{read}.then((blob) => blob.text())")
    assert "<table>" in html and ">-3.5</td>" in html and "−" not in html


def test_an_address_with_a_percent_sign_does_no_harm(page):
    page.goto("book/engagement.html#100%")
    assert page.locator("h1").is_visible()


def test_skip_link_comes_first_and_focus_is_seen(page):
    page.goto("book/summary.html")
    page.keyboard.press("Tab")
    focused = "document.activeElement"
    assert page.evaluate(f"{focused}.innerText") == "Skip to content"
    assert page.evaluate(f"{focused}.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    assert page.url.endswith("#furo-main-content")
    for _ in range(12):
        page.keyboard.press("Tab")
        width = page.evaluate(f"parseFloat(getComputedStyle({focused}).outlineWidth)")
        assert width >= 2, page.evaluate(f"{focused}.outerHTML")


def test_telephone_has_its_bar_and_drawers_within_reach(page):
    page.set_viewport_size({"width": 375, "height": 700})
    page.goto("book/engagement.html")
    assert page.locator(".mobile-header").bounding_box()["y"] > 600
    chapter = page.locator(".sidebar-drawer").get_by_text("Sanctions and trade as leverage")
    assert not chapter.is_visible()
    page.get_by_role("button", name="Chapters").press("Enter")
    assert chapter.is_visible()
    assert page.evaluate("document.activeElement.closest('.sidebar-drawer') !== null")
    page.keyboard.press("Escape")
    chapter.wait_for(state="hidden")
    page.locator(".mobile-header").get_by_role("button", name="On this page").click()
    page.locator(".toc-drawer").get_by_text("Assessment").click()
    assert page.url.endswith("#assessment")


def test_wide_tables_scroll_by_keyboard_and_keep_their_header(page):
    page.set_viewport_size({"width": 375, "height": 700})
    page.goto("book/conclusion.html")
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


def test_weights_explorer_grades_as_the_report_does(page):
    page.goto("book/conclusion.html")
    box = page.locator(".weights-explorer")
    assert "are those of the scorecard" in box.locator("[role=status]").inner_text()
    data = json.loads(box.locator("script").inner_text() or box.locator("script").inner_html())
    draw = random.Random(2026)
    draws = [[draw.randint(0, 20) / 20 for _ in data["levels"]] for _ in range(40)]
    draws += [[0.0] * len(data["levels"]), [1.0] * len(data["levels"])]
    shown = page.evaluate(
        "(all) => all.map((w) => document.querySelector('.weights-explorer').verdicts(w))", draws
    )
    (findings, works, factors, _), claims = base(), list(assess()["claim_id"])
    factors = factors.set_index(factors["factor"] + ": " + factors["level"])
    for weights, verdicts in zip(draws, shown, strict=True):
        moved = factors.assign(weight=factors["weight"].where(factors["factor"].eq("read")))
        moved["weight"] = moved["weight"].fillna(pd.Series(weights, index=data["levels"]))
        graded = evidence.grade(findings, works, moved, {}, claims)
        assert verdicts == list(graded["verdict"]), weights
    slider = box.locator("input[type=range]").first
    slider.fill("0")
    assert box.locator("output").first.inner_text() == "0.00"
    box.get_by_role("button", name="Back to the report's weights").click()
    assert "are those of the scorecard" in box.locator("[role=status]").inner_text()


def test_without_javascript_pages_say_everything_and_files_are_there(window):
    page = window(java_script_enabled=False)
    page.goto("book/conclusion.html")
    assert page.locator("#tbl-scorecard, table.data-table").first.is_visible()
    assert not page.locator(".weights-explorer").is_visible()
    assert page.locator(".report-menu summary").is_visible()
    fold = page.locator(".exhibit .cite-this").first
    fold.locator("summary").click()
    assert fold.locator("a").first.is_visible() and fold.locator("pre").is_visible()
    page.goto("exhibits.html")
    assert page.locator("tbody tr").count() > 100


def test_the_top_address_leads_to_the_summary(page, address):
    page.goto(f"{address}index.html")
    page.wait_for_url("**/book/summary.html")
