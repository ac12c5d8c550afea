"""A browser, where there is one; without it the tests say loudly that they did not run."""

import os
import warnings
from pathlib import Path

import pytest

from tests.browser.laboratory import chromium
from tests.browser.reader import sync_playwright


@pytest.fixture(scope="session", autouse=True)
def browser_is_here() -> None:
    """Skip loudly: a warning besides the skip; in CI a browser that is missing is an error."""
    missing = [] if sync_playwright else ["the package playwright (pip install playwright)"]
    missing += [] if chromium() else ["Chromium (apt-get install chromium)"]
    if missing:
        said = f"the live views were NOT seen in a browser: {' and '.join(missing)} missing"
        if os.environ.get("CI"):
            pytest.fail(said)
        warnings.warn(said, UserWarning, stacklevel=1)
        pytest.skip(said)


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Where the screenshots go: FIBERLAB_SCREENSHOTS, or a temporary folder."""
    folder = Path(os.environ.get("FIBERLAB_SCREENSHOTS") or tmp_path / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
