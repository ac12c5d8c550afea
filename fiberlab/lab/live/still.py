"""What stays of a live view: the bills of both designs, the topic, and a sentence that states them."""

from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO

import pandas as pd
from matplotlib import font_manager
from PIL import Image

from fiberlab.domain import Action, Company
from fiberlab.lab import figure as fig
from fiberlab.lab.bill_figures import bills_against_oracle, both_designs
from fiberlab.lab.bills import bills
from fiberlab.lab.live.reading import Record, TopicReader
from fiberlab.lab.topic_figures import topic_lanes
from fiberlab.ledger import Charge


def still(
    sent: Mapping[str, Action],
    charges: Mapping[str, list[Charge]],
    company: Company,
    reader: TopicReader | None,
    problem: str = "",
) -> fig.Figure:
    """The final picture with its sentence. `charges` by design; those of other actions are left out.

    `problem` is why the picture ended before its time.
    """
    figures = [_words(problem, problem)] if problem else []
    figures += _bills(sent, charges, company)
    if reader:
        rows = pd.DataFrame(reader.records, columns=Record._fields)
        figures.append(topic_lanes(rows.drop_duplicates(["partition", "offset"]), reader.cursors))
    count = fig.plural(len(sent), "action")
    sentence = " ".join([f"{count} sent.", *(figure.sentence for figure in figures)])
    _forget_fonts()
    return fig.Figure(stacked([figure.png for figure in figures]), sentence)


def _forget_fonts() -> None:
    """Close matplotlib's font files: it opens them anew for every thread that draws, and keeps them."""
    getattr(font_manager, "_get_font", lru_cache(int)).cache_clear()


def _bills(
    sent: Mapping[str, Action], charges: Mapping[str, list[Charge]], company: Company
) -> list[fig.Figure]:
    day = sorted(sent.values(), key=lambda action: (action.at, action.id))
    ours = {design: [c for c in written if c.id in sent] for design, written in charges.items()}
    frames = {design: bills(day, written, company) for design, written in ours.items()}
    if not any(frame[["billed_cents", "expected_cents"]].to_numpy().any() for frame in frames.values()):
        return [_words("No sale yet, so there is no bill", "No sale was made, so nothing was billed.")]
    if len(frames) == 2:
        return [both_designs(frames["coupled"], frames["event-driven"])]
    return [bills_against_oracle(frame) for frame in frames.values()]


def _words(title: str, sentence: str) -> fig.Figure:
    picture, [axes] = fig.canvas(title, 1)
    axes.set(xticks=[], yticks=[])
    return fig.finish(picture, sentence)


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
