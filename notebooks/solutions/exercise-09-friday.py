def workers(
    arrivals_a_s: list[int], handle_ms: int, busiest_percent: list[int], outage_s: int, promise_s: int
) -> int | None:
    """The least number of members that holds the promise; None if no number does.

    After an outage at the peak there is a backlog, and events go on arriving while it is worked off. The
    busiest member has to manage its share; members beyond the list have no partition, and help nobody.
    """
    needed_a_s = max(arrivals_a_s) * (1 + outage_s / promise_s)
    for members, percent in enumerate(busiest_percent, 1):
        if needed_a_s * percent / 100 * handle_ms <= 1000:
            return members
    return None
