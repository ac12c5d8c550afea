"""What chapter 06 measures: who is due a letter, what a slow or silent mail server does, and who listens."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import pandas as pd

from classroom.chapter import Chapter
from classroom.world.company import contacts
from classroom.world.designs import Services
from classroom.world.mailbox import Mailbox
from classroom.world.running import wait_until
from classroom.world.topic import read_on, write
from classroom.world.traffic import FEW_ATTEMPTS, Replay, replay
from fiberlab.domain import Action
from fiberlab.eventdriven import marketing
from fiberlab.eventdriven.events import Event, decode, happened
from fiberlab.mailing import Mailing, MailServerDownError

Handle = Callable[[Event, Mailing], None]
SLOW_S = 0.15
CONDITIONS = ("healthy", "slow", "down")


class UnknownConditionError(ValueError):
    """A mail server cannot be in this condition."""


@dataclass(frozen=True)
class Browsed:
    """What came of the same browsing in both designs, while the mail server was in one condition.

    behind: which groups had events left when all others had read everything. letters: those that came in the
    end, by design.
    """

    answers: Mapping[str, Replay]
    behind: tuple[str, ...]
    letters: Mapping[str, int]

    def answer_s(self) -> dict[str, list[float]]:
        """How long each app waited for its answer, in seconds, by design."""
        return {design: [answer.answer_s for answer in sent.answers] for design, sent in self.answers.items()}


class Trial(NamedTuple):
    """How many letters came of the first reading, of the replay, and of an event that met a silent server."""

    first: int
    replayed: int
    after_outage: int


def due_a_letter(actions: Sequence[Action]) -> list[Action]:
    """The actions after which marketing may mail: a plan was browsed, and the household has agreed."""
    agreed = {contact.account_id for contact in contacts() if contact.consent}
    return [action for action in actions if action.name == "browse_plan" and action.account_id in agreed]


def browse_while(chapter: Chapter, condition: str, actions: Sequence[Action]) -> Browsed:
    """What came of these actions in both designs while the mail server was "healthy", "slow" or "down".

    "slow" takes SLOW_S for each letter. One household after the other browses, so that nobody waits for
    another's answer; an app tries FEW_ATTEMPTS times. Raises UnknownConditionError.
    """
    coupled, backbone = chapter.coupled(chapter.mailing()), chapter.event_driven()
    backbone.add(marketing.GROUP, partial(marketing.handle, mailing=chapter.mailing()))
    box, others = chapter.mailbox, [name for name in backbone.services if name != marketing.GROUP]
    before = len(box.letters)
    with _mail_server(box, condition):
        waited = replay(actions, coupled.url, clients=1, attempts=FEW_ATTEMPTS)
        by_request = len(box.letters)
        answered = replay(actions, backbone.url, clients=1)
        wait_until(
            lambda: all(backbone.lag()[name] == 0 for name in others),
            "billing to read everything",
            every_s=0.1,
        )
        if condition == "down":
            wait_until(lambda: marketing.GROUP not in backbone.running(), "marketing to stop")
        behind = tuple(name for name, lag in backbone.lag().items() if lag and condition == "down")
    backbone.start(marketing.GROUP)
    backbone.settle()
    letters = {"coupled": by_request - before, "event-driven": len(box.letters) - by_request}
    return Browsed({"coupled": waited, "event-driven": answered}, behind, letters)


@contextmanager
def _mail_server(box: Mailbox, condition: str) -> Iterator[None]:
    if condition not in CONDITIONS:
        raise UnknownConditionError(f"a mail server is not {condition!r}; choose one of {CONDITIONS!r}")
    try:
        if condition == "down":
            box.stop()
        box.delay_s = SLOW_S if condition == "slow" else 0.0
        yield
    finally:
        box.delay_s = 0.0
        box.start()


def tried(chapter: Chapter, handle: Handle, actions: Sequence[Action]) -> Trial:
    """How many letters a marketing of this kind sends: on a real topic, replayed, and through an outage."""
    with Mailbox("mailbox of the trial") as box:
        outage = _after_an_outage(chapter, handle, box, due_a_letter(actions)[0])
        topic, mailing = chapter.topic("browsed"), chapter.mailing(box)
        write(chapter, topic, actions)
        letters = [len(box.letters)]
        for group in ("email-marketing", "email-marketing-replayed"):
            for record in read_on(chapter, topic, f"{group}.{topic}"):
                handle(decode(record.headers, record.key, record.value), mailing)
            letters.append(len(box.letters))
    return Trial(letters[1] - letters[0], letters[2] - letters[1], outage)


def _after_an_outage(chapter: Chapter, handle: Handle, box: Mailbox, action: Action) -> int:
    event, mailing = happened(action, chapter.company.plans), chapter.mailing(box)
    with _mail_server(box, "down"), suppress(MailServerDownError):
        handle(event, mailing)
    handle(event, mailing)  # the service stopped at this record, and begins with it again
    return len(box.letters)


def listeners(services: Services) -> tuple[dict[str, int], pd.DataFrame]:
    """Who writes to the topic and who listens, as the broker and the events tell it; the code is not asked.

    First: how many events each source wrote. Then a row per group that has read from it: group, members, lag.
    """
    records = services.view.records()
    sources = [decode(record.headers, record.key, record.value).source for record in records]
    found = services.cluster.groups(services.topic)
    suffix = f".{services.topic}"
    rows = [
        (group.removesuffix(suffix), members, services.view.lag(group)) for group, members in found.items()
    ]
    writers = {source: sources.count(source) for source in sorted(set(sources))}
    return writers, pd.DataFrame(rows, columns=["group", "members", "lag"])
