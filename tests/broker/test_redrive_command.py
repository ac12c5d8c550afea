"""`lab.py redrive`: a service's dead letters are handed to it again, and each is billed once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from classroom.commands.service import topic_of
from fiberlab.cluster import Cluster
from fiberlab.domain import Company
from fiberlab.ledger import Ledger
from tests.facts import eventually
from tests.service_process import DAY, ROOT, ServiceProcess, billed, due, say, variables, words

pytestmark = [
    pytest.mark.timeout(180),  # processes that wait for a group
    pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM, and Ctrl-C is for a whole console"),
]
NAME, NEW_PLAN = "customer-billing", "Fiber 5 Gig"
OUTDATED = f"""
import sys
from classroom.commands import service
from fiberlab.eventdriven import customer_billing
from fiberlab.eventdriven.events import UnreadableEventError
handle = customer_billing.handle
def outdated(event, ledger):
    if event.plan.name == {NEW_PLAN!r}:
        raise UnreadableEventError(event.plan.name + " is not on the list")
    handle(event, ledger)
customer_billing.handle = outdated
sys.exit(service.main(sys.argv[1:]))
"""


@pytest.fixture
def ledger(system: Cluster, company: Company, tmp_path: Path) -> Path:
    """The ledger of a billing that has read a day, and does not know the new plan yet."""
    ledger, log = tmp_path / "ledger.sqlite", tmp_path / "log"
    say(system, company, DAY)
    known = [id for id in owed(company) if id not in of_new_plan()]
    with ServiceProcess(system, log, NAME, "--ledger", ledger, program=("-c", OUTDATED)) as service:
        service.wait_for("billed", len(known))
        eventually(lambda: any(f"aside {len(of_new_plan())}," in s for s in service.said("state")), "letters")
        assert service.end(signal.SIGTERM) == 0
    assert billed(ledger) == {id: owed(company)[id] for id in known}
    return ledger


def of_new_plan() -> list[str]:
    """The ids of all actions that are about the new plan, whoever acted."""
    return [action.id for action in DAY if action.plan == NEW_PLAN]


def owed(company: Company) -> dict[str, int]:
    """What customers owe, by action, in cents."""
    return due(company, DAY, "customer")


def redrive(system: Cluster, *options: object, **more: str) -> subprocess.CompletedProcess[str]:
    """What the command says, as lab.py runs it."""
    module = ("-m", "classroom.commands", "classroom.commands.redrive")
    command = [sys.executable, *module, *words(system, NAME, *options)]
    told = variables(system) | more
    return subprocess.run(
        command, cwd=ROOT, env=told, capture_output=True, text=True, timeout=90, check=False
    )


def test_it_bills_what_was_set_aside_once_however_often_and_in_the_services_own_file(
    system: Cluster, company: Company, ledger: Path
):
    letters = len(of_new_plan())
    assert letters > 2
    looked = redrive(system, "--look").stdout.splitlines()
    assert len(looked) == letters + 1
    assert all(f": {NEW_PLAN} is not on the list" in line for line in looked[:-1])
    assert looked[-1] == f"{NAME}: {letters} letters"
    lost = redrive(system, "--ledger", ledger.with_name("another.sqlite"))
    assert (lost.returncode, lost.stdout) == (1, "")
    assert lost.stderr.endswith("another.sqlite'; name the one it has with --ledger\n")
    first, second = (redrive(system, "--ledger", ledger) for _ in range(2))
    assert (first.stdout, first.stderr) == (f"{NAME}: {letters} handled, 0 set aside again\n", "")
    assert billed(ledger) == owed(company)
    assert (second.stdout, second.returncode) == (f"{NAME}: 0 handled, 0 set aside again\n", 0)
    assert billed(ledger) == owed(company)
    assert redrive(system, "--look").stdout == f"{NAME}: 0 letters\n"


def test_the_service_may_run_meanwhile_and_what_nobody_can_read_is_kept_again(
    system: Cluster, company: Company, ledger: Path, tmp_path: Path
):
    with ServiceProcess(system, tmp_path / "log", NAME, "--ledger", ledger) as service:
        service.wait_for("ready")
        with system.producer() as producer:
            producer.send(topic_of(system), b"hello").get(10)
        service.wait_for("state")
        told = [redrive(system, "--ledger", ledger).stdout for _ in range(2)]
        assert service.end(signal.SIGTERM) == 0
    assert told[0] == f"{NAME}: {len(of_new_plan())} handled, 1 set aside again\n"
    assert told[1] == f"{NAME}: 0 handled, 1 set aside again\n"
    assert billed(ledger) == owed(company)


@pytest.mark.embedded
def test_letters_that_the_broker_has_removed_are_told(system: Cluster, tmp_path: Path):
    topic, file = f"{topic_of(system)}.dead-letters", tmp_path / "ledger.sqlite"
    system.create_topic(topic, 4)
    with system.producer() as producer:
        for _ in range(3):
            producer.send(topic, b"long ago", partition=0).get(10)
    system.broker.truncate(topic, 0, 2)
    Ledger(file).close()
    told = redrive(system, "--ledger", file)
    assert (told.returncode, told.stdout) == (1, f"{NAME}: 0 handled, 0 set aside again\n")
    assert told.stderr.startswith("2 letters had been removed by the broker before; let ")
    assert redrive(system, "--ledger", file).returncode == 0


def test_a_run_that_nobody_has_started_is_told(system: Cluster):
    told = redrive(system, "--run", "nobodys", "--look")
    assert (told.returncode, told.stdout) == (1, "")
    assert "the run 'nobodys' has no letter; name the run of the service with --run" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.embedded
def test_without_an_address_it_says_so(system: Cluster):
    told = redrive(system, "--look", KAFKA_BOOTSTRAP_SERVERS="")
    assert told.returncode == 1
    assert "KAFKA_BOOTSTRAP_SERVERS is not set" in told.stderr
