"""Can this Kafka be used? One check after the other, from the name of its host to what we may do there.

The first check that fails ends it with one sentence: what is wrong, and the next step. Unlike a client it
looks at what may be no Kafka at all, never tries again, keeps what happened and ends at a deadline; nothing
is changed at the broker. It deliberately does not know where settings come from and whether they fit each
other (`settings`), nor how one works with a Kafka that is fine (`connect`, `real`).
"""

import socket
import ssl
import threading
import time
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

from kafka.errors import AuthorizationError, KafkaError, UnsupportedSaslMechanismError, for_code
from kafka.net.sasl import get_sasl_mechanism
from kafka.protocol.admin import CreateTopicsRequest
from kafka.protocol.broker_version_data import infer_broker_version_from_api_versions
from kafka.protocol.consumer.group import HeartbeatRequest
from kafka.protocol.metadata import ApiVersionsRequest, MetadataRequest
from kafka.protocol.parser import KafkaProtocol
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

from classroom.broker.settings import Settings, client_settings
from fiberlab import clients
from fiberlab.clients import START, NoKafkaError

OTHER_HOST, OTHER_ADDRESS, EXPIRED = 62, 64, 10  # OpenSSL's X509_V_ERR_…


@dataclass(frozen=True)
class Healthy:
    """A Kafka that can be used: its version, at least, and how many brokers it has."""

    version: str
    brokers: int


def diagnose(settings: Settings) -> Healthy:
    """What is there, if an address can be used. Raises SettingsError; NoKafkaError for the first address."""
    ours = client_settings(settings)
    problems: list[NoKafkaError] = []
    started, share = time.monotonic(), clients.ANSWER_WITHIN_S / len(settings.hosts)
    for number, (host, port) in enumerate(settings.hosts, 1):
        try:
            return _Look(host, port, started + number * share, settings, ours).health()
        except NoKafkaError as problem:
            problems.append(problem)
    raise problems[0]


