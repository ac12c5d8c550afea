"""How a check came out, as one line of text and as a small card that everybody can read."""

from dataclasses import dataclass
from html import escape
from typing import Literal, NamedTuple

from classroom.page import literal

Status = Literal["correct", "not yet", "not attempted", "error in your code"]


class Card(NamedTuple):
    """A card's colours. They are its own, so that they are the same on a light and on a dark page."""

    ink: str
    paper: str
    edge: str
    sign: str  # says the same as the colour


CARDS: dict[Status, Card] = {
    "correct": Card("#063d2e", "#e3f5ee", "#00795a", "✓"),
    "not yet": Card("#4a2000", "#fdeee2", "#b34a00", "✗"),
    "not attempted": Card("#262626", "#f1f1f1", "#6a6a6a", "–"),
    "error in your code": Card("#48062b", "#fbe8f1", "#a3256b", "!"),
}


@dataclass(frozen=True, repr=False)
class Outcome:
    """How a check came out; `misconception` names what was probably thought, where it is known."""

    status: Status
    message: str
    who_is_harmed: str = ""
    misconception: str = ""

    def __repr__(self) -> str:
        harmed = f" Who is harmed: {self.who_is_harmed}" if self.who_is_harmed else ""
        return f"{self.status}: {self.message}{harmed}"

    def _repr_html_(self) -> str:
        body = line("", self.message)
        if self.who_is_harmed:
            body += line("Who is harmed", self.who_is_harmed)
        return card(CARDS[self.status], self.status.capitalize(), body)


def line(what: str, said: str) -> str:
    """HTML: what is said, as it is, after a word in bold; without the word if it is empty."""
    bold = f"<b>{escape(what)}:</b> " if what else ""
    return f'<p style="margin: 0.3em 0; color: inherit">{bold}{literal(said)}</p>'


def card(look: Card, heading: str, body: str) -> str:
    """HTML: a region with a heading, named by it; the body is HTML."""
    box = (
        f"color: {look.ink}; background: {look.paper}; border-left: 6px solid {look.edge}; "
        "padding: 0.5em 1em; max-width: 60em; font-size: 14px"
    )
    bold = 'style="font-weight: bold; color: inherit"'
    head = f'<div role="heading" aria-level="3" {bold}>{_sign(look)}{heading}</div>'
    return f'<div role="region" aria-label="{escape(heading)}" style="{box}">{head}{body}</div>'


def _sign(look: Card) -> str:
    return f'<span aria-hidden="true">{look.sign} </span>'
