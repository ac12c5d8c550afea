"""What a reader's run measured is kept beside the working copy, and nowhere else; nothing is lost."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from classroom.chapter import Chapter, close_open_chapter
from classroom.readiness import measurements
from classroom.readiness.measurements import (
    FAIL,
    OWN,
    WAIT,
    DamagedMeasurementsError,
    UnknownMeasurementError,
    keep,
    keep_all,
    known,
    shipped,
    waiting,
)
from classroom.world.company import DATA
from classroom.world.designs import DESIGNS, EVENTS, SHARED

pytestmark = pytest.mark.embedded

MOVED = f"{SHARED}/share of others' bills moved"
TESTS = f"{EVENTS}/tests to run again/3 actors"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "my-notebooks"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def chapter(folder):
    yield Chapter.open("03", {}, kafka=False)
    close_open_chapter()


def test_what_a_working_copy_measures_is_known_to_the_next_chapter(chapter):
    keep(chapter, TESTS, 7)
    keep_all(chapter, {MOVED: 0.25})
    again = known(chapter)
    assert (again[TESTS], again[MOVED]) == (7, 0.25)
    assert again.of(TESTS).own
    assert again.of(TESTS).how == shipped().of(TESTS).how


def test_what_was_not_measured_is_the_shipped_value(chapter):
    keep(chapter, TESTS, 7)
    assert known(chapter)[MOVED] == shipped()[MOVED]
    assert not known(chapter).of(MOVED).own
    assert list(known(chapter).table()["measured by"]).count("your run") == 1


def test_a_run_in_another_folder_stores_nothing_and_sees_the_shipped_values(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    chapter = Chapter.open("03", {}, kafka=False)
    keep(chapter, TESTS, 7)
    assert list(tmp_path.rglob("*.json")) == []
    assert known(chapter) == shipped()
    close_open_chapter()


def test_nothing_but_the_file_and_its_lock_is_left(chapter, folder):
    keep(chapter, TESTS, 7)
    keep(chapter, TESTS, 8)
    assert sorted(path.name for path in folder.iterdir()) == [f".{OWN}.lock", OWN]


ONE = """
import sys
from types import SimpleNamespace
from pathlib import Path
from classroom.readiness.measurements import keep
for value in range(100):
    keep(SimpleNamespace(working_copy=Path(sys.argv[1])), sys.argv[2], value)
"""


def test_two_kernels_at_once_lose_nothing(chapter, folder):
    root = Path(measurements.__file__).parents[2]
    kernels = [
        subprocess.Popen([sys.executable, "-c", ONE, str(folder), name], cwd=root) for name in (TESTS, MOVED)
    ]
    assert [kernel.wait(timeout=50) for kernel in kernels] == [0, 0]
    assert (known(chapter)[TESTS], known(chapter)[MOVED]) == (99, 99)


@pytest.mark.parametrize("text", ["{", "[]", f'{{"{TESTS}": "six"}}', f'{{"{TESTS}": NaN}}', "\udcff"])
def test_a_damaged_file_is_put_aside_and_named(chapter, folder, text):
    damaged = text.encode("utf-8", "surrogateescape")
    for name in ("measurements.damaged-1.json", "measurements.damaged-2.json"):
        (folder / OWN).write_bytes(damaged)
        with pytest.raises(DamagedMeasurementsError, match=name):
            known(chapter)
        assert (folder / name).read_bytes() == damaged
        assert known(chapter) == shipped()


def test_a_damaged_file_is_not_written_over(chapter, folder):
    (folder / OWN).write_text("{", encoding="utf-8")
    with pytest.raises(DamagedMeasurementsError):
        keep(chapter, TESTS, 7)
    assert (folder / "measurements.damaged-1.json").read_text(encoding="utf-8") == "{"
    keep(chapter, TESTS, 7)
    assert known(chapter)[TESTS] == 7


def test_what_an_older_workbook_measured_is_passed_over(chapter, folder):
    (folder / OWN).write_text(json.dumps({"gone/with the wind": 1, TESTS: 7}), encoding="utf-8")
    assert known(chapter)[TESTS] == 7


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "6", True, None])
def test_only_a_sound_number_is_kept(chapter, folder, value):
    with pytest.raises(ValueError, match=r"3 actors cannot be .*; give a number of 0 or more"):
        keep_all(chapter, {MOVED: 0.5, TESTS: value})
    assert list(folder.iterdir()) == []


def test_an_unknown_name_is_refused_everywhere_with_names_that_come_close(chapter):
    with pytest.raises(
        UnknownMeasurementError, match=r"'event-driven/tests to run again/3 actor'; try .*3 ac"
    ):
        keep(chapter, TESTS[:-1], 7)
    with pytest.raises(UnknownMeasurementError):
        shipped()["nothing"]


@pytest.fixture(scope="module")
def measure() -> dict[str, object]:
    """The script that made the shipped values."""
    return runpy.run_path(str(DATA / "measure.py"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("design", DESIGNS)
def test_what_is_counted_is_what_is_shipped(measure, design):
    counted = measure["counts"](design)
    assert len(counted) == 9
    assert counted == {name: shipped()[name] for name in counted}


def test_what_is_seen_on_running_designs_is_what_is_shipped(measure):
    chapter = Chapter.open("test", {}, kafka=False)
    seen = {name: value for values in measure["parts"](chapter) for name, value in values.items()}
    close_open_chapter()
    assert len(seen) == 6
    assert seen == {name: shipped()[name] for name in seen}


def test_who_waits_and_who_fails_is_what_is_shipped(measure):
    chapter = Chapter.open("test", {}, kafka=False)
    seen = {name: value for values in measure["waits"](chapter) for name, value in values.items()}
    close_open_chapter()
    raced = f"{EVENTS}/{WAIT}"  # an answer that comes 200 ms late for another reason would count
    exact = {name for name in seen if name.endswith((WAIT, FAIL))} - {raced}
    assert len(exact) == 5
    assert {name: seen[name] for name in exact} == {name: shipped()[name] for name in exact}


def test_sales_are_counted_and_browsing_is_not():
    rows = [
        ("healthy", True, True, 0.01, 0.02),
        ("slow", True, True, 0.3, 0.2),
        ("slow", True, True, 0.1, 0.2),
        ("slow", False, True, 9, float("nan")),
        ("down", True, False, 0.1, float("nan")),
        ("down", False, True, 0.1, float("nan")),
    ]
    table = pd.DataFrame(rows, columns=["condition", "sale", "accepted", "answer_s", "bill_s"])
    assert list(waiting(SHARED, table.assign(design=SHARED)).values()) == [0.5, 1.0, 200.0, 20.0]


def test_every_shipped_value_has_its_row_as_the_script_writes_it(measure):
    for m in shipped().by_name.values():
        assert measure["row"](m.name, m.value) == (m.name, f"{m.value:g}", m.unit, m.chapter, m.how)