@dataclass(frozen=True)
class _Look:
    """A look at one address, until a deadline (by time.monotonic). Each check raises NoKafkaError."""

    host: str
    port: int
    until: float
    settings: Settings
    ours: dict[str, Any]  # the same for kafka-python, which holds no legible secret

    def __str__(self) -> str:
        return f"'{self.host}:{self.port}'"

    def health(self) -> Healthy:
        """What is there."""
        try:
            wire = _Wire(self.host, self.port, self.until)
        except OSError as error:
            raise NoKafkaError(f"no Kafka answered at {self}: {_why_not_reached(error)}; {START}") from None
        with closing(wire):
            version = self._version(wire)
            brokers = self._enter(wire)
        for broker in brokers:
            try:
                _Wire(broker.host, broker.port, self.until).close()
            except OSError as error:
                there = f"'{broker.host}:{broker.port}', and {_why_not_reached(error)}"
                raise NoKafkaError(
                    f"the Kafka at {self} sends its clients to {there}; correct the broker's "
                    "advertised.listeners, or make that address reachable from here"
                ) from None
        return Healthy(version, len(brokers))

    def _version(self, wire: "_Wire") -> str:
        """The oldest version that can do what this Kafka can."""
        try:
            if self.settings.tls:
                wire.encrypt(self.ours["ssl_context"])
            keys = wire.ask(ApiVersionsRequest[0]()).api_keys
        except (OSError, KafkaError) as error:
            raise NoKafkaError(self._why_no_answer(error, wire)) from None
        known = {key.api_key: (key.min_version, key.max_version) for key in keys}
        # The broker chooses how many replicas a new topic gets (KIP-464): CreateTopics version 4, Kafka 2.4.
        if known.get(CreateTopicsRequest.API_KEY, (0, -1))[1] < 4:
            raise NoKafkaError(
                f"the Kafka at {self} is too old: the workbook needs 2.4 or newer; "
                "update it, or unset KAFKA_BOOTSTRAP_SERVERS"
            )
        return ".".join(map(str, infer_broker_version_from_api_versions(known)))

    def _why_no_answer(self, error: Exception, wire: "_Wire") -> str:
        if isinstance(error, ssl.SSLError) and "CERTIFICATE" in (error.reason or ""):
            return self._why_not_trusted(getattr(error, "verify_code", None))
        if self.settings.tls and not wire.encrypted:
            if self._speaks(tls=False):
                right = self._set_to(tls=False, sasl=self.settings.sasl)
                return f"the Kafka at {self} does not speak TLS, {right}, or take its port for TLS"
            return f"no TLS could be agreed on at {self}: {_brief(error)}; check address and port"
        silent = isinstance(error, TimeoutError)
        if not self.settings.tls and not silent and self._speaks(tls=True):
            right = self._set_to(tls=True, sasl=self.settings.sasl)
            return f"the Kafka at {self} speaks TLS, {right}, or take its port without TLS"
        if wire.heard.startswith(b"HTTP"):
            return f"a web server answers at {self}, no Kafka; correct KAFKA_BOOTSTRAP_SERVERS"
        if silent:
            return f"no Kafka answered at {self}: somebody listens there, but is silent; {START}"
        return f"what answers at {self} is no Kafka: {_brief(error)}; {START}"

    def _why_not_trusted(self, code: int | None) -> str:
        """What OpenSSL says of their certificate; without a code it is they who do not trust ours."""
        theirs = f"the certificate of the Kafka at {self}"
        if code is None:
            return (
                f"the Kafka at {self} wants to see a certificate of ours, and did not accept what it saw; "
                "set KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE to one that it trusts"
            )
        if code in (OTHER_HOST, OTHER_ADDRESS):
            return (
                f"{theirs} is for another host name; write the one it is for into KAFKA_BOOTSTRAP_SERVERS, "
                "or set KAFKA_SSL_CHECK_HOSTNAME=false if you know whom you talk to"
            )
        if code == EXPIRED:
            return f"{theirs} has expired; whoever runs it renews it"
        named = self.settings.ca_file
        signer = f"is not the one in {named!r}" if named else "is unknown to this computer"
        return (
            f"{theirs} is not trusted: its signer {signer}; set KAFKA_SSL_CAFILE to the signer's certificate"
        )

    def _speaks(self, tls: bool) -> bool:
        """Whether anybody with TLS answers, whoever it is; or, without TLS, a Kafka."""
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        try:
            with closing(_Wire(self.host, self.port, self.until)) as wire:
                wire.encrypt(trusting) if tls else wire.ask(ApiVersionsRequest[0]())
        except (OSError, KafkaError) as error:  # an alert is a word of TLS, too
            return tls and isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or "")
        return True

    def _enter(self, wire: "_Wire") -> list[Any]:
        """The brokers, once we are logged in and may work there."""
        try:
            if self.settings.sasl:
                self._log_in(wire)
            brokers = wire.ask(MetadataRequest[4](topics=[], allow_auto_topic_creation=False)).brokers
            self._may_work(wire)
        except NoKafkaError:
            raise
        except (OSError, KafkaError) as error:
            why = f"does not go on: {_brief(error)}; look at its log"
            if not self.settings.sasl and not isinstance(error, TimeoutError):
                right = self._set_to(tls=self.settings.tls, sasl=True)
                more = "KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
                why = f"wants a login, {right}, and {more}"
            raise NoKafkaError(f"the Kafka at {self} {why}") from None
        return brokers

    def _log_in(self, wire: "_Wire") -> None:
        mechanism = get_sasl_mechanism(self.settings.mechanism)(**self.ours)
        with suppress(ValueError, KeyError):  # SCRAM: whoever answers does not know the password either
            self._agree_on_mechanism(wire)
            while not mechanism.is_done():
                answer = wire.ask(SaslAuthenticateRequest[1](auth_bytes=mechanism.auth_bytes()))
                if answer.error_code:
                    break
                mechanism.receive(answer.auth_bytes)
            else:
                return
        if self.settings.token:
            raise NoKafkaError(f"the Kafka at {self} refused the token; set KAFKA_SASL_TOKEN to a fresh one")
        raise NoKafkaError(
            f"the Kafka at {self} refused the login of {self.settings.username!r}: user name or password is "
            f"wrong, or not known to {self.settings.mechanism}; correct KAFKA_SASL_USERNAME "
            "and KAFKA_SASL_PASSWORD"
        )

    def _agree_on_mechanism(self, wire: "_Wire") -> None:
        offer = wire.ask(SaslHandshakeRequest[1](mechanism=self.settings.mechanism))
        if offer.error_code == UnsupportedSaslMechanismError.errno and offer.mechanisms:
            raise NoKafkaError(
                f"the Kafka at {self} does not offer KAFKA_SASL_MECHANISM {self.settings.mechanism!r}; "
                f"it offers {', '.join(sorted(offer.mechanisms))}"
            )
        if offer.error_code:
            right = self._set_to(tls=self.settings.tls, sasl=False)
            raise NoKafkaError(f"the Kafka at {self} has no login, {right}, or take its port for logins")

    def _may_work(self, wire: "_Wire") -> None:
        """Return if topics may be made and groups joined; nothing is made or joined."""
        name = f"{self.settings.prefix}doctor"
        topic = CreateTopicsRequest.CreatableTopic(name=name, num_partitions=1, replication_factor=-1)
        made = wire.ask(CreateTopicsRequest[4](topics=[topic], timeout_ms=2000, validate_only=True))
        joined = wire.ask(HeartbeatRequest[0](group_id=name, generation_id=0, member_id="doctor"))
        for answer, what in ((made.topics[0], "make topics"), (joined, "use consumer groups")):
            if issubclass(for_code(answer.error_code), AuthorizationError):
                who = repr(self.settings.username) if self.settings.username else "we"
                raise NoKafkaError(
                    f"at the Kafka at {self} {who} may not {what} whose names begin with "
                    f"{self.settings.prefix!r}; whoever runs it grants all operations on topics and groups "
                    "of this prefix, or set another FIBERLAB_LEARNER"
                )

    def _set_to(self, tls: bool, sasl: bool) -> str:
        right = f"{'SASL_' if sasl else ''}{'SSL' if tls else 'PLAINTEXT'}"
        return f"but KAFKA_SECURITY_PROTOCOL is {self.settings.protocol!r}; set it to {right}"


