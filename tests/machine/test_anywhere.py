"""Without lab.py: a wheel elsewhere, a reader's folder wherever a notebook lies, and what a click runs."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from classroom.desk import progress
from classroom.exercises.chapter_02 import LOST
from classroom.exercises.names import in_front_end
from tests.machine.test_progress_file import Chapter, close_open_chapter

pytestmark = [pytest.mark.timeout(180), pytest.mark.embedded]
ROOT = Path(__file__).parents[2]
CONTAINER = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
# What the specification of development containers knows, of which we use a part.
FIELDS = {"name", "image", "hostRequirements", "updateContentCommand", "postCreateCommand", "customizations"}


def run(*command: object, cwd: Path, **variables: str) -> str:
    """What the command said; it sees no checkout but the one that it is in."""
    hidden = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    options = {"capture_output": True, "text": True, "check": False, "timeout": 120}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=hidden | variables, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def empty_python(folder: Path) -> Path:
    """A Python that finds the packages we depend on, and nothing of this checkout."""
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    found = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
    Path(found.strip(), "others.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return python


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of this checkout that git would commit, and nothing else."""
    clone = tmp_path_factory.mktemp("clean") / "Hérd Fiber"
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    return clone


@pytest.fixture(scope="module")
def installed(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the wheel of the clone."""
    wheels = tmp_path_factory.mktemp("wheels")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-index", "--no-build-isolation", "--no-deps", "-w", wheels, ".", cwd=clone)
    python = empty_python(tmp_path_factory.mktemp("elsewhere") / "venv")
    (wheel,) = wheels.iterdir()
    run(*pip, "--python", python, "install", "--no-index", "--no-deps", wheel, cwd=wheels)
    return python


def test_a_wheel_carries_all_that_a_chapter_shows(installed: Path, tmp_path: Path):
    code = "import classroom, fiberlab; print(classroom.__file__); from classroom.live import view; "
    code += "from classroom import Chapter, change, experiments; c = Chapter.open('00', kafka=False); "
    code += "print(len(c.company.accounts), len(c.day), len(c.progress().stops)); "
    code += "print(len(experiments.recorded('one_of_three')), change.team_is_content('at_the_list_price'))"
    where, counts, recorded = run(installed, "-c", code, cwd=tmp_path).splitlines()
    assert ROOT not in Path(where).parents
    assert counts.split()[1:] == ["1200", "12"]
    assert recorded.split()[0] != "0"
    assert recorded.split()[1] == "True"
    assert list(tmp_path.iterdir()) == []


def test_copies_are_made_where_one_stands(installed: Path, tmp_path: Path):
    said = run(installed, "-m", "classroom.commands.copies", cwd=tmp_path)
    assert f"Your copies are in {tmp_path / progress.COPIES}." in said
    assert (tmp_path / progress.COPIES / "05-the-backbone.ipynb").exists()


def test_a_click_runs_commands_that_work_in_a_clean_folder(clone: Path, tmp_path: Path):
    assert set(CONTAINER) <= FIELDS
    pip, *install = shlex.split(CONTAINER["updateContentCommand"])
    asked = (clone / ".binder/requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [pip, *install[2:]] == ["pip", "-r", "requirements.txt", "-e", "."]
    assert asked[1:] == ["-r ../requirements.txt", "-e ."]
    python, *copy = shlex.split(CONTAINER["postCreateCommand"])
    assert shlex.join([python, *copy]) in (clone / ".binder/postBuild").read_text(encoding="utf-8")
    ours = empty_python(tmp_path / "venv")
    editable = ("--no-index", "--no-build-isolation", "--no-deps", "-e", ".")
    run(sys.executable, "-m", "pip", "--python", ours, *install[:1], *editable, cwd=clone)
    run(ours, *copy, cwd=clone)
    (opened,) = CONTAINER["customizations"]["codespaces"]["openFiles"]
    assert (clone / opened).exists()
    home = "from classroom.place import DATA; print(DATA)"
    assert run(ours, "-c", home, cwd=tmp_path).strip() == str(clone / "data")


def open_in_a_front_end(folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Chapter:
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(Path, "home", lambda: home)
    return Chapter.open("99", {"JPY_SESSION_NAME": "05.ipynb", "FIBERLAB_LEARNER": "ada"}, kafka=False)


@pytest.mark.parametrize("name", ["notebooks", "course"])
def test_a_reader_elsewhere_is_told_where_things_are_kept(tmp_path: Path, monkeypatch, capsys, name: str):
    chapter = open_in_a_front_end(tmp_path / name, tmp_path, monkeypatch)
    monkeypatch.setattr(progress, "_said_in", set())
    chapter.check("02-lost", lambda sales: 0)
    chapter.check("02-lost", LOST.solution)
    kept = tmp_path / progress.COPIES
    close_open_chapter()
    assert capsys.readouterr().out.count(f"What you do in this chapter is kept in {str(kept)!r}.") == 1
    assert progress.known(kept)["exercises"][LOST.name]["solved"]
    assert list((tmp_path / name).iterdir()) == []


def test_what_a_reader_cannot_write_goes_home(copies: Path, tmp_path: Path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setattr(progress.os, "access", lambda folder, _: copies not in (folder, *folder.parents))
    chapter = open_in_a_front_end(copies, home, monkeypatch)
    assert chapter.working_copy == home / progress.COPIES
    close_open_chapter()


def test_a_run_without_a_front_end_keeps_nothing(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert progress.folder() is None
    assert not in_front_end({})
    assert in_front_end({"JPY_SESSION_NAME": ""})
