def key(event: Said) -> str:
    """The household: its events stay in order, and there are many households to share out.

    A company's households need no order among each other, so nothing is won by its name as the key.
    """
    return event.account_id
