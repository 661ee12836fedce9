"""How long a student waits in `grader watch`, from saving a file to the verdict, as a distribution over saves.

    python tests/benchmarks/watch_latency.py [--saves 30] [--chapter ch08] [--exercise conv2d] [--bug kernel_flipped]

Saves alternate between a right and a wrong answer. Prints seconds, and multiples of a bare `import tensorflow` in the same run.
"""

from __future__ import annotations

import argparse
import os
import queue
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from grader.bugs import load_bugs
from grader.build import stubs
from grader.chapter import load_chapter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--saves", type=int, default=30)
    parser.add_argument("--chapter", default="ch08")
    parser.add_argument("--exercise", default="conv2d")
    parser.add_argument("--bug", default="", help="by default the first of the exercise")
    options = parser.parse_args()
    chapter = load_chapter(options.chapter, hidden=True)
    home = chapter.home[options.exercise]
    right = (chapter.solutions / f"{home}.py").read_text(encoding="utf-8")
    bugs = [b for b in load_bugs(chapter) if b.exercise == options.exercise and options.bug in (b.name, "")]
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import tensorflow"], check=True, stderr=subprocess.DEVNULL)
    bare = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "exercises" / chapter.name
        shutil.copytree(chapter.folder, place)
        for path, text in stubs(chapter).items():
            (place / path.name).write_text(text, encoding="utf-8")
        (place / f"{home}.py").write_text(right, encoding="utf-8")
        seconds = measure(
            Path(folder), chapter.name, options.exercise, place / f"{home}.py", right, bugs[0].source, options.saves
        )
    print(f"a bare import of tensorflow: {bare:.2f} s")
    for name, values in seconds.items():
        median = statistics.median(values)
        print(
            f"{name:<6} {len(values)} saves: median {median:.3f} s ({median / bare:.2f} imports), "
            f"fastest {min(values):.3f}, slowest {max(values):.3f}"
        )


def measure(
    folder: Path, chapter: str, exercise: str, path: Path, right: str, wrong: str, saves: int
) -> dict[str, list[float]]:
    """Run the real command, save again and again, and wait for each verdict's line."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "grader", "watch", chapter],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    threading.Thread(target=lambda: [lines.put(line) for line in process.stdout], daemon=True).start()

    def wait_for(text: str, limit: float = 120.0) -> None:
        while text not in lines.get(timeout=limit):
            pass

    wait_for("to go. Save a file")
    seconds: dict[str, list[float]] = {"right": [], "wrong": []}
    try:
        for number in range(saves):
            kind, source = ("wrong", wrong) if number % 2 == 0 else ("right", right)
            started = time.perf_counter()
            path.write_text(source, encoding="utf-8")
            wait_for(f"{'✗' if kind == 'wrong' else '✓'} {exercise}  ")
            seconds[kind].append(time.perf_counter() - started)
            time.sleep(0.2)
    finally:
        process.terminate()
    return seconds


if __name__ == "__main__":
    main()
