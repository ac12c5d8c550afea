"""The book as its reader has it: opened from a disk, with the network cut, and its recordings played."""

import functools
import http.server
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from book import packages
from tests.browser.laboratory import ROOT
from tests.browser.reader import FLYING, Page
from tests.facts import eventually

pytestmark = [pytest.mark.timeout(240), pytest.mark.embedded]

CHAPTERS = [f"notebooks/{file.stem}.html" for file in sorted((ROOT / "notebooks").glob("*.ipynb"))]
CONTRACTS = [f"data/contracts/{file.stem}.html" for file in sorted((ROOT / "data/contracts").glob("*.json"))]
OTHERS = "index README trainer/README CONTRIBUTING DECISIONS CHANGELOG notebooks/solutions/all search"
PAGES = [*CHAPTERS, *CONTRACTS, *(f"{name}.html" for name in OTHERS.split())]
RECORDED = ["01", "02", "04", "05", "06"]
BACKBONE = "notebooks/05-the-backbone.html"
AXE = """([rules, left]) => axe.run({include: [['html']], exclude: left},
  {runOnly: rules, resultTypes: ['violations'], preload: false})"""
# What nobody can read past; in the dark only colours are new.
RULES = {"light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "dark": ["color-contrast"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book, built once. What it is built with is installed by `lab.py book`, and not by a test."""
    if lacking := packages.missing():
        said = f"the book was NOT looked at: {lacking[0]} is missing; python3 lab.py book installs it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(said)
    site = tmp_path_factory.mktemp("book") / "site"
    subprocess.run([sys.executable, "-m", "book", "--into", site], cwd=ROOT, check=True)
    return site


class Reader:
    """Somebody with the book on a disk and no network: what they open, and what goes wrong."""

    def __init__(self, browser: object, site: Path, **how: object) -> None:
        self.site, self.wrong = site, []
        self.page: Page = browser.new_context(**how).new_page()
        self.page.route(re.compile("^(?!file:|data:|http://127\\.0\\.0\\.1)"), self._outside)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.wrong.append(said.text))

    def _outside(self, route: object) -> None:
        self.wrong.append(f"asked for {route.request.url}")
        route.abort()

    def open(self, name: str) -> Page:
        self.page.goto((self.site / name).as_uri())
        return self.page


@pytest.fixture
def open_book(browser, site) -> Iterator[object]:
    """Opens the book for a reader who has set up their browser so; in the end nothing has gone wrong."""
    readers = []

    def opened(**how: object) -> Reader:
        readers.append(Reader(browser, site, **how))
        return readers[-1]

    yield opened
    for reader in readers:
        reader.page.context.close()
    assert [wrong for reader in readers for wrong in reader.wrong] == []


def test_every_page_opens_without_an_error_and_asks_for_nothing_outside(open_book, site):
    reader = open_book(reduced_motion="reduce")
    for name in PAGES:
        assert "Herd Fiber" in reader.open(name).title(), name
    assert sum(file.stat().st_size for file in site.rglob("*") if file.is_file()) < 15_000_000


def test_every_picture_says_what_it_shows(open_book):
    reader = open_book()
    for name in PAGES:
        alts = reader.open(name).evaluate("() => [...document.images].map((image) => image.alt.trim())")
        assert all(len(alt) > 20 for alt in alts), (name, alts)


@pytest.mark.parametrize("theme", RULES)
def test_axe_finds_nothing_serious(open_book, theme):
    reader = open_book(color_scheme=theme, reduced_motion="reduce")
    script = files("axe_playwright_python") / "axe.min.js"
    found = []
    for name in PAGES:
        page = reader.open(name)
        page.add_script_tag(path=script)
        left = [] if name == BACKBONE else [[".highlight"]]  # code has the same colours on every page
        for violation in page.evaluate(AXE, [RULES[theme], left])["violations"]:
            if violation["impact"] in ("serious", "critical"):
                where = [node["target"] for node in violation["nodes"]][:3]
                found.append((name, violation["id"], where))
    assert found == []


