"""Every page in Chromium: weight, hosts, errors, accessibility, width."""

import gzip
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from copies import NAMES

from publish import site

PAGES = [*NAMES, "exhibits", "search", "404"]
#: Text that is wider than its box, which neither scrolls nor lets it out.
CUT = """() => [...document.querySelectorAll('article p, article li, article h1, article h2,'
    + 'article h3, article td, article th, summary, button')]
    .filter((e) => e.offsetParent && !e.closest('.visually-hidden')
      && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible')
    .map((e) => e.outerHTML.slice(0, 120))"""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WHITE = "rgb(255, 255, 255)"
BYTES, GZIPPED, REQUESTS = 500_000, 150_000, 12
SHIFT = 0.03  # columns of a long table may move a little while its rows arrive; 0.1 is "good"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("width", "colours", "others"), [(1280, "light", "dark"), (375, "dark", "light")]
)
def test_page(name, width, colours, others, window, served, axe):
    """No error, no other host, nothing too wide or cut off, nothing that axe finds."""
    page = window(width, color_scheme=colours)
    page.goto(f"{served}{name}.html")
    assert {urlsplit(url).netloc for url in page.requests} == {urlsplit(served).netloc}
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CUT) == []
    # No colour of an article depends on the width: it is searched in each width and each colours,
    # what is around it in every pair of them.
    for shown in (colours, others):
        page.emulate_media(color_scheme=shown)
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (background == WHITE) == (shown == "light")
        wrong = axe(page, article=shown == colours)
        assert not wrong, "\n".join(wrong)
    assert not page.faults


@pytest.fixture(scope="module")
def axe():
    """A function that returns what axe finds on a page, one line a rule."""
    package = pytest.importorskip("axe_playwright_python")
    script = (Path(package.__file__).parent / "axe.min.js").read_text()

    def run(page, article):
        if not page.evaluate("'axe' in window"):
            page.evaluate(script)
        options = {"runOnly": TAGS, "resultTypes": ["violations"], "preload": False}
        place = None if article else {"exclude": [["article"]]}
        search = "([place, options]) => axe.run(place || document, options)"
        found = page.evaluate(search, [place, options])["violations"]
        return [
            f"{rule['id']}: {len(rule['nodes'])} times, first {rule['nodes'][0]['html'][:160]} "
            f"{rule['nodes'][0]['failureSummary']}"
            for rule in found
        ]

    return run


@pytest.mark.parametrize("name", [*NAMES, "exhibits"])
def test_weight(name, page, served, built):
    """Without its figures: at most 500 kB, 150 kB gzipped, 12 requests, and a still layout."""
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach("
        "(e) => { window.shift += e.value })).observe({type: 'layout-shift', buffered: true})"
    )
    page.goto(f"{served}{name}.html", wait_until="load")
    paths = [urlsplit(url).path.lstrip("/") for url in page.requests]
    bodies = [(built / path).read_bytes() for path in paths if "_images/" not in path]
    assert len(bodies) <= REQUESTS
    assert sum(map(len, bodies)) <= BYTES
    assert sum(len(gzip.compress(body)) for body in bodies) <= GZIPPED
    assert page.evaluate("window.shift") < SHIFT


@pytest.mark.parametrize("name", ["book/summary", "book/engagement", "search"])
def test_page_opened_from_a_folder(name, page, built):
    page.goto((built / f"{name}.html").as_uri())
    assert all(url.startswith(built.as_uri()) for url in page.requests)
    fonts = page.evaluate("document.fonts.ready.then((all) => [...all].map((f) => f.status))")
    assert len(fonts) == 3 and "loaded" in fonts and "error" not in fonts


@pytest.mark.parametrize("name", ["book/summary", "book/conclusion", "book/appendix/claims"])
def test_zoom_of_200_percent_and_large_text(name, page, served):
    """At 200 % a window of 1280 pixels is one of 640; nothing is cut off then."""
    page.set_viewport_size({"width": 640, "height": 450})
    page.goto(f"{served}{name}.html")
    page.add_style_tag(content="html { font-size: 24px !important }")
    page.wait_for_timeout(200)  # the boxes of tables are measured anew
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    cut = page.evaluate(CUT)
    assert not cut


def test_forced_colours_keep_all_marks(window, served):
    page = window(forced_colors="active")
    page.goto(f"{served}book/conclusion.html")
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    brief = "getComputedStyle(document.querySelector('.table-scroll')).borderTopStyle"
    assert page.evaluate(brief) == "solid"
    image = page.locator("article img").first
    assert image.evaluate("e => getComputedStyle(e).filter") == "none"
    verdict = page.locator(".verdict").first
    assert verdict.inner_text()[0] in "+−○(?±"


def test_print_shows_the_text_alone(page, served):
    page.goto(f"{served}book/engagement.html")
    page.emulate_media(media="print")
    for hidden in (".sidebar-drawer", ".report-tools", ".figure-numbers", ".screen-only"):
        assert page.locator(hidden).count()
        assert not any(box.is_visible() for box in page.locator(hidden).all()), hidden
    for shown in ("h1", "table caption", ".exhibit-source", ".report-dates"):
        assert page.locator(shown).first.is_visible(), shown


def test_figures_follow_dark_colours_and_print_is_light_on_a_dark_screen(window, served):
    page = window(color_scheme="dark")
    page.goto(f"{served}book/engagement.html")
    image, drawn = page.locator("article img").first, "e => getComputedStyle(e).filter"
    assert "invert(1)" in image.evaluate(drawn)
    for chosen in ("auto", "dark"):
        page.evaluate(f"document.body.dataset.theme = '{chosen}'")
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == WHITE
        assert image.evaluate(drawn) == "none"
        page.emulate_media(media="screen")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != WHITE


def test_the_epub_fits_a_telephone(page, built, tmp_path):
    with zipfile.ZipFile(built / site.EPUB) as archive:
        archive.extractall(tmp_path)
    for width in (280, 380, 600, 740):  # also a reader of electronic ink
        page.set_viewport_size({"width": width, "height": 700})
        for name in NAMES:
            page.goto((tmp_path / f"{name}.xhtml").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.set_viewport_size({"width": 380, "height": 700})
    page.goto((tmp_path / "book/engagement.xhtml").as_uri())
    cell = page.locator("td").nth(1)
    heads = page.locator("table").first.locator("thead th").all_text_contents()
    assert cell.get_attribute("data-label") == heads[2]
    assert cell.evaluate("e => getComputedStyle(e).display") == "block"


def test_motion_is_the_readers_choice(page, served):
    page.goto(f"{served}book/summary.html")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter((e) => "
        "getComputedStyle(e).transitionDuration.split(',').some((t) => parseFloat(t) > 0)).length"
    )
    assert moving == 0
