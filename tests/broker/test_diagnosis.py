"""What is said of an address at which no usable Kafka is. With a real one: test_secured_kafka."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
import trustme

from classroom.broker.diagnosis import diagnose
from classroom.broker.embedded import EmbeddedBroker
from classroom.broker.settings import Settings
from fiberlab import clients
from fiberlab.clients import NoKafkaError
from tests.facts import seconds

pytestmark = pytest.mark.embedded


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of a listener that treats each connection so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stopped = threading.Event()
        listener.settimeout(0.05)

        def accept() -> None:
            while not stopped.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(2)
                    serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stopped.set()
            thread.join()


def said_of(settings: Settings) -> str:
    with pytest.raises(NoKafkaError) as caught:
        diagnose(settings)
    return str(caught.value)


def test_a_name_that_does_not_resolve():
    said = said_of(Settings("no-such-host.invalid:9092"))
    assert "'no-such-host.invalid:9092': the name of its host does not resolve" in said


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    assert f"'{address}': nobody listens there: the connection was refused; start it" in said_of(
        Settings(address)
    )


def test_somebody_listens_and_is_silent(monkeypatch):
    monkeypatch.setattr(clients, "ANSWER_WITHIN_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        said = said_of(Settings(f"127.0.0.1:{listener.getsockname()[1]}"))
    assert "somebody listens there, but is silent" in said


def test_all_addresses_together_have_five_seconds(monkeypatch):
    monkeypatch.setattr(clients, "ANSWER_WITHIN_S", 2)
    with ExitStack() as stack:
        silent = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(5)]
        addresses = ",".join(f"127.0.0.1:{listener.getsockname()[1]}" for listener in silent)
        assert seconds(lambda: said_of(Settings(addresses))) < 7  # each its own two seconds: 10 s


def test_whoever_hangs_up_is_no_kafka():
    with listening(lambda connection: None) as address:
        assert "is no Kafka" in said_of(Settings(address))


def test_a_web_server_is_no_kafka():
    with listening(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as address:
        said = said_of(Settings(address))
    assert said == f"a web server answers at '{address}', no Kafka; correct KAFKA_BOOTSTRAP_SERVERS"


def test_tls_where_plaintext_is_asked_for():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    def serve(connection: socket.socket) -> None:
        with suppress(OSError):
            context.wrap_socket(connection, server_side=True).close()

    with listening(serve) as address:
        said = said_of(Settings(address))
    assert "speaks TLS, but KAFKA_SECURITY_PROTOCOL is 'PLAINTEXT'; set it to SSL" in said


def test_plaintext_where_tls_is_asked_for_is_told_by_a_kafkas_answer():
    with EmbeddedBroker() as broker:
        address = broker.bootstrap_servers.split(",")[0]
        said = said_of(Settings(address, protocol="SSL"))
    assert "does not speak TLS, but KAFKA_SECURITY_PROTOCOL is 'SSL'; set it to PLAINTEXT" in said


def test_a_kafka_that_cannot_choose_replicas_is_too_old():
    """The embedded broker knows CreateTopics no better than a Kafka before 2.4."""
    with EmbeddedBroker() as broker:
        address = broker.bootstrap_servers.split(",")[0]
        said = said_of(Settings(address))
    assert f"the Kafka at '{address}' is too old: the workbook needs 2.4 or newer; update it" in said


def test_the_first_address_that_fails_is_named_if_none_helps():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert f"'127.0.0.1:{port}'" in said_of(Settings(f"127.0.0.1:{port},no-such-host.invalid:1"))
