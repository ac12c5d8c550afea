"""A service's dead letters are handed to it again, when what was wrong is mended: `lab.py redrive NAME`.

What is handled now is not handed out again, however often it is asked for; the service may run meanwhile.
No other service reads anything twice. `--look` only says which letters there are, and why.
"""

import argparse
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from classroom.broker.connect import join
from classroom.commands.service import LISTENERS, add_ledger, add_run, at_an_address, handler, topic_of
from classroom.figures.look import plural
from classroom.place import home
from classroom.world.designs import Services
from fiberlab.cluster import Cluster, TopicView
from fiberlab.eventdriven.dead_letters import Letter
from fiberlab.ledger import Ledger


class NoRunError(ValueError):
    """No service of this run was ever started at this Kafka."""


class NoFileError(ValueError):
    """The service's file is not there: in a new one nobody would find what it handles now."""


def main(arguments: Sequence[str], given: Mapping[str, str] = os.environ) -> None:
    """Return once it is done and told.

    Raises SettingsError, NoAddressError, NoKafkaError, NoRunError, NoFileError; HandlerError and
    DeadLetterError, after which the same letters are handed out again.
    """
    asked = command_line().parse_args(arguments)
    settings = at_an_address(given)
    logging.getLogger("kafka").setLevel(logging.ERROR)
    with ExitStack() as opened:
        services = services_of(opened, join(settings, asked.run, asked.embedded), asked.run)
        if asked.look:
            letters = services.letters_to_redrive(asked.service)
            print(*map(line, letters), f"{asked.service}: {plural(len(letters), 'letter')}", sep="\n")
        else:
            handle = handler(opened, asked.service, file_of(asked), Ledger)
            done = services.redrive(asked.service, handle)
            print(f"{asked.service}: {done.handled:,} handled, {done.set_aside:,} set aside again")
            if done.removed:
                gone = f"{plural(done.removed, 'letter')} had been removed by the broker before"
                sys.exit(f"{gone}; let {services.dead_letters!r} keep its records for longer (retention.ms)")


def command_line() -> argparse.ArgumentParser:
    """What can be asked for."""
    parser = argparse.ArgumentParser(prog="lab.py redrive", description=__doc__.partition(":")[0])
    services = parser.add_subparsers(dest="service", metavar="service", required=True)
    for name in LISTENERS:
        service = services.add_parser(name, help="its letters", allow_abbrev=False)
        service.add_argument("--look", action="store_true", help="only say which letters there are")
        add_run(service)
        add_ledger(service, name)
    return parser


def services_of(opened: ExitStack, cluster: Cluster, run: str) -> Services:
    """The services of the run; none is started. Raises NoRunError."""
    topic = topic_of(cluster)
    with cluster.reader() as reader:
        if topic not in reader.topics():
            raise NoRunError(
                f"there is no topic {topic!r} at {cluster.description}, so the run {run!r} has no letter; "
                "name the run of the service with --run"
            )
    return Services(cluster, topic, opened.enter_context(TopicView(cluster, topic)))


def file_of(asked: argparse.Namespace) -> Path:
    """The file that the service has written so far. Raises NoFileError."""
    file = home() / asked.ledger
    if not file.exists():
        raise NoFileError(f"{asked.service} has no file {str(file)!r}; name the one it has with --ledger")
    return file


def line(letter: Letter) -> str:
    """Where the record was first read, whose it is, and why it was set aside."""
    record = letter.record
    key = (record.key or b"").decode(errors="replace")
    return f"partition {record.partition}, offset {record.offset}, key {key!r}: {letter.reason}"


if __name__ == "__main__":
    main(sys.argv[1:])
