"""What a live picture reads: the topic, its dead letters, and each design's bills beside the oracle.

Its reader joins no group, commits nothing and moves nobody's cursor. The guest does: a listener that joins
while the picture lives, a group of its own, from offset 0 on.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from classroom.figures.look import plural
from classroom.world.bills import NOTHING, bills
from classroom.world.designs import EVENTS, Design, EventDriven, Handle, Services, SlowLedger
from classroom.world.traffic import Script, is_by_hand
from fiberlab.cluster import TopicView
from fiberlab.domain import SALES, Action, dollars, expected_cents
from fiberlab.eventdriven.dead_letters import Letter, letters_in
from fiberlab.eventdriven.events import Event, PlanBrowsed, UnreadableEventError, decode
from fiberlab.ledger import Charge

NEWEST = 40  # records kept for the picture
LOOK_S, PAUSE_S = 0.25, 0.06


class Record(NamedTuple):
    """An event on the topic: where it is, whose action it tells, and whether that was a sale."""

    partition: int
    offset: int
    actor: str
    label: str
    sale: bool
    id: str


class TopicReader:
    """What is on the topic and how far each group has read. `run` keeps it so; any thread may look at it."""

    def __init__(self, design: EventDriven, lanes: bool = True) -> None:
        self.design, self.lanes = design, lanes  # whether the partitions are told apart
        self.records: list[Record] = []
        self.new: deque[tuple[int, Record]] = deque(maxlen=NEWEST)  # by arrival, until somebody takes them
        self.ends: dict[int, int] = {}
        self.cursors: dict[str, dict[int, int]] = {}
        self.letters: Mapping[str, int] = {}  # records that a service has set aside, by service
        self.last_reason = ""  # of the letter that was read last
        self._set_aside: set[tuple[str, int, int]] = set()
        self.problem = ""  # why nothing new is seen

    def run(self, stop: threading.Event) -> None:
        """Return once `stop` is set, with the connections closed. Raises BrokerGoneError."""
        with TopicView(self.design.cluster, self.design.topic) as view:
            reader = self._reader(view)
            try:
                while not stop.is_set():
                    self._read_and_look(reader, view, stop)
                if not self.problem:
                    self._look_again(view)
            finally:
                reader.close(autocommit=False, timeout_ms=1000)

    def _reader(self, view: TopicView) -> KafkaConsumer:
        reader = self.design.cluster.reader()
        self.ends = view.ends()
        topics = self.design.topic, self.design.dead_letters
        reader.assign([TopicPartition(topic, number) for topic in topics for number in self.ends])
        reader.seek_to_beginning()
        return reader

    def _read_and_look(self, reader: KafkaConsumer, view: TopicView, stop: threading.Event) -> None:
        try:
            self._read(reader, stop)
            self._look(view)
            self.problem = ""
        except KafkaError:
            self.design.cluster.check_alive()
            self.problem = "Kafka does not answer: the picture stands still until it does"
            stop.wait(LOOK_S)

    def _read(self, reader: KafkaConsumer, stop: threading.Event) -> None:
        """Read for LOOK_S, so that the cursors are looked at so often. A pause lets more than one come."""
        until_s = time.monotonic() + LOOK_S
        while time.monotonic() < until_s and not stop.is_set():
            behind = len(self.records) < sum(self.ends.values())
            stop.wait(PAUSE_S / 3 if behind else PAUSE_S)
            for partition, records in reader.poll(timeout_ms=10).items():
                if partition.topic == self.design.dead_letters:
                    self._count(letters_in(records))
                    continue
                found = [_record(record) for record in records]
                self.new.extend(enumerate(found, len(self.records)))
                self.records += found

    def _count(self, letters: Iterable[Letter]) -> None:
        """Count each record once for its service, though a redrive may have kept it again."""
        for who, self.last_reason, record in letters:
            self._set_aside.add((who, record.partition, record.offset))
        self.letters = Counter(who for who, _, _ in sorted(self._set_aside))

    def _look(self, view: TopicView) -> None:
        cursors = {name: view.committed(self.design.group(name)) for name in list(self.design.services)}
        self.ends, self.cursors = view.ends(), cursors  # the cursors first: none is ahead of its end

    def _look_again(self, view: TopicView) -> None:
        """So that the last picture lacks nothing."""
        self._look(view)
        if sum(self.ends.values()) > len(self.records):
            self.records = [_record(record) for record in view.records()]
        self._count(self.design.letters())

    def lag(self, name: str) -> list[int]:
        """How many events the group has yet to read, by partition."""
        read = self.cursors.get(name, {})
        return [max(0, end - read.get(partition, 0)) for partition, end in sorted(self.ends.items())]

    def behind(self) -> dict[str, int]:
        """How many events each actor's billing has yet to read, by actor, as it was at the last look."""
        return {name.removesuffix("-billing"): sum(self.lag(name)) for name in self.design.ledgers}

    def unread(self) -> dict[str, list[str]]:
        """As the design's `unread`, as it was at the last look; the broker is not asked."""
        found = {name: self._unread(self.cursors.get(name, {})) for name in self.design.ledgers}
        return {name: ids for name, ids in found.items() if ids}

    def _unread(self, cursor: Mapping[int, int]) -> list[str]:
        return [record.id for record in self.records if record.offset >= cursor.get(record.partition, 0)]


