"""kill -9 at random moments: of a billing process while sales come in, and of a kernel in mid-day.

    .venv/bin/python bench/kills.py [--seed 1] [--kills 100] [--sales 2000] [--naive 100] [--kernels 14]

The billing process is `lab.py service customer-billing`. Beside it the same, --naive times killed, with a
ledger that knows no unique id, which shows how many bills would have been double. On the embedded broker, or
on the Kafka of the environment. Ends with 1 if a bill is lost, double or wrong (but for the naive one's), or
if anything is left running.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Semaphore, Thread
from typing import NamedTuple
from uuid import uuid4

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from classroom.broker import settings as environment
from classroom.broker.connect import connect
from classroom.commands.service import ToldLedger, topic_of
from classroom.commands.service import main as command
from classroom.world import company as days
from classroom.world.running import wait_until
from fiberlab.cluster import Cluster, TopicView
from fiberlab.domain import Action, Company, expected_cents
from fiberlab.eventdriven.events import encode, happened
from fiberlab.ledger import Charge, Ledger
from tests.service_process import SERVICE, ServiceProcess, new_system

GROUP = "customer-billing"
KERNEL = """
import os
from classroom.chapter import Chapter
from classroom.world.traffic import replay
chapter = Chapter.open("05", os.environ, kafka=False)
design = chapter.event_driven()
print("ready", flush=True)
replay(chapter.day, design.url)
"""


class Naive(ToldLedger):
    """A ledger without a unique id: charge, then commit, and what comes again is charged again."""

    def write(self, charge: Charge) -> bool:
        """Whether the charge is new: always."""
        return super().write(replace(charge, id=f"{charge.id} {uuid4()}"))


ONCE, NAIVE = "charged once", "naive"
# How `kills.py naive …` is run in the place of `lab.py service …`.
PROGRAMS = {ONCE: SERVICE, NAIVE: (__file__, NAIVE)}
STARTS_WITHIN_S, LIVES_S, PAUSE_S = 2.5, 1.0, 0.03


class Bills(NamedTuple):
    """What a soak leaves: how many bills are not right, and what was charged too much."""

    lost: int
    double: int
    wrong: int
    double_cents: int

    @property
    def bad(self) -> int:
        """How many bills are not right."""
        return self.lost + self.double + self.wrong


class Arrivals:
    """Sales that come in one by one, in a thread of their own, whoever is alive to bill them."""

    def __init__(self, cluster: Cluster, sales: Sequence[Action], company: Company) -> None:
        self._cluster, self._sales, self._company = cluster, sales, company
        self._may = Semaphore(0)
        self.thread = Thread(target=self._send, name="arrivals", daemon=True)
        self.thread.start()

    def let(self, count: int) -> None:
        """Return at once; so many more come in from now on."""
        for _ in range(count):
            self._may.release()

    def _send(self) -> None:
        topic = topic_of(self._cluster)
        with self._cluster.producer() as producer:
            for action in self._sales:
                self._may.acquire()
                time.sleep(PAUSE_S)
                event = encode(happened(action, self._company.plans))
                headers = list(event.headers.items())
                producer.send(topic, event.value, event.key.encode(), headers).get(timeout=10)


def soak(cluster: Cluster, folder: Path, kills: int, count: int, rng: random.Random, strategy: str) -> Bills:
    """The bills after so many kills of customer billing while so many sales come in, and a last life."""
    company, system, ledger = days.company(), new_system(cluster), folder / f"{strategy}.sqlite"
    sales = sales_of_customers(company, rng, count)
    arrivals = Arrivals(system, sales, company)
    options, log = (GROUP, "--ledger", ledger), folder / f"{strategy}.log"
    live = partial(ServiceProcess, system, log, *options, program=PROGRAMS[strategy])
    for life in range(kills):
        share = count * (life + 1) // kills - count * life // kills
        with live() as service:
            arrivals.let(share // 2)
            die(service, rng, partial(arrivals.let, share - share // 2))
    arrivals.thread.join()
    with live() as service, TopicView(system, topic_of(system)) as view:
        group = f"{GROUP}.{topic_of(system)}"
        service.wait_for("ready")
        wait_until(lambda: view.lag(group) == 0, "the last process to read all", 120, 0.2)
        service.end(signal.SIGTERM)
    return judged(ledger, sales, company)


def die(service: ServiceProcess, rng: random.Random, more: Callable[[], object]) -> None:
    """Return after the kill: while it starts and joins, or, three times of four, after it was ready."""
    starting = rng.random() < 0.25
    if not starting:
        service.wait_for("ready")
    more()
    time.sleep(rng.uniform(0, STARTS_WITHIN_S if starting else LIVES_S))  # the moment is the case
    service.process.kill()


def sales_of_customers(company: Company, rng: random.Random, count: int) -> list[Action]:
    """The first so many sales of a long day on which only customers act."""
    day = days.generated_day(company, rng.randrange(10**6), 20 * count + 200, installer_percent=0)
    return [action for action in day if expected_cents(action, company.plans)][:count]


def judged(ledger: Path, sales: Sequence[Action], company: Company) -> Bills:
    """The ledger beside the oracle, sale by sale."""
    due = {action.id: expected_cents(action, company.plans) for action in sales}
    with Ledger(ledger) as file:
        charges = [(charge.id.partition(" ")[0], charge.amount_cents) for charge in file.charges()]
    billed = Counter(id for id, _ in charges)
    return Bills(
        lost=len(due.keys() - billed.keys()),
        double=sum(times - 1 for times in billed.values()),
        wrong=sum(due.get(id) != cents for id, cents in charges),
        double_cents=sum((times - 1) * due.get(id, 0) for id, times in billed.items()),
    )


def billing(kills: int, sales: int, rng: random.Random, strategy: str) -> int:
    """How many bills are lost, double or wrong; says so."""
    if not kills:
        return 0
    started = time.monotonic()
    with connect(environment.read(os.environ)) as cluster, tempfile.TemporaryDirectory() as folder:
        found = soak(cluster, Path(folder), kills, sales, rng, strategy)
    print(f"{cluster.description}, {strategy}: {kills} billing processes killed in ", end="")
    print(f"{time.monotonic() - started:.0f} s, {sales:,} sales: {found.lost} lost, ", end="")
    print(f"{found.double} double (${found.double_cents / 100:,.2f}), {found.wrong} wrong", flush=True)
    return found.bad


def kernels(kills: int, rng: random.Random) -> int:
    """How many processes are left after so many kernels were killed in the middle of a day."""
    left = 0
    for _ in range(kills):
        kernel = subprocess.Popen([sys.executable, "-c", KERNEL], stdout=subprocess.PIPE, text=True)
        assert kernel.stdout.readline().strip() == "ready"
        time.sleep(rng.uniform(0, 3))
        children = psutil.Process(kernel.pid).children(recursive=True)
        kernel.kill()
        kernel.wait()
        left += len(psutil.wait_procs(children, timeout=5)[1])
    print(f"{kills} kernels killed in mid-day: {left} processes left")
    return left


def main() -> int:
    """The exit status: 0 if nothing was lost, double, wrong or left running."""
    asked = argparse.ArgumentParser(description="kill -9 at random moments")
    for name, default in (("seed", 1), ("kills", 100), ("sales", 2000), ("naive", 100), ("kernels", 14)):
        asked.add_argument(f"--{name}", type=int, default=default)
    given = asked.parse_args()
    rng = random.Random(given.seed)
    bad = billing(given.kills, given.sales, rng, ONCE)
    billing(given.naive, given.sales, rng, NAIVE)
    return int(bool(bad + kernels(given.kernels, rng)))


if __name__ == "__main__":
    sys.exit(command(sys.argv[2:], ledger=Naive) if sys.argv[1:2] == [NAIVE] else main())
