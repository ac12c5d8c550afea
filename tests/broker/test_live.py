"""A live view shows what is there, changes nothing of it, and leaves a still picture and nothing else."""

import io
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from types import SimpleNamespace

import pytest
from kafka.errors import KafkaTimeoutError
from PIL import Image

from classroom.broker.embedded import BrokerGoneError
from classroom.chapter import Chapter
from classroom.live import watching
from classroom.live.reading import Books
from classroom.live.watching import Live
from classroom.world import company as days
from classroom.world.bills import bills
from classroom.world.designs import EventDriven, SlowLedger, named
from classroom.world.traffic import Script, replay
from fiberlab.domain import SALES, Action, expected_cents
from fiberlab.ledger import Charge
from tests.facts import eventually, files_open, interrupt, seconds

pytestmark = pytest.mark.embedded

BOTH = ["customer-billing", "installer-billing"]


@pytest.fixture(scope="module")
def day(company):
    return days.generated_day(company, seed=11, actions=150, installer_percent=30)


@pytest.fixture
def chapter() -> Iterator[Chapter]:
    chapter = Chapter.open("05", {}, kafka=False)
    yield chapter
    chapter.close()


@pytest.fixture
def live(chapter) -> Live:
    """Both designs, watched, with traffic without end."""
    live = chapter.watch(chapter.coupled(), chapter.event_driven(), a_second=50)
    eventually(lambda: first_picture(live), "the first picture")
    return live


def first_picture(live: Live) -> list[int]:
    return (live.view.snapshot.get("topic") or {}).get("ends", [])


def press(live: Live, **message: object) -> None:
    """What the browser sends when something is pressed."""
    live.view._handle_custom_msg(message, [])


def controls(live: Live) -> dict:
    return live.view.snapshot["controls"]


def in_the_ledgers(live: Live, name: str) -> tuple[int, int, int]:
    """Billed and wrong cents, and wrong bills, as the oracle counts them."""
    frame = bills(tuple(live.traffic.script.sent.values()), live.designs[name].charges(), live.company)
    return frame.billed_cents.sum(), frame.wrong_cents.sum(), (frame.wrong_cents != 0).sum()


def shown(live: Live, name: str) -> tuple[int, ...]:
    """The same three, as the browser gets them."""
    outcomes = [outcome for outcome in live.view.snapshot["outcomes"] if outcome["design"] == name]
    return tuple(
        sum(outcome[what] for outcome in outcomes) for what in ("billed_cents", "wrong_cents", "wrong")
    )


def charged(design) -> set[tuple[str, int]]:
    return {(charge.id, charge.amount_cents) for charge in design.charges()}


# What it shows


@pytest.mark.timeout(180)
def test_a_day_watched_live_ends_with_the_ledgers_of_the_unwatched_replay(chapter, company):
    day = days.generated_day(company, seed=2028, actions=1000)
    unwatched = {}
    for design in (chapter.coupled(), chapter.event_driven()):
        replay(day, design.url)
        design.settle()
        unwatched[type(design)] = charged(design)
    coupled, backbone = chapter.coupled(), chapter.event_driven()
    figure = chapter.watch(coupled, backbone, day=day, a_second=400).finish()
    assert charged(coupled) == unwatched[type(coupled)]
    assert charged(backbone) == unwatched[type(backbone)]
    assert figure.sentence.startswith("1,000 actions sent. Coupled: customers were billed $")
    assert "group installer-billing has read 1,000 of 1,000, 0 behind" in figure.sentence


def test_the_last_picture_says_the_same_in_every_run(chapter, day):
    def run() -> str:
        live = chapter.watch(chapter.coupled(), chapter.event_driven(), day=day, a_second=400)
        return live.finish().sentence

    assert run() == run()


def test_whoever_waits_for_the_end_hurries_a_slow_day(chapter, day):
    live = chapter.watch(chapter.coupled(), day=day[:90], a_second=1)
    assert live.finish(within_s=30).sentence.startswith("90 actions sent.")


