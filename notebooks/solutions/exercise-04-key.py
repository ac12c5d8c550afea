from fiberlab.domain import Action


def key_of(action: Action) -> str:
    """The account: the thing whose history must stay in order, and there are many of them.

    The key is hashed to a partition, and order is kept within it. The action's id or the plan would scatter
    one household's events; the actor's id would part what its installer did from what its customer did.
    """
    return action.account_id
