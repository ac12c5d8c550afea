"""What is wrong here, or on the way to a Kafka? `python3 lab.py doctor`: a line per finding, with its fix.

It reads the same settings as the notebooks, says which Kafka they would use, and shows no secret.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from time import monotonic

from fiberlab.kafka import environment
from fiberlab.kafka.cluster import Cluster
from fiberlab.kafka.diagnosis import diagnose
from fiberlab.kafka.settings import Settings
from fiberlab.kafka.topics import TopicView
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.requirements import check_set_up

COMMITTED_WITHIN_S = 30


def main(arguments: Sequence[str], given: Mapping[str, str] = os.environ) -> int:
    """The exit status: 0 if everything runs here."""
    argparse.ArgumentParser(prog="lab.py doctor", description="Find out what is wrong.").parse_args(arguments)
    with closing(Chapter.open("doctor", given)) as chapter:
        report = check_set_up(chapter)
        print(report)
        return 1 if "missing" in report else examine(chapter.cluster, environment.read(given))


def examine(cluster: Cluster, settings: Settings) -> int:
    """0 if an event was written and read; says which Kafka it was, and what is the learner's own there."""
    print(f"Kafka    {cluster.description}{f', {version(settings)}' if settings.address else ''}")
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


def version(settings: Settings) -> str:
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
