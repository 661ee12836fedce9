"""Writes results in the forms that other programs read: grades.csv, Gradescope's results.json, JUnit's XML.

A result is the dictionary that `grader.judge.grade` answers (schema 1).
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from grader.escape import csv_cell, one_line, visible
from grader.folder import student_folder, write_whole

Result = dict[str, Any]

# What a verdict is in the words of the other side.
GRADESCOPE_STATUS = {"passed": "passed"}
JUNIT_ELEMENT = {"failed": "failure", "error": "error", "not_attempted": "skipped", "blocked": "skipped"}


def points(number: float) -> float:
    """Points as people write them: two decimals, no -0.0, and 0 for what is not a finite number."""
    return round(float(number), 2) + 0.0 if math.isfinite(number) else 0.0


def checks(result: Result) -> Iterable[tuple[dict[str, Any], dict[str, Any]]]:
    """Every (exercise, check) of a result."""
    for exercise in result["exercises"]:
        for check in exercise["checks"]:
            yield exercise, check


def grader_errors(result: Result) -> int:
    """How many checks the grader itself could not run: such a result needs a person."""
    return sum(check["verdict"] == "error" for _, check in checks(result))


# --- grades.csv ---------------------------------------------------------------------------------


def grades_csv(results: Sequence[Result]) -> str:
    """One row a student and chapter, one column an exercise; safe to open in a spreadsheet.

    `errors` counts the checks that the grader could not run, `notes` says what intake left out.
    """
    exercises = list(dict.fromkeys(exercise["id"] for result in results for exercise in result["exercises"]))
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(["student", "chapter", "score", "max_score", "percent", "errors", "isolation", "notes", *exercises])
    for result in sorted(results, key=lambda result: (result["chapter"], result["student"])):
        scores = {exercise["id"]: points(exercise["score"]) for exercise in result["exercises"]}
        writer.writerow(
            [
                csv_cell(result["student"]),
                csv_cell(result["chapter"]),
                points(result["score"]),
                points(result["max_score"]),
                points(percent(result)),
                grader_errors(result),
                csv_cell(result.get("isolation", "")),
                csv_cell(" ".join(map(str, result.get("notes", ())))),
                *(scores.get(name, "") for name in exercises),
            ]
        )
    return file.getvalue()


def percent(result: Result) -> float:
    """The score as a percentage of what the chapter is worth; 0 for a chapter worth nothing."""
    return 100 * result["score"] / result["max_score"] if result["max_score"] else 0.0


# --- Gradescope ---------------------------------------------------------------------------------


def gradescope(result: Result) -> dict[str, Any]:
    """Gradescope's results.json of one submission: one test a check, its feedback as the test's output.

    Source: https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
    """
    tests = []
    for exercise, check in checks(result):
        passed = check["verdict"] == "passed"
        tests.append(
            {
                "name": one_line(f"{exercise['id']}: {check['property']}"),
                "name_format": "text",
                "score": points(check["points"]) if passed else 0.0,
                "max_score": points(check["points"]),
                "status": GRADESCOPE_STATUS.get(check["verdict"], "failed"),
                "output": visible(check["message"]),
                "output_format": "text",
                "visibility": "visible",
            }
        )
    return {
        "score": points(result["score"]),
        "output": visible("\n".join(map(str, result.get("notes", ())))),
        "output_format": "text",
        "visibility": "visible",
        "tests": tests,
        "extra_data": {"schema": result["schema"], "kit": result.get("kit")},
    }


# --- JUnit --------------------------------------------------------------------------------------


def junit(results: Sequence[Result]) -> str:
    """JUnit XML: one suite a student and chapter, one case a check."""
    root = ElementTree.Element("testsuites", name="grader")
    for result in results:
        suite = ElementTree.SubElement(root, "testsuite", name=one_line(f"{result['student']} {result['chapter']}"))
        counts = {"tests": 0, "failure": 0, "error": 0, "skipped": 0}
        for exercise, check in checks(result):
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=one_line(exercise["id"]),
                name=one_line(check["name"]),
                time=f"{check.get('seconds') or 0:.3f}",
            )
            counts["tests"] += 1
            if element := JUNIT_ELEMENT.get(check["verdict"]):
                counts[element] += 1
                ElementTree.SubElement(case, element, message=one_line(check["property"])).text = visible(
                    check["message"]
                )
        suite.attrib |= {
            "tests": str(counts["tests"]),
            "failures": str(counts["failure"]),
            "errors": str(counts["error"]),
            "skipped": str(counts["skipped"]),
        }
        properties = ElementTree.Element("properties")
        for name in ("score", "max_score"):
            ElementTree.SubElement(properties, "property", name=name, value=str(points(result[name])))
        suite.insert(0, properties)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


# --- files --------------------------------------------------------------------------------------


def write_grades(results: Sequence[Result], out: Path, form: str = "csv") -> list[Path]:
    """Write the results under `out` and answer the files written.

    form: "csv" (out/grades.csv), "gradescope" (out/<student>/results.json, and out/results.json when there is one
    student, as Gradescope expects it), or "junit" (out/junit.xml). Raises ValueError for another.
    """
    if form == "csv":
        return [write_whole(out / "grades.csv", grades_csv(results))]
    if form == "junit":
        return [write_whole(out / "junit.xml", junit(results))]
    if form == "gradescope":
        texts = [(student_folder(out, r["student"]), json.dumps(gradescope(r), indent=1)) for r in results]
        files = [write_whole(folder / "results.json", text) for folder, text in texts]
        if len(texts) == 1:
            files.append(write_whole(out / "results.json", texts[0][1]))
        return files
    raise ValueError(f"There is no format {form!r}: take csv, gradescope or junit.")
