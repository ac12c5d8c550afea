"""A reader's JupyterLab at 1280 × 800: the live picture stays, fits, and calls no late bill wrong."""

import pytest

from tests.browser.reader import SET_UP, Reader, press
from tests.facts import eventually

pytestmark = [pytest.mark.timeout(240), pytest.mark.embedded]

BOTH = "live = chapter.watch(coupled, backbone, day=chapter.day[:120], a_second=40)"
FIRST_WRONG = "live = chapter.watch(coupled, day=chapter.day[:300], a_second=60, pause_at_wrong_bill=True)"
# A cell that knows no picture of chapter 05's: the same designs, watched by chapter 01.
CHAPTER_01 = """from classroom.world.company import generated_day
chapter.number, day = "01", generated_day(chapter.company, seed=1, actions=120, installer_percent=0)
live = chapter.watch(coupled, backbone, day=day, a_second=40)"""
CELLS = {"both": BOTH, "first wrong": FIRST_WRONG, "chapter 01": CHAPTER_01, "finish": "live.finish()"}

# The height of the picture, and of what is seen of the notebook.
HEIGHTS = """() => ['.fl-live', '.jp-NotebookPanel-notebook'].map((at) =>
  document.querySelector(at).getBoundingClientRect().height)"""
# In so many ms: whether a dot flew, and which words of the lanes had the middle of one on them.
COVERED = """(ms) => new Promise((resolve) => {
  const covered = new Set(), began = performance.now();
  let flew = false;
  const look = (now) => {
    const middles = [...document.querySelectorAll('.fl-dots g[transform]:not(.fl-found)')].map((dot) => {
      const { left, right, top, bottom } = dot.getBoundingClientRect();
      return [(left + right) / 2, (top + bottom) / 2];
    });
    flew ||= middles.length > 0;
    for (const words of document.querySelectorAll('.fl-lane text')) {
      const { left, right, top, bottom } = words.getBoundingClientRect();
      const on = ([x, y]) => left < x && x < right && top < y && y < bottom;
      if (middles.some(on)) covered.add(words.textContent);
    }
    now - began < ms ? requestAnimationFrame(look) : resolve([flew, [...covered]]);
  };
  requestAnimationFrame(look);
})"""


@pytest.fixture
def reader(open_notebook) -> Reader:
    reader = open_notebook([SET_UP, *CELLS.values()])
    reader.page.set_viewport_size({"width": 1280, "height": 800})
    return reader


def look_at(reader: Reader, cell: str) -> None:
    """Return once the cell's picture is seen."""
    for number in (0, 1 + list(CELLS).index(cell)):
        reader.run(number)
    reader.page.wait_for_selector(".fl-live table", timeout=60_000)


def finish(reader: Reader) -> str:
    """What stands below the cell that finishes the picture."""
    return reader.read(1 + list(CELLS).index("finish"), "actions sent.")


def test_it_stays_when_its_day_is_sent_acts_on_and_is_a_still_when_it_is_closed(reader):
    look_at(reader, "both")
    eventually(lambda: "The day is sent: 120 actions." in reader.said(), "the day to be sent", 60)
    page = reader.page
    press(page, "[data-actor=installer]", lambda: "event-driven: billed $" in page.inner_text(".fl-follow"))
    assert "The day is sent: 120 actions, and 1 by hand." in reader.said()
    assert page.locator(".fl-live .fl-lane").count() == 4
    press(page, "[data-do=close]", lambda: page.locator(".fl-live .fl-lane").count() == 0)
    eventually(lambda: page.locator(".jp-CodeCell").nth(1).locator("img").count() == 1, "the still picture")
    assert reader.errors == []


def test_it_fits_with_its_bills_also_with_a_sale_by_hand_and_a_listener_and_no_dot_flies_over_words(reader):
    look_at(reader, "both")
    page = reader.page
    flew, covered = page.evaluate(COVERED, 1500)
    assert flew
    assert covered == []
    press(page, "[data-actor=installer]", lambda: "event-driven: billed $" in page.inner_text(".fl-follow"))
    press(page, "[data-do=listen]", lambda: "looks, most at" in page.inner_text("[data-n=groups]"))
    press(page, "[data-name=installer-billing]", lambda: "stopped" in page.inner_text("[data-n=groups]"))
    picture, seen = page.evaluate(HEIGHTS)
    assert picture <= seen
    assert page.locator("[data-slide=share]").count() == 0  # a fixed day has its installers
    assert page.is_hidden("[data-do=listen]")
    words = page.inner_text(".fl-live")
    assert "what this service reads next" in words
    assert "←▲: that is further back than the row shows" in words


def test_chapter_01_shows_one_row_of_events_and_nothing_that_it_has_not_explained(reader):
    look_at(reader, "chapter 01")
    eventually(lambda: "The day is sent" in reader.said(), "the day to be sent", 60)
    read = "has read 120 of 120 events"
    eventually(lambda: read in reader.page.inner_text("[data-n=groups]"), "the events to be read")
    words = reader.page.inner_text(".fl-live")
    assert reader.page.locator(".fl-lane").count() == 1
    unexplained = ("partition", "lag", "group", "offset", "P0", "nstaller tablet", "Add a listener")
    assert [word for word in unexplained if word in words] == []


def test_it_pauses_at_the_first_wrong_bill_marks_its_dot_and_goes_on_when_told(reader):
    look_at(reader, "first wrong")
    page = reader.page
    eventually(lambda: page.locator(".fl-found").count() == 1, "the marked dot", 60)
    told = page.inner_text(".fl-first-wrong")
    assert "has the first wrong bill: $" in told
    assert "waits for ▶ Go on" in told
    assert "1 of " in page.inner_text("[data-n=outcomes] .fl-wrong")
    press(page, "[data-do=start]", lambda: "The day is sent" in reader.said())
    assert page.locator(".fl-found").count() == 1
    assert "300 actions sent." in finish(reader)


def test_a_bill_whose_service_is_stopped_is_grey_not_wrong_live_and_in_the_still(reader):
    look_at(reader, "both")
    page = reader.page
    press(page, "[data-name=installer-billing]", lambda: "stopped" in page.inner_text("[data-n=groups]"))
    press(page, "[data-actor=installer]", lambda: "read by customer-billing" in page.inner_text(".fl-follow"))
    late = "not billed yet: its service is "
    eventually(lambda: late in page.inner_text("[data-n=outcomes]"), "the bill to be late")
    assert "wrong" not in page.inner_text("[data-n=outcomes] tr:last-child")
    still = finish(reader)
    events = still[still.index("event-driven: ") :]
    assert "waits for installer-billing (" in events or "wait for installer-billing (" in events
    assert "wrong" not in events
