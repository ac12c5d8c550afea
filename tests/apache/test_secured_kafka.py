"""The ways into an Apache Kafka with TLS, logins and rights; and what is said where there is none."""

import logging
import re
import traceback
from collections.abc import Iterator

import pytest

from classroom.broker.connect import connect
from classroom.broker.diagnosis import diagnose
from classroom.broker.settings import Settings
from fiberlab.clients import NoKafkaError
from fiberlab.cluster import TopicView
from tests.apache.secured import LISTENERS, PASSWORD, Secured, secured, token
from tests.facts import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def there(tmp_path_factory) -> Iterator[Secured]:
    with secured(tmp_path_factory.mktemp("certificates")) as broker:
        yield broker


def login(there: Secured, listener: str = "SECURE", **other: str) -> Settings:
    """Ann's settings at this listener, with a user name and a password unless others are given."""
    ours = {"address": there.at(listener), "learner": "ann", "protocol": LISTENERS[listener][1]}
    if "SSL" in ours["protocol"]:
        ours["ca_file"] = there.file("ca.pem")
    if "SASL" in ours["protocol"]:
        ours |= {"mechanism": "SCRAM-SHA-512", "username": "ann", "password": PASSWORD}
    return Settings(**(ours | other))


WAYS_IN = {
    "SCRAM": lambda there: login(there),
    "PLAIN": lambda there: login(there, mechanism="PLAIN"),
    "PLAIN without TLS": lambda there: login(there, "LOGIN", mechanism="PLAIN"),
    "token": lambda there: login(
        there, mechanism="OAUTHBEARER", username="", password="", token=token("ann")
    ),
    "TLS alone": lambda there: login(there, "TLS"),
    "a certificate of ours": lambda there: login(
        there, "MUTUAL", certificate_file=there.file("client.pem"), key_file=there.file("client.key")
    ),
    "another host name, not checked": lambda there: login(
        there, "TLS", address=there.at("TLS", "localhost"), check_host_name="false"
    ),
}


@pytest.mark.parametrize("way", WAYS_IN)
def test_an_event_is_written_read_and_committed(there, way, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    settings = WAYS_IN[way](there)
    with connect(settings) as cluster:
        topic = cluster.fresh_topic("news", 2)
        with cluster.producer() as producer:
            producer.send(topic, b"How are you?").get(timeout=10)
        with cluster.consumer(topic, "readers") as member, TopicView(cluster, topic) as view:

            def committed() -> bool:
                if member.poll(timeout_ms=400):
                    member.commit()
                return view.lag("readers") == 0

            eventually(committed, "the event to be read")
    assert diagnose(settings).brokers == 1
    assert_nothing_is_told(
        caplog.text + "".join(capsys.readouterr()) + repr(cluster) + repr(settings), settings
    )


def assert_nothing_is_told(text: str, settings: Settings) -> None:
    for secret in filter(None, (str(settings.password), str(settings.token), str(settings.key_password))):
        assert secret not in text


NO_WAY_IN = {
    "wrong password": (lambda there: login(there, password="falsch-4711"), "refused the login of 'ann'"),
    "wrong password, PLAIN": (
        lambda there: login(there, mechanism="PLAIN", password="falsch-4711"),
        "refused the login of 'ann'",
    ),
    "unknown user": (lambda there: login(there, username="zoe"), "refused the login of 'zoe'"),
    "token that has expired": (
        lambda there: login(
            there, mechanism="OAUTHBEARER", username="", password="", token=token("ann", valid_s=-600)
        ),
        "refused the token; set KAFKA_SASL_TOKEN to a fresh one",
    ),
    "mechanism that is not offered": (
        lambda there: login(there, mechanism="SCRAM-SHA-256"),
        "does not offer KAFKA_SASL_MECHANISM 'SCRAM-SHA-256'; it offers OAUTHBEARER, PLAIN, SCRAM-SHA-512",
    ),
    "login where there is none": (
        lambda there: login(there, "LOGIN", address=there.plain),
        "has no login, but KAFKA_SECURITY_PROTOCOL is 'SASL_PLAINTEXT'; set it to PLAINTEXT",
    ),
    "no login where there is one": (
        lambda there: Settings(there.at("LOGIN")),
        "wants a login, but KAFKA_SECURITY_PROTOCOL is 'PLAINTEXT'; set it to SASL_PLAINTEXT",
    ),
    "no login where there is one, TLS": (
        lambda there: login(there, "TLS", address=there.at("SECURE")),
        "wants a login, but KAFKA_SECURITY_PROTOCOL is 'SSL'; set it to SASL_SSL",
    ),
    "TLS where plaintext is spoken": (
        lambda there: login(there, "TLS", address=there.plain),
        "does not speak TLS, but KAFKA_SECURITY_PROTOCOL is 'SSL'; set it to PLAINTEXT",
    ),
    "plaintext where TLS is spoken": (
        lambda there: Settings(there.at("TLS")),
        "speaks TLS, but KAFKA_SECURITY_PROTOCOL is 'PLAINTEXT'; set it to SSL",
    ),
    "unknown signer": (
        lambda there: login(there, ca_file=there.file("another-ca.pem")),
        "is not trusted: its signer is not the one in",
    ),
    "signer nobody named": (
        lambda there: login(there, ca_file=""),
        "is not trusted: its signer is unknown to this computer; set KAFKA_SSL_CAFILE",
    ),
    "certificate for another host": (
        lambda there: login(there, address=there.at("SECURE", "localhost")),
        "is for another host name",
    ),
    "no certificate of ours": (
        lambda there: login(there, "MUTUAL"),
        "wants to see a certificate of ours, and did not accept what it saw; set KAFKA_SSL_CERTFILE",
    ),
    "rights for another prefix": (
        lambda there: login(there, learner="bert"),
        "'ann' may not make topics whose names begin with 'fiberlab.bert.'",
    ),
    "no rights at all": (lambda there: login(there, username="bob"), "'bob' may not make topics"),
    "sent astray": (
        lambda there: Settings(there.at("ASTRAY")),
        "sends its clients to '127.0.0.1:9', and nobody listens there",
    ),
}


@pytest.mark.parametrize("wrong", NO_WAY_IN)
def test_what_is_wrong_is_told_apart_with_the_next_step_and_without_the_secret(there, wrong, caplog):
    make, said = NO_WAY_IN[wrong]
    caplog.set_level(logging.DEBUG)
    settings = make(there)
    with pytest.raises(NoKafkaError, match=re.escape(said)) as caught:
        connect(settings)
    assert f"'{settings.address}'" in str(caught.value)
    assert_nothing_is_told("".join(traceback.format_exception(caught.value)) + caplog.text, settings)
