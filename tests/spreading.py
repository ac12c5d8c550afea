"""How tests are spread over processes: one by one to whoever is free, but the heavy ones all to one."""

from collections.abc import Callable

import pytest
from xdist.scheduler import LoadScopeScheduling

# These start Apache Kafkas on free ports, or fill the machine: never two of them at once.
HEAVY = "tests/apache/"


class OneByOne(LoadScopeScheduling):
    """What is in one scope runs in one process, the largest scope first."""

    def _split_scope(self, nodeid: str) -> str:
        return "heavy" if nodeid.startswith(HEAVY) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Callable[..., None]) -> OneByOne | None:
    """Ours for --dist=loadgroup, whose groups xdist 3.8 does not see with pytest 9.2."""
    return OneByOne(config, log) if config.getvalue("dist") == "loadgroup" else None