def _why_not_reached(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "the name of its host does not resolve"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there: the connection was refused"
    if isinstance(error, TimeoutError):
        return "nobody answers there, as behind a firewall"
    return f"there is no way there: {error.strerror or error}"


def _brief(error: Exception) -> str:
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error).split("\n")[0]


class _Wire:
    """An open connection; `close()` it. Raises OSError (TimeoutError at the deadline, socket.gaierror)."""

    encrypted = False
    heard = b""  # the last bytes that came

    def __init__(self, host: str, port: int, until: float) -> None:
        self._host, self._until = host, until
        self._protocol = KafkaProtocol(client_id="fiberlab")
        errors = []
        places = _resolved(host, port, self._left())
        for number, (*kind, _, place) in enumerate(places):  # each has its share of the time
            self._socket = socket.socket(*kind)
            try:
                self._socket.settimeout(self._left() / (len(places) - number))
                self._socket.connect(place)
                return
            except OSError as error:
                self._socket.close()
                errors.append(error)
        raise errors[0]

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Return once TLS is agreed on. Raises ssl.SSLError, OSError."""
        self._socket.settimeout(self._left())
        self._socket = context.wrap_socket(self._socket, server_hostname=self._host)
        self.encrypted = True

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

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is over")
        return left


def _resolved(host: str, port: int, within_s: float) -> list[tuple]:
    """What getaddrinfo says. It cannot be interrupted: a thread that is too late is left to end by itself."""
    found: Future[list[tuple]] = Future()

    def resolve() -> None:
        try:
            found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.set_exception(error if isinstance(error, OSError) else socket.gaierror(str(error)))

    threading.Thread(target=resolve, name=f"resolve {host}", daemon=True).start()
    try:
        return found.result(within_s)
    except TimeoutError:
        raise socket.gaierror("the name server does not answer") from None
