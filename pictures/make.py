"""Make the pictures of the README again, from a real run, for light and dark; live.png is JupyterLab.

.venv/bin/python pictures/make.py
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from classroom.chapter import Chapter, close_open_chapter
from classroom.experiments.billing import bill_every_design, moving_parts
from classroom.figures.bills import bills_by_design
from classroom.figures.houses import house

HERE = Path(__file__).parent
INVERT = 0.9333


def main() -> None:
    """Write designs.png, house.png and live.png beside this file, the first two for dark pages, too."""
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
        on_a_dark_page(HERE / name).save(HERE / name.replace(".png", "-dark.png"), optimize=True)
        print(f"{name}: {figure}")
    screenshot()


def on_a_dark_page(path: Path) -> Image.Image:
    """The picture as JupyterLab's dark theme shows it, by the filters of ON_DARK."""
    kept, lit = 1 - 2 * INVERT, 255 * INVERT
    turned = ((-0.574, 1.43, 0.144), (0.426, 0.43, 0.144), (0.426, 1.43, -0.856))  # hue-rotate(180deg)
    matrix = [number for row in turned for number in (*(kept * share for share in row), lit)]
    return Image.open(path).convert("RGB").convert("RGB", matrix).quantize(64, dither=Image.Dither.NONE)


def screenshot() -> None:
    """Write live.png: what the browser test sees."""
    test = [sys.executable, "-m", "pytest", "-q", "tests/browser", "-k", "keeps_the_still_picture"]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"FIBERLAB_SCREENSHOTS": folder, "CI": "true"}  # no browser: an error
        subprocess.run(test, cwd=HERE.parent, env=environment, check=True)
        shutil.copy(Path(folder, "light.png"), HERE / "live.png")


if __name__ == "__main__":
    main()
