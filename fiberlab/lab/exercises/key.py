"""The first exercise of chapter 04: what it must do, and who is harmed if it does not.

Read it after you have tried.
"""

import dataclasses
import functools
import random
from collections.abc import Callable, Sequence
from itertools import islice

import pandas as pd

from fiberlab.domain import Action
from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.days import generated_day
from fiberlab.lab.exercise import Answer, exercise
from fiberlab.lab.exercises.households import exercise_topic
from fiberlab.lab.kafka_lessons import look, write_keys
from fiberlab.lab.outcomes import Outcome


class Actions(tuple[Action, ...]):
    """Some of a day's actions; shown as their number."""

    def __repr__(self) -> str:
        return f"{len(self)} actions"


def _key(name: str, told: str, key_of: Callable[[Action], object]) -> Misconception:
    return Misconception(name, told, lambda actions: [key_of(action) for action in actions])


KEY_MISCONCEPTIONS = (
    _key(
        "a key per event", "Each action has another id, so nothing stays together.", lambda action: action.id
    ),
    _key("a key per plan", "A household changes its plan.", lambda action: action.plan),
    _key(
        "a key per kind of action", "A household's actions are of several kinds.", lambda action: action.name
    ),
    _key(
        "a key per actor",
        "A household's actions are done by its customer and by installers.",
        lambda action: action.actor.id,
    ),
    _key(
        "a key per kind of actor",
        "A household's actions are done by its customer and by installers.",
        lambda action: action.actor.kind,
    ),
)


@exercise("exercise-04-key")
def check_key(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 04: a key that keeps each account's events in order, tried on a real topic."""
    households = dict(islice(chapter.company.accounts.items(), 8))
    village = dataclasses.replace(chapter.company, accounts=households)
    actions = Actions(generated_day(village, rng.randrange(1, 10_000), 120, installer_percent=50))

    @functools.wraps(function)
    def keys(actions: Actions) -> list[object]:
        return [function(action) for action in actions]

    expected = "a text per action, the same for all actions of an account, and not one for all accounts"
    harmed = "the customer whose cancellation overtakes her purchase, or all who wait behind one partition"
    problem, how_much = (functools.partial(judge, chapter, actions) for judge in (_key_problem, _key_harm))
    case = Case((actions,), expected, harmed, problem, how_much)
    return check(keys, [case], KEY_MISCONCEPTIONS)


def _key_problem(chapter: Chapter, actions: Sequence[Action], keys: Sequence[object]) -> str | None:
    wrong = [key for key in keys if not isinstance(key, str)]
    if wrong:
        printed = ", and nothing was returned: use return, not print" if wrong[0] is None else ""
        return f"a key must be text, not of type {type(wrong[0]).__name__}{printed}"
    records = _records(chapter, actions, keys)
    partitions = records.groupby("label").partition.nunique()
    if (partitions > 1).any():
        account = partitions.idxmax()
        return f"account {account}'s events went to {partitions[account]} partitions: no order among them"
    if records.partition.nunique() == 1:
        return "all accounts' events went to one partition: one worker has to do everything"
    return None


def _key_harm(chapter: Chapter, actions: Sequence[Action], keys: Sequence[str]) -> str:
    partitions = _records(chapter, actions, keys).groupby("label").partition.nunique()
    torn = (partitions > 1).sum()
    return f"{torn} of {len(partitions)} accounts" if torn else f"{len(keys)} events one after the other"


def _records(chapter: Chapter, actions: Sequence[Action], keys: Sequence[str]) -> pd.DataFrame:
    """Where a real topic put the actions' accounts, written with these keys."""
    with exercise_topic(chapter) as topic:
        pairs = zip(keys, actions, strict=True)
        write_keys(chapter, topic, [(key, action.account_id) for key, action in pairs])
        return look(chapter, topic)[0]
