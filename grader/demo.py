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

import nbformat
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.build import BEGIN, END
from grader.build import stubs as build_stubs
from grader.chapter import Chapter, find_root, load_chapter, shown
from grader.course import add_submissions, chapter_notebook, make_course
from grader.errors import UserError
from grader.escape import one_line
from grader.folder import read_results
from grader.quiet import quiet_imports
from grader.report import write_report

CHAPTER = "ch08"
ZIPPED = "ines"  # hands in a zip
# Made from the references and from the stubs, since nobody wants to read them twice: all modules; a notebook without the
# capstone; all stubs; and what two students did well beside the modules that one can read.
PERFECT, NOTEBOOK, UNTOUCHED = "ada", "emmy", "karl"
REST = {"cleo": ("normalisation", "variants", "networks"), "ines": ("convolution", "variants")}
CAPSTONE = "capstone"


def stage_class(target: Path, root: Path | None = None) -> list[str]:
    """Copy the sample class to `target`, one entry a student, as it would be collected; answers the entries' names.

    What is the same as the references, or as the stubs, is made here.
    """
    root = find_root(root)
    chapter = load_chapter(CHAPTER, hidden=True, root=root)
    target.mkdir(parents=True)
    shutil.copytree(root / "tests" / "sample_class" / CHAPTER, target, dirs_exist_ok=True)
    references = {
        name: without_markers((chapter.solutions / f"{name}.py").read_text(encoding="utf-8"))
        for name in chapter.module_names
    }
    stubs = {path.stem: text for path, text in build_stubs(chapter).items()}
    for student, modules in {PERFECT: references, UNTOUCHED: stubs}.items():
        _hand_in(target / student, modules)
    for student, names in REST.items():
        _hand_in(target / student, {name: references[name] for name in names})
    (target / NOTEBOOK).mkdir()
    notebook = chapter_notebook(chapter)
    notebook.cells = [cell for cell in notebook.cells if not _is_capstone(cell.source, chapter)]
    for cell in notebook.cells:
        cell.source = without_markers(cell.source)
    nbformat.write(notebook, target / NOTEBOOK / f"{CHAPTER}.ipynb")
    with zipfile.ZipFile(target / f"{ZIPPED}.zip", "w") as archive:
        for path in sorted((target / ZIPPED).glob("*.py")):
            archive.write(path, f"{ZIPPED}/{path.name}")
    shutil.rmtree(target / ZIPPED)
    return sorted(path.name for path in target.iterdir())


def _hand_in(folder: Path, modules: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")


def _is_capstone(source: str, chapter: Chapter) -> bool:
    names = [name for name, home in chapter.home.items() if home == CAPSTONE]
    return any(source.startswith(f"def {name}(") for name in names)


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
    stage_class(inbox)
    students = add_submissions(course, inbox, CHAPTER)
    console.print(f"{len(students)} submissions: {', '.join(students)}", soft_wrap=True)
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
