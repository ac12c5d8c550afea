"""The designs as running systems: what a notebook starts, asks for its bills, and stops.

They share their shape (`url`, `ledgers`, `charges`, `settle`, `close`), so that one story is told on all. The
services of the event-driven one run in the background, started, stopped and added by name; every ledger can
be made slow or taken down, to see who waits for billing.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from uuid import uuid4

from kafka import KafkaConsumer
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError, KafkaTimeoutError

from classroom.world.running import HttpServer, Worker, tell_health, wait_until
from fiberlab.clients import NoKafkaError
from fiberlab.cluster import Cluster, TopicView
from fiberlab.coupled import backend as coupled
from fiberlab.coupled.accounts import Accounts
from fiberlab.database import DatabaseDownError
from fiberlab.domain import Company
from fiberlab.eventdriven import customer_billing, gateway, installer_billing
from fiberlab.eventdriven.alarm import unbilled
from fiberlab.eventdriven.dead_letters import DeadLetters, Letter, letters_in
from fiberlab.eventdriven.events import Event, UnreadableEventError, decode
from fiberlab.eventdriven.redrive import Redriven, redrive, to_redrive
from fiberlab.eventdriven.service import Service
from fiberlab.ledger import Charge, Ledger
from fiberlab.mailing import Mailing
from fiberlab.monolith import backend as monolith

Handle = Callable[[Event], None]
SHARED, MODULAR, EVENTS = "shared module", "modular monolith", "event-driven"
DESIGNS = (SHARED, MODULAR, EVENTS)
FOLDERS = {SHARED: "coupled", MODULAR: "monolith", EVENTS: "eventdriven"}


class UnknownDesignError(ValueError):
    """There is no design of this name."""


def folder_of(design: str) -> str:
    """The design's folder in the package; raises UnknownDesignError."""
    if design not in FOLDERS:
        raise UnknownDesignError(f"there is no design {design!r}; choose one of {', '.join(DESIGNS)}")
    return FOLDERS[design]


LEFT_WITHIN_S = 3  # so long the broker may count a member that has gone