def _record(record: object) -> Record:
    try:
        event = decode(record.headers, record.key, record.value)
    except UnreadableEventError:
        return Record(record.partition, record.offset, "", "", False, "")
    label = event.ACTION.removesuffix("_plan")
    return Record(record.partition, record.offset, event.actor.kind, label, event.ACTION in SALES, event.id)


@dataclass
class Outcome:
    """An actor's bills in one design, in cents. A sale without a charge is neither right nor wrong yet.

    `behind` is how many events the actor's billing has yet to read.
    """

    design: str
    actor: str
    billed_cents: int = 0
    due_cents: int = 0
    wrong_cents: int = 0  # of the charges there are: billed less due
    right: int = 0
    wrong: int = 0
    not_billed: int = 0
    not_billed_cents: int = 0
    behind: int = 0

    @property
    def said(self) -> str:
        """The outcome in words, without design and actor."""
        bills = self.right + self.wrong
        told = f"billed {dollars(self.billed_cents)} of {dollars(self.due_cents)}, "
        told += f"{self.wrong:,} of {bills:,} wrong" if self.wrong else f"all {bills:,} right"
        if not self.not_billed:
            return told
        late = f" ({plural(self.behind, 'event')} behind)" if self.behind else ""
        return f"{told}, {self.not_billed:,} not billed yet{late}"

    def owe(self, due_cents: int) -> None:
        """A sale was made that has no charge yet."""
        self.due_cents += due_cents
        self.not_billed_cents += due_cents
        self.not_billed += 1

    def bill(self, billed_cents: int, due_cents: int) -> None:
        """A sale that was owed got its charge."""
        self.not_billed -= 1
        self.not_billed_cents -= due_cents
        self.billed_cents += billed_cents
        self.wrong_cents += billed_cents - due_cents
        self.right += billed_cents == due_cents
        self.wrong += billed_cents != due_cents


class WrongBill(NamedTuple):
    """A wrong charge, and the action that it is for: the `number`-th of the round, 0 if sent by hand."""

    design: str
    number: int
    action: Action
    charge: Charge


