"""`lab.py kafka up`, `down`, `status` name their own target, and say what is wrong.

The docker here is a stand-in.
"""

import os
import socket
import sys
from pathlib import Path

import pytest

from classroom.commands import kafka
from classroom.commands.kafka import DockerError

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.skipif(os.name == "nt", reason="DID NOT RUN: the stand-in is a script with a #! line"),
]
# A #! line holds no path with a space; "exec" is a command to sh, and a text to Python.
STAND_IN = """#!/bin/sh
"exec" "{python}" "$0" "$@"
import os, pathlib, sys
asked = " ".join(sys.argv[1:])
answers = {{"--version": {version!r}, "compose version --short": {compose!r}, "version": "28.2.2"}}
answer = answers.get(asked) or (answers["version"] if asked.startswith("version") else None)
if answer:
    print(answer)
else:
    theirs = {{name: value for name, value in os.environ.items() if name.startswith("COMPOSE_")}}
    with (pathlib.Path(__file__).parent / "calls").open("a") as calls:
        print(asked, theirs, file=calls)
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Put a docker of these versions first on the path; what it is asked is in the file `calls`."""

    def put(version: str = "Docker version 28.2.2", compose: str = "2.40.3") -> Path:
        file = tmp_path / "docker"
        file.write_text(STAND_IN.format(python=sys.executable, version=version, compose=compose))
        file.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        return tmp_path / "calls"

    return put


OTHERS = {
    "COMPOSE_FILE": "/srv/shop/docker-compose.yml",
    "COMPOSE_PROJECT_NAME": "shop",
    "COMPOSE_PROFILES": "everything",
    "COMPOSE_ENV_FILES": "/srv/shop/.env",
}


@pytest.mark.parametrize("command", ["up", "down", "status"])
def test_another_projects_settings_do_not_reach_compose(stand_in, monkeypatch, command):
    calls = stand_in()
    monkeypatch.setattr(kafka, "_answers", lambda _: True)
    for name, value in OTHERS.items():
        monkeypatch.setenv(name, value)
    kafka.main([command])
    (call,) = calls.read_text().splitlines()
    ours = kafka.ROOT
    assert f"--file {ours / 'docker-compose.yml'} --project-directory {ours} --project-name fiberlab" in call
    assert call.endswith(" {}")
    assert "shop" not in call


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ({"compose": "2.20.3"}, "docker compose is 2.20.3, and 2.21 or newer is needed"),
        ({"compose": "1.29.2"}, "docker compose is 1.29.2, and 2.21 or newer is needed"),
        ({"version": "podman version 5.2.1"}, "This `docker` is podman"),
    ],
)
def test_what_cannot_start_it_is_named(stand_in, versions, said):
    stand_in(**versions)
    with pytest.raises(DockerError, match=said) as raised:
        kafka.main(["up"])
    assert "Next: " in str(raised.value)


def test_ready_is_said_only_after_the_address_has_answered(stand_in, monkeypatch, capsys):
    stand_in()
    monkeypatch.setenv("DOCKER_HOST", "ssh://ann@elsewhere.example")
    with socket.create_server(("127.0.0.1", 0)) as here:
        address = f"127.0.0.1:{here.getsockname()[1]}"
        monkeypatch.setattr(kafka, "ADDRESSES", {kafka.ONE: address})
        assert kafka.main(["up"]) == 0
        assert f"KAFKA_BOOTSTRAP_SERVERS={address}" in capsys.readouterr().out
    with pytest.raises(DockerError, match=r"nobody answers at .*\(ssh://ann@elsewhere\.example\)"):
        kafka.main(["up"])
    assert "Ready" not in capsys.readouterr().out
