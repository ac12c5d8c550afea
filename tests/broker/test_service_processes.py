"""Each service of the event-driven design in a process of its own: `lab.py service`."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from classroom.broker.connect import connect
from classroom.commands.service import LISTENERS, topic_of
from fiberlab import api
from fiberlab.cluster import Cluster, TopicView
from fiberlab.domain import Action, Company, expected_cents, plans_in_force
from fiberlab.eventdriven.dead_letters import opened
from fiberlab.lines import Lines
from tests.facts import answer_from, eventually
from tests.service_process import DAY, SERVICE, ServiceProcess, billed, due, new_system, say

pytestmark = [
    pytest.mark.timeout(180),  # processes that wait for a group
    pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM, and Ctrl-C is for a whole console"),
]
EFFECT = {"customer-billing": "billed", "installer-billing": "billed", "email-marketing": "mailed"}
EFFECT |= {"provisioning": "line"}


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Where the ledger is to be; its folder is not there yet."""
    return tmp_path / "made" / "ledger.sqlite"


def lag(system: Cluster, name: str) -> int:
    with TopicView(system, topic_of(system)) as view:
        return view.lag(f"{name}.{topic_of(system)}")


def start(system: Cluster, ledger: Path, name: str = "customer-billing") -> ServiceProcess:
    return ServiceProcess(system, ledger.parents[1] / "log", name, "--ledger", ledger)


def sale(company: Company) -> Action:
    """A customer's first sale of the day."""
    return next(a for a in DAY if a.actor.kind == "customer" and expected_cents(a, company.plans))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("name", LISTENERS)
def test_a_listener_gets_ready_does_its_part_and_ends_in_good_order(
    system: Cluster, company: Company, ledger: Path, name: str, number: int
):
    with start(system, ledger, name) as service:
        service.wait_for("ready")
        say(system, company, DAY)
        service.wait_for(EFFECT[name])
        eventually(lambda: lag(system, name) == 0, "it to read all")
        assert service.end(number) == 0
    ours = [line for line in service.lines() if not line["event"].startswith("kafka.")]  # a busy broker
    first, *_, stopping, ended = ours
    assert {line["service"] for line in service.lines()} == {name}
    assert list(first) == ["time", "service", "level", "event", "what"]
    assert (first["event"], stopping["event"], ended["event"]) == ("ready", "stopping", "ended")
    assert stopping["what"] == signal.Signals(number).name
    assert lag(system, name) == 0
    assert_done(service, company, ledger)


def assert_done(service: ServiceProcess, company: Company, file: Path) -> None:
    """Fail unless the listener has done its part of the day."""
    if service.name == "provisioning":
        with Lines(file) as lines:
            assert lines.plans() == plans_in_force(DAY)
    elif service.name == "email-marketing":
        browsed = sum(action.name == "browse_plan" for action in DAY)
        assert len(service.said("mailed", "no consent")) == browsed
    else:
        assert billed(file) == due(company, DAY, service.name.removesuffix("-billing"))


def test_started_again_it_goes_on_where_it_has_committed(system: Cluster, company: Company, ledger: Path):
    owed = due(company, DAY, "customer")
    say(system, company, DAY[:60])
    with start(system, ledger) as service:
        service.wait_for("billed", len(due(company, DAY[:60], "customer")))
        assert service.end(signal.SIGTERM) == 0
    say(system, company, DAY[60:])
    with start(system, ledger) as service:
        service.wait_for("billed", len(due(company, DAY[60:], "customer")))
        assert service.said("known") == []
    assert billed(ledger) == owed


HELD = """
import sys, time
from pathlib import Path
from classroom.commands import service
class Held(service.ToldLedger):
    def write(self, charge):
        service.say("in hand", charge.id)
        while not Path(sys.argv[-1] + ".let-go").exists():
            time.sleep(0.01)
        return super().write(charge)
sys.exit(service.main(sys.argv[1:], ledger=Held))
"""


@pytest.fixture
def stopping(system: Cluster, company: Company, ledger: Path) -> Iterator[ServiceProcess]:
    """A billing that was told to stop while it has a sale in hand, the first of several."""
    program = "-c", HELD
    log = ledger.parents[1] / "log"
    with ServiceProcess(system, log, "customer-billing", "--ledger", ledger, program=program) as service:
        service.wait_for("ready")
        say(system, company, DAY)
        service.wait_for("in hand")
        service.process.send_signal(signal.SIGTERM)
        service.wait_for("stopping")
        yield service


def test_the_event_in_hand_is_finished_and_committed_and_no_other(
    stopping: ServiceProcess, system: Cluster, company: Company, ledger: Path
):
    before = lag(system, "customer-billing")
    ledger.with_name(f"{ledger.name}.let-go").touch()
    assert stopping.process.wait(20) == 0
    assert list(billed(ledger)) == stopping.said("in hand")
    assert 0 < lag(system, "customer-billing") < before


def test_the_second_signal_ends_it_at_once(stopping: ServiceProcess, system: Cluster, ledger: Path):
    before = lag(system, "customer-billing")
    assert stopping.end(signal.SIGINT) == -signal.SIGINT
    assert billed(ledger) == {}
    assert lag(system, "customer-billing") == before


