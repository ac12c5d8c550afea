"""Make the pictures of the README again, from a real run.

.venv/bin/python pictures/make.py
"""

from pathlib import Path

from fiberlab.lab.bill_figures import both_designs
from fiberlab.lab.chapter import Chapter, close_open_chapter
from fiberlab.lab.experiments import bill_both_designs, moving_parts
from fiberlab.lab.house_figure import house

HERE = Path(__file__).parent


def main() -> None:
    """Write both_designs.png and house.png beside this file, and print their sentences."""
    chapter = Chapter.open("pictures")
    try:
        figures = {
            "both_designs.png": both_designs(*bill_both_designs(chapter)),
            "house.png": house(moving_parts(chapter.coupled()), moving_parts(chapter.event_driven())),
        }
    finally:
        close_open_chapter()
    for name, figure in figures.items():
        (HERE / name).write_bytes(figure.png)
        print(f"{name}: {figure}")


if __name__ == "__main__":
    main()
