"""`nbgrader export`, with names quoted and formulas defused (nbgrader's own writes both as they come)."""

from __future__ import annotations

import csv
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin

from grader.escape import csv_cell

COLUMNS = [
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
]


class SafeCsv(ExportPlugin):
    """The columns of nbgrader's CsvExportPlugin, in a CSV that every program reads and none calculates."""

    def export(self, gradebook: Gradebook) -> None:
        path = Path(self.to or "grades.csv")
        self.log.info("Exporting grades to %s", path)
        with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for assignment in gradebook.assignments:
                if self.assignment and assignment.name not in map(str, self.assignment):
                    continue
                for student in gradebook.students:
                    if not self.student or student.id in map(str, self.student):
                        writer.writerow([_cell(value) for value in _row(gradebook, assignment, student)])


def _row(gradebook: Gradebook, assignment, student) -> list:
    timestamp, raw, penalty = None, 0.0, 0.0
    try:
        submission = gradebook.find_submission(assignment.name, student.id)
    except MissingEntry:
        pass  # nothing was handed in
    else:
        timestamp, raw, penalty = submission.timestamp, submission.score, submission.late_submission_penalty or 0.0
    person = (student.id, student.last_name, student.first_name, student.email)
    score = max(0.0, raw - penalty)
    return [assignment.name, assignment.duedate, timestamp, *person, raw, penalty, score, assignment.max_score]


def _cell(value: object) -> object:
    if value is None:
        return ""
    return value if isinstance(value, float) else csv_cell(value)
