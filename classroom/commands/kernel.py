"""A notebook's kernel, without the configuration and start-up files of this computer's own IPython.

IPython reads /usr/local/etc/ipython and /etc/ipython in every kernel and knows no switch against it.
A cell that asks for `chapter` before the set-up cell has run is told to run that.
"""

import builtins
import sys


class NotOpenError(AttributeError):
    """The chapter was asked for something before its set-up cell has run."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class NotOpen:
    """Stands under the name `chapter` until the set-up cell gives it to the chapter."""

    def __getattr__(self, name: str) -> object:
        """Raise NotOpenError."""
        raise NotOpenError("This chapter is not open yet. Run its Set-up cell first, then this cell.")


def main() -> None:
    """Return when the kernel has ended."""
    del sys.path[0]  # the notebook's folder: IPython adds it again, after the standard library
    from ipykernel.kernelapp import launch_new_instance
    from IPython.core import application

    application.SYSTEM_CONFIG_DIRS.clear()
    builtins.chapter = NotOpen()
    launch_new_instance()


if __name__ == "__main__":
    main()
