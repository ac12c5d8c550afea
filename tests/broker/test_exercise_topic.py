"""A real topic does with the exercises what their proofs, which have none, take for granted."""

import random

import pytest

from classroom.chapter import Chapter
from classroom.desk.outcome import Outcome
from classroom.exercises import chapter_04, chapter_05, chapter_06
from classroom.exercises.check import Exercise, Thought
from classroom.exercises.topic import Topic
from classroom.world.topic import read_on, write
from fiberlab.domain import expected_cents
from fiberlab.eventdriven import customer_billing
from fiberlab.eventdriven.events import happened
from tests.quick.list_topic import ListTopic

KEYS = ["A-0001", "A-0002", "", "é", "herd-fiber", *(f"household {n}" for n in range(40))]


def on_both(exercise: Exercise, answer: object, chapter: Chapter) -> tuple[Outcome, Outcome]:
    """How the answer does on a real topic, and on a list."""
    cases = exercise.cases(random.Random(7), chapter.company, ListTopic(chapter.company))
    return chapter.check(exercise.name.removeprefix("exercise-"), answer, seed=7), exercise.judge(
        answer, cases
    )


ON_TOPIC = (chapter_04.KEY, chapter_06.OWN_SERVICE)


@pytest.mark.parametrize("exercise", ON_TOPIC, ids=lambda exercise: exercise.name)
def test_the_solution_is_correct_on_a_real_topic(exercise: Exercise, chapter: Chapter):
    real, proven = on_both(exercise, exercise.solution, chapter)
    assert real == proven
    assert real.status == "correct"


@pytest.mark.parametrize(
    ("exercise", "thought"),
    [(exercise, exercise.thoughts[0]) for exercise in ON_TOPIC],
    ids=lambda part: part.name,
)
def test_a_wrong_answer_is_told_the_same_on_a_real_topic(
    exercise: Exercise, thought: Thought, chapter: Chapter
):
    real, proven = on_both(exercise, thought.answer, chapter)
    assert real == proven
    assert real.misconception == thought.name


def test_keys_lead_to_the_partitions_of_the_proofs_each_time(chapter: Chapter):
    with Topic.new(chapter) as topic:
        for keys in (KEYS, KEYS[::-1]):
            assert topic.partitions(keys) == ListTopic(chapter.company).partitions(keys)


def test_an_event_somebody_built_comes_from_a_topic_as_the_check_takes_it(chapter: Chapter):
    sale = next(action for action in chapter.day if action.name == "purchase_plan")
    message = chapter_05.message(chapter_05.event_of(sale, chapter.company.plans))
    topic = chapter.topic("said")
    with chapter.cluster.producer() as producer:
        producer.send(topic, message.value, message.key, list(message.headers.items()))
        producer.flush(timeout=10)
    (record,) = read_on(chapter, topic, f"listeners.{topic}")
    assert (record.key, record.value, dict(record.headers)) == (message.key, message.value, message.headers)


def test_marketing_as_solved_mails_once_per_event_of_a_real_topic(chapter: Chapter):
    agreed = [contact.account_id for contact in chapter_06.contacts() if contact.consent]
    browsed = [
        action for action in chapter.day if action.name == "browse_plan" and action.account_id in agreed
    ]
    mailing = chapter.mailing()
    with Topic.new(chapter) as topic:
        topic.write(browsed[:5])
        for group in ("first", "again"):
            for event in topic.read_on(group):
                chapter_06.handle(event, mailing)
    assert len(chapter.mailbox.letters) == 5


def test_whoever_takes_billings_name_takes_its_events(chapter: Chapter):
    sales = [action for action in chapter.day if expected_cents(action, chapter.company.plans)][:12]
    with Topic.new(chapter) as topic:
        topic.write(sales)
        assert len(topic.read_on(customer_billing.GROUP)) == 12
        assert topic.read_on(customer_billing.GROUP) == []
        assert len(topic.read_on("win-back")) == 12


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda said: said.pop("type"), "no record can be made of it"),
        (lambda said: said.update(data={1, 2}), "not an event of ours"),
        (lambda said: said["data"].pop("actor"), "not an event of ours"),
        (lambda said: said.update(type="charge.customer"), "not an event of ours"),
    ],
)
def test_what_no_listener_can_read_says_why_and_is_not_billed(chapter, change, word):
    sale = next(action for action in chapter.day if action.name == "purchase_plan")
    moment = chapter_05.Moment(sale, chapter.company.plans)

    def event_of(action, plans):
        said = chapter_05.event_of(action, plans)
        change(said)
        return said

    came = chapter_05.listened(chapter_05.Said.by(event_of, moment))
    assert not came.is_right(happened(sale, chapter.company.plans))
    assert word in came.reason
    assert came.billed_cents == 0


def test_whoever_reads_on_gets_each_event_once_and_in_order(chapter):
    topic, read = chapter.topic("sales", partitions=1), []
    for actions in (chapter.day[:3], chapter.day[3:5], ()):
        write(chapter, topic, actions)
        read.append([record.offset for record in read_on(chapter, topic, "reader")])
    assert read == [[0, 1, 2], [3, 4], []]
