"""A change is made in a copy, fails loudly when the source has moved on, and is counted by a real diff."""

import pytest

from classroom.change.edits import (
    Change,
    Edit,
    StaleChangeError,
    changed_lines,
    copy_of_package,
    files_changed,
)
from classroom.source import PACKAGE

pytestmark = pytest.mark.embedded

SOLD = "def sold():\n    return 1\n\n\nprice = 2\n"


@pytest.fixture
def two(tmp_path):
    """The same small package twice."""
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "billing.py").write_text(SOLD, encoding="utf-8")
    return tmp_path / "before", tmp_path / "after"


@pytest.mark.parametrize(("text", "times"), [("return 3", 0), ("e", 3)])
def test_a_stale_change_names_the_file_and_the_text(two, text, times):
    with pytest.raises(StaleChangeError, match=rf"billing.py holds '{text}' {times} times; adapt"):
        Change((Edit("billing.py", text, ""),)).apply(two[1])
    assert (two[1] / "billing.py").read_text(encoding="utf-8") == SOLD


def test_a_change_edits_adds_and_deletes_files_and_the_diff_tells_them_apart(two):
    before, after = two
    (before / "old.py").write_text("a = 1\n", encoding="utf-8")
    (after / "old.py").write_text("a = 1\n", encoding="utf-8")
    edit = Edit("billing.py", "price = 2", "price = 3\ncost = 1")
    Change((edit,), {"new.py": "b = 1\nc = 1\n"}, ("old.py",)).apply(after)
    assert files_changed(before, after).values.tolist() == [
        ["billing.py", "changed", 2, 1],
        ["new.py", "new", 2, 0],
        ["old.py", "deleted", 0, 1],
    ]


def test_copies_without_a_change_do_not_differ(two):
    assert files_changed(*two).empty
    assert changed_lines(*two) == {}


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("return 1", "return 2", {2}),
        ("    return 1\n\n", "", {2, 3}),
        ("    return 1", "    print()\n    return 1", {2}),
        (SOLD, "", {1, 2, 3, 4, 5}),
    ],
    ids=["replaced", "deleted", "beside an insertion", "everything"],
)
def test_the_lines_of_a_change_are_those_of_the_old_text(two, old, new, lines):
    Change((Edit("billing.py", old, new),)).apply(two[1])
    assert changed_lines(*two) == {"billing.py": lines}


def test_a_deleted_file_has_all_its_lines_changed(two):
    Change(deleted=("billing.py",)).apply(two[1])
    assert changed_lines(*two) == {"billing.py": {1, 2, 3, 4, 5}}


def test_a_copy_holds_every_module(tmp_path):
    copy = copy_of_package(tmp_path)
    assert files_changed(PACKAGE, copy).empty
