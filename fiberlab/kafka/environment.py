"""Settings from the environment, which is passed in, and from a file that it may name.

The file holds lines of NAME=value with the same names; # begins a comment. What the environment says wins.
Paths begin at the workbook's folder: notebooks, `lab.py doctor` and a terminal stand in different ones.
"""

import hashlib
import os
import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from fiberlab.kafka.secret import Secret
from fiberlab.kafka.settings import FIELDS, LEARNER_LENGTH, SECRETS, Settings, SettingsError

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
