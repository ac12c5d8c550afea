"""Make the workbook's own Python environment in .venv, then open the workbook, run it or test it, there.

Standard library only. No syntax here is newer than Python 3.6, and no annotation above the check of the
version: a Python that is too old must still read this file as far as the sentence that says so.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from ast import literal_eval
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Optional

try:
    import fcntl
except ImportError:  # Windows: there an open log file keeps a second installation out
    fcntl = None

ROOT = Path(__file__).resolve().parent
REQUIREMENTS = ROOT / "requirements.txt"
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "installed.txt"  # written last: without it the installation is unfinished
INSTALL_LOG = VENV / "install.log"
WHEELS = ROOT / "wheels"  # as it comes from a stick: `lab.py pack` made it, and PACKED says for whom
PACKED = WHEELS / "packed.json"
DOWNLOADS = "https://www.python.org/downloads/"


def age_problem(version: tuple) -> str:
    """Say what is wrong with a Python of this version; nothing when it is new enough."""
    if version[:2] >= (3, 11):
        return ""
    return (
        f"This is Python {version[0]}.{version[1]}, and the workbook needs 3.11 or newer.\n"
        f"Next: install one from {DOWNLOADS}, then start again with it, for example: python3.12 lab.py"
    )


if age_problem(sys.version_info):
    sys.exit(age_problem(sys.version_info))


class LabError(Exception):
    """Something the reader can mend: one sentence, and the next step."""

    def __init__(self, sentence: str, next_step: str) -> None:
        super().__init__(f"{sentence}\nNext: {next_step}")


# --- the environment in .venv ---


def set_up() -> None:
    """Leave a .venv that holds the pinned packages; when it already does, this takes milliseconds."""
    if is_installed() and not venv_flaw():
        return
    with REQUIREMENTS.open("rb") as turn:
        wait_for_turn(turn)
        flaw = venv_flaw()
        if flaw or not is_installed():
            check_wheels()
        if flaw:
            print(f"The folder .venv {flaw}: making it again.")
            shutil.rmtree(VENV)
        if not is_installed():
            check_fitness()
        if not VENV.exists():
            make_venv(turn)
        if not is_installed():
            install(turn)


def wait_for_turn(turn: BinaryIO) -> None:
    """Return when no other installation works in this folder, nor a pip that outlived its killed lab.py."""
    try:
        if fcntl:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another installation is going on in this folder: waiting for it to end ...")
        fcntl.flock(turn, fcntl.LOCK_EX)
    except OSError:
        pass  # some network folders know no locks


def is_installed() -> bool:
    """Tell whether .venv holds what requirements.txt asks for: written down, and seen there."""
    written = STAMP.exists() and STAMP.read_text() == stamp(REQUIREMENTS.read_bytes(), sys.version_info)
    return written and not missing_pins()


def missing_pins() -> list[str]:
    """Return the pins, of those for every computer, of which .venv has no such version."""
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(VENV)}))
    found = {plain(file.stem) for file in packages.glob("*.dist-info")}
    pins = [line.partition(" #")[0].strip() for line in wanted() if "==" in line and ";" not in line]
    return [pin for pin in pins if plain(pin.replace("==", "-")) not in found]


def plain(name: str) -> str:
    """Return name and version of a package as all tools would spell them."""
    return re.sub(r"[-_.]+", "-", name).lower()


# Packages that have no wheel for some computers. The notebooks do without them, but for an embedded broker.
WITHOUT_WHEEL = {
    "Windows on ARM": ("confluent-kafka", "cryptography"),  # win_arm64
    "Alpine, or another Linux with musl": ("confluent-kafka", "lz4", "playwright"),
    "macOS 12 or older, with Python 3.13 or newer": ("confluent-kafka",),
}


def wanted() -> list[str]:
    """Return the lines of requirements.txt that can be had on this computer."""
    left_out = WITHOUT_WHEEL.get(no_embedded_broker(), ())
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.partition("==")[0] not in left_out]


def no_embedded_broker() -> str:
    """Return which kind of computer this is, if confluent-kafka has no wheel for it; else nothing."""
    arm, musl, old_mac = WITHOUT_WHEEL
    if os.name == "nt" and platform.machine().upper() == "ARM64":
        return arm
    if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""):
        return musl
    release = platform.mac_ver()[0].split(".")[0]
    return old_mac if release and int(release) < 13 and sys.version_info >= (3, 13) else ""


# The kinds of computers that `lab.py pack` knows, by system and processor.
COMPUTERS = {
    ("win32", "amd64"): "windows",
    ("darwin", "x86_64"): "mac-intel",
    ("darwin", "arm64"): "mac-arm",
    ("linux", "x86_64"): "linux",
    ("linux", "aarch64"): "linux-arm",
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def this_computer() -> str:
    """Return which of these kinds this computer is; if it is none, what it is."""
    kind = (sys.platform, platform.machine().lower())
    return no_embedded_broker() or COMPUTERS.get(kind, " ".join(kind))


def this_python() -> str:
    """Return the version of this Python as far as wheels ask for it: "3.12"."""
    return "{}.{}".format(*sys.version_info)


def stamp(requirements: bytes, version: tuple) -> str:
    """Return what changes with the minor version of Python, then with the pins: "3.12 9f86d0…"."""
    return f"{version[0]}.{version[1]} {hashlib.sha256(requirements).hexdigest()}"


def venv_flaw() -> str:
    """Say why .venv has to be made again; nothing when it can be used, or is not there at all."""
    if not VENV.exists():
        return ""
    if not STAMP.exists():
        return "was left unfinished"
    if STAMP.read_text().split(" ")[0] != stamp(b"", sys.version_info).split(" ")[0]:
        return "belongs to another version of Python"
    return "" if is_alive() else "has lost its Python"


def is_alive() -> bool:
    """Tell whether the Python in .venv runs and finds its packages."""
    question = [PYTHON, "-c", "import pip"]
    try:
        return subprocess.run(question, stderr=subprocess.DEVNULL, env=environment()).returncode == 0
    except OSError:
        return False


NEEDED = ("_ctypes", "_sqlite3", "_ssl", "zlib", "venv", "ensurepip")
ROOM_BYTES = 1_200_000_000


def check_fitness() -> None:
    """Return if this Python and this disk can carry an environment; raise LabError if not."""
    lacking = [name for name in NEEDED if not can_import(name)]
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    if set(lacking) & {"venv", "ensurepip"}:
        raise LabError(
            "This Python lacks the module venv or ensurepip, so it cannot make the folder .venv.",
            f"on Debian or Ubuntu: sudo apt install {package}; elsewhere: install Python from {DOWNLOADS}",
        )
    if lacking:
        raise LabError(
            f"This Python was built without {', '.join(lacking)}, which the workbook needs.",
            f"start again with another Python, for example one from {DOWNLOADS}; or install libsqlite3-dev, "
            "libffi-dev, libssl-dev and zlib1g-dev, and build it again",
        )
    if os.name == "posix" and os.statvfs(ROOT).f_flag & getattr(os, "ST_NOEXEC", 0):
        raise LabError(
            f"Programs may not run in {ROOT}: its disk is mounted noexec.", "move the folder to another disk"
        )
    free = shutil.disk_usage(ROOT).free
    if free < ROOM_BYTES:
        raise LabError(
            f"The disk of {ROOT} has {free / 1e9:.1f} GB left, and {ROOM_BYTES / 1e9:.1f} GB are needed.",
            "make room, or move the folder to another disk",
        )


OR_PYPI = "where there is a network, rename the folder wheels, and the packages come from PyPI"


def check_wheels() -> None:
    """Return if the wheels beside lab.py fit, or if there are none; raise LabError if not."""
    if not WHEELS.is_dir():
        return
    try:
        packed = json.loads(PACKED.read_text(encoding="utf-8"))
        platforms, pythons = (" or ".join(packed[key]) for key in ("platforms", "pythons"))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        raise LabError(
            f"The folder wheels beside lab.py is not whole: {PACKED.name} is not there, or damaged.",
            f"copy all of the stick's folder again, then start again; or, {OR_PYPI}",
        ) from None
    if this_computer() not in packed["platforms"] or this_python() not in packed["pythons"]:
        raise LabError(
            f"The wheels beside lab.py are for Python {pythons} on {platforms}, and this is Python "
            f"{this_python()} on {this_computer()}.",
            f"start again with one of these Pythons, or get a stick for this one; or, {OR_PYPI}",
        )


def can_import(name: str) -> bool:
    """Tell whether this Python has a module that works."""
    try:
        import_module(name)
    except ImportError:
        return False
    return True


def make_venv(turn: BinaryIO) -> None:
    """Make an environment with pip and nothing else in it."""
    VENV.mkdir()
    if run_logged([sys.executable, "-m", "venv", VENV], turn):
        raise LabError(f"The folder .venv could not be made: {last_words()}.", f"read {INSTALL_LOG}")


def install(turn: BinaryIO) -> None:
    """Install the pinned packages, wheels only, and write the stamp once they were seen in .venv."""
    if no_embedded_broker():
        print(
            f"This computer ({no_embedded_broker()}) can have no embedded broker: name a Kafka in "
            'KAFKA_BOOTSTRAP_SERVERS, see "Which Kafka?" in README.md.'
        )
    print("Installing the packages into .venv: once, a minute or two ...")
    STAMP.unlink(missing_ok=True)
    (VENV / "requirements.txt").write_text("\n".join(wanted()), encoding="utf-8")
    failed, said = run_pip(turn, "install", "-r", VENV / "requirements.txt")
    missing = missing_pins()
    if failed:  # it said what, and seldom why: ask for one package, with all that it can say
        said += run_pip(turn, "download", "-vv", "--dest", VENV / "unused", *missing[:1])[1]
    if failed or missing:
        raise why_not_installed(said if failed else f"pip ended well, but .venv lacks {missing[0]}")
    make_at_home()
    run_logged([PYTHON, "-c", "import matplotlib.pyplot"], turn)  # looks for fonts once: now, not in a cell
    STAMP.write_text(stamp(REQUIREMENTS.read_bytes(), sys.version_info))


def run_pip(turn: BinaryIO, command: str, *words: object) -> tuple[int, str]:
    """Run .venv's pip into the log, wheels only; return its exit status, and what it said."""
    begin = INSTALL_LOG.stat().st_size if INSTALL_LOG.exists() else 0
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", command]
    options = ["--progress-bar=off", "--only-binary=:all:", "--no-deps"]  # every dependency is pinned
    if WHEELS.is_dir():
        options += ["--no-index", "--find-links", WHEELS]
    failed = run_logged([*pip, *options, *words], turn, pip_settings())
    return failed, INSTALL_LOG.read_bytes()[begin:].decode(errors="replace")


