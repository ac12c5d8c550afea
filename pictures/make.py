"""Make the pictures of the README again, from a real run; live.png is JupyterLab in Chromium.

.venv/bin/python pictures/make.py
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from classroom.chapter import Chapter, close_open_chapter
from classroom.experiments.billing import bill_every_design, moving_parts
from classroom.figures.bills import bills_by_design
from classroom.figures.houses import house

HERE = Path(__file__).parent


def main() -> None:
    """Write designs.png, house.png and live.png beside this file."""
    chapter = Chapter.open("pictures", {}, kafka=False)
    try:
        figures = {
            "designs.png": bills_by_design(bill_every_design(chapter)),
            "house.png": house(moving_parts(chapter.coupled()), moving_parts(chapter.event_driven())),
        }
    finally:
        close_open_chapter()
    for name, figure in figures.items():
        (HERE / name).write_bytes(figure.png)
        print(f"{name}: {figure}")
    screenshot()


def screenshot() -> None:
    """Write live.png: what the browser test sees."""
    test = [sys.executable, "-m", "pytest", "-q", "tests/browser", "-k", "keeps_the_still_picture"]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"FIBERLAB_SCREENSHOTS": folder, "CI": "true"}  # no browser: an error
        subprocess.run(test, cwd=HERE.parent, env=environment, check=True)
        shutil.copy(Path(folder, "light.png"), HERE / "live.png")


if __name__ == "__main__":
    main()
