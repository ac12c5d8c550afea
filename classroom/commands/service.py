"""One service of the event-driven design in a process of its own: `python3 lab.py service customer-billing`.

The gateway and its listeners meet at the Kafka of the settings (`broker.settings`), on the topic of their
run, which outlives them: whoever is started again goes on where its group has committed. What happens is a
line of JSON on standard output. SIGTERM or Ctrl-C ends a service in good order: the event in hand is
finished and committed, and the exit status is 0. The second one ends it at once.
"""

import argparse
import json
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType

from classroom.broker import settings as environment
from classroom.broker.connect import join
from classroom.broker.settings import Settings
from classroom.commands.__main__ import sentence
from classroom.place import home
from classroom.world import company, designs
from classroom.world.designs import Handle, Services, start_gateway
from classroom.world.mailbox import Mailbox
from fiberlab.clients import NoKafkaError
from fiberlab.cluster import Cluster, TopicView
from fiberlab.eventdriven import marketing, provisioning
from fiberlab.ledger import Charge, Ledger
from fiberlab.lines import Lines
from fiberlab.mailing import Mailing

TOPIC, GATEWAY = "plan-events", "gateway"
BILLING = {module.GROUP: module for module in designs.SERVICES}
LISTENERS = (*BILLING, marketing.GROUP, provisioning.GROUP)
LOOK_EVERY_S = 0.1


class NoAddressError(ValueError):
    """No Kafka is named: what to do."""


# --- what it says: a line of JSON for each thing that happened ---


class JsonLines(logging.Formatter):
    """Time, service, level, event and what happened. What a library warns of is an event of its name."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "service": self._service,
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name),
            "what": record.getMessage(),
        }
        return json.dumps(line, ensure_ascii=False)


def log_as(service: str) -> None:
    """From now on everything that is logged is a line on standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(service))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(__name__).setLevel(logging.INFO)
    logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)  # warns whenever the computer is busy


def say(event: str, what: str, level: int = logging.INFO) -> None:
    """Return once the line is written."""
    logging.getLogger(__name__).log(level, "%s", what, extra={"event": event})


class ToldLedger(Ledger):
    """A ledger that says what is billed, and what was billed before."""

    def write(self, charge: Charge) -> bool:
        """Whether the charge is new."""
        new = super().write(charge)
        say("billed" if new else "known", f"{charge.id}: {charge.account_id}, {charge.amount_cents} cents")
        return new


class ToldMailing(Mailing):
    """A mailing that says who was mailed."""

    def mail(self, account_id: str, plan: str) -> bool:
        """Whether the household was mailed."""
        mailed = super().mail(account_id, plan)
        say("mailed" if mailed else "no consent", f"{account_id}: {plan}")
        return mailed


class ToldLines(Lines):
    """Lines that say at which plan each runs now."""

    def run(self, account_id: str, plan: str) -> None:
        """Return once the line runs at this plan."""
        super().run(account_id, plan)
        say("line", f"{account_id}: {plan}")

    def end(self, account_id: str) -> None:
        """Return once the line runs no more."""
        super().end(account_id)
        say("line", f"{account_id}: none")


# --- what runs ---


def main(
    arguments: Sequence[str], given: Mapping[str, str] = os.environ, ledger: type[Ledger] = ToldLedger
) -> int:
    """The exit status: 0 after SIGTERM or Ctrl-C, 1 if it cannot go on.

    Raises SettingsError, NoAddressError before it has begun.
    """
    asked = command_line().parse_args(arguments)
    settings = at_an_address(given)
    log_as(asked.service)
    asked_to_stop = signals()
    try:
        with ExitStack() as opened:
            cluster = join(settings, asked.run, asked.embedded)
            cluster.create_topic(topic_of(cluster), designs.PARTITIONS)
            start = run_gateway if asked.service == GATEWAY else partial(run_listener, ledger=ledger)
            start(opened, cluster, asked, asked_to_stop)
    except Exception as error:
        say("failed", sentence(error) or repr(error), logging.ERROR)
        if not sentence(error):  # a bug
            raise
        return 1
    say("ended", "everything in hand is finished")
    return 0


def at_an_address(given: Mapping[str, str]) -> Settings:
    """The settings, which name a Kafka. Raises SettingsError, NoAddressError."""
    settings = environment.read(given)
    if not settings.address:
        raise NoAddressError(
            "KAFKA_BOOTSTRAP_SERVERS is not set, and a service needs a Kafka that outlives it: the embedded "
            "broker ends with its notebook.\nNext: start one (python3 lab.py kafka up), and set its address"
        )
    return settings


