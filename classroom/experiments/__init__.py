"""What chapters measure on running designs."""

from classroom import door

__getattr__, __dir__ = door(
    __name__,
    {
        "billing": "answer_and_bill_times bill_day bill_shares moving_parts",
        "waiting": "who_waits",
        "costs": "prices sizes",
        "marketing": "browse_while due_a_letter listeners tried",
        "night": "AWAY WAYS night_sales seven_nights",
        "versions": "CHANGES READERS readers_and_writers schema_check who_reads_what",
    },
)
