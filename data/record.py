"""Record again what the embedded broker cannot show, on the Kafka at KAFKA_BOOTSTRAP_SERVERS.

python data/record.py [folder]
"""

import sys
from pathlib import Path

from classroom.chapter import Chapter, close_open_chapter
from classroom.experiments.deployment import static_restart
from classroom.experiments.recorded import FOLDER, record
from classroom.experiments.scale import compaction
from classroom.experiments.transactions import exactly_once

EXPERIMENTS = {"exactly_once": exactly_once, "static_restart": static_restart, "compaction": compaction}


def main(folder: Path) -> None:
    """Write the recordings into the folder."""
    chapter = Chapter.open("record")
    if not chapter.cluster.broker.isolates:
        sys.exit("KAFKA_BOOTSTRAP_SERVERS names no Kafka; only an Apache Kafka can be recorded")
    try:
        for name, experiment in EXPERIMENTS.items():
            record(name, experiment(chapter), folder)
    finally:
        close_open_chapter()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
