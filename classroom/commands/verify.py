"""Check everything: `lab.py test` on the embedded broker, `lab.py test --kafka` on Apache Kafka.

`lab.py test --quick` is for the inner loop: what needs no broker, process, socket or drawn picture. The last
line is always "N passed, N failed". Where Apache Kafka cannot be had, its tests did not run: that is said,
and counted as failed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import NamedTuple
from xml.etree import ElementTree

from classroom.place import ROOT

ADDRESS = "KAFKA_BOOTSTRAP_SERVERS"


@dataclass
class Lent:
    """An Apache Kafka for the time of the tests; without an address there is none."""

    address: str
    keep_logs: bool = False


@contextmanager
def apache_kafka() -> Iterator[Lent]:
    """The Kafka at KAFKA_BOOTSTRAP_SERVERS if that is set, else one that tests/apache_kafka starts."""
    if address := os.environ.get(ADDRESS):
        yield Lent(address)
        return
    print("Starting Apache Kafka, the version of docker-compose.yml, without Docker ...")
    command = [sys.executable, "-m", "tests.apache_kafka", "--for-tests"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=ROOT) as process:
        kafka = Lent(process.stdout.readline().strip())
        try:
            yield kafka
        finally:
            print(process.communicate("keep\n" if kafka.keep_logs else "")[0], end="")


# A test stands in the folder of what it needs: nothing; a broker, whichever it is; processes; Apache Kafkas.
QUICK, ON_KAFKA = "tests/quick", ("tests/broker", "tests/apache")
IN_BROWSER = "tests/browser"
NBVAL = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with=tests/nbval_sanitize.cfg"]
NBVAL += ["--nbval-cell-timeout=120", "--timeout=300", "notebooks"]
WITHOUT_NBVAL = ["-p", "no:nbval"]  # each process would load it for 3 s
# pytest spreads tests over twice as many processes, as they often wait for a broker (tests/spreading.py says
# which stay together), and notebooks over as many: they compute, and the cells of one share a kernel.
CORES = min(os.cpu_count() or 1, 4)


class Leg(NamedTuple):
    """One part of the check, and how it went."""

    name: str
    passed: int
    failed: int
    seconds: float


def main(options: Sequence[str]) -> int:
    """The exit status. What is not ours among the options goes to pytest on tests/."""
    asked, rest = command_line().parse_known_args(options)
    at_once = CORES + 1 if asked.kafka else 2 * CORES  # an Apache Kafka, or several, run beside the tests
    tests = [*WITHOUT_NBVAL, "-n", asked.processes or str(at_once), "--dist=loadgroup", *rest]
    notebooks = [*NBVAL, "-n", asked.processes or str(CORES), "--dist=loadfile"]
    if asked.quick:
        quickly = [*WITHOUT_NBVAL, "-n", asked.processes or str(CORES), "--dist=worksteal"]
        legs = quick_legs(*quickly, *rest)
    else:
        legs = kafka_legs(tests, notebooks) if asked.kafka else embedded_legs(tests, notebooks)
    if rest:
        print(f"\nThis was a partial run: of tests/ only what `{' '.join(rest)}` selects.")
    return sum_up(legs)


def command_line() -> argparse.ArgumentParser:
    """What is ours among the options."""
    ours = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    ours.add_argument("--kafka", action="store_true")
    ours.add_argument("--quick", action="store_true")
    ours.add_argument("-n", "--numprocesses", dest="processes", help="0: one after the other")
    return ours


def quick_legs(*options: str) -> list[Leg]:
    """What needs no broker, process, socket or drawn picture: for the inner loop."""
    return [ruff_leg("check"), ruff_leg("format", "--check"), pytest_leg("quick", QUICK, *options)]


def embedded_legs(tests: Sequence[str], notebooks: Sequence[str]) -> list[Leg]:
    """Everything that needs no other Kafka than the embedded broker."""
    return [
        ruff_leg("check"),
        ruff_leg("format", "--check"),
        pytest_leg("tests", "tests", f"--ignore={IN_BROWSER}", "-m", "not kafka", *tests),
        pytest_leg("notebooks", *notebooks),
        *browser_legs(),
    ]


def browser_legs() -> list[Leg]:
    """The tests in a browser, if there is one; in CI there must be.

    In a process of their own: Playwright's event loop stays in its main thread.
    """
    if os.environ.get("CI") or shutil.which("chromium") or shutil.which("chromium-browser"):
        return [pytest_leg("browser", IN_BROWSER)]
    print("\nThe tests in a browser DID NOT RUN: there is no Chromium. On Debian: apt-get install chromium")
    return []


def kafka_legs(tests: Sequence[str], notebooks: Sequence[str]) -> list[Leg]:
    """What speaks to a Kafka, on the one at KAFKA_BOOTSTRAP_SERVERS, or on an Apache Kafka of its own."""
    with apache_kafka() as kafka:
        if not kafka.address:
            print("\nThe tests on Apache Kafka DID NOT RUN: there is none, for the reason above.")
            return [Leg("kafka tests", 0, 1, 0), Leg("kafka notebooks", 0, 1, 0)]
        legs = [
            pytest_leg("kafka tests", *ON_KAFKA, "-m", "not embedded", *tests, kafka=kafka.address),
            pytest_leg("kafka notebooks", *notebooks, kafka=kafka.address),
        ]
        kafka.keep_logs = any(leg.failed for leg in legs)
    return legs


def ruff_leg(*arguments: str) -> Leg:
    """Run one ruff command; it counts as one check."""
    started = time.monotonic()
    failed = run("ruff", *arguments) != 0
    return Leg(f"ruff {arguments[0]}", int(not failed), int(failed), time.monotonic() - started)


def pytest_leg(name: str, *arguments: str, kafka: str | None = None) -> Leg:
    """Run pytest and count its tests or cells; without a Kafka's address on the embedded broker."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        status = run("pytest", f"--junitxml={report}", *arguments, kafka=kafka)
        return Leg(name, *counts(report, status), time.monotonic() - started)


def run(module: str, *arguments: str, kafka: str | None = None) -> int:
    """Run a module of this Python at the root of the repository; return its exit status."""
    environment = {name: value for name, value in os.environ.items() if name != ADDRESS}
    if kafka:
        environment[ADDRESS] = kafka
    return subprocess.call([sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment)


def counts(report: Path, status: int) -> tuple[int, int]:
    """Count passed and failed; one has failed as well when pytest says so, or when nothing was executed."""
    cases = ElementTree.parse(report).iter("testcase") if report.exists() else []
    outcomes = [{child.tag for child in case} & {"failure", "error", "skipped"} for case in cases]
    failed = sum(bool(outcome - {"skipped"}) for outcome in outcomes)
    passed = sum(not outcome for outcome in outcomes)
    return passed, failed or int(status != 0 or passed == 0)


def sum_up(legs: Sequence[Leg]) -> int:
    """Print a line for each leg, then the totals; return the exit status."""
    print()
    for name, passed, failed, seconds in legs:
        print(f"{name:16}{'FAILED' if failed else 'ok':8}{passed:5} passed{failed:5} failed{seconds:8.1f} s")
    failed = sum(leg.failed for leg in legs)
    print(f"{sum(leg.passed for leg in legs)} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    sys.exit(main(sys.argv[1:]))
