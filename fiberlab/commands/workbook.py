"""Open the workbook: `python3 lab.py` serves working copies in JupyterLab, on this computer only."""

import argparse
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from fiberlab.commands import copies

ROOT = Path(__file__).parents[2]
LOG = Path(sys.prefix, "jupyter.log")
ANSWERS_WITHIN_S = 60


class WorkbookError(RuntimeError):
    """The workbook does not open: one sentence, and the next step."""

    def __init__(self, sentence: str, next_step: str) -> None:
        super().__init__(f"{sentence}\nNext: {next_step}")


def main(arguments: Sequence[str]) -> int:
    """The exit status, after Ctrl-C or when JupyterLab has ended."""
    parser = argparse.ArgumentParser(prog="lab.py")
    parser.add_argument("--port", type=int)
    parser.add_argument("--no-browser", action="store_true")
    asked = parser.parse_args(arguments)
    for line in copies.refresh():
        print(line)
    return serve(free_port(asked.port), not asked.no_browser)


def serve(port: int, browser: bool) -> int:
    """Serve the workbook at this port until Ctrl-C; the exit status."""
    token = secrets.token_hex(24)
    address = f"http://127.0.0.1:{port}/lab/tree/my-notebooks/00-start-here.ipynb?token={token}"
    environment = os.environ | {"JUPYTER_TOKEN": token}
    with LOG.open("wb") as log:
        settings = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": ROOT}
        server = subprocess.Popen(jupyterlab(port), env=environment, **settings)
    try:
        wait_for_answer(server, address)
        print(f"The workbook is open; Ctrl-C stops it.\n{address}")
        if browser:
            webbrowser.open(address)
        return server.wait()
    except KeyboardInterrupt:
        print("\nThe workbook is closed; your notebooks stay as you saved them.")
        return 0
    finally:
        stop(server)


def jupyterlab(port: int) -> list[str]:
    """The command that serves this folder, without a question and without the network."""
    return [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}", f"--ServerApp.port={port}",
        "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0", "--ServerApp.open_browser=False",
        "--ServerApp.allow_root=True",  # usual in a container
        "--ServerApp.answer_yes=True",  # Ctrl-C asks no question
        "--LabApp.news_url=None", "--LabApp.extension_manager=readonly",  # nothing is fetched
    ]  # fmt: skip


def free_port(asked: int | None) -> int:
    """The port asked for, or the first free one from 8888. Raises WorkbookError if it is taken."""
    for port in [asked] if asked is not None else range(8888, 8988):
        with socket.socket() as probe:
            if os.name == "posix":  # as the server does: a port that was left a moment ago is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError as error:
                reason = error
    raise WorkbookError(
        f"Port {port} cannot be used: {reason}.", "name another with --port, or leave it out."
    )


def wait_for_answer(server: subprocess.Popen[bytes], address: str) -> None:
    """Return as soon as the server answers at this address. Raises WorkbookError if it does not."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy to one's own computer
    deadline = time.monotonic() + ANSWERS_WITHIN_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            return direct.open(address, timeout=ANSWERS_WITHIN_S).close()
        except OSError:
            time.sleep(0.05)
    late = f"did not answer within {ANSWERS_WITHIN_S} s"
    what = late if server.poll() is None else "ended before it answered"
    raise WorkbookError(f"JupyterLab {what}.", f"read the end of {LOG}, then start again.")


def stop(server: subprocess.Popen[bytes]) -> None:
    """Stop the server and with it its kernels."""
    if os.name == "posix":  # on Windows Ctrl-C has reached it, and to terminate it would leave its kernels
        server.terminate()
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:]))
    except (WorkbookError, KeyboardInterrupt) as end:
        sys.exit(str(end) or "\nStopped; start again whenever you like.")
