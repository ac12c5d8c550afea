"""E-mail marketing: mails the household that browsed a plan, and ignores all other events."""

from fiberlab.eventdriven.events import Event, PlanBrowsed
from fiberlab.mailing import Mailing

GROUP = "email-marketing"


def handle(event: Event, mailing: Mailing) -> None:
    """Mail about a plan that was browsed, once per event, and only with consent."""
    if isinstance(event, PlanBrowsed) and not mailing.remembers(event.source, event.id):
        mailing.mail(event.account_id, event.plan.name)
        mailing.remember(event.source, event.id)
