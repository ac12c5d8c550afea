"""Provisioning: the last purchase, change or cancellation wins, whoever acted, and nothing else counts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.world.company import OPENS
from fiberlab.domain import ACTIONS, Action, Actor, Company, plans_in_force
from fiberlab.eventdriven import provisioning
from fiberlab.eventdriven.events import happened
from fiberlab.lines import Lines

pytestmark = pytest.mark.embedded

BY = Actor("customer", "C-1"), Actor("installer", "I-1"), Actor("reseller", "R-1")
Step = tuple[str, str, Actor, str]


@pytest.fixture
def lines() -> Iterator[Lines]:
    with Lines(Path(":memory:")) as lines:
        yield lines


def actions(steps: list[Step]) -> list[Action]:
    return [
        Action(f"a-{number}", name, account, actor, plan, OPENS)
        for number, (name, account, actor, plan) in enumerate(steps)
    ]


def provision(company: Company, lines: Lines, *steps: Step) -> dict[str, str]:
    for action in actions(list(steps)):
        provisioning.handle(happened(action, company.plans), lines)
    return lines.plans()


@pytest.mark.parametrize("by", BY)
def test_the_last_purchase_or_change_wins_whoever_acted(company, lines, by):
    bought, changed = ("purchase_plan", "A-1", BY[0], "Fiber 300"), ("change_plan", "A-1", by, "Fiber 5 Gig")
    assert provision(company, lines, bought) == {"A-1": "Fiber 300"}
    assert provision(company, lines, changed) == {"A-1": "Fiber 5 Gig"}
    assert provision(company, lines, changed, bought) == {"A-1": "Fiber 300"}


def test_a_cancellation_ends_the_line_and_a_purchase_after_it_begins_it_anew(company, lines):
    bought, cancelled = (
        ("purchase_plan", "A-1", BY[0], "Fiber 300"),
        ("cancel_plan", "A-1", BY[0], "Fiber 300"),
    )
    assert provision(company, lines, bought, cancelled) == {}
    assert provision(company, lines, cancelled, bought) == {"A-1": "Fiber 300"}


def test_browsing_changes_no_line_and_each_household_has_its_own(company, lines):
    found = provision(
        company,
        lines,
        ("purchase_plan", "A-1", BY[0], "Fiber 300"),
        ("purchase_plan", "A-2", BY[0], "Fiber 500"),
        ("browse_plan", "A-1", BY[0], "Fiber 5 Gig"),
    )
    assert found == {"A-1": "Fiber 300", "A-2": "Fiber 500"}


def test_the_file_is_still_there_for_the_next_process(company, tmp_path):
    for _ in range(2):
        with Lines(tmp_path / "lines.sqlite") as lines:
            lines.run("A-1", "Fiber 300")
    with Lines(tmp_path / "lines.sqlite") as lines:
        assert lines.plans() == {"A-1": "Fiber 300"}


plans = st.sampled_from(["Fiber 300", "Fiber 500", "Fiber 1 Gig"])
step = st.tuples(st.sampled_from(ACTIONS), st.sampled_from(["A-1", "A-2"]), st.sampled_from(BY), plans)


@given(steps=st.lists(step, max_size=12))
def test_in_order_it_is_what_the_oracle_says(company, steps: list[Step]):
    with Lines(Path(":memory:")) as lines:
        assert provision(company, lines, *steps) == plans_in_force(actions(steps))
