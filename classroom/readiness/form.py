"""A form for an organization's numbers, below the picture and the verdict that they give.

Nothing runs behind it: a slider that is let go of, or moved by a key, draws once. While that lasts the
browser holds what comes next back and sends the last of it.
"""

from dataclasses import replace
from html import escape

import ipywidgets

from classroom.figures.look import Figure
from classroom.live.view import Shown
from classroom.readiness.decision import verdict
from classroom.readiness.figures import cost_curves
from classroom.readiness.measurements import Measurements
from classroom.readiness.model import INPUTS, Input, Organization, curves

TEXT = "Sliders: an organization's numbers. In the end a still picture stays here."
QUESTIONS = {
    "bill_in_answer": "the app must have the bill in its answer",
    "rules_have_owners": "each actor's rule has people of its own who look after it",
}
LABELS_PX, FORM_PX, CONTROLS_PX = 370, 700, 240  # verdict, picture and controls fit a small laptop's screen
TEXT_LOOK = "line-height: 1.4; overflow-wrap: break-word"


class Sliders:
    """The form; `organization` is what it says now. `finish` leaves the still picture."""

    def __init__(self, of: Organization, measured: Measurements) -> None:
        self.organization = of
        self._measured = measured
        self._image = ipywidgets.Image(format="png", width=FORM_PX)
        self._said, self._caption = ipywidgets.HTML(), ipywidgets.HTML()
        controls = [*map(self._slider, INPUTS), *map(self._checkbox, QUESTIONS)]
        scrolling = {
            "height": f"{CONTROLS_PX}px",
            "width": f"{FORM_PX + 30}px",
            "overflow": "auto",
            "flex": "none",
        }
        self._controls = ipywidgets.VBox(controls, layout=scrolling)
        self._box = ipywidgets.VBox([self._said, self._image, self._controls, self._caption])
        self._draw()
        self._shown = Shown(self._box, TEXT)

    def finish(self) -> Figure:
        """The last picture, which also takes the form's place. Twice is fine."""
        still = self._draw()
        self._shown.leave(still)
        for widget in (self._box, *self._box.children, *self._controls.children):
            widget.close()
        return still

    def _slider(self, entry: Input) -> ipywidgets.Widget:
        scale = 100 if entry.is_money else 1  # money is moved in dollars
        value = getattr(self.organization, entry.name) / scale
        kind = ipywidgets.IntSlider if entry.is_whole else ipywidgets.FloatSlider
        number = int if entry.is_whole else float
        slider = kind(
            value=number(value),
            min=number(entry.least),
            max=number(max(entry.most / scale, 2 * value)),
            step=number(entry.step / scale),
            description=f"{entry.label}, in $" if entry.is_money else entry.label,
            continuous_update=False,
            style={"description_width": f"{LABELS_PX}px"},
            layout={"width": f"{FORM_PX}px", "flex": "none"},
        )
        slider.observe(lambda change: self._set(entry.name, change["new"] * scale), "value")
        return slider

    def _checkbox(self, name: str) -> ipywidgets.Checkbox:
        box = ipywidgets.Checkbox(
            value=getattr(self.organization, name),
            description=QUESTIONS[name],
            indent=False,
            layout={"width": f"{FORM_PX}px", "flex": "none"},
        )
        box.observe(lambda change: self._set(name, change["new"]), "value")
        return box

    def _set(self, name: str, value: float) -> None:
        self.organization = replace(self.organization, **{name: value})
        self._draw()

    def _draw(self) -> Figure:
        drawn = cost_curves(curves(self.organization, self._measured))
        found = verdict(self.organization, self._measured)
        reasons = "".join(f"<li>{escape(reason)}</li>" for reason in found.reasons)
        answer = f'<b>{found.answer.capitalize()}.</b><ul style="margin: 0">{reasons}</ul>'
        self._image.value = drawn.png
        self._said.value = f'<div role="status" style="{TEXT_LOOK}">{answer}</div>'
        self._caption.value = f'<p style="{TEXT_LOOK}">{escape(drawn.sentence)}</p>'
        return drawn
