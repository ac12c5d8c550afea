"""How long does the check of an exercise take, for the right answer and for the slowest of the wrong ones?"""

import argparse
import statistics
import sys
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from classroom.chapter import Chapter
from classroom.exercises.catalog import exercises
from classroom.exercises.check import Answer, Exercise

TARGET_S = 3


def seconds(exercise: Exercise, answer: Answer, chapter: Chapter, seed: int) -> float:
    """How long this check took to judge this answer."""
    start_s = time.perf_counter()
    with redirect_stdout(StringIO()):
        chapter.check(exercise.name.removeprefix("exercise-"), answer, seed)
    return time.perf_counter() - start_s


def measure(exercise: Exercise, chapter: Chapter, runs: int) -> dict[str, list[float]]:
    """The seconds of each run, by the answer's name."""
    answers = {"right": exercise.solution}
    answers |= {thought.name: thought.answer for thought in exercise.thoughts}
    return {
        thought: [seconds(exercise, answer, chapter, seed) for seed in range(runs)]
        for thought, answer in answers.items()
    }


def main() -> None:
    """Print a line per exercise, and the longest of all beside its target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    chapter, longest_s = Chapter.open("bench", {}, kafka=False), 0.0
    print(f"{runs} runs each, on the embedded broker; seconds\n")
    print(f"{'exercise':24}{'right':>10}{'slowest wrong':>15}{'longest':>10}")
    for exercise in exercises():
        found = measure(exercise, chapter, runs)
        medians = {thought: statistics.median(took) for thought, took in found.items()}
        right, worst = medians.pop("right"), max(max(took) for took in found.values())
        print(f"{exercise.name:24}{right:10.3f}{max(medians.values()):15.3f}{worst:10.3f}")
        longest_s = max(longest_s, worst)
    chapter.close()
    print(f"\nlongest of all: {longest_s:.2f} s; target: under {TARGET_S} s")


if __name__ == "__main__":
    main()
