"""The backend: one HTTP app that prices and charges, then answers 200 with the bill."""

from fastapi import FastAPI

from fiberlab.api import ActionRequest, Bill, new_app
from fiberlab.domain import Company
from fiberlab.ledger import Ledger
from fiberlab.monolith import billing


def create(company: Company, ledger: Ledger) -> FastAPI:
    """The backend's HTTP app."""
    app = new_app("Herd Fiber backend")

    @app.post("/actions", status_code=200)
    def act(request: ActionRequest) -> Bill:
        action = request.to_action()
        company.check(action)
        amount_cents = billing.bill(action, company.plans, ledger)
        return Bill(action_id=action.id, amount_cents=amount_cents)

    return app
