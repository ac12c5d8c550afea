"""What the chapters count on running designs."""

from classroom.experiments.billing import moving_parts, what_to_operate
from classroom.world.designs import Coupled, EventDriven, Monolith


def test_both_backends_are_an_app_and_a_database_to_operate(company, tmp_path):
    for design in (Coupled(company, tmp_path), Monolith(company, tmp_path)):
        assert moving_parts(design) == [("app", "backend"), ("database", "backend's database")]
        assert list(what_to_operate(design).values()) == [2, 1, 1, 0, 0]
        design.close()


def test_every_service_adds_itself_a_ledger_a_lag_and_a_read_position_per_partition(
    company, tmp_path, cluster
):
    design = EventDriven(company, tmp_path, cluster)
    try:
        two = what_to_operate(design)
        design.add("listener", lambda event: None)
        three = what_to_operate(design)
    finally:
        design.close()
    assert list(two.values()) == [6, 3, 2, 2, 8]
    assert [three[name] - two[name] for name in two] == [2, 1, 1, 1, 4]
