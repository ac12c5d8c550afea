"""Who is stuck where: a table and a picture of the progress files that a trainer has collected."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from classroom.desk.progress import Progress, ProgressError, read
from classroom.desk.room import attempts, named, room, stuck, summary


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if at least one file could be read."""
    parser = argparse.ArgumentParser(prog="lab.py progress", description="Who is stuck at which check?")
    parser.add_argument("files", nargs="+", type=Path, help="my-notebooks/progress.json of each reader")
    parser.add_argument("--picture", type=Path, default=Path("progress.png"), help="where to draw it")
    asked = parser.parse_args(arguments)
    room_progress = named(_readable(asked.files))
    if not room_progress:
        print("There is no progress to show; ask the readers for their my-notebooks/progress.json.")
        return 1
    table = attempts(room_progress)
    print(summary(table).to_string(), stuck(table), sep="\n\n")
    picture = room(table)
    asked.picture.write_bytes(picture.png)
    print(f"\n{picture.sentence}\nThe picture is {asked.picture.name}.")
    return 0


def _readable(files: Sequence[Path]) -> list[tuple[str, Progress]]:
    """The progress in each file that holds some; the others are told by name."""
    found = []
    for file in files:
        try:
            found.append((str(file), read(file)))
        except ProgressError as error:
            print(f"Left out: {file}: {error}.")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
