"""What nbval compares of a picture is its sentence, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat

from classroom.commands.verify import NBVAL
from classroom.figures import houses
from classroom.figures import look as figure

CELL = "from classroom.figures.houses import house\nhouse([('app', {app!r})], [('app', 'gateway')])"


def cell(app: str, shown: figure.Figure) -> nbformat.NotebookNode:
    """A cell that draws the house with this app, and whose stored output is `shown`."""
    said = {"text/plain": shown.sentence}
    bundles = [{"image/png": "", **said}, {"text/html": figure.caption(shown.sentence), **said}]
    outputs = [nbformat.v4.new_output("display_data", data=data) for data in bundles]
    return nbformat.v4.new_code_cell(CELL.format(app=app), execution_count=1, outputs=outputs)


def test_nbval_turns_red_when_the_sentence_changes_and_only_then(tmp_path):
    shown = houses.house([("app", "backend")], [("app", "gateway")])
    cells = [cell("backend", shown), cell("monolith", shown), cell("backend", shown)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "three.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *NBVAL[:2], tmp_path]
    root = str(Path(__file__).parents[2])
    run = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": root}, check=False
    )
    assert "1 failed, 2 passed" in run.stdout
    assert "three.ipynb::Cell 1" in run.stdout
