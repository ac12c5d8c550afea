import math


def chain_availability(parts: list[float]) -> float:
    """The share of calls that are answered if every part of the chain must answer.

    The outages of the parts are taken as independent, so their shares are multiplied: six parts that are
    each there 99 % of the time are all there 94 % of the time. A caller who need not wait for a part does
    not have it in its chain.
    """
    return math.prod(parts)
