"""A real JupyterLab or Notebook 7 on a free port, for Debian's Chromium."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat

from classroom.world.running import NoAnswerError
from tests.facts import answer_from, eventually

ROOT = Path(__file__).parents[2]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]


def chromium() -> str | None:
    """Where the system's Chromium is, None if it has none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """Return once the notebook of these code cells is written."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


PAGES = {"jupyterlab": "lab/tree", "notebook": "notebooks"}  # where each front end shows a notebook
LIGHT = "JupyterLab Light"


@contextmanager
def jupyter(folder: Path, front_end: str = "jupyterlab") -> Iterator[str]:
    """Where this front end (of PAGES) shows the notebooks of the folder, with no setting of the user's."""
    port, settings = free_port(), folder / ".settings"
    set_theme(folder, LIGHT)
    write_settings(settings, "apputils-extension/notification", fetchNews="false", checkForUpdates=False)
    # Cells out of sight stay in the page, where a test can look at them.
    write_settings(settings, "notebook-extension/tracker", windowingMode="none")
    command = [sys.executable, "-m", front_end, "--no-browser", "--allow-root", "--expose-app-in-browser"]
    command += [f"--ServerApp.port={port}", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    command += ["--ServerApp.port_retries=0", "--ServerApp.disable_check_xsrf=True"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "JUPYTERLAB_SETTINGS_DIR": str(settings)}
    environment |= {f"JUPYTER_{kind}_DIR": str(folder / f".{kind}") for kind in ("CONFIG", "RUNTIME", "DATA")}
    (folder / "my-notebooks").mkdir(exist_ok=True)  # what a reader does there is kept there, not at home
    with (folder / "jupyter.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            eventually(lambda: answers(f"{address}/api/status"), f"{front_end} to answer")
            yield f"{address}/{PAGES[front_end]}"
        finally:
            process.terminate()
            process.wait(30)


def set_theme(folder: Path, theme: str) -> None:
    """From its next page on, the front end that shows this folder has this theme."""
    write_settings(folder / ".settings", "apputils-extension/themes", theme=theme)


def end_kernels(address: str) -> None:
    """Return once no notebook of the front end at this address has a kernel."""
    sessions = address.removesuffix(PAGES["jupyterlab"]) + "api/sessions"
    for session in answer_from(sessions).json():
        answer_from(f"{sessions}/{session['id']}", "DELETE")


def write_settings(folder: Path, plugin: str, **values: object) -> None:
    """Set what the user of this JupyterLab has set of a plugin."""
    file = folder / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(values))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens to."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answers(address: str) -> bool:
    """Whether something answers 200 there."""
    try:
        return answer_from(address, within_s=2).status_code == 200
    except NoAnswerError:
        return False
