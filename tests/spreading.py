"""How tests are spread over processes: one by one to whoever is free, but the heavy ones all to one.

So go the tests of a file that share what takes seconds to make: it is made once.

The long ones come first, so that in the end no process waits for another's last test.
"""

from collections.abc import Callable

import pytest
from xdist.scheduler import LoadScopeScheduling

# These start Apache Kafkas on free ports, or fill the machine: never two of them at once.
HEAVY = "tests/apache/"
SHARING = (
    "tests/broker/test_crashes.py",
    "tests/broker/test_waiting.py",
    "tests/machine/test_image.py",
    "tests/machine/test_installation.py",
    "tests/machine/test_retest.py",
)


class OneByOne(LoadScopeScheduling):
    """What is in one scope runs in one process, the largest scope first."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "heavy" if file.startswith(HEAVY) else file if file in SHARING else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Callable[..., None]) -> OneByOne | None:
    """Ours for --dist=loadgroup, whose groups xdist 3.8 does not see with pytest 9.2."""
    return OneByOne(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for more time than others comes first."""
    items.sort(key=_time_asked_for, reverse=True)


def _time_asked_for(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    return marker.args[0] if marker else 0
