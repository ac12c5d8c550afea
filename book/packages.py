"""The packages that only the book needs, in .venv. They share no pin with another version elsewhere."""

from pathlib import Path

from packaging.requirements import Requirement

from classroom.commands.pins import installed, pinned
from lab import LabError, run_pip, why_not_installed

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def missing() -> list[str]:
    """The names of pinned packages of which this Python has no such version."""
    return [pin.name for pin in map(Requirement, pinned(REQUIREMENTS)) if not installed(pin)]


def install() -> None:
    """Return once the packages are there; nothing is asked for when they are. Raises LabError."""
    if not missing():
        return
    print("Installing what only the book needs into .venv: once, less than a minute ...")
    with REQUIREMENTS.open("rb") as turn:
        failed, said = run_pip(turn, "install", "-r", REQUIREMENTS)
    if failed:
        raise why_not_installed(said)
    if lacking := missing():
        raise LabError(f"pip ended well, but .venv lacks {lacking[0]}.", "python3 lab.py doctor")
