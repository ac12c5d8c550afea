"""Can this Kafka be used? One check after the other, from the name of its host to what we may do there.

The first check that fails ends it, with one sentence and the next step. Nothing is changed at the broker.
What a failing check means is worded in `sentences`; how to get in is in `settings`.

What a Kafka is asked before it is used: what it can do, who it thinks we are, what we may do.

Each question has the answer or raises NoKafkaError. Nothing is changed at the broker.

Why a Kafka cannot be used: a sentence for each way in which it fails, and the next step.

One connection on which one request after the other is asked and answered, all of it until a deadline.

For looking at a Kafka that may not be one: unlike the client, it never tries again, and keeps what happened.
"""

import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any, Self

from kafka.errors import KafkaError
from kafka.net.sasl import get_sasl_mechanism
from kafka.protocol.admin import CreateTopicsRequest
from kafka.protocol.broker_version_data import infer_broker_version_from_api_versions
from kafka.protocol.consumer.group import HeartbeatRequest
from kafka.protocol.metadata import ApiVersionsRequest, MetadataRequest
from kafka.protocol.parser import KafkaProtocol
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest, SaslHandshakeResponse

from classroom.broker import settings as login
from classroom.broker.settings import Settings
from fiberlab import clients
from fiberlab.clients import START, NoKafkaError

OTHER_HOST, OTHER_ADDRESS, EXPIRED = 62, 64, 10  # OpenSSL's X509_V_ERR_…


def why_not_reached(error: OSError) -> str:
    """Why no connection was made, in a few words."""
    if isinstance(error, socket.gaierror):
        return "the name of its host does not resolve"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there: the connection was refused"
    if isinstance(error, TimeoutError):
        return "nobody answers there, as behind a firewall"
    return f"there is no way there: {error.strerror or error}"


def not_reached(place: object, error: OSError) -> NoKafkaError:
    """No connection."""
    return NoKafkaError(f"no Kafka answered at {place}: {why_not_reached(error)}; {START}")


def not_trusted(place: object, error: ssl.SSLCertVerificationError, settings: Settings) -> NoKafkaError:
    """A certificate that proves nothing to us."""
    if error.verify_code in (OTHER_HOST, OTHER_ADDRESS):
        return NoKafkaError(
            f"the certificate of the Kafka at {place} is for another host name; write the one it is for into "
            "KAFKA_BOOTSTRAP_SERVERS, or set KAFKA_SSL_CHECK_HOSTNAME=false if you know whom you talk to"
        )
    if error.verify_code == EXPIRED:
        return NoKafkaError(f"the certificate of the Kafka at {place} has expired; whoever runs it renews it")
    names = f"is not the one in {settings.ca_file!r}" if settings.ca_file else "is unknown to this computer"
    return NoKafkaError(
        f"the certificate of the Kafka at {place} is not trusted: its signer {names}; "
        "set KAFKA_SSL_CAFILE to the signer's certificate"
    )


def no_tls(place: object, error: OSError, settings: Settings, plain: bool) -> NoKafkaError:
    """No TLS where we want it."""
    if plain:
        other = "SASL_PLAINTEXT" if settings.sasl else "PLAINTEXT"
        return NoKafkaError(
            f"the Kafka at {place} does not speak TLS, but KAFKA_SECURITY_PROTOCOL is "
            f"{settings.protocol!r}; set it to {other}, or take its port for TLS"
        )
    if asks_for_certificate(error):
        return _certificate_wanted(place)
    return NoKafkaError(f"no TLS could be agreed on at {place}: {_brief(error)}; check address and port")


