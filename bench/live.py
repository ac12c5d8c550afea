"""What a live view costs: how often it changes in Chromium, the kernel's time, how soon a button acts.

JupyterLab, its kernel and the browser run on this machine, with traffic at a given rate through both designs.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page, sync_playwright

from tests.browser.laboratory import FLAGS, chromium, jupyter, write_notebook
from tests.browser.reader import CHANGES, Reader
from tests.facts import eventually

SET_UP = """import threading, time
from pathlib import Path
from classroom.chapter import Chapter
from classroom.live.reading import Books, Outcome
chapter = Chapter.open("05", {}, kafka=False)
coupled, backbone = chapter.coupled(), chapter.event_driven()
others = {t.native_id for t in threading.enumerate()}

def cpu_s(*names):
    # the processor time of this process's threads, by the ids that Linux gives them
    new = [t for t in threading.enumerate() if t.native_id not in others]
    ids = [t.native_id for t in new if t.name.startswith(names)]
    fields = [Path(f"/proc/self/task/{id}/stat").read_text().rpartition(")")[2].split() for id in ids]
    return sum(int(f[11]) + int(f[12]) for f in fields) / 100

bills_s = 0  # what the ticker spends on the bills: a look at the ledgers, and the table for the browser
def counted(function):
    def timed(*arguments, **named):
        global bills_s
        began = time.thread_time()
        try:
            return function(*arguments, **named)
        finally:
            bills_s += time.thread_time() - began
    return timed
Books.look = counted(Books.look)
Outcome.said = property(counted(Outcome.said.fget))

def used():
    return cpu_s("live picture", "live reader", "kafka-io"), bills_s, time.process_time(), time.monotonic()"""
WATCH = """began = time.perf_counter()
live = chapter.watch({designs}, a_second={rate})
print(f"returned {{time.perf_counter() - began:.3f}} s")"""
MEASURE = """sent, before = len(live.traffic.script.sent), used()
threading.Event().wait(5)
views, bills, whole, took = (after - then for after, then in zip(used(), before))
flow, bills, whole = (f"{100 * s / took:.1f} %" for s in (views - bills, bills, whole))
rate = (len(live.traffic.script.sent) - sent) / took
print(f"of a core: flow {flow}, bills {bills}, the whole kernel {whole}, at {rate:.0f} actions/s: done")"""


def acts_s(page: Page, selector: str, awaited: str) -> float:
    """Seconds from the click until the view says what it did, seen in the page."""
    return page.evaluate(
        """([selector, awaited]) => new Promise((resolve) => {
        const began = performance.now(), said = document.querySelector('.fl-said');
        const look = () => said.textContent.includes(awaited)
          ? resolve((performance.now() - began) / 1000) : requestAnimationFrame(look);
        document.querySelector(selector).click(); look(); })""",
        [selector, awaited],
    )


def clicks_s(page: Page, times: int = 5) -> list[float]:
    """How long each pause and each start took."""
    found = []
    for _ in range(times):
        found.append(acts_s(page, "[data-do=pause]", "traffic paused"))
        eventually(lambda: page.is_visible("[data-do=start]"), "the pause to be seen")
        found.append(acts_s(page, "[data-do=start]", "traffic flows"))
        eventually(lambda: page.is_visible("[data-do=pause]"), "the start to be seen")
    return found


def run(page: Page, address: str) -> None:
    """Print everything that is measured."""
    reader = Reader(page, address)
    reader.run(0)
    print("returned", reader.read(1, "returned").rpartition("returned ")[2])  # the picture stands above it
    page.wait_for_selector(".fl-dots g[transform]", state="attached", timeout=30_000)
    began = time.monotonic()
    eventually(lambda: time.monotonic() - began > 3, "the traffic to be steady", 10)
    flow, bills = (page.evaluate(CHANGES, [at, 5000]) for at in (".fl-dots", "[data-n=outcomes]"))
    print(f"flow {flow:.0f} frames/s (target 30), bills {bills:.1f} changes/s (target 2)")
    print(f"a button acts in {statistics.median(clicks_s(page)):.3f} s (target 0.3)")
    reader.run(2)
    waited = ", ".join(f"{click_s:.3f}" for click_s in clicks_s(page, 2))
    print(f"while a cell is waiting for 5 s: {waited} s")
    eventually(lambda: "done" in reader.output(2), "the measurement", 60)
    print(reader.output(2))


def main() -> None:
    """Start JupyterLab and a browser, measure, end both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=200, help="actions a second")
    parser.add_argument("--designs", default="backbone", help="'backbone', or 'coupled, backbone'")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        watch = WATCH.format(designs=chosen.designs, rate=chosen.rate)
        write_notebook(Path(folder) / "live.ipynb", [SET_UP, watch, MEASURE])
        with jupyter(Path(folder)) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            run(browser.new_page(viewport={"width": 1280, "height": 1050}), address)
            browser.close()


if __name__ == "__main__":
    main()
