"""Which wheels a stick gets for which computer, which files of the workbook, and what its page says."""

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

import lab
from classroom.commands import pack

PLATFORMS = list(pack.COMPUTERS)


def names(platform: str, python: str) -> set[str]:
    return {pin.partition("==")[0] for pin in pack.pins(platform, python)}


def test_lab_py_and_pack_know_the_same_kinds_of_computers():
    assert list(lab.COMPUTERS.values()) == PLATFORMS
    machines = {(told.sys_platform, told.platform_machine.lower()) for told in pack.COMPUTERS.values()}
    assert machines == set(lab.COMPUTERS)


@pytest.mark.parametrize("python", lab.PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_computer_gets_what_its_markers_say_whoever_packs(platform, python):
    windows, mac = platform == "windows", platform.startswith("mac")
    expected = {
        "pywinpty": windows,
        "colorama": windows,
        "pexpect": not windows,
        "ptyprocess": not windows,
        "appnope": mac,
        "overrides": python == "3.11",
        "cffi": True,
    }
    found = names(platform, f"{python}.0")
    assert {name: name in found for name in expected} == expected


@pytest.mark.parametrize("python", lab.PYTHONS)
def test_a_name_is_pinned_once_for_an_exact_python(python):
    assert len(names("linux", f"{python}.7")) == len(pack.pins("linux", f"{python}.7"))


def test_a_pin_that_changes_within_a_minor_version_is_fetched_for_both(monkeypatch, tmp_path):
    monkeypatch.setattr(lab, "REQUIREMENTS", tmp_path / "requirements.txt")
    old, new = "s==2 ; python_full_version < '3.11.5'", "s==4 ; python_full_version >= '3.11.5'"
    lab.REQUIREMENTS.write_text(f"{old}  # via x\n{new}\nt==1\n")
    fetched = []
    monkeypatch.setattr(pack, "fetch", lambda _, platform, exact, pins: fetched.append((exact, pins)))
    pack.download(tmp_path, "linux", "3.11")
    assert fetched == [("3.11.0", ["s==2", "t==1"]), ("3.11.5", ["s==4"])]


def test_no_marker_asks_what_a_stick_cannot_know():
    lines = (line.partition("#")[0] for line in lab.REQUIREMENTS.read_text(encoding="utf-8").splitlines())
    markers = " ".join(str(Requirement(line).marker) for line in lines if line.strip())
    known = {*pack.Computer._fields, "python_version", "python_full_version", "implementation_name"}
    unknown = set(default_environment()) - known - {"platform_python_implementation"}
    assert [name for name in unknown if name in markers] == []


def test_the_page_names_computers_pythons_and_a_command_for_each():
    page = pack.page(["windows", "mac-arm"], ["3.11", "3.12"])
    assert "It is for: windows, mac-arm\n" in page
    assert "Python 3.11 or Python 3.12" in page
    assert "   windows: py -3.12 lab.py\n   mac-arm: python3.12 lab.py\n" in page


def test_from_an_archive_all_is_packed_but_what_gitignore_names(monkeypatch, tmp_path):
    monkeypatch.setattr(pack, "ROOT", tmp_path)
    (tmp_path / ".gitignore").write_bytes((lab.ROOT / ".gitignore").read_bytes())
    workbook = [
        ".gitignore",
        "data/wheels/plans.csv",
        "lab.py",
        "notebooks/05-a b.ipynb",
        "trainer/README.md",
    ]
    left_out = [
        ".venv/bin/python",
        "my-notebooks/05-a b.ipynb",
        "trainer/solved/05.ipynb",
        "fiberlab/__pycache__/domain.pyc",
        "notebooks/.ipynb_checkpoints/05.ipynb",
        "progress.png",
        "wheels/small.whl",
        "stick/lab.py",
        "usb 2/wheels/packed.json",
        "usb 2/lab.py",
    ]
    for name in (*workbook[1:], *left_out):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert sorted(path.relative_to(tmp_path).as_posix() for path in pack.workbook()) == workbook


def test_no_line_of_gitignore_is_beyond_what_is_understood_without_git():
    lines = (lab.ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert not [line for line in patterns if "/" in line.strip("/") and not line.startswith("/")]
    assert not [line for line in patterns if line.startswith("!") or "**" in line]
