"""The night of chapter 08: an event that nobody can read, and an address check that is away for a while.

Seven ways to go on, each a few lines that say what one tick of the night does. A tick is one attempt, so that
lag is an outcome and not a measurement. The night's one service bills and provisions, and it asks another
company about one household's address. What it keeps is on real topics.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.structs import OffsetAndMetadata

from classroom.chapter import Chapter
from classroom.experiments.versions import read_by, written_by
from classroom.world.running import progress
from fiberlab.cluster import TopicView
from fiberlab.domain import Action, dollars, expected_cents, plans_in_force
from fiberlab.eventdriven import customer_billing, provisioning
from fiberlab.eventdriven.dead_letters import DeadLetters
from fiberlab.eventdriven.events import UnreadableEventError, happened
from fiberlab.eventdriven.redrive import ends_of, letters
from fiberlab.ledger import Charge, Ledger
from fiberlab.lines import Lines

TICKS, AWAY = 40, 12  # the address check is away for the first twelve ticks
HOUSEHOLDS = 23
MOVING, BROKEN = "A-0020", "A-0054"  # whose address is checked, and whose price nobody can read
NIGHTS_READER, MENDED_READER = "strict (ours)", "upcaster"


class AwayError(ConnectionError):
    """The address check does not answer now; in a while it will."""


class ToldLedger(Ledger):
    """A ledger that also notes all that it is handed: what one without a memory would hold."""

    def __init__(self) -> None:
        super().__init__(Path(":memory:"))
        self.told: list[Charge] = []

    def write(self, charge: Charge) -> bool:
        """Whether the charge is new."""
        self.told.append(charge)
        return super().write(charge)


class Night:
    """The night's one service: what it can do with a record, and what has come of it. `close()` it."""

    def __init__(self, chapter: Chapter, view: TopicView, records: Sequence[ConsumerRecord]) -> None:
        self.lag: list[int] = []  # by tick
        self.reader, self.ledger, self.lines = NIGHTS_READER, ToldLedger(), Lines(Path(":memory:"))
        self.group = f"night.{chapter.topic('retry', 1)}"  # a name that nobody has
        self.topics = {"retry": self.group.removeprefix("night."), "dead": chapter.topic("dead", 1)}
        self._cluster, self._view, self._records = chapter.cluster, view, records
        self._producer = chapter.cluster.producer()
        self._retries, self._consumer = chapter.cluster.reader(), chapter.cluster.reader(self.group)
        self._waiting: dict[tuple[int, int], ConsumerRecord] = {}  # what is on the two topics
        self._paused: set[int] = set()
        self._due, self._again = list(records), []

    def restart(self) -> None:
        """Die, and be started again: the next record is the first that is not committed."""
        committed = self._view.committed(self.group)
        self._due = [record for record in self._records if record.offset >= committed[record.partition]]

    def next(self) -> ConsumerRecord | None:
        """The record that is next: of the topic, or else of the retry topic. A pause ends when all wait."""
        due = [record for record in self._due if record.partition not in self._paused]
        if self._due and not due:
            self._paused, due = set(), self._due
        if not due and not self._again:
            self._again = list(_letters(self._retries, self.topics["retry"]))
        return next(iter(due or self._again), None)

    def handle(self, record: ConsumerRecord) -> Exception | None:
        """Bill and provision. What comes back is what went wrong, if anything did."""
        try:
            event = read_by(self.reader, record.headers, record.value)
            if event.account_id == MOVING and len(self.lag) < AWAY:
                raise AwayError("the address check is away")
            customer_billing.handle(event, self.ledger)
            provisioning.handle(event, self.lines)
        except (UnreadableEventError, AwayError) as error:
            return error
        self._waiting.pop((record.partition, record.offset), None)
        return None

    def commit(self, record: ConsumerRecord) -> None:
        """Go on behind the record."""
        if record not in self._due:
            return self._again.remove(record)
        self._due.remove(record)
        place = TopicPartition(record.topic, record.partition)
        return self._consumer.commit({place: OffsetAndMetadata(record.offset + 1, "", -1)})

    def pause(self, record: ConsumerRecord) -> None:
        """Read nothing more of its partition while another has something."""
        self._paused.add(record.partition)

    def keep(self, kind: str, record: ConsumerRecord, why: object) -> None:
        """Return once the record is on the topic of this kind, "retry" or "dead"."""
        self._waiting[record.partition, record.offset] = record
        letters = DeadLetters("night", self.topics[kind], lambda: self._producer)
        letters.keep(record, str(why))
        letters.confirm()

    def waits_behind(self, record: ConsumerRecord) -> bool:
        """Whether an earlier event of the same household waits on one of the two topics."""
        return any(w.key == record.key and w.offset < record.offset for w in self._waiting.values())

    def redrive(self) -> None:
        """Hand out what is on the dead-letter topic, from its beginning, as somebody new would."""
        with self._cluster.reader() as reader:
            for record in _letters(reader, self.topics["dead"]):
                self.handle(record)

    def run(self, tick: Callable[["Night"], object], ticks: int) -> None:
        """So many ticks. Nothing happens in one when nothing is left to read."""
        for _ in range(ticks):
            tick(self)
            self.lag.append(len(self._due))

    def close(self) -> None:
        """Close connections and files."""
        for opened in (self._producer, self.ledger, self.lines):
            opened.close()
        for consumer in (self._consumer, self._retries):
            consumer.close(autocommit=False)


