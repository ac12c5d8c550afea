from fiberlab.eventdriven.events import Event, PlanBrowsed
from fiberlab.mailing import Mailing


def handle(event: Event, mailing: Mailing) -> None:
    """Mail about a plan that was browsed, once per event, however often the topic is read.

    First the letter, then the memory: if the mail server is down, nothing is remembered and nothing lost.
    """
    if isinstance(event, PlanBrowsed) and not mailing.remembers(event.source, event.id):
        mailing.mail(event.account_id, event.plan.name)
        mailing.remember(event.source, event.id)
