"""Which tests may run at the same time."""

import re
from pathlib import Path

from tests.spreading import HEAVY, OneByOne

ROOT = Path(__file__).parents[2]
STARTS_APACHE_KAFKA = re.compile(r"\bwith (ApacheKafka|secured)\(|\"tests\.apache_kafka\"")


def scopes(*tests: str) -> set[str]:
    return {OneByOne._split_scope(None, test) for test in tests}


def test_heavy_tests_are_all_one_scope_and_any_other_test_is_its_own():
    assert (ROOT / HEAVY).is_dir()
    assert len(scopes(f"{HEAVY}test_a.py::test_a", f"{HEAVY}test_b.py::test_b")) == 1
    assert len(scopes("tests/quick/test_c.py::test_a", "tests/quick/test_c.py::test_b", f"{HEAVY}d")) == 3


def test_whatever_starts_an_apache_kafka_is_heavy():
    files = [path for path in ROOT.glob("tests/**/test_*.py") if path != Path(__file__)]
    starting = [path for path in files if STARTS_APACHE_KAFKA.search(path.read_text(encoding="utf-8"))]
    named = [path.relative_to(ROOT).as_posix() for path in starting]
    assert len(named) >= 3
    assert [name for name in named if not name.startswith(HEAVY)] == []
