"""The gateway over real HTTP and a real broker: 202 means that the broker has the event, and nothing less."""

import gc
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import uuid4

import pytest
from confluent_kafka import Consumer

from classroom.broker.connect import connect
from classroom.world.running import HttpClient, HttpServer, Response
from fiberlab.cluster import Cluster, TopicView
from fiberlab.domain import Company, Plan
from fiberlab.eventdriven import customer_billing, gateway
from fiberlab.eventdriven.events import decode
from fiberlab.ledger import Ledger
from tests.facts import SALE

IMPATIENT = {"max_block_ms": 500, "request_timeout_ms": 300, "delivery_timeout_ms": 600}
PRODUCE = 0  # the Kafka protocol's number of the produce request
# kafka-python forgets to close the sockets with which it looks for a broker that is gone.
UNCLOSED = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
NOT_LEADER, TOO_LARGE = 6, 10  # its numbers of an error that goes away, and of one that does not


@dataclass
class Gateway:
    http: HttpClient
    topic: str
    view: TopicView
    cluster: Cluster

    def post(self, **changes: object) -> Response:
        return self.http.post("/actions", json=SALE | changes)


@pytest.fixture
def open_gateway() -> Iterator[Callable[..., Gateway]]:
    """A gateway with a topic of its own on a cluster; the producer's settings may be changed."""
    with ExitStack() as stack:

        def open(company: Company, cluster: Cluster, **settings: object) -> Gateway:
            topic = f"test-{uuid4().hex}"
            cluster.create_topic(topic, 4)
            producer = cluster.producer(**settings)
            stack.callback(producer.close, timeout=1)
            server = HttpServer("gateway", gateway.create(company, producer, topic))
            stack.callback(server.stop)
            http = stack.enter_context(HttpClient(server.url))
            return Gateway(http, topic, stack.enter_context(TopicView(cluster, topic)), cluster)

        yield open


@pytest.fixture
def good(company, cluster, open_gateway) -> Gateway:
    return open_gateway(company, cluster)


@pytest.fixture
def own_cluster(caplog) -> Iterator[Cluster]:
    caplog.set_level(logging.CRITICAL, "kafka")  # a kept log record keeps the socket that it tells of
    with connect() as cluster:
        yield cluster
    gc.collect()  # here and now, where UNCLOSED is ignored


@pytest.fixture
def shaky(company, own_cluster, open_gateway) -> Iterator[Gateway]:
    """A gateway on an embedded broker of its own, to be broken."""
    gateway = open_gateway(company, own_cluster, **IMPATIENT)
    yield gateway
    del gateway.view


def test_202_means_that_the_event_is_on_the_topic(good):
    answer = good.post()
    assert (answer.status_code, answer.json()) == (202, {"action_id": "a-1"})
    [record] = good.view.records()
    assert decode(record.headers, record.key, record.value).id == "a-1"


@pytest.mark.parametrize("action", ["browse_plan", "change_plan", "cancel_plan"])
def test_every_action_is_emitted_whoever_listens(good, action):
    assert good.post(action=action, actor={"kind": "installer", "id": "I-01"}).status_code == 202
    [record] = good.view.records()
    event = decode(record.headers, record.key, record.value)
    assert (event.ACTION, event.actor.kind, event.actor.id) == (action, "installer", "I-01")


def test_the_answer_says_nothing_about_a_bill(good):
    assert set(good.post().json()) == {"action_id"}


def test_an_accounts_events_share_its_key_and_stay_in_order_in_one_partition(good):
    ids = [f"a-{number}" for number in range(12)]
    for number, id in enumerate(ids):
        account = 1 + number % 3
        good.post(id=id, account_id=f"A-000{account}", actor={"kind": "customer", "id": f"C-000{account}"})
    for account in (1, 2, 3):
        records = [record for record in good.view.records() if record.key == f"A-000{account}".encode()]
        assert [dict(record.headers)["ce_id"].decode() for record in records] == ids[account - 1 :: 3]
        assert len({record.partition for record in records}) == 1


