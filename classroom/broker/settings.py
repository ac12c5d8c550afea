"""One way to a Kafka: its address, and how to get in. A combination that cannot work is never made.

`environment` reads it from the variables named here, `login` makes client settings of it.

Settings from the environment, which is passed in, and from a file that it may name.

The file holds lines of NAME=value with the same names; # begins a comment. What the environment says wins.
Paths begin at the workbook's folder: notebooks, `lab.py doctor` and a terminal stand in different ones.

What kafka-python's clients must be told to get into a Kafka: encryption and login.

Passwords and tokens that no repr, log or traceback shows.
"""

import hashlib
import logging
import os
import re
import ssl
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kafka.net.sasl.oauth import AbstractTokenProvider

# Where kafka-python, when its log is at DEBUG, writes down what it sends, logins included.
_TALKATIVE = ("kafka.protocol.parser", "kafka.net.connection")


class Secret(str):
    """A text like any other, but for its repr."""

    def __repr__(self) -> str:
        return "'***'" if self else "''"


def keep_out_of_logs() -> None:
    """Return once kafka-python's log leaves out logins, and raw bytes. Twice is fine."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_harmless)


def _harmless(record: logging.LogRecord) -> bool:
    return not any(_tells(argument) for argument in _arguments(record))


def _tells(argument: object) -> bool:
    return isinstance(argument, bytes | bytearray) or "Sasl" in type(argument).__name__


def _arguments(record: logging.LogRecord) -> tuple[Any, ...]:
    return record.args if isinstance(record.args, tuple) else (record.args,)


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


HOME = Path(__file__).parents[2]
ADDRESS, LEARNER, FILE = "KAFKA_BOOTSTRAP_SERVERS", "FIBERLAB_LEARNER", "KAFKA_SETTINGS_FILE"
# Who somebody is where FIBERLAB_LEARNER does not say it; on a JupyterHub all may have one user name.
USER = ("JUPYTERHUB_USER", "LOGNAME", "USER", "USERNAME")
HASH_LENGTH = 6
NOBODY = "learner"
# Users that every container, classroom computer or cloud machine has.
SHARED_NAMES = {NOBODY, "root", "admin", "administrator", "user", "guest", "student", "jovyan", "vscode"}
SHARED_NAMES |= {"codespace", "gitpod", "ubuntu", "debian", "pi", "runner"}
_NAME = re.compile(r"[A-Z]+(_[A-Z]+)+")


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
    values = {FIELDS[name]: _path(name, value) for name, value in given.items() if name in FIELDS and value}
    return Settings(**{"learner": user} | values)


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


def _path(name: str, value: str) -> str:
    return str(_from_home(value)) if FIELDS[name].endswith("_file") else value


def _from_home(path: str) -> Path:
    return HOME / os.path.expanduser(path)  # noqa: PTH111 (pathlib's raises for a user that is unknown)


def _hidden(values: Mapping[str, str]) -> dict[str, str]:
    return {name: Secret(value) if name in SECRETS else value.strip() for name, value in values.items()}


def _in_file(path: Path) -> dict[str, str]:
    lines = [line.strip() for line in _text(path).splitlines()]
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]
    return _hidden(dict(_pair(number, line) for number, line in numbered))


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
    if not equals or not _NAME.fullmatch(name):
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
