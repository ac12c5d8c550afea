"""A folder for a USB stick: the workbook, its packages as wheels, and a page that says how to start.

`python3 lab.py pack FOLDER --platform windows mac-arm --python 3.12 3.13`. In the markers of requirements.txt
stands which computer needs which package. pip evaluates them for the computer that it runs on; here they are
evaluated for those that the stick is for. Where `wheels/` lies beside lab.py, it installs from there only.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from packaging.requirements import Requirement

import lab  # knows where packages come from, and what pip means
from classroom.commands.pins import pinned
from classroom.place import ROOT

PAGE = "START HERE.txt"


class Computer(NamedTuple):
    """What pip and the markers of requirements.txt call a kind of computer, and how Python starts there."""

    os_name: str
    sys_platform: str
    platform_system: str
    platform_machine: str
    tags: Sequence[str]  # of wheels that run there
    start: str


def _linux(machine: str) -> Computer:
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(28, 4, -1)]  # glibc 2.28: from 2018
    return Computer("posix", "linux", "Linux", machine, [*tags, f"manylinux2014_{machine}"], "python{}")


def _mac(machine: str) -> Computer:
    return Computer("posix", "darwin", "Darwin", machine, [f"macosx_13_0_{machine}"], "python{}")


COMPUTERS = {
    "windows": Computer("nt", "win32", "Windows", "AMD64", ["win_amd64"], "py -{}"),
    "mac-intel": _mac("x86_64"),
    "mac-arm": _mac("arm64"),
    "linux": _linux("x86_64"),
    "linux-arm": _linux("aarch64"),
}


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 when the folder is whole. Raises lab.LabError."""
    parser = argparse.ArgumentParser(prog="lab.py pack", description="Make a folder for a USB stick.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--platform", nargs="+", choices=COMPUTERS, required=True)
    parser.add_argument("--python", nargs="+", choices=lab.PYTHONS, required=True)
    asked = parser.parse_args(arguments)
    pythons = sorted(set(asked.python), key=lab.PYTHONS.index)
    pack(asked.folder, list(dict.fromkeys(asked.platform)), pythons)
    return 0


def pack(folder: Path, platforms: list[str], pythons: list[str]) -> None:
    """Return once the folder is there, and whole. Raises lab.LabError, and leaves nothing then."""
    if folder.exists():
        raise lab.LabError(
            f"{folder} is already there.", f"name a new folder, such as {folder / 'herd-fiber'}"
        )
    files = [file.relative_to(ROOT) for file in workbook()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".unfinished-", dir=folder.parent) as unfinished:
        made = Path(unfinished, folder.name)
        for file in files:
            (made / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, made / file)
        for platform in platforms:
            for python in pythons:
                download(made / lab.WHEELS.name, platform, python)
        told = json.dumps({"platforms": platforms, "pythons": pythons})
        (made / lab.WHEELS.name / lab.PACKED.name).write_text(told, encoding="utf-8")
        (made / PAGE).write_text(page(platforms, pythons), encoding="utf-8")
        made.rename(folder)
    size = sum(file.stat().st_size for file in folder.rglob("*")) / 1e6
    print(f"{folder} is ready: {size:.0f} MB. Copy it to a stick; {PAGE!r} says how to start.")


# --- the workbook ---

_FROM_ARCHIVE = "make `git ls-files` work here, or unpack an archive of the workbook and start there"


