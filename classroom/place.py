"""Where the workbook lies: a checkout with `data/` and `notebooks/` in it, or a wheel with both inside."""

from pathlib import Path

ROOT = Path(__file__).parents[1]  # beside both packages; in a wheel the folder of all installed packages
CARRIED = Path(__file__).with_name("workbook")  # only a wheel has it: see pyproject.toml
WORKBOOK = CARRIED if CARRIED.is_dir() else ROOT
DATA, NOTEBOOKS = WORKBOOK / "data", WORKBOOK / "notebooks"


def home() -> Path:
    """Where relative paths begin: at the root of a checkout; for a wheel where the process stands."""
    return Path.cwd() if WORKBOOK == CARRIED else ROOT
