"""E-mail marketing: mails the household that browses a plan, while the app waits."""

from fiberlab.domain import Action
from fiberlab.mailing import Mailing

SOURCE = "/herd-fiber/backend"


def mail(action: Action, mailing: Mailing) -> None:
    """Mail about a plan that was browsed, once per action, and only with consent."""
    if action.name == "browse_plan" and not mailing.remembers(SOURCE, action.id):
        mailing.mail(action.account_id, action.plan)
        mailing.remember(SOURCE, action.id)
