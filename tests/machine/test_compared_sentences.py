"""What nbval compares of a picture is its sentence, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat

from classroom.figures import houses
from classroom.figures import look as figure

CELL = "from classroom.figures.houses import house\nhouse([('app', {app!r})], [('app', 'gateway')])"


def notebook(path: Path, app: str, shown: figure.Figure) -> Path:
    """A notebook whose one cell draws the house with this app, and whose stored output is `shown`."""
    said = {"text/plain": shown.sentence}
    bundles = [{"image/png": "", **said}, {"text/html": figure.caption(shown.sentence), **said}]
    outputs = [nbformat.v4.new_output("display_data", data=data) for data in bundles]
    cell = nbformat.v4.new_code_cell(CELL.format(app=app), execution_count=1, outputs=outputs)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    return path


def test_nbval_turns_red_when_the_sentence_changes_and_only_then(tmp_path):
    shown = houses.house([("app", "backend")], [("app", "gateway")])
    notebook(tmp_path / "same.ipynb", "backend", shown)
    notebook(tmp_path / "changed.ipynb", "monolith", shown)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--nbval",
        "--nbval-current-env",
    ]
    root = str(Path(__file__).parents[2])
    run = subprocess.run(
        [*command, tmp_path],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
        check=False,
    )
    assert "1 failed, 1 passed" in run.stdout
    assert "changed.ipynb" in run.stdout
