"""What other tools and projects have set on a computer reaches neither the workbook nor its kernels."""

# ruff: noqa: F811 (fixtures are asked for by the names under which they are imported)

import ast
import json
import shutil
import sysconfig
from fnmatch import fnmatchcase
from pathlib import Path

import psutil
import pytest
from ipykernel import kernelspec
from jupyter_client.blocking import BlockingKernelClient

import lab
from classroom.world.company import DATA
from tests.facts import answer_from, eventually
from tests.machine.test_lab_command import call, load, ready, start, tree, write_notebook  # noqa: F401  (fixtures)

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(180)]

# Set by others, to something that hurts. Each was seen, or stands in the source of a package that we pin.
OF_OTHERS = {
    "PYTHONPATH": "/nowhere", "PYTHONHOME": "/nowhere", "PYTHONSAFEPATH": "1", "PYTHONWARNINGS": "error",
    "PYTHONSTARTUP": "/nowhere.py", "PYTHONUSERBASE": "/nowhere", "PYTHONOPTIMIZE": "2", "PYTHONINSPECT": "1",
    "PYTHONIOENCODING": "ascii", "PYTHONBREAKPOINT": "no.such", "PYTHONUTF8": "0", "PYTHONDEVMODE": "1",
    "__PYVENV_LAUNCHER__": "/nowhere", "VIRTUAL_ENV": "/nowhere",
    "JUPYTER_PATH": "/nowhere", "JUPYTER_CONFIG_PATH": "/nowhere", "JUPYTER_CONFIG_DIR": "/nowhere",
    "JUPYTER_DATA_DIR": "/nowhere", "JUPYTER_RUNTIME_DIR": "/nowhere", "JUPYTER_NO_CONFIG": "1",
    "JUPYTER_PREFER_ENV_PATH": "0", "JUPYTER_PLATFORM_DIRS": "1", "JUPYTER_TOKEN": "known to all",
    "JUPYTER_TOKEN_FILE": "/nowhere", "JUPYTER_GATEWAY_URL": "http://127.0.0.1:9",
    "JUPYTERLAB_DIR": "/nowhere", "JUPYTERLAB_SETTINGS_DIR": "/nowhere",
    "JUPYTERLAB_WORKSPACES_DIR": "/nowhere",
    "JUPYTERHUB_SERVICE_PREFIX": "/user/ann/", "JUPYTERHUB_API_TOKEN": "secret",
    "JPY_PARENT_PID": "1", "JP_LSP_VIRTUAL_DIR": "/nowhere", "JLAB_BROWSER_TYPE": "none",
    "KERNEL_USERNAME": "ann", "KERNEL_LAUNCH_TIMEOUT": "soon", "GATEWAY_WS_PING_INTERVAL_SECS": "soon",
    "IPYTHONDIR": "/nowhere", "IPYTHON_SUPPRESS_CONFIG_ERRORS": "maybe", "IPYKERNEL_CELL_NAME": "x",
    "TRAITLETS_APPLICATION_RAISE_CONFIG_FILE_ERROR": "1", "NBCONVERT_DISABLE_CONFIG_EXPORTERS": "1",
    "NBFORMAT_VALIDATOR": "none", "DEBUGPY_EXTRA_ARGV": "--x", "PYDEVD_LOAD_NATIVE_LIB": "x",
    "PYZMQ_BACKEND": "none", "TORNADO_EXTENSION": "1",
    "MATPLOTLIBRC": "/nowhere", "MPLBACKEND": "Qt4Agg", "MPLCONFIGDIR": "/nowhere", "PANDAS_FUTURE": "1",
    "ANYWIDGET_HMR": "1", "PYTEST_ADDOPTS": "--no-such-option", "PYTEST_PLUGINS": "no_such_plugin",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PY_COLORS": "1", "PY_IGNORE_IMPORTMISMATCH": "1",
    "TOX_ENV_DIR": "/nowhere", "HYPOTHESIS_STORAGE_DIRECTORY": "/nowhere",
    "COVERAGE_FILE": "/nowhere/x", "COVERAGE_RCFILE": "/nowhere/x", "COVERAGE_PROCESS_START": "/nowhere/x",
    "COVERAGE_CORE": "none", "COV_CORE_SOURCE": "x", "RUFF_CONFIG": "/nowhere", "FASTAPI_ENV": "x",
    "OTEL_SDK_DISABLED": "x", "PYDANTIC_DISABLE_PLUGINS": "x", "WEB_CONCURRENCY": "many",
    "FORWARDED_ALLOW_IPS": "*", "AIOSMTPD_CONTROLLER_TIMEOUT": "soon", "ASYNCIO_CATCHUP_DELAY": "soon",
    "SSLKEYLOGFILE": "/proc/nowhere/keys.log",
}  # fmt: skip
# What the computer needs, where packages come from, how the network is, and which Kafka.
OURS = [
    "PATH", "HOME", "TMPDIR", "SYSTEMROOT", "LANG", "LC_ALL", "TZ", "CI", "BROWSER", "DISPLAY",
    "HTTP_PROXY", "https_proxy", "NO_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE",
    "PIP_INDEX_URL", "PIP_PROXY", "PIP_CERT", "KAFKA_BOOTSTRAP_SERVERS", "KAFKA_SASL_PASSWORD",
    "FIBERLAB_LEARNER", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED",
]  # fmt: skip


