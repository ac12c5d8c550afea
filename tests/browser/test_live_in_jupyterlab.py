"""A reader's JupyterLab, in Chromium: the picture moves, the controls act, and no cell shows an error."""

from pathlib import Path

import nbformat
import pytest

from tests.browser.laboratory import ROOT
from tests.browser.reader import (
    CHANGES,
    CLEAN_UP,
    FINISH,
    FLYING,
    IDLE,
    SET_UP,
    WATCH,
    Reader,
    press,
    watch,
)
from tests.facts import eventually, seconds

pytestmark = [pytest.mark.timeout(240), pytest.mark.embedded]

CHAPTER = ROOT / "notebooks" / "05-the-backbone.ipynb"
LEDGERS = """charged = [{charge.id for charge in design.charges()} for design in (coupled, backbone)]
print("by hand:", *sorted("by-hand-1" in charges for charges in charged))
print("same:", charged[0] == charged[1], backbone.status()["installer-billing"])"""
ADD = """backbone.add('email-marketing', lambda event: None)
with chapter.cluster.producer() as producer:
    producer.send(backbone.topic, b"hello", partition=0).get(timeout=10)"""


@pytest.fixture
def reader(open_notebook) -> Reader:
    return open_notebook([SET_UP, WATCH, LEDGERS, FINISH, CLEAN_UP, ADD])


def test_a_reader_watches_presses_the_controls_and_keeps_the_still_picture(reader, pictures):
    page = watch(reader)
    moves, bills = (page.evaluate(CHANGES, [at, 3000]) for at in (".fl-dots", "[data-n=outcomes]"))
    print(f"the flow changed in {moves:.0f} frames a second, the bills in {bills:.1f}")
    assert moves >= 5  # a busy machine; bench/live.py measures the 30
    assert bills > 0
    page.screenshot(path=pictures / "light.png")
    the_controls_act(reader, pictures)
    reader.do("docmanager:save")
    page.reload()  # the tab closed and opened again: the picture lives in the kernel
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_selector(".fl-live .fl-lane", timeout=60_000)
    print(reader.read(2, "same:"))
    assert "by hand: True True" in reader.output(2)
    assert "same: True running" in reader.output(2)
    assert "billed $" in reader.read(3, "actions sent.")
    eventually(lambda: page.locator(".fl-live .fl-lane").count() == 0, "the live picture to go")
    assert page.locator(".jp-CodeCell").nth(1).locator("img").count() == 1
    assert "left: []" in reader.read(4, "left:")
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert reader.errors == []


def the_controls_act(reader: Reader, pictures: Path) -> None:
    page = reader.page
    acts = seconds(lambda: press(page, "[data-do=pause]", lambda: "paused" in reader.said()))
    print(f"the button acted within {acts:.2f} s")
    page.focus("[data-slide=rate]")  # by keyboard from here
    page.keyboard.press("ArrowRight")
    eventually(lambda: "41 actions a second" in reader.said(), "the rate to change")
    page.focus("button[data-name=installer-billing]")
    page.keyboard.press("Enter")
    card = page.locator("[data-at=group-installer-billing]")
    eventually(lambda: "stopped" in card.inner_text(), "installer billing to stop")
    page.focus("[data-actor=installer]")
    page.keyboard.press("Space")
    eventually(
        lambda: "read by customer-billing" in page.inner_text(".fl-follow"), "customer billing to read"
    )
    assert "event-driven: not billed yet" in page.inner_text(".fl-follow")
    page.screenshot(path=pictures / "stopped.png")
    press(page, "button[data-name=installer-billing]", lambda: "running" in card.inner_text())
    eventually(lambda: "event-driven: billed $" in page.inner_text(".fl-follow"), "the bill")
    page.focus("[data-do=listen]")
    page.keyboard.press("Enter")
    joined = page.locator("[data-at=group-browse-counter]")
    eventually(lambda: "lag 0" in joined.inner_text(), "the new listener to join and to catch up")
    assert "looks, most at Fiber" in joined.inner_text()
    assert "browse-counter" in page.inner_text("[data-n=legend]")
    assert page.is_hidden("[data-do=listen]")


