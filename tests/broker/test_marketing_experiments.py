"""Marketing on the stage: a replay, a slow and a silent mail server, and who listens."""

from functools import partial

import pytest

from classroom.experiments.marketing import (
    SLOW_S,
    Trial,
    UnknownConditionError,
    browse_while,
    due_a_letter,
    listeners,
    tried,
)
from classroom.world.traffic import replay
from fiberlab.eventdriven import marketing
from fiberlab.eventdriven.events import Event, PlanBrowsed
from fiberlab.mailing import Mailing


def forgetful(event: Event, mailing: Mailing) -> None:
    if isinstance(event, PlanBrowsed):
        mailing.mail(event.account_id, event.plan.name)


def test_the_new_group_reads_the_past_from_offset_0_while_billing_does_not_move(chapter):
    backbone, actions = chapter.event_driven(), chapter.day[:80]
    replay(actions, backbone.url)
    backbone.settle()
    before, charges = backbone.cursors(), backbone.charges()
    backbone.add(marketing.GROUP, partial(marketing.handle, mailing=chapter.mailing()))
    backbone.settle()
    after = backbone.cursors()
    assert after.pop(marketing.GROUP) == backbone.view.ends()
    assert (after, backbone.charges()) == (before, charges)
    assert len(chapter.mailbox.letters) == len(due_a_letter(actions)) > 10


def test_a_replay_mails_everybody_again_unless_marketing_remembers(chapter):
    actions = chapter.day[:30]
    due = len(due_a_letter(actions))
    assert tried(chapter, forgetful, actions) == Trial(due, due, 1)
    assert tried(chapter, marketing.handle, actions) == Trial(due, 0, 1)


def test_while_the_mail_server_is_slow_only_the_coupled_design_waits_for_it(chapter):
    actions = due_a_letter(chapter.day)[:8]
    browsed = browse_while(chapter, "slow", actions)
    assert min(browsed.answer_s()["coupled"]) >= SLOW_S
    assert browsed.behind == ()
    assert browsed.letters == {"coupled": 8, "event-driven": 8}


def test_while_the_mail_server_is_down_coupled_browsing_fails_and_events_wait_for_marketing(chapter):
    actions = due_a_letter(chapter.day)[:4]
    browsed = browse_while(chapter, "down", actions)
    assert {design: len(sent.failed) for design, sent in browsed.answers.items()} == {
        "coupled": 4,
        "event-driven": 0,
    }
    assert browsed.behind == (marketing.GROUP,)
    assert browsed.letters == {"coupled": 0, "event-driven": 4}


def test_another_condition_is_named_and_the_mail_server_runs_on(chapter):
    with pytest.raises(UnknownConditionError, match="'tired'"):
        browse_while(chapter, "tired", [])
    assert chapter.mailbox.status == "running"


def test_listeners_are_what_the_broker_tells_also_of_a_group_that_the_notebook_does_not_know(chapter):
    backbone = chapter.event_driven()
    replay(chapter.day[:20], backbone.url)
    backbone.settle()
    with chapter.cluster.consumer(backbone.topic, backbone.group("stranger")) as consumer:
        while not consumer.poll(timeout_ms=400):
            pass
        consumer.commit()
        writers, found = listeners(backbone)
    assert writers == {"/herd-fiber/gateway": 20}
    assert dict(zip(found.group, found.members, strict=True)) == {
        "customer-billing": 1,
        "installer-billing": 1,
        "stranger": 1,
    }
    backbone.stop("installer-billing")
    replay(chapter.day[20:25], backbone.url)
    backbone.settle()
    _, found = listeners(backbone)
    found = found.set_index("group")
    assert tuple(found.loc["installer-billing"]) == (0, 5)
    assert tuple(found.loc["customer-billing"]) == (1, 0)
