"""docker-compose.yml: for this computer only, pinned, and the Kafka that the tests start without Docker."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from classroom.broker import settings
from classroom.commands.service import GATEWAY, LISTENERS, command_line
from tests.apache_kafka import compose
from tests.apache_kafka.jars import POM

WRITTEN = yaml.safe_load(compose.COMPOSE_FILE.read_text(encoding="utf-8"))
SERVICES = {name: told for name, told in WRITTEN["services"].items() if compose.is_broker(told)}
SYSTEM = {name: told for name, told in WRITTEN["services"].items() if not compose.is_broker(told)}
EVERYBODY = sorted(SERVICES)
FOLDER = compose.COMPOSE_FILE.parent


def places() -> list[compose.Place]:
    """Every broker of the file, each listener on a port of its own."""
    found = []
    for profile in (None, "cluster"):
        brokers = compose.services(profile)
        listeners = [(broker.name, port) for broker in brokers for port in broker.listening]
        ports = {listener: 20_000 + number for number, listener in enumerate(listeners)}
        found += [compose.Place(broker, FOLDER / broker.name, ports) for broker in brokers]
    return found


def test_one_broker_is_the_default_and_three_are_a_profile():
    assert [broker.name for broker in compose.services()] == ["kafka"]
    assert [broker.name for broker in compose.services("cluster")] == ["kafka-1", "kafka-2", "kafka-3"]


@pytest.mark.parametrize("name", EVERYBODY)
def test_only_this_computer_reaches_a_broker(name):
    assert SERVICES[name]["ports"]
    for port in SERVICES[name]["ports"]:
        assert re.fullmatch(r"127\.0\.0\.1:\d+:9092", port)


@pytest.mark.parametrize("name", EVERYBODY)
def test_clients_are_sent_to_the_published_port(name):
    (published,) = SERVICES[name]["ports"]
    advertised = SERVICES[name]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert f"CLIENT://{published.removesuffix(':9092')}," in advertised


@pytest.mark.parametrize("name", EVERYBODY)
def test_data_is_in_a_named_volume_that_goes_with_the_rest(name):
    (volume,) = SERVICES[name]["volumes"]
    named, _, folder = volume.partition(":")
    assert named in WRITTEN["volumes"]
    assert folder == SERVICES[name]["environment"]["KAFKA_LOG_DIRS"]


def test_the_image_is_pinned_to_the_version_whose_jars_are_tested():
    version = re.search(r"<kafka\.version>([\d.]+)</kafka\.version>", POM.read_text())[1]
    assert {service["image"] for service in SERVICES.values()} == {f"apache/kafka:{version}"}


@pytest.mark.parametrize("name", EVERYBODY)
def test_up_returns_when_a_broker_answers(name):
    check = SERVICES[name]["healthcheck"]
    assert check["test"][:2] == ["CMD", "/opt/kafka/bin/kafka-topics.sh"]
    assert check["retries"] * int(check["interval"].rstrip("s")) >= 60


def test_three_brokers_keep_three_copies_and_two_must_have_a_write():
    for broker in compose.services("cluster"):
        assert broker.environment["KAFKA_DEFAULT_REPLICATION_FACTOR"] == "3"
        assert broker.environment["KAFKA_MIN_INSYNC_REPLICAS"] == "2"


@pytest.mark.parametrize("place", places(), ids=lambda place: place.service.name)
def test_without_docker_a_broker_gets_what_the_file_says_but_for_addresses_and_its_folder(place):
    written = {key: str(value) for key, value in SERVICES[place.service.name]["environment"].items()}
    given = compose.environment(place)
    assert given.keys() == written.keys()
    changed = {key for key in written if given[key] != written[key]}
    assert changed == {
        "KAFKA_LISTENERS",
        "KAFKA_ADVERTISED_LISTENERS",
        "KAFKA_CONTROLLER_QUORUM_VOTERS",
        "KAFKA_LOG_DIRS",
    }
    for key in changed - {"KAFKA_LOG_DIRS"}:
        without = [re.sub(r"(://|@)[\w.-]*:\d+", r"\1", value) for value in (written[key], given[key])]
        assert without[0] == without[1]
        assert set(re.findall(r"(?:://|@)([\w.-]*):", given[key])) == {"127.0.0.1"}


def test_the_system_is_the_gateway_and_every_listener_and_a_profile_of_its_own():
    assert sorted(SYSTEM) == sorted((GATEWAY, *LISTENERS))
    assert all(told["profiles"] == ["system"] for told in SYSTEM.values())


@pytest.mark.parametrize("name", sorted(SYSTEM))
def test_a_service_is_asked_for_as_the_command_understands_it(name):
    asked = command_line().parse_args(SYSTEM[name]["command"])
    assert asked.service == name
    if name == GATEWAY:
        assert SYSTEM[name]["ports"] == [f"127.0.0.1:{asked.port}:{asked.port}"]
        assert f":{asked.port}/health" in SYSTEM[name]["healthcheck"]["test"][-1]
    else:
        (volume,) = SYSTEM[name]["volumes"]
        named, _, folder = volume.partition(":")
        assert named in WRITTEN["volumes"]
        assert str(asked.ledger.parent) == folder


@pytest.mark.parametrize("name", sorted(SYSTEM))
def test_a_service_waits_for_a_kafka_that_answers_in_dockers_network(name):
    told = SYSTEM[name]
    assert told["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    address = told["environment"]["KAFKA_BOOTSTRAP_SERVERS"]
    assert f"BROKER://{address}" in SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert settings.read(told["environment"]).address == address
    assert (FOLDER / told["build"]["dockerfile"]).is_file()


def compose_plugin() -> bool:
    """Whether there is a `docker compose` to ask."""
    asked = ["docker", "compose", "version"]
    return bool(shutil.which("docker")) and subprocess.run(asked, capture_output=True).returncode == 0


@pytest.mark.skipif(not compose_plugin(), reason="DID NOT RUN: there is no `docker compose` to ask")
@pytest.mark.parametrize(
    "profile",
    [[], ["--profile", "cluster"], ["--profile", "system"]],
    ids=["one broker", "three brokers", "system"],
)
def test_docker_compose_accepts_the_file(profile):
    asked = ["docker", "compose", *profile, "--file", str(compose.COMPOSE_FILE), "config", "--quiet"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")


def compose_go(file: Path, *profiles: str) -> subprocess.CompletedProcess[str]:
    """What the library of `docker compose` says of a file, where it is: `.ci/run` builds it."""
    return subprocess.run(["compose-go", file, *profiles], capture_output=True, text=True, check=False)


NO_LIBRARY = "DID NOT RUN: there is no compose-go (go build in tests/compose_go, and set PATH)"


@pytest.mark.skipif(not shutil.which("compose-go"), reason=NO_LIBRARY)
@pytest.mark.parametrize("profiles", [[], ["cluster"], ["system"], ["cluster", "system"]], ids=" ".join)
def test_the_library_of_docker_compose_finds_the_services_of_each_profile(profiles):
    named = {
        name for name, told in WRITTEN["services"].items() if {*told.get("profiles", profiles)} & {*profiles}
    }
    said = compose_go(compose.COMPOSE_FILE, *profiles)
    assert (said.returncode, said.stderr) == (0, "")
    assert set(said.stdout.split()) == named | {"kafka"}


@pytest.mark.skipif(not shutil.which("compose-go"), reason=NO_LIBRARY)
@pytest.mark.parametrize(
    ("written", "wrong", "told"),
    [
        ("kafka: { condition:", "kafkas: { condition:", "kafkas"),
        ("restart: on-failure", "restarts: on-failure", "restarts"),
        ('volumes: ["ledgers:', 'volumes: ["ledger:', "ledger"),
    ],
)
def test_the_library_of_docker_compose_refuses_what_is_wrong(tmp_path, written, wrong, told):
    text = compose.COMPOSE_FILE.read_text(encoding="utf-8")
    assert written in text
    (tmp_path / "docker-compose.yml").write_text(text.replace(written, wrong))
    said = compose_go(tmp_path / "docker-compose.yml", "system")
    assert said.returncode == 1
    assert told in said.stderr
