"""What has to be shown of every exercise, as a row of a table; a file per chapter holds its rows."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fiberlab.lab.exercise import Check

Answer = Callable[..., object]
SEEDS = range(50)


@dataclass(frozen=True)
class Proof:
    """The check, answers that are right though written differently, and wrong ones by what was thought.

    With each wrong answer goes a word of what the check says to it, and to no other one. `faults`: what it
    says to a fault in words of its own, as to a function that has to do something, not to return it.
    """

    check: Check
    right: tuple[Answer, Answer]
    wrong: dict[str, tuple[Answer, str]]
    faults: dict[str, str] = field(default_factory=dict)
