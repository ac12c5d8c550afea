"""What stops an installation is named, and what .venv holds is looked at: copies of lab.py, and real pips."""

import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme

import lab
from tests.machine.test_lab_command import load

pytestmark = [pytest.mark.timeout(180), pytest.mark.embedded]
ROOT = Path(lab.__file__).parent
PINS = "small==1\nconfluent-kafka==2.16.1   # via fiberlab\n"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> Path:
    """A folder with one wheel, made here: the package `small`, version 1."""
    folder = tmp_path_factory.mktemp("wheels")
    info = folder / "small-1.dist-info"
    info.mkdir()
    (folder / "small.py").write_text("")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: small\nVersion: 1\n")
    (info / "WHEEL").write_text(
        "Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    (info / "RECORD").write_text("small.py,,\nsmall-1.dist-info/METADATA,,\nsmall-1.dist-info/WHEEL,,\n")
    archive = shutil.make_archive(str(folder / "small"), "zip", folder, ".")
    target = tmp_path_factory.mktemp("links") / "small-1-py3-none-any.whl"
    shutil.move(archive, target)
    return target.parent


@pytest.fixture(scope="module")
def with_pip(tmp_path_factory) -> Path:
    """A .venv in which pip is installed, and nothing else yet; made once, as pip takes seconds."""
    venv = tmp_path_factory.mktemp("made") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    (venv / "installed.txt").write_text(lab.stamp(b"of other pins", sys.version_info))
    return venv


@pytest.fixture
def made(tree, with_pip) -> Path:
    """The copy with that .venv."""
    shutil.copytree(with_pip, tree / ".venv", symlinks=True)
    return tree


@pytest.fixture
def tree(tmp_path) -> Path:
    """A copy of lab.py whose only pin is `small`, before the first start."""
    root = tmp_path / "Hérd Fiber"
    root.mkdir()
    shutil.copy(ROOT / "lab.py", root)
    (root / "requirements.txt").write_text("small==1  # via nobody\n")
    return root


def set_up(tree: Path, *within: str, **settings: str) -> str:
    """What lab.py says when it makes .venv under these settings, perhaps within another program."""
    hidden = {name: value for name, value in os.environ.items() if not name.upper().startswith("PIP_")}
    code = "import lab, sys\ntry:\n    lab.set_up()\nexcept lab.LabError as error:\n    print(error)"
    ran = subprocess.run(
        [*within, sys.executable, "-c", code],
        cwd=tree,
        env=hidden | {"PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull} | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr


def test_settings_that_say_where_packages_go_do_not_reach_pip(tree, wheels, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\nfind-links = {wheels}\nno-index = true\n[install]\ntarget = {elsewhere}\n")
    others = {
        "PIP_TARGET": str(elsewhere),
        "PIP_PREFIX": str(elsewhere),
        "PIP_ROOT": str(elsewhere),
        "PIP_DRY_RUN": "1",
        "PIP_USER": "1",
        "PIP_REQUIRE_HASHES": "1",
        "PIP_CONSTRAINT": "/nowhere/constraints.txt",
        "PIP_NO_BINARY": ":all:",
        "PIP_LOG": "/nowhere/log",
    }
    said = set_up(tree, PIP_CONFIG_FILE=str(config), **others)
    assert "could not" not in said
    home = load(tree)
    assert home.missing_pins() == []
    assert home.is_installed()
    assert not elsewhere.exists()


def test_an_environment_that_lost_a_package_is_not_taken_for_installed(made, wheels):
    set_up(made, PIP_FIND_LINKS=str(wheels), PIP_NO_INDEX="1")
    home = load(made)
    (lost,) = home.VENV.rglob("small-1.dist-info")
    shutil.rmtree(lost)
    assert home.missing_pins() == ["small==1"]
    assert not home.is_installed()
    set_up(made, PIP_FIND_LINKS=str(wheels), PIP_NO_INDEX="1")
    assert home.is_installed()


class Index(BaseHTTPRequestHandler):
    """A package index, or a proxy, that answers everything with one status."""

    status = 404

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("content-length", "0")
        self.end_headers()

    do_CONNECT = do_GET

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def index(request) -> Iterator[int]:
    """The port of a server that answers with the status, over TLS of an unknown signer if there is none."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Index", (Index,), {"status": request.param or 200}))
    if not request.param:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("index", "settings", "cause"),
    [
        (
            None,
            {"PIP_INDEX_URL": "https://127.0.0.1:{port}/simple"},
            "the certificate of the package index",
        ),
        (
            407,
            {"PIP_INDEX_URL": "https://pypi.example/simple", "PIP_PROXY": "http://127.0.0.1:{port}"},
            "the proxy asks for a login",
        ),
        (403, {"PIP_INDEX_URL": "http://127.0.0.1:{port}/simple"}, "the package index refuses this login"),
        (
            404,
            {"PIP_INDEX_URL": "http://127.0.0.1:{port}/simple"},
            "the package index has no wheel of this package",
        ),
    ],
    indirect=["index"],
    ids=["certificate", "proxy", "login", "no wheel"],
)
def test_why_nothing_was_installed_is_said_with_the_next_step(made, index, settings, cause):
    said = set_up(made, **{name: value.format(port=index) for name, value in settings.items()})
    assert f"The packages could not be installed: {cause}" in said
    assert "Next: " in said


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("WARNING: Retrying ... [Errno -3] Temporary failure in name resolution", "does not resolve"),
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "the disk is full"),
        ("WARNING: ... Connection refused", "there is no way to the package index"),
        ("ERROR: Wheel 'small' located at /wheels/small-1.whl is invalid.", "a package arrived damaged"),
    ],
)
def test_other_causes_are_named_from_what_pip_said(said, cause):
    assert cause in str(lab.why_not_installed(f"{said}\nERROR: No matching distribution found for small==1"))


@pytest.mark.parametrize("lacking", ["_sqlite3", "_ctypes", "_ssl"])
def test_a_python_without_a_module_is_told_so_before_anything_is_made(tree, lacking):
    code = f"import sys; sys.modules['{lacking}'] = None; import lab; lab.set_up()"
    ran = subprocess.run([sys.executable, "-c", code], cwd=tree, capture_output=True, text=True, check=False)
    assert f"This Python was built without {lacking}, which the workbook needs." in ran.stderr
    assert not (tree / ".venv").exists()


def test_a_disk_without_room_is_told_before_anything_is_made(tree, monkeypatch):
    home = load(tree)
    monkeypatch.setattr(home, "ROOM_BYTES", 10**18)
    with pytest.raises(home.LabError, match=r"has .* GB left, and .* GB are needed"):
        home.check_fitness()


@pytest.mark.parametrize(
    ("system", "machine", "release", "kind"),
    [
        ("nt", "ARM64", "", "Windows on ARM"),
        ("posix", "arm64", "12.7.6", "macOS 12 or older, with Python 3.13"),
    ],
)
def test_a_computer_without_an_embedded_broker_installs_the_rest(
    tree, monkeypatch, system, machine, release, kind
):
    home = load(tree)
    monkeypatch.setattr(home.os, "name", system)
    monkeypatch.setattr(home.platform, "machine", lambda: machine)
    monkeypatch.setattr(home.platform, "mac_ver", lambda: (release, ("", "", ""), machine))
    monkeypatch.setattr(home, "REQUIREMENTS", SimpleNamespace(read_text=lambda **_: PINS))
    monkeypatch.setattr(home.sys, "version_info", (3, 13))
    assert home.no_embedded_broker().startswith(kind)
    assert home.wanted() == ["small==1"]


# --- from a stick ---


def run_pack(tree: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """What `lab.py pack` does, with the packages of this Python, as the tree's .venv has only its own."""
    asked = [sys.executable, "-m", "classroom.commands", *load(tree).target(["pack", *words])]
    told = os.environ | {"PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull} | settings
    return subprocess.run(asked, cwd=tree, env=told, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def packing(wheels, tmp_path_factory) -> Path:
    """A small workbook with an environment, which can be packed."""
    root = tmp_path_factory.mktemp("packing")
    for name in ("lab.py", ".gitignore", "classroom/__init__.py", "classroom/place.py"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "classroom/commands", root / "classroom/commands")
    elsewhere = "nowhere==1 ; sys_platform == 'win32'"
    (root / "requirements.txt").write_text(f"small==1  # via nobody\n{elsewhere}\n")
    set_up(root, PIP_FIND_LINKS=str(wheels), PIP_NO_INDEX="1")
    return root


@pytest.fixture(scope="module")
def packed(packing, wheels, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("a stick") / "Hérd Fiber"
    ran = run_pack(packing, str(folder), PIP_FIND_LINKS=str(wheels), PIP_NO_INDEX="1", PIP_DEST="/nowhere")
    assert ran.returncode == 0, ran.stderr
    assert f"{folder} is ready" in ran.stdout
    return folder


@pytest.fixture
def stick(packed, tmp_path) -> Path:
    """A packed folder as somebody has copied it."""
    return Path(shutil.copytree(packed, tmp_path / "from a stick"))


CUT = ["unshare", "--net", "--map-root-user"]  # nothing within it has a network
CAN_CUT = shutil.which("unshare") and not subprocess.run([*CUT, "true"], capture_output=True).returncode


def test_a_packed_folder_installs_without_a_network_and_asks_for_none(stick):
    elsewhere = "http://127.0.0.1:9/simple"
    said = set_up(stick, *(CUT if CAN_CUT else []), PIP_INDEX_URL=elsewhere, PIP_FIND_LINKS=elsewhere)
    assert "could not" not in said
    assert load(stick).is_installed()
    assert elsewhere not in load(stick).INSTALL_LOG.read_text(encoding="utf-8")
    assert {path.name for path in stick.iterdir()} >= {"lab.py", "classroom", "START HERE.txt"}


@pytest.mark.parametrize(
    "told", [{"pythons": ["3.9", "3.10"]}, {"platforms": ["amiga", "atari"]}], ids=["Python", "computer"]
)
def test_wheels_for_others_are_told_with_what_they_are_for(stick, told):
    home = load(stick)
    home.PACKED.write_text(json.dumps(json.loads(home.PACKED.read_text()) | told))
    said = set_up(stick)
    (others,) = told.values()
    assert said.startswith("The wheels beside lab.py are for Python ")
    assert " or ".join(others) in said
    assert f"this is Python {home.this_python()} on {home.this_computer()}.\nNext: start again with" in said
    assert not home.VENV.exists()


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text("{")], ids=["lost", "broken"])
def test_wheels_that_do_not_say_for_whom_they_are_were_not_copied_whole(stick, damage):
    damage(load(stick).PACKED)
    assert set_up(stick).startswith("The folder wheels beside lab.py is not whole: packed.json ")


def test_wheels_that_do_not_fit_leave_an_environment_that_another_python_can_use(stick):
    home = load(stick)
    home.PACKED.write_text(json.dumps({"pythons": ["3.9"], "platforms": ["amiga"]}))
    home.VENV.mkdir()
    home.STAMP.write_text("3.9 1f2e")
    assert set_up(stick).startswith("The wheels beside lab.py are for Python 3.9")
    assert home.STAMP.exists()


def test_a_wheel_that_the_stick_lacks_is_no_fault_of_an_index(stick):
    wheel = load(stick).WHEELS / "small-1-py3-none-any.whl"
    wheel.rename(wheel.with_name("small-1-py3-none-beos.whl"))
    said = set_up(stick)
    assert "The packages could not be installed: the folder wheels beside lab.py lacks this package" in said
    assert "small==1" in said
    assert "Next: copy all of the stick's folder again" in said


def test_what_cannot_be_fetched_for_a_computer_is_told_and_leaves_no_half_stick(packing, wheels, tmp_path):
    asked = [str(tmp_path / "usb"), "--platform", "windows", "--python", "3.12"]
    ran = run_pack(packing, *asked, PIP_FIND_LINKS=str(wheels), PIP_NO_INDEX="1")
    assert ran.returncode == 1
    assert ran.stderr.startswith(
        "The wheels for Python 3.12 on windows were not fetched: the package index has"
    )
    assert "nowhere==1" in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_not_packed_into(packing, tmp_path):
    ran = run_pack(packing, str(tmp_path))
    told = f"{tmp_path} is already there.\nNext: name a new folder, such as {tmp_path / 'herd-fiber'}\n"
    assert (ran.returncode, ran.stderr) == (1, told)
