"""Marketing within the request: whoever browses waits for the mail, and for a mail server that is down."""

from collections.abc import Iterator

import pytest

from classroom.chapter import Chapter
from classroom.world.running import HttpClient, Response
from fiberlab.mailing import Mailing

pytestmark = pytest.mark.embedded

BROWSE = {
    "id": "a-1",
    "action": "browse_plan",
    "account_id": "A-0002",  # has agreed, A-0001 has not
    "actor": {"kind": "customer", "id": "C-0002"},
    "plan": "Fiber 300",
    "at": "2026-03-02T09:30:00Z",
}


@pytest.fixture
def http(chapter: Chapter, mailing: Mailing) -> Iterator[HttpClient]:
    with HttpClient(chapter.coupled(mailing).url) as http:
        yield http


def post(http: HttpClient, **changes: object) -> Response:
    return http.post("/actions", json=BROWSE | changes)


def test_whoever_browses_is_mailed_by_the_time_of_the_answer(http, chapter):
    assert post(http).status_code == 200
    assert [letter.subject for letter in chapter.mailbox.letters] == ["Still thinking about Fiber 300?"]


@pytest.mark.parametrize("action", ["purchase_plan", "change_plan", "cancel_plan"])
def test_nobody_is_mailed_about_anything_else(http, chapter, action):
    post(http, action=action)
    assert chapter.mailbox.letters == []


def test_nobody_is_mailed_without_consent_or_after_it_is_withdrawn(http, chapter, mailing):
    post(http, account_id="A-0001", actor={"kind": "customer", "id": "C-0001"})
    mailing.withdraw("A-0002")
    post(http, id="a-2")
    assert chapter.mailbox.letters == []


def test_a_retried_action_is_mailed_once(http, chapter):
    for _ in range(3):
        post(http)
    assert len(chapter.mailbox.letters) == 1


def test_while_the_mail_server_is_down_browsing_fails_and_a_retry_mails_later(http, chapter):
    chapter.mailbox.stop()
    answer = post(http)
    assert (answer.status_code, "took no letter" in answer.json()["detail"]) == (503, True)
    assert post(http, id="a-2", action="purchase_plan").json() == {"action_id": "a-2", "amount_cents": 3999}
    chapter.mailbox.start()
    assert post(http).status_code == 200
    assert len(chapter.mailbox.letters) == 1


def test_without_a_mailing_the_backend_mails_nobody(chapter):
    with HttpClient(chapter.coupled().url) as http:
        assert post(http).status_code == 200
    assert "mailbox" not in vars(chapter)
