"""Households that exercises tell of: what each did, one thing after the other, as a real topic tells it."""

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fiberlab.domain import Account, Action, Actor, Company
from fiberlab.eventdriven.events import Event, decode
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.days import OPENS
from fiberlab.lab.kafka_lessons import read_on, write


@dataclass(frozen=True, repr=False)
class Household:
    """The events of one household in their order, as often as they were read; shown as what was done."""

    account_id: str
    readings: tuple[tuple[Event, ...], ...]
    delivered: str = "read twice"

    def __repr__(self) -> str:
        done = ", ".join(event.ACTION for event in self.readings[0])
        return f"{done} of {self.account_id}, {self.delivered}"


def lived(
    rng: random.Random, company: Company, accounts: Sequence[Account], histories: Sequence[Sequence[str]]
) -> list[Action]:
    """What these households did, to each a history: names of actions."""
    pairs = zip(accounts, histories, strict=True)
    return [action for account, names in pairs for action in _actions(rng, company, account, names)]


def _actions(rng: random.Random, company: Company, account: Account, names: Iterable[str]) -> list[Action]:
    """These actions of a household, by its customer or an installer, about one plan and another in turn."""
    plans, number = rng.sample(list(company.plans), 2), rng.randrange(10_000, 100_000)
    who = Actor("customer", account.customer_id), Actor("installer", rng.choice(company.installers))
    return [
        Action(
            f"{account.account_id}-{number + step}",
            name,
            account.account_id,
            rng.choice(who),
            plans[step % 2],
            OPENS + timedelta(minutes=step),
        )
        for step, name in enumerate(names)
    ]


@contextmanager
def exercise_topic(chapter: Chapter) -> Iterator[str]:
    """A new topic, which is deleted when the exercise has been judged."""
    topic = chapter.topic("exercise")
    try:
        yield topic
    finally:
        chapter.cluster.delete_topic(topic)


def heard(
    chapter: Chapter, topic: str, actions: Sequence[Action], groups: tuple[str, str]
) -> dict[str, Household]:
    """The households by account: their events, written to the topic and read from it by both groups."""
    write(chapter, topic, actions)
    readings = [events(read_on(chapter, topic, f"{group}.{topic}")) for group in groups]

    def of(account: str) -> Household:
        own = (tuple(event for event in reading if event.account_id == account) for reading in readings)
        return Household(account, tuple(own))

    return {account: of(account) for account in dict.fromkeys(action.account_id for action in actions)}


def events(records: Iterable[Any]) -> list[Event]:
    """The events in these records. Raises UnreadableEventError."""
    return [decode(record.headers, record.key, record.value) for record in records]
