"""How pytest runs our tests; what they may ask for is in fixtures.py."""

import os
import sys
import warnings

import hypothesis
import pytest

from tests.spreading import pytest_collection_modifyitems, pytest_xdist_make_scheduler  # noqa: F401  (hooks)

# Below nbformat, jsonschema would compile a grammar for 3 s in each process; no test asks for what it checks.
sys.modules.setdefault("rfc3987_syntax", None)

# kafka-python leaves the sockets of refused and broken connections to the garbage collector. What we
# leave open ourselves is found by the tests that count open files.
UNCLOSED = r"unclosed <socket\.socket "


def pytest_addoption(parser: pytest.Parser) -> None:
    seeds = 50 if os.environ.get("CI") else 5
    parser.addoption("--seeds", type=int, default=seeds, help="how many seeds an exercise is proven on")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        config.pluginmanager.import_plugin("tests.fixtures")  # 3 s: not where tests are only handed out
    hypothesis.settings.register_profile("without a clock", deadline=None)  # time is measured in bench/
    hypothesis.settings.load_profile("without a clock")
    config.addinivalue_line("filterwarnings", f"ignore:{UNCLOSED}:ResourceWarning")  # during each test


def pytest_sessionstart() -> None:
    warnings.filterwarnings("ignore", UNCLOSED, ResourceWarning)  # between and after them
