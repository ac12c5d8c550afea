"""The break-even, and the verdict: yes, not yet or no, with its reasons and what would change it."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from classroom.figures.look import capital, plural
from classroom.readiness import measurements as made
from classroom.readiness.measurements import Measurements
from classroom.readiness.model import (
    MOST_ACTORS,
    Organization,
    break_even,
    halved_and_doubled,
    kinds,
    saving_cents,
)
from classroom.world.designs import EVENTS
from fiberlab.domain import dollars

Answer = Literal["no", "not yet", "yes"]
WIDE = 100  # characters of a line, in a cell
ORDER: tuple[Answer, ...] = ("no", "not yet", "yes")


@dataclass(frozen=True, repr=False)
class Verdict:
    """The answer, the number of actors from which on events pay (None: never), and why."""

    answer: Answer
    break_even: int | None
    reasons: tuple[str, ...]
    would_change: tuple[str, ...]

    def __repr__(self) -> str:
        lines = [f"{self.answer.capitalize()}."]
        lines += [f"- {line}" for line in self.reasons]
        lines += ["What would change it:", *(f"- {line}" for line in self.would_change)]
        return "\n".join(textwrap.fill(line, WIDE, subsequent_indent="  ") for line in lines)


def verdict(of: Organization, measured: Measurements) -> Verdict:
    """Whether this organization is ready for events between its actors, and why."""
    found = break_even(of, measured)
    reasons = (*_money_reasons(found, of, measured), *_other_reasons(of, measured))
    return Verdict(answer(of, measured), found, reasons, tuple(_changes(found, of, measured)))


def answer(of: Organization, measured: Measurements) -> Answer:
    """The verdict's one word: the least of what the costs, the answer's hurry and the owners allow."""
    return min(
        _affordable(break_even(of, measured), of),
        "not yet" if of.bill_in_answer else "yes",
        "yes" if of.rules_have_owners else "not yet",
        key=ORDER.index,
    )


def _affordable(found: int | None, of: Organization) -> Answer:
    if found is None or of.actors_later < found:
        return "no"
    return "yes" if of.actors_now >= found else "not yet"


def _money_reasons(found: int | None, of: Organization, measured: Measurements) -> Iterator[str]:
    if found is None:
        yield f"Events cost more with any number of kinds of actors up to {MOST_ACTORS}."
    else:
        yield f"Events cost no more than the best request-reply design from {kinds(found)} on."
    whens: dict[int, str] = {of.actors_now: "Now"}
    whens[of.actors_later] = " and ".join((*filter(None, [whens.get(of.actors_later)]), _later(of)))
    for actors, when in whens.items():
        yield f"{capital(when)}, with {kinds(actors)}, {_more_or_less(saving_cents(actors, of, measured))}."
    if of.actors_now == 1:
        yield "With one kind of actor there is nobody to keep apart."


def _other_reasons(of: Organization, measured: Measurements) -> Iterator[str]:
    if of.bill_in_answer:
        late_ms = measured[f"{EVENTS}/{made.BILL}"]
        yield f"The app must have the bill in its answer; a listener makes it later, after {late_ms:.0f} ms."
    if not of.rules_have_owners:
        yield "Not every actor's rule has an owner, so nobody would look after its service and its lag."


def _changes(found: int | None, of: Organization, measured: Measurements) -> Iterator[str]:
    if found is not None and of.actors_now < found:
        yield f"Ask again when the actor comes with whom there are {found} kinds of them."
    elif found is not None and of.actors_later >= found:
        yield f"Fewer than {kinds(found)} would make it no."
    if of.bill_in_answer:
        yield "Keep what needs the bill at once request-reply, and ask again for the rest."
    if not of.rules_have_owners:
        yield "Give each actor's rule people of its own, then ask again."
    yield from _flips(of, measured)


def _flips(of: Organization, measured: Measurements) -> Iterator[str]:
    """Which inputs give another answer when they are halved, or doubled."""
    labels: dict[tuple[str, Answer], list[str]] = {}
    before = answer(of, measured)
    for how, entry, other in halved_and_doubled(of):
        if (after := answer(other, measured)) != before:
            labels.setdefault((how, after), []).append(entry.label)
    for (how, after), inputs in labels.items():
        one = "this" if len(inputs) == 1 else "any of these"
        yield f"{capital(how)} as much of {one} would make it {after}: {'; '.join(inputs)}."
    if not labels:
        yield "No input changes the answer by being halved or doubled alone."


def _later(of: Organization) -> str:
    return f"in {plural(of.horizon_months, 'month')}"


def _more_or_less(saved_cents: int) -> str:
    if not saved_cents:
        return "events would cost the same"
    return f"events would cost {dollars(abs(saved_cents))} {'less' if saved_cents > 0 else 'more'} a month"