@pytest.mark.parametrize("after_s", [0.05, 0.2, 0.4, 0.6, 0.8])
def test_a_wait_for_the_end_that_was_interrupted_is_done_again(chapter, day, after_s):
    live = chapter.watch(chapter.coupled(), chapter.event_driven(), day=day[:90], a_second=60)
    button = threading.Timer(after_s, interrupt)
    with suppress(KeyboardInterrupt):
        button.start()
        live.finish()
        button.join()
    assert live.finish().sentence.startswith("90 actions sent.")
    assert live.finish() is live.still


def test_an_interrupted_close_leaves_a_design_that_is_closed_by_the_next(chapter, company):
    backbone = chapter.event_driven()
    closing = backbone.close
    backbone.close = lambda: interrupt() or closing()
    with pytest.raises(KeyboardInterrupt):
        chapter.event_driven()
    backbone.close = closing
    chapter.event_driven()
    assert set(backbone.status().values()) == {"stopped"}


def day_is_seen(live: Live) -> bool:
    """Whether the picture says that its day is sent, and that every group has read all of it."""
    lags = [sum(group["lag"]) for group in live.view.snapshot["topic"]["groups"]]
    return controls(live)["ended"] and whole_topic(live) == controls(live)["sent"] and not any(lags)


@pytest.mark.parametrize("close", ["the button", "finish", "the chapter", "another view"])
def test_a_picture_whose_day_is_sent_stays_and_acts_until_it_is_closed(chapter, day, close):
    backbone = chapter.event_driven()
    live = chapter.watch(backbone, day=day[:40], a_second=400)
    eventually(lambda: first_picture(live) and day_is_seen(live), "the day to be seen to its end")
    press(live, do="send", actor="installer")
    eventually(lambda: "billed $" in "; ".join(live.view.snapshot["followed"]), "a bill by hand")
    press(live, do="reset")
    eventually(lambda: controls(live)["of_day"] == 40 and whole_topic(live) == 81, "the day once more")
    assert live.still is None
    ways = {
        "the button": lambda: press(live, do="close"),
        "finish": live.finish,
        "the chapter": chapter.close,
        "another view": lambda: chapter.watch(backbone),
    }
    ways[close]()
    eventually(lambda: live.still, "the still picture")
    assert live.still.sentence.startswith("40 actions sent.")
    assert Image.open(io.BytesIO(live.still.png)).width == 1440


def test_a_fixed_day_shows_only_who_acts_in_it(chapter, company):
    day = days.generated_day(company, seed=1, actions=30, installer_percent=0)
    live = chapter.watch(chapter.coupled(), day=day, a_second=400)
    eventually(lambda: live.view.snapshot, "the first picture")
    assert list(live.view.snapshot["actors"]) == ["customer"]
    assert {outcome["actor"] for outcome in live.view.snapshot["outcomes"]} == {"customer"}


def test_before_chapter_04_the_topic_is_one_row_without_partitions_groups_and_lag(day):
    chapter = Chapter.open("01", {}, kafka=False)
    try:
        live = chapter.watch(chapter.event_driven(), day=day[:60], a_second=400)
        eventually(lambda: first_picture(live) and day_is_seen(live), "the day to be seen to its end")
        topic = live.view.snapshot["topic"]
        assert topic["ends"] == [60]
        assert [(group["cursors"], group["lag"]) for group in topic["groups"]] == [([60], [0])] * 2
        press(live, do="send", actor="customer")
        eventually(lambda: "event written" in live.view.snapshot["followed"], "the event by hand")
        sentence = live.finish().sentence
        assert "The topic holds 61 events; customer-billing has read 61 of them" in sentence
        assert not any(word in sentence for word in ("partition", "group", "lag", "behind"))
    finally:
        chapter.close()