def test_chapter_05_runs_from_top_to_bottom_as_it_is_shipped(open_notebook, own_folder):
    shipped = nbformat.read(CHAPTER, as_version=4)
    written = own_folder / "live.ipynb"
    nbformat.write(without_outputs(shipped), written)
    reader = open_notebook()
    page = reader.page
    page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_selector(FLYING, state="attached", timeout=120_000)
    assert page.evaluate(CHANGES, [".fl-dots", 2000]) >= 5
    numbers = page.locator(".jp-CodeCell .jp-InputPrompt")
    eventually(lambda: "[*]:" not in numbers.all_inner_texts(), "all cells to have run", 120)
    reader.do("docmanager:save")
    eventually(lambda: said_by(nbformat.read(written, as_version=4)), "the notebook to be saved")
    assert reader.errors == []
    ran = nbformat.read(written, as_version=4)
    kinds = {output.output_type for cell in code_cells(ran) for output in cell.outputs}
    assert "error" not in kinds
    assert said_by(ran) == said_by(nbformat.read(CHAPTER, as_version=4))


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def without_outputs(notebook):
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    return notebook


def said_by(notebook) -> str:
    """The sentence of the still picture that the live one has become."""
    (cell,) = [cell for cell in notebook.cells if cell.id == "see-watch"]
    return "".join(output.data["text/plain"] for output in cell.outputs[:1])


def test_interrupting_restarting_and_running_twice_leave_no_error(reader):
    page = watch(reader)
    page.evaluate("jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.interrupt()")
    before = reader.said()
    eventually(lambda: reader.said() != before, "the traffic to go on after an interrupt")
    reader.run(1)  # twice: the first picture becomes a still one
    eventually(lambda: page.locator(".fl-live .fl-bar").count() == 1, "one live picture")
    reader.run(0)  # set-up again closes it
    eventually(lambda: page.locator(".fl-live .fl-bar").count() == 0, "no live picture", 30)
    page.evaluate("jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()")
    page.wait_for_function(IDLE, timeout=60_000)
    watch(reader)
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0


@pytest.mark.parametrize(("scheme", "width"), [("JupyterLab Dark", 1280), ("JupyterLab Light", 620)])
def test_it_is_readable_dark_and_narrow_with_four_groups(reader, pictures, scheme, width):
    reader.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", scheme)
    page = watch(reader)
    press(page, "[data-do=listen]", lambda: page.is_hidden("[data-do=listen]"))
    letters = page.locator("[data-n=letters]")
    assert letters.is_hidden()
    reader.run(5)
    eventually(letters.is_visible, "the dead letters")
    eventually(lambda: "4 dead letters: 1 of browse-counter" in letters.inner_text(), "one of each service")
    eventually(lambda: "email-marketing" in page.inner_text("[data-n=legend]"), "the listener of the cell")
    page.set_viewport_size({"width": width, "height": 1050})
    eventually(lambda: page.evaluate(CONTRAST) >= 4.5, f"contrast, now {page.evaluate(CONTRAST)}")
    wide = "() => { const e = document.querySelector('.fl-live'); return e.scrollWidth - e.clientWidth; }"
    eventually(lambda: page.evaluate(wide) <= 1, "nothing to stick out")
    label = page.get_attribute(".fl-live [role=img]", "aria-label")
    assert "the topic holds" in label
    assert "email-marketing is " in label
    page.screenshot(path=pictures / f"{'dark' if 'Dark' in scheme else 'narrow'}.png")


def test_who_asked_for_less_motion_sees_the_numbers_change_and_nothing_fly(reader):
    page = reader.page
    page.emulate_media(reduced_motion="reduce")
    for cell in (0, 1):
        reader.run(cell)
    page.wait_for_selector(".fl-live .fl-lane", timeout=60_000)
    told, (most, changes) = reader.said(), page.evaluate(MOST_FLYING, 3000)
    assert most == 0
    assert changes > 2  # of the events on the topic
    eventually(lambda: reader.said() != told, "the numbers to go on")
    page.emulate_media(reduced_motion="no-preference")  # it holds at once, in both directions
    page.wait_for_selector(FLYING, state="attached", timeout=20_000)


# The most dots there were in any frame of so many ms, and how often the first partition's end changed.
MOST_FLYING = """ms => new Promise((resolve) => {
  let most = 0, ends = new Set();
  const began = performance.now();
  const frame = (now) => {
    most = Math.max(most, document.querySelectorAll('.fl-dots g').length);
    ends.add(document.querySelector('.fl-lane text').textContent);
    now - began < ms ? requestAnimationFrame(frame) : resolve([most, ends.size]);
  };
  requestAnimationFrame(frame);
})"""


# The lowest contrast of any text to the background behind it (WCAG 2.2, 1.4.3), disabled controls excepted.
CONTRAST = """() => {
  const numbers = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) =>
    c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = numbers(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll('.fl-live *')].filter((e) => !e.disabled &&
    !e.closest('svg') && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()));
  return Math.min(...texts.map((e) => {
    const [a, b] = [light(numbers(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
}"""
