"""The way to a Kafka: which one is meant, how to get in, and who we are there.

Settings come from an environment, which is passed in, and from a file that it may name: lines of NAME=value
with the same names; # begins a comment. What the environment says wins. Paths begin at the workbook's folder,
as notebooks, `lab.py doctor` and a terminal stand in different ones. A combination that cannot work is never
made, and no repr, log or traceback shows a password or a token. Whether anybody is at the address is not
known here, and nothing is connected (`diagnosis`, `connect`).
"""

import hashlib
import logging
import os
import re
import ssl
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kafka.net.sasl.oauth import AbstractTokenProvider

from classroom.place import home

ADDRESS, LEARNER, FILE = "KAFKA_BOOTSTRAP_SERVERS", "FIBERLAB_LEARNER", "KAFKA_SETTINGS_FILE"
# Who somebody is where FIBERLAB_LEARNER does not say it; on a JupyterHub all may have one user name.
USER = ("JUPYTERHUB_USER", "LOGNAME", "USER", "USERNAME")
NOBODY = "learner"
# Users that every container, classroom computer or cloud machine has.
SHARED_NAMES = {NOBODY, "root", "admin", "administrator", "user", "guest", "student", "jovyan", "vscode"}
SHARED_NAMES |= {"codespace", "gitpod", "ubuntu", "debian", "pi", "runner"}
LEARNER_LENGTH, HASH_LENGTH = 32, 6
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
BY_NAME, BY_TOKEN = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"), "OAUTHBEARER"
MECHANISMS = (*BY_NAME, BY_TOKEN)


class SettingsError(ValueError):
    """The settings for a Kafka are wrong: which, and what to write instead."""


class Secret(str):
    """A text like any other, but for its repr."""

    def __repr__(self) -> str:
        return "'***'" if self else "''"


def _variable(name: str, default: str = "", secret: bool = False) -> Any:  # noqa: ANN401 (a field's type is the value's)
    value = Secret(default) if secret else default
    return field(default=value, repr=not secret, metadata={"variable": name})


@dataclass(frozen=True)
class Settings:
    """What was set, as text; "" is not set, and without an address it is the embedded broker.

    Raises SettingsError if something cannot be, or does not fit the rest.
    """

    address: str = _variable(ADDRESS)
    learner: str = _variable(LEARNER, NOBODY)
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
        for sentence, condition in _WRONG.items():
            if found := condition(self):
                raise SettingsError(sentence.format(s=self, found=found))

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

_HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:,\[\]/]+):\d{1,5}")
_LEARNER = re.compile(rf"[a-z0-9](?:[a-z0-9-]{{0,{LEARNER_LENGTH - 2}}}[a-z0-9])?")


def _no_address(s: Settings) -> bool:
    known = all(map(_HOST_AND_PORT.fullmatch, s.address.split(",")))
    return s.address != "" and not (known and all(0 < port < 65536 for _, port in s.hosts))


def _set_without_address(s: Settings) -> str:
    names = () if s.address else (name for name in FIELDS if name not in (ADDRESS, LEARNER))
    return next((name for name in names if getattr(s, FIELDS[name]) != getattr(Settings, FIELDS[name])), "")


def _no_file(s: Settings) -> str:
    paths = ((name, getattr(s, f)) for name, f in FIELDS.items() if f.endswith("_file"))
    return next((f"{name} names no file: {p!r}" for name, p in paths if p and not Path(p).is_file()), "")


