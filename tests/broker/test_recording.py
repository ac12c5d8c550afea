"""A recording that was kept has what the front end of today reads: what a new one of the same picture has."""

import json
from collections.abc import Iterator

import pytest

from book.recording import RECORDINGS, recorded, snapshots

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(120)]

BY_NAME = {"designs", "actors"}  # whose keys are names


def shape(state: object, at: str = "") -> Iterator[str]:
    """Every key that a snapshot has, by its way there; entries of a list count once."""
    yield at
    if isinstance(state, dict):
        for key, value in state.items():
            yield from shape(value, f"{at}/*" if at.rpartition("/")[2] in BY_NAME else f"{at}/{key}")
    if isinstance(state, list):
        for value in state:
            yield from shape(value, f"{at}[]")


def shapes(recording: dict) -> set[str]:
    return {key for state in snapshots(recording) for key in shape(state)}


def names(recording: dict) -> tuple[set[str], ...]:
    """The designs, the actors, and the groups."""
    state = list(snapshots(recording))[-1]
    groups = {group["name"] for group in (state["topic"] or {"groups": []})["groups"]}
    return set(state["designs"]), set(state["actors"]), groups


def kept(number: str) -> dict:
    return json.loads((RECORDINGS / f"{number}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", ["02", "05", "06"])
def test_what_is_kept_has_the_shape_and_the_names_of_what_is_recorded_now(number):
    new, old = recorded(number, at_most_s=2), kept(number)
    assert new["cell"] == old["cell"]
    assert shapes(new) <= shapes(old)
    for now, then in zip(names(new), names(old), strict=True):
        assert now <= then  # what a button added came later


def test_no_recording_has_what_the_longest_does_not_know():
    known = shapes(kept("05")) | shapes(kept("02"))
    assert [number for number in ("01", "04", "06") if not shapes(kept(number)) <= known] == []
