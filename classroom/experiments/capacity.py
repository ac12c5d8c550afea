"""How many members, partitions and brokers it takes: a Friday evening as a model, and plans by a formula.

It knows no Kafka. What it is given was measured: how long an event takes, how large it is, how uneven the
keys are, and how long a change of members stops the work.
"""

import math
from collections.abc import Callable, Mapping

import pandas as pd

TICKS, RATE, PARTITIONS = 120, 10, 6
Rule = Callable[[int, int, int], int]  # arrivals, lag and members of this tick: how many members are wanted


def arrivals(tick: int) -> int:
    """How many events come in this tick of a Friday: 10, then up to 45, then 10 again."""
    return round(10 + 35 * max(0, min(1, (tick - 20) / 30, (100 - tick) / 30)))


RULES: dict[str, Rule] = {
    "two, always": lambda came, lag, members: 2,
    "six, always": lambda came, lag, members: 6,
    "lag over 20: one more, else one less": lambda came, lag, members: members + (1 if lag > 20 else -1),
    "what comes, and the lag in 20 ticks": lambda came, lag, members: math.ceil(
        (1.2 * came + lag / 20) / RATE
    ),
}


def friday(rule: Rule, pause: int = 4, hold: int = 0) -> pd.DataFrame:
    """A row per tick: arrivals, members, lag and whether the work stood still.

    A member handles RATE events a tick, and a partition has one member at most: nobody asks for more of them
    than there are partitions. A change of members stops everybody for `pause` ticks, and the rule is asked
    again no sooner than then, nor before `hold` ticks are over.
    """
    members, lag, rows, changed_at = 2, 0, [], -TICKS
    for tick in range(TICKS):
        came = arrivals(tick)
        if tick - changed_at >= max(pause, hold):
            wanted = min(max(1, rule(came, lag, members)), PARTITIONS)
            changed_at, members = (tick, wanted) if wanted != members else (changed_at, members)
        still = tick - changed_at < pause
        lag += came - (0 if still else min(lag + came, RATE * members))
        rows.append((came, members, lag, still))
    return pd.DataFrame(rows, columns=["arrivals", "members", "lag", "still"]).rename_axis("tick")


LATE = 100  # a lag that is more than this breaks the promise


def fridays(days: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What each rule's day comes to: worst lag, ticks with more than LATE, members paid for, changes."""
    return pd.DataFrame(
        {
            name: {
                "worst lag": day.lag.max(),
                "ticks late": (day.lag > LATE).sum(),
                "member-ticks paid": day.members.sum(),
                "changes": (day.members.diff().fillna(day.members - 2) != 0).sum(),
            }
            for name, day in days.items()
        }
    ).T


HANDLE_MS = 0.17  # to read an event, decode it and write its charge, on two cores (bench/scale.py)
EVENT_BYTES = 350  # 305 of key, headers and value, and what a record adds
EVENNESS = 0.75  # six members are worth 4.5: the busiest partition sets the pace
PEAK = 4.5  # the busiest hour beside the average one
REPLICAS, DISK_GB, MOST_REPLICAS = 3, 1000, 4000  # of a partition; of a broker: its disk, and what it leads


def plan(
    events_a_day: float,
    handle_ms: float = HANDLE_MS,
    outage_s: float = 600,
    promise_s: float = 1800,
    keep_days: float = 7,
) -> dict[str, int]:
    """What one service and its topic need, if an outage at the peak is to be worked off in `promise_s`."""
    peak_a_s = events_a_day / 86_400 * PEAK
    needed_a_s = peak_a_s * (1 + outage_s / promise_s)
    members = math.ceil(needed_a_s * handle_ms / 1000 / EVENNESS)
    disk_gb = events_a_day * EVENT_BYTES * keep_days * REPLICAS / 1e9
    return {
        "events a second at the peak": math.ceil(peak_a_s),
        "members": members,
        "partitions": 2 * members,  # they are hard to add later: twice what the peak needs today
        "GB on disk, all replicas": math.ceil(disk_gb),
        "brokers": max(3, math.ceil(disk_gb / DISK_GB), math.ceil(2 * members * REPLICAS / MOST_REPLICAS)),
    }


def room(learners: int, partitions: int = 30, members: int = 36) -> dict[str, int]:
    """What learners with a topic of their own need at one cluster: here it is not events that are many."""
    replicas = learners * partitions * REPLICAS
    return {
        "partitions": learners * partitions,
        "members of groups": learners * members,
        "replicas to lead and follow": replicas,
        "brokers": max(3, math.ceil(replicas / MOST_REPLICAS)),
    }