class Services:
    """The listeners of a topic, each a consumer group of its own in a thread of its own."""

    def __init__(self, cluster: Cluster, topic: str, view: TopicView) -> None:
        self.services: dict[str, Service] = {}
        self.cluster, self.topic, self.view = cluster, topic, view
        self.dead_letters = f"{topic}.dead-letters"
        cluster.create_topic(self.dead_letters, len(view.ends()))
        self._handles: dict[str, Handle] = {}
        self._workers: dict[str, Worker] = {}  # this and `services` are replaced, never changed: threads look
        self._unanswered: Exception | None = None  # what the broker was asked last, in vain
        self._left: Counter[str] = Counter()  # how often a service of this name was removed

    def add(self, name: str, handle: Handle, new: bool = True) -> None:
        """Start a listener. A new one, that nobody knew before, begins at offset 0 of every partition.

        Raises NameTakenError if the topic has a service of this name.
        """
        if name in self.services:
            raise NameTakenError(f"there is a service {name!r} on this topic; choose another name")
        connect = partial(self.cluster.consumer, self.topic, self.group(name))
        service = Service(name, connect, handle, self._letters_of(name), new_group=new)
        worker = Worker(name, service.run)
        self.services, self._workers = self.services | {name: service}, self._workers | {name: worker}
        self._handles[name] = handle
        worker.start()

    def remove(self, name: str) -> None:
        """Stop the service and forget it; one that is added under its name later is another group."""
        self._worker(name).stop()
        self._left[name] += 1
        self.services = {other: service for other, service in self.services.items() if other != name}
        self._workers = {other: worker for other, worker in self._workers.items() if other != name}

    def start(self, name: str) -> None:
        """Start the service; it goes on where its group has committed."""
        self._worker(name).start()

    def stop(self, name: str) -> None:
        """Return once the service has stopped, and nobody else; raise what its handler raised."""
        self._worker(name).stop()
        self._worker(name).raise_error()

    def letters(self) -> list[Letter]:
        """What the services have set aside so far, and every redrive again, by partition."""
        with TopicView(self.cluster, self.dead_letters) as view:
            return [*letters_in(view.records())]

    def letters_to_redrive(self, name: str) -> list[Letter]:
        """The service's dead letters that no redrive has handed out yet; they stay where they are."""
        with self._redriver(name) as reader:
            return to_redrive(name, reader, self.dead_letters)

    def redrive(self, name: str, handle: Handle | None = None) -> Redriven:
        """What came of the service's dead letters, handed to its handler again; it may run meanwhile.

        handle: what a service does that runs elsewhere. Raises HandlerError, DeadLetterError.
        """
        if handle is None:
            self._worker(name)
            handle = self._handles[name]
        letters = self._letters_of(name)
        with closing(letters), self._redriver(name) as reader:
            return redrive(name, handle, reader, letters)

    def status(self) -> dict[str, str]:
        """The state of each service by name: "running", "stopped" or "failed: ...", and what is odd about it.

        It asks the broker who else is in a service's group; `states` does not, and can be asked often.
        """
        strangers = self._strangers()
        return {
            name: f"{state}; {_strange(strangers[name])}" if name in strangers else state
            for name, state in self.states().items()
        }

    def states(self, reasons: bool = True) -> dict[str, str]:
        """As `status`, but only what the services know by themselves; perhaps not why it was set aside."""
        return {
            name: "; ".join([worker.status, *_oddities(self.services[name], worker.running, reasons)])
            for name, worker in self._workers.items()
        }

    def running(self) -> set[str]:
        """The names of the services that run."""
        return {name for name, worker in self._workers.items() if worker.running}

    def group(self, name: str) -> str:
        """The service's consumer group: this run's own, so that two on one Kafka do not share the work."""
        again = f".{self._left[name] + 1}" if self._left[name] else ""
        return f"{name}.{self.topic}{again}"

    def lag(self) -> dict[str, int]:
        """How many events each service has yet to read."""
        return {name: self.view.lag(self.group(name)) for name in self.services}

    def cursors(self) -> dict[str, Mapping[int, int]]:
        """The committed offset of each service, by partition."""
        return {name: self.view.committed(self.group(name)) for name in self.services}

    def settled(self) -> bool:
        """Whether every running service has read the whole topic; raise what a service raised.

        Raises MissedEventsError if one cannot, because events are gone or somebody else takes them.
        """
        self._raise_errors()
        running = self.running()
        settled = all(self._has_read_all(name) for name in running)
        self._raise_errors()  # after the look, too, or one that fails now would pass for stopped
        for name in running:
            for missed in _missed(self.services[name]):
                raise MissedEventsError(f"{name} {missed}; run Set-up again, or their bills will be missing")
        return settled

    def close(self) -> None:
        """Stop them all. Closing twice is fine."""
        for worker in self._workers.values():
            worker.tell_to_stop()  # all of them, before the first is waited for
        for worker in self._workers.values():
            worker.stop()

    def _has_read_all(self, name: str) -> bool:
        standing = self.services[name].standing
        if standing.owned == standing.partitions:
            return standing.partitions > 0 and self._answers_yes(lambda: not self.view.lag(self.group(name)))
        if strangers := self._strangers().get(name):
            raise MissedEventsError(f"{name}: {_strange(strangers)}")
        return False  # its group is being rebuilt

    def _answers_yes(self, ask: Callable[[], bool]) -> bool:
        """What the broker answers; no while it is too busy to. Whoever waits for it has a deadline."""
        try:
            answer, self._unanswered = ask(), None
        except (KafkaTimeoutError, NoKafkaError) as error:
            answer, self._unanswered = False, error
        return answer

    def _raise_errors(self) -> None:
        for worker in self._workers.values():
            worker.raise_error()

    def _strangers(self) -> dict[str, int]:
        """By service, how many members its group has that are not ours. Who has just left does not count."""
        with suppress(TimeoutError):
            wait_until(lambda: not self._others(), "members of our groups to leave", LEFT_WITHIN_S, 0.1)
        return self._others()

    def _others(self) -> dict[str, int]:
        try:
            members = self.cluster.members(*map(self.group, self.services))
        except (KafkaError, OSError):  # it does not answer: then nobody can be asked
            return {}
        running = self.running()
        others = {name: members.get(self.group(name), 0) - (name in running) for name in self.services}
        return {name: count for name, count in others.items() if count > 0}

    def _letters_of(self, name: str) -> DeadLetters:
        return DeadLetters(name, self.dead_letters, self.cluster.producer)

    def _redriver(self, name: str) -> KafkaConsumer:
        return self.cluster.reader(f"redrive.{self.group(name)}")

    def _worker(self, name: str) -> Worker:
        if name not in self._workers:
            raise LookupError(f"there is no service {name!r}; choose one of {', '.join(self._workers)}")
        return self._workers[name]


