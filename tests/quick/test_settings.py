"""The settings of a Kafka: what fits is taken, the rest is named with what to write, and secrets stay."""

import logging
import pickle
import traceback
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.broker import settings as environment
from classroom.broker.settings import (
    FIELDS,
    LEARNER_LENGTH,
    SECRETS,
    Secret,
    Settings,
    SettingsError,
    client_settings,
    keep_out_of_logs,
)

pytestmark = pytest.mark.embedded

HIDDEN = "geheim-7f3a"
ADDRESS = {"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9093"}
TLS = ADDRESS | {"KAFKA_SECURITY_PROTOCOL": "SSL"}
LOGIN = ADDRESS | {
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "PLAIN",
    "KAFKA_SASL_USERNAME": "ann",
    "KAFKA_SASL_PASSWORD": HIDDEN,
}
TOKEN = ADDRESS | {
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
    "KAFKA_SASL_TOKEN": HIDDEN,
}


def without(settings: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in settings.items() if key != name}


WRONG = {
    "no address": ({"KAFKA_SASL_USERNAME": "ann"}, "KAFKA_SASL_USERNAME is set, but KAFKA_BOOTSTRAP_SERVERS"),
    "an unknown protocol": (ADDRESS | {"KAFKA_SECURITY_PROTOCOL": "TLS"}, "is 'TLS'; write one of PLAINTEXT"),
    "an unknown mechanism": (LOGIN | {"KAFKA_SASL_MECHANISM": "GSSAPI"}, "is 'GSSAPI'; write one of PLAIN"),
    "no mechanism": (without(LOGIN, "KAFKA_SASL_MECHANISM"), "KAFKA_SASL_MECHANISM is missing"),
    "no user name": (without(LOGIN, "KAFKA_SASL_USERNAME"), "KAFKA_SASL_USERNAME is missing"),
    "no password": (without(LOGIN, "KAFKA_SASL_PASSWORD"), "KAFKA_SASL_PASSWORD is missing"),
    "no token": (without(TOKEN, "KAFKA_SASL_TOKEN"), "KAFKA_SASL_TOKEN is missing"),
    "a token and a password": (LOGIN | {"KAFKA_SASL_TOKEN": HIDDEN}, "KAFKA_SASL_TOKEN is set, but PLAIN"),
    "a password and a token": (TOKEN | {"KAFKA_SASL_PASSWORD": HIDDEN}, "OAUTHBEARER needs only"),
    "a login, but none wanted": (
        LOGIN | {"KAFKA_SECURITY_PROTOCOL": "SSL"},
        "set KAFKA_SECURITY_PROTOCOL to SASL_",
    ),
    "a certificate, but no TLS": (
        ADDRESS | {"KAFKA_SSL_CAFILE": "README.md"},
        "set KAFKA_SECURITY_PROTOCOL to SSL",
    ),
    "a key, but no certificate": (TLS | {"KAFKA_SSL_PASSWORD": HIDDEN}, "KAFKA_SSL_CERTFILE is missing"),
    "no such file": (TLS | {"KAFKA_SSL_CAFILE": "/nowhere.pem"}, "names no file: '/nowhere.pem'"),
    "not a certificate": (TLS | {"KAFKA_SSL_CAFILE": "README.md"}, "KAFKA_SSL_CAFILE holds no certificate"),
    "not our certificate": (
        TLS | {"KAFKA_SSL_CERTFILE": "README.md", "KAFKA_SSL_PASSWORD": HIDDEN},
        "KAFKA_SSL_CERTFILE, KAFKA_SSL_KEYFILE and KAFKA_SSL_PASSWORD do not fit",
    ),
    "yes, as a truth": (TLS | {"KAFKA_SSL_CHECK_HOSTNAME": "yes"}, "is 'yes'; write one of true, false"),
    "a name with a space": (
        {"FIBERLAB_LEARNER": "Ann B"},
        "FIBERLAB_LEARNER is 'Ann B'; write at most 32 of",
    ),
    "a long name": ({"FIBERLAB_LEARNER": "a" * (LEARNER_LENGTH + 1)}, "write at most 32 of"),
    "no settings file": (ADDRESS | {"KAFKA_SETTINGS_FILE": "/nowhere"}, "KAFKA_SETTINGS_FILE cannot be read"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_is_said_with_the_next_step_and_without_a_secret(wrong):
    variables, said = WRONG[wrong]
    with pytest.raises(SettingsError) as caught:
        client_settings(environment.read(variables))
    assert said in str(caught.value)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in told.stack if "classroom" in frame.filename]
    assert HIDDEN not in str(caught.value)
    assert HIDDEN not in "".join(f"{frame.locals}" for frame in ours)


def test_a_login_in_the_address_is_refused_and_nothing_of_it_is_shown():
    with pytest.raises(SettingsError, match="write 'host:port', and the login into KAFKA_SASL_…") as caught:
        environment.read({"KAFKA_BOOTSTRAP_SERVERS": f"ann:{HIDDEN}@kafka:9092"})
    assert HIDDEN not in str(caught.value)


@pytest.mark.parametrize("right", [ADDRESS, TLS, LOGIN, TOKEN], ids=["address", "TLS", "login", "token"])
def test_what_fits_is_taken_and_no_repr_shows_a_secret(right):
    settings = environment.read(right)
    assert [getattr(settings, FIELDS[name]) for name in right] == list(right.values())
    for shown in (repr(settings), f"{client_settings(settings)}", f"{environment.ours(right)}"):
        assert HIDDEN not in shown


def test_nothing_set_is_the_embedded_broker_and_the_users_name():
    assert environment.read({"USER": "Ann Bö"}) == Settings(learner="ann-b-e59425")
    assert environment.read({"KAFKA_BOOTSTRAP_SERVERS": "", "KAFKA_SECURITY_PROTOCOL": "SSL"}).address == ""


def test_the_learner_is_who_is_named_or_the_user_of_a_hub_or_of_the_computer():
    users = {"USER": "jovyan", "JUPYTERHUB_USER": "ann@example.org"}
    assert environment.read(users).learner.startswith("ann-example-org-")
    assert environment.read(users | {"FIBERLAB_LEARNER": "ann-2"}).prefix == "fiberlab.ann-2."


ALIKE = [
    ("Müller", "Möller"),
    ("李雷", "韩梅梅"),
    ("Иван", "Ольга"),
    ("ann.lee", "ann-lee"),
    ("ann_lee", "ann.lee"),
    ("Ann", "ann"),
    ("ann@a.example", "ann@b.example"),
    ("x" * 40 + "1", "x" * 40 + "2"),
    ("-", "--"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_two_users_never_share_a_prefix(one, other):
    assert environment.read({"USER": one}).prefix != environment.read({"USER": other}).prefix


def test_a_name_is_the_same_however_its_letters_are_composed_and_plain_ones_stay():
    assert environment.learner_of("Mu\u0308ller") == environment.learner_of("Müller")
    assert environment.learner_of("ann-lee") == "ann-lee"
    assert environment.learner_of("") == "learner"


@given(st.sets(st.text(max_size=50), min_size=2, max_size=20))
def test_however_many_users_there_are_each_has_a_name_of_its_own(users):
    users = {unicodedata.normalize("NFC", user) for user in users} - {""}
    assert len({environment.learner_of(user) for user in users}) == len(users)


@given(st.text())
def test_any_users_name_makes_a_learners_name(user):
    assert Settings(learner=environment.learner_of(user)).learner


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), st.text(max_size=20)))
def test_settings_are_taken_or_refused_by_name_and_a_refusal_tells_no_secret(values):
    marked = {
        name: value and (f"{HIDDEN}{value}" if name in SECRETS else value) for name, value in values.items()
    }
    try:
        shown = repr(environment.read(marked))
    except SettingsError as error:
        shown = str(error)
    assert HIDDEN not in shown


