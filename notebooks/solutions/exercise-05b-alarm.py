Look = dict[str, list[tuple[int, int]]]


def to_call(before: Look, after: Look) -> list[str]:
    """The groups of which a partition stands still, in order of their names.

    Movement needs no number to tune. A threshold on the lag calls people on a busy evening, and never on
    a quiet night, when three sales wait until morning. What was there at the first look and is still not
    read at the second stands still, in whichever partition; the others may move, so the sum hides it.
    """
    stuck = []
    for name, lanes in before.items():
        for (committed, end), (committed_later, _) in zip(lanes, after[name], strict=True):
            if committed < end and committed_later == committed:
                stuck.append(name)
    return sorted(set(stuck))
