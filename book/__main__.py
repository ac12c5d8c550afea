"""Build the book, or record its live pictures anew: `lab.py book [--into FOLDER] [--record [NN ...]]`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from book import packages
from book.build import build
from book.pages import BookError
from book.recording import PRESSED, record
from lab import LabError

SITE = Path(__file__).with_name("site")


def main(arguments: Sequence[str]) -> None:
    """Do what is asked for. Raises LabError, BookError."""
    parser = argparse.ArgumentParser(prog="lab.py book", description="Build the book.")
    parser.add_argument("--into", type=Path, default=SITE, metavar="FOLDER", help="default: book/site")
    parser.add_argument(
        "--record", nargs="*", choices=PRESSED, metavar="NN", help="record live pictures anew: all, or of 05"
    )
    asked = parser.parse_args(arguments)
    if asked.record is not None:
        return record(asked.record)
    packages.install()
    build(asked.into)
    files = [file for file in asked.into.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"The book is built, {size:.1f} MB: open {asked.into / 'index.html'} in a browser.")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (LabError, BookError) as error:
        sys.exit(str(error))