def test_no_page_scrolls_sideways_on_a_phone(open_book):
    reader = open_book(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    for name in PAGES:
        width = reader.open(name).evaluate("() => document.scrollingElement.scrollWidth")
        assert width == 390, name


def test_the_search_finds_a_word(browser, site):
    served = functools.partial(Silent, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), served) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            reader = Reader(browser, site)
            reader.page.goto(f"http://127.0.0.1:{server.server_port}/search.html?q=Friday")
            reader.page.wait_for_selector("#search-results li a")
            assert "09-at-scale" in reader.page.inner_html("#search-results")
            assert reader.wrong == []
            reader.page.context.close()
        finally:
            server.shutdown()
            thread.join()


class Silent(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and says nothing of it."""

    def log_message(self, *_: object) -> None:
        pass


# Recordings


def position(page: Page) -> float:
    return float(page.input_value(".player input"))


def to(page: Page, part: float) -> None:
    """Move the scrubber to this part of the recording."""
    page.eval_on_selector(
        ".player input",
        "(slider, part) => { slider.value = part * slider.max; slider.dispatchEvent(new Event('input')); }",
        part,
    )


def drawn(page: Page) -> str:
    """What stands in the picture, without what flies."""
    return page.evaluate(
        "() => [...document.querySelectorAll('.fl-live > :not(.fl-dots)')].map((it) => it.outerHTML).join()"
    )


@pytest.mark.parametrize("number", RECORDED)
def test_each_recording_shows_its_end(open_book, number):
    (name,) = [page for page in CHAPTERS if page.startswith(f"notebooks/{number}-")]
    page = open_book(reduced_motion="reduce").open(name)
    to(page, 1)
    assert "The day is sent" in page.inner_text(".fl-said")
    assert page.inner_text(".player button") == "↺ Play again"
    assert "Recorded in a real run on " in page.inner_text(".player")


def test_a_recording_plays_pauses_goes_on_and_ends(open_book):
    page = open_book().open(BACKBONE)
    page.locator(".player").scroll_into_view_if_needed()
    page.wait_for_selector(FLYING, state="attached")  # it began when it was seen
    page.click(".player button")
    assert page.inner_text(".player button") == "▶ Play"
    stood = position(page)
    page.wait_for_function("() => !document.querySelector('.fl-dots g[transform]:not(.fl-found)')")
    assert position(page) == stood
    to(page, 0.98)
    page.click(".player button")
    page.wait_for_function("() => document.querySelector('.player button').textContent === '↺ Play again'")
    page.click(".player button")
    eventually(lambda: 0 < position(page) < stood + 5000, "the recording to begin again")


def test_scrubbing_back_draws_what_playing_to_there_drew(open_book):
    page = open_book(reduced_motion="reduce").open(BACKBONE)
    page.click(".player button")
    eventually(lambda: position(page) > 2500, "the first seconds")
    page.click(".player button")
    played, at = drawn(page), position(page)
    to(page, 1)
    assert drawn(page) != played
    page.eval_on_selector(
        ".player input",
        f"(slider) => {{ slider.value = {at}; slider.dispatchEvent(new Event('input')); }}",
    )
    assert drawn(page) == played
    assert page.locator(FLYING).count() == 0


def test_who_wants_no_motion_is_not_shown_any_unasked(open_book):
    page = open_book(reduced_motion="reduce").open(BACKBONE)
    page.locator(".player").scroll_into_view_if_needed()
    page.evaluate("() => new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
    assert (position(page), page.inner_text(".player button")) == (0, "▶ Play")


def test_what_needs_a_kernel_is_not_offered(open_book):
    page = open_book(reduced_motion="reduce").open(BACKBONE)
    assert page.locator(".fl-live button:visible, .fl-live input:visible").count() == 0
    assert "need a kernel" in page.inner_text(".player")
    page = open_book().open("notebooks/10-are-you-ready.html")
    assert "computes only in a running notebook" in page.inner_text(".note")


def test_on_paper_and_without_javascript_the_still_stands_alone(open_book):
    printed = open_book().open(BACKBONE)
    printed.emulate_media(media="print")
    plain = open_book(java_script_enabled=False).open(BACKBONE)
    for page in (printed, plain):
        assert page.locator(".fl-live:visible").count() == 0
        assert "Its still picture stands below" in page.inner_text(".recording")
        assert page.locator("img[alt^='300 actions sent.']").is_visible()
