"""What chapters measure on running designs."""

from classroom import door

__getattr__, __dir__ = door(
    __name__,
    {
        "billing": "answer_and_bill_times bill_day bill_shares moving_parts",
        "capacity": "RATE RULES friday fridays plan room",
        "scale": "crews loads moves seam table_of_the_log",
        "waiting": "who_waits",
        "costs": "prices sizes",
        "marketing": "browse_while due_a_letter listeners tried",
    },
)
