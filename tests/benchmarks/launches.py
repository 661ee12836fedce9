"""What walls cost: with and without isolation, the launch of many workers to their end, what they leave over, and a class.

python tests/benchmarks/launches.py [--launches 100]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader.sandbox import ISOLATIONS, Sandbox

ROOT = Path(__file__).resolve().parents[2]
CLASS = ROOT / "tests" / "sample_class" / "ch08"
SOURCE = """
import tensorflow as tf

def first_op():
    return tf.ones((3, 3)) @ tf.ones((3, 3))
"""
HOST = {
    "modules": {"m": [SOURCE, "m.py"]},
    "exercises": {"first_op": {"module": "m", "arguments": "numpy"}},
}


def left_over() -> tuple[int, int]:
    """Descriptors of this process, and processes below it."""
    from grader.limits import family

    return len(os.listdir("/proc/self/fd")), len(family(str(os.getpid()))) - 1


def launches(isolation: str, number: int) -> float:
    """Print a line for each figure; returns the median seconds from launch to end."""
    before = time.perf_counter()
    with Sandbox(isolation) as sandbox:
        print(f"zygote ready after {time.perf_counter() - before:.2f} s")
        spent: dict[str, list[float]] = {"launch": [], "load": [], "first op": [], "end": []}
        descriptors, processes = left_over()
        memory = int(Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0])
        for _ in range(number):
            marks = [time.perf_counter()]
            worker = sandbox.launch()
            marks.append(time.perf_counter())
            worker.request({"id": 1, "do": "load", "host": HOST}, 60)
            marks.append(time.perf_counter())
            call = {"do": "call", "name": "first_op", "args": (), "kwargs": {}}
            worker.request({"id": 2, **call}, 60)
            marks.append(time.perf_counter())
            worker.close()
            marks.append(time.perf_counter())
            for name, start, stop in zip(spent, marks, marks[1:], strict=False):
                spent[name].append(stop - start)
        for name, seconds in spent.items():
            print(f"{name:9} median {statistics.median(seconds):.3f} s, smallest {min(seconds):.3f}")
        total = statistics.median(sum(parts) for parts in zip(*spent.values(), strict=True))
        print(f"together  median {total:.3f} s over {number} launches")
        after = left_over()
        freed = int(Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0]) - memory
        print(
            f"left over: {after[0] - descriptors} descriptors, {after[1] - processes} processes, {-freed / 1024:.0f} MiB"
        )
    return total


def graded(isolation: str) -> float:
    """Seconds for each submission that `grader grade` takes for the sample class, without the one that only waits for limits."""
    with tempfile.TemporaryDirectory() as scratch:
        submissions = Path(scratch) / "class"
        shutil.copytree(CLASS, submissions, ignore=shutil.ignore_patterns("hugo"))
        command = [sys.executable, "-m", "grader", "grade", str(submissions), "--chapter", "ch08", "--seed", "1"]
        command += ["--out", f"{scratch}/results", "--isolation", isolation]
        before = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return (time.perf_counter() - before) / len(list(submissions.iterdir()))


def main() -> None:
    """Print the figures of both isolations, and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--launches", type=int, default=100)
    arguments = parser.parse_args()
    found: dict[str, tuple[float, float]] = {}
    for isolation in ISOLATIONS:
        print(f"--- {isolation}", flush=True)
        found[isolation] = launches(isolation, arguments.launches), graded(isolation)
        print(f"grader grade: {found[isolation][1]:.2f} s a submission", flush=True)
    with_walls, without = found["bwrap"], found["process"]
    print("--- bwrap, as multiples of process")
    print(f"launch to end {with_walls[0] / without[0]:.2f}, grading {with_walls[1] / without[1]:.2f}")


if __name__ == "__main__":
    main()
