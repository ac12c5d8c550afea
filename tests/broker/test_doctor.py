"""`lab.py doctor`: everything in order, or a line that says what is missing and what to do."""

import os
import socket

import pytest

from classroom.commands import doctor

ADDRESS = "KAFKA_BOOTSTRAP_SERVERS"


def test_all_is_well_on_the_kafka_in_use(capsys):
    here = {name: os.environ[name] for name in (ADDRESS,) if name in os.environ}
    assert doctor.main([], here | {"FIBERLAB_LEARNER": "ann"}) == 0
    said = capsys.readouterr().out
    assert "missing" not in said
    assert "'fiberlab.ann.'" in said
    assert said.splitlines()[-1] == "ok       an event, written and read"
    if ADDRESS in here:
        assert f"Kafka at {here[ADDRESS]}, version 4." in said
    else:
        assert "embedded broker" in said


@pytest.mark.embedded
def test_a_kafka_that_is_not_there_is_one_line_with_the_next_step(capsys):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    assert doctor.main([], {ADDRESS: address}) == 1
    (missing,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("missing")]
    assert f"'{address}': nobody listens there" in missing
    assert "unset it to use the embedded broker" in missing


@pytest.mark.embedded
def test_settings_that_do_not_fit_are_said_without_the_secret(capsys):
    given = {ADDRESS: "127.0.0.1:9", "KAFKA_SASL_PASSWORD": "geheim-7f3a"}
    assert doctor.main([], given) == 1
    said = capsys.readouterr().out
    assert "a login is set, but PLAINTEXT has none" in said
    assert "geheim" not in said
