def lost_cents(sales: list[tuple[str, int]]) -> int:
    """How much too little the account was billed, in cents.

    Harmed is each customer's sale after an installer's: the discount stays on the account.

    The bill is 80 % of the list price, rounded down; the loss is what is missing, so it is not rounded down.
    """
    lost, discounted = 0, False
    for actor, list_price_cents in sales:
        if actor == "installer":
            discounted = True
        elif discounted:
            lost += list_price_cents - list_price_cents * 80 // 100
    return lost
