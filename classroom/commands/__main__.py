"""Run one of lab.py's commands and say in a sentence what stopped it: python -m classroom.commands MODULE ...

Our own errors are sentences with a next step. What the operating system refuses becomes one here, for all
commands. Any other error is a bug, whose traceback is kept.
"""

import errno
import runpy
import signal
import sys

from classroom.place import ROOT

DISK = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT}


def main(module: str, *arguments: str) -> None:
    """Return when the module has ended; exits with its status, or with a sentence on stderr and 1."""
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        sys.exit("\nStopped; start again whenever you like.")
    except Exception as error:
        if not (told := sentence(error)):
            raise
        sys.exit(told)


def sentence(error: Exception) -> str:
    """What the reader is told of this error: a sentence and the next step; nothing of a bug."""
    if type(error).__module__.split(".")[0] in ("__main__", "lab", "fiberlab", "classroom"):
        return str(error)
    if not isinstance(error, OSError):
        return ""
    if error.errno in DISK:
        return (
            f"{error}.\nNext: see that its disk has room and that you may write there. "
            f"If {ROOT} is shared for reading only, copy it to where you may write, and start the copy."
        )
    return f"{error}.\nNext: start again; if it stays, python3 lab.py doctor says what is wrong here."


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main(*sys.argv[1:])