# What pip may be told by the environment or by its files: where packages come from. Where they go, and
# which they are, is the project's business.
FROM_WHERE = (
    "index-url extra-index-url find-links no-index proxy cert client-cert trusted-host timeout retries"
)
FROM_WHERE += " resume-retries cache-dir no-cache-dir keyring-provider use-feature"


def pip_settings() -> dict[str, str]:
    """Return the variables for pip: of its settings and files, what says where packages come from."""
    if WHEELS.is_dir():  # from there, and from nowhere else
        return {"PIP_CONFIG_FILE": os.devnull}
    ours = {name: value for name, value in os.environ.items() if is_from_where(name)}
    asked = [PYTHON, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    variables = {**without_pip(environment()), **ours}
    if "PIP_CONFIG_FILE" in os.environ:
        variables["PIP_CONFIG_FILE"] = os.environ["PIP_CONFIG_FILE"]
    listed = subprocess.run(asked, env=variables, stdout=subprocess.PIPE, encoding="utf-8")
    found = {}
    for section in ("global", "install", ":env:"):  # the last one wins
        for line in listed.stdout.splitlines():
            key, _, value = line.partition("=")
            name = f"PIP_{key[len(section) + 1 :].upper().replace('-', '_')}"
            if key.startswith(f"{section}.") and is_from_where(name):
                found[name] = literal_eval(value)
    if "PIP_FIND_LINKS" not in found:  # without another place, "no index" would be "nothing"
        found.pop("PIP_NO_INDEX", None)
    return {**found, "PIP_CONFIG_FILE": os.devnull}


def without_pip(variables: dict) -> dict[str, str]:
    """Return the variables but for pip's own."""
    return {name: value for name, value in variables.items() if not name.startswith("PIP_")}


def is_from_where(variable: str) -> bool:
    """Tell whether a variable is one of pip's that say where packages come from."""
    return variable.startswith("PIP_") and variable[4:].lower().replace("_", "-") in FROM_WHERE.split()


TO_PYPI = "The packages come from PyPI: name a proxy or mirror in pip's settings (PIP_PROXY, PIP_INDEX_URL)"

# What pip's log says, in the order of what tells most; why nothing was installed; and the next step.
CAUSES = (
    (
        "CERTIFICATE_VERIFY_FAILED|certificate verify failed|confirming the ssl certificate",
        "the certificate of the package index is not trusted here; does a virus scanner or network inspect?",
        "set PIP_CERT to the file of the certificate that is used instead (PEM)",
    ),
    (
        "407 |Proxy Authentication",
        "the proxy asks for a login",
        "set PIP_PROXY to http://name:password@host:port",
    ),
    (
        "ProxyError|connect to proxy",
        "the proxy does not answer",
        "correct PIP_PROXY or HTTPS_PROXY, or unset it",
    ),
    ("No space left|Errno 28|disk full", "the disk is full", "make room"),
    (
        "name resolution|Name or service not known|getaddrinfo failed|nodename nor servname|NameResolution",
        "the name of the package index does not resolve; this computer may be offline",
        f"connect it. {TO_PYPI}",
    ),
    (
        "401 |403 |Unauthorized|Forbidden",
        "the package index refuses this login",
        "correct PIP_INDEX_URL or pip.conf",
    ),
    (
        "NewConnectionError|ConnectTimeout|ReadTimeout|timed out|unreachable|refused|aborted|SSLError",
        "there is no way to the package index",
        TO_PYPI,
    ),
    (
        "DO NOT MATCH THE HASHES|BadZipFile|Wheel .* is invalid",
        "a package arrived damaged, or changed on its way",
        "copy the stick's folder again, or try again, or another mirror",
    ),
    (
        "No matching distribution found for ",
        "the package index has no wheel of this package for this Python and computer",
        "start again with another Python (3.11 to 3.14, 64 bits), or correct PIP_INDEX_URL",
    ),
)


LACKING = (
    "No matching distribution found for ",
    "the folder wheels beside lab.py lacks this package, or has it for newer systems only",
    "copy all of the stick's folder again; it is for Windows 10, macOS 13, Linux with glibc 2.28 and newer; "
    f"or, {OR_PYPI}",
)


def why_not_installed(said: str, what: str = "The packages could not be installed") -> LabError:
    """Return the error for what pip said: its cause, not only its consequence."""
    causes = (LACKING, *CAUSES) if WHEELS.is_dir() else CAUSES
    told = ((re.search(signs, said, re.IGNORECASE), cause, step) for signs, cause, step in causes)
    cause, step = next(
        ((cause, step) for found, cause, step in told if found), ("pip could not do it", "read the log")
    )
    lines = [line for line in said.splitlines() if line.startswith("ERROR: ")] or said.splitlines() or [""]
    last = f"{lines[-1].strip()}; all that pip said: {INSTALL_LOG}"
    return LabError(f"{what}: {cause} ({last}).", f"{step}, then start again")


def make_at_home() -> None:
    """Let .venv import `fiberlab` wherever the folder goes, and keep JupyterLab from asking for news."""
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(VENV)}))
    (packages / "fiberlab.pth").write_text(os.path.relpath(ROOT, packages), encoding="ascii")
    quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    settings = VENV / "share/jupyter/lab/settings"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "overrides.json").write_text(json.dumps(quiet))