# What is said of settings, and when; the first counts. {found} is what a condition has found: never a secret.
_WRONG: dict[str, Callable[[Settings], object]] = {
    "KAFKA_BOOTSTRAP_SERVERS holds an '@'; write 'host:port', and the login into KAFKA_SASL_…": (
        lambda s: "@" in s.address  # and nothing of it is shown: a password is likely
    ),
    "{s.address!r} is not the address of a Kafka; write 'host:port' into "
    "KAFKA_BOOTSTRAP_SERVERS, or unset it to use the embedded broker": _no_address,
    "{found} is set, but KAFKA_BOOTSTRAP_SERVERS is not; set the address, or unset the rest": (
        _set_without_address
    ),
    f"FIBERLAB_LEARNER is {{s.learner!r}}; write at most {LEARNER_LENGTH} of a to z, 0 to 9 and '-', "
    "for example 'ann' or 'ann-2'": lambda s: not _LEARNER.fullmatch(s.learner),
    f"KAFKA_SECURITY_PROTOCOL is {{s.protocol!r}}; write one of {', '.join(PROTOCOLS)}": (
        lambda s: s.protocol not in PROTOCOLS
    ),
    f"KAFKA_SASL_MECHANISM is {{s.mechanism!r}}; write one of {', '.join(MECHANISMS)}": (
        lambda s: s.mechanism not in ("", *MECHANISMS)
    ),
    "KAFKA_SSL_CHECK_HOSTNAME is {s.check_host_name!r}; write one of true, false": (
        lambda s: s.check_host_name not in ("true", "false")
    ),
    f"KAFKA_SASL_MECHANISM is missing; {{s.protocol}} needs one of {', '.join(MECHANISMS)}": (
        lambda s: s.sasl and not s.mechanism
    ),
    "a login is set, but {s.protocol} has none; set KAFKA_SECURITY_PROTOCOL to {found}": (
        lambda s: (
            not s.sasl
            and (s.mechanism or s.username or s.password or s.token)
            and ("SASL_SSL" if s.tls else "SASL_SSL or SASL_PLAINTEXT")
        )
    ),
    "KAFKA_SASL_TOKEN is missing; OAUTHBEARER needs it": lambda s: s.mechanism == BY_TOKEN and not s.token,
    "KAFKA_SASL_USERNAME or _PASSWORD is set, but OAUTHBEARER needs only KAFKA_SASL_TOKEN; unset it": (
        lambda s: (s.username or s.password) and s.mechanism == BY_TOKEN
    ),
    "KAFKA_SASL_USERNAME is missing; {s.mechanism} needs user name and password": (
        lambda s: s.mechanism in BY_NAME and not s.username
    ),
    "KAFKA_SASL_PASSWORD is missing; {s.mechanism} needs user name and password": (
        lambda s: s.mechanism in BY_NAME and not s.password
    ),
    "KAFKA_SASL_TOKEN is set, but {s.mechanism} uses a password; unset it, or use OAUTHBEARER": (
        lambda s: s.token and s.mechanism in BY_NAME
    ),
    "a certificate is set, but {s.protocol} has no TLS; set KAFKA_SECURITY_PROTOCOL to {found}": (
        lambda s: (
            not s.tls
            and (s.ca_file or s.certificate_file or s.key_file or s.key_password)
            and ("SASL_SSL" if s.sasl else "SSL")
        )
    ),
    "KAFKA_SSL_CERTFILE is missing; a key is of use only with its certificate": (
        lambda s: (s.key_file or s.key_password) and not s.certificate_file
    ),
    "{found}; correct the path": _no_file,
}


def ours(environment: Mapping[str, str]) -> dict[str, str]:
    """What of the environment is for us, with secrets that no repr shows."""
    return _hidden({name: environment[name] for name in (*FIELDS, FILE, *USER) if name in environment})


def read(environment: Mapping[str, str]) -> Settings:
    """What is set. Raises SettingsError."""
    environment = ours(environment)  # so that no frame of a traceback holds a legible secret
    user = learner_of(next((environment[name] for name in USER if environment.get(name)), ""))
    if environment.get(ADDRESS) == "":  # set to nothing, on purpose: the embedded broker
        return Settings(learner=environment.get(LEARNER) or user)
    path = environment.get(FILE)
    given = (_in_file(_from_home(path)) if path else {}) | environment
    values = {FIELDS[name]: value for name, value in given.items() if name in FIELDS and value}
    paths = {name: str(_from_home(value)) for name, value in values.items() if name.endswith("_file")}
    return Settings(**{"learner": user} | values | paths)


def learner_of(user: str) -> str:
    """What this user's topics are called by, another one for each user name.

    The name itself, if it can be part of a topic's name; else what can of it, and a hash of the name.
    """
    user = unicodedata.normalize("NFC", user)
    can = re.sub(r"[^a-z0-9]+", "-", user.lower()).strip("-")[: LEARNER_LENGTH - HASH_LENGTH - 1].strip("-")
    if can == user or not user:
        return can or NOBODY
    return f"{can or NOBODY}-{hashlib.sha256(user.encode(errors='replace')).hexdigest()[:HASH_LENGTH]}"


def is_told_apart(environment: Mapping[str, str]) -> bool:
    """Whether the learner's name is one that other people on the same Kafka do not have as well."""
    named = any(environment.get(name) for name in (LEARNER, "JUPYTERHUB_USER"))
    return named or read(environment).learner not in SHARED_NAMES


