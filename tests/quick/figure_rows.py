"""Tables for figures: small days, deployments and prices, and each figure with one number changed."""

from dataclasses import replace

import pandas as pd

from classroom.commands import room
from classroom.figures import bills, changes, costs, crashes, houses, scale, topics
from classroom.figures import times as time_figures
from classroom.readiness import figures
from classroom.readiness.measurements import shipped
from classroom.readiness.model import HERD_FIBER, curves, what_moves_it

MORNING = pd.Timestamp("2025-03-03T08:00Z")


def a_bill(
    minute=0, account="A-1", actor="customer", action="change_plan", plan="Fiber 300", billed=4000, due=4000
):
    return {
        "action_id": f"a{minute}", "at": MORNING + pd.Timedelta(minutes=minute), "account_id": account,
        "actor": actor, "action": action, "plan": plan,
        "billed_cents": billed, "expected_cents": due, "wrong_cents": billed - due,
    }  # fmt: skip


def readers(solved=False, attempts=3):
    row = {"learner": "ada", "exercise": "exercise-01-price", "solved": solved, "attempts": attempts}
    return pd.DataFrame([row, row | {"learner": "bo", "solved": True, "attempts": 1}])


def a_day(**first):
    return pd.DataFrame(
        [
            a_bill(**first),
            a_bill(5, "A-2", "installer", "purchase_plan", "Fiber 5 Gig", 14400, 14400),
            a_bill(7, "A-3", "customer", "purchase_plan", "Fiber 1 Gig", 6000, 7500),
            a_bill(9, "A-3", action="browse_plan", billed=0, due=0),
        ]
    )


def late(behind=8):
    """A day of which the installers' sale is not billed yet."""
    day = a_day()
    ours = day.actor == "installer"
    waits_for = ours.map({True: f"installer-billing ({behind} events behind)", False: ""})
    return day.assign(waits_for=waits_for, billed_cents=day.billed_cents.where(~ours, 0))


def three(shared, events):
    days = {"shared module": shared, "modular monolith": a_day(), "event-driven": events}
    return bills.bills_by_design(days)


def shares(lost=1600):
    columns = ["installer_percent", "bills", "wrong_bills", "lost_cents"]
    return pd.DataFrame([(0, 200, 0, 0), (25, 210, 2, lost), (50, 190, 1, 800)], columns=columns)


