"""What both designs refuse, over real HTTP: a 4xx that a person understands, and nothing happens."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from classroom.world import company as days
from classroom.world.designs import Coupled, EventDriven
from classroom.world.running import HttpClient, Response
from fiberlab.api import body
from fiberlab.domain import Action, Actor
from tests.facts import SALE, answer_from

pytestmark = pytest.mark.embedded

FIELDS = tuple(SALE)
A_TIME = "must be a time with its time zone, like '2026-03-02T09:30:00Z'"
READABLE = "plan must be a text that people can read, nothing hidden in it and no space around it, got"
NOT_JSON = "the body is not valid JSON; send one action as an object"
NOT_MARKED = "not marked as JSON; send it with content-type: application/json"
JSON = "application/json"


class Target(NamedTuple):
    """A running design: where to post, and how many traces (charges and events) requests have left."""

    http: HttpClient
    traces: Callable[[], int]


@pytest.fixture(scope="module", params=["backend", "gateway"])
def target(request, company, cluster, tmp_path_factory) -> Iterator[Target]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    if request.param == "backend":
        design = Coupled(company, folder)
        traces = lambda: len(design.charges())  # noqa: E731
    else:
        design = EventDriven(company, folder, cluster, services=())
        traces = lambda: sum(design.view.ends().values())  # noqa: E731
    with HttpClient(design.url) as http:
        yield Target(http, traces)
    design.close()


def sent(**changes: object) -> bytes:
    return json.dumps(SALE | changes).encode()


def raw(field: str, value: bytes) -> bytes:
    """The sale with this JSON text as the field's value: Python's json would not write it."""
    return json.dumps(SALE | {field: "HERE"}).encode().replace(b'"HERE"', value)


def by(kind: object, id: object) -> bytes:
    return sent(actor={"kind": kind, "id": id})


def without(field: str) -> bytes:
    return json.dumps({name: value for name, value in SALE.items() if name != field}).encode()


# name: (body, status, essential words of the answer)
REFUSED: dict[str, tuple[bytes, int, tuple[str, ...]]] = {
    # names that Herd Fiber does not have
    "unknown plan": (sent(plan="Fiber 9"), 422, ("plan 'Fiber 9' is not known", "Fiber 300", "Fiber 5 Gig")),
    "unknown account": (
        sent(account_id="A-9"),
        422,
        ("account 'A-9' is not known", "check the account's id"),
    ),
    "unknown action": (sent(action="steal"), 422, ("action 'steal' is not known", "purchase_plan")),
    "unknown kind": (by("robot", "C-0001"), 422, ("kind of actor 'robot'", "customer, installer")),
    "unknown installer": (by("installer", "I-99"), 422, ("installer 'I-99' is not known", "I-01")),
    "customer as installer": (by("installer", "C-0001"), 422, ("installer 'C-0001' is not known",)),
    "somebody else's account": (by("customer", "C-0002"), 403, ("'C-0002' does not hold account 'A-0001'",)),
    "case matters": (sent(plan="fiber 300"), 422, ("plan 'fiber 300' is not known",)),
    # numbers where text belongs
    "negative id": (sent(id=-5), 422, ("id must be text, got -5",)),
    "id of 5000 digits": (raw("id", b"1" + b"0" * 5000), 400, (NOT_JSON,)),
    "plan 1e400": (raw("plan", b"1e400"), 422, ("plan must be text, got inf",)),
    "plan NaN": (raw("plan", b"NaN"), 422, ("plan must be text, got nan",)),
    "action -Infinity": (raw("action", b"-Infinity"), 422, ("action must be text, got -inf",)),
    # times
    "time as number": (sent(at=1700000000), 422, (A_TIME, "got 1700000000")),
    "time as number in text": (sent(at="1700000000"), 422, (A_TIME, "got '1700000000'")),
    "time NaN": (raw("at", b"NaN"), 422, (A_TIME, "got nan")),
    "time of 5000 digits": (raw("at", b"1" + b"0" * 5000), 400, (NOT_JSON,)),
    "naive time": (sent(at="2026-03-02T09:30:00"), 422, (A_TIME,)),
    "date only": (sent(at="2026-03-02"), 422, (A_TIME,)),
    "month 13": (sent(at="2026-13-02T09:30:00Z"), 422, (A_TIME, "2026-13-02")),
    "no time at all": (sent(at="yesterday"), 422, (A_TIME, "got 'yesterday'")),
    "empty time": (sent(at=""), 422, (A_TIME,)),
    # text that no name is
    "empty id": (sent(id=""), 422, ("id must not be empty",)),
    "id of 65 characters": (sent(id="x" * 65), 422, ("id must have at most 64 characters", "xxx…")),
    "id of a million": (sent(id="x" * 10**6), 422, ("id must have at most 64 characters", "xxx…")),
    "NUL in the id": (sent(id="a\0b"), 422, ("id may hold only letters", r"'a\x00b'")),
    "line end in the id": (sent(id="a\n"), 422, ("id may hold only letters", r"'a\n'")),
    "NUL in the plan": (sent(plan="\0"), 422, (READABLE,)),
    "lone surrogate": (sent(id="\ud800"), 422, ("id may hold only letters", r"'\ud800'")),
    "lone surrogate as time": (sent(at="2026-03-02T\ud800"), 422, ("at", "got '2026-03-02T")),
    "lone surrogate as a field": (sent(**{"\ud800": 1}), 422, ("text that is not Unicode",)),
    "surrogate in bytes": (raw("plan", b'"\xed\xa0\x80"'), 422, (READABLE, r"'\ud800'")),
    "plan of 121 characters": (sent(plan="x" * 121), 422, ("plan must have at most 120 characters", "xxx…")),
    "plan with a space before it": (sent(plan=" Fiber 300"), 422, (READABLE,)),
    "plan that turns the writing": (sent(plan="Fiber \u202e003"), 422, (READABLE, r"\u202e")),
    "letter in the id that is no ASCII": (sent(id="ä-1"), 422, ("id may hold only letters",)),
    # the actor
    "actor null": (sent(actor=None), 422, ("actor must be an object, got None",)),
    "actor as text": (sent(actor="customer"), 422, ("actor must be an object, got 'customer'",)),
    "actor as list": (sent(actor=[]), 422, ("actor must be an object, got []",)),
    "actor empty": (sent(actor={}), 422, ("actor.kind is missing", "actor.id is missing")),
    "actor's kind a number": (by(1, "C-0001"), 422, ("actor.kind must be text, got 1",)),
    "actor's id a number": (by("customer", 1), 422, ("actor.id must be text, got 1",)),
    # fields that are not part of an action
    "own price": (sent(amount_cents=-5), 422, ("amount_cents is not part of an action; leave it out",)),
    "own discount": (
        sent(actor=SALE["actor"] | {"discount": 100}),
        422,
        ("actor.discount is not part of an action; leave it out",),
    ),
    "field of a million": (sent(**{"x" * 10**6: 1}), 422, ("xxx… is not part of an action",)),
    "a thousand fields": (sent(**{f"x{n}": 1 for n in range(1000)}), 422, ("x0 is not part of an action",)),
    # bodies that are no action
    "no body": (b"", 422, ("the body is missing",)),
    "broken": (b'{"id": ', 400, (NOT_JSON,)),
    "not UTF-8": (b"\xff\xfe{}", 400, (NOT_JSON,)),
    "two actions": (sent() + sent(), 400, (NOT_JSON,)),
    "deep array": (b"[" * 100_000, 400, (NOT_JSON,)),
    "deep object": (b'{"a":' * 100_000, 400, (NOT_JSON,)),
    "deep plan": (raw("plan", b"[" * 5000 + b"]" * 5000), 400, (NOT_JSON,)),
    "array": (b"[" + sent() + b"]", 422, ("the body must be an object, got [{'id'",)),
    "null": (b"null", 422, ("the body must be an object, got None",)),
    "text": (b'"sale"', 422, ("the body must be an object, got 'sale'",)),
    "number": (b"5", 422, ("the body must be an object, got 5",)),
    "empty object": (b"{}", 422, tuple(f"{field} is missing" for field in FIELDS)),
}
REFUSED |= {f"{field} missing": (without(field), 422, (f"{field} is missing",)) for field in FIELDS}
REFUSED |= {
    f"{field} {value!r}": (sent(**{field: value}), 422, (f"{field} must be ", f"got {value!r}"))
    for field in FIELDS
    for value in (None, 5, -(10**18), 0.5, True, [], ["x"])
}


@pytest.mark.parametrize(("content", "status", "words"), REFUSED.values(), ids=REFUSED)
def test_a_bad_action_is_refused_in_words_and_leaves_no_trace(target, content, status, words):
    answer = target.http.post("/actions", content=content, headers={"content-type": JSON})
    assert_refused(answer, status, words)
    assert target.traces() == 0


ELSEWHERE = [
    ("GET", "/actions", 405, "POST one action to /actions"),
    ("PUT", "/actions", 405, "POST one action to /actions"),
    ("DELETE", "/actions", 405, "POST one action to /actions"),
    ("POST", "/", 404, "nothing at this address"),
    ("POST", "/actions/", 404, "nothing at this address"),
    ("POST", "/actions/a-1", 404, "nothing at this address"),
    ("POST", "/bills", 404, "nothing at this address"),
]


@pytest.mark.parametrize(("method", "path", "status", "words"), ELSEWHERE)
def test_a_wrong_address_or_method_is_told_the_right_one(target, method, path, status, words):
    answer = target.http.request(method, path, content=sent(), headers={"content-type": JSON})
    assert_refused(answer, status, (words,))
    assert answer.headers.get("allow") == ("POST" if status == 405 else None)
    assert target.traces() == 0


@pytest.mark.parametrize("mark", [None, "text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_an_action_that_is_not_marked_as_json_is_refused(target, mark):
    headers = {"content-type": mark} if mark else {}
    answer = target.http.post("/actions", content=sent(), headers=headers)
    assert_refused(answer, 422, (NOT_MARKED,))
    assert target.traces() == 0


def assert_refused(answer: Response, status: int, words: tuple[str, ...]) -> None:
    assert answer.status_code == status, answer.text
    detail = answer.json()["detail"]
    assert [word for word in words if word not in detail] == [], detail
    assert len(detail) < 1000
    for jargon in ("Input should", "Value error", "pydantic", "dictionary", "Traceback"):
        assert jargon not in detail


def test_the_sale_that_the_table_spoils_is_good_and_leaves_a_trace(request, company, cluster, tmp_path):
    for design in (Coupled(company, tmp_path), EventDriven(company, tmp_path, cluster)):
        try:
            answer = answer_from(
                f"{design.url}/actions", "POST", content=sent(), headers={"content-type": JSON}
            )
            assert answer.is_success, answer.text
            design.settle()
            assert [(charge.id, charge.amount_cents) for charge in design.charges()] == [("a-1", 3999)]
        finally:
            design.close()


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-02T09:30:00.123456+05:30"]
)
def test_any_moment_with_a_time_zone_is_accepted(company, tmp_path, at):
    design = Coupled(company, tmp_path)
    try:
        answer = answer_from(f"{design.url}/actions", "POST", json=SALE | {"at": at})
        assert (answer.status_code, answer.text) == (200, '{"action_id":"a-1","amount_cents":3999}')
    finally:
        design.close()


def test_an_app_sends_an_action_as_the_body_that_the_designs_accept():
    action = Action(
        "a-1", "purchase_plan", "A-0001", Actor("customer", "C-0001"), "Fiber 300", days.shipped_day()[0].at
    )
    assert body(action) == SALE | {"at": "2026-03-02T07:06:30+00:00"}
