"""A figure: a picture, and the one sentence that states its data; and the look that all pictures share.

A test compares the sentence and never the picture, so a sentence says every number that must not change.
Everything is drawn without pyplot and without matplotlib's global settings. It knows no bill and no event.
"""

import textwrap
from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import cache, cached_property
from io import BytesIO
from itertools import cycle
from typing import NamedTuple

import pandas as pd
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Picture
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.text import Text
from PIL import Image

WIDTH_PX, INCHES, DPI = 900, 9.0, 160  # shown 900 wide, drawn 1.6 times as fine for dense screens
SMALL, NORMAL, LARGE, HUGE = 9.5, 10.5, 13, 18

PAPER, INK, MUTED, GRID, DUE = "#ffffff", "#1a1a1a", "#595959", "#dcdcdc", "#c8c8c8"
RIGHT_TEXT, RIGHT_PALE = "#006B4E", "#d9f2e9"
WRONG, WRONG_TEXT, WRONG_PALE = "#D55E00", "#A34700", "#fbdcc6"


class Look(NamedTuple):
    """A colour of the Okabe-Ito set and, for whoever does not see it, a hatch and a marker."""

    color: str
    hatch: str
    marker: str
    text: str = INK  # what is written on the colour

    @property
    def fill(self) -> dict[str, object]:
        """What a bar is filled with."""
        return {"color": self.color, "hatch": self.hatch, "edgecolor": INK, "linewidth": 0.6}


ACTOR_LOOKS = {
    "customer": Look("#0072B2", "", "o", PAPER),
    "installer": Look("#E69F00", "///", "s"),
    "reseller": Look("#009E73", "...", "D"),
    "landlord": Look("#CC79A7", "\\\\\\", "^"),
}
UNKNOWN_LOOK = Look("#b5b5b5", "", "x")
GROUP_LOOKS = (
    Look("#1a1a1a", "", "^", PAPER),
    Look("#009E73", "///", "D"),
    Look("#CC79A7", "...", "P"),
    Look("#56B4E9", "\\\\\\", "X"),
)


class Figure:
    """A picture and the sentence that states its data; the last line of a cell shows both."""

    def __init__(self, sentence: str, draw: Callable[..., Picture], *of: object) -> None:
        """Draw: makes the picture of its data when it is looked at, of copies that nobody can change."""
        self.sentence = sentence
        self._draw, self._of = draw, deepcopy(of)

    @cached_property
    def png(self) -> bytes:
        """The picture, drawn once."""
        return _png(self._draw(*self._of))

    def __repr__(self) -> str:
        return self.sentence

    def _ipython_display_(self) -> None:
        """Show the picture and, below it, the sentence.

        Plain text, because Markdown and HTML set what stands between two dollar signs as mathematics.
        `alt` is read by nbconvert's classic template; JupyterLab 4.6 reads no alternative text of outputs.
        """
        size = {"width": WIDTH_PX, "alt": self.sentence}
        display({"image/png": self.png, "text/plain": self.sentence}, metadata={"image/png": size}, raw=True)
        display({"text/plain": textwrap.fill(self.sentence, 110)}, raw=True)


def canvas(title: str, height: float, panels: int = 1) -> tuple[Picture, list[Axes]]:
    """An empty white card, `height` inches high, under its title, with quiet panels side by side."""
    picture = Picture((INCHES, height), dpi=DPI, layout="constrained", facecolor=PAPER, edgecolor=GRID)
    picture.patch.set_linewidth(2)
    picture.get_layout_engine().set(w_pad=0.16, h_pad=0.14)
    picture.suptitle(title, x=0.018, ha="left", size=LARGE, weight="bold", color=INK)
    axes = list(picture.subplots(1, panels, squeeze=False, sharey=True)[0])
    for panel in axes:
        panel.spines[:].set_visible(False)
        panel.tick_params(which="both", length=0, labelsize=SMALL, labelcolor=INK)
        panel.set(facecolor=PAPER, axisbelow=True)
    return picture, axes


def _png(picture: Picture) -> bytes:
    """64 colours (a third of the size), without metadata."""
    _use_what_the_font_has(picture)
    for words in picture.findobj(Text):
        words.set_parse_math(False)  # two dollar signs in a line are money
    agg = FigureCanvasAgg(picture)
    agg.draw()
    image = Image.frombytes("RGBA", agg.get_width_height(), bytes(agg.buffer_rgba())).convert("RGB")
    page = BytesIO()
    image.quantize(64, dither=Image.Dither.NONE).save(page, "PNG", optimize=True)
    return page.getvalue()


def _use_what_the_font_has(picture: Picture) -> None:
    """Names may hold any letters; the sentence has them all, the picture a box for what cannot be drawn."""
    for words in picture.findobj(Text):
        words.set_text(_drawable(words.get_text()))
    for axis in (axis for axes in picture.axes for axis in (axes.xaxis, axes.yaxis)):
        said = [label.get_text() for label in axis.get_ticklabels()]
        if (drawn := [_drawable(text) for text in said]) != said:
            axis.set_ticks(axis.get_ticklocs(), drawn)


def _drawable(text: str) -> str:
    return "".join(letter if letter == "\n" or ord(letter) in _letters() else "□" for letter in text)


@cache
def _letters() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties())).get_charmap())


def text_color(wrong: bool) -> str:
    """The colour of words about money that is wrong, or right."""
    return WRONG_TEXT if wrong else RIGHT_TEXT


def require(frame: pd.DataFrame, *columns: str, rows: int = 1) -> None:
    """Return if the frame has these columns and so many rows; ValueError that says what is missing."""
    if missing := [column for column in columns if column not in frame]:
        raise ValueError(f"the columns {missing!r} are missing; the frame has {list(frame.columns)!r}")
    if len(frame) < rows or not len(frame.columns):
        raise ValueError(f"there is nothing to draw; the frame's shape is {frame.shape!r}, give it a row")


def look_of(actor: str) -> Look:
    """How this kind of actor is drawn, the same in every picture."""
    return ACTOR_LOOKS.get(actor, UNKNOWN_LOOK)


def group_looks(groups: Iterable[str]) -> dict[str, Look]:
    """How each consumer group is drawn, by its place in the list."""
    return dict(zip(groups, cycle(GROUP_LOOKS), strict=False))


def plural(count: int, noun: str) -> str:
    """The count with its noun: "0 bills", "1 bill", "1,200 bills"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listing(items: Iterable[str]) -> str:
    """The items as a sentence lists them: "a", "a and b", "a, b and c"."""
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


def short(text: str) -> str:
    """The text with at most 32 characters, as a label has room for them."""
    return text if len(text) <= 32 else f"{text[:31]}…"


def capital(text: str) -> str:
    """The text with a capital first letter, the rest as it was."""
    return text[:1].upper() + text[1:]
