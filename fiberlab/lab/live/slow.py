"""A ledger that can be made slow or taken down, to see who waits for billing and who does not."""

import threading

from fiberlab.database import DatabaseDownError
from fiberlab.ledger import Charge, Ledger


class SlowLedger(Ledger):
    """A ledger whose every write takes `delay_s` longer, and fails while it is `down`.

    Both may be changed while it is used.
    """

    delay_s = 0.0
    down = False

    def write(self, charge: Charge) -> bool:
        """Whether the charge is new, after the delay; the others' writes do not wait for it.

        Raises DatabaseDownError while the ledger is down.
        """
        if self.delay_s:
            threading.Event().wait(self.delay_s)  # nobody sets it: the delay is what is asked for
        if self.down:
            raise DatabaseDownError(f"{charge!r} is not written (the ledger is down); write it again later")
        return super().write(charge)