def _strange(members: int) -> str:
    return (
        f"its group has {members:,} more, and the events that go there are not billed here: "
        "end that client, or give it a group of its own; then run Set-up again"
    )


def _missed(service: Service) -> list[str]:
    """Which events the service never got to read, in words."""
    removed, taken, found = service.standing.removed, service.standing.taken, []
    if removed:
        found.append(f"missed {removed:,} of its events: the broker removed them before they were read")
    if taken:
        found.append(f"missed {taken:,} of its events: another member of its group has taken them")
    return found


def _oddities(service: Service, running: bool, reasons: bool) -> list[str]:
    """What is not as it should be with the service, in words."""
    found, standing = _missed(service), service.standing
    if running and 0 < standing.owned < standing.partitions:
        found.append(f"it reads {standing.owned} of {standing.partitions} partitions")
    if last := service.last_set_aside:
        why = f", the last at partition {last.partition}, offset {last.offset}: {last.reason}"
        found.append(f"set aside {service.set_aside_count:,}{why if reasons else ''}")
    return found


class MissedEventsError(RuntimeError):
    """A service does not get all events, so that bills will be missing: why, and the next step."""


class NameTakenError(ValueError):
    """Two services of one topic cannot have the same name: they would share a group, and the events."""


class SlowLedger(Ledger):
    """A ledger whose every write takes `delay_s` longer, and fails while it is `down`.

    Both may be changed while it is used.
    """

    delay_s = 0.0
    down = False

    def write(self, charge: Charge) -> bool:
        """Whether the charge is new, after the delay; the others' writes do not wait for it.

        Raises DatabaseDownError while the ledger is down.
        """
        if self.delay_s:
            threading.Event().wait(self.delay_s)  # nobody sets it: the delay is what is asked for
        if self.down:
            raise DatabaseDownError(f"{charge!r} is not written (the ledger is down); write it again later")
        return super().write(charge)


SERVICES = (customer_billing, installer_billing)
PARTITIONS = 4
DECIDED_WITHIN_S = 3
SETTLED_WITHIN_S = 60


class Coupled:
    """The coupled backend, running on a SQLite file in the folder; with a mailing it mails, too."""

    def __init__(self, company: Company, folder: Path, mailing: Mailing | None = None) -> None:
        self._mailing = mailing
        database = folder / f"backend-{uuid4().hex}.sqlite"
        with ExitStack() as opened:  # if a part does not start, the earlier ones are closed
            self.ledger = opened.enter_context(SlowLedger(database))
            self.ledgers = {"backend": self.ledger}
            server = self._start(company, database, opened)
            opened.callback(server.stop)
            self.url = server.url
            self._opened = opened.pop_all()

    def charges(self) -> list[Charge]:
        """Every charge in the ledger."""
        return self.ledger.charges()

    def written_at_s(self) -> dict[str, float]:
        """When each action was charged: seconds since 1970 by action id."""
        return self.ledger.written_at_s()

    def unread(self) -> dict[str, list[str]]:
        """Nothing: nobody has yet to read of an action that was answered."""
        return {}

    def settle(self) -> None:
        """Return at once: what was answered is billed."""

    def close(self) -> None:
        """Stop the app and close the database. Closing twice is fine."""
        self._opened.close()

    def _start(self, company: Company, database: Path, opened: ExitStack) -> HttpServer:
        accounts = Accounts(database)
        opened.callback(accounts.close)
        return HttpServer("backend", coupled.create(company, accounts, self.ledger, self._mailing))


class Monolith(Coupled):
    """The modular monolith, running in the same way: one app, one SQLite file."""

    def _start(self, company: Company, database: Path, _: ExitStack) -> HttpServer:
        return HttpServer("backend", monolith.create(company, self.ledger))