class Books:
    """What the designs' ledgers hold, and what it amounts to. A look reads only what is new."""

    def __init__(self, designs: Mapping[str, Design], script: Script) -> None:
        self.charges: dict[str, list[Charge]] = {name: [] for name in designs}
        self._ledgers = [
            (name, ledger) for name, design in designs.items() for ledger in design.ledgers.values()
        ]
        self._read = Counter[SlowLedger]()  # charges of each ledger that are in `charges`
        self._script, self._looked_s = script, 0.0
        self._begin()

    def outcomes(self, behind: Mapping[str, int]) -> list[Outcome]:
        """An Outcome per design and actor, in this order; charges of actions not sent do not count.

        `behind` is the event-driven design's.
        """
        found = [self._outcome(name, actor) for name in self.charges for actor in self.sent_by]
        for outcome in found:
            outcome.behind = behind.get(outcome.actor, 0) if outcome.design == EVENTS else 0
        return found

    def charge(self, design: str, id: str) -> Charge | None:
        """What the action was charged in this design, None if it was not yet."""
        return self._billed.get((design, id))

    def bills(self, sent: Mapping[str, Set[str]], unread: Mapping[str, list[str]]) -> dict[str, pd.DataFrame]:
        """Each design's bills (see `bills`): of the actions of this round that were sent to it, by id.

        `unread` is the event-driven design's, asked before the last look.
        """
        frames = {}
        for name, written in self.charges.items():
            day = [action for id, action in self._sent.items() if id in sent[name]]
            ours = [charge for charge in written if charge.id in self._sent and charge.id in sent[name]]
            late = unread if name == EVENTS else NOTHING
            frames[name] = bills(sorted(day, key=lambda a: (a.at, a.id)), ours, self._script.company, late)
        return frames

    def look(self, every_s: float = 0) -> None:
        """Look again, unless the last look is less than so many seconds ago."""
        if time.monotonic() - self._looked_s < every_s:
            return
        self._looked_s = time.monotonic()
        new = self._new_charges()  # first: whatever is charged now, the script has handed out
        if self._script.sent is not self._sent:
            self._begin()
        for action in list(self._sent.values())[sum(self.sent_by.values()) :]:
            self._count(action)
        for name, charge in new:
            self._bill(name, charge)

    def _begin(self) -> None:
        """Nothing was sent yet in this round of the script."""
        self._sent = self._script.sent
        self.sent_by = dict.fromkeys(self._script.actors, 0)  # actions handed out, by kind of actor
        self.first_wrong: WrongBill | None = None
        self._due_cents: dict[str, int] = {}
        self._billed: dict[tuple[str, str], Charge] = {}
        self._found: dict[tuple[str, str], Outcome] = {}

    def _new_charges(self) -> list[tuple[str, Charge]]:
        found = []
        for name, ledger in self._ledgers:
            charges = ledger.charges(after=self._read[ledger])
            self._read[ledger] += len(charges)
            self.charges[name] += charges
            found += [(name, charge) for charge in charges]
        return found

    def _count(self, action: Action) -> None:
        kind, due_cents = action.actor.kind, expected_cents(action, self._script.company.plans)
        self.sent_by[kind] = self.sent_by.get(kind, 0) + 1
        if due_cents:
            self._due_cents[action.id] = due_cents
            for design in self.charges:
                self._outcome(design, kind).owe(due_cents)

    def _bill(self, design: str, charge: Charge) -> None:
        if charge.id in self._due_cents and (design, charge.id) not in self._billed:
            self._billed[design, charge.id] = charge
            kind, due_cents = self._sent[charge.id].actor.kind, self._due_cents[charge.id]
            self._outcome(design, kind).bill(charge.amount_cents, due_cents)
            if charge.amount_cents != due_cents and not self.first_wrong:
                self.first_wrong = self._wrong(design, charge)

    def _wrong(self, design: str, charge: Charge) -> WrongBill:
        by_script = [id for id in self._sent if not is_by_hand(id)]
        number = 0 if is_by_hand(charge.id) else by_script.index(charge.id) + 1
        return WrongBill(design, number, self._sent[charge.id], charge)

    def _outcome(self, design: str, actor: str) -> Outcome:
        return self._found.setdefault((design, actor), Outcome(design, actor))


class Listener(NamedTuple):
    """What the button adds: a service's name, what it does with an event, and what it has found so far."""

    name: str
    handle: Handle
    found: Callable[[], str] = str  # in words, for the picture


def browse_counter() -> Listener:
    """A listener that counts how often each plan was looked at. It has nothing to do with bills."""
    looks: Counter[str] = Counter()

    def handle(event: Event) -> None:
        if isinstance(event, PlanBrowsed):
            looks[event.plan.name] += 1

    def found() -> str:
        most = max(looks, key=looks.__getitem__, default=None)
        return f"{plural(looks.total(), 'look')}, most at {most}" if most else "no look at a plan yet"

    return Listener("browse-counter", handle, found)


class Guest:
    """The listener of the button. It joins once, and leaves with the picture that has let it in."""

    def __init__(self, services: Services, listener: Listener) -> None:
        self.listener, self._services, self._joined = listener, services, False

    @property
    def is_there(self) -> bool:
        """Whether the topic has a service of this name, whoever added it."""
        return self.listener.name in self._services.services

    def found(self, name: str) -> str:
        """What the service of this name says it has found; nothing if it is not the one that was let in."""
        return self.listener.found() if self._joined and name == self.listener.name else ""

    def join(self) -> None:
        """Start the listener; raises NameTakenError if there is one of its name."""
        self._services.add(self.listener.name, self.listener.handle)
        self._joined = True  # after it: what somebody else has added is not ours to remove

    def leave(self) -> None:
        """Stop and remove the listener, unless somebody else has added it. Leaving twice is fine."""
        joined, self._joined = self._joined, False
        if joined and self.is_there:
            self._services.remove(self.listener.name)