def test_the_snapshot_counts_what_the_topic_and_the_ledgers_hold(live):
    press(live, do="pause")
    eventually(lambda: controls(live)["paused"] and live._over(), "the traffic to pause")
    for design in live.designs.values():
        design.settle()
    sent = len(live.traffic.script.sent)
    eventually(lambda: sum(live.view.snapshot["topic"]["ends"]) == sent, "the view to have seen everything")
    eventually(lambda: [sum(g["lag"]) for g in live.view.snapshot["topic"]["groups"]] == [0, 0], "no lag")
    held = {name: in_the_ledgers(live, name) for name in live.designs}
    eventually(lambda: {name: shown(live, name) for name in held} == held, "the bills that the ledgers hold")
    snapshot = live.view.snapshot
    assert [group["name"] for group in snapshot["topic"]["groups"]] == BOTH
    assert sum(snapshot["actors"].values()) == snapshot["designs"]["coupled"]["accepted"] == sent
    assert "customer-billing is 0 behind" in snapshot["sentence"]


def test_a_record_that_nobody_can_read_is_shown_among_the_dead_letters_once_for_each_service(live):
    backbone = live.designs["event-driven"]
    assert live.view.snapshot["topic"]["letters"] == ""
    with backbone.cluster.producer() as producer:
        producer.send(backbone.topic, b"hello", partition=0).get(timeout=10)
    told = "2 dead letters: 1 of customer-billing and 1 of installer-billing"
    eventually(lambda: live.view.snapshot["topic"]["letters"] == told, "the letters in the picture")
    assert told in live.view.snapshot["sentence"]
    assert live.view.snapshot["topic"]["last_reason"].startswith("not an event of ours (")
    assert live.view.snapshot["topic"]["groups"][0]["status"] == "running; set aside 1"
    backbone.redrive("customer-billing")  # nobody can read it still: it is kept again, and the same record
    assert told in live.finish().sentence
    assert len(backbone.letters()) == 3


@pytest.mark.parametrize("number", ["01", "05"])
def test_the_dead_letters_of_a_design_are_in_the_still_of_every_chapter_that_watches_one(day, number):
    chapter = Chapter.open(number, {}, kafka=False)
    try:
        backbone = chapter.event_driven()
        with chapter.cluster.producer() as producer:
            producer.send(backbone.topic, b"hello", partition=0).get(timeout=10)
        with_letters = chapter.watch(backbone, day=day[:20], a_second=400).finish()
        assert "2 dead letters: 1 of customer-billing" in with_letters.sentence
        without = chapter.watch(chapter.event_driven(), day=day[:20], a_second=400).finish()
        assert "letter" not in without.sentence
        assert height(with_letters.png) > height(without.png)
    finally:
        chapter.close()


def height(png: bytes) -> int:
    return Image.open(io.BytesIO(png)).height


def test_the_books_count_what_is_new_and_begin_anew_with_each_round(company, tmp_path):
    script = Script(company, ())
    with SlowLedger(tmp_path / "ledger.sqlite") as ledger:
        books = Books({"event-driven": SimpleNamespace(ledgers={"billing": ledger})}, script)

        def bill(sale: Action, cents: int) -> Charge:
            charge = Charge("/", sale.id, sale.account_id, sale.actor.kind, sale.name, sale.plan, cents)
            ledger.write(charge)
            return charge

        def counted() -> list[tuple[str, int, int, int]]:
            books.look()
            return [(o.actor, o.right, o.wrong, o.not_billed) for o in books.outcomes({})]

        first, second = script.by_hand("customer"), script.by_hand("installer")
        assert counted() == [("customer", 0, 0, 1), ("installer", 0, 0, 1)]
        written = [bill(first, expected_cents(first, company.plans)), bill(second, 1)]
        assert counted() == counted() == [("customer", 1, 0, 0), ("installer", 0, 1, 0)]
        assert books.charges == {"event-driven": written}
        assert books.charge("event-driven", second.id) == written[1]
        late = script.by_hand("customer")
        script.reset()
        bill(late, 1)  # of the round before: written down, and no longer counted
        assert counted() == [("customer", 0, 0, 0), ("installer", 0, 0, 0)]
        assert len(books.charges["event-driven"]) == 3


