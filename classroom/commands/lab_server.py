"""JupyterLab with what lies in .venv, and nothing of this computer's own. Its token is read from its input.

Jupyter adds the computer's folders (/usr/local/share/jupyter, /etc/jupyter ...) to every search and knows no
switch against it. An extension there whose server part is missing keeps each notebook closed; a password or a
base URL set there moves the workbook away.
"""

import sys

from jupyter_core import paths


def main(arguments: list[str]) -> None:
    """Return once JupyterLab has ended."""
    token = sys.stdin.readline().strip()
    stay_in_venv()
    from jupyterlab.labapp import LabApp  # its modules keep the folders that they find when they are imported

    LabApp.launch_instance([*arguments, f"--IdentityProvider.token={token}"])


def stay_in_venv() -> None:
    """Let Jupyter take .venv's folders for the computer's; in place, for whoever holds the lists already."""
    paths.SYSTEM_JUPYTER_PATH[:] = paths.ENV_JUPYTER_PATH
    paths.SYSTEM_CONFIG_PATH[:] = paths.ENV_CONFIG_PATH


if __name__ == "__main__":
    main(sys.argv[1:])
