"""Tidies up after a test run that was killed: `python -m tests.apache_kafka.janitor FOLDER`.

It waits for the end of its standard input, which comes when its parent ends, however that happens. If
the parent has not said "done" before, it kills what runs in the folder and removes the folder.
"""

import shutil
import signal
import sys
from pathlib import Path

import psutil


def main(folder: str) -> None:
    """Wait, then leave nothing of the folder."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    if sys.stdin.readline() == "done\n":
        return
    left = [process for process in psutil.process_iter() if runs_in(process, Path(folder))]
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=10)
    shutil.rmtree(folder, ignore_errors=True)


def runs_in(process: psutil.Process, folder: Path) -> bool:
    """Whether it is a broker of this folder: Java, and the folder is where it works."""
    try:
        return process.name().startswith("java") and folder in Path(process.cwd()).parents
    except (psutil.Error, OSError):  # another user's, or just ended
        return False


if __name__ == "__main__":
    main(sys.argv[1])