@pytest.fixture
def file(tmp_path):
    """Writes a settings file; returns the environment that names it."""

    def write(text: str) -> dict[str, str]:
        (tmp_path / "kafka.env").write_text(text, encoding="utf-8")
        return {"KAFKA_SETTINGS_FILE": str(tmp_path / "kafka.env")}

    return write


def test_a_settings_file_says_the_same_and_the_environment_wins(file):
    lines = "\n".join(f"{name} = {value}" for name, value in LOGIN.items())
    named = file(f"# our cluster\n\n{lines}\n")
    assert environment.read(named) == environment.read(LOGIN | {"FIBERLAB_LEARNER": "learner"})
    assert environment.read(named | {"KAFKA_SASL_USERNAME": "bob"}).username == "bob"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (HIDDEN, "line 1 of KAFKA_SETTINGS_FILE is not NAME=value"),
        ("KAFKA_SASL_PASSWORT=" + HIDDEN, "which is unknown; is it KAFKA_SASL_PASSWORD?"),
        (f"KAFKA_SASL_PASSWORD='{HIDDEN}'", "has quotes around the value"),
    ],
)
def test_a_line_that_is_not_understood_is_numbered_and_not_shown(file, line, said):
    with pytest.raises(SettingsError) as caught:
        environment.read(file(line))
    assert said in str(caught.value)
    assert HIDDEN not in str(caught.value)


def test_a_secret_is_a_text_that_only_its_repr_hides():
    hidden = Secret(HIDDEN)
    assert hidden == HIDDEN
    assert f"{[hidden]} {hidden!r}" == "['***'] '***'"
    assert repr(Secret("")) == "''"
    assert repr(pickle.loads(pickle.dumps(hidden))) == "'***'"


@pytest.mark.parametrize("raw", [HIDDEN.encode(), bytearray(HIDDEN.encode())], ids=["bytes", "bytearray"])
def test_kafka_pythons_log_leaves_out_raw_bytes(raw, caplog):
    keep_out_of_logs()
    caplog.set_level(logging.DEBUG)
    talkative = logging.getLogger("kafka.protocol.parser")
    talkative.debug("Send: %r", raw)
    talkative.debug("Sending request %s", 1)
    assert caplog.messages == ["Sending request 1"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("KAFKA_SASL_USERNAME=ann\n".encode("utf-16"), "is UTF-16"),
        ("KAFKA_SASL_USERNAME=ann\n".encode("utf-16-le"), "is UTF-16"),
        ("KAFKA_SASL_USERNAME=Bjørn\n".encode("latin-1"), "is not UTF-8"),
    ],
)
def test_a_settings_file_that_is_no_utf8_is_named_as_that(tmp_path, written, said):
    file = tmp_path / "kafka.env"
    file.write_bytes(written)
    with pytest.raises(SettingsError, match=f"KAFKA_SETTINGS_FILE {said}: .*save it as UTF-8"):
        environment.read({"KAFKA_SETTINGS_FILE": str(file)})


def test_a_settings_file_with_a_byte_order_mark_and_the_line_ends_of_windows_is_read(tmp_path):
    file = tmp_path / "kafka.env"
    file.write_bytes("KAFKA_BOOTSTRAP_SERVERS=kafka:9092\r\nFIBERLAB_LEARNER=ann\r\n".encode("utf-8-sig"))
    settings = environment.read({"KAFKA_SETTINGS_FILE": str(file)})
    assert (settings.address, settings.learner) == ("kafka:9092", "ann")
