"""The widget, and how a cell shows it: beside a still picture that stays when the widget is gone.

The still has the bills of the designs, the topic, and a sentence that states them.
"""

import base64
from collections.abc import Mapping, Sequence
from functools import cache, cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import anywidget
import pandas as pd
import traitlets
from IPython import get_ipython
from IPython.display import display
from ipywidgets import Widget
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from classroom.figures import look as fig
from classroom.figures.bills import bills_against_oracle, both_designs
from classroom.figures.look import GRID, INK, PAPER, WIDTH_PX, Figure
from classroom.figures.topics import topic_lanes
from classroom.live.reading import Record, TopicReader
from classroom.world.bills import bills
from fiberlab.domain import Action, Company
from fiberlab.ledger import Charge

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


def still(
    sent: Mapping[str, Action],
    charges: Mapping[str, list[Charge]],
    company: Company,
    reader: TopicReader | None,
    problem: str = "",
) -> Figure:
    """The final picture with its sentence. `charges` by design; those of other actions are left out.

    `problem` is why the picture ended before its time.
    """
    figures = [_words(problem, problem)] if problem else []
    figures += _bills(sent, charges, company)
    if reader:
        rows = pd.DataFrame(reader.records, columns=Record._fields)
        figures.append(topic_lanes(rows.drop_duplicates(["partition", "offset"]), reader.cursors))
    count = fig.plural(len(sent), "action")
    return Still(" ".join([f"{count} sent.", *(figure.sentence for figure in figures)]), figures)


class Still(Figure):
    """Figures below each other, under one sentence."""

    def __init__(self, sentence: str, figures: Sequence[Figure]) -> None:
        self.sentence, self._figures = sentence, figures

    @cached_property
    def png(self) -> bytes:
        """The pictures of all of them as one."""
        try:
            return stacked([figure.png for figure in self._figures])
        finally:
            _forget_fonts()


def _forget_fonts() -> None:
    """Close matplotlib's font files: it opens them anew for every thread that draws, and keeps them."""
    getattr(font_manager, "_get_font", lru_cache(int)).cache_clear()


def _bills(sent: Mapping[str, Action], charges: Mapping[str, list[Charge]], company: Company) -> list[Figure]:
    day = sorted(sent.values(), key=lambda action: (action.at, action.id))
    ours = {design: [c for c in written if c.id in sent] for design, written in charges.items()}
    frames = {design: bills(day, written, company) for design, written in ours.items()}
    if not any(frame[["billed_cents", "expected_cents"]].to_numpy().any() for frame in frames.values()):
        return [_words("No sale yet, so there is no bill", "No sale was made, so nothing was billed.")]
    if len(frames) == 2:
        return [both_designs(frames["coupled"], frames["event-driven"])]
    return [bills_against_oracle(frame) for frame in frames.values()]


def _words(title: str, sentence: str) -> Figure:
    return Figure(sentence, _draw_words, title)


def _draw_words(title: str) -> fig.Picture:
    picture, [axes] = fig.canvas(title, 1)
    axes.set(xticks=[], yticks=[])
    return picture


def stacked(pictures: list[bytes]) -> bytes:
    """The PNGs below each other as one PNG."""
    images = [Image.open(BytesIO(png)).convert("RGB") for png in pictures]
    whole = Image.new("RGB", (max(i.width for i in images), sum(i.height for i in images)), fig.PAPER)
    top = 0
    for image in images:
        whole.paste(image, (0, top))
        top += image.height
    page = BytesIO()
    whole.quantize(64, dither=Image.Dither.NONE).save(page, "PNG", optimize=True)
    return page.getvalue()
