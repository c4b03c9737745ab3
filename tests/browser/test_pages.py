"""Every page in Chromium: weight, hosts, errors, accessibility, width."""

import gzip
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from copies import NAMES

from publish import site

PAGES = [*NAMES, "exhibits", "search", "404"]
#: Text that is wider than its box, which neither scrolls nor lets it out; what moves, though the
#: reader wants no motion; what the keyboard does not reach.
WRONG = """() => {
    const all = (names) => [...document.querySelectorAll(names)].filter((e) => e.offsetParent);
    const texts = 'article :is(p, li, h1, h2, h3, td, th), summary, button';
    const cut = all(texts).filter((e) => !e.closest('.visually-hidden')
      && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible');
    const moving = [...document.querySelectorAll('*')]
      .filter((e) => /[1-9]/.test(getComputedStyle(e).transitionDuration));
    const missed = all('button, summary, input, a[href]').filter((e) => e.tabIndex < 0);
    return Object.entries({cut, moving, missed})
      .flatMap(([what, found]) => found.map((e) => `${what}: ${e.outerHTML.slice(0, 120)}`));
}"""
SHIFTS = """window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach(
    (e) => { window.shift += e.value })).observe({type: 'layout-shift', buffered: true})"""
EMPTY = "document.querySelectorAll('article section > :not(h1)').forEach((e) => e.remove())"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WHITE = "rgb(255, 255, 255)"
BYTES, GZIPPED, REQUESTS = 500_000, 150_000, 12  # but for figures and what the search reads
SHIFT = 0.03  # columns of a long table may move a little while its rows arrive; 0.1 is "good"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("width", "colours", "others"), [(1280, "light", "dark"), (375, "dark", "light")]
)
def test_page(name, width, colours, others, window, built, axe):
    """Nothing that axe finds, no error, no other host, nothing cut off; light, and lying still."""
    page = window(width, color_scheme=colours)
    page.add_init_script(SHIFTS)
    page.goto(f"{name}.html")
    assert width < 1280 or page.evaluate("window.shift") < SHIFT
    urls = [urlsplit(url) for url in page.requests]
    assert {url.netloc for url in urls} == {urlsplit(page.url).netloc}
    files = [built / url.path.lstrip("/") for url in urls if "_images/" not in url.path]
    bodies = [file.read_bytes() for file in files if file.name != "search-data.js"]
    assert len(bodies) <= REQUESTS and sum(map(len, bodies)) <= BYTES
    assert sum(len(gzip.compress(body)) for body in bodies) <= GZIPPED
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(WRONG) == []
    # No colour of an article depends on the width: it is searched in each width and each colours,
    # what is around it in every pair of them.
    for shown in (colours, others):
        page.emulate_media(color_scheme=shown)
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (background == WHITE) == (shown == "light")
        wrong = axe(page)
        assert not wrong, "\n".join(wrong)
        page.evaluate(EMPTY)
    assert not page.faults


@pytest.fixture(scope="module")
def axe():
    """A function that returns what axe finds on a page, one line a rule."""
    package = pytest.importorskip("axe_playwright_python")
    script = (Path(package.__file__).parent / "axe.min.js").read_text()

    def run(page):
        if not page.evaluate("'axe' in window"):
            page.evaluate(script)
        options = {"runOnly": TAGS, "resultTypes": ["violations"], "preload": False}
        found = page.evaluate("(options) => axe.run(options)", options)["violations"]
        return [
            f"{rule['id']}: {len(rule['nodes'])} times, first {rule['nodes'][0]['html'][:160]} "
            f"{rule['nodes'][0]['failureSummary']}"
            for rule in found
        ]

    return run


@pytest.mark.parametrize("name", ["book/summary", "book/engagement", "search"])
def test_page_opened_from_a_folder(name, page, built):
    page.goto((built / f"{name}.html").as_uri())
    assert all(url.startswith(built.as_uri()) for url in page.requests)
    fonts = page.evaluate("document.fonts.ready.then((all) => [...all].map((f) => f.status))")
    assert len(fonts) == 3 and "loaded" in fonts and "error" not in fonts


@pytest.mark.parametrize("name", ["book/summary", "book/conclusion", "book/appendix/claims"])
def test_zoom_of_200_percent_and_large_text(name, page):
    """At 200 % a window of 1280 pixels is one of 640; nothing is cut off then."""
    page.set_viewport_size({"width": 640, "height": 450})
    page.goto(f"{name}.html")
    page.add_style_tag(content="html { font-size: 24px !important }")
    page.wait_for_timeout(200)  # the boxes of tables are measured anew
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    assert page.evaluate(WRONG) == []


def test_forced_colours_keep_all_marks(window):
    page = window(forced_colors="active")
    page.goto("book/conclusion.html")
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    brief = "getComputedStyle(document.querySelector('.table-scroll')).borderTopStyle"
    assert page.evaluate(brief) == "solid"
    image = page.locator("article img").first
    assert image.evaluate("e => getComputedStyle(e).filter") == "none"
    verdict = page.locator(".verdict").first
    assert verdict.inner_text()[0] in "+−○(?±"


def test_print_shows_the_text_alone(page):
    page.goto("book/engagement.html")
    page.emulate_media(media="print")
    for hidden in (".sidebar-drawer", ".report-tools", ".figure-numbers", ".screen-only"):
        assert page.locator(hidden).count()
        assert not any(box.is_visible() for box in page.locator(hidden).all()), hidden
    for shown in ("h1", "table caption", ".exhibit-source", ".report-dates"):
        assert page.locator(shown).first.is_visible(), shown


def test_figures_follow_dark_colours_and_print_is_light_on_a_dark_screen(window):
    page = window(color_scheme="dark")
    page.goto("book/engagement.html")
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
    for name in NAMES:
        page.goto((tmp_path / f"{name}.xhtml").as_uri())
        for width in (740, 600, 380, 280):  # also a reader of electronic ink
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.set_viewport_size({"width": 380, "height": 700})
    page.goto((tmp_path / "book/engagement.xhtml").as_uri())
    cell = page.locator("td").nth(1)
    heads = page.locator("table").first.locator("thead th").all_text_contents()
    assert cell.get_attribute("data-label") == heads[2]
    assert cell.evaluate("e => getComputedStyle(e).display") == "block"
