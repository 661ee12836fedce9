"""What an exercise must have besides good checks: a statement, hints, points, bugs, and stubs in step with their sources."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader import diagnosis
from grader.bugs import Patch, strangers
from grader.build import MarkerError, stubs
from grader.chapter import Chapter

MIN_BUGS = 3
POINTS = 100


def formalities(chapter: Chapter, bugs: Sequence[Patch], chosen: Sequence[str]) -> list[str]:
    """What is wrong with statements, hints, points, and stubs: one sentence each. chosen: the exercises to look at."""
    complaints: list[str] = []
    complain = complaints.append
    if len(chosen) == len(chapter.exercises):
        complaints += strangers(chapter)
    total = sum(c.points for c in chapter.checks)
    if abs(total - POINTS) > 1e-6 and len(chosen) == len(chapter.exercises):
        complain(f"The points of {chapter.name} add up to {total:g}, not to {POINTS}.")
    for name in chosen:
        exercise = chapter.exercises[name]
        if len(exercise.hints) not in (2, 3):
            complain(f"{name} has {len(exercise.hints)} hints. Give it two or three.")
        if not chapter.checks_of(name, hidden=False):
            complain(f"{name} has no visible check.")
        if (count := sum(bug.exercise == name for bug in bugs)) < MIN_BUGS:
            complain(f"{name} has {count} named bugs. Give it at least {MIN_BUGS}.")
        source = (chapter.solutions / f"{chapter.home[name]}.py").read_text(encoding="utf-8")
        found = re.search(rf'^(?:def|class) {name}\b[^\n]*(?:\n[^"\n]*)*?\n?\s+"""(.*?)"""', source, re.S | re.M)
        if not found or len(found.group(1)) < 80:
            complain(
                f"{name} has no statement: its docstring in solutions/ says what to do, with shapes and an example."
            )
    for check in chapter.checks:
        if check.exercise in chosen and not check.property:
            complain(f"{check.name} has no docstring. Its first paragraph is the property that a student reads.")
    names = [c.name for c in chapter.checks]
    for name in sorted({n for n in names if names.count(n) > 1}):
        complain(f"Two checks are called {name}.")
    if not (chapter.folder / "README.md").is_file():
        complain(f"exercises/{chapter.name}/README.md is not there.")
    if not (chapter.folder / diagnosis.FILE).is_file():
        complain(f"No mistake can be named: {diagnosis.FILE} is not there. Run: grader build {chapter.name}")
    try:
        for path, text in stubs(chapter).items():
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                complain(f"{path.name} is out of step with its source. Run: grader build {chapter.name}")
    except MarkerError as error:
        complain(str(error))
    return complaints
