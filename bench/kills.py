"""kill -9 at random moments: of a billing process while sales come in, and of a kernel in mid-day.

    .venv/bin/python bench/kills.py [--seed 1] [--billing 30] [--kernels 14]

On the embedded broker, or on the Kafka of the environment. Ends with 1 if a bill is lost, double or wrong, or
if anything is left running.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path
from threading import Event, Thread

import psutil

from classroom.broker import settings as environment
from classroom.broker.connect import EMBEDDED_CLIENT, connect, embedded_consumer
from classroom.world import company as days
from classroom.world.running import wait_until
from fiberlab.cluster import Cluster, TopicView
from fiberlab.domain import expected_cents
from fiberlab.eventdriven import customer_billing
from fiberlab.eventdriven.dead_letters import DeadLetters
from fiberlab.eventdriven.events import encode, happened
from fiberlab.eventdriven.service import Service
from fiberlab.ledger import Ledger

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


class Elsewhere:
    """An embedded broker that is another process's: here nobody asks it more than whether it is alive."""

    def check_alive(self) -> None:
        """Return: its owner outlives this process."""


def bill(kafka: str, namespace: str, topic: str, ledger: str) -> None:
    """A billing process, as `kills.py bill …` runs it, until it is killed or its input ends."""
    cluster = connect(environment.read(os.environ)) if os.environ.get(environment.ADDRESS) else None
    settings = (cluster.client_settings,) if cluster else (EMBEDDED_CLIENT, embedded_consumer())
    same = Cluster("the bench's", kafka, namespace, cluster.broker if cluster else Elsewhere(), *settings)
    member = partial(same.consumer, topic, GROUP, session_timeout_ms=6000 if cluster else 2000)
    stop = Event()
    with Ledger(Path(ledger)) as file:
        letters = DeadLetters(GROUP, f"{topic}.dead-letters", same.producer)
        service = Service(GROUP, member, partial(customer_billing.handle, ledger=file), letters)
        Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
        service.run(stop)


def billing(kills: int, rng: random.Random) -> int:
    """How many bills are lost, double or wrong after so many kills."""
    company = days.company()
    day = days.generated_day(company, rng.randrange(10**6), 1200, installer_percent=0)
    with connect(environment.read(os.environ)) as cluster, tempfile.TemporaryDirectory() as folder:
        topic, ledger = cluster.fresh_topic("kills"), Path(folder, "ledger.sqlite")
        command = [
            sys.executable,
            __file__,
            "bill",
            cluster.bootstrap_servers,
            cluster.namespace,
            topic,
            ledger,
        ]
        sending = Thread(target=send, args=(cluster, topic, day, company, kills))
        sending.start()
        started = time.monotonic()
        for _ in range(kills):
            child = subprocess.Popen(command, stdin=subprocess.PIPE)
            time.sleep(
                rng.uniform(0.3, 8 if os.environ.get(environment.ADDRESS) else 4)
            )  # the moment is the case
            child.kill()
            child.wait()
        sending.join()
        child = subprocess.Popen(command, stdin=subprocess.PIPE)
        with TopicView(cluster, topic) as view:
            wait_until(lambda: view.lag(GROUP) == 0, "the last process to read all", 120, 0.2)
        child.communicate()
        with Ledger(ledger) as file:
            charges = file.charges()
    due = {action.id: expected_cents(action, company.plans) for action in day}
    due = {id: cents for id, cents in due.items() if cents}
    billed = Counter(charge.id for charge in charges)
    lost, double = len(due.keys() - billed.keys()), sum(count > 1 for count in billed.values())
    wrong = sum(due.get(charge.id) != charge.amount_cents for charge in charges)
    print(
        f"{kills} billing processes killed in {time.monotonic() - started:.0f} s, {len(due)} sales: ", end=""
    )
    print(f"{lost} lost, {double} double, {wrong} wrong")
    return lost + double + wrong


def send(cluster: Cluster, topic: str, day: tuple, company: object, kills: int) -> None:
    """Return once the day is on the topic, spread over the time of the kills."""
    with cluster.producer() as producer:
        for action in day:
            event = encode(happened(action, company.plans))
            producer.send(topic, event.value, event.key.encode(), list(event.headers.items())).get(timeout=10)
            time.sleep(kills * 2 / len(day))


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
    for name, default in (("seed", 1), ("billing", 30), ("kernels", 14)):
        asked.add_argument(f"--{name}", type=int, default=default)
    given = asked.parse_args()
    rng = random.Random(given.seed)
    return int(bool(billing(given.billing, rng) + kernels(given.kernels, rng)))


if __name__ == "__main__":
    sys.exit(bill(*sys.argv[2:]) if sys.argv[1:2] == ["bill"] else main())
