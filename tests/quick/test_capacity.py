"""Chapter 09's models: a Friday evening loses no event, and a plan holds what it promises."""

import pytest

from classroom.experiments import outage
from classroom.experiments.capacity import (
    PARTITIONS,
    RATE,
    RULES,
    TICKS,
    arrivals,
    friday,
    fridays,
    plan,
    room,
)
from classroom.experiments.deployment import STATIC, restarts_that_disturb
from classroom.experiments.recordings import recorded
from fiberlab.cluster import PRODUCER
from fiberlab.eventdriven import dead_letters
from fiberlab.eventdriven.gateway import ACKNOWLEDGED_WITHIN_S

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("pause", [0, 4])
def test_what_comes_is_handled_or_waits_and_nobody_works_in_a_pause(rule: str, pause: int):
    day, before = friday(RULES[rule], pause), 0
    assert list(day.arrivals) == [arrivals(tick) for tick in range(TICKS)]
    for row in day.itertuples():
        done = before + row.arrivals - row.lag
        assert 0 <= done <= (0 if row.still else RATE * row.members)
        before = row.lag
    assert day.members.between(1, PARTITIONS).all()
    assert pause or not day.still.any()


def test_the_naive_rule_pays_for_its_pauses_and_is_the_cheapest_without_them():
    one_more = list(RULES.values())[2]
    days = fridays(
        {"pauses": friday(one_more), "none": friday(one_more, 0), "six": friday(RULES["six, always"])}
    )
    assert days["ticks late"].to_dict() == {"pauses": 60, "none": 0, "six": 0}
    assert days["member-ticks paid"].to_dict() == {"pauses": 636, "none": 296, "six": 720}


@pytest.mark.parametrize("handle_ms", [0.17, 5, 200])
def test_planned_members_work_off_an_outage_at_the_peak_within_the_promise(handle_ms: float):
    planned = plan(1e8, handle_ms, outage_s=600, promise_s=1800)
    busiest_does_a_s = planned["members"] * 0.75 * 1000 / handle_ms
    spare_a_s = busiest_does_a_s - 1e8 / 86_400 * 4.5
    assert spare_a_s > 0
    assert 1e8 / 86_400 * 4.5 * 600 / spare_a_s <= 1800
    assert planned["partitions"] >= planned["members"]


def test_a_room_needs_more_brokers_for_its_replicas_than_for_its_events():
    assert room(30)["brokers"] == 3
    assert room(300)["brokers"] == 7
    assert plan(300 * 1200)["members"] == 1


def test_the_recording_shows_that_static_members_disturb_nobody():
    looks = recorded("static_restart")
    assert set(looks.restarting) >= {"m1", "m2", "m3"}, STATIC
    assert restarts_that_disturb(looks) == 0


def test_the_recording_shows_that_compaction_leaves_a_record_for_each_household():
    records = recorded("compaction").records
    assert (records.iloc[0], records.iloc[-1]) == (167, 76)


def test_the_recording_shows_that_a_killed_broker_is_waited_for_and_nothing_is_lost():
    found = outage.outages(recorded("one_of_three"))
    assert found[["failed", "lost"]].eq(0).all(axis=None)
    assert found.slowest_s[outage.SHUT_DOWN] < outage.MISSED_AFTER_S
    assert outage.MISSED_AFTER_S < found.slowest_s[outage.KILLED] < ACKNOWLEDGED_WITHIN_S


def test_whoever_waits_for_the_broker_waits_as_long_as_the_producer_tries():
    tries_s = PRODUCER["delivery_timeout_ms"] / 1000
    assert (tries_s, tries_s) == (ACKNOWLEDGED_WITHIN_S, dead_letters.ACKNOWLEDGED_WITHIN_S)