def _letters(reader: KafkaConsumer, topic: str) -> Iterable[ConsumerRecord]:
    return (letter.record for letter in letters(reader, ends_of(reader, topic)))


# --- seven ways to go on: what one tick does ---


def crash(night: Night) -> None:
    """Whatever goes wrong ends the service; it is started again, and begins with the same record."""
    if record := night.next():
        if night.handle(record):
            night.restart()
        else:
            night.commit(record)


def try_again(night: Night) -> None:
    """The same record again, until it works."""
    if (record := night.next()) and not night.handle(record):
        night.commit(record)


def pause_the_partition(night: Night) -> None:
    """The record's partition waits, the others go on."""
    if record := night.next():
        if night.handle(record):
            night.pause(record)
        else:
            night.commit(record)


def skip(night: Night) -> None:
    """On with the next, whatever came of this one."""
    if record := night.next():
        night.handle(record)
        night.commit(record)


def dead_letter(night: Night) -> None:
    """What goes wrong is set aside, for somebody to look at in the morning."""
    if record := night.next():
        if error := night.handle(record):
            night.keep("dead", record, error)
        night.commit(record)


def retry_topic(night: Night) -> None:
    """What may heal is tried again later; what nobody can read is set aside."""
    if record := night.next():
        if error := night.handle(record):
            night.keep("retry" if isinstance(error, AwayError) else "dead", record, error)
        night.commit(record)


def hold_the_household(night: Night) -> None:
    """As before, and whatever comes later of the same household waits behind it."""
    record = night.next()
    if record and night.waits_behind(record):
        night.keep("retry", record, "an earlier event of the household waits")
        night.commit(record)
    else:
        retry_topic(night)


class Way(NamedTuple):
    """One way to go on: its name, what it keeps waiting for whoever is not at fault, what a tick does."""

    name: str
    stands_still: str
    tick: Callable[[Night], None]


WAYS = (
    Way("crash and restart", "everybody", crash),
    Way("try again", "everybody", try_again),
    Way("pause the partition", "a partition", pause_the_partition),
    Way("skip", "nobody", skip),
    Way("dead letters", "nobody", dead_letter),
    Way("retry topic", "nobody", retry_topic),
    Way("hold the household", "one household", hold_the_household),
)


# --- the night ---


