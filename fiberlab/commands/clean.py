"""Remove what one learner left behind on a shared Kafka: `python3 lab.py kafka clean`.

Only topics and groups that begin with the learner's own prefix; `lab.py doctor` shows it. A run in which
somebody still is, a notebook that is open, keeps all that it uses.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from fiberlab.kafka import environment
from fiberlab.kafka.cluster import connect
from fiberlab.kafka.sentences import NoKafkaError
from fiberlab.kafka.settings import Settings, SettingsError

NOT_TOLD_APART = (
    "Nothing was removed: your user name, {!r}, is one that others at this Kafka may have as well. "
    "Set FIBERLAB_LEARNER to your own name, as when you opened the workbook, and try again."
)


def main(arguments: Sequence[str], given: Mapping[str, str] = os.environ) -> int:
    """The exit status: 0 if nothing of this learner's is left."""
    what = "Remove your own topics and groups from the Kafka in use."
    argparse.ArgumentParser(prog="lab.py kafka clean", description=what).parse_args(arguments)
    try:
        settings = environment.read(given)
        if _is_shared(settings) and not environment.is_told_apart(given):
            print(NOT_TOLD_APART.format(settings.learner))
            return 1
        if settings.address:
            return clean(settings)
    except (SettingsError, NoKafkaError) as error:
        print(error)
        return 1
    print("KAFKA_BOOTSTRAP_SERVERS is not set; the embedded broker leaves nothing behind.")
    return 0


def clean(settings: Settings) -> int:
    """0 if nothing is left; says first whose and how much, and what is kept because somebody is in it."""
    with connect(settings) as cluster:
        found = cluster.found(settings.prefix)
        print(f"{settings.learner!r} has {_count(found.topics, found.groups)} at {settings.address}.")
        runs = {_run(group, settings.prefix) for group in found.in_use}
        topics, groups = (
            [name for name in names if _run(name, settings.prefix) not in runs]
            for names in (found.topics, found.groups)
        )
        removed = cluster.remove_all(topics, groups)
    for kind, names in (("topic", removed.topics), ("group", removed.groups)):
        for name in names:
            print(f"removed {kind} {name}")
    for name in sorted({*found.in_use, *removed.kept}):
        print(f"kept group {name}, and its topics: somebody is in it; close the notebook, or wait a minute")
    print(f"{_count(removed.topics, removed.groups)} of {settings.prefix!r} removed.")
    return int(bool(found.in_use or removed.kept))


def _is_shared(settings: Settings) -> bool:
    """Whether others than the users of this computer may be there."""
    here = ("127.0.0.1", "localhost", "::1")
    return bool(settings.address) and any(host not in here for host, _ in settings.hosts)


def _run(name: str, prefix: str) -> str:
    """What topics and groups of one run have in common: its namespace."""
    return name.removeprefix(prefix).partition(".")[0]


def _count(topics: Sequence[str], groups: Sequence[str]) -> str:
    return f"{len(topics)} topics and {len(groups)} groups"


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    sys.exit(main(sys.argv[1:]))
