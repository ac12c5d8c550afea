"""A chapter's workplace: opened by its Set-up cell, closed by its Clean-up cell, without leftovers.

It knows who reads it, keeps what was guessed, starts the designs on a Kafka of its own, and checks exercises.
"""

import atexit
import os
import random
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Self
from uuid import uuid4

from classroom.broker import settings
from classroom.desk import progress as progress_file
from classroom.desk.map import WorkbookMap, stops
from classroom.desk.outcome import Outcome
from classroom.desk.predictions import Comparison, Prediction, compared
from classroom.world.running import interrupt_waits

with interrupt_waits():  # libraries that are imported by half would not work until the kernel is restarted
    from classroom.broker.connect import connect
    from classroom.desk.progress import OwnFolder
    from classroom.exercises import catalog, names
    from classroom.exercises.check import Answer, Exercise
    from classroom.exercises.topic import Topic
    from classroom.live.reading import Listener
    from classroom.live.watching import Live
    from classroom.world import company
    from classroom.world.designs import Coupled, Design, EventDriven, Handle, Monolith, named
    from classroom.world.mailbox import Mailbox
    from fiberlab.cluster import Cluster
    from fiberlab.domain import Action
    from fiberlab.lines import Lines
    from fiberlab.mailing import Mailing

_open: list["Chapter"] = []  # at most one in a kernel
MEETS_KAFKA = "04"  # the chapter that explains partitions, groups and lag: no picture before has them


class CheckStopped(KeyboardInterrupt):
    """The reader's interrupt, while an exercise was checked; a notebook shows its sentence alone."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The check of {name} was stopped, and nothing is kept of it. Run this cell again.")

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Reader:
    """The reader of a chapter: a guess is kept until its outcome is there."""

    def __init__(self, number: str, environment: Mapping[str, str], somebody_reads: bool = False) -> None:
        self.number = number
        self._environment = environment
        self._somebody_reads = somebody_reads
        self._predictions: dict[str, Prediction] = {}

    @property
    def working_copy(self) -> Path | None:
        """The folder in which things are kept for the reader; None if nobody reads."""
        return progress_file.folder(self._somebody_reads)

    @property
    def learner(self) -> str:
        """Who reads this, as the names on a shared Kafka begin; "learner" if nobody knows."""
        try:
            return settings.read(self._environment).learner
        except settings.SettingsError:  # about Kafka, and told where Kafka is used
            return "learner"

    def predict(self, name: str, guess: object = None, choices: Sequence[str] = ()) -> Prediction:
        """The guess, committed: a number, one of the choices or a set of them. None: no prediction.

        Raises PredictionError if the guess is not among the choices or, without choices, no number.
        """
        self._predictions[name] = Prediction(name, guess, tuple(choices))
        return self._predictions[name]

    def compare(self, name: str, outcome: object) -> Comparison:
        """The prediction of this name beside its outcome, and how many surprised so far."""
        made = self._predictions.get(name, Prediction(name, None))
        return compared(self.working_copy, self.learner, f"{self.number}/{name}", made, outcome)

    def progress(self) -> WorkbookMap:
        """The workbook's chapters, and what this reader has done in each."""
        return WorkbookMap(stops(), progress_file.known(self.working_copy))