def run_logged(command: list, turn: BinaryIO, more: Optional[dict] = None) -> int:
    """Run a command into the log, its last line on the terminal meanwhile; return the exit status."""
    # It gets `turn` as its input only to keep it open: should lab.py be killed, its turn is not yet over.
    with INSTALL_LOG.open("ab") as log:
        variables = {**without_pip(environment()), **(more or {})}
        process = subprocess.Popen(command, stdin=turn, stdout=log, stderr=log, env=variables)
    try:
        while process.poll() is None:
            show(last_words())
            time.sleep(0.2)
    finally:
        process.terminate()
        status = process.wait()  # so that nobody writes any more where Ctrl-C makes us clean up
        show("")
    return status


def show(line: str) -> None:
    """Overwrite the current line of a terminal; elsewhere do nothing."""
    if sys.stdout.isatty():
        print(f"\r{line[:78]:78}\r", end="", flush=True)


def last_words() -> str:
    """Return the last error in the log, or its last line when there is none."""
    lines = INSTALL_LOG.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    return next((line for line in reversed(lines) if line.startswith("ERROR: ")), lines[-1])


def hand_over(module: str, *arguments: str) -> int:
    """Go on as this module in the Python of .venv; return its exit status."""
    command = [str(PYTHON), "-m", "classroom.commands", module, *arguments]
    os.chdir(ROOT)
    if os.name == "posix":  # nobody stands between it and Ctrl-C, or a signal
        sys.stdout.flush()
        os.execve(command[0], command, environment())
    return subprocess.call(command, env=environment())


