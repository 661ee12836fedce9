"""What a class's results say: who, what, how often. Plain figures, drawn by `grader.plots` and `grader.report`."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.escape import one_line
from grader.formats import checks, grader_errors, percent, points

AT_RISK = 50.0  # per cent of the points; the report says so
Result = dict[str, Any]

# How far a student came with one exercise, from best to worst. The order is that of the plots.
STATES = {
    "solved": "all points",
    "partly": "some points",
    "wrong": "attempted, no points",
    "blocked": "waits for another exercise",
    "not attempted": "not attempted",
    "grader's error": "not graded, by the grader's own fault",
}


def state(exercise: dict[str, Any]) -> str:
    """The state of one exercise of one result: a key of STATES."""
    verdicts = {check["verdict"] for check in exercise["checks"]}
    if "error" in verdicts:
        return "grader's error"
    if verdicts <= {"passed"}:
        return "solved"
    if exercise["score"] > 0:
        return "partly"
    if "failed" in verdicts:
        return "wrong"
    return "blocked" if "blocked" in verdicts else "not attempted"


@dataclass
class Mistake:
    """A diagnosis, or a property that nobody could name the fault of, and who made it."""

    id: str
    exercise: str
    sentence: str
    students: list[str] = field(default_factory=list)


@dataclass
class Student:
    """One student's line in the class table. risks: sentences; empty if there is nothing to worry about."""

    name: str
    score: float
    max_score: float
    percent: float
    result: Result
    risks: list[str]


@dataclass
class Classwork:
    """One chapter's results of a class.

    exercises: id → state → number of students; means: id → mean share of the points, 0 to 1.
    """

    chapter: str
    students: list[Student]
    exercises: dict[str, Counter[str]]
    means: dict[str, float]
    diagnoses: list[Mistake]
    unnamed: list[Mistake]
    errors: int
    isolations: list[str]

    @property
    def percents(self) -> list[float]:
        return [student.percent for student in self.students]

    @property
    def mean(self) -> float:
        return statistics.fmean(self.percents)

    @property
    def median(self) -> float:
        return statistics.median(self.percents)

    @property
    def at_risk(self) -> list[Student]:
        """Those with something to worry about, the weakest first."""
        return sorted((s for s in self.students if s.risks), key=lambda s: (s.percent, s.name))


def classwork(results: Sequence[Result], sentences: dict[str, str] | None = None) -> Classwork:
    """Summarise one chapter's results (at least one). sentences: diagnosis → what a student is told of it."""
    students = [
        Student(r["student"], points(r["score"]), points(r["max_score"]), percent(r), r, _risks(r))
        for r in sorted(results, key=lambda r: r["student"].casefold())
    ]
    exercises: dict[str, Counter[str]] = defaultdict(Counter)
    shares: dict[str, list[float]] = defaultdict(list)
    for result in results:
        for exercise in result["exercises"]:
            exercises[exercise["id"]][state(exercise)] += 1
            shares[exercise["id"]].append(exercise["score"] / exercise["max_score"] if exercise["max_score"] else 0)
    named, unnamed = _mistakes(results, sentences or {})
    return Classwork(
        chapter=results[0]["chapter"],
        students=students,
        exercises=dict(exercises),
        means={name: statistics.fmean(values) for name, values in shares.items()},
        diagnoses=named,
        unnamed=unnamed,
        errors=sum(grader_errors(result) > 0 for result in results),
        isolations=sorted({str(result.get("isolation", "unknown")) for result in results}),
    )


def _mistakes(results: Sequence[Result], sentences: dict[str, str]) -> tuple[list[Mistake], list[Mistake]]:
    """Diagnoses, and failed properties without one; the most frequent first. A student counts once for each."""
    named: dict[str, Mistake] = {}
    unnamed: dict[str, Mistake] = {}
    for result in sorted(results, key=lambda r: r["student"].casefold()):
        for exercise, check in checks(result):
            if check["verdict"] != "failed":
                continue
            if name := check.get("diagnosis"):
                mistake = named.setdefault(name, Mistake(name, exercise["id"], sentences.get(name, "")))
            else:
                key = f"{exercise['id']}/{check['name']}"
                mistake = unnamed.setdefault(key, Mistake(key, exercise["id"], check["property"]))
            if result["student"] not in mistake.students:
                mistake.students.append(result["student"])
    return _ranked(named), _ranked(unnamed)


def _ranked(mistakes: dict[str, Mistake]) -> list[Mistake]:
    return sorted(mistakes.values(), key=lambda mistake: (-len(mistake.students), mistake.id))


def _risks(result: Result) -> list[str]:
    """Reasons to look at a student, as sentences."""
    states = Counter(state(exercise) for exercise in result["exercises"])
    total = sum(states.values())
    risks = []
    if percent(result) < AT_RISK:
        risks.append(f"Less than half of the points: {points(result['score']):g} of {points(result['max_score']):g}.")
    if total and states["not attempted"] == total:
        risks.append("Nothing was attempted.")
    elif states["not attempted"] > total / 3:
        risks.append(f"{states['not attempted']} of {total} exercises were not attempted.")
    elif states["wrong"] > total / 3:
        risks.append(f"{states['wrong']} of {total} exercises were attempted without a point.")
    if states["grader's error"]:
        risks.append("The grader failed on this submission: it must be graded again.")
    risks += [one_line(note) for note in result.get("problems", ())]
    return risks
