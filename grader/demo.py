"""`make demo`: a course, a class, and its grades, made with the commands that an instructor types.

Builds demo/course, hands the sample class of tests/sample_class in, runs nbgrader's own commands, and shows what came.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.build import BEGIN, END
from grader.chapter import find_root, load_chapter, shown
from grader.course import add_submissions, make_course
from grader.errors import UserError
from grader.escape import one_line
from grader.folder import read_results
from grader.quiet import quiet_imports
from grader.report import write_report

CHAPTER = "ch08"
ZIPPED = "ines"  # hands in a zip
PERFECT, UNTOUCHED = "ada", "karl"  # made from the references and from the stubs: nobody wants to read them twice


def stage_class(target: Path, root: Path | None = None) -> list[str]:
    """Copy the sample class to `target`, one entry a student, as it would be collected; answers the entries' names.

    What is the same as the references, or as the stubs, is made here.
    """
    root = find_root(root)
    target.mkdir(parents=True)
    for entry in sorted((root / "tests" / "sample_class" / CHAPTER).iterdir()):
        if entry.name == ZIPPED:
            with zipfile.ZipFile(target / f"{ZIPPED}.zip", "w") as archive:
                for path in sorted(entry.glob("*.py")):
                    archive.write(path, f"{ZIPPED}/{path.name}")
        else:
            shutil.copytree(entry, target / entry.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, half in ((PERFECT, "solutions"), (UNTOUCHED, "exercises")):
        (target / name).mkdir()
        for stub in sorted((root / "exercises" / CHAPTER).glob("[!_]*.py")):
            source = root / half / CHAPTER / stub.name
            if source.is_file() and not stub.name.startswith(("test_", "probes")):
                (target / name / stub.name).write_text(without_markers(source.read_text(encoding="utf-8")), "utf-8")
    return sorted(path.name for path in target.iterdir())


def without_markers(source: str) -> str:
    """A reference as a student would hand it in."""
    return "".join(line for line in source.splitlines(keepends=True) if not (BEGIN.match(line) or END.match(line)))


def run_nbgrader(console: Console, course: Path, *command: str) -> None:
    """Run one of nbgrader's own commands in the course, as typed. Raises UserError with its output if it fails."""
    console.print(Text(f"$ nbgrader {' '.join(command)}", style="bold"))
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    log = course / "nbgrader.log"
    with log.open("a", encoding="utf-8") as file, console.status("") as status:
        start = file.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "nbgrader", *command], cwd=course, env=environment, stdout=file, stderr=file
        )
        while process.poll() is None:
            graded = len(list((course / "results").glob(f"*/{CHAPTER}.json")))
            status.update(f"{graded} graded" if command[0] == "autograde" else "working")
            time.sleep(0.2)
    if process.returncode:
        with log.open(encoding="utf-8") as file:
            file.seek(start)
            raise UserError(f"nbgrader {' '.join(command)} failed:\n{file.read()[-3000:]}")


def grade_table(course: Path, results: Sequence[dict]) -> Table:
    """nbgrader's grades, student by student, with what each result says in a few words."""
    found = {result["student"]: result for result in results}
    with (course / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (-float(row["score"]), row["student_id"]))
    table = Table(title=f"Grades of {CHAPTER}, from nbgrader's gradebook", title_justify="left", header_style="bold")
    table.add_column("student")
    table.add_column("points", justify="right")
    table.add_column("")
    table.add_column("what the grader saw")
    for row in rows:
        score, full = float(row["score"]), float(row["max_score"])
        filled = round(20 * score / full) if full else 0
        bar = Text("█" * filled, style="green").append("░" * (20 - filled), style="dim")
        seen = what_was_seen(found[row["student_id"]]) if row["student_id"] in found else "nothing was handed in"
        table.add_row(one_line(row["student_id"], 24), f"{score:g}/{full:g}", bar, Text(seen))
    return table


def what_was_seen(result: dict) -> str:
    """A result in a few words: the named mistakes, or how many exercises failed."""
    checks = [(exercise, check) for exercise in result["exercises"] for check in exercise["checks"]]
    named = list(dict.fromkeys(check["diagnosis"] for _, check in checks if check["diagnosis"]))
    failed = {exercise["id"] for exercise, check in checks if check["verdict"] in ("failed", "blocked")}
    open_ = [e for e in result["exercises"] if all(c["verdict"] == "not_attempted" for c in e["checks"])]
    words = [name.removeprefix(f"{CHAPTER}.") for name in named[:2]]
    words += [f"{len(named) - 2} more mistakes by name"] if len(named) > 2 else []
    words += [f"{len(failed)} exercise{'s' * (len(failed) != 1)} failed"] if failed and not named else []
    words += [f"{len(open_)} not attempted"] if open_ else []
    return one_line(", ".join(words) or "everything passed", 70)


def demo(folder: Path, console: Console | None = None, isolation: str | None = None) -> Path:
    """Grade the sample class in `folder` (made anew); answers the report's path.

    isolation: "bwrap" or "process"; by default walls, and without them only where they cannot be had, since the sample
    class is our own.
    """
    console = console or Console(highlight=False)
    course, inbox = folder / "course", folder / "inbox"
    shutil.rmtree(folder, ignore_errors=True)
    with console.status("Building a course"), quiet_imports():
        load_chapter(CHAPTER, hidden=True)
        make_course(course, [CHAPTER])
        isolation = isolation or best_isolation(console)
    with (course / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write(f'\nc.IsolatedGrader.isolation = "{isolation}"\n')
    console.print(f"A course for {CHAPTER}: {shown(course)}")
    run_nbgrader(console, course, "generate_assignment", CHAPTER)
    students = stage_class(inbox)
    add_submissions(course, inbox, CHAPTER)
    console.print(f"{len(students)} submissions: {', '.join(students)}")
    run_nbgrader(console, course, "autograde", CHAPTER)
    run_nbgrader(console, course, "generate_feedback", CHAPTER)
    run_nbgrader(console, course, "export")
    results = read_results(course / "results")
    report = write_report(course / "results", results)
    console.print()
    console.print(grade_table(course, results))
    return report


def best_isolation(console: Console) -> str:
    """ "bwrap", or "process" with a word of why where walls cannot be had."""
    from grader import keeper
    from grader.bwrap import SandboxUnavailable
    from grader.limits import Limits

    try:
        keeper.start("bwrap", Limits(), preload=()).close()  # the walls alone, around nothing
    except SandboxUnavailable as error:
        console.print(
            f"{error} The sample class is our own, and is graded without walls.", style="yellow", markup=False
        )
        return "process"
    return "bwrap"


def main() -> None:
    """Run the demo in demo/ of the kit's folder."""
    console, started = Console(highlight=False), time.monotonic()
    try:
        report = demo(find_root() / "demo", console)
    except UserError as error:
        console.print(str(error), style="red", markup=False)
        sys.exit(1)
    console.print(f"\nThe class report: {report.resolve()}", soft_wrap=True)
    console.print(f"{time.monotonic() - started:.0f} seconds in all", style="dim")


if __name__ == "__main__":
    main()
