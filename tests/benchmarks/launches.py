"""What walls cost: start of a zygote, then launch, first TensorFlow op and end of many workers; and what is left over.

python tests/benchmarks/launches.py [--isolation process] [--launches 100]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

from grader.sandbox import ISOLATIONS, Sandbox

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


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--isolation", choices=ISOLATIONS, default="bwrap")
    parser.add_argument("--launches", type=int, default=100)
    arguments = parser.parse_args()
    before = time.perf_counter()
    with Sandbox(arguments.isolation) as sandbox:
        print(f"zygote ready after {time.perf_counter() - before:.2f} s ({arguments.isolation})")
        spent: dict[str, list[float]] = {"launch": [], "load": [], "first op": [], "end": []}
        descriptors, processes = left_over()
        memory = int(Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0])
        for _ in range(arguments.launches):
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
        print(f"together  median {total:.3f} s over {arguments.launches} launches")
        after = left_over()
        freed = int(Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0]) - memory
        print(
            f"left over: {after[0] - descriptors} descriptors, {after[1] - processes} processes, {-freed / 1024:.0f} MiB"
        )


if __name__ == "__main__":
    main()
