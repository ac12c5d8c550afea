"""Why a Kafka cannot be used: a sentence for each way in which it fails, and the next step."""

import socket
import ssl

from fiberlab.kafka.settings import Settings

OTHER_HOST, OTHER_ADDRESS, EXPIRED = 62, 64, 10  # OpenSSL's X509_V_ERR_…
START = "start it, correct KAFKA_BOOTSTRAP_SERVERS, or unset it to use the embedded broker"


class NoKafkaError(ConnectionError):
    """This Kafka cannot be used: why, and what to do next."""


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
