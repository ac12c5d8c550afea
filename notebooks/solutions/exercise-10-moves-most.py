from collections.abc import Callable


def moves_most(saving_cents: Callable[[dict[str, float]], float], inputs: dict[str, float]) -> str:
    """The input whose bar is the widest: from the saving with half of it to the saving with twice of it.

    All other inputs stay as they are, and the distance has no sign. `max` keeps the first of equals.
    """

    def width_cents(name: str) -> float:
        half, twice = (saving_cents({**inputs, name: inputs[name] * factor}) for factor in (0.5, 2))
        return abs(twice - half)

    return max(inputs, key=width_cents)