# --- what passes of this computer's settings ---

# Names of variables that stay outside, and why. Each of these tools is used here, is set up by the project,
# and would obey a setting that was made for something else. All other names pass: proxies, certificates,
# pip's own, KAFKA_..., FIBERLAB_..., those of the operating system.
KEPT_OUT = (
    ("PYTHON* __PYVENV_LAUNCHER__ VIRTUAL_ENV*", "another Python's folders, start-up files and switches"),
    ("JUPYTER* JPY_* JP_LSP_* JLAB_* KERNEL_* GATEWAY_*", "another server's address, extensions and kernels"),
    ("IPYTHON* IPYKERNEL* TRAITLETS_* NBCONVERT_* NBFORMAT_*", "start-up files, and checks of another kind"),
    ("DEBUGPY_* PYDEV* PYZMQ_* TORNADO_*", "an editor's debugger, and other sockets, within each kernel"),
    ("MPL* MATPLOTLIB*", "pictures in another style, or in a window that is not there"),
    ("PANDAS_* ANYWIDGET_*", "behaviour of a later release, or of a developer's computer"),
    (
        "PYTEST* PY_COLORS PY_IGNORE_* TOX_* HYPOTHESIS_*",
        "another project's plugins and options in our tests",
    ),
    ("COVERAGE_* COV_*", "another project's measurement; chapter 03 counts tests with our own"),
    ("RUFF_*", "another project's rules"),
    ("FASTAPI_* OTEL_* PYDANTIC_* WEB_CONCURRENCY FORWARDED_ALLOW_IPS", "another web server's set-up"),
    ("AIOSMTPD_* ASYNCIO_CATCHUP_DELAY", "another mail server's set-up"),
    ("SSLKEYLOGFILE", "a file that cannot be written stops every client, even one without TLS"),
)
PASSES = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED")  # they change no result
OWN = {
    "IPYTHONDIR": str(VENV / "home"),
    "JUPYTER_CONFIG_DIR": str(VENV / "home"),
    "JUPYTER_DATA_DIR": str(VENV / "home"),
    "JUPYTER_PATH": str(ROOT / "classroom/commands/jupyter"),  # the kernel: .venv's Python, and nothing else
    "MALLOC_ARENA_MAX": "1",  # glibc keeps memory for each thread that has ended: 20 MB a chapter
    "MPLCONFIGDIR": str(VENV / "home"),
    "PYTHONUTF8": "1",
}


