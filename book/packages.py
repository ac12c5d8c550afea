"""The packages that only the book needs, in .venv. They share no pin with another version elsewhere."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

from lab import LabError, run_pip, why_not_installed

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def pins(file: Path = REQUIREMENTS) -> list[Requirement]:
    """What the file pins for this Python on this computer."""
    lines = (line.partition(" #")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return [pin for pin in found if not pin.marker or pin.marker.evaluate()]


def missing() -> list[str]:
    """The names of pinned packages of which this Python has no such version."""
    return [pin.name for pin in pins() if not pin.specifier.contains(_version(pin.name), prereleases=True)]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "0"


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
