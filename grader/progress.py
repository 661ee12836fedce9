"""What a student has done so far: derived from results, never asked for.

.grader/progress.json holds, for every chapter and exercise, the points of the last run of each check and how many hints
were shown: {"ch08": {"conv2d": {"checks": {"test_…": ["passed", 2.0]}, "hints": 1}}}. It may be deleted at any time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grader.chapter import Chapter
from grader.result import Outcome


def _file(root: Path) -> Path:
    return root / ".grader" / "progress.json"


def read_progress(root: Path) -> dict[str, Any]:
    """The stored progress; {} where there is none or the file is damaged."""
    try:
        found = json.loads(_file(root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(root: Path, progress: Mapping[str, Any]) -> None:
    path = _file(root)
    try:
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(progress, indent=1), encoding="utf-8")
        temporary.replace(path)
    except OSError:
        pass  # a read-only folder: progress is a convenience


def remember_outcomes(chapter: Chapter, outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    """Keep the verdicts of a run."""
    progress = read_progress(chapter.root)
    kept = progress.setdefault(chapter.name, {})
    for name, listed in outcomes.items():
        checks = kept.setdefault(name, {}).setdefault("checks", {})
        checks.update({o.check.name: [o.verdict, o.points] for o in listed})
    _write(chapter.root, progress)


def hints_shown(chapter: Chapter, exercise: str) -> int:
    """How many of an exercise's hints were shown."""
    shown = read_progress(chapter.root).get(chapter.name, {}).get(exercise, {}).get("hints", 0)
    return shown if isinstance(shown, int) else 0


def next_hint(chapter: Chapter, exercise: str, take: bool = False) -> str | None:
    """The next hint, with its place among them; take=True counts it as shown."""
    hints = chapter.exercises[exercise].hints
    if not hints:
        return None
    at = min(hints_shown(chapter, exercise), len(hints) - 1)
    if take:
        progress = read_progress(chapter.root)
        progress.setdefault(chapter.name, {}).setdefault(exercise, {})["hints"] = at + 1
        _write(chapter.root, progress)
    return f"({at + 1} of {len(hints)}) {hints[at]}"