def events(count=5, actor="customer"):
    rows = [(number % 2, number // 2, actor, "buy") for number in range(count)]
    return pd.DataFrame(rows, columns=["partition", "offset", "actor", "label"])


def lags(most=34):
    return pd.DataFrame(
        {"customer-billing": [0, 0], "installer-billing": [0, most]}, index=["before", "stopped"]
    )


def groups(members=1, lag=0):
    return pd.DataFrame({"group": ["billing", "mail"], "members": [1, members], "lag": [0, lag]})


def times(*bills_s):
    return pd.DataFrame({"action_id": range(len(bills_s)), "answer_s": 0.01, "bill_s": bills_s})


def prices(parts=6, lines=325):
    designs = ["shared module", "event-driven"]
    counts = pd.DataFrame([(2, parts), (10, 0)], ["moving parts", "sales lost"], designs)
    return counts, pd.DataFrame([(92, lines)], ["lines of code"], designs)


def waited(answer_s=0.01, accepted=True, billed=True, condition="down", browse_accepted=True):
    columns = ["design", "condition", "sale", "accepted", "answer_s", "billed"]
    sale = ("gateway", condition, True, accepted, answer_s, billed)
    return pd.DataFrame([sale, ("gateway", condition, False, browse_accepted, 0.01, False)], columns=columns)


def radius(own=2, others=0, cents=500):
    columns = ["rule", "actor", "bills", "moved_bills", "moved_cents"]
    rows = [("customer", "customer", 3, own, cents), ("installer", "customer", 3, others, 100 * others)]
    return {"shared module": pd.DataFrame(rows, columns=columns)}


def reached(middle=8, released=10):
    columns = ["actors", "rule", "suite", "touched", "released"]
    rows = [(1, "customer", 5, 3, 5), (2, "customer", 10, middle, released), (3, "customer", 15, 9, 15)]
    return {"shared module": pd.DataFrame(rows, columns=columns)}


def changed_files(how="changed", added=1):
    columns = ["design", "feature", "file", "how", "added", "removed"]
    return pd.DataFrame([("shared module", "resellers sell", "billing.py", how, added, 0)], columns=columns)


def nights(unbilled_cents=9999, behind=1):
    """Three ways of a night of three ticks, one of which is skipped by."""
    table = pd.DataFrame(
        {
            "stands_still": ["everybody", "everybody", "nobody"],
            "unbilled": [2, 2, 1],
            "unbilled_cents": [19998, 19998, unbilled_cents],
            "lag": [behind, behind, 0],
        },
        index=["crash and restart", "try again", "skip"],
    )
    lag = pd.DataFrame({"crash and restart": [3, 2, behind], "try again": [3, 2, behind], "skip": [2, 1, 0]})
    return table, lag


def outcomes(wrong_cents=-880, outcome="wrong"):
    columns = ["change", "reader", "actor", "outcome", "wrong_cents"]
    rows = [
        ("as today", "strict", "customer", "right", 0),
        ("as today", "strict", "installer", "right", 0),
        ("new meaning", "strict", "customer", "right", 0),
        ("new meaning", "strict", "installer", outcome, wrong_cents),
    ]
    return pd.DataFrame(rows, columns=columns)


def herd(**changed):
    return replace(HERD_FIBER, **changed)


def dead(lost=0, double=4000):
    columns = ["strategy", "reader", "number", "step", "lost_cents", "double_cents"]
    rows = [
        ("charge, then commit", "the card", 1, "read", 0, 0),
        ("charge, then commit", "the card", 2, "charge", lost, double),
    ]
    return pd.DataFrame(rows, columns=columns)


def acts(last="refused"):
    rows = [("A", "read"), ("B", "read"), ("B", "charge"), ("A", "charge"), ("A", last)]
    return pd.DataFrame(rows, columns=["member", "step"])


def writes(ghosts=0, orphans=4000, twice=1):
    columns = ["gateway", "app", "ghosts_cents", "orphans_cents", "said_twice"]
    return pd.DataFrame([("outbox", "the app gives up", ghosts, orphans, twice)], columns=columns)


def crew(busiest=150, idle=0):
    rows = [(1, 2, 200), (3, 1, busiest), (3, 1, 50), (3, idle, 0)]
    return pd.DataFrame(rows, columns=["crew", "partitions", "events"])


def seam(wrong=4, off_cents=19000):
    rows = [("more partitions", "old first", wrong, off_cents), ("a new topic", "old first", 0, 0)]
    return pd.DataFrame(rows, columns=["remedy", "order", "wrong", "off_cents"])


def evening(lag=40, members=2, still=False):
    rows = [(10, 2, 0, False), (10, members, lag, still)]
    return pd.DataFrame(rows, columns=["arrivals", "members", "lag", "still"])


def answers(**changed) -> pd.DataFrame:
    usual = {"how": "killed", "at_s": 9.0, "answer_s": 9.0, "status": 202, "times": 1}
    return pd.DataFrame([usual | changed, usual])


def restart():
    rows = [(0.0, "-", 0, "m1"), (0.1, "m1", 3, "-"), (0.2, "m1", 2, "m1"), (0.3, "-", 0, "m1")]
    return pd.DataFrame(rows, columns=["at_s", "restarting", "lag", "p0"])


PARTS = [("app", "gateway"), ("broker", "Kafka"), ("service", "customer-billing"), ("database", "ledger")]

# Per maker: the figure, and the same figure with one number behind it changed.
CHANGES = {
    "night_lag": [
        lambda change: changes.night_lag(*nights(9998 if change else 9999), 2),
        lambda change: changes.night_lag(*nights(behind=2 if change else 1), 2),
        lambda change: changes.night_lag(*nights(), 1 if change else 2),
    ],
    "what_stands_still": [
        lambda change: changes.what_stands_still(
            nights()[0].replace("nobody", "a partition" if change else "nobody")
        ),
    ],
    "readers_and_writers": [
        lambda change: changes.readers_and_writers(
            outcomes(-881 if change else -880), {"as today": True, "new meaning": True}
        ),
        lambda change: changes.readers_and_writers(
            outcomes(outcome="not billed" if change else "wrong"), {"as today": True, "new meaning": False}
        ),
        lambda change: changes.readers_and_writers(outcomes(), {"as today": True, "new meaning": change}),
    ],
    "who_reads": [
        lambda change: changes.who_reads(pd.DataFrame({"billing": [True, change]}, index=["id", "time"])),
    ],
    "bills_against_oracle": [
        lambda change: bills.bills_against_oracle(a_day(billed=3999 if change else 4000)),
        lambda change: bills.bills_against_oracle(a_day(due=4001 if change else 4000), by="plan"),
        lambda change: bills.bills_against_oracle(late(9 if change else 8)),
    ],
    "bills_by_design": [
        lambda change: three(a_day(billed=3999 if change else 4000), a_day()),
        lambda change: three(a_day(), a_day(billed=3999 if change else 4000)),
        lambda change: three(a_day(), late() if change else a_day()),
    ],
    "right_or_wrong": [
        lambda change: bills.right_or_wrong(a_day(billed=3999 if change else 4000)),
        lambda change: bills.right_or_wrong(late() if change else a_day()),
    ],
    "money_lost": [lambda change: bills.money_lost(a_day(billed=3999 if change else 4000))],
    "wrong_by_share": [lambda change: bills.wrong_by_share(shares(1601 if change else 1600))],
    "topic_lanes": [
        lambda change: topics.topic_lanes(events(6 if change else 5), {}),
        lambda change: topics.topic_lanes(events(), {"billing": {0: 2 if change else 1}}),
        lambda change: topics.topic_lanes(events(actor="installer" if change else "customer"), {}),
    ],
    "listener_graph": [
        lambda change: topics.listener_graph({"/gateway": 6 if change else 5}, groups()),
        lambda change: topics.listener_graph({"/gateway": 5}, groups(members=0 if change else 1)),
        lambda change: topics.listener_graph({"/gateway": 5}, groups(lag=1 if change else 0)),
    ],
    "lag_by_moment": [lambda change: topics.lag_by_moment(lags(35 if change else 34))],
    "answer_times": [
        lambda change: time_figures.answer_times({"coupled": [0.3 if change else 0.03] * 3}),
        lambda change: time_figures.answer_times({"coupled": [0.03] * (4 if change else 3)}),
    ],
    "answer_and_bill": [lambda change: time_figures.answer_and_bill(times(0.005, 0.02 if change else 0.005))],
    "price_list": [
        lambda change: costs.price_list(*prices(parts=7 if change else 6)),
        lambda change: costs.price_list(*prices(lines=30 if change else 325)),
    ],
    "who_waited": [
        lambda change: time_figures.who_waited(waited(answer_s=0.3 if change else 0.03)),
        lambda change: time_figures.who_waited(waited(accepted=not change)),
        lambda change: time_figures.who_waited(waited(billed=not change)),
        lambda change: time_figures.who_waited(waited(condition="slow" if change else "down")),
        lambda change: time_figures.who_waited(waited(browse_accepted=not change)),
    ],
    "blast_radius_matrix": [
        lambda change: costs.blast_radius_matrix(radius(own=1 if change else 2)),
        lambda change: costs.blast_radius_matrix(radius(others=1 if change else 0)),
        lambda change: costs.blast_radius_matrix(radius(cents=501 if change else 500)),
    ],
    "tests_against_actors": [
        lambda change: costs.tests_against_actors(reached(middle=7 if change else 8)),
        lambda change: costs.tests_against_actors(reached(released=9 if change else 10)),
    ],
    "files_changed": [
        lambda change: costs.files_changed(changed_files("new" if change else "changed")),
        lambda change: costs.files_changed(changed_files(added=2 if change else 1)),
    ],
    "cost_curves": [
        lambda change: figures.cost_curves(curves(herd(hour_cents=300_01 if change else 300_00), shipped())),
        lambda change: figures.cost_curves(curves(herd(actors_later=6 if change else 5), shipped())),
        lambda change: figures.cost_curves(
            curves(HERD_FIBER, shipped().changed({"event-driven/tests to run again/5 actors": 6 + change}))
        ),
    ],
    "tornado": [
        lambda change: figures.tornado(what_moves_it(herd(changes_a_month=4 if change else 3), shipped())),
        lambda change: figures.tornado(
            what_moves_it(herd(broker_month_cents=901_00 if change else 900_00), shipped())
        ),
    ],
    "crash_points": [
        lambda change: crashes.crash_points(dead(lost=1 if change else 0)),
        lambda change: crashes.crash_points(dead(double=4001 if change else 4000)),
    ],
    "exactly_once": [lambda change: crashes.exactly_once(dead(double=0 if change else 4000), "recorded")],
    "two_deaths": [
        lambda change: crashes.two_deaths(dead(double=4001 if change else 4000), dead(lost=4000, double=0)),
        lambda change: crashes.two_deaths(dead(), dead(lost=4001 if change else 4000, double=0)),
    ],
    "nobody_dies": [
        lambda change: crashes.nobody_dies(acts("charge" if change else "refused"), dead()),
        lambda change: crashes.nobody_dies(acts(), dead(double=4001 if change else 4000)),
    ],
    "ghosts_and_orphans": [
        lambda change: crashes.ghosts_and_orphans(writes(ghosts=1 if change else 0)),
        lambda change: crashes.ghosts_and_orphans(writes(orphans=0 if change else 4000)),
        lambda change: crashes.ghosts_and_orphans(writes(twice=2 if change else 1)),
    ],
    "busiest_member": [
        lambda change: scale.busiest_member(crew(busiest=149 if change else 150)),
        lambda change: scale.busiest_member(crew(idle=1 if change else 0)),
    ],
    "key_loads": [lambda change: scale.key_loads(pd.DataFrame({"plan": [5, 3 if change else 4]}))],
    "seam": [
        lambda change: scale.seam(seam(wrong=5 if change else 4)),
        lambda change: scale.seam(seam(off_cents=19001 if change else 19000)),
    ],
    "friday": [
        lambda change: scale.friday({"a rule": evening(lag=41 if change else 40)}, 10),
        lambda change: scale.friday({"a rule": evening(members=3 if change else 2)}, 10),
        lambda change: scale.friday({"a rule": evening(still=change)}, 10),
    ],
    "deployment": [
        lambda change: scale.deployment(
            {"eager": restart()}, {"eager": 2 if change else 3}, {"eager": "recorded"}
        )
    ],
    "outage": [
        lambda change: scale.outage(answers(status=503 if change else 202), 15, "recorded"),
        lambda change: scale.outage(answers(times=0 if change else 1), 15, "recorded"),
        lambda change: scale.outage(answers(answer_s=9.1 if change else 9), 15, "recorded"),
    ],
    "house": [lambda change: houses.house([("app", "backend")], PARTS[: 3 if change else 4])],
    "room": [
        lambda change: room.room(readers(attempts=0 if change else 3)),
        lambda change: room.room(readers(solved=change)),
    ],
}

# Each of them, by the figure's name and its number there.
EACH = [(name, n) for name in CHANGES for n in range(len(CHANGES[name]))]