@pytest.mark.parametrize("name", OF_OTHERS)
def test_a_setting_of_another_tool_is_kept_out(name, monkeypatch):
    monkeypatch.setenv(name, OF_OTHERS[name])
    assert lab.environment().get(name) == lab.OWN.get(name)


@pytest.mark.parametrize("name", OURS)
def test_what_the_workbook_needs_passes(name, monkeypatch):
    monkeypatch.setenv(name, "as it was")
    assert lab.environment()[name] == "as it was"


def test_every_kind_of_setting_that_is_kept_out_has_its_reason_and_a_case():
    assert all(reason for _, reason in lab.KEPT_OUT)
    patterns = [pattern for names, _ in lab.KEPT_OUT for pattern in names.split()]
    assert [p for p in patterns if not any(fnmatchcase(name, p) for name in OF_OTHERS)] == []


# --- all of them at once, and what lies in the folders of the computer ---

STRANGER = {
    "name": "stranger",
    "version": "1.0.0",
    "jupyterlab": {"extension": True, "_build": {"load": "static/r.js", "extension": "./extension"}},
}
DEAD_KERNEL = {"argv": ["/bin/false", "{connection_file}"], "display_name": "x", "language": "python"}
ELSEWHERE = """
import jupyter_core.paths as j, IPython.core.application as i
j.SYSTEM_JUPYTER_PATH[:] = j.SYSTEM_CONFIG_PATH[:] = i.SYSTEM_CONFIG_DIRS[:] = [{folder!r}]
"""


@pytest.fixture
def computer(ready, tmp_path):
    """A folder that stands for /usr/local/share/jupyter, /etc/jupyter and /etc/ipython of this computer."""
    folder = tmp_path / "computer"
    for name, text in {
        "labextensions/stranger/package.json": json.dumps(STRANGER),
        "labextensions/stranger/static/r.js": "",
        "kernels/python3/kernel.json": json.dumps(DEAD_KERNEL),
        "kernels/stranger/kernel.json": json.dumps(DEAD_KERNEL),
        "jupyter_server_config.py": "c.ServerApp.base_url = '/user/ann/'",
        "jupyter_config.py": "c.PasswordIdentityProvider.hashed_password = 'argon2:x'",
        "jupyter_server_config.d/s.json": '{"ServerApp": {"jpserver_extensions": {"stranger": true}}}',
        "labconfig/page_config.json": '{"disabledExtensions": {"@jupyterlab/notebook-extension": true}}',
        "ipython_kernel_config.py": "c.IPKernelApp.exec_lines = ['stranger = 1']",
        "startup/00.py": "stranger = 1",
    }.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(load(ready).VENV)}))
    (packages / "elsewhere.py").write_text(ELSEWHERE.format(folder=str(folder)))
    (packages / "elsewhere.pth").write_text("import elsewhere")
    return folder