class EventDriven(Services):
    """Gateway, a topic of its own, and billing services that each keep a ledger of their own."""

    def __init__(
        self, company: Company, folder: Path, cluster: Cluster, services: tuple[ModuleType, ...] = SERVICES
    ) -> None:
        topic = cluster.fresh_topic("plan-events", PARTITIONS)
        with ExitStack() as opened:  # if a part does not start, the earlier ones are closed
            opened.callback(cluster.delete_topic, topic)
            super().__init__(cluster, topic, opened.enter_context(TopicView(cluster, topic)))
            opened.callback(cluster.delete_topic, self.dead_letters)
            self._start_services(opened, folder, services)
            self.url = start_gateway(opened, company, cluster, topic).url
            self._opened = opened.pop_all()

    def charges(self) -> list[Charge]:
        """Every charge of every service's ledger."""
        return [charge for ledger in self.ledgers.values() for charge in ledger.charges()]

    def written_at_s(self) -> dict[str, float]:
        """When each action was charged: seconds since 1970 by action id."""
        return {id: at for ledger in self.ledgers.values() for id, at in ledger.written_at_s().items()}

    def unread(self) -> dict[str, list[str]]:
        """The ids of the events that a billing service has yet to read, by service that is behind."""
        behind = [name for name, lag in self.lag().items() if lag and name in self.ledgers]
        committed = {name: self.view.committed(self.group(name)) for name in behind}
        records = self.view.records() if behind else []
        return {
            name: [_id(record) for record in records if record.offset >= read[record.partition]]
            for name, read in committed.items()
        }

    def unbilled(self) -> list[Event]:
        """The sales that every billing service has read, and none has charged: the alarm."""
        read = [self.view.committed(self.group(name)) for name in self.ledgers]
        charges = self.charges()  # after the cursors: what is before them is charged by now
        records = [r for r in self.view.records() if all(r.offset < by[r.partition] for by in read)]
        return unbilled(filter(None, map(_event, records)), charges)

    def settle(self) -> None:
        """Return once every running service has read the whole topic; raise what a service raised.

        What a transaction of somebody else's has written waits for its end, but not for ever. A broker that
        does not answer is asked again; if it still does not in the end, that is the error.
        """
        if self.cluster.broker.isolates:  # the embedded broker isolates nothing
            with suppress(TimeoutError):
                decided = partial(self._answers_yes, lambda: not self.view.undecided())
                wait_until(decided, "transactions to end", DECIDED_WITHIN_S)
        try:
            wait_until(self.settled, "the running services to read the whole topic", SETTLED_WITHIN_S, 0.1)
        except TimeoutError as late:
            raise self._unanswered or late from None

    def close(self) -> None:
        """Stop everything, close the ledgers, delete the topic. Closing twice is fine."""
        self._opened.close()

    def _start_services(self, opened: ExitStack, folder: Path, modules: tuple[ModuleType, ...]) -> None:
        self.ledgers = {
            module.GROUP: opened.enter_context(SlowLedger(folder / f"{module.GROUP}-{self.topic}.sqlite"))
            for module in modules
        }
        opened.callback(super().close)
        for module in modules:
            self.add(module.GROUP, partial(module.handle, ledger=self.ledgers[module.GROUP]))


def start_gateway(
    opened: ExitStack,
    company: Company,
    cluster: Cluster,
    topic: str,
    *at: tuple[str, int],
    health: Callable[[], dict[str, object]] | None = None,
) -> HttpServer:
    """The running gateway; it ends when `opened` is closed. With `health` it tells of it, too."""
    producer = cluster.producer()
    opened.callback(producer.close, timeout=2)
    app = gateway.create(company, producer, topic)
    if health:
        tell_health(app, health)
    server = HttpServer("gateway", app, *at)
    opened.callback(server.stop)
    return server


Design = Coupled | EventDriven


def _event(record: ConsumerRecord) -> Event | None:
    """The record's event; None if it tells no event of ours."""
    with suppress(UnreadableEventError):
        return decode(record.headers, record.key, record.value)
    return None


def _id(record: ConsumerRecord) -> str:
    event = _event(record)
    return event.id if event else ""


def named(*designs: Design) -> dict[str, Design]:
    """The designs by the names that sentences have for them."""
    return {"event-driven" if isinstance(d, EventDriven) else "coupled": d for d in designs}