def no_answer(place: object, error: Exception, settings: Settings, heard: bytes, tls: bool) -> NoKafkaError:
    """A connection, but no Kafka in it."""
    if tls:
        other = "SASL_SSL" if settings.sasl else "SSL"
        return NoKafkaError(
            f"the Kafka at {place} speaks TLS, but KAFKA_SECURITY_PROTOCOL is {settings.protocol!r}; "
            f"set it to {other}, or take its port without TLS"
        )
    if asks_for_certificate(error):
        return _certificate_wanted(place)
    if heard.startswith(b"HTTP"):
        return NoKafkaError(f"a web server answers at {place}, no Kafka; correct KAFKA_BOOTSTRAP_SERVERS")
    if isinstance(error, TimeoutError):
        return NoKafkaError(f"no Kafka answered at {place}: somebody listens there, but is silent; {START}")
    return NoKafkaError(f"what answers at {place} is no Kafka: {_brief(error)}; {START}")


def too_old(place: object, oldest: str) -> NoKafkaError:
    """A Kafka that lacks something."""
    needed = f"the workbook needs {oldest} or newer; update it, or unset KAFKA_BOOTSTRAP_SERVERS"
    return NoKafkaError(f"the Kafka at {place} is too old: {needed}")


def no_such_login(place: object, settings: Settings, offered: list[str]) -> NoKafkaError:
    """A login that is not offered; none is."""
    if not offered:
        other = "SSL" if settings.tls else "PLAINTEXT"
        return NoKafkaError(
            f"the Kafka at {place} has no login, but KAFKA_SECURITY_PROTOCOL is {settings.protocol!r}; "
            f"set it to {other}, or take its port for logins"
        )
    return NoKafkaError(
        f"the Kafka at {place} does not offer KAFKA_SASL_MECHANISM {settings.mechanism!r}; "
        f"it offers {', '.join(sorted(offered))}"
    )


def wrong_login(place: object, settings: Settings) -> NoKafkaError:
    """A login that was refused."""
    if settings.token:
        return NoKafkaError(f"the Kafka at {place} refused the token; set KAFKA_SASL_TOKEN to a fresh one")
    return NoKafkaError(
        f"the Kafka at {place} refused the login of {settings.username!r}: user name or password is wrong, "
        f"or not known to {settings.mechanism}; correct KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
    )


def not_let_in(place: object, error: Exception, settings: Settings) -> NoKafkaError:
    """A connection that ends at the first question."""
    if settings.sasl or isinstance(error, TimeoutError):
        return NoKafkaError(f"the Kafka at {place} does not go on: {_brief(error)}; look at its log")
    other = "SASL_SSL" if settings.tls else "SASL_PLAINTEXT"
    return NoKafkaError(
        f"the Kafka at {place} wants a login, but KAFKA_SECURITY_PROTOCOL is {settings.protocol!r}; "
        f"set it to {other}, and KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
    )


def not_allowed(place: object, settings: Settings, what: str) -> NoKafkaError:
    """Let in, but not to work."""
    who = repr(settings.username) if settings.username else "we"
    return NoKafkaError(
        f"at the Kafka at {place} {who} may not {what} whose names begin with {settings.prefix!r}; whoever "
        "runs it grants all operations on topics and groups of this prefix, or set another FIBERLAB_LEARNER"
    )


def advertised_in_vain(place: object, advertised: str, error: OSError) -> NoKafkaError:
    """A broker that sends its clients astray."""
    return NoKafkaError(
        f"the Kafka at {place} sends its clients to {advertised!r}, and {why_not_reached(error)}; "
        "correct the broker's advertised.listeners, or make that address reachable from here"
    )


def asks_for_certificate(error: Exception) -> bool:
    """Whether TLS ended because we have shown no certificate, or one that is not welcome."""
    return isinstance(error, ssl.SSLError) and "CERTIFICATE" in (error.reason or "")


def _certificate_wanted(place: object) -> NoKafkaError:
    return NoKafkaError(
        f"the Kafka at {place} wants to see a certificate of ours, and did not accept what it saw; "
        "set KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE to one that it trusts"
    )


def _brief(error: Exception) -> str:
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error).split("\n")[0]