def test_the_services_do_not_notice_that_they_are_watched(chapter, day):
    backbone = chapter.event_driven()
    chapter.watch(backbone, day=day, a_second=400).finish()
    assert {name: service.handled for name, service in backbone.services.items()} == dict.fromkeys(BOTH, 150)
    assert [list(service.broker_errors) for service in backbone.services.values()] == [[], []]
    replay(day, backbone.url)
    backbone.settle()
    assert sum(backbone.view.ends().values()) == 300


# Controls


def test_a_stopped_service_falls_behind_alone_and_catches_up(live):
    press(live, do="service", name="installer-billing")

    def lags() -> list[int]:
        return [sum(group["lag"]) for group in live.view.snapshot["topic"]["groups"]]

    eventually(lambda: live.view.snapshot["topic"]["groups"][1]["status"] == "stopped", "it to stop")
    eventually(lambda: lags()[1] > 20 + 2 * lags()[0], "its lag to grow, and nobody else's")
    press(live, do="service", name="installer-billing")
    press(live, do="pause")
    eventually(lambda: lags() == [0, 0], "it to catch up")


@pytest.mark.parametrize("stopped", BOTH)
def test_a_sale_whose_service_is_stopped_is_not_billed_yet_live_and_in_the_still(chapter, day, stopped):
    coupled, backbone = chapter.coupled(), chapter.event_driven()
    backbone.stop(stopped)
    live = chapter.watch(coupled, backbone, day=day, a_second=400)
    actor = stopped.removesuffix("-billing")
    sales = sum(action.name in SALES and action.actor.kind == actor for action in day)

    def late() -> dict[tuple[str, str], tuple[int, int, int]]:
        found = live.view.snapshot.get("outcomes", ())
        return {(o["design"], o["actor"]): (o["not_billed"], o["behind"], o["wrong"]) for o in found}

    expected = (sales, len(day), 0)
    eventually(lambda: late().get(("event-driven", actor)) == expected, "the sales to be late")
    said = live.finish().sentence
    design = said[said.index("event-driven: ") :]
    assert f"bills are right, {sales} are not made yet; {sales} bills wait for {stopped} (" in design
    assert f"{stopped} ({len(day)} events behind)" in design
    assert "wrong" not in design


def test_the_traffic_pauses_at_the_first_wrong_bill_says_whose_it_is_and_goes_on_when_told(chapter):
    live = chapter.watch(chapter.coupled(), day=chapter.day[:450], a_second=50, pause_at_wrong_bill=True)
    eventually(lambda: live.view.snapshot.get("wrong"), "the first wrong bill")
    eventually(lambda: controls(live)["paused"], "the traffic to pause")
    charge, action = live.books.first_wrong.charge, live.books.first_wrong.action
    assert charge.amount_cents != expected_cents(action, live.company.plans)
    number = chapter.day.index(action) + 1
    assert live.view.snapshot["wrong"]["said"].startswith(f"Action {number} (customer, {action.name}, ")
    assert number <= controls(live)["of_day"] < 450
    assert shown(live, "coupled")[2] >= 1  # more were on their way, perhaps
    press(live, do="rate", value=400)
    press(live, do="start")
    eventually(lambda: controls(live)["ended"], "the rest of the day, without another pause")
    assert live.view.snapshot["wrong"]["said"].startswith(f"Action {number} ")
    press(live, do="reset")
    eventually(lambda: not live.view.snapshot["wrong"], "a new round")
    eventually(lambda: live.view.snapshot["wrong"] and controls(live)["paused"], "its first wrong bill")


