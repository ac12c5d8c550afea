"""`lab.py kafka clean` removes what is one's own at a shared Kafka, and nothing else."""

import os
from contextlib import closing

import pytest

from classroom.broker import settings
from classroom.broker.connect import connect
from classroom.broker.settings import Settings
from classroom.commands import kafka
from fiberlab.cluster import Cluster
from tests.facts import eventually


def address() -> str:
    return settings.read(os.environ).address


def at_work(cluster: Cluster) -> str:
    """The topic of a run that was killed: a record in it, and a group that has read it."""
    topic = cluster.fresh_topic("events", 1)
    with cluster.producer() as producer:
        producer.send(topic, b"1").get(timeout=10)
    with closing(cluster.consumer(topic, "billing")) as member:
        eventually(lambda: member.poll(timeout_ms=400), "the record")
        member.commit()
    return topic


@pytest.mark.kafka
def test_only_what_begins_with_ones_own_name_goes(capsys):
    with (
        connect(Settings(address(), learner="clean-ann")) as ann,
        connect(Settings(address(), learner="clean-ann-2")) as namesake,
    ):
        hers, others = at_work(ann), at_work(namesake)
        given = {"KAFKA_BOOTSTRAP_SERVERS": address(), "FIBERLAB_LEARNER": "clean-ann"}
        assert kafka.main(["clean"], given) == 0
        said = capsys.readouterr().out
        assert said.startswith(f"'clean-ann' has 1 topics and 1 groups at {address()}.")
        assert f"removed topic {hers}" in said
        assert f"removed group {ann.namespace}billing" in said
        assert "1 topics and 1 groups of 'fiberlab.clean-ann.' removed." in said
        with namesake.reader("billing") as reader:
            topics = reader.topics()
        assert hers not in topics
        assert others in topics
        assert kafka.main(["clean"], given) == 0
        assert "0 topics and 0 groups" in capsys.readouterr().out


@pytest.mark.kafka
def test_a_group_with_somebody_in_it_is_kept_and_said(capsys):
    with connect(Settings(address(), learner="clean-bob")) as bob:
        topic = bob.fresh_topic("events", 1)
        with closing(bob.consumer(topic, "billing")) as member:
            eventually(lambda: member.poll(timeout_ms=400) or member.assignment(), "bob to be in")
            given = {"KAFKA_BOOTSTRAP_SERVERS": address(), "FIBERLAB_LEARNER": "clean-bob"}
            assert kafka.main(["clean"], given) == 1
            said = capsys.readouterr().out
            assert f"kept group {bob.namespace}billing, and its topics: somebody is in it" in said
            assert topic in member.topics()  # a notebook that is open loses nothing


@pytest.mark.embedded
def test_the_embedded_broker_leaves_nothing_to_remove(capsys):
    assert kafka.main(["clean"], {}) == 0
    assert "the embedded broker leaves nothing behind" in capsys.readouterr().out


@pytest.mark.embedded
def test_a_kafka_that_is_not_there_is_said(capsys):
    given = {"KAFKA_BOOTSTRAP_SERVERS": "no-such-host.invalid:9092", "USER": "ann"}
    assert kafka.main(["clean"], given) == 1
    assert "does not resolve" in capsys.readouterr().out


@pytest.mark.embedded
@pytest.mark.parametrize("user", ["root", "jovyan", ""])
def test_nothing_is_removed_under_a_user_name_that_others_have_as_well(capsys, user):
    given = {"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092", "USER": user}
    assert kafka.main(["clean"], given) == 1
    assert "Set FIBERLAB_LEARNER to your own name" in capsys.readouterr().out
