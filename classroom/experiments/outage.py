"""One broker of three ends while apps send: when they are answered, and what the topic holds afterwards.

Who can end a broker is passed in. A reader's Kafka is not ours to break, so a chapter shows what was recorded
on a cluster that was started for it.
"""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pandas as pd

from classroom.chapter import Chapter
from classroom.world.designs import EventDriven
from classroom.world.running import wait_until
from classroom.world.traffic import Replay, replay
from fiberlab.eventdriven.events import decode

ACTIONS, MID_TRAFFIC = 300, 100  # apps send them as fast as they are answered; so many are written by then
SHUT_DOWN, KILLED = HOWS = "shut down", "killed"
MISSED_AFTER_S = 7  # a broker reports every 2 s, and is given up 9 s after its last report


class Brokers(Protocol):
    """Three brokers that may be ended."""

    def leader(self, topic: str) -> int:
        """The broker that leads the topic's first partition."""

    def start(self, node: int) -> None:
        """Return once the broker runs again, and the others know it."""

    def stop(self, node: int, kill: bool = False) -> None:
        """Return once the broker has ended: orderly, or killed."""


def one_of_three(chapter: Chapter, brokers: Brokers) -> pd.DataFrame:
    """What apps saw while the leader of a partition was shut down and, another day, killed.

    A row per action: how, at_s (of the answer, since the broker was told to end or killed), answer_s (how
    long the app waited), status, times (how often its event is in the topic in the end).
    """
    return pd.concat([_day(chapter, brokers, how) for how in HOWS], ignore_index=True)


def _day(chapter: Chapter, brokers: Brokers, how: str) -> pd.DataFrame:
    design = chapter.event_driven()
    leader = brokers.leader(design.topic)
    with ThreadPoolExecutor(1) as apps:
        day = apps.submit(replay, chapter.day[:ACTIONS], design.url, attempts=1)
        wait_until(lambda: sum(design.view.ends().values()) >= MID_TRAFFIC, "apps to be in mid-traffic")
        ended_at_s = time.time()
        brokers.stop(leader, kill=how == KILLED)
        answers = _answers(day.result(), design, ended_at_s)
    brokers.start(leader)
    return answers.assign(how=how)


def _answers(day: Replay, design: EventDriven, ended_at_s: float) -> pd.DataFrame:
    records = [decode(record.headers, record.key, record.value) for record in design.view.records()]
    times = Counter(event.id for event in records)
    found = day.frame()
    found["at_s"] = found.sent_at_s + found.answer_s - ended_at_s
    found["times"] = found.action_id.map(times).fillna(0).astype(int)
    return found[["at_s", "answer_s", "status", "times"]].round(3).sort_values("at_s")


def outages(answers: pd.DataFrame) -> pd.DataFrame:
    """What each end of a broker came to: requests, failed, lost, slowest_s (of the answers since then)."""
    by = answers.groupby("how", sort=False)
    later = answers[answers.at_s > 0].groupby("how", sort=False)
    return pd.DataFrame(
        {
            "requests": by.size(),
            "failed": by.status.agg(lambda status: (status != 202).sum()),
            "lost": by.times.agg(lambda times: (times == 0).sum()),
            "slowest_s": later.answer_s.max(),
        }
    )
