"""A class of thirty, one in three hostile: does anybody's score depend on the company, or on how often the run is killed?

    python tests/benchmarks/hostile_class.py [--kills 10] [--keep FOLDER]

Grades the class twice with `grader grade`, every honest submission alone, and the class once more in a run that is
killed (SIGKILL) at random moments and continued. Prints what differs. Takes about a quarter of an hour on two cores.
"""

from __future__ import annotations

import argparse
import csv
import math
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLASS = ROOT / "tests" / "sample_class" / "ch08"
ATTACKS = ROOT / "tests" / "attacks"
# Hostile to others, each in its own way: to the machine, to the judge, to the worker, to whoever comes next.
HOSTILE = (
    *("leaves_notes_for_the_next", "patches_the_grader", "grades_itself", "forged_verdict", "kills_itself"),
    *("daemon", "floods_files", "signals_to_others", "patches_tensorflow", "takes_notes_of_the_last"),
)
SIZE = 30


def make_class(folder: Path) -> list[str]:
    """Write the submissions; returns the honest ones. Names are shuffled, so that hostile ones stand between the others."""
    names = [f"student{number:02}" for number in range(SIZE)]
    random.Random(0).shuffle(names)
    hostile, honest = names[: len(HOSTILE)], names[len(HOSTILE) :]
    for name, attack in zip(hostile, HOSTILE, strict=True):
        (folder / name).mkdir(parents=True)
        shutil.copy(ATTACKS / f"{attack}.py", folder / name / "convolution.py")
    samples = [path for path in sorted(CLASS.iterdir()) if path.name != "hugo"]  # an endless loop is slow, and no more
    for number, name in enumerate(honest):
        shutil.copytree(samples[number % len(samples)], folder / name)
        # No two are the same work: the same work is graded once.
        for path in (folder / name).glob("*.py"):
            path.write_text(f"{path.read_text()}\n# handed in by {name}\n")
    return sorted(honest)


def grade(submissions: Path, out: Path, results: int | None = None) -> bool:
    """Run `grader grade`; killed a moment after so many more results are there than before. Whether it came to its end."""
    command = [sys.executable, "-m", "grader", "grade", str(submissions), "--chapter", "ch08", "--out", str(out)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    enough = math.inf if results is None else count(out) + results
    while process.poll() is None:
        time.sleep(0.05)
        if count(out) >= enough:
            time.sleep(random.uniform(0, 4))
            process.kill()
            process.wait()
            return False
    if process.returncode:
        raise SystemExit(f"grader grade ended with exit status {process.returncode}")
    return True


def count(out: Path) -> int:
    """How many results a folder holds."""
    return len(list(out.glob("*/ch08.json")))


def scores(out: Path) -> dict[str, str]:
    """The rows of grades.csv as text, by student."""
    with (out / "grades.csv").open(newline="") as file:
        return {next(iter(row.values())): ",".join(row.values()) for row in csv.DictReader(file)}


def compare(what: str, usual: dict[str, str], other: dict[str, str]) -> None:
    differ = [name for name in other if usual.get(name) != other[name]]
    print(f"{what}: {len(other)} rows of grades.csv, {len(differ)} of them differ {' '.join(differ)}", flush=True)


def main() -> None:
    """Print a line for each comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="where to leave submissions and results")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        honest = make_class(folder / "class")
        started = time.monotonic()
        grade(folder / "class", folder / "first")
        took = time.monotonic() - started
        usual = scores(folder / "first")
        print(f"{len(usual)} submissions, {len(honest)} of them honest: {took:.0f} s", flush=True)
        grade(folder / "class", folder / "second")
        compare("the class again", usual, scores(folder / "second"))

        for name in honest:
            shutil.copytree(folder / "class" / name, folder / "alone" / name / name)
            grade(folder / "alone" / name, folder / "results" / name)
        alone = {name: scores(folder / "results" / name)[name] for name in honest}
        compare("the honest ones, each alone", usual, alone)

        left = arguments.kills
        while left:
            if grade(folder / "class", folder / "killed", random.choice((0, 1, 1, 2, 3))):
                print(f"the run ended before it could be killed {left} more times")
                break
            left -= 1
            print(f"killed; {count(folder / 'killed')} results are there", flush=True)
        grade(folder / "class", folder / "killed")
        compare(f"killed {arguments.kills - left} times and continued", usual, scores(folder / "killed"))
        same = (folder / "first" / "grades.csv").read_bytes() == (folder / "killed" / "grades.csv").read_bytes()
        print(f"grades.csv is {'the same to the last byte' if same else 'NOT the same file'}")


if __name__ == "__main__":
    main()
