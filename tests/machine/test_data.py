"""The company's files of data/ are what their generator makes, byte for byte.

What is measured comes from another script, and is compared in tests/broker/test_measurements.py.
"""

import subprocess
import sys

import pytest

from classroom.world.company import DATA

FILES = ("plans.csv", "accounts.csv", "installers.csv", "consents.csv", "day.csv")
MEASURED = "measurements.csv"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder into which data/generate.py has just written."""
    folder = tmp_path_factory.mktemp("data")
    command = [sys.executable, str(DATA / "generate.py"), str(folder)]
    environment = {"PYTHONPATH": str(DATA.parent), "PYTHONHASHSEED": "1", "PATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_generator_makes_exactly_the_shipped_files(made):
    assert sorted(path.name for path in made.iterdir()) == sorted(FILES)
    assert sorted(path.name for path in DATA.glob("*.csv")) == sorted((*FILES, MEASURED))


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_file_is_made_again_byte_for_byte(made, name):
    assert (made / name).read_bytes() == (DATA / name).read_bytes()


@pytest.mark.parametrize("name", [*FILES, MEASURED])
def test_a_shipped_file_is_plain_text_that_every_system_reads_alike(name):
    content = (DATA / name).read_bytes()
    assert b"\r" not in content
    assert content.endswith(b"\n")
    assert content.isascii()