def test_whoever_waits_for_the_end_is_not_held_up_by_a_wrong_bill(chapter):
    live = chapter.watch(chapter.coupled(), day=chapter.day[:300], a_second=400, pause_at_wrong_bill=True)
    assert live.finish(within_s=30).sentence.startswith("300 actions sent.")


def test_what_still_waits_in_the_apps_when_the_picture_is_closed_is_told_and_not_wrong(chapter, day):
    coupled = chapter.coupled()
    live = chapter.watch(coupled, day=day, a_second=50)
    eventually(lambda: sum(o["right"] for o in live.view.snapshot.get("outcomes", ())), "a bill")
    press(live, do="slow", value=2000)
    press(live, do="rate", value=400)
    eventually(lambda: live.traffic.script.exhausted, "the day to be handed out")
    said = live.close().sentence
    waited = len(day) - len(live.traffic.requests["coupled"].sent)
    assert waited > 0
    assert f"150 actions sent. {waited} of them still waited in the apps of the coupled design." in said
    assert "were billed $" in said
    assert "wrong" not in said


def test_paused_traffic_stands_still_and_goes_on(live):
    press(live, do="pause")
    eventually(lambda: controls(live)["paused"], "the pause")
    sent = len(live.traffic.script.sent)
    press(live, do="send", actor="installer")  # by hand goes through all the same
    eventually(lambda: len(live.traffic.script.sent) == sent + 1, "one action by hand")
    assert len(live.traffic.script.sent) == sent + 1
    press(live, do="start")
    eventually(lambda: len(live.traffic.script.sent) > sent + 10, "the traffic to flow")


def test_an_action_sent_by_hand_is_followed_to_its_bills(live):
    press(live, do="pause")
    press(live, do="send", actor="installer")

    def told() -> str:
        return "; ".join(live.view.snapshot["followed"])

    eventually(lambda: re.search("read by [^;]*installer-billing.*event-driven: billed", told()), "a bill")
    assert told().startswith("installer buys ")
    assert "coupled: answered 200 after " in told()
    assert "event-driven: answered 202 after " in told()


def test_slow_billing_lets_the_coupled_apps_wait_and_the_gateway_answer(live):
    press(live, do="slow", value=2000)
    eventually(lambda: controls(live)["slow_ms"] == 2000, "billing to be slow")
    press(live, do="rate", value=200)

    def behind() -> int:
        designs = live.view.snapshot["designs"]
        return designs["event-driven"]["accepted"] - designs["coupled"]["accepted"]

    eventually(lambda: behind() > 20, "the coupled design to fall behind")
    live.close()
    assert {ledger.delay_s for ledger in live.controls.ledgers} == {0}


def test_rate_share_and_reset_hold_from_the_next_action_on(live):
    press(live, do="share", value=100)
    press(live, do="rate", value=999)
    press(live, do="reset")
    eventually(lambda: "begins again" in controls(live)["said"], "the reset")
    assert (controls(live)["share"], controls(live)["rate"]) == (100, 400)
    eventually(lambda: len(live.traffic.script.sent) > 20, "the traffic to go on")
    assert {action.actor.kind for action in live.traffic.script.sent.values()} == {"installer"}
    assert all(id.endswith(".2") for id in live.traffic.script.sent)


def groups(live: Live) -> dict[str, dict]:
    return {group["name"]: group for group in live.view.snapshot["topic"]["groups"]}


def whole_topic(live: Live) -> int:
    return sum(live.view.snapshot["topic"]["ends"])


