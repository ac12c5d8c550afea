"""How long until the first event is handled? From the start of a process, imports included.

Beside it what kafka-python alone needs on the same broker: produce one record, consume it in a group; and
our code on Apache Kafka: its start is the line "broker ready", and not a part of the other lines.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.apache_kafka.apache_kafka import ApacheKafka  # noqa: E402 (a script has only its own folder)
from tests.apache_kafka.jars import class_path  # noqa: E402

PREPARE = """
import json, sys, time
sys.path.insert(0, {root!r})
started_at_s, address = {started_at_s!r}, {address!r}
marks = {{}}
def mark(name):
    marks[name] = time.time() - started_at_s
mark("python started")
"""
OURS = """
import threading
from datetime import UTC, datetime
from functools import partial
from fiberlab.domain import Action, Actor, Plan
from fiberlab.eventdriven.dead_letters import DeadLetters
from fiberlab.eventdriven.events import encode, happened
from fiberlab.eventdriven.service import Service
from classroom.broker.connect import connect
mark("imported")
with connect(address) as cluster:
    mark("broker ready")
    topic = cluster.fresh_topic("news", 4)
    stop = threading.Event()
    def handle(event):
        mark("first event")
        stop.set()
    letters = DeadLetters("billing", topic + ".dead-letters", cluster.producer)
    service = Service("billing", partial(cluster.consumer, topic, "billing"), handle, letters)
    thread = threading.Thread(target=service.run, args=(stop,))
    thread.start()
    with cluster.producer() as producer:
        at = datetime.now(UTC)
        action = Action("1", "purchase_plan", "A-1", Actor("customer", "C-1"), "Fiber", at)
        message = encode(happened(action, {"Fiber": Plan("Fiber", 4999)}))
        producer.send(topic, message.value, message.key.encode(), headers=list(message.headers.items()))
        thread.join()
    mark("stopped")
print(json.dumps(marks))
"""
RAW = """
from kafka import KafkaConsumer, KafkaProducer
from classroom.broker.embedded import EmbeddedBroker
mark("imported")
with EmbeddedBroker() as broker:
    mark("broker ready")
    broker.create_topic("news", 4)
    where = {"bootstrap_servers": broker.bootstrap_servers.split(","), "api_version": (2, 3)}
    producer = KafkaProducer(**where)
    producer.send("news", b"1", b"A-1")
    consumer = KafkaConsumer("news", group_id="billing", auto_offset_reset="earliest", **where)
    while not consumer.poll(timeout_ms=400):
        pass
    mark("first event")
    producer.close()
    consumer.close(timeout_ms=1000)
    mark("stopped")
print(json.dumps(marks))
"""
TARGETS_S = {"broker ready, without imports": 0.2, "first event": 1.5}
LINES = ("imported", "broker ready, without imports", "first event", "stopped")


def once(code: str, address: str = "") -> dict[str, float]:
    """Seconds since the start of a process, by what had happened; without an address on our own broker."""
    prepare = PREPARE.format(root=str(ROOT), started_at_s=time.time(), address=address)
    ended = subprocess.run([sys.executable, "-c", prepare + code], capture_output=True, text=True, check=True)
    marks = json.loads(ended.stdout)
    marks["broker ready, without imports"] = marks["broker ready"] - marks["imported"]
    return marks


def on_apache_kafka() -> dict[str, float]:
    """The same on an Apache Kafka of its own; "broker ready" is its start, from the first Java process on."""
    class_path()  # fetched before the clock runs
    started_at_s = time.monotonic()
    with ApacheKafka() as kafka:
        ready_s = time.monotonic() - started_at_s
        return once(OURS, kafka.bootstrap_servers) | {"broker ready, without imports": ready_s}


def main() -> None:
    """Print a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--without-apache-kafka", action="store_true", help="where there is no Java or Maven")
    asked = parser.parse_args()
    sides = {"fiberlab": lambda: once(OURS), "bare client": lambda: once(RAW)}
    if not asked.without_apache_kafka:
        sides["Apache Kafka"] = on_apache_kafka
    # Interleaved: all see the same machine.
    rounds = [{side: measure() for side, measure in sides.items()} for _ in range(asked.runs)]
    print(f"{asked.runs} runs each, interleaved; medians in seconds since process start\n")
    print(f"{'':32}{''.join(f'{side:>14}' for side in sides)}{'ratio':>8}{'worst':>8}{'target':>8}")
    for line in LINES:
        medians = {side: statistics.median(found[side][line] for found in rounds) for side in sides}
        worst = max(found["fiberlab"][line] for found in rounds)
        ratio, target = medians["fiberlab"] / medians["bare client"], TARGETS_S.get(line, "")
        print(
            f"{line:32}{''.join(f'{m:14.2f}' for m in medians.values())}{ratio:8.2f}{worst:8.2f}{target:>8}"
        )


if __name__ == "__main__":
    main()
