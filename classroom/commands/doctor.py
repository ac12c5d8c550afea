"""What is wrong here, or on the way to a Kafka? `python3 lab.py doctor`: a line per finding, with its fix.

It reads the same settings as the notebooks, says which Kafka they would use, and shows no secret. Chapter 00
asks its first half: does everything run here?
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from importlib.metadata import requires
from pathlib import Path
from time import monotonic

from packaging.requirements import Requirement

from classroom.broker import settings as environment
from classroom.broker.diagnosis import diagnose
from classroom.broker.settings import Settings
from classroom.chapter import Chapter
from classroom.commands.pins import installed, pinned
from classroom.place import CARRIED, WORKBOOK
from classroom.world.running import HttpClient, HttpServer
from fiberlab.api import new_app
from fiberlab.cluster import Cluster, TopicView
from fiberlab.ledger import Charge, Ledger

DATA_FIX = "bring back the files of the folder data, as with git checkout data"
LEDGER_FIX = "free some space in the folder for temporary files, or set TMPDIR to one that can be written"
HTTP_FIX = "let programs of this computer talk to each other at 127.0.0.1; a firewall may forbid it"
KAFKA_FIX = "python3 lab.py doctor says what is wrong on the way to it"


# lab.py leaves these out where they have no wheel; whether a Kafka answers is a check of its own.
WITHOUT_WHEEL = {"confluent-kafka", "cryptography", "lz4", "playwright"}


class SetUpReport(str):
    """The lines of the report, as they are read in a notebook."""

    def __repr__(self) -> str:
        return str(self)


def check_set_up(chapter: Chapter) -> SetUpReport:
    """One line per requirement: "ok", or "missing" with what to do. Never raises."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("Python 3.11 or newer", _python),
        ("every package, in a version that fits", _packages),
        ("the company's data", lambda: _fails(lambda: _data(chapter), DATA_FIX)),
        ("a folder for the ledgers, and SQLite", lambda: _fails(_ledger, LEDGER_FIX)),
        ("HTTP on this machine", lambda: _fails(_http, HTTP_FIX)),
        ("a Kafka that answers", lambda: _fails(lambda: chapter.cluster.reader().close(), KAFKA_FIX)),
    ]
    return SetUpReport("\n".join(_line(what, check()) for what, check in checks))


def _line(what: str, problem: str) -> str:
    return f"missing  {what}: {problem}" if problem else f"ok       {what}"


def _python() -> str:
    return "" if sys.version_info >= (3, 11) else "install a newer one, then run python3 lab.py with it"


def _packages() -> str:
    wrong = sorted(pin for pin in _pins() if not _installed(Requirement(pin)))
    return f"install {', '.join(wrong[:3])}; python3 lab.py does it" if wrong else ""


def _pins() -> list[str]:
    """The pins of a checkout; what a wheel asks for."""
    if WORKBOOK == CARRIED:
        return requires("fiberlab") or []
    return pinned(WORKBOOK / "requirements.txt")


def _installed(pin: Requirement) -> bool:
    return pin.name in WITHOUT_WHEEL or installed(pin)


def _http() -> None:
    server = HttpServer("set-up check", new_app("set-up check"))
    try:
        with HttpClient(server.url) as http:
            http.get("/")
    finally:
        server.stop()


def _data(chapter: Chapter) -> None:
    for action in chapter.day:
        chapter.company.check(action)


def _ledger() -> None:
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "check.sqlite") as ledger:
        ledger.write(Charge("check", "1", "A-0001", "customer", "purchase_plan", "Fiber 300", 3999))


def _fails(attempt: Callable[[], object], fix: str) -> str:
    """What is wrong, and its fix; nothing if the attempt succeeds."""
    try:
        attempt()
    except Exception as error:
        return f"{' '.join(str(error).split()) or type(error).__name__}; {fix}"
    return ""


COMMITTED_WITHIN_S = 30


def main(arguments: Sequence[str], given: Mapping[str, str] = os.environ) -> int:
    """The exit status: 0 if everything runs here."""
    argparse.ArgumentParser(prog="lab.py doctor", description="Find out what is wrong.").parse_args(arguments)
    with closing(Chapter.open("doctor", given, kafka=False)) as chapter:
        report = check_set_up(chapter)
        print(report)
        return 1 if "missing" in report else examine(chapter.cluster, environment.read(given))


def examine(cluster: Cluster, settings: Settings) -> int:
    """0 if an event was written and read; says which Kafka it was, and what is the learner's own there."""
    print(f"Kafka    {cluster.description}{f', {kafka_version(settings)}' if settings.address else ''}")
    print(f"yours    topics and groups that begin with {settings.prefix!r}; FIBERLAB_LEARNER changes it")
    try:
        round_trip(cluster)
    except Exception as error:
        print(
            f"missing  an event, written and read: {error or type(error).__name__}; look at the Kafka's log"
        )
        return 1
    print("ok       an event, written and read")
    return 0


def kafka_version(settings: Settings) -> str:
    """Which Kafka answers, in words."""
    found = diagnose(settings)
    return f"version {found.version} or newer, {found.brokers} broker{'s' if found.brokers != 1 else ''}"


def round_trip(cluster: Cluster) -> None:
    """Return once an event was written to a topic, read by a group and committed; they are removed."""
    topic = cluster.fresh_topic("doctor", partitions=1)
    with cluster.producer() as producer:
        producer.send(topic, b"How are you?").get(timeout=10)
    with cluster.consumer(topic, "doctor") as member, TopicView(cluster, topic) as view:
        until = monotonic() + COMMITTED_WITHIN_S
        while view.lag("doctor"):
            if monotonic() > until:
                raise TimeoutError(f"waited {COMMITTED_WITHIN_S} s for a consumer group to read it")
            if member.poll(timeout_ms=400):
                member.commit()
    cluster.delete_topic(topic)


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    sys.exit(main(sys.argv[1:]))
