"""The kit inside nbgrader: isolated grading where nbgrader's Execute stood, and the traps of nbgrader closed.

`configure` is what a course's nbgrader_config.py calls.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import sys
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbformat import NotebookNode, v4
from nbgrader import utils
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    LimitOutput,
    NbGraderPreprocessor,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from traitlets import Enum, Integer, Unicode

from grader.batch import BatchError, Grading
from grader.chapter import find_root
from grader.course import ClearReferences
from grader.escape import visible
from grader.folder import class_seed
from grader.formats import grader_errors, points
from grader.nbgrader_intake import ReadNotebook, RestoreCells, before_student, forgive_timestamps
from grader.pool import default_jobs
from grader.submission import Submission

CHECK = re.compile(r"""^\s*check\(\s*["']([\w.]+)["']\s*\)\s*$""", re.MULTILINE)
SIGNS = {"passed": "✓", "failed": "✗", "not_attempted": "·", "blocked": "⊘", "error": "!"}
BY_HAND = "needs a person"  # in `resources`: grade ids that nbgrader must show to a grader

# nbgrader makes every preprocessor anew for every notebook; a run of `nbgrader autograde` is one converter.
_gradings: dict[tuple, Grading] = {}
_runs: WeakKeyDictionary[Any, dict[tuple[str, str], Future]] = WeakKeyDictionary()


def configure(c: Any) -> None:
    """Set nbgrader up for the kit. c: the config object of nbgrader_config.py."""
    from nbgrader.converters import GenerateAssignment

    steps = [ClearReferences if step.__name__ == "ClearSolutions" else step for step in _steps(GenerateAssignment)]
    c.GenerateAssignment.preprocessors = steps
    c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
    c.Autograde.exporter_class = ReadNotebook
    c.Autograde.sanitize_preprocessors = [ClearOutput, OverwriteKernelspec, RestoreCells, CheckCellMetadata]
    c.Autograde.autograde_preprocessors = [
        IsolatedGrader,
        ClearMetadataPreprocessor,
        LimitOutput,
        SaveGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    c.Autograde.pre_convert_hook = before_student
    c.ExportApp.plugin_class = "grader.nbgrader_export.SafeCsv"
    forgive_timestamps()
    # nbgrader calls `alembic` by its bare name, which fails where the environment was not activated.
    folder = str(Path(sys.executable).parent)
    if folder not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join((folder, os.environ.get("PATH", "")))


def _steps(converter: Any) -> list[Any]:
    """A converter's preprocessors as nbgrader ships them."""
    return list(converter.preprocessors.default_args[0])


class IsolatedGrader(NbGraderPreprocessor):
    """Grades the submission in isolation, and writes feedback and points into the notebook's test cells.

    No cell is executed here. A test cell gets its exercise's feedback as standard output and its points as result.
    While one notebook is written, the next submissions are graded already.
    """

    isolation = Enum(["bwrap", "process"], "bwrap", help="Walls around student code, or none.").tag(config=True)
    jobs = Integer(0, help="Submissions graded at once; 0: one a core.").tag(config=True)
    seed = Integer(None, allow_none=True, help="Seed of the checks' random cases; by default drawn once a course.").tag(
        config=True
    )
    kit = Unicode("", help="The folder with exercises/ and solutions/; by default the kit's own.").tag(config=True)
    results = Unicode("results", help="Folder in the course for result files and report.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        info = resources["nbgrader"]
        result = self._result(info["student"], info["assignment"], info["notebook"])
        exercises = {exercise["id"]: exercise for exercise in result["exercises"]}
        by_hand = resources[BY_HAND] = set()
        for cell in nb.cells:
            if utils.is_grade(cell) and cell.cell_type == "code":
                found = CHECK.search(cell.source)
                exercise = exercises.get(found.group(1)) if found else None
                cell.execution_count = None
                cell.outputs = test_outputs(exercise, float(cell.metadata.nbgrader["points"]))
                if exercise is None or any(check["verdict"] == "error" for check in exercise["checks"]):
                    by_hand.add(cell.metadata.nbgrader["grade_id"])
            elif (
                utils.is_locked(cell)
                and cell.cell_type == "code"
                and cell.metadata.nbgrader["grade_id"].endswith("-setup")
            ):
                cell.outputs = [v4.new_output("stream", name="stdout", text=summary(result))]
        if grader_errors(result) or not exercises:
            self.log.error(
                "%s: the grader failed on this submission. Run the same command with --force.", info["student"]
            )
        return nb, resources

    # --- where results come from ------------------------------------------------------------------

    def _result(self, student: str, assignment: str, chapter: str) -> dict[str, Any]:
        course, run = self._course(), _runs.setdefault(self.parent.parent, {})
        try:
            grading = self._grading(Path(course.root), chapter)
            if (chapter, student) not in run:
                for other in sorted(self._students(assignment) | {student}):
                    run[chapter, other] = grading.submit(other, self._handed_in(other, assignment, grading))
            return run[chapter, student].result()
        except BatchError as refusal:
            half = Path(course.format_path(course.autograded_directory, student, assignment))
            shutil.rmtree(half, ignore_errors=True)
            self.log.error("%s", refusal)
            raise SystemExit(1) from None  # the same for every student: nbgrader would go on

    def _course(self) -> Any:
        """nbgrader's CourseDirectory: this preprocessor's parent is the exporter, and that one's is the converter."""
        return self.parent.parent.coursedir

    def _grading(self, root: Path, chapter: str) -> Grading:
        key = (root, chapter, self.seed, self.isolation, self.jobs, self.kit, self.results)
        if key not in _gradings:
            kit = find_root(Path(self.kit or __file__))
            out = root / self.results
            seed = class_seed(out) if self.seed is None else self.seed
            _gradings[key] = Grading(chapter, out, self.jobs or default_jobs(), seed, self.isolation, root=kit)
        return _gradings[key]

    def _students(self, assignment: str) -> set[str]:
        """Those whom this run of nbgrader will come to."""
        course = self._course()
        pattern = course.format_path(course.submitted_directory, "(?P<student>.*)", re.escape(assignment), escape=True)
        folders = self.parent.parent.assignments
        found = (re.fullmatch(pattern, str(folder)) for folder in folders)
        return {match.group("student") for match in found if match}

    def _handed_in(self, student: str, assignment: str, grading: Grading) -> Path | Submission:
        """The student's modules/ if it is there (see course.add_submissions), or else the notebook; nothing by a link."""
        course = self._course()
        folder = Path(course.format_path(course.submitted_directory, student, assignment))
        entry = folder / "modules" if (folder / "modules").is_dir() else folder / f"{grading.chapter}.ipynb"
        if not any(part.is_symlink() for part in (entry, folder, folder.parent)):
            return entry
        why = f"{entry.name} is a link, and links are not followed."
        return Submission(student, grading.chapter, notes=[why], problems=dict.fromkeys(grading.modules, why))


def test_outputs(exercise: dict[str, Any] | None, worth: float) -> list[NotebookNode]:
    """The outputs of a test cell: feedback, and the points as nbgrader wants them.

    worth: the cell's points. nbgrader reads the first execute_result as *points*; None, NaN or a negative number would
    give full points, and more than `worth` an exception.
    """
    if exercise is None:
        text, score = "This cell is not one of the grader's: it was not run, and is to be graded by hand.\n", 0.0
    else:
        text, score = feedback(exercise), cell_score(exercise, worth)
    return [
        v4.new_output("stream", name="stdout", text=text),
        v4.new_output("execute_result", data={"text/plain": f"{score:g}"}, execution_count=None),
    ]


def cell_score(exercise: dict[str, Any], worth: float) -> float:
    """The exercise's points on the scale of its test cell, always in [0, worth]."""
    score, full = exercise["score"], exercise["max_score"]
    if not (math.isfinite(score) and math.isfinite(full) and full > 0):
        return 0.0
    return min(max(points(worth * score / full), 0.0), worth)


def feedback(exercise: dict[str, Any]) -> str:
    """An exercise's feedback as plain text: every property, and under those that failed what is known."""
    lines = [f"{exercise['id']}  {points(exercise['score']):g}/{points(exercise['max_score']):g}"]
    for check in exercise["checks"]:
        hidden = "  (hidden check)" if check["hidden"] else ""
        lines += ["", f"{SIGNS[check['verdict']]} {visible(check['property'])}{hidden}"]
        # The message begins with a headline and the property, which stand above already.
        rest = [line for line in visible(check["message"]).splitlines()[1:] if not line.startswith("  Property")]
        lines += rest if check["verdict"] != "passed" else []
    return "\n".join(lines) + "\n"


def summary(result: dict[str, Any]) -> str:
    """What the setup cell says: the total, and what intake left out."""
    total = f"{visible(result['chapter'])}: {points(result['score']):g} of {points(result['max_score']):g} points"
    return "\n".join([total, *(visible(note) for note in result.get("notes", ()))]) + "\n"


class SaveGrades(SaveAutoGrades):
    """nbgrader's SaveAutoGrades, which also knows of cells that no program can grade."""

    def preprocess_cell(self, cell: NotebookNode, resources: Any, cell_index: int) -> tuple[NotebookNode, Any]:
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in resources.get(BY_HAND, ()):
            grade = self.gradebook.find_grade(grade_id, self.notebook_id, self.assignment_id, self.student_id)
            grade.needs_manual_grade = True
            self.gradebook.db.commit()
        return cell, resources
