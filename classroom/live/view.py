"""The widget, and how a cell shows it: beside a still picture that stays when the widget is gone."""

import base64
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import anywidget
import traitlets
from IPython import get_ipython
from IPython.display import display
from ipywidgets import Widget
from PIL import Image, ImageDraw, ImageFont

from fiberlab.lab.figure import GRID, INK, PAPER, WIDTH_PX, Figure

WIDGET = "application/vnd.jupyter.widget-view+json"


class LiveView(anywidget.AnyWidget):
    """The picture in the browser. `snapshot` is all it knows; what is pressed comes back as a message."""

    _esm = Path(__file__).with_name("live.js")
    _css = Path(__file__).with_name("live.css")
    snapshot = traitlets.Dict().tag(sync=True)

    def open(self) -> None:
        """Open the line to the browser.

        What is pressed comes on the way that the browser chooses: JupyterLab and Notebook 7 choose a
        subshell, which listens while a cell runs. ipykernel 7.4 would turn it round to the way that the
        last snapshot went, and that is the cell's.
        """
        super().open()
        self.comm._reply_subshell_for = None

    def leave(self, still: Figure | None) -> None:
        """Show only the still picture from now on; close if there is none.

        A page that was loaded anew has forgotten where the output is that `Shown` replaces: there the
        widget itself holds the picture, without a thread, until the kernel ends.
        """
        if not still:
            return self.close()
        self.snapshot = {"still": base64.b64encode(still.png).decode(), "sentence": still.sentence}


class Shown:
    """A place in a cell's output: first the widget, in the end only the still picture."""

    def __init__(self, view: Widget, text: str) -> None:
        self._id, self._text = uuid4().hex, text
        live = {WIDGET: {"model_id": view.model_id, "version_major": 2, "version_minor": 0}}
        self._display(live | {"image/png": placeholder(text)}, {})

    def leave(self, still: Figure) -> None:
        """Put the still picture in its place; the text stays, because strict nbval compares it."""
        size = {"image/png": {"width": WIDTH_PX, "alt": still.sentence}}
        self._display({"image/png": base64.b64encode(still.png).decode()}, size, update=True)

    def _display(self, bundle: dict[str, Any], metadata: dict[str, Any], **how: bool) -> None:
        if get_ipython():
            text = {"text/plain": self._text}
            display(bundle | text, metadata=metadata, raw=True, display_id=self._id, **how)


@cache
def placeholder(text: str) -> str:
    """A card with the text, as a PNG in base64: what is seen where no widget runs, until the end."""
    image = Image.new("P", (WIDTH_PX, 60))
    image.putpalette(bytes.fromhex((PAPER + INK + GRID).replace("#", "")))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, WIDTH_PX - 1, 59), 0, 2)
    pen.text((20, 20), text, 1, ImageFont.load_default(18))
    page = BytesIO()
    image.save(page, "PNG")
    return base64.b64encode(page.getvalue()).decode()