@dataclass(frozen=True)
class Place:
    """One broker's address, and until when (by time.monotonic) it has to have answered."""

    host: str
    port: int
    until: float

    def __str__(self) -> str:
        return f"'{self.host}:{self.port}'"


class Wire:
    """An open connection; `close()` it. Raises OSError (TimeoutError at the deadline, socket.gaierror)."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._protocol = KafkaProtocol(client_id="fiberlab")
        self._socket = self._connected(_resolved(place.host, place.port, self._left()))
        self.heard = b""  # the last bytes that came

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Return once TLS is agreed on. Raises ssl.SSLError, OSError."""
        self._socket.settimeout(self._left())
        self._socket = context.wrap_socket(self._socket, server_hostname=self._place.host)

    def ask(self, request: Any) -> Any:  # noqa: ANN401 (kafka-python's messages have no common type)
        """The answer. Raises OSError; KafkaError if it is not one."""
        self._protocol.send_request(request)
        self._socket.settimeout(self._left())
        self._socket.sendall(self._protocol.send_bytes())
        while True:
            self._socket.settimeout(self._left())
            self.heard = self._socket.recv(65536)
            if not self.heard:
                raise ConnectionResetError("the connection was closed")
            for _, answer in self._protocol.receive_bytes(self.heard):
                return answer

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _left(self) -> float:
        left = self._place.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is over")
        return left

    def _connected(self, places: list[tuple]) -> socket.socket:
        """To the first place that answers; each has its share of the time."""
        errors = []
        for number, (family, kind, protocol, _, place) in enumerate(places):
            opened = socket.socket(family, kind, protocol)
            try:
                opened.settimeout(self._left() / (len(places) - number))
                opened.connect(place)
                return opened
            except OSError as error:
                opened.close()
                errors.append(error)
        raise errors[0]


def _resolved(host: str, port: int, within_s: float) -> list[tuple]:
    """What getaddrinfo says. It cannot be interrupted: a thread that is too late is left to end by itself."""
    found: list[list[tuple]] = []
    errors: list[OSError] = []

    def resolve() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            errors.append(error if isinstance(error, OSError) else socket.gaierror(str(error)))

    thread = threading.Thread(target=resolve, name=f"resolve {host}", daemon=True)
    thread.start()
    thread.join(within_s)
    if not found:
        raise errors[0] if errors else socket.gaierror("the name server does not answer")
    return found[0]


def speaks_plainly(place: Place) -> bool:
    """Whether a Kafka without TLS answers."""
    try:
        with Wire(place) as wire:
            wire.ask(ApiVersionsRequest[0]())
    except (OSError, KafkaError):
        return False
    return True


def speaks_tls(place: Place) -> bool:
    """Whether anybody with TLS answers, whoever it is."""
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    try:
        with Wire(place) as wire:
            wire.encrypt(trusting)
    except OSError as error:  # an alert is a word of TLS, too
        return isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or "")
    return True


# The broker chooses how many replicas a new topic gets (KIP-464): CreateTopics version 4, Kafka 2.4.
OLDEST, NEEDED = "2.4", (CreateTopicsRequest.API_KEY, 4)
NO_SUCH_MECHANISM = 33
NOT_AUTHORIZED = (29, 30, 31)  # topic, group, cluster


def ask_versions(wire: Wire, place: Place, settings: Settings) -> dict[int, tuple[int, int]]:
    """The oldest and newest version of each request that the broker knows."""
    try:
        keys = wire.ask(ApiVersionsRequest[0]()).api_keys
    except (OSError, KafkaError) as error:
        tls = not settings.tls and not isinstance(error, TimeoutError) and speaks_tls(place)
        raise no_answer(place, error, settings, wire.heard, tls) from None
    found = {key.api_key: (key.min_version, key.max_version) for key in keys}
    key, version = NEEDED
    if found.get(key, (0, -1))[1] < version:
        raise too_old(place, OLDEST)
    return found


