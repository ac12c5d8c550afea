"""Remove what one learner left behind on a shared Kafka: `python3 lab.py kafka clean`.

Only topics and groups that begin with the learner's own prefix; `lab.py doctor` shows it. What a notebook
that is still open uses goes, too.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from fiberlab.kafka import environment
from fiberlab.kafka.cluster import connect
from fiberlab.kafka.sentences import NoKafkaError
from fiberlab.kafka.settings import Settings, SettingsError


def main(arguments: Sequence[str], given: Mapping[str, str] = os.environ) -> int:
    """The exit status: 0 if nothing of this learner's is left."""
    what = "Remove your own topics and groups from the Kafka in use."
    argparse.ArgumentParser(prog="lab.py kafka clean", description=what).parse_args(arguments)
    try:
        settings = environment.read(given)
        if settings.address:
            return clean(settings)
    except (SettingsError, NoKafkaError) as error:
        print(error)
        return 1
    print("KAFKA_BOOTSTRAP_SERVERS is not set; the embedded broker leaves nothing behind.")
    return 0


def clean(settings: Settings) -> int:
    """0 if nothing is left; says what was removed, and what is kept because somebody is in it."""
    with connect(settings) as cluster:
        removed = cluster.remove_all(settings.prefix)
    for kind, names in (("topic", removed.topics), ("group", removed.groups)):
        for name in names:
            print(f"removed {kind} {name}")
    for name in removed.kept:
        print(f"kept group {name}: somebody is in it; close the notebook, or try again in a minute")
    print(f"{len(removed.topics)} topics and {len(removed.groups)} groups of {settings.prefix!r} removed.")
    return int(bool(removed.kept))


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    sys.exit(main(sys.argv[1:]))
