"""What chapters measure on running designs."""

from classroom import door

__getattr__, __dir__ = door(
    __name__,
    {
        "billing": "answer_and_bill_times bill_day bill_shares moving_parts",
        "capacity": "RATE RULES friday fridays plan room",
        "deployment": "deployments restarts_that_disturb",
        "scale": "compacted crews loads moves seam table_of_the_log",
        "waiting": "who_waits",
        "costs": "prices sizes",
        "strategies": "STRATEGIES auto_commit auto_commit_closed charge_once_then_commit charge_then_commit "
        "offset_with_charge",
        "crashes": "as_simulated calls deaths first_sales slow_member totals",
        "gateways": "dual_writes put_into_outbox save_then_say say_then_strike_out",
        "transactions": "exactly_once in_a_transaction",
        "recordings": "RECORDED_ON live_or_recorded recorded",
        "marketing": "browse_while due_a_letter listeners tried",
        "night": "AWAY WAYS night_sales seven_nights",
        "versions": "CHANGES READERS readers_and_writers schema_check who_reads_what",
    },
)
