"""The attacks of tests/attacks/ against the stock `nbgrader autograde`, which runs test cells in the student's kernel.

    python tests/benchmarks/stock_nbgrader.py [--out table.md] [attack …]

Every attack runs behind bwrap in a course of its own, since nothing contains it there; those that would only stop this
machine are left out. Takes some 10 seconds an attack.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from grader.bwrap import bwrap_candidates

ROOT = Path(__file__).resolve().parents[2]
ATTACKS = ROOT / "tests" / "attacks"
USUAL = ("conv_output_size", "conv2d", "im2col")
INSIDE = "GRADER_STOCK_INSIDE"
GOT, NO_GRADE = "got: ", "no grade"
# They flood, hang, or kill all that they can name: what they would show is a dead kernel.
LEFT_OUT = (
    *("floods_memory", "floods_files", "floods_output", "fork_bomb", "thread_bomb", "endless_loop", "endless_frame"),
    *("hangs_at_import", "stops_the_clock", "signals_to_others", "daemon", "drips", "closes_the_wire", "huge_answer"),
)


def behind_bwrap(fresh: Path, path: Path) -> str:
    """What one attack gets in a copy of the course, found out where it can harm nothing."""
    command = [bwrap_candidates()[0], "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    command += ["--tmpfs", "/dev/shm", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--die-with-parent"]
    command += ["--ro-bind", str(fresh), "/tmp/fresh", "--setenv", INSIDE, "1", "--setenv", "HOME", "/tmp"]
    command += ["--chdir", "/tmp", sys.executable, __file__, str(path)]
    with contextlib.suppress(subprocess.TimeoutExpired):
        for line in subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=500).stdout.splitlines():
            if line.startswith(GOT):
                return line.removeprefix(GOT)
    return NO_GRADE


def inside(path: Path) -> None:
    """Hand an attack in, grade it, and print what it got."""
    course = Path("/tmp/course")
    shutil.copytree("/tmp/fresh", course)
    hand_in(course, path)
    nbgrader(course, "autograde", "ch08", "--student", path.stem)
    print(f"{GOT}{score(course, path.stem)}")


def make_course(course: Path) -> None:
    """A course whose ch08 has the three exercises of USUAL, with nbgrader as it is shipped."""
    from grader.chapter import load_chapter
    from grader.course import chapter_notebook

    notebook = json.loads(json.dumps(chapter_notebook(load_chapter("ch08", hidden=True))))
    wanted = ["ch08-setup", *(f"ch08-{name}{part}" for name in USUAL for part in ("-solution", ""))]
    notebook["cells"] = [c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") in wanted]
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
        if cell["metadata"]["nbgrader"]["solution"]:
            cell["source"] = "### BEGIN SOLUTION\n### END SOLUTION"
    (course / "source" / "ch08").mkdir(parents=True)
    (course / "source" / "ch08" / "ch08.ipynb").write_text(json.dumps(notebook))
    (course / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.course_id = "stock"\nc.ExecutePreprocessor.timeout = 60\n'
        "c.Execute.timeout = 60\n"
    )
    nbgrader(course, "generate_assignment", "ch08")


def nbgrader(course: Path, *arguments: str) -> str:
    """Run an nbgrader command; what it said."""
    program = Path(sys.executable).parent / "nbgrader"
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [program, *arguments], cwd=course, capture_output=True, text=True, timeout=400, env=environment
    )
    return done.stdout + done.stderr


def hand_in(course: Path, path: Path) -> None:
    """The released notebook, with the attack where the solutions go."""
    notebook = json.loads((course / "release" / "ch08" / "ch08.ipynb").read_text())
    solutions = [c for c in notebook["cells"] if c["metadata"]["nbgrader"]["solution"]]
    if path.suffix == ".ipynb":
        cells = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
        place = notebook["cells"].index(solutions[0])
        notebook["cells"][place : place + 1] = cells
    else:
        solutions[0]["source"] = path.read_text()
    for cell in solutions[1:]:
        cell["source"] = ""
    folder = course / "submitted" / path.stem / "ch08"
    folder.mkdir(parents=True)
    (folder / "ch08.ipynb").write_text(json.dumps(notebook))


def score(course: Path, student: str) -> str:
    """What the gradebook has."""
    from nbgrader.api import Gradebook

    try:
        with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
            return f"{book.find_submission('ch08', student).score:g}"
    except Exception:  # the gradebook itself may be gone, or no longer be one
        return NO_GRADE


def main() -> None:
    """Write a line for each attack: its points of the possible ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("stock.md"))
    parser.add_argument("attacks", nargs="*")
    chosen = parser.parse_args()
    if os.environ.get(INSIDE):
        return inside(Path(chosen.attacks[0]))
    paths = [p for p in sorted(ATTACKS.glob("*")) if p.suffix in (".py", ".ipynb") and p.stem not in LEFT_OUT]
    paths = [ROOT / "solutions" / "ch08" / "convolution.py", *(p for p in paths if "fit_" not in p.read_text())]
    with tempfile.TemporaryDirectory() as folder, chosen.out.open("w") as out:
        fresh = Path(folder) / "fresh"
        make_course(fresh)
        for path in [p for p in paths if not chosen.attacks or p.stem in chosen.attacks]:
            line = f"| {path.stem} | {behind_bwrap(fresh, path)} |"
            print(line)
            print(line, file=out, flush=True)


if __name__ == "__main__":
    main()
