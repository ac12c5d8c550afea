"""One way to a Kafka: its address, and how to get in. A combination that cannot work is never made.

`environment` reads it from the variables named here, `login` makes client settings of it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from fiberlab.kafka.secret import Secret

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
TOKEN_MECHANISM = "OAUTHBEARER"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", TOKEN_MECHANISM)
LEARNER_LENGTH = 32
_LEARNER = re.compile(rf"[a-z0-9](?:[a-z0-9-]{{0,{LEARNER_LENGTH - 2}}}[a-z0-9])?")
_HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:,\[\]/]+):(\d{1,5})")


class SettingsError(ValueError):
    """The settings for a Kafka are wrong: which, and what to write instead."""


def _variable(name: str, default: str = "", secret: bool = False) -> Any:  # noqa: ANN401 (a field's type is the value's)
    value = Secret(default) if secret else default
    return field(default=value, repr=not secret, metadata={"variable": name})


@dataclass(frozen=True)
class Settings:
    """What was set, as text; "" is not set, and without an address it is the embedded broker.

    Raises SettingsError if something cannot be, or does not fit the rest.
    """

    address: str = _variable("KAFKA_BOOTSTRAP_SERVERS")
    learner: str = _variable("FIBERLAB_LEARNER", "learner")
    protocol: str = _variable("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
    mechanism: str = _variable("KAFKA_SASL_MECHANISM")
    username: str = _variable("KAFKA_SASL_USERNAME")
    password: str = _variable("KAFKA_SASL_PASSWORD", secret=True)
    token: str = _variable("KAFKA_SASL_TOKEN", secret=True)
    ca_file: str = _variable("KAFKA_SSL_CAFILE")
    certificate_file: str = _variable("KAFKA_SSL_CERTFILE")
    key_file: str = _variable("KAFKA_SSL_KEYFILE")
    key_password: str = _variable("KAFKA_SSL_PASSWORD", secret=True)
    check_host_name: str = _variable("KAFKA_SSL_CHECK_HOSTNAME", "true")

    def __post_init__(self) -> None:
        for rule in _RULES:
            for problem in rule(self):
                raise SettingsError(problem)

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.protocol.endswith("SSL")

    @property
    def sasl(self) -> bool:
        """Whether there is a login."""
        return self.protocol.startswith("SASL")

    @property
    def prefix(self) -> str:
        """What this learner's topics and groups begin with, in every run."""
        return f"fiberlab.{self.learner}."

    @property
    def hosts(self) -> list[tuple[str, int]]:
        """Host and port of every broker that was named."""
        pairs = [part.rpartition(":") for part in self.address.split(",")]
        return [(host.strip("[]"), int(port)) for host, _, port in pairs]


FIELDS = {f.metadata["variable"]: f.name for f in fields(Settings)}
SECRETS = tuple(f.metadata["variable"] for f in fields(Settings) if not f.repr)


def _given(s: Settings, chosen: Iterable[str]) -> dict[str, str]:
    return {name: getattr(s, FIELDS[name]) for name in FIELDS if FIELDS[name] in chosen}


def _address(s: Settings) -> Iterator[str]:
    if "@" in s.address:  # and nothing of it is shown: a password is likely
        yield "KAFKA_BOOTSTRAP_SERVERS holds an '@'; write 'host:port', and the login into KAFKA_SASL_…"
    for part in s.address.split(",") if s.address else ():
        match = _HOST_AND_PORT.fullmatch(part)
        if match is None or not 0 < int(match[2]) < 65536:
            yield (
                f"{s.address!r} is not the address of a Kafka; write 'host:port' into "
                "KAFKA_BOOTSTRAP_SERVERS, or unset it to use the embedded broker"
            )


def _nothing_without_address(s: Settings) -> Iterator[str]:
    ours = {name: f for name, f in FIELDS.items() if f not in ("address", "learner")}
    given = [name for name, f in ours.items() if getattr(s, f) != getattr(Settings, f)]
    if given and not s.address:
        yield f"{given[0]} is set, but KAFKA_BOOTSTRAP_SERVERS is not; set the address, or unset the rest"


def _learner(s: Settings) -> Iterator[str]:
    if not _LEARNER.fullmatch(s.learner):
        yield (
            f"FIBERLAB_LEARNER is {s.learner!r}; write at most {LEARNER_LENGTH} of a to z, 0 to 9 and '-', "
            "for example 'ann' or 'ann-2'"
        )


def _one_of_the_known(s: Settings) -> Iterator[str]:
    known = {"protocol": PROTOCOLS, "mechanism": ("", *MECHANISMS), "check_host_name": ("true", "false")}
    for name, value in _given(s, known).items():
        if value not in known[FIELDS[name]]:
            yield f"{name} is {value!r}; write one of {', '.join(filter(None, known[FIELDS[name]]))}"


def _login_fits(s: Settings) -> Iterator[str]:
    if s.sasl and not s.mechanism:
        yield f"KAFKA_SASL_MECHANISM is missing; {s.protocol} needs one of {', '.join(MECHANISMS)}"
    if not s.sasl and (s.mechanism or s.username or s.password or s.token):
        fitting = "SASL_SSL" if s.tls else "SASL_SSL or SASL_PLAINTEXT"
        yield f"a login is set, but {s.protocol} has none; set KAFKA_SECURITY_PROTOCOL to {fitting}"
    by_token, by_name = s.mechanism == TOKEN_MECHANISM, s.mechanism not in ("", TOKEN_MECHANISM)
    if by_token and not s.token:
        yield "KAFKA_SASL_TOKEN is missing; OAUTHBEARER needs it"
    if by_token and (s.username or s.password):
        yield "KAFKA_SASL_USERNAME or _PASSWORD is set, but OAUTHBEARER needs only KAFKA_SASL_TOKEN; unset it"
    if by_name and not (s.username and s.password):
        missing = "KAFKA_SASL_PASSWORD" if s.username else "KAFKA_SASL_USERNAME"
        yield f"{missing} is missing; {s.mechanism} needs user name and password"
    if by_name and s.token:
        yield f"KAFKA_SASL_TOKEN is set, but {s.mechanism} uses a password; unset it, or use OAUTHBEARER"


def _certificates_fit(s: Settings) -> Iterator[str]:
    if not s.tls and (s.ca_file or s.certificate_file or s.key_file or s.key_password):
        fitting = "SASL_SSL" if s.sasl else "SSL"
        yield f"a certificate is set, but {s.protocol} has no TLS; set KAFKA_SECURITY_PROTOCOL to {fitting}"
    if (s.key_file or s.key_password) and not s.certificate_file:
        yield "KAFKA_SSL_CERTFILE is missing; a key is of use only with its certificate"
    for name, path in _given(s, ("ca_file", "certificate_file", "key_file")).items():
        if path and not Path(path).is_file():
            yield f"{name} names no file: {path!r}; correct the path"


_RULES = _address, _nothing_without_address, _learner, _one_of_the_known, _login_fits, _certificates_fit
