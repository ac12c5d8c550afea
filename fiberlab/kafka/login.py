"""What kafka-python's clients must be told to get into a Kafka: encryption and login."""

import ssl
from typing import Any

from kafka.net.sasl.oauth import AbstractTokenProvider

from fiberlab.kafka.secret import Secret, keep_out_of_logs
from fiberlab.kafka.settings import TOKEN_MECHANISM, Settings, SettingsError


class GivenToken(AbstractTokenProvider):
    """The token that was given; it is not renewed."""

    def __init__(self, token: str) -> None:
        self._token = Secret(token)

    def token(self) -> str:
        """The token."""
        return self._token


def client_settings(settings: Settings) -> dict[str, Any]:
    """What clients need besides the address; no repr shows a secret. Raises SettingsError."""
    made: dict[str, Any] = {}
    if settings.tls or settings.sasl:
        keep_out_of_logs()
        made["security_protocol"] = settings.protocol
    if settings.tls:
        made["ssl_context"] = tls_context(settings)
    return made | (_login(settings) if settings.sasl else {})


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Whom to trust, and who we are. Raises SettingsError if a file is of no use."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = settings.check_host_name == "true"
    try:
        context.load_verify_locations(settings.ca_file) if settings.ca_file else context.load_default_certs()
    except (OSError, ssl.SSLError):
        what = f"KAFKA_SSL_CAFILE holds no certificate: {settings.ca_file!r}; it must be a PEM file"
        raise SettingsError(what) from None
    if settings.certificate_file:
        _load_own(context, settings)
    return context


def _load_own(context: ssl.SSLContext, settings: Settings) -> None:
    files = settings.certificate_file, settings.key_file or None
    try:
        # Without a password OpenSSL would ask for one on the terminal.
        context.load_cert_chain(*files, password=lambda: str(settings.key_password))
    except (OSError, ssl.SSLError):
        raise SettingsError(
            f"KAFKA_SSL_CERTFILE, KAFKA_SSL_KEYFILE and KAFKA_SSL_PASSWORD do not fit: {files!r}; "
            "they must be PEM files of one key, and the password that of the key"
        ) from None


def _login(settings: Settings) -> dict[str, Any]:
    login: dict[str, Any] = {"sasl_mechanism": settings.mechanism}
    if settings.mechanism == TOKEN_MECHANISM:
        return login | {"sasl_oauth_token_provider": GivenToken(settings.token)}
    name, password = settings.username, Secret(settings.password)
    return login | {"sasl_plain_username": name, "sasl_plain_password": password}