class Nights(NamedTuple):
    """What came of the night: a row per way, and its lag, a column per way, tick by tick.

    Columns of `table`: stands_still; unbilled, unbilled_cents, lag and line_off_cents when the morning comes;
    later_unbilled, later_unbilled_cents and later_line_off_cents after the fix, a restart and a redrive;
    double_cents that a ledger without memory would hold after a second redrive. A line that is off runs at
    another plan than its household has bought last.
    """

    table: pd.DataFrame
    lag: pd.DataFrame

    def in_the_morning(self) -> pd.DataFrame:
        """The night's outcome as people read it: a row per way, money in dollars."""
        return self._shown("", {"lag": "events behind"})

    def after_the_fix(self) -> pd.DataFrame:
        """The outcome when the reader is mended, the service has read on, and its letters are redriven."""
        return self._shown("later_", {})

    def _shown(self, when: str, names: Mapping[str, str]) -> pd.DataFrame:
        money = {f"{when}unbilled_cents": "worth", f"{when}line_off_cents": "lines off by"}
        shown = self.table.assign(**{name: self.table[name].map(dollars) for name in money})
        names = {**names, f"{when}unbilled": "not billed", **money}
        return shown[[*names]].rename(columns=names)


def night_sales(chapter: Chapter) -> list[Action]:
    """The first sales to 23 customers, and at the end one of them changes its plan."""
    bought = [a for a in chapter.day if a.name == "purchase_plan" and a.actor.kind == "customer"][:HOUSEHOLDS]
    (moves,) = (action for action in bought if action.account_id == MOVING)
    return [*bought, replace(moves, id=f"{moves.id}-moved", name="change_plan", plan="Fiber 1 Gig")]


def seven_nights(chapter: Chapter, ways: Sequence[Way] = WAYS) -> Nights:
    """The same night, once for each way to go on."""
    actions, topic, rows, lags = night_sales(chapter), chapter.topic("night"), {}, {}
    _write(chapter, topic, actions)
    with TopicView(chapter.cluster, topic) as view, progress(len(ways), "nights") as bar:
        records = sorted(view.records(), key=lambda record: (record.offset, record.partition))
        for way in ways:
            with closing(Night(chapter, view, records)) as night:
                lived = _lived(chapter, view, night, way, actions)
            rows[way.name] = {"stands_still": way.stands_still} | lived
            lags[way.name] = night.lag[:TICKS]
            bar.value += 1
    return Nights(pd.DataFrame.from_dict(rows, orient="index"), pd.DataFrame(lags))


def _write(chapter: Chapter, topic: str, actions: Sequence[Action]) -> None:
    with chapter.cluster.producer() as producer:
        for action in actions:
            broken = "dollars as text" if action.account_id == BROKEN else "as today"
            headers, value = written_by(broken, happened(action, chapter.company.plans))
            producer.send(topic, value, action.account_id.encode(), headers).get(timeout=10)


def _lived(
    chapter: Chapter, view: TopicView, night: Night, way: Way, actions: Sequence[Action]
) -> dict[str, int]:
    """The night, and the morning after: the reader is mended, the service goes on, letters are redriven."""
    night.run(way.tick, TICKS)
    found = _harm(chapter, night, actions) | {"lag": view.lag(night.group)}
    night.reader = MENDED_READER
    night.restart()
    night.run(way.tick, TICKS)
    night.redrive()
    later = {f"later_{name}": value for name, value in _harm(chapter, night, actions).items()}
    night.redrive()
    told, written = night.ledger.told, night.ledger.charges()
    double_cents = sum(charge.amount_cents for charge in told) - sum(
        charge.amount_cents for charge in written
    )
    return found | later | {"double_cents": double_cents}


def _harm(chapter: Chapter, night: Night, actions: Sequence[Action]) -> dict[str, int]:
    plans, billed = chapter.company.plans, {charge.id for charge in night.ledger.charges()}
    missing = [expected_cents(action, plans) for action in actions if action.id not in billed]
    due = plans_in_force(actions)
    off = [
        abs(plans[plan].list_price_cents - plans[due[account]].list_price_cents)
        for account, plan in night.lines.plans().items()
    ]
    return {"unbilled": len(missing), "unbilled_cents": sum(missing), "line_off_cents": sum(off)}
