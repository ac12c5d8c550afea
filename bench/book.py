"""How often a recording of the book in book/site changes in Chromium, counted as for the live picture.

python3 lab.py book; .venv/bin/python bench/book.py
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import sync_playwright

from book.__main__ import SITE
from tests.browser.laboratory import FLAGS, chromium
from tests.browser.reader import CHANGES

# The parts are drawn anew once the topic is known; what is counted must stay in the page.
UNDER_WAY = "() => document.querySelector('.player input').value > 1000"


def main() -> None:
    """Print it for each chapter that has a recording."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1050})
        for file in sorted((SITE / "_static/recordings").glob("*.js")):
            (chapter,) = (SITE / "notebooks").glob(f"{file.stem}-*.html")
            page.goto(chapter.as_uri())
            page.locator(".player-picture").scroll_into_view_if_needed()
            page.wait_for_function(UNDER_WAY)
            flow = page.evaluate(CHANGES, [".fl-dots", 5000])
            print(f"chapter {file.stem}: flow {flow:.0f} frames/s (target 30)")
        browser.close()


if __name__ == "__main__":
    main()
