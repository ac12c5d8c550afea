"""Where no widget runs (an export, GitHub, nbviewer): the still picture and its sentence, no kernel."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

from classroom.figures.look import WIDTH_PX
from tests.browser.laboratory import ROOT, write_notebook
from tests.browser.reader import SET_UP, Page

pytestmark = [pytest.mark.timeout(240), pytest.mark.embedded]

CHAPTER = ROOT / "notebooks" / "05-the-backbone.ipynb"
WATCH = "live = chapter.watch(coupled, backbone, day=chapter.day[:40], a_second=40)"
RUN = [sys.executable, "-m", "jupyter", "nbconvert", "--to=notebook", "--inplace", "--execute"]
RUN += ["--log-level=ERROR", "--ExecutePreprocessor.store_widget_state=False"]
# Of every picture in the page: whether it is seen, and how wide it is in itself.
PICTURES = "() => [...document.images].map((image) => [image.checkVisibility(), image.naturalWidth])"


def export(notebook: nbformat.NotebookNode, path: Path) -> str:
    """The address of the notebook as a page of its own; no kernel is there when it is made or read."""
    path.write_text(HTMLExporter(embed_images=True).from_notebook_node(notebook)[0], encoding="utf-8")
    return path.as_uri()


def cells(notebook: nbformat.NotebookNode, *ids: str) -> nbformat.NotebookNode:
    """The notebook with only these cells."""
    return nbformat.v4.new_notebook(cells=[cell for cell in notebook.cells if cell.id in ids])


@pytest.fixture
def page(browser) -> Iterator[Page]:
    """An empty page, without any Jupyter."""
    with browser.new_context() as window:
        yield window.new_page()


def test_the_shipped_chapter_shows_the_still_picture_once_and_its_sentence(page: Page, tmp_path):
    shipped = cells(nbformat.read(CHAPTER, as_version=4), "run-watch", "see-watch")
    page.goto(export(shipped, tmp_path / "chapter.html"))
    card, still = page.evaluate(PICTURES)
    assert card == [True, WIDTH_PX]  # where it lived, a card says that the still stands below
    assert still[0]
    assert still[1] > WIDTH_PX  # as fine as every figure
    sentence = shipped.cells[1].outputs[0].metadata["image/png"]["alt"]
    assert sentence.startswith("300 actions sent. ")
    assert sentence in " ".join(page.inner_text("body").split())


def test_a_notebook_saved_while_the_picture_lived_shows_a_card_that_says_so(page: Page, tmp_path):
    path = tmp_path / "live.ipynb"
    write_notebook(path, [SET_UP, WATCH])
    subprocess.run([*RUN, path], check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    notebook = nbformat.read(path, as_version=4)
    (output,) = notebook.cells[1].outputs
    assert "application/vnd.jupyter.widget-view+json" in output.data  # it lived when the kernel ended
    page.goto(export(notebook, tmp_path / "saved.html"))
    assert page.evaluate(PICTURES) == [[True, WIDTH_PX]]
