"""Herd Fiber, three times: as request-reply, as a modular monolith, and as events on Kafka.

Read it in this order:

1. `domain`: what is sold, to whom, at what price
2. `ledger` (in a `database`) and `api`: where charges are written down; what apps and tablets may send
3. `coupled.billing`, `coupled.backend`: one backend, one billing for every actor
4. `monolith`: the same with a module per actor
5. `eventdriven.events`, `eventdriven.gateway`: say what happened, and by whom
6. `eventdriven.customer_billing`, `eventdriven.installer_billing`: who listens; `eventdriven.service`: how
7. `mailing`, `coupled.marketing`, `eventdriven.marketing`: somebody else wants to know
8. `cluster`, `clients`: how all of them reach a Kafka, whichever it is

What shows it to you is in `classroom`; skip that on a first read.
"""
