"""What became of a check, and the result of a submission as JSON (schema 1 of the contract)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.checks import Check

PASSED, FAILED, NOT_ATTEMPTED, BLOCKED, ERROR = "passed", "failed", "not_attempted", "blocked", "error"
VERDICTS = (PASSED, FAILED, NOT_ATTEMPTED, BLOCKED, ERROR)


@dataclass
class Outcome:
    """One check's verdict and what is known of it.

    sentence: what is wrong; public: what a hidden check may say of that; called, got, expected: texts; details: (label,
    text) lines; where: (file, line); frames: the student's own traceback; diagnosis: "ch08.conv2d/kernel_flipped" or
    None; mistake: the bug's sentence; examples: how many inputs were tried; margin: the largest accepted error over its
    tolerance.
    """

    check: Check
    verdict: str
    sentence: str = ""
    called: str = ""
    got: str | None = None
    expected: str | None = None
    details: Sequence[tuple[str, str]] = ()
    where: tuple[str, int] | None = None
    frames: Sequence[tuple[str, int, str, str]] = ()
    diagnosis: str | None = None
    mistake: str = ""
    examples: int = 0
    seconds: float = 0.0
    margin: float = 0.0
    public: str = ""
    trouble: str = field(default="", repr=False)  # a traceback of ours, for ERROR

    @property
    def points(self) -> float:
        return self.check.points if self.verdict == PASSED else 0.0


def round_points(value: float) -> float:
    """Points without binary dust."""
    return round(value + 0.0, 4)


def as_json(
    student: str,
    chapter: str,
    exercises: Sequence[tuple[str, Sequence[Outcome]]],
    messages: dict[str, str],
    **more: Any,
) -> dict[str, Any]:
    """The result of one submission. exercises: (name, outcomes) in order; messages: check name → feedback text."""
    listed: list[dict[str, Any]] = []
    for name, outcomes in exercises:
        listed.append(
            {
                "id": f"{chapter}.{name}",
                "score": round_points(sum(o.points for o in outcomes)),
                "max_score": round_points(sum(o.check.points for o in outcomes)),
                "checks": [
                    {
                        "name": o.check.name,
                        "property": o.check.property,
                        "points": o.check.points,
                        "hidden": o.check.hidden,
                        "verdict": o.verdict,
                        "message": messages.get(o.check.name, ""),
                        "diagnosis": o.diagnosis,
                        "examples": o.examples,
                        "seconds": round(o.seconds, 4),
                    }
                    for o in outcomes
                ],
            }
        )
    return {
        "schema": 1,
        "student": student,
        "chapter": chapter,
        "score": round_points(sum(e["score"] for e in listed)),
        "max_score": round_points(sum(e["max_score"] for e in listed)),
        "exercises": listed,
        **more,
    }
