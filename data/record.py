"""Record again what the embedded broker cannot show: all of it, or what is named.

python data/record.py [name ...]

On the Kafka at KAFKA_BOOTSTRAP_SERVERS; a broker is ended only in a cluster that is started for it.
"""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from classroom.chapter import Chapter, close_open_chapter
from classroom.experiments.deployment import static_restart
from classroom.experiments.outage import one_of_three
from classroom.experiments.recordings import record
from classroom.experiments.scale import compaction
from classroom.experiments.transactions import exactly_once
from tests.apache_kafka.apache_kafka import ApacheKafka


def on_that_kafka(experiment: Callable[[Chapter], pd.DataFrame]) -> pd.DataFrame:
    """The experiment's table, seen on the Kafka of the environment."""
    chapter = Chapter.open("record")
    if not chapter.cluster.broker.isolates:
        sys.exit("KAFKA_BOOTSTRAP_SERVERS names no Kafka; only an Apache Kafka can be recorded")
    return experiment(chapter)


def on_three_brokers() -> pd.DataFrame:
    """What is seen while one of three ends."""
    with ApacheKafka("cluster") as kafka:
        chapter = Chapter.open("record", {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers})
        try:
            return one_of_three(chapter, kafka)
        finally:
            chapter.close()


RECORDINGS = {
    "exactly_once": partial(on_that_kafka, exactly_once),
    "static_restart": partial(on_that_kafka, static_restart),
    "compaction": partial(on_that_kafka, compaction),
    "one_of_three": on_three_brokers,
}


def main(names: Sequence[str]) -> None:
    """Write these recordings."""
    try:
        for name in names or RECORDINGS:
            record(name, RECORDINGS[name]())
    finally:
        close_open_chapter()


if __name__ == "__main__":
    main(sys.argv[1:])
