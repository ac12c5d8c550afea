"""How long until the first event is handled? From the start of a process, imports included.

Beside it what kafka-python alone needs on the same broker: produce one record, consume it in a group.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PREPARE = """
import json, sys, time
sys.path.insert(0, {root!r})
started_at_s = {started_at_s!r}
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
from fiberlab.eventdriven.events import encode, happened
from fiberlab.eventdriven.service import Service
from fiberlab.kafka.cluster import connect
mark("imported")
with connect() as cluster:
    mark("broker ready")
    cluster.create_topic("news", 4)
    stop = threading.Event()
    def handle(event):
        mark("first event")
        stop.set()
    service = Service("billing", partial(cluster.consumer, "news", "billing"), handle)
    thread = threading.Thread(target=service.run, args=(stop,))
    thread.start()
    with cluster.producer() as producer:
        at = datetime.now(UTC)
        action = Action("1", "purchase_plan", "A-1", Actor("customer", "C-1"), "Fiber", at)
        message = encode(happened(action, {"Fiber": Plan("Fiber", 4999)}))
        producer.send("news", message.value, message.key.encode(), headers=list(message.headers.items()))
        thread.join()
    mark("stopped")
print(json.dumps(marks))
"""
RAW = """
from kafka import KafkaConsumer, KafkaProducer
from fiberlab.kafka.embedded import EmbeddedBroker
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


def once(code: str) -> dict[str, float]:
    """Seconds since the process was started, by what had happened."""
    prepare = PREPARE.format(root=str(ROOT), started_at_s=time.time())
    ended = subprocess.run([sys.executable, "-c", prepare + code], capture_output=True, text=True, check=True)
    marks = json.loads(ended.stdout)
    marks["broker ready, without imports"] = marks["broker ready"] - marks["imported"]
    return marks


def main() -> None:
    """Print a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    pairs = [(once(OURS), once(RAW)) for _ in range(runs)]  # interleaved: both see the same machine
    print(f"{runs} runs each, interleaved; medians in seconds since process start\n")
    print(f"{'':32}{'fiberlab':>10}{'bare client':>13}{'ratio':>8}{'worst':>8}{'target':>8}")
    for name in ("imported", "broker ready, without imports", "first event", "stopped"):
        ours, raw = ([run[side][name] for run in pairs] for side in (0, 1))
        mine, bare = statistics.median(ours), statistics.median(raw)
        target = TARGETS_S.get(name, "")
        print(f"{name:32}{mine:10.2f}{bare:13.2f}{mine / bare:8.2f}{max(ours):8.2f}{target:>8}")


if __name__ == "__main__":
    main()
