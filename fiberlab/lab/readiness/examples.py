"""Three organizations to compare with: one that is ready, one that is not yet, one that is not. Made up."""

from fiberlab.lab.readiness.organization import Organization

HERD_FIBER = Organization(
    name="Herd Fiber",  # customers and installers; resellers, landlords and support agents are planned
    actors_now=2,
    actors_later=5,
    changes_a_month=3,
    test_run_cents=60_00,
    bills_before_noticed=100,
    wrong_bill_cents=8_00,
    slow_hours=3,
    down_hours=1,
    hour_cents=300_00,
    part_month_cents=80_00,
    broker_month_cents=900_00,
    learning_cents=24_000_00,
)
HARBOR_PARCELS = Organization(
    name="Harbor Parcels",  # senders, merchants, couriers, depots, customs, recipients, claims
    actors_now=7,
    actors_later=9,
    changes_a_month=4,
    test_run_cents=90_00,
    bills_before_noticed=200,
    wrong_bill_cents=6_00,
    slow_hours=4,
    down_hours=2,
    hour_cents=300_00,
    part_month_cents=100_00,
    broker_month_cents=2_500_00,
    learning_cents=60_000_00,
)
WILLOW_DENTAL = Organization(
    name="Willow Dental",  # patients book in an app; the front desk may get one of its own
    actors_now=1,
    actors_later=2,
    changes_a_month=1,
    test_run_cents=30_00,
    bills_before_noticed=20,
    wrong_bill_cents=10_00,
    slow_hours=1,
    down_hours=0.5,
    hour_cents=60_00,
    part_month_cents=40_00,
    broker_month_cents=500_00,
    learning_cents=12_000_00,
)
EXAMPLES = (HARBOR_PARCELS, HERD_FIBER, WILLOW_DENTAL)