class Chapter(Reader):
    """The company, its day, and whatever design runs; one folder and one Kafka of its own."""

    def __init__(self, number: str, environment: Mapping[str, str]) -> None:
        self._folder = OwnFolder(number)
        super().__init__(number, settings.ours(environment), names.in_front_end(environment))
        self._running: dict[type, Design] = {}
        self._live: Live | None = None
        self._opened = ExitStack()  # the mailbox, marketing's and provisioning's files
        self.company = company.company()
        self.day = company.shipped_day()

    def check(self, name: str, answer: Answer, seed: int | None = None) -> Outcome:
        """How the reader's function does in the exercise "05-listener", on cases that nobody has seen.

        The cases are made from the seed; without one they are others every time. Raises NoExerciseError;
        CheckStopped if the reader interrupts it.
        """
        exercise = catalog.named(name)
        try:
            outcome = self._judged(exercise, answer, random.Random(seed))
        except KeyboardInterrupt:
            raise CheckStopped(name) from None
        outcome = names.with_its_name(outcome, answer, exercise, names.notebook())
        progress_file.keep_attempt(self.working_copy, self.learner, exercise.name, outcome)
        return outcome

    def _judged(self, exercise: Exercise, answer: Answer, rng: random.Random) -> Outcome:
        if isinstance(answer, names.NotThere):
            return Outcome("not attempted", repr(answer))
        if not exercise.on_topic:
            return exercise.judge(answer, exercise.cases(rng, self.company))
        with Topic.new(self) as topic:
            return exercise.judge(answer, exercise.cases(rng, self.company, topic))

    @classmethod
    def open(cls, number: str, environment: Mapping[str, str] = os.environ, kafka: bool = True) -> Self:
        """The chapter, ready; one that was open is closed first. The designs start when they are asked for.

        The environment says which Kafka (broker.settings); which one it is, is printed. With kafka=False
        nobody connects before something needs it. Raises SettingsError; NoKafkaError.
        """
        close_open_chapter()
        chapter = cls(number, environment)
        _open.append(chapter)
        names.expect(catalog.of_chapter(number), names.notebook())
        if kafka:
            print("Kafka:", chapter.cluster.description)
        return chapter

    @cached_property
    def cluster(self) -> Cluster:
        """The Kafka of this chapter. Raises SettingsError; NoKafkaError if none answers at the address."""
        return connect(settings.read(self._environment))

    @property
    def files(self) -> Path:
        """Where a file for the reader goes: where things are kept, else into what goes with the chapter."""
        return self.working_copy or Path(self._folder.name)

    def topic(self, name: str, partitions: int = 4) -> str:
        """The name of a new, empty topic; it is deleted when the chapter closes."""
        return self.cluster.fresh_topic(name, partitions)

    @cached_property
    def mailbox(self) -> Mailbox:
        """The mail server of this chapter, running."""
        mailbox = Mailbox()
        self._opened.callback(mailbox.stop)
        return mailbox

    def mailing(self, mailbox: Mailbox | None = None) -> Mailing:
        """A new file of marketing's: all contacts, no memory. It mails to this mailbox, or the chapter's."""
        file = Path(self._folder.name, f"marketing-{uuid4().hex}.sqlite")
        return self._opened.enter_context(Mailing(file, (mailbox or self.mailbox).server, company.contacts()))

    def lines(self) -> Lines:
        """A new file of provisioning's: no line runs yet."""
        return self._opened.enter_context(Lines(Path(self._folder.name, f"lines-{uuid4().hex}.sqlite")))

    def coupled(self, mailing: Mailing | None = None) -> Coupled:
        """A coupled backend with an empty database, mailing if it is given one; an earlier one is closed."""
        self._close(Coupled)
        design = Coupled(self.company, Path(self._folder.name), mailing)
        self._running[Coupled] = design
        return design

    def monolith(self) -> Monolith:
        """A modular monolith with an empty database; an earlier one is closed."""
        self._close(Monolith)
        design = Monolith(self.company, Path(self._folder.name))
        self._running[Monolith] = design
        return design

    def event_driven(self) -> EventDriven:
        """Gateway, topic and billing services with empty ledgers; earlier ones are closed."""
        self._close(EventDriven)
        design = EventDriven(self.company, Path(self._folder.name), self.cluster)
        self._running[EventDriven] = design
        return design

    def watch(
        self,
        *designs: Design,
        day: Sequence[Action] | None = None,
        a_second: float = 20,
        listener: Listener | tuple[str, Handle] | None = None,
        pause_at_wrong_bill: bool = False,
    ) -> Live:
        """A live picture of the designs, with traffic of its own; an earlier picture becomes a still one.

        `day` is sent once, at so many actions a second; without it the traffic goes on until it is closed.
        The picture stays until it is closed. The traffic may pause by itself at the first wrong bill.
        `listener` is what the button "Add a listener" adds: its name and what it does with an event (a
        Listener also says what it has found). If you name none, it counts how often plans are looked at.
        What the button has added leaves with the picture; what a cell adds is seen, and stays.
        """
        self._close_live()
        lanes = self.number >= MEETS_KAFKA
        self._live = Live(named(*designs), self.company, day, a_second, listener, lanes, pause_at_wrong_bill)
        return self._live

    def close(self) -> None:
        """Stop everything this chapter started and remove its folder. Closing twice is fine."""
        _open[:] = [chapter for chapter in _open if chapter is not self]
        with ExitStack() as closing:  # the last named first, and each of them, whatever happens to the others
            closing.callback(self._folder.cleanup)
            closing.callback(self._opened.close)
            if "cluster" in vars(self):
                closing.callback(self.cluster.close)
            for kind in list(self._running):
                closing.callback(self._close, kind)
            closing.callback(self._close_live)

    def _close(self, kind: type) -> None:
        if design := self._running.get(kind):
            if self._live and design in self._live.designs.values():
                self._close_live()
            design.close()
            del self._running[kind]  # not before: an interrupted close is done again

    def _close_live(self) -> None:
        live, self._live = self._live, None
        if live:
            live.close()


def open_chapter() -> Chapter | None:
    """The chapter that is open in this kernel, if there is one."""
    return _open[-1] if _open else None


@atexit.register
def close_open_chapter() -> None:
    """Close the chapter that is open in this kernel, if there is one."""
    while _open:
        _open.pop().close()
