"""The progress bar: a widget while it runs in a notebook, then a stable line of text; silent elsewhere."""

from types import SimpleNamespace

import ipywidgets
import pytest

from classroom.world import running as progress_module
from classroom.world.running import progress

pytestmark = pytest.mark.embedded

WIDGET = "application/vnd.jupyter.widget-view+json"


class Screen:
    """What a notebook was shown: the outputs as they stand, updates included."""

    def __init__(self) -> None:
        self.outputs: list[dict[str, object]] = []

    def display(self, data: dict[str, object], *, raw: bool, display_id: bool) -> SimpleNamespace:
        assert raw
        self.outputs.append(data)
        place = len(self.outputs) - 1
        return SimpleNamespace(update=lambda data, raw: self.outputs.__setitem__(place, data))


@pytest.fixture
def screen(monkeypatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr(progress_module, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr(progress_module, "display", screen.display)
    return screen


def test_a_notebook_sees_the_bar_while_it_runs_and_a_line_of_text_afterwards(screen):
    with progress(1200, "actions") as bar:
        (shown,) = screen.outputs
        assert shown[WIDGET]["model_id"] == bar.model_id
        assert shown["text/plain"] == "1,200 actions"
    assert screen.outputs == [{"text/plain": "1,200 actions"}]


def test_the_bar_counts_up_to_its_total():
    with progress(3, "days") as bar:
        assert isinstance(bar, ipywidgets.IntProgress)
        bar.value += 1
        assert (bar.value, bar.max, bar.description) == (1, 3, "3 days")


def test_of_nested_bars_only_the_outermost_is_shown(screen):
    with progress(3, "days"):
        for _ in range(3):
            with progress(1200, "actions"):
                assert len(screen.outputs) == 1
    assert screen.outputs == [{"text/plain": "3 days"}]
    with progress(1, "day"):
        assert len(screen.outputs) == 2


def test_an_interrupted_bar_becomes_its_line_too_and_closes(screen):
    def interrupted() -> None:
        with progress(5, "actions"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert screen.outputs == [{"text/plain": "5 actions"}]
    assert progress_module._open == []


def test_no_widget_stays_alive():
    with progress(5, "actions") as bar:
        pass
    assert bar.comm is None


def test_outside_a_notebook_nothing_is_shown(monkeypatch, capsys):
    screen = Screen()
    monkeypatch.setattr(progress_module, "display", screen.display)
    for shell in (None, SimpleNamespace()):
        monkeypatch.setattr(progress_module, "get_ipython", lambda shell=shell: shell)
        with progress(5, "actions") as bar:
            bar.value = 5
    assert screen.outputs == []
    assert capsys.readouterr() == ("", "")