def test_a_listener_joins_at_offset_0_and_catches_up_while_billing_does_not_move(live):
    eventually(lambda: whole_topic(live) > 30, "events on the topic")
    press(live, do="pause")
    backbone = live.designs["event-driven"]
    eventually(lambda: live._over() and not any(backbone.lag().values()), "everything to be read")
    eventually(lambda: live.reader.cursors == backbone.cursors(), "the view to have seen it")
    before, seen = backbone.cursors(), []
    live.view.observe(lambda change: seen.append(change["new"]), "snapshot")
    assert live.view.snapshot["topic"]["guest"] == {"name": "browse-counter", "is_there": False}
    press(live, do="listen")
    eventually(lambda: [*groups(live)] == [*BOTH, "browse-counter"], "the new group")
    eventually(lambda: sum(groups(live)["browse-counter"]["lag"]) == 0, "it to catch up")
    lags = [sum(g["lag"]) for s in seen for g in s["topic"]["groups"] if g["name"] == "browse-counter"]
    assert lags[0] == whole_topic(live) > 0
    assert lags == sorted(lags, reverse=True)
    looks = [action for action in live.traffic.script.sent.values() if action.name == "browse_plan"]
    assert groups(live)["browse-counter"]["found"].startswith(f"{len(looks):,} looks, most at Fiber ")
    assert backbone.cursors() == before | {"browse-counter": before["customer-billing"]}
    assert live.view.snapshot["topic"]["guest"]["is_there"]


def test_what_the_button_has_added_leaves_with_the_picture_and_begins_anew_in_the_next(chapter):
    backbone, heard, due = chapter.event_driven(), [], 0
    for _ in range(2):
        live = chapter.watch(backbone, a_second=100, listener=("mailing", heard.append))
        press(live, do="listen")
        eventually(lambda live=live: "mailing listens" in live.controls.said, "the listener")
        assert "group mailing has read" in live.finish().sentence
        assert list(backbone.services) == BOTH
        due += sum(backbone.view.ends().values())  # the second time from offset 0, too
        assert len(heard) == due


def test_a_listener_that_a_cell_adds_is_seen_and_stays(live):
    backbone, heard = live.designs["event-driven"], []
    backbone.add("browse-counter", heard.append)
    eventually(lambda: "browse-counter" in groups(live), "the new group in the picture")
    assert live.view.snapshot["topic"]["guest"]["is_there"]
    press(live, do="listen")
    eventually(lambda: "there is a service 'browse-counter'" in live.controls.said, "the refusal")
    assert "group browse-counter has read" in live.close().sentence
    assert backbone.status()["browse-counter"] == "running"


def test_a_listener_that_fails_is_shown_and_nobody_else_stops(chapter):
    live = chapter.watch(chapter.event_driven(), a_second=50, listener=("broken", lambda _: 1 / 0))
    eventually(lambda: first_picture(live), "the first picture")
    press(live, do="listen")
    eventually(lambda: "failed" in groups(live).get("broken", {"status": ""})["status"], "the failure")
    assert {groups(live)[name]["status"] for name in BOTH} == {"running"}
    assert live.close().sentence


def test_nobody_can_listen_where_there_is_no_topic(chapter):
    live = chapter.watch(chapter.coupled())
    eventually(lambda: live.view.snapshot, "the first picture")
    assert live.view.snapshot["topic"] is None
    press(live, do="listen")
    eventually(lambda: "there is no topic" in live.controls.said, "the answer")


@pytest.mark.parametrize("message", [{"do": "dance"}, {"do": "service", "name": "x"}, {"do": "rate"}, {}])
def test_a_message_that_makes_no_sense_is_told_and_changes_nothing(live, message):
    press(live, **message)
    eventually(lambda: "did not work" in live.controls.said, "the answer")
    assert live.controls._worker.running


# Closing