def test_what_is_set_aside_is_told_and_what_comes_after_is_billed(
    system: Cluster, company: Company, ledger: Path
):
    with start(system, ledger) as service:
        service.wait_for("ready")
        with system.producer() as producer:
            producer.send(topic_of(system), b"How are you?").get(10)
        service.wait_for("state")
        say(system, company, [sale(company)])
        service.wait_for("billed")
        assert service.end(signal.SIGTERM) == 0
    (told,) = [line for line in service.lines() if line["event"] == "state"]
    assert told["level"] == "warning"
    assert "set aside 1, the last at partition" in told["what"]
    with TopicView(system, f"{topic_of(system)}.dead-letters") as letters:
        (letter,) = map(opened, letters.records())
    assert (letter.service, letter.record.value) == ("customer-billing", b"How are you?")


# --- what it cannot do is told in its last line ---


def last_words(service: ServiceProcess) -> str:
    """What a service says that ends by itself."""
    assert service.process.wait(60) == 1
    last = service.lines()[-1]
    assert (last["level"], last["event"]) == ("error", "failed")
    return last["what"]


def test_a_ledger_that_fails_ends_it_uncommitted_with_the_next_step(
    system: Cluster, company: Company, ledger: Path
):
    with start(system, ledger) as service:
        service.wait_for("ready")
        with sqlite3.connect(ledger) as file:
            file.execute("DROP TABLE charges")
        file.close()
        say(system, company, [sale(company)])
        told = last_words(service)
    assert "no such table: charges" in told
    assert told.endswith("start the service again")
    assert lag(system, "customer-billing") == 1


def test_a_ledger_that_cannot_be_opened_is_told(system: Cluster, ledger: Path):
    ledger.mkdir(parents=True)
    with start(system, ledger) as service:
        assert f"the database {str(ledger)!r} cannot be used now" in last_words(service)


def test_a_port_that_is_taken_is_told(system: Cluster, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with ServiceProcess(system, tmp_path / "log", "gateway", "--port", port) as gateway:
            told = last_words(gateway)
    assert f"port {port} of 127.0.0.1 cannot be used" in told
    assert told.endswith("name another")


@pytest.mark.embedded
def test_it_ends_with_the_embedded_broker_that_it_works_at(ledger: Path):
    with connect() as own:
        service = start(new_system(own), ledger)
        with service:
            service.wait_for("ready")
            own.close()
            assert "the embedded broker has ended" in last_words(service)


@pytest.mark.embedded
def test_no_kafka_at_the_address_is_told(cluster: Cluster, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    said = ask("customer-billing", KAFKA_BOOTSTRAP_SERVERS=address)
    assert said.returncode == 1
    assert f"no Kafka answered at '{address}'" in said.stdout.splitlines()[-1]


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ("customer-billing", 1, "KAFKA_BOOTSTRAP_SERVERS is not set"),
        ("gateway", 1, "Next: start one"),
        ("billing", 2, "invalid choice: 'billing'"),
        ("", 2, "required: service"),
        ("gateway --ledger x", 2, "unrecognized arguments: --ledger x"),
        ("gateway --port 70000", 2, "'70000' is not a number from 0 to 65535"),
        ("customer-billing --run a/b", 2, "'a/b' is no name"),
    ],
)
def test_what_cannot_be_asked_for_is_told(asked: str, status: int, told: str):
    said = ask(*asked.split(), KAFKA_BOOTSTRAP_SERVERS="")
    assert (said.returncode, said.stdout) == (status, "")
    assert told in said.stderr
    assert "Traceback" not in said.stderr


def ask(*asked: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What the command says that ends by itself."""
    command = [sys.executable, *SERVICE, *asked]
    return subprocess.run(
        command, capture_output=True, text=True, env=os.environ | variables, timeout=60, check=False
    )


# --- the gateway ---


@pytest.fixture
def gateway(system: Cluster, tmp_path: Path) -> Iterator[ServiceProcess]:
    """A gateway on a free port, which is ready."""
    with ServiceProcess(system, tmp_path / "log", "gateway", "--port", 0) as gateway:
        gateway.wait_for("ready")
        yield gateway


def url(gateway: ServiceProcess) -> str:
    return gateway.said("ready")[0].partition(";")[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_gateway_says_what_happened_tells_its_health_and_ends(
    gateway: ServiceProcess, system: Cluster, company: Company, number: int
):
    health = f"{url(gateway)}/health"
    told = answer_from(health)
    known = {"service": "gateway", "kafka": told.json()["kafka"], "topic": topic_of(system), "events": 0}
    assert (told.status_code, told.json()) == (200, known)
    answer = answer_from(f"{url(gateway)}/actions", "POST", json=api.body(sale(company)))
    assert (answer.status_code, answer.json()) == (202, {"action_id": sale(company).id})
    assert answer_from(health).json() == known | {"events": 1}
    assert gateway.end(number) == 0
    assert gateway.lines()[-1]["event"] == "ended"


@pytest.mark.embedded
def test_the_gateways_health_is_bad_while_no_kafka_answers(tmp_path: Path):
    with (
        connect() as own,
        ServiceProcess(new_system(own), tmp_path / "log", "gateway", "--port", 0) as gateway,
    ):
        gateway.wait_for("ready")
        own.close()
        told = answer_from(f"{url(gateway)}/health")
        assert gateway.end(signal.SIGTERM) == 0
    assert told.status_code == 503
    assert "does not answer" in told.json()["detail"]
