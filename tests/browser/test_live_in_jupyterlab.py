"""A reader's JupyterLab, in Chromium: the picture moves, the controls act, and no cell shows an error."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

from tests.browser.laboratory import FLAGS, ROOT, chromium, jupyterlab, write_notebook
from tests.facts import eventually, seconds

try:
    from playwright.sync_api import Page, sync_playwright
except ImportError:
    sync_playwright = None

pytestmark = [pytest.mark.timeout(240), pytest.mark.embedded]

CHAPTER = ROOT / "notebooks" / "05-the-backbone.ipynb"
SET_UP = """from fiberlab.lab.chapter import Chapter
chapter = Chapter.open("05", {})
coupled, backbone = chapter.coupled(), chapter.event_driven()"""
WATCH = "live = chapter.watch(coupled, backbone, a_second=40)"
LEDGERS = """charged = [{charge.id for charge in design.charges()} for design in (coupled, backbone)]
print("by hand:", *sorted("by-hand-1" in charges for charges in charged))
print("same:", charged[0] == charged[1], backbone.status()["installer-billing"])"""
FINISH = "live.finish()"
CLEAN_UP = """import threading
chapter.close()
print("left:", [thread.name for thread in threading.enumerate() if thread.name.startswith("live ")])"""

# How often the element changes in so many ms, counted per frame of the page, not by screenshots.
CHANGES = """([selector, ms]) => new Promise((resolve) => {
  let frames = 0, changed = false;
  const observer = new MutationObserver(() => { changed = true; });
  const wide = { subtree: true, childList: true, attributes: true, characterData: true };
  observer.observe(document.querySelector(selector), wide);
  const began = performance.now();
  const frame = (now) => {
    frames += changed; changed = false;
    if (now - began < ms) return requestAnimationFrame(frame);
    observer.disconnect();
    resolve(frames / (now - began) * 1000);
  };
  requestAnimationFrame(frame);
})"""
IDLE = (
    """window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel?.status === 'idle'"""
)


@pytest.fixture(scope="module", autouse=True)
def browser_is_here() -> None:
    """Skip loudly: a warning besides the skip; in CI a browser that is missing is an error."""
    missing = [] if sync_playwright else ["the package playwright (pip install playwright)"]
    missing += [] if chromium() else ["Chromium (apt-get install chromium)"]
    if missing:
        said = f"the live views were NOT seen in a browser: {' and '.join(missing)} missing"
        if os.environ.get("CI"):
            pytest.fail(said)
        warnings.warn(said, UserWarning, stacklevel=1)
        pytest.skip(said)


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Where the screenshots go: FIBERLAB_SCREENSHOTS, or a temporary folder."""
    folder = Path(os.environ.get("FIBERLAB_SCREENSHOTS") or tmp_path / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Reader:
    """Somebody at a page of JupyterLab with the notebook open."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        self.open(address)

    def open(self, address: str) -> None:
        """Return once the notebook is there and its kernel is ready."""
        self.page.goto(f"{address}/lab/tree/live.ipynb?reset")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.page.wait_for_function(IDLE, timeout=60_000)
        self.errors.clear()  # what JupyterLab itself complains about while it starts

    def run(self, number: int) -> None:
        """Run this code cell, and return without waiting for it."""
        self.page.evaluate(
            """n => { const notebook = jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = n; notebook.deselectAll();
            jupyterapp.commands.execute('notebook:run-cell'); }""",
            number,
        )

    def output(self, number: int) -> str:
        """What stands below the cell."""
        return self.page.locator(".jp-CodeCell").nth(number).locator(".jp-Cell-outputWrapper").inner_text()

    def read(self, number: int, awaited: str) -> str:
        """The output of the cell, once it holds what is awaited."""
        self.run(number)
        eventually(lambda: awaited in self.output(number), f"{awaited!r} below cell {number}", 60)
        return self.output(number)

    def said(self) -> str:
        """What the view says of the traffic."""
        return self.page.inner_text(".fl-said")


@pytest.fixture
def lab(tmp_path) -> Iterator[str]:
    write_notebook(tmp_path / "live.ipynb", [SET_UP, WATCH, LEDGERS, FINISH, CLEAN_UP])
    with jupyterlab(tmp_path) as address:
        yield address


@pytest.fixture
def reader(lab) -> Iterator[Reader]:
    with sitting_at(lab) as reader:
        yield reader


@contextmanager
def sitting_at(address: str) -> Iterator[Reader]:
    """A reader with a browser of their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            yield Reader(browser.new_page(viewport={"width": 1280, "height": 1050}), address)
        finally:
            browser.close()


def watch(reader: Reader) -> Page:
    """Run set-up and the live cell; the page, once the picture moves."""
    for cell in (0, 1):
        reader.run(cell)
    reader.page.wait_for_selector(".fl-live .fl-lane", timeout=60_000)
    reader.page.wait_for_selector(".fl-dots g[transform]", state="attached", timeout=20_000)
    return reader.page


def test_a_reader_watches_presses_the_controls_and_keeps_the_still_picture(reader, lab, pictures):
    page = watch(reader)
    moves, bills = (page.evaluate(CHANGES, [at, 3000]) for at in (".fl-dots", "[data-n=outcomes]"))
    print(f"the flow changed in {moves:.0f} frames a second, the bills in {bills:.1f}")
    assert moves >= 10  # a busy machine; bench/live.py measures the 30
    assert bills >= 0.5
    page.screenshot(path=pictures / "light.png")
    the_controls_act(reader, pictures)
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
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


def press(page: Page, selector: str, fact) -> None:
    page.click(selector)
    eventually(fact, f"{selector} to act")


def test_chapter_05_runs_from_top_to_bottom_as_it_is_shipped(tmp_path):
    shipped = nbformat.read(CHAPTER, as_version=4)
    written = tmp_path / "live.ipynb"
    nbformat.write(without_outputs(shipped), written)
    with jupyterlab(tmp_path) as address, sitting_at(address) as reader:
        page = reader.page
        page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_selector(".fl-dots g[transform]", state="attached", timeout=120_000)
        assert page.evaluate(CHANGES, [".fl-dots", 2000]) >= 5
        numbers = page.locator(".jp-CodeCell .jp-InputPrompt")
        eventually(lambda: "[*]:" not in numbers.all_inner_texts(), "all cells to have run", 120)
        page.evaluate("jupyterapp.commands.execute('docmanager:save')")
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
def test_it_is_readable_dark_and_narrow(reader, pictures, scheme, width):
    reader.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", scheme)
    page = watch(reader)
    page.set_viewport_size({"width": width, "height": 1050})
    eventually(lambda: page.evaluate(CONTRAST) >= 4.5, f"contrast, now {page.evaluate(CONTRAST)}")
    wide = "() => { const e = document.querySelector('.fl-live'); return e.scrollWidth - e.clientWidth; }"
    eventually(lambda: page.evaluate(wide) <= 1, "nothing to stick out")
    label = page.get_attribute(".fl-live [role=img]", "aria-label")
    assert "the topic holds" in label
    page.screenshot(path=pictures / f"{'dark' if 'Dark' in scheme else 'narrow'}.png")


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
