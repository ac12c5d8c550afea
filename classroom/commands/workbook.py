"""Open the workbook: `python3 lab.py` serves working copies in JupyterLab, on this computer only."""

import argparse
import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from classroom.commands import copies
from classroom.place import ROOT
from classroom.world.running import HttpClient, NoAnswerError

LOG = Path(sys.prefix, "jupyter.log")
ANSWERS_WITHIN_S = 60
PAGE = "lab/tree/my-notebooks/00-start-here.ipynb"


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
    command = jupyterlab(free_port(asked.port), others=asked.port is None)
    return serve(command, not asked.no_browser)


def serve(command: list[str], browser: bool) -> int:
    """Serve the workbook until Ctrl-C; the exit status."""
    token = secrets.token_hex(24)
    with LOG.open("wb") as log:
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=ROOT, text=True)
    try:
        tell(server, token)
        address = wait_for_page(server, token)
        print(f"The workbook is open; Ctrl-C stops it.\n{address}")
        if browser:
            webbrowser.open(address)
        return server.wait()
    except KeyboardInterrupt:
        print("\nThe workbook is closed; your notebooks stay as you saved them.")
        return 0
    finally:
        stop(server)


def jupyterlab(port: int, others: bool) -> list[str]:
    """The command that serves this folder, without a question and without the network.

    Of two that start at once only one gets the port: the other takes one of the `others`, or ends.
    """
    return [
        sys.executable, "-m", "classroom.commands.lab_server",
        f"--ServerApp.root_dir={ROOT}", f"--ServerApp.port={port}",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port_retries={50 * others}",
        "--ServerApp.open_browser=False", "--ServerApp.allow_root=True",  # as root: usual in a container
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


def tell(server: subprocess.Popen[str], token: str) -> None:
    """Return once the server has its token, which stands neither in its environment nor in its command.

    From its environment each kernel would inherit it, and `!env` would save it in a notebook.
    """
    with contextlib.suppress(OSError), server.stdin as told:  # one that has ended is told of later
        told.write(f"{token}\n")


def wait_for_page(server: subprocess.Popen[str], token: str) -> str:
    """The address of the first page, as soon as this server shows it. Raises WorkbookError if it does not."""
    deadline = time.monotonic() + ANSWERS_WITHIN_S
    with HttpClient(within_s=ANSWERS_WITHIN_S) as http:
        while server.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(NoAnswerError):
                if address := address_of(token):
                    check(http.get(address).status_code)
                    return address
            time.sleep(0.05)
    late = f"did not answer within {ANSWERS_WITHIN_S} s"
    raise no_workbook(late if server.poll() is None else "ended before it answered")


def address_of(token: str) -> str | None:
    """Where the server with this token shows the first page, which is nobody else's; None if not yet."""
    from jupyter_server.serverapp import list_running_servers  # takes a while: while the server starts, too

    with contextlib.suppress(ValueError):  # a server that writes down where it is
        for told in list_running_servers():
            if told["token"] == token:
                return f"{told['url']}{PAGE}?token={token}"
    return None


def check(status: int) -> None:
    """Return if this is how a page is answered. Raises WorkbookError."""
    if status >= 400:
        raise no_workbook(f"answered {status} instead of showing the workbook")


def no_workbook(what: str) -> WorkbookError:
    """The error that says what JupyterLab did, and its last words."""
    said = [line for line in LOG.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    last = f" Its last words: {said[-1].strip()}" if said else ""
    return WorkbookError(f"JupyterLab {what}.{last}", f"read the end of {LOG}, then start again.")


def stop(server: subprocess.Popen[str]) -> None:
    """Stop the server and with it its kernels."""
    if os.name == "posix":  # on Windows Ctrl-C has reached it, and to terminate it would leave its kernels
        server.terminate()
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
