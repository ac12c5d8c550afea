"""What chapter 09 says of Apache Kafka: a topic that really grows, and recordings that can be made again."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from classroom.chapter import Chapter
from classroom.experiments import deployment, scale
from classroom.experiments.recordings import recorded
from classroom.world.topic import write
from fiberlab.cluster import TopicView
from fiberlab.domain import plans_in_force
from fiberlab.eventdriven import provisioning
from fiberlab.eventdriven.events import decode
from fiberlab.lines import Lines

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


@pytest.fixture
def chapter() -> Iterator[Chapter]:
    chapter = Chapter.open("test", os.environ)
    yield chapter
    chapter.close()


def test_a_topic_that_really_grows_has_the_seam_of_the_chapter(chapter: Chapter):
    said = [action for action in chapter.day if action.name != "browse_plan"]
    topic = chapter.topic("plan-events", scale.BEFORE)
    write(chapter, topic, said[: len(said) // 2])
    with closing(KafkaAdminClient(bootstrap_servers=chapter.cluster.bootstrap_servers)) as admin:
        admin.create_partitions({topic: scale.PARTITIONS})
    write(chapter, topic, said[len(said) // 2 :])  # by a new producer: one that lives would not know yet
    with TopicView(chapter.cluster, topic) as view:
        found = [
            scale.Written(0, at.partition, at.offset, decode(at.headers, at.key, at.value))
            for at in view.records()
        ]
    assert len(found) == len(said)
    due = plans_in_force(said)
    wrong = [households_off(sorted(found, key=place), due) for place in scale.ORDERS.values()]
    assert wrong == [4, 13, 18]


def households_off(read: list[scale.Written], due: dict[str, str]) -> int:
    with Lines(Path(":memory:")) as lines:
        for at in read:
            provisioning.handle(at.event, lines)
        came = lines.plans()
    return sum(came.get(account) != due.get(account) for account in came.keys() | due.keys())


def test_static_members_disturb_nobody_as_it_was_recorded(chapter: Chapter):
    for looks in (deployment.static_restart(chapter), recorded("static_restart")):
        assert deployment.restarts_that_disturb(looks) == 0


def test_kafka_compacts_to_a_record_for_each_household_as_it_was_recorded(chapter: Chapter):
    for looks in (scale.compaction(chapter), recorded("compaction")):
        assert (looks.records.iloc[0], looks.records.iloc[-1]) == (167, 76)
