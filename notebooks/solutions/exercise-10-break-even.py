def break_even(request_reply_cents: list[int], events_cents: list[int]) -> int | None:
    """The least number of actors, at least 2, from which on events never cost more; None if there is none."""
    pairs = list(zip(request_reply_cents, events_cents, strict=True))
    for actors in range(2, len(pairs) + 1):
        if all(events <= request_reply for request_reply, events in pairs[actors - 1 :]):
            return actors
    return None
