from fiberlab.domain import Action


def key_of(action: Action) -> str:
    """The account: the thing whose history must stay in order, and there are many of them."""
    return action.account_id