def _hidden(values: Mapping[str, str]) -> dict[str, str]:
    return {name: Secret(value) if name in SECRETS else value.strip() for name, value in values.items()}


def _from_home(path: str) -> Path:
    return home() / os.path.expanduser(path)  # noqa: PTH111 (pathlib's raises for a user that is unknown)


def _in_file(path: Path) -> dict[str, str]:
    lines = enumerate(map(str.strip, _text(path).splitlines()), 1)
    return _hidden(dict(_pair(number, line) for number, line in lines if line and not line.startswith("#")))


def _text(path: Path) -> str:
    """What the file says; a byte order mark before UTF-8 is no part of it."""
    try:
        written = path.read_bytes()
    except OSError as error:
        said = f"{FILE} cannot be read: {str(path)!r}, {error.strerror}; correct the path"
        raise SettingsError(said) from None
    encoding = "UTF-16" if written[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in written else "not UTF-8"
    with suppress(UnicodeError):
        if encoding != "UTF-16":
            return written.decode("utf-8-sig")
    raise SettingsError(f"{FILE} is {encoding}: {str(path)!r}; save it as UTF-8 in your editor")


def _pair(number: int, line: str) -> tuple[str, str]:
    """Name and value. Of a line that is not understood nothing is shown: it may be a part of a password."""
    name, equals, value = (part.strip() for part in line.partition("="))
    if not equals or not re.fullmatch(r"[A-Z]+(_[A-Z]+)+", name):
        raise SettingsError(f"line {number} of {FILE} is not NAME=value; correct it, or begin it with #")
    if name not in FIELDS:
        near = get_close_matches(name, FIELDS, 1, 0)[0]
        raise SettingsError(f"line {number} of {FILE} sets {name}, which is unknown; is it {near}?")
    if value[:1] in ("'", '"') and value[:1] == value[-1:]:
        raise SettingsError(f"line {number} of {FILE} has quotes around the value; write it without them")
    return name, value


class GivenToken(AbstractTokenProvider):
    """The token that was given; it is not renewed."""

    def __init__(self, token: str) -> None:
        self._token = Secret(token)

    def token(self) -> str:
        """The token."""
        return self._token


def client_settings(settings: Settings) -> dict[str, Any]:
    """What kafka-python needs besides the address; no repr shows a secret. Raises SettingsError."""
    made: dict[str, Any] = {}
    if settings.tls or settings.sasl:
        keep_out_of_logs()
        made["security_protocol"] = settings.protocol
    if settings.tls:
        made["ssl_context"] = _tls_context(settings)
    if settings.sasl:
        made["sasl_mechanism"] = settings.mechanism
    if settings.sasl and settings.token:
        made["sasl_oauth_token_provider"] = GivenToken(settings.token)
    elif settings.sasl:
        made["sasl_plain_username"] = settings.username
        made["sasl_plain_password"] = Secret(settings.password)
    return made


def _tls_context(settings: Settings) -> ssl.SSLContext:
    """Whom to trust, and who we are. Raises SettingsError if a file is of no use."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = settings.check_host_name == "true"
    try:
        context.load_verify_locations(settings.ca_file) if settings.ca_file else context.load_default_certs()
    except OSError:
        what = f"KAFKA_SSL_CAFILE holds no certificate: {settings.ca_file!r}; it must be a PEM file"
        raise SettingsError(what) from None
    files = settings.certificate_file, settings.key_file or None
    try:
        if settings.certificate_file:  # without a password OpenSSL would ask for one on the terminal
            context.load_cert_chain(*files, password=lambda: str(settings.key_password))
    except OSError:
        raise SettingsError(
            f"KAFKA_SSL_CERTFILE, KAFKA_SSL_KEYFILE and KAFKA_SSL_PASSWORD do not fit: {files!r}; "
            "they must be PEM files of one key, and the password that of the key"
        ) from None
    return context


def keep_out_of_logs() -> None:
    """Return once kafka-python's log at DEBUG leaves out logins, and raw bytes. Twice is fine."""
    for name in ("kafka.protocol.parser", "kafka.net.connection"):
        logging.getLogger(name).addFilter(_harmless)


def _harmless(record: logging.LogRecord) -> bool:
    told = record.args if isinstance(record.args, tuple) else (record.args,)
    return not any(isinstance(part, bytes | bytearray) or "Sasl" in type(part).__name__ for part in told)
