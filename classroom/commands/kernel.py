"""A notebook's kernel, without the configuration and start-up files of this computer's own IPython.

IPython reads /usr/local/etc/ipython and /etc/ipython in every kernel and knows no switch against it.
"""

import sys


def main() -> None:
    """Return when the kernel has ended."""
    del sys.path[0]  # the notebook's folder: IPython adds it again, after the standard library
    from ipykernel.kernelapp import launch_new_instance
    from IPython.core import application

    application.SYSTEM_CONFIG_DIRS.clear()
    launch_new_instance()


if __name__ == "__main__":
    main()
