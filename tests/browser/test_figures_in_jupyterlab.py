"""A figure in a reader's JupyterLab: its sentence at any width, its picture on a light and on a dark page."""

from io import BytesIO

import pytest
from PIL import Image

from tests.browser.reader import Reader
from tests.facts import eventually

pytestmark = [pytest.mark.timeout(240), pytest.mark.embedded]

FIGURE = """from classroom import readiness
from classroom.readiness.measurements import shipped
readiness.tornado(readiness.what_moves_it(readiness.HERD_FIBER, shipped()))"""
LAST = "and learning to work with events, once ($2,500.00 with half, $1,000.00 with twice of it"
PAPERS = {"JupyterLab Light": (255, 255, 255), "JupyterLab Dark": (17, 17, 17)}
# The words of the last output of the page that stand on more than one line; a line may end with a hyphen.
BROKEN = r"""() => {
  const said = [...document.querySelectorAll(".jp-OutputArea-output")].at(-1);
  const texts = document.createTreeWalker(said, NodeFilter.SHOW_TEXT), broken = [];
  while (texts.nextNode()) for (const word of texts.currentNode.data.matchAll(/-*[^\s-]+-*/g)) {
    const range = document.createRange();
    range.setStart(texts.currentNode, word.index);
    range.setEnd(texts.currentNode, word.index + word[0].length);
    if (new Set([...range.getClientRects()].map((box) => box.top)).size > 1) broken.push(word[0]);
  }
  return broken;
}"""


@pytest.fixture(params=PAPERS)
def theme(request) -> str:
    return request.param


@pytest.fixture
def reader(open_notebook, theme) -> Reader:
    return open_notebook([FIGURE], theme)


def test_a_sentence_breaks_between_words_and_a_picture_is_on_the_page_s_paper(reader, theme, pictures):
    page = reader.page
    assert LAST in reader.read(0, "break-even 3 and 5).")
    for width in (700, 1280, 1900):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(0)
        assert page.evaluate(BROKEN) == []
        page.screenshot(path=pictures / f"figure-{width}.png")
    assert page.locator("mjx-container").count() == 0  # money is no mathematics
    picture = page.locator(".jp-OutputArea-output img")
    eventually(lambda: picture.evaluate("image => image.complete"), "the picture")
    shown = Image.open(BytesIO(picture.screenshot())).convert("RGB")
    assert shown.getpixel((12, shown.height // 2)) == PAPERS[theme]
    assert reader.errors == []
