"""What a check's inputs are worth: rejected, repeated and degenerate draws, counted on the reference.

A check that only ever draws zeros, or the same input again and again, cannot fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis.statistics import collector

from grader.checks import Check
from grader.judge import trace_check
from grader.student import Call, Student


@dataclass
class Draws:
    """The examples of one run of a check.

    rejected: draws that an `assume` or a filter threw away; different: how many examples were unlike all before; empty:
    examples with an array of no entries; uniform: examples in which every array of several entries has one value only.
    """

    examples: int = 0
    rejected: int = 0
    different: int = 0
    empty: int = 0
    uniform: int = 0

    def complaints(self, check: Check) -> list[str]:
        """What is wrong with these draws, one sentence each."""
        found = []
        if self.rejected > self.examples:
            found.append(f"{check.name} rejects {self.rejected} draws for {self.examples} examples: draw what fits.")
        if check.examples > 1 and self.different * 4 < self.examples:
            found.append(f"{check.name} draws only {self.different} different inputs in {self.examples} examples.")
        if self.examples and 2 * max(self.empty, self.uniform) > self.examples:
            found.append(f"{check.name} mostly draws arrays that are empty, or of one value: it can hardly fail.")
        return found


def draws(check: Check, student: Student, reference: Student) -> Draws:
    """Count the draws of one run of a check. student, reference: two students of the reference."""
    statistics: list[dict[str, Any]] = []
    with collector.with_value(statistics.append):  # type: ignore[arg-type]  # as pytest's --hypothesis-show-statistics
        examples = trace_check(check, student, reference, examples=check.examples + 1)
    found = Draws(examples=len(examples))
    for phase in ("generate-phase", "reuse-phase"):
        cases = statistics[0].get(phase, {}).get("test-cases", []) if statistics else []
        found.rejected += sum(case["status"] != "valid" for case in cases)
    seen = set()
    for calls in examples:
        arrays = [a for call in calls for a in _arrays((call.args, call.kwargs))]
        several = [a for a in arrays if a.size > 1]
        seen.add(_print(calls))
        found.empty += any(a.size == 0 for a in arrays)
        found.uniform += bool(several) and all((a == a.flat[0]).all() for a in several)
    found.different = len(seen)
    return found


def _arrays(value: Any) -> Iterator[np.ndarray]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict):
        yield from _arrays(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _arrays(item)


def _print(calls: Sequence[Call]) -> int:
    """A fingerprint of an example's calls."""

    def frozen(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return (value.shape, str(value.dtype), value.tobytes())
        if isinstance(value, dict):
            return tuple((key, frozen(item)) for key, item in value.items())
        return tuple(map(frozen, value)) if isinstance(value, (list, tuple)) else repr(value)

    return hash(tuple((call.name, frozen(call.args), frozen(call.kwargs)) for call in calls))
