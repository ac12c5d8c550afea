"""Reading a constant runs no line where it stands: only in its own file it is known who reads it."""

from pathlib import Path

import pytest

from classroom.change.retest import NotFollowedError, Suite, alone_in_its_file
from classroom.source import imports

pytestmark = pytest.mark.embedded

RATES = "RATE = 20\nOTHER = 1\n\n\ndef rate():\n    return RATE\n"


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    package = tmp_path / "shop"
    package.mkdir()
    for name, text in {"__init__": "", "rates": RATES, "shop": "from shop.rates import RATE\n"}.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    return Suite("shared module", package, frozenset(), {}, imports(package))


def test_a_constant_that_another_file_imports_is_not_followed(suite):
    with pytest.raises(NotFollowedError, match=r"rates\.py defines 'RATE', which shop\.py reads"):
        alone_in_its_file(suite, "rates.py", 1)


def test_a_constant_of_its_file_alone_is_fine(suite):
    alone_in_its_file(suite, "rates.py", 2)
