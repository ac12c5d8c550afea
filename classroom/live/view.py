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
from classroom.figures.bills import bills_against_oracle, bills_by_design
from classroom.figures.look import GRID, INK, PAPER, WIDTH_PX, Figure, listing, plural
from classroom.figures.topics import topic_lanes
from classroom.live.reading import Record, TopicReader
from classroom.live.snapshot import letters

AMOUNTS = ["billed_cents", "expected_cents"]
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
    """A place in a cell's output: first the widget, in the end the still picture or a card."""

    def __init__(self, view: Widget, text: str) -> None:
        self._id, self._text = uuid4().hex, text
        live = {WIDGET: {"model_id": view.model_id, "version_major": 2, "version_minor": 0}}
        self._display(live | {"image/png": placeholder(text)}, fig.ON_LIGHT)

    def leave(self, still: Figure | None) -> None:
        """Put the still picture in its place, or the card; the text stays, as strict nbval compares it."""
        picture = base64.b64encode(still.png).decode() if still else placeholder(self._text)
        self._display({"image/png": picture}, still.metadata if still else fig.ON_LIGHT, update=True)

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
    count: int, bills: Mapping[str, pd.DataFrame], reader: TopicReader | None, problem: str = ""
) -> Figure:
    """The final picture with its sentence: so many actions, and the bills of those that each design was sent.

    `problem` is why the picture ended before its time. A topic without lanes is told, and not drawn.
    """
    figures = [_words(problem, problem)] if problem else []
    figures += _bills(bills)
    if reader and reader.lanes:
        rows = pd.DataFrame(reader.records, columns=Record._fields)
        figures.append(topic_lanes(rows.drop_duplicates(["partition", "offset"]), reader.cursors))
    if reader and (kept := letters(reader)):
        figures.append(_words(kept, f"{kept}."))
    said = [f"{plural(count, 'action')} sent.", *_unsent(count, bills)]
    said += [figure.sentence for figure in figures]
    said += [_row(reader)] if reader and not reader.lanes else []
    return Still(" ".join(said), figures)


def _unsent(count: int, bills: Mapping[str, pd.DataFrame]) -> list[str]:
    """What still waited in the apps when the picture was closed, a sentence for each design."""
    waited = {design: count - len(frame) for design, frame in bills.items()}
    return [
        f"{some:,} of them still waited in the apps of the {design} design."
        for design, some in waited.items()
        if some
    ]


def _row(reader: TopicReader) -> str:
    count = sum(reader.ends.values())
    read = [f"{name} has read {count - sum(reader.lag(name)):,} of them" for name in reader.cursors]
    return f"The topic holds {plural(count, 'event')}; {listing(read)}."


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


def _bills(bills: Mapping[str, pd.DataFrame]) -> list[Figure]:
    sold = {design: frame for design, frame in bills.items() if frame[AMOUNTS].to_numpy().any()}
    if not sold:
        return [_words("No sale yet, so there is no bill", "No sale was made, so nothing was billed.")]
    if len(bills) > 1:
        return [bills_by_design(sold)]
    return [bills_against_oracle(frame) for frame in sold.values()]


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
