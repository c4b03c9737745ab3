"""Taking one exhibit along in Chromium: two clicks, values in the picture, one page of all."""

import json
from pathlib import Path

import pytest
from copies import cases

PAGE, FIGURE = "book/engagement.html", "fig-engagement-visas"


def box_of(page, name=FIGURE):
    return page.locator(f".exhibit:has(#{name})")


def marks_of(page):
    lines = json.loads(box_of(page).locator("script.marks").inner_html())
    return [(float(x), float(y), text) for x, y, text in (line.split(" ", 2) for line in lines)]


def test_each_file_is_two_clicks_away(chapter, built):
    box_of(chapter).get_by_text("Save or cite").click()
    for link in ("PNG", "SVG", "CSV", "their description", "BibTeX", "RIS"):
        with chapter.expect_download() as arriving:
            box_of(chapter).locator(".cite-this").get_by_role("link", name=link).click()
        name = arriving.value.suggested_filename
        assert name.startswith(f"{FIGURE}."), link
        sent = Path(arriving.value.path()).read_bytes()
        assert sent == (built / "exhibits" / name).read_bytes(), link


def test_a_citation_is_copied_by_keyboard(page, address):
    page.goto(f"{address}{PAGE}")
    fold = box_of(page).locator(".cite-this")
    fold.locator("summary").press("Enter")
    fold.get_by_role("button", name="Copy citation").press("Enter")
    page.wait_for_timeout(200)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == fold.locator("pre").text_content()
    assert "Figure 1.5. " in copied and copied.endswith(f"{PAGE}#{FIGURE}")
    assert page.locator("[role=status]").last.text_content() == "Copied"


def test_the_pointer_shows_the_value_of_the_nearest_mark(page, address):
    page.goto(f"{address}{PAGE}")
    image, card = box_of(page).locator("img"), page.locator("#card")
    image.scroll_into_view_if_needed()
    room = image.bounding_box()
    for x, y, text in marks_of(page)[:5]:
        page.mouse.move(room["x"] + x * room["width"] + 1, room["y"] + y * room["height"] - 1)
        assert card.inner_text() == text
        ring = box_of(page).locator(".mark").bounding_box()
        assert abs(ring["x"] + ring["width"] / 2 - room["x"] - x * room["width"]) < 2
        assert abs(ring["y"] + ring["height"] / 2 - room["y"] - y * room["height"]) < 2
    page.mouse.move(room["x"] - 30, room["y"])
    card.wait_for(state="hidden")
    assert not box_of(page).locator(".mark").is_visible()


def test_the_keyboard_steps_through_the_values(chapter):
    slider, marks = box_of(chapter).get_by_role("slider"), marks_of(chapter)
    assert slider.get_attribute("aria-label") == "Values in Figure 1.5"
    slider.focus()
    for _, _, text in marks[:3]:
        assert chapter.locator("#card").inner_text() == text
        assert slider.get_attribute("aria-valuetext") == text
        chapter.keyboard.press("ArrowRight")
    chapter.keyboard.press("End")
    assert chapter.locator("#card").inner_text() == marks[-1][2]
    chapter.keyboard.press("Tab")
    assert not chapter.locator("#card").is_visible()


def test_a_tap_shows_the_value(window):
    page = window(375, 700, has_touch=True)
    page.goto(PAGE)
    image = box_of(page).locator("img")
    room, (x, y, text) = image.bounding_box(), marks_of(page)[0]
    image.tap(position={"x": x * room["width"], "y": y * room["height"]})
    page.wait_for_timeout(400)
    assert page.locator("#card").inner_text() == text


@pytest.mark.parametrize("asked", cases("search_queries")["kinds"], ids=lambda a: a["kind"])
def test_search_says_what_it_found(page, asked):
    page.goto(f"search.html?q={asked['query']}")
    kind, lands = asked["kind"], asked["lands"]
    found = page.locator(".search-results li", has=page.get_by_text(kind, exact=True))
    hrefs = found.locator("a").evaluate_all("all => all.map((a) => a.href)")
    assert any(lands in href for href in hrefs), hrefs
    page.goto(next(href for href in hrefs if lands in href))
    assert page.locator(":target").count() == 1


def test_all_exhibits_sort_by_chapter_and_subject(page, address):
    page.goto(f"{address}exhibits.html")
    rows = page.locator("tbody tr")
    first = rows.first.inner_text()
    for name, column in (("Chapter", 1), ("Subject", 2)):
        button = page.get_by_role("button", name=name)
        button.click()
        button.click()
        assert page.locator("th[aria-sort=descending]").count() == 1
        keys = rows.evaluate_all(
            f"all => all.map((r) => r.cells[{column}].dataset.sort ?? r.cells[{column}].innerText)"
        )
        assert len(set(keys)) > 8
        numbers = [int(key) for key in keys] if column == 1 else []
        assert numbers == sorted(numbers, reverse=True)
        assert rows.first.inner_text() != first
    pictures = page.locator("tbody img")
    assert pictures.count() > 30
    pictures.last.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    assert pictures.last.evaluate("e => e.naturalWidth") > 100


def test_an_old_address_leads_to_what_replaced_it(page):
    page.goto("book/sanctions.html#fig-sanctions-trade")
    assert page.locator(":target #fig-sanctions-measures").count() == 1