def command_line() -> argparse.ArgumentParser:
    """What can be asked for."""
    parser = argparse.ArgumentParser(prog="lab.py service", description=__doc__.partition(":")[0])
    services = parser.add_subparsers(dest="service", metavar="service", required=True)
    for name in (GATEWAY, *LISTENERS):
        what = "says what happened: POST /actions, GET /health" if name == GATEWAY else "a listener"
        service = services.add_parser(name, help=what, allow_abbrev=False)
        add_run(service)
        if name == GATEWAY:
            service.add_argument("--host", default="127.0.0.1", help="0.0.0.0: for other computers, too")
            service.add_argument("--port", type=port_number, default=8000, help="0: a free one (%(default)s)")
        else:
            add_ledger(service, name)
    return parser


def add_run(parser: argparse.ArgumentParser) -> None:
    """From now on it can be asked for the system of another run."""
    parser.add_argument("--run", type=run_name, default="system", help="whose topic it is (%(default)s)")
    parser.add_argument("--embedded", action="store_true", help=argparse.SUPPRESS)  # for tests


def add_ledger(parser: argparse.ArgumentParser, name: str) -> None:
    """From now on it can be told where the listener's file is."""
    where = "its file, from the workbook's folder on (%(default)s)"
    parser.add_argument("--ledger", type=Path, default=f"my-system/{name}.sqlite", help=where)


def run_name(text: str) -> str:
    """The name, if it can be part of a topic's."""
    if re.fullmatch(r"[A-Za-z0-9._-]{1,60}", text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no name; write letters, digits and . _ -")


def port_number(text: str) -> int:
    """The port."""
    if text.isdecimal() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 65535")


def topic_of(cluster: Cluster) -> str:
    """The one topic of the run."""
    return f"{cluster.namespace}{TOPIC}"


def run_gateway(opened: ExitStack, cluster: Cluster, asked: argparse.Namespace, stop: SimpleQueue) -> None:
    """Return once it was asked to stop, and what was sent to it is answered. Raises PortError."""
    topic, turn = topic_of(cluster), threading.Lock()
    view = opened.enter_context(TopicView(cluster, topic))

    def health() -> dict[str, object]:
        try:
            with turn:  # the view is for one thread at a time
                events = sum(view.ends().values())
        except Exception as error:  # an outage has many names
            said = f"{cluster.description} does not answer ({error}); start it, or wait until it is back"
            raise NoKafkaError(said) from error
        return {"service": GATEWAY, "kafka": cluster.description, "topic": topic, "events": events}

    at = asked.host, asked.port
    server = start_gateway(opened, company.company(), cluster, topic, at, health=health)
    say("ready", f"{server.url}; {cluster.description}")
    wait_for_stop(stop, lambda: server.worker.running, bool)
    server.worker.raise_error()


def run_listener(
    opened: ExitStack, cluster: Cluster, asked: argparse.Namespace, stop: SimpleQueue, ledger: type[Ledger]
) -> None:
    """Return once it was asked to stop, and the event in hand is finished. Raises what ended it."""
    name, topic = asked.service, topic_of(cluster)
    handle = handler(opened, name, home() / asked.ledger, ledger)
    services = Services(cluster, topic, opened.enter_context(TopicView(cluster, topic)))
    opened.callback(services.close)
    services.add(name, handle, new=False)
    tell = teller(services, name)
    wait_for_stop(stop, lambda: name in services.running(), tell)
    services.stop(name)
    tell()


def handler(opened: ExitStack, name: str, file: Path, ledger: type[Ledger]) -> Handle:
    """What the listener does with an event; its file is made if it is not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if name in BILLING:
        return partial(BILLING[name].handle, ledger=opened.enter_context(ledger(file)))
    if name == provisioning.GROUP:
        return partial(provisioning.handle, lines=opened.enter_context(ToldLines(file)))
    mailbox = opened.enter_context(Mailbox())  # letters go to this machine only
    mailing = opened.enter_context(ToldMailing(file, mailbox.server, company.contacts()))
    return partial(marketing.handle, mailing=mailing)


def teller(services: Services, name: str) -> Callable[[], None]:
    """What says, when it is called, what has changed since it was called before."""
    ready, told = False, ""

    def tell() -> None:
        nonlocal ready, told
        state = services.states()[name]
        odd = state.partition("; ")[2]
        if not ready and services.services[name].standing.owned:
            ready = True
            say("ready", f"reads {services.topic}; {services.cluster.description}")
        if ready and odd != told:
            told = odd
            say("state", state, logging.WARNING if odd else logging.INFO)

    return tell


def wait_for_stop(stop: SimpleQueue, running: Callable[[], bool], tell: Callable[[], object]) -> None:
    """Return once a signal has come, or it does not run any more."""
    while running():
        tell()
        with suppress(Empty):
            say("stopping", signal.Signals(stop.get(timeout=LOOK_EVERY_S)).name)
            return


def signals() -> SimpleQueue:
    """Where the first SIGTERM or Ctrl-C arrives. The second one ends the process."""
    came: SimpleQueue = SimpleQueue()  # unlike an Event it may be changed by a signal at any moment

    def first(number: int, _: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        came.put(number)

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, first)
    return came


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