OPENED = "my-notebooks/00-start-here.ipynb"
SESSION = {"path": OPENED, "type": "notebook", "name": "", "kernel": {"name": "python3"}}
CHAPTER = """
import matplotlib.pyplot as plt
colour = plt.figure().gca().plot([1, 2], color="red")[0].get_color()
plt.close()
"stranger" if "stranger" in globals() else colour
"""
SEEN = """
import os, sys
import my_module
seen = {"python": sys.executable, "stranger": "stranger" in globals(), "module": my_module.__file__}
seen["environment"] = dict(os.environ)
"""


@pytest.fixture
def settings(computer):
    """All of them at once; without the one with which no Python starts, so that lab.py is never asked."""
    kept = {name: value for name, value in OF_OTHERS.items() if name != "PYTHONHOME"}
    return kept | {"JUPYTER_PATH": str(computer), "JUPYTER_CONFIG_PATH": str(computer)}


def test_the_workbook_has_venvs_extensions_and_kernel_only_and_no_kernel_knows_the_token(ready, settings):
    (ready / "my-notebooks").mkdir()
    (ready / "my-notebooks/my_module.py").touch()
    with start(ready, **settings) as running:
        try:
            assert running.stdout.readline() == "The workbook is open; Ctrl-C stops it.\n"
            server, token = running.stdout.readline().strip().split(f"/lab/tree/{OPENED}")
            page = answer_from(f"{server}/lab{token}").text
            kernels = answer_from(f"{server}/api/kernelspecs{token}").json()["kernelspecs"]
            session = answer_from(f"{server}/api/sessions{token}", "POST", json=SESSION).json()
            runtime = load(ready).VENV / "home/runtime"
            seen = seen_by_kernel(runtime / f"kernel-{session['kernel']['id']}.json")
            processes = [running, *psutil.Process(running.pid).children(recursive=True)]
            told = [(psutil.Process(p.pid).environ(), psutil.Process(p.pid).cmdline()) for p in processes]
        finally:
            running.terminate()
            running.communicate()
    assert_venvs_own(page, kernels)
    assert (seen["python"], seen["stranger"]) == (str(load(ready).PYTHON), False)
    assert seen["module"] == str(ready / "my-notebooks/my_module.py")
    assert seen["environment"].items() & (OF_OTHERS.items() - lab.OWN.items()) == set()
    assert len(processes) >= 3
    assert token.removeprefix("?token=") not in f"{seen} {told}"


def assert_venvs_own(page, kernels):
    assert "jupyterlab_pygments" in page
    assert "stranger" not in page
    assert '"disabledExtensions": []' in page
    assert set(kernels) == {"python3"}


def test_a_chapter_runs_under_them(ready, settings):
    shutil.copytree(DATA, ready / DATA.name)
    day = ready / DATA.name / "day.csv"  # a third of it will do: the shared module bills it wrongly, too
    day.write_text("".join(day.read_text().splitlines(keepends=True)[:400]))
    write_notebook(ready / "notebooks/00-start-here.ipynb", source=CHAPTER, result="'red'")
    result = call(ready, "run", "00", **settings)
    assert (result.returncode, result.stderr) == (0, "")
    assert "00-start-here: all 1 cells ran" in result.stdout


def test_the_kernel_is_described_as_ipykernel_describes_its_own():
    ours = json.loads(
        Path(lab.OWN["JUPYTER_PATH"], "kernels/python3/kernel.json").read_text(encoding="utf-8")
    )
    assert ours | {"argv": []} == kernelspec.get_kernel_dict() | {"argv": []}


def seen_by_kernel(connection):
    """What SEEN finds in the kernel of this connection file; a request waits while it still starts."""
    eventually(connection.exists, "the kernel's connection file")
    client = BlockingKernelClient(connection_file=str(connection))
    client.load_connection_file()
    client.start_channels()
    try:
        reply = client.execute(SEEN, reply=True, timeout=60, user_expressions={"seen": "seen"})["content"]
    finally:
        client.stop_channels()
    assert reply["status"] == "ok", reply
    return ast.literal_eval(reply["user_expressions"]["seen"]["data"]["text/plain"])