@pytest.mark.parametrize("close", ["the button", "close", "the chapter", "the design again", "another view"])
def test_closing_in_any_way_leaves_no_thread_and_no_socket(close):
    for warm in (True, False):
        files, threads = files_open(), set(threading.enumerate())
        chapter = Chapter.open("05", {}, kafka=False)
        coupled = chapter.coupled()
        live = chapter.watch(coupled, chapter.event_driven(), a_second=100)
        eventually(lambda live=live: first_picture(live), "the first picture")
        ways = {
            "the button": lambda live=live: press(live, do="close"),
            "close": live.close,
            "the chapter": chapter.close,
            "the design again": chapter.event_driven,
            "another view": lambda chapter=chapter, coupled=coupled: chapter.watch(coupled).close(),
        }
        ways[close]()
        eventually(lambda live=live: live.still, "the still picture")
        live.close()
        assert not [t.name for t in threading.enumerate() if t.name.startswith("live ")]
        chapter.close()
        eventually(lambda t=threads, w=warm: w or set(threading.enumerate()) <= t, "all threads to end")
        eventually(lambda f=files, w=warm: w or files_open() <= f, "all sockets to be closed")


def test_closing_twice_gives_the_same_picture(live):
    assert live.close() is live.close() is live.finish()


def test_a_view_without_a_sale_leaves_a_picture_that_says_so(chapter):
    live = chapter.watch(chapter.coupled(), day=())
    assert live.finish().sentence == "0 actions sent. No sale was made, so nothing was billed."


def test_a_service_that_fails_is_raised_by_finish_and_the_view_still_closes(chapter, day, monkeypatch):
    backbone = chapter.event_driven()
    monkeypatch.setattr(EventDriven, "settle", lambda _: 1 / 0)
    live = chapter.watch(backbone, day=day[:10], a_second=400)
    backbone.stop("customer-billing")
    with pytest.raises(ZeroDivisionError):
        live.finish()
    assert live.close().sentence.startswith("10 actions sent.")


def test_a_picture_that_cannot_be_drawn_is_raised_and_nothing_is_left(chapter, company, monkeypatch):
    monkeypatch.setattr(watching, "still", lambda *_: 1 / 0)
    live = Live(named(chapter.coupled()), company)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            live.close()
    assert live.view.comm is None  # nothing to show


def test_a_waiting_finish_says_what_it_waits_for(live, monkeypatch):
    monkeypatch.setattr(live, "_over", lambda: False)
    with pytest.raises(TimeoutError, match="the day's traffic to be sent"):
        live.finish(within_s=0.1)


def test_the_cell_has_its_view_at_once_and_nothing_is_printed_outside_a_notebook(chapter):
    designs, said = (chapter.coupled(), chapter.event_driven()), io.StringIO()
    with redirect_stdout(said):
        took_s = seconds(lambda: chapter.watch(*designs))
    assert took_s < 5  # 0.03 s; bench/live.py measures it
    assert said.getvalue() == ""


# The broker ends


def test_a_broker_that_dies_ends_the_picture_and_the_picture_says_why(chapter):
    live = chapter.watch(chapter.event_driven(), a_second=50)
    eventually(lambda: sum(first_picture(live)) > 20, "traffic")
    os.kill(chapter.cluster.broker._child.pid, signal.SIGKILL)
    eventually(lambda: live.still, "the picture to end")
    assert "The embedded broker has ended and its topics are gone; run Set-up again." in live.still.sentence
    with pytest.raises(BrokerGoneError, match="run Set-up again"):
        live.finish()
    again = Chapter.open("05", {}, kafka=False)  # Set-up is not stopped by what went before it
    try:
        assert set(again.event_driven().status().values()) == {"running"}
    finally:
        again.close()


def test_a_picture_whose_kafka_does_not_answer_waits_for_it_and_says_so(chapter, monkeypatch):
    live = chapter.watch(chapter.event_driven(), a_second=50)
    eventually(lambda: first_picture(live), "the first picture")
    with monkeypatch.context() as away:
        away.setattr(live.reader, "_look", unanswered)
        eventually(lambda: "does not answer" in controls(live)["said"], "the picture to say so")
    eventually(lambda: "does not answer" not in controls(live)["said"], "the picture to go on")
    assert live.finish()


def unanswered(_: object) -> None:
    raise KafkaTimeoutError("no answer")
