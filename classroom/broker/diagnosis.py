"""Can this Kafka be used? One check after the other, from the name of its host to what we may do there.

The first check that fails ends it, with one sentence and the next step. Nothing is changed at the broker.
What a failing check means is worded in `sentences`; how to get in is in `settings`.
"""

import ssl
import time
from dataclasses import dataclass

from kafka.protocol.broker_version_data import infer_broker_version_from_api_versions

from fiberlab.kafka import answering, login, questions, sentences
from fiberlab.kafka.sentences import NoKafkaError
from fiberlab.kafka.settings import Settings
from fiberlab.kafka.wire import Place, Wire, speaks_plainly


@dataclass(frozen=True)
class Healthy:
    """A Kafka that can be used: its version, at least, and how many brokers it has."""

    version: str
    brokers: int


def diagnose(settings: Settings) -> Healthy:
    """What is there, if an address can be used. Raises SettingsError; NoKafkaError for the first address."""
    problems: list[NoKafkaError] = []
    started, share = time.monotonic(), answering.ANSWER_WITHIN_S / len(settings.hosts)
    for number, (host, port) in enumerate(settings.hosts, 1):
        try:
            return _check(Place(host, port, started + number * share), settings)
        except NoKafkaError as problem:
            problems.append(problem)
    raise problems[0]


def _check(place: Place, settings: Settings) -> Healthy:
    with _connect(place) as wire:
        if settings.tls:
            _encrypt(wire, place, settings)
        versions = questions.versions(wire, place, settings)
        if settings.sasl:
            questions.log_in(wire, place, settings)
        brokers = questions.brokers(wire, place, settings)
        questions.may_work(wire, place, settings)
    for host, port in brokers:
        _reach(place, host, port)
    return Healthy(".".join(map(str, infer_broker_version_from_api_versions(versions))), len(brokers))


def _connect(place: Place) -> Wire:
    try:
        return Wire(place)
    except OSError as error:
        raise sentences.not_reached(place, error) from None


def _encrypt(wire: Wire, place: Place, settings: Settings) -> None:
    try:
        wire.encrypt(login.tls_context(settings))
    except ssl.SSLCertVerificationError as error:
        raise sentences.not_trusted(place, error, settings) from None
    except OSError as error:
        raise sentences.no_tls(place, error, settings, speaks_plainly(place)) from None


def _reach(place: Place, host: str, port: int) -> None:
    try:
        Wire(Place(host, port, place.until)).close()
    except OSError as error:
        raise sentences.advertised_in_vain(place, f"{host}:{port}", error) from None
