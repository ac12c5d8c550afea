"""A ledger that can be made slow, to see who waits for a slow billing and who does not."""

import threading

from fiberlab.ledger import Charge, Ledger


class SlowLedger(Ledger):
    """A ledger whose every write takes `delay_s` longer: 0 until somebody changes it, while it is used."""

    delay_s = 0.0

    def write(self, charge: Charge) -> bool:
        """Whether the charge is new, after the delay; the others' writes do not wait for it."""
        if self.delay_s:
            threading.Event().wait(self.delay_s)  # nobody sets it: the delay is what is asked for
        return super().write(charge)
