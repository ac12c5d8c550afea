"""Which tests may run at the same time."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.spreading import HEAVY, SHARING, OneByOne, pytest_collection_modifyitems

ROOT = Path(__file__).parents[2]
STARTS_APACHE_KAFKA = re.compile(r"\bwith (ApacheKafka|secured)\(|\"-m\", \"tests\.apache_kafka\"")


def scopes(*tests: str) -> set[str]:
    return {OneByOne._split_scope(None, test) for test in tests}


def test_heavy_tests_are_all_one_scope_and_any_other_test_is_its_own():
    assert (ROOT / HEAVY).is_dir()
    assert len(scopes(f"{HEAVY}test_a.py::test_a", f"{HEAVY}test_b.py::test_b")) == 1
    assert len(scopes("tests/quick/test_c.py::test_a", "tests/quick/test_c.py::test_b", f"{HEAVY}d")) == 3


def test_the_tests_of_a_file_that_share_what_takes_long_are_one_scope():
    for file in SHARING:
        assert 'scope="module"' in (ROOT / file).read_text(encoding="utf-8")
        assert len(scopes(f"{file}::test_a", f"{file}::test_b", f"{SHARING[0]}::test_c")) <= 2


def test_whoever_asks_for_more_time_comes_first_and_the_others_keep_their_order():
    asked = {"short": 0, "long": 400, "short too": 0, "longest": 500}
    items = [
        SimpleNamespace(name=name, get_closest_marker=lambda _, s=s: s and pytest.mark.timeout(s).mark)
        for name, s in asked.items()
    ]
    pytest_collection_modifyitems(items)
    assert [item.name for item in items] == ["longest", "long", "short", "short too"]


def test_whatever_starts_an_apache_kafka_is_heavy():
    files = [path for path in ROOT.glob("tests/**/test_*.py") if path != Path(__file__)]
    starting = [path for path in files if STARTS_APACHE_KAFKA.search(path.read_text(encoding="utf-8"))]
    named = [path.relative_to(ROOT).as_posix() for path in starting]
    assert len(named) >= 3
    assert [name for name in named if not name.startswith(HEAVY)] == []
