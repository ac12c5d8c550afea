def key(event_id: str, account_id: str, company: str, actor_id: str, day: str) -> str:
    """The household: its events stay in order, and there are many households to share out.

    A company's households need no order among each other, so nothing is won by its name as the key.
    """
    return account_id
