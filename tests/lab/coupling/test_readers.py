"""A constant is read without running a line where it stands; who reads it is found in the source."""

from pathlib import Path

import pytest

from classroom.change.retest import readers
from classroom.source import imports

pytestmark = pytest.mark.embedded

RATES = "import math\n\nRATE = 20\nHALF = RATE // 2\nOTHER = 1\n\n\ndef rate():\n    return RATE\n"


def readers_of(folder: Path, line: int, **files: str) -> set[str]:
    """Who reads what this line of rates.py defines, in a package of these files."""
    package = folder / "shop"
    package.mkdir()
    for name, text in ({"__init__": "", "rates": RATES} | files).items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    return readers(package, imports(package), "rates.py", line)


@pytest.mark.parametrize(
    "text",
    [
        "from shop.rates import RATE",
        "from shop.rates import RATE as discount",
        "from .rates import RATE",
        "from shop import rates\n\n\ndef price():\n    return rates.RATE",
        "from shop import rates as r\n\nPRICE = r.RATE * 2",
        "import shop.rates\n\nPRICE = shop.rates.RATE",
        "from shop.rates import HALF",
        "def price():\n    from shop import rates\n    return rates.RATE",
    ],
)
def test_whoever_reads_the_constant_is_a_reader(tmp_path, text):
    assert readers_of(tmp_path, 3, billing=text) == {"rates.py", "billing.py"}


@pytest.mark.parametrize(
    "text",
    [
        "from shop import rates\n\nPRICE = rates.OTHER",
        "from shop.rates import rate\n\nPRICE = rate()",
        "from shop import rates\n\nRATE = 1\nPRICE = RATE",
        "RATE = 1",
    ],
)
def test_whoever_reads_another_name_is_none(tmp_path, text):
    assert readers_of(tmp_path, 3, billing=text) == {"rates.py"}


def test_a_constant_is_followed_over_other_constants_and_files(tmp_path):
    files = {
        "offer": "from shop.rates import HALF as h\n\nOFFER = h + 1",
        "mail": "from shop.offer import OFFER",
    }
    assert readers_of(tmp_path, 3, **files) == {"rates.py", "offer.py", "mail.py"}


def test_a_constant_that_a_package_hands_on_is_followed(tmp_path):
    files = {"__init__": "from shop.rates import RATE", "mail": "from shop import RATE"}
    assert readers_of(tmp_path, 3, **files) == {"__init__.py", "rates.py", "mail.py"}


@pytest.mark.parametrize("line", [1, 2, 5])
def test_a_line_whose_name_nobody_else_reads_concerns_its_own_file_only(tmp_path, line):
    assert readers_of(tmp_path, line, billing="from shop.rates import RATE") <= {"rates.py"}
