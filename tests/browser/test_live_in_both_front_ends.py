"""JupyterLab and Notebook 7: the picture moves, and a button acts while a cell of the reader's runs."""

import pytest

from tests.browser.laboratory import PAGES, jupyter, write_notebook
from tests.browser.reader import CHANGES, CLEAN_UP, FINISH, SET_UP, WATCH, press, sitting_at, watch
from tests.facts import eventually

pytestmark = [pytest.mark.timeout(240), pytest.mark.embedded]

# The cell ends only because the button acts before it does.
WAIT = """from classroom.world.running import wait_until
wait_until(lambda: live.traffic.paused, "the button to act", within_s=60)
print("paused while the cell waited")"""


@pytest.mark.parametrize("front_end", PAGES)
def test_the_picture_moves_and_a_button_acts_while_a_cell_waits(tmp_path, browser, front_end):
    write_notebook(tmp_path / "live.ipynb", [SET_UP, WATCH, WAIT, FINISH, CLEAN_UP])
    with jupyter(tmp_path, front_end) as address, sitting_at(address, browser) as reader:
        page = watch(reader)
        assert page.evaluate(CHANGES, [".fl-dots", 2000]) >= 5
        reader.run(2)
        prompt = page.locator(".jp-CodeCell .jp-InputPrompt").nth(2)
        eventually(lambda: "*" in prompt.inner_text(), "the cell to run")
        press(page, "[data-do=pause]", lambda: "paused while the cell waited" in reader.output(2))
        press(page, "[data-do=start]", lambda: "traffic flows" in reader.said())
        page.focus("[data-do=listen]")
        page.keyboard.press("Enter")
        eventually(lambda: "browse-counter" in page.inner_text("[data-n=groups]"), "the new listener")
        assert "group browse-counter has read" in reader.read(3, "actions sent.")
        eventually(lambda: page.locator(".fl-live .fl-lane").count() == 0, "the live picture to go")
        assert page.locator(".jp-CodeCell").nth(1).locator("img").count() == 1
        assert "left: []" in reader.read(4, "left:")
        assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
        assert reader.errors == []
