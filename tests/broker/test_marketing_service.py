"""E-mail marketing mails who browsed, ignores all else, and disturbs no other service."""

from datetime import UTC, datetime
from functools import partial

import pytest

from classroom.chapter import Chapter
from classroom.world.company import contacts
from classroom.world.designs import EventDriven
from classroom.world.traffic import replay
from fiberlab.domain import Action, Actor, Plan
from fiberlab.eventdriven import marketing
from fiberlab.eventdriven.events import Event, PlanBrowsed, encode, happened
from fiberlab.eventdriven.service import HandlerError
from fiberlab.mailing import MailServerDownError
from tests.facts import eventually

PLANS = {"Fiber 300": Plan("Fiber 300", 3999)}


def event(name: str = "browse_plan", id: str = "a-1", account_id: str = "A-0002") -> Event:
    by = Actor("customer", "C-0002")
    return happened(Action(id, name, account_id, by, "Fiber 300", datetime(2026, 3, 2, tzinfo=UTC)), PLANS)


@pytest.fixture
def backbone(chapter: Chapter) -> EventDriven:
    return chapter.event_driven()


def addresses(chapter: Chapter) -> set[str]:
    """To whom the mailbox has got letters."""
    return {letter.to for letter in chapter.mailbox.letters}


def test_it_mails_the_household_that_browsed(chapter, mailing):
    marketing.handle(event(), mailing)
    assert [letter.subject for letter in chapter.mailbox.letters] == ["Still thinking about Fiber 300?"]


@pytest.mark.parametrize("name", ["purchase_plan", "change_plan", "cancel_plan"])
def test_it_ignores_what_is_not_browsing(chapter, mailing, name):
    marketing.handle(event(name), mailing)
    assert chapter.mailbox.letters == []


def test_a_redelivered_event_is_mailed_once(chapter, mailing):
    for _ in range(3):
        marketing.handle(event(), mailing)
    marketing.handle(event(id="a-2"), mailing)
    assert len(chapter.mailbox.letters) == 2


def test_an_event_that_could_not_be_mailed_is_not_remembered(chapter, mailing):
    chapter.mailbox.stop()
    with pytest.raises(MailServerDownError):
        marketing.handle(event(), mailing)
    chapter.mailbox.start()
    marketing.handle(event(), mailing)
    assert len(chapter.mailbox.letters) == 1


def test_consent_withdrawn_between_the_event_and_the_mail_means_no_mail(chapter, mailing, backbone):
    morning = chapter.day[:60]
    replay(morning, backbone.url)
    browsed = {action.account_id for action in morning if action.name == "browse_plan"}
    withdrawn, *others = [c for c in contacts() if c.consent and c.account_id in browsed]
    mailing.withdraw(withdrawn.account_id)
    backbone.add(marketing.GROUP, partial(marketing.handle, mailing=mailing))
    backbone.settle()
    assert addresses(chapter) == {contact.email for contact in others} != set()


def test_while_the_mail_server_is_down_only_marketing_stops_and_nothing_is_lost(chapter, mailing, backbone):
    chapter.mailbox.stop()
    backbone.add(marketing.GROUP, partial(marketing.handle, mailing=mailing))
    replay(chapter.day[:60], backbone.url)
    eventually(lambda: backbone.status()[marketing.GROUP].startswith("failed"), "marketing to stop")
    eventually(lambda: backbone.lag()["customer-billing"] == 0, "billing to go on")
    assert backbone.lag()[marketing.GROUP] > 0
    with pytest.raises(HandlerError, match=r"email-marketing stopped at partition .* took no letter"):
        backbone.stop(marketing.GROUP)
    chapter.mailbox.start()
    backbone.start(marketing.GROUP)
    backbone.settle()
    agreed = {contact.account_id for contact in contacts() if contact.consent}
    browsing = [a for a in chapter.day[:60] if a.name == "browse_plan" and a.account_id in agreed]
    assert len(chapter.mailbox.letters) == len(browsing) > 0


def test_an_event_carries_no_mail_address():
    record = encode(event())
    assert isinstance(event(), PlanBrowsed)
    assert b"@" not in record.value
    assert not [value for value in record.headers.values() if b"@" in value]
