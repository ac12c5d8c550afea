"""kill -9 of a billing process at random moments while sales come in: `bench/kills.py` with few kills."""

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from bench.kills import NAIVE, ONCE, Bills, judged, sales_of_customers, soak
from fiberlab.cluster import Cluster
from fiberlab.domain import Company, expected_cents
from fiberlab.eventdriven.events import charge, happened
from fiberlab.ledger import Ledger

pytestmark = [
    pytest.mark.timeout(300),  # a group waits for a member that was killed
    pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM"),
]
SEED = int(os.environ.get("FIBERLAB_SEED", 1))


def test_whoever_kills_it_no_bill_is_lost_double_or_wrong(cluster: Cluster, tmp_path: Path):
    found = soak(cluster, tmp_path, kills=5, count=100, rng=random.Random(SEED), strategy=ONCE)
    assert found == Bills(lost=0, double=0, wrong=0, double_cents=0)


@pytest.mark.embedded
def test_the_naive_ledger_bills_every_sale_at_least_once(cluster: Cluster, tmp_path: Path):
    found = soak(cluster, tmp_path, kills=2, count=40, rng=random.Random(SEED), strategy=NAIVE)
    assert (found.lost, found.wrong) == (0, 0)


@pytest.mark.embedded
def test_the_soak_counts_what_is_lost_double_and_wrong(company: Company, tmp_path: Path):
    sales = sales_of_customers(company, random.Random(SEED), 4)
    owed = [charge(happened(s, company.plans), expected_cents(s, company.plans)) for s in sales]
    once, twice, wrong = owed[:3]  # the fourth is lost
    again, changed = replace(twice, id=f"{twice.id} again"), replace(wrong, amount_cents=1)
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for line in (once, twice, again, changed):
            ledger.write(line)
    assert judged(tmp_path / "ledger.sqlite", sales, company) == Bills(1, 1, 1, twice.amount_cents)
