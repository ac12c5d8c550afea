"""What a requirements file pins, and whether this Python has it."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement


def pinned(file: Path) -> list[str]:
    """The file's requirements, of every computer, as they are written but for the comments."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [pin for line in lines if (pin := line.partition("#")[0].strip())]


def installed(pin: Requirement) -> bool:
    """Whether this Python has a version that fits, or this computer needs none."""
    if pin.marker and not pin.marker.evaluate():
        return True
    try:
        return pin.specifier.contains(version(pin.name), prereleases=True)
    except PackageNotFoundError:
        return False