def environment() -> dict[str, str]:
    """Return what passes of this environment, and the project's own settings."""
    return {**{name: value for name, value in os.environ.items() if passes(name)}, **OWN}


def passes(name: str) -> bool:
    """Tell whether a variable of this name reaches what lab.py starts."""
    patterns = [pattern for names, _ in KEPT_OUT for pattern in names.split()]
    return name in PASSES or not any(fnmatchcase(name, pattern) for pattern in patterns)


# --- the command line ---


def port_number(text: str) -> int:
    """Return the port that was asked for."""
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 65535")


def command_line() -> argparse.ArgumentParser:
    """Return what can be asked for, and of which module: it gets the words behind the command as they are."""
    lab = argparse.ArgumentParser(description="Without a command: open the workbook.", allow_abbrev=False)
    lab.add_argument("--port", type=port_number, metavar="N", help="default: the first free one from 8888")
    lab.add_argument("--no-browser", action="store_true", help="only print the address")
    lab.set_defaults(module=["workbook"])
    commands = lab.add_subparsers(dest="command", title="commands", metavar="command")

    def command(name: str, module: str, help: str, **more: bool) -> argparse.ArgumentParser:
        parser = commands.add_parser(name, help=help, allow_abbrev=False, **more)
        parser.set_defaults(module=module.split())
        return parser

    test = command("test", "verify", "check everything; options after it go to pytest: -k NAME, -n 0")
    legs = test.add_mutually_exclusive_group()
    legs.add_argument("--kafka", action="store_true", help="what speaks to Kafka, on Apache Kafka")
    legs.add_argument("--quick", action="store_true", help="what needs no broker, process, socket or picture")
    series = command("run", "notebooks run", "run the notebooks without a browser")
    series.add_argument("--save", action="store_true", help="keep the outputs in the notebooks")
    series.add_argument("names", nargs="*", help="only these, for example 05")
    reset = command("reset", "copies", "begin again; what you wrote is kept")
    reset.add_argument("what", help="a chapter (01), an exercise by its name, or everything")
    solved = command("trainer", "notebooks trainer", "run the notebooks with the exercises solved")
    solved.add_argument("names", nargs="*", help="only these, for example 01")
    progress = command("progress", "room", "who is stuck where, from progress files")
    progress.add_argument("files", nargs="+", type=os.path.abspath, help="my-notebooks/progress.json of each")
    progress.add_argument("--picture", type=os.path.abspath, default="progress.png", help="where to draw it")
    pack = command("pack", "pack", "make a folder for a USB stick: it installs without a network")
    pack.add_argument("folder", nargs="?", type=os.path.abspath, default="stick", help="default: stick")
    kinds = {"nargs": "+", "choices": [*COMPUTERS.values()], "default": [this_computer()]}
    pack.add_argument("--platform", **kinds, help="for these computers; default: such as this one")
    versions = {"nargs": "+", "choices": PYTHONS, "default": [this_python()]}
    pack.add_argument("--python", **versions, help="for these Pythons; default: such as this one")
    command("doctor", "doctor", "find out what is wrong here, or on the way to a Kafka")
    kafka = command("kafka", "kafka", "start and stop Apache Kafka, or clean up at a shared one")
    what = "up, status, down: in Docker; run: without it; clean: remove your own topics and groups"
    kafka.add_argument("what", choices=("up", "status", "down", "run", "clean"), help=what)
    kafka.add_argument("--cluster", action="store_true", help="three brokers instead of one")
    command("service", "service", "run one service in a process of its own", add_help=False)
    command("redrive", "redrive", "hand a service its dead letters again", add_help=False)
    command("book", "book", "build the chapters as pages that any browser shows", add_help=False)
    return lab


