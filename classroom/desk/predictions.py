"""Predict, run, see: a guess that is committed before the experiment, and shown beside its outcome."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from numbers import Number
from pathlib import Path
from typing import Any

from classroom.desk import progress
from classroom.desk.outcome import CARDS, card, line

NEAR = 0.1  # a number is right within a tenth of the outcome; nothing but 0 is near 0


class PredictionError(ValueError):
    """A guess that no outcome could confirm; Jupyter shows its sentence alone."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@dataclass(frozen=True, repr=False)
class Prediction:
    """A guess: a number or, where there are choices, one or several of them; None: no prediction."""

    name: str
    guess: Any
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.choices and self.guess is not None:
            object.__setattr__(self, "guess", _chosen(self.guess, self.choices))
        elif isinstance(self.guess, bool) or not isinstance(self.guess, Number | None):
            raise PredictionError(
                f"{self.guess!r} is not a number; write one, such as 0 or 12, and run again"
            )

    def __repr__(self) -> str:
        if self.guess is not None:
            return f"Predicted: {_said(self.guess)}."
        choices = f" Choose from {', '.join(map(repr, self.choices))}." if self.choices else ""
        return f"No prediction yet: write yours in place of None, and run the cell again.{choices}"


@dataclass(frozen=True, repr=False)
class Comparison:
    """A prediction beside its outcome; `surprises`: how many of the reader's were, of how many."""

    prediction: Prediction
    outcome: Any
    surprises: tuple[int, int]

    @property
    def right(self) -> bool:
        """Whether the prediction came true."""
        return is_right(self.prediction.guess, self.outcome)

    def __repr__(self) -> str:
        return " ".join(f"{what}: {said}." for what, said in self._lines().items())

    def _repr_html_(self) -> str:
        look = CARDS["correct" if self.right else "not attempted"]  # a surprise is no fault
        body = "".join(line(what, said) for what, said in self._lines().items())
        return card(look, "Prediction and outcome", body)

    def _lines(self) -> Mapping[str, str]:
        if self.prediction.guess is None:
            return {"Outcome": f"{_said(self.outcome)}. Write a guess to see it beside yours"}
        verdict = "as you expected" if self.right else "a surprise"
        count, of = self.surprises
        return {
            "Predicted": _said(self.prediction.guess),
            "Outcome": f"{_said(self.outcome)}, {verdict}",
            "Surprises so far": f"{count} of {of}, in all chapters",
        }


def _chosen(guess: object, choices: Collection[str]) -> str | set[str]:
    """The guess as the choices are written: one, or a set of several or none."""
    written = {choice.casefold(): choice for choice in choices}
    several = isinstance(guess, Collection) and not isinstance(guess, str)
    found = [written.get(str(one).casefold()) for one in (guess if several else [guess])]
    if None in found:
        offered = ", ".join(map(repr, choices))
        raise PredictionError(f"{guess!r} is not among the choices; choose from {offered}, and run again")
    return set(found) if several else found[0]


def is_right(guess: object, outcome: object) -> bool:
    """Whether this guess came true: the same, or a number within a tenth (NEAR) of the outcome."""
    if isinstance(outcome, set) or isinstance(guess, set):
        return _several(guess) == _several(outcome)
    numbers = isinstance(guess, Number) and isinstance(outcome, Number)
    return abs(guess - outcome) <= NEAR * abs(outcome) if numbers else guess == outcome


def _several(value: object) -> set[object]:
    return set(value) if isinstance(value, set | frozenset) else {value}


def compared(where: Path | None, learner: str, key: str, made: Prediction, outcome: object) -> Comparison:
    """The prediction beside what happened. The first comparison is the one that counts: a later one knows."""
    plain = outcome.item() if hasattr(outcome, "item") else outcome  # a number of numpy's
    if made.guess is None:
        return Comparison(made, plain, (0, 0))
    row = {
        "guess": _kept(made.guess),
        "outcome": _kept(plain),
        "right": is_right(made.guess, plain),
        "when": progress.now(),
    }
    progress.change(where, learner, lambda kept: kept["predictions"].setdefault(key, row))
    kept = {key: row} | progress.known(where)["predictions"]
    return Comparison(made, plain, (sum(not one.get("right") for one in kept.values()), len(kept)))


def _kept(value: object) -> object:
    """The value as JSON can hold it."""
    if isinstance(value, Collection) and not isinstance(value, str):
        return sorted(map(str, value))
    return value if isinstance(value, int | float | str) else str(value)


def _said(value: object) -> str:
    if isinstance(value, Collection) and not isinstance(value, str):
        return ", ".join(sorted(map(str, value))) or "none of them"
    return f"{value:,}" if isinstance(value, Number) else str(value)
