from math import prod


def minutes_down(availability_percents: list[float]) -> float:
    """The minutes of a 30-day month in which at least one part of the chain is down.

    The chain is up only while all parts are: the shares are multiplied.
    """
    up = prod(percent / 100 for percent in availability_percents)
    return 30 * 24 * 60 * (1 - up)
