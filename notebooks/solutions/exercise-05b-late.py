def bill_after_ms(sales_at_ms: list[int], bill_ms: int) -> list[int]:
    """How long after each sale its bill is written, in ms.

    A queue with one server (Lindley's recursion): a bill is begun when its sale has come *and* the one
    before it is written. In a quiet hour everybody waits for the own bill only; in a rush each waits for
    all before. So a promise to customers depends on the rush, not on the mean, and so does the number of
    workers (chapter 09).
    """
    late, ready = [], 0
    for at in sales_at_ms:
        ready = max(ready, at) + bill_ms
        late.append(ready - at)
    return late