def log_in(wire: Wire, place: Place, settings: Settings) -> None:
    """Return once we are logged in. Raises NoKafkaError."""
    mechanism = get_sasl_mechanism(settings.mechanism)(**login.client_settings(settings))
    try:
        offer = wire.ask(SaslHandshakeRequest[1](mechanism=settings.mechanism))
        if offer.error_code:
            raise no_such_login(place, settings, _offered(offer))
        while not mechanism.is_done():
            answer = wire.ask(SaslAuthenticateRequest[1](auth_bytes=mechanism.auth_bytes()))
            if answer.error_code:
                raise wrong_login(place, settings)
            mechanism.receive(answer.auth_bytes)
    except NoKafkaError:
        raise
    except (OSError, KafkaError) as error:
        raise not_let_in(place, error, settings) from None
    except (ValueError, KeyError):  # SCRAM: whoever answers does not know the password either
        raise wrong_login(place, settings) from None


def _offered(offer: SaslHandshakeResponse) -> list[str]:
    return list(offer.mechanisms) if offer.error_code == NO_SUCH_MECHANISM else []


def ask_brokers(wire: Wire, place: Place, settings: Settings) -> list[tuple[str, int]]:
    """Where the brokers say they are."""
    try:
        answer = wire.ask(MetadataRequest[4](topics=[], allow_auto_topic_creation=False))
    except (OSError, KafkaError) as error:
        raise not_let_in(place, error, settings) from None
    return [(broker.host, broker.port) for broker in answer.brokers]


def may_work(wire: Wire, place: Place, settings: Settings) -> None:
    """Return if topics may be made and groups joined; nothing is made or joined."""
    name = f"{settings.prefix}doctor"
    topic = CreateTopicsRequest.CreatableTopic(name=name, num_partitions=1, replication_factor=-1)
    try:
        made = wire.ask(CreateTopicsRequest[4](topics=[topic], timeout_ms=2000, validate_only=True))
        joined = wire.ask(HeartbeatRequest[0](group_id=name, generation_id=0, member_id="doctor"))
    except (OSError, KafkaError) as error:
        raise not_let_in(place, error, settings) from None
    if made.topics[0].error_code in NOT_AUTHORIZED:
        raise not_allowed(place, settings, "make topics")
    if joined.error_code in NOT_AUTHORIZED:
        raise not_allowed(place, settings, "use consumer groups")


@dataclass(frozen=True)
class Healthy:
    """A Kafka that can be used: its version, at least, and how many brokers it has."""

    version: str
    brokers: int


def diagnose(settings: Settings) -> Healthy:
    """What is there, if an address can be used. Raises SettingsError; NoKafkaError for the first address."""
    problems: list[NoKafkaError] = []
    started, share = time.monotonic(), clients.ANSWER_WITHIN_S / len(settings.hosts)
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
        versions = ask_versions(wire, place, settings)
        if settings.sasl:
            log_in(wire, place, settings)
        brokers = ask_brokers(wire, place, settings)
        may_work(wire, place, settings)
    for host, port in brokers:
        _reach(place, host, port)
    return Healthy(".".join(map(str, infer_broker_version_from_api_versions(versions))), len(brokers))


def _connect(place: Place) -> Wire:
    try:
        return Wire(place)
    except OSError as error:
        raise not_reached(place, error) from None


def _encrypt(wire: Wire, place: Place, settings: Settings) -> None:
    try:
        wire.encrypt(login.tls_context(settings))
    except ssl.SSLCertVerificationError as error:
        raise not_trusted(place, error, settings) from None
    except OSError as error:
        raise no_tls(place, error, settings, speaks_plainly(place)) from None


def _reach(place: Place, host: str, port: int) -> None:
    try:
        Wire(Place(host, port, place.until)).close()
    except OSError as error:
        raise advertised_in_vain(place, f"{host}:{port}", error) from None
