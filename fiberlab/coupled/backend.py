"""The backend: one HTTP app that prices and charges, then answers 200 with the bill."""

from fastapi import FastAPI

from fiberlab.api import ActionRequest, Bill, new_app
from fiberlab.coupled import billing, marketing
from fiberlab.coupled.accounts import Accounts
from fiberlab.domain import Company
from fiberlab.ledger import Ledger
from fiberlab.mailing import Mailing


def create(company: Company, accounts: Accounts, ledger: Ledger, mailing: Mailing | None = None) -> FastAPI:
    """The backend's HTTP app."""
    app = new_app("Herd Fiber backend")

    @app.post("/actions", status_code=200)
    def act(request: ActionRequest) -> Bill:
        action = request.to_action()
        company.check(action)
        amount_cents = billing.bill(action, company.plans, accounts, ledger)
        if mailing:
            marketing.mail(action, mailing)
        return Bill(action_id=action.id, amount_cents=amount_cents)

    return app
