"""What a trainer sees of a room: who is stuck at which check, with which misconception."""

import json
from pathlib import Path

import pytest

from classroom.commands import room as command
from classroom.commands.room import attempts, named, stuck, summary
from classroom.desk.progress import Progress, nothing

pytestmark = pytest.mark.embedded

NAMES = ("exercise-01-price", "exercise-01-chain")


def progress(learner: str, **exercises: tuple[str, bool, int, str]) -> Progress:
    keys = ("outcome", "solved", "attempts", "misconception")
    rows = {f"exercise-01-{name}": dict(zip(keys, row, strict=True)) for name, row in exercises.items()}
    return nothing(learner) | {"exercises": rows}


ADA = progress("ada", price=("correct", True, 2, ""), chain=("not yet", False, 4, "the outages add up"))
BO = progress("bo", price=("not yet", False, 1, ""), chain=("not yet", False, 2, "the outages add up"))
CY = progress("cy", chain=("error in your code", False, 1, ""))
ROOM = named([("a.json", ADA), ("b.json", BO), ("c.json", CY)])


def test_each_check_has_its_count_and_what_is_thought_most_often():
    told = summary(attempts(ROOM, NAMES)).to_dict("index")
    assert told["exercise-01-price"] == {
        "solved": 1,
        "stuck": 1,
        "not tried": 1,
        "most often": "another answer",
    }
    chain = {"solved": 0, "stuck": 3, "not tried": 0, "most often": "the outages add up"}
    assert told["exercise-01-chain"] == chain


def test_whoever_is_stuck_is_told_with_the_check_and_the_misconception():
    assert stuck(attempts(ROOM, NAMES)).splitlines() == [
        "ada is stuck at exercise-01-chain after 4 attempts: the outages add up",
        "bo is stuck at exercise-01-price after 1 attempt: another answer",
        "bo is stuck at exercise-01-chain after 2 attempts: the outages add up",
        "cy is stuck at exercise-01-chain after 1 attempt: error in your code",
    ]
    assert stuck(attempts({"dee": nothing("dee")}, NAMES)) == "Nobody is stuck."


def test_two_readers_with_one_name_are_kept_apart():
    assert list(named([("a.json", ADA), ("b.json", ADA)])) == ["ada (a.json)", "ada (b.json)"]


def test_a_bad_file_is_told_by_name_and_the_others_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    good, bad, picture = (tmp_path / name for name in ("ada.json", "bad.json", "room.png"))
    good.write_text(json.dumps(ADA), encoding="utf-8")
    bad.write_text("{", encoding="utf-8")
    assert command.main(["--picture", str(picture), str(good), str(bad), str(tmp_path / "none.json")]) == 0
    said = capsys.readouterr().out
    assert f"Left out: {bad}: 'bad.json' cannot be read" in said
    assert f"Left out: {tmp_path / 'none.json'}" in said
    assert "ada is stuck at exercise-01-chain" in said
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_without_a_good_file_nothing_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert command.main(["--picture", str(tmp_path / "room.png"), str(tmp_path / "none.json")]) == 1
    assert "There is no progress to show" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
