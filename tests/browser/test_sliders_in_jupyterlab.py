"""The sliders of chapter 10 in a reader's JupyterLab, moved by keyboard: the verdict follows."""

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.reader import Reader
from tests.facts import eventually

pytestmark = [pytest.mark.timeout(240), pytest.mark.embedded]

CELLS = [
    """from classroom.readiness.measurements import shipped
from classroom.readiness.model import HERD_FIBER
from classroom.readiness.form import Sliders""",
    "form = Sliders(HERD_FIBER, shipped())",
    "print(form.organization.actors_now, 'actors now')",
    "form.finish()",
]


@pytest.fixture
def reader(open_notebook) -> Reader:
    return open_notebook(CELLS)


def in_sight(page: Page, *things: Locator) -> bool:
    """Whether a reader sees them whole, at the same time."""
    boxes, height = [thing.bounding_box() for thing in things], page.viewport_size["height"]
    return all(box and box["y"] >= 0 and box["y"] + box["height"] <= height for box in boxes)


def test_a_reader_moves_a_slider_by_keyboard_and_keeps_the_still_picture(reader, pictures):
    page = reader.page
    page.set_viewport_size({"width": 1280, "height": 800})
    for cell in (0, 1):
        reader.run(cell)
    page.wait_for_selector("[role=status]", timeout=60_000)
    assert "Not yet." in page.inner_text("[role=status]")
    picture = page.locator(".jp-CodeCell").nth(1).locator(".widget-image")
    before = picture.get_attribute("src")
    slider = page.locator(".widget-slider", has_text="kinds of actors now").locator(".noUi-handle")
    page.get_by_label("each actor's rule has people").scroll_into_view_if_needed()
    slider.scroll_into_view_if_needed()
    page.locator("[role=status]").evaluate("answer => answer.scrollIntoView({block: 'start'})")
    page.screenshot(path=pictures / "sliders.png")
    assert in_sight(page, picture, slider, page.locator("[role=status] b"))
    slider.focus()
    for _ in range(2):
        slider.press("ArrowRight")
    eventually(lambda: "Yes." in page.inner_text("[role=status]"), "the verdict to follow", 30)
    eventually(lambda: picture.get_attribute("src") != before, "the picture to follow", 30)
    box = page.get_by_label("each actor's rule has people")
    box.focus()
    box.press("Space")
    eventually(lambda: "Not yet." in page.inner_text("[role=status]"), "the verdict to follow the box", 30)
    assert "4 actors now" in reader.read(2, "actors now")
    assert "with 4 kinds of actors" in reader.read(3, "a month")
    eventually(lambda: page.locator(".widget-slider").count() == 0, "the sliders to go")
    assert page.locator(".jp-CodeCell").nth(1).locator("img").count() == 1
    page.screenshot(path=pictures / "still.png")
    assert reader.errors == []
