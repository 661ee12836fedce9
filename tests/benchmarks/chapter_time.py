"""How long `pytest exercises/chNN -m "not capstone"` takes, as multiples of a bare `import tensorflow` in the same run.

    python tests/benchmarks/chapter_time.py [ch05 ch08]

On fresh stubs, on the references, and on the references with one wrong answer (the first named bug). Each is run twice; the
faster counts, since other programs can only make a run slower.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader.bugs import load_bugs
from grader.build import stubs
from grader.chapter import chapter_names, load_chapter

RUNS = 2


def seconds(command: list[str], folder: Path) -> float:
    """The fastest of some runs."""
    found = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
        found.append(time.perf_counter() - started)
    return min(found)


def main() -> None:
    names = sys.argv[1:] or chapter_names()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare = seconds([sys.executable, "-c", "import tensorflow"], folder)
        print(f"a bare import of tensorflow: {bare:.2f} s")
        for name in names:
            chapter = load_chapter(name, hidden=True)
            place = folder / "exercises" / name
            shutil.copytree(chapter.folder, place)
            bug = load_bugs(chapter)[0]
            answers = {
                "stubs": {path.name: text for path, text in stubs(chapter).items()},
                "references": {
                    f"{m}.py": (chapter.solutions / f"{m}.py").read_text("utf-8") for m in chapter.module_names
                },
            }
            answers["wrong answer"] = {**answers["references"], f"{bug.module}.py": bug.source}
            for kind, modules in answers.items():
                for file, text in modules.items():
                    (place / file).write_text(text, encoding="utf-8")
                command = [sys.executable, "-m", "pytest", f"exercises/{name}", "-q", "-m", "not capstone"]
                taken = seconds(command, folder)
                print(f"{name} {kind:<13} {taken:6.2f} s  {taken / bare:.2f} imports")


if __name__ == "__main__":
    main()