def workbook() -> Iterator[Path]:
    """The workbook's files: in a clone what git tracks, elsewhere what .gitignore does not name."""
    if not (ROOT / ".git").exists():
        yield from _not_ignored(ROOT)
        return
    if not (git := shutil.which("git")):
        raise lab.LabError("git is not installed, which says what belongs to a clone.", _FROM_ARCHIVE)
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    listed = subprocess.run(
        [git, "ls-files", "-z"], cwd=ROOT, env=outside, capture_output=True, encoding="utf-8"
    )
    if listed.returncode:
        said = f"git does not say what belongs to this clone: {listed.stderr.strip()}"
        raise lab.LabError(said, _FROM_ARCHIVE)
    yield from (ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


def _not_ignored(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if not _is_ignored(path):
            yield from _not_ignored(path) if path.is_dir() else [path]


def _is_ignored(path: Path) -> bool:
    """Whether .gitignore names it, or it is another stick's folder."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    patterns = [line.rstrip("/") for line in lines if line and not line.startswith("#")]
    from_root = f"/{path.relative_to(ROOT).as_posix()}"
    named = any(fnmatch(from_root if "/" in pattern else path.name, pattern) for pattern in patterns)
    return named or (path / lab.WHEELS.name / lab.PACKED.name).exists()


# --- the wheels ---

MICROS = range(30)  # a Python 3.11 may be 3.11.0 or 3.11.14, and a few pins are for one of the two only


def download(folder: Path, platform: str, python: str) -> None:
    """Return once the wheels for this kind of computer and Python are there. Raises lab.LabError."""
    print(f"The wheels for Python {python} on {platform} ...")
    fetched: set[str] = set()
    for micro in MICROS:
        exact = f"{python}.{micro}"
        if new := pins(platform, exact) - fetched:
            fetch(folder, platform, exact, sorted(new))
            fetched |= new


def pins(platform: str, python: str) -> set[str]:
    """What requirements.txt pins for this kind of computer and exact Python, for example "numpy==2.5.5"."""
    computer = COMPUTERS[platform]._asdict()
    about = {name: value for name, value in computer.items() if isinstance(value, str)}
    about |= {"python_full_version": python, "python_version": python.rpartition(".")[0]}
    about |= {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    asked = map(Requirement, pinned(lab.REQUIREMENTS))
    return {f"{pin.name}{pin.specifier}" for pin in asked if not pin.marker or pin.marker.evaluate(about)}


def fetch(folder: Path, platform: str, python: str, wanted: Sequence[str]) -> None:
    """Return once these pins are in the folder, as wheels. Raises lab.LabError."""
    minor = python.rpartition(".")[0]
    target = ["--implementation=cp", f"--python-version={python}", f"--abi=cp{minor.replace('.', '')}"]
    target += [f"--platform={tag}" for tag in COMPUTERS[platform].tags]
    with lab.REQUIREMENTS.open("rb") as turn:
        failed, said = lab.run_pip(turn, "download", "--dest", folder, *target, *wanted)
    if failed:
        raise lab.why_not_installed(said, f"The wheels for Python {minor} on {platform} were not fetched")


# --- the page ---

TOLD = """\
HERD FIBER
A workbook on event-driven architecture. This folder installs it without a network.

It is for: {platforms}
with:      {pythons} (64 bits)

1. Copy this whole folder from the stick to your computer, where 1.5 GB are free.

2. Open a terminal in the copy.
   Windows: open the folder, click into the address line above the files, type cmd, press Enter.
   macOS:   open Terminal, type cd and a space, drag the folder into the window, press Enter.
   Linux:   click into the folder with the right button, choose "Open in Terminal".

3. Start the workbook there:
{starts}

The first start takes a minute or two. Then your browser shows the first chapter. Leave the terminal open;
Ctrl-C in it closes the workbook. What you write is in my-notebooks/ and stays.

No such Python? Ask who gave you the stick for its installer, or get it from {downloads}
If something is wrong, a sentence in the terminal says what, and what to do next.
README.md tells more.
"""


def page(platforms: Sequence[str], pythons: Sequence[str]) -> str:
    """What somebody has to know who finds the folder: which Python, which command."""
    width = max(map(len, platforms)) + 2
    starts = [
        f"   {f'{name}:':{width}}{COMPUTERS[name].start.format(python)} lab.py"
        for name in platforms
        for python in pythons[-1:]
    ]
    versions = " or ".join(f"Python {python}" for python in pythons)
    platforms = ", ".join(platforms)
    told = {"platforms": platforms, "pythons": versions, "starts": "\n".join(starts)}
    return TOLD.format(**told, downloads=lab.DOWNLOADS)


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    sys.exit(main(sys.argv[1:]))