def main() -> int:
    """Do what the command line asks for; return the exit status."""
    module, *arguments = target(sys.argv[1:])
    set_up()
    return hand_over(module, *arguments)


READ_FURTHER_ON = ("test", "service", "redrive", "book")  # what lab.py does not know is for its module


def target(words: list[str]) -> list[str]:
    """Return the module that does what is asked for, and its arguments."""
    asked, rest = command_line().parse_known_args(words)
    if rest and asked.command not in READ_FURTHER_ON:
        command_line().error(f"unknown: {' '.join(rest)}; see python3 lab.py --help")
    words = words[words.index(asked.command) + 1 :] if asked.command else words
    if asked.command == "progress":  # named from where the trainer stands
        words = ["--picture", asked.picture, *asked.files]
    if asked.command == "pack":
        words = [asked.folder, "--platform", *asked.platform, "--python", *asked.python]
    if asked.command == "book":
        return ["book", *words]
    if asked.command == "kafka" and asked.what == "run":
        return ["tests.apache_kafka", *["--cluster"] * asked.cluster]
    module, *first = asked.module
    return [f"classroom.commands.{module}", *first, *words]


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except (LabError, KeyboardInterrupt) as end:
        sys.exit(str(end) or "\nStopped; start again whenever you like.")
    except OSError as error:
        sys.exit(f"{error}.\nNext: check that the disk has room and that you may write to {ROOT}")
