"""Somebody at a page of JupyterLab or Notebook 7, in Chromium: what they do there, and what they see."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.facts import eventually

try:
    from playwright.sync_api import Browser, Page, sync_playwright
except ImportError:
    Browser = Page = sync_playwright = None

SET_UP = """from classroom.chapter import Chapter
chapter = Chapter.open("05", {}, kafka=False)
coupled, backbone = chapter.coupled(), chapter.event_driven()"""
WATCH = "live = chapter.watch(coupled, backbone, a_second=40)"
FINISH = "live.finish()"
CLEAN_UP = """import threading
chapter.close()
print("left:", [thread.name for thread in threading.enumerate() if thread.name.startswith("live ")])"""

FLYING = ".fl-dots g[transform]"

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


class Reader:
    """Somebody at a page of JupyterLab or Notebook with the notebook open."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        self.open(address)

    def open(self, address: str) -> None:
        """Return once the notebook is there and its kernel is ready."""
        self.page.goto(f"{address}/live.ipynb?reset")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.page.wait_for_function(IDLE, timeout=60_000)
        self.errors.clear()  # what the front end complains about while it starts

    def run(self, number: int) -> None:
        """Run this code cell, and return without waiting for it."""
        self.page.evaluate(
            """n => { const notebook = jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = n; notebook.deselectAll();
            jupyterapp.commands.execute('notebook:run-cell'); }""",
            number,
        )

    def do(self, command: str) -> None:
        """Have the front end carry out a command of its own."""
        self.page.evaluate("command => jupyterapp.commands.execute(command)", command)

    def output(self, number: int) -> str:
        """What stands below the cell, in one line."""
        below = self.page.locator(".jp-CodeCell").nth(number).locator(".jp-Cell-outputWrapper")
        return " ".join(below.inner_text().split())

    def read(self, number: int, awaited: str) -> str:
        """The output of the cell, once it holds what is awaited."""
        self.run(number)
        eventually(lambda: awaited in self.output(number), f"{awaited!r} below cell {number}", 60)
        return self.output(number)

    def said(self) -> str:
        """What the view says of the traffic."""
        return self.page.inner_text(".fl-said")


@contextmanager
def sitting_at(address: str, browser: Browser) -> Iterator[Reader]:
    """A reader with a window of their own, without the memory of any other."""
    with browser.new_context(viewport={"width": 1280, "height": 1050}) as window:
        yield Reader(window.new_page(), address)


def watch(reader: Reader) -> Page:
    """Run set-up and the live cell; the page, once the picture moves."""
    for cell in (0, 1):
        reader.run(cell)
    reader.page.wait_for_selector(".fl-live .fl-lane", timeout=60_000)
    reader.page.wait_for_selector(FLYING, state="attached", timeout=20_000)
    return reader.page


def press(page: Page, selector: str, fact: Callable[[], object]) -> None:
    """Click, and return once the fact holds."""
    page.click(selector)
    eventually(fact, f"{selector} to act")
