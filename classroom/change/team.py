"""The hurried team's own tests of the shared billing: the very file of the workbook's suite."""

import shutil
import tempfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from classroom.change.blast import CopyFailedError, run_in
from classroom.place import WORKBOOK

TESTS = WORKBOOK / "tests/quick/test_coupled_billing.py"  # the one file of tests that a wheel carries
ALONE = ("-c", "pytest.ini", "--rootdir=.", "--confcutdir=.", "--disable-plugin-autoload")


def team_tests() -> ModuleType:
    """The module of the team's tests; none of them has run."""
    spec = spec_from_file_location(TESTS.stem, TESTS)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def team_is_content(which: str) -> bool:
    """Whether those of the team's tests pass that pytest's -k picks; run where nobody else's settings are."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(TESTS, folder)
        Path(folder, "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        try:
            run_in(Path(folder), "pytest", *ALONE, "-p", "no:cacheprovider", "-k", which)
        except CopyFailedError:
            return False
    return True
