"""The form of chapter 10: a slider that moves changes the organization, the picture and the verdict."""

import ipywidgets
import pytest

from classroom.live import view
from classroom.readiness import form as module
from classroom.readiness.figures import cost_curves
from classroom.readiness.form import QUESTIONS, TEXT, Sliders
from classroom.readiness.measurements import shipped
from classroom.readiness.model import HERD_FIBER, INPUTS, curves

pytestmark = pytest.mark.embedded


@pytest.fixture
def shown(monkeypatch) -> list[dict[str, object]]:
    """What the cell shows, the newest last."""
    bundles: list[dict[str, object]] = []
    monkeypatch.setattr(view, "get_ipython", lambda: object())
    monkeypatch.setattr(view, "display", lambda bundle, **how: bundles.append(bundle))
    return bundles


@pytest.fixture
def form(shown):
    form = Sliders(HERD_FIBER, shipped())
    yield form
    form.finish()


def control(form: Sliders, label: str) -> ipywidgets.Widget:
    return next(c for c in form._controls.children if getattr(c, "description", "").startswith(label))


def test_there_is_a_labelled_control_for_every_input_and_question(form):
    controls = form._controls.children
    assert len(controls) == len(INPUTS) + len(QUESTIONS)
    assert all(c.description for c in controls)
    assert not any(getattr(c, "continuous_update", False) for c in controls)
    assert form.organization == HERD_FIBER
    assert "<b>Not yet.</b>" in form._said.value


def test_untouched_sliders_change_nothing_even_beyond_their_end(shown):
    of = HERD_FIBER.__class__(**{**vars(HERD_FIBER), "learning_cents": 12_345_678_91, "slow_hours": 33.25})
    form = Sliders(of, shipped())
    assert form.organization == of
    form.finish()


def test_a_slider_of_money_is_in_dollars_and_moves_the_picture_and_the_words(form):
    before = form._image.value, form._said.value
    slider = control(form, "a month of the broker")
    assert (slider.value, slider.step) == (900, 100)
    slider.value = 1_000
    assert form.organization.broker_month_cents == 1_000_00
    assert form._image.value != before[0]
    assert form._said.value != before[1]


def test_the_verdict_follows(form):
    control(form, "kinds of actors now").value = 4
    assert "<b>Yes.</b>" in form._said.value
    control(form, "each actor's rule has people").value = False
    assert "<b>Not yet.</b>" in form._said.value
    assert form.organization.rules_have_owners is False


def test_in_the_end_a_still_picture_stays_under_the_same_text_and_no_widget(form, shown):
    control(form, "kinds of actors now").value = 3
    still = form.finish()
    drawn = cost_curves(curves(form.organization, shipped()))
    assert (still.sentence, still.png) == (drawn.sentence, drawn.png)
    assert [bundle["text/plain"] for bundle in shown] == [TEXT, TEXT]
    assert view.WIDGET in shown[0]
    assert view.WIDGET not in shown[1]
    assert form._box.comm is None
    assert form.finish().png == still.png


def test_words_of_the_organization_are_shown_as_they_are(shown):
    form = Sliders(module.replace(HERD_FIBER, name="<b>R&D</b>"), shipped())
    assert "&lt;b&gt;R&amp;D&lt;/b&gt;" in form._caption.value
    form.finish()
