"""Strangers who read our topic without a line of ours: kcat, confluent-kafka, the CloudEvents SDK."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from uuid import uuid4

import confluent_kafka
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event
from cloudevents.v1 import kafka as sdk1

from classroom.world import company as days
from classroom.world.designs import EventDriven
from classroom.world.traffic import replay
from fiberlab.domain import SALES, Action, Actor, expected_cents
from fiberlab.eventdriven.contract import asyncapi
from tests.facts import eventually
from tests.quick.test_contracts import matching

DAY = days.generated_day(days.company(), seed=5, actions=60, installer_percent=40)
PURCHASED = "com.herdfiber.plan.purchased"
CHANGED = "com.herdfiber.plan.changed"


@pytest.fixture
def design(chapter) -> EventDriven:
    """A design that has had its day: what is on its topic was said by its gateway."""
    design = chapter.event_driven()
    replay(DAY, design.url)
    return design


@pytest.fixture
def records(design: EventDriven) -> list[confluent_kafka.Message]:
    """The topic's records, as a new group of somebody else's reads them."""
    settings = {"bootstrap.servers": design.cluster.bootstrap_servers, "auto.offset.reset": "earliest"}
    group = f"{design.cluster.namespace}stranger-{uuid4().hex[:8]}"
    found: list[confluent_kafka.Message] = []
    with closing(confluent_kafka.Consumer(settings | {"group.id": group})) as consumer:
        consumer.subscribe([design.topic])

        def read_all() -> bool:
            found.extend(message for message in consumer.consume(100, 0.2) if not message.error())
            return len(found) >= len(DAY)

        eventually(read_all, f"{len(DAY)} records")
    return found


def due_by_account() -> dict[str, int]:
    """What each household's sales cost at the list price, in cents; found without our events."""
    plans, owed = days.company().plans, {}
    for action in DAY:
        if action.name in SALES:
            price = plans[action.plan].list_price_cents
            owed[action.account_id] = owed.get(action.account_id, 0) + price
    return owed


def test_confluent_kafka_finds_key_headers_and_json(records: list[confluent_kafka.Message]):
    found: dict[str, int] = {}
    for message in records:
        data, headers = json.loads(message.value()), dict(message.headers())
        assert message.key().decode() == data["account_id"]
        assert (headers["ce_specversion"], headers["content-type"]) == (b"1.0", b"application/json")
        if headers["ce_type"].decode() in (PURCHASED, CHANGED):
            cents = found.get(data["account_id"], 0)
            found[data["account_id"]] = cents + data["plan"]["list_price_cents"]
    assert found == due_by_account()


def test_every_record_of_a_run_is_told_by_exactly_one_message_of_the_contract(
    records: list[confluent_kafka.Message],
):
    for message in records:
        headers = {name: text.decode() for name, text in message.headers()}
        assert len(matching(headers, json.loads(message.value()), asyncapi())) == 1


def test_the_cloudevents_sdk_finds_every_action(records: list[confluent_kafka.Message]):
    def action(message: confluent_kafka.Message) -> Action:
        said = KafkaMessage(dict(message.headers()), message.key(), message.value())
        event = from_kafka_event(said)
        data, name = event.get_data(), event.get_type().rpartition(".")[2]
        name = {"browsed": "browse", "purchased": "purchase", "changed": "change", "cancelled": "cancel"}[
            name
        ]
        by = Actor(**data["actor"])
        where = event.get_id(), f"{name}_plan", data["account_id"], by, data["plan"]["name"]
        return Action(*where, event.get_time())

    assert sorted(map(action, records), key=lambda a: a.id) == sorted(DAY, key=lambda a: a.id)


def test_the_sdk_of_before_reads_them_too(records: list[confluent_kafka.Message]):
    for message in records:
        event = sdk1.from_binary(
            sdk1.KafkaMessage(dict(message.headers()), message.key(), message.value()),
            data_unmarshaller=json.loads,
        )
        assert event.data["account_id"] == message.key().decode()
        assert datetime.fromisoformat(event["time"]).tzinfo


@pytest.fixture(scope="session")
def kcat() -> str:
    """Where kcat is."""
    found = shutil.which("kcat") or shutil.which("kafkacat")
    if not found:
        pytest.skip("DID NOT RUN: there is no kcat (apt-get install kcat)")
    return found


def asked(kcat: str, design: EventDriven, topic: str, form: str) -> Iterator[list[str]]:
    """The fields of each record that kcat prints, up to the topic's end."""
    at = "-b", design.cluster.bootstrap_servers, "-t", topic
    command = [kcat, "-C", *at, "-o", "beginning", "-e", "-q", "-f", form.replace(" ", "\\x1f") + "\\x1e"]
    said = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout.decode()
    return (record.split("\x1f") for record in said.split("\x1e")[:-1])


def test_kcat_prints_every_event(kcat: str, design: EventDriven):
    plans, found = days.company().plans, {}
    for key, headers, value in asked(kcat, design, design.topic, "%k %h %s"):
        data, said = json.loads(value), dict(header.split("=", 1) for header in headers.split(","))
        assert key == said["ce_partitionkey"] == data["account_id"]
        found[said["ce_id"]] = (data["actor"]["kind"], said["ce_type"], data["plan"]["name"])
    assert {id: (kind, plan) for id, (kind, _, plan) in found.items()} == {
        action.id: (action.actor.kind, action.plan) for action in DAY
    }
    sold = {id for id, (_, type_, _) in found.items() if type_ in (PURCHASED, CHANGED)}
    assert sold == {action.id for action in DAY if expected_cents(action, plans)}


def test_kcat_prints_why_a_record_was_set_aside(kcat: str, design: EventDriven):
    at = "-b", design.cluster.bootstrap_servers, "-t", design.topic
    subprocess.run([kcat, "-P", *at, "-p", "2", "-k", "A-0001"], input=b"hello", timeout=60, check=True)
    design.settle()
    letters = [*asked(kcat, design, design.dead_letters, "%p %k %h %s")]
    assert {(partition, key, value) for partition, key, _, value in letters} == {("2", "A-0001", "hello")}
    for name, letter in zip(sorted(design.services), sorted(letters, key=lambda one: one[2]), strict=True):
        assert letter[2].startswith(f"dead-letter-service={name},dead-letter-reason=not an event of ours (")
        assert f"dead-letter-topic={design.topic},dead-letter-partition=2,dead-letter-offset=" in letter[2]