def test_a_foreign_client_reads_a_cloudevent_in_binary_mode(good):
    good.post()
    settings = {
        "bootstrap.servers": good.cluster.bootstrap_servers,
        "group.id": f"foreign-{uuid4().hex}",
        "auto.offset.reset": "earliest",
    }
    foreign = Consumer(settings)
    try:
        foreign.subscribe([good.topic])
        record = foreign.poll(20)
        assert record is not None
        assert record.error() is None
        assert record.key() == b"A-0001"
        assert dict(record.headers()) == {
            "ce_specversion": b"1.0",
            "ce_type": b"com.herdfiber.plan.purchased",
            "ce_source": b"/herd-fiber/gateway",
            "ce_id": b"a-1",
            "ce_time": b"2026-03-02T09:30:00Z",
            "ce_partitionkey": b"A-0001",
            "content-type": b"application/json",
        }
        assert json.loads(record.value()) == {
            "account_id": "A-0001",
            "actor": {"kind": "customer", "id": "C-0001"},
            "plan": {"name": "Fiber 300", "list_price_cents": 3999},
        }
    finally:
        foreign.close()


def test_the_event_carries_the_price_of_its_moment(company, cluster, open_gateway):
    plans = dict(company.plans)
    gateway = open_gateway(Company(plans, company.accounts, company.installers), cluster)
    gateway.post()
    plans["Fiber 300"] = Plan("Fiber 300", 4999)
    gateway.post(id="a-2")
    records = [decode(record.headers, record.key, record.value) for record in gateway.view.records()]
    assert [event.plan.list_price_cents for event in records] == [3999, 4999]


def test_a_retried_action_is_the_same_event_and_is_charged_once(good, tmp_path):
    for _ in range(3):
        assert good.post().status_code == 202
    assert [dict(record.headers)["ce_id"] for record in good.view.records()] == [b"a-1"] * 3
    assert charged(good, tmp_path) == [("a-1", 3999)]


def test_an_error_that_goes_away_is_not_seen_by_the_app(shaky):
    shaky.cluster.broker.fail_next(PRODUCE, NOT_LEADER)
    assert shaky.post().status_code == 202
    assert len(shaky.view.records()) == 1


def test_a_refused_event_is_answered_503_and_is_not_on_the_topic(shaky):
    shaky.cluster.broker.fail_next(PRODUCE, TOO_LARGE)
    assert_try_again(shaky.post())
    assert shaky.view.records() == []


@UNCLOSED
def test_a_broker_that_does_not_answer_in_time_is_a_503_and_the_retry_is_charged_once(shaky, tmp_path):
    shaky.cluster.broker.delay(2000)
    before_s = time.monotonic()
    assert_try_again(shaky.post())
    assert time.monotonic() - before_s < 5
    shaky.cluster.broker.delay(0)
    while (answer := shaky.post()).status_code == 503:
        assert time.monotonic() - before_s < 60
    assert answer.status_code == 202
    assert charged(shaky, tmp_path) == [("a-1", 3999)]


@UNCLOSED
def test_a_broker_that_has_ended_is_a_410_at_once(company, own_cluster, open_gateway):
    gateway = open_gateway(company, own_cluster)
    assert gateway.post().status_code == 202
    own_cluster.broker.close()
    before_s = time.monotonic()
    for number in range(3):
        answer = gateway.post(id=f"a-{number}")
        assert answer.status_code == 410, answer.text
        assert answer.json()["detail"] == (
            "the embedded broker has ended and its topics are gone; run Set-up again"
        )
    assert time.monotonic() - before_s < 10  # a 503 would take 5 s each


@UNCLOSED
def test_a_bad_action_is_refused_at_once_although_the_broker_is_gone(shaky):
    shaky.cluster.broker.close()
    answer = shaky.post(plan="Fiber 9")
    assert answer.status_code == 422
    assert "plan 'Fiber 9' is not known" in answer.json()["detail"]


def charged(gateway: Gateway, folder) -> list[tuple[str, int]]:
    """What customer billing writes down when it handles every record of the topic, twice."""
    with Ledger(folder / "ledger.sqlite") as ledger:
        for record in gateway.view.records() * 2:
            customer_billing.handle(decode(record.headers, record.key, record.value), ledger)
        return [(charge.id, charge.amount_cents) for charge in ledger.charges()]


def assert_try_again(answer: Response) -> None:
    assert answer.status_code == 503, answer.text
    assert "the event could not be stored" in answer.json()["detail"]
    assert answer.json()["detail"].endswith("retry with the same id")
