"""A browser, where there is one; without it the tests say loudly that they did not run.

Browser and JupyterLab are started once. What a test has of its own: a window, a folder, and its kernel.
"""

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.browser.laboratory import FLAGS, LIGHT, chromium, end_kernels, jupyter, set_theme, write_notebook
from tests.browser.reader import Browser, Reader, sitting_at, sync_playwright


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


@pytest.fixture(scope="session")
def browser(browser_is_here) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory) -> Iterator[tuple[Path, str]]:
    """The folder that it shows, and its address."""
    folder = tmp_path_factory.mktemp("jupyterlab")
    with jupyter(folder) as address:
        yield folder, address


@pytest.fixture
def own_folder(jupyterlab) -> Iterator[Path]:
    """A folder of this test's own in JupyterLab; the kernels of its notebooks end with the test."""
    shown, address = jupyterlab
    folder = Path(tempfile.mkdtemp(dir=shown))
    (folder / "my-notebooks").mkdir()  # what a reader does there is kept there, not at home
    yield folder
    end_kernels(address)


@pytest.fixture
def open_notebook(jupyterlab, own_folder, browser) -> Iterator[Callable[..., Reader]]:
    """Opens the own folder's live.ipynb for a reader; of these code cells, if any are given."""
    shown, address = jupyterlab
    with ExitStack() as stack:

        def open_notebook(cells: Sequence[str] = (), theme: str = LIGHT) -> Reader:
            if cells:
                write_notebook(own_folder / "live.ipynb", cells)
            set_theme(shown, theme)
            return stack.enter_context(sitting_at(f"{address}/{own_folder.name}", browser))

        yield open_notebook


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Where the screenshots go: FIBERLAB_SCREENSHOTS, or a temporary folder."""
    folder = Path(os.environ.get("FIBERLAB_SCREENSHOTS") or tmp_path / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
