"""Diagnosis by trace: which named bug behaves exactly as this student's code does.

The trace of a check is what every call answered in its first few examples under a fixed seed. `grader build` stores the
traces of all named bugs, as projections of the arrays (no source, no references), and a failing student's trace is compared with them.
No match, or more than one, says nothing.
"""

from __future__ import annotations

import gzip
import json
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from grader.checks import Check
from grader.values import Opaque

FILE = "diagnoses.json.gz"
RIGHT = ""  # the name under which the reference's own trace is stored: what a bug that a check cannot see answers there
VERSION = 3  # of signatures: stored traces of another version are recorded anew
TOLERANCE = 2e-4  # of a projection, relative to the array's norm


# --- signatures -----------------------------------------------------------------------------------------------------


def sign(value: Any) -> Any:
    """A short JSON stand-in for a plain value; close values have close signatures."""
    if isinstance(value, np.ndarray):
        return _sign_array(value)
    if isinstance(value, (tuple, list)):
        return ["t", [sign(item) for item in value]]
    if isinstance(value, dict):
        return [
            "d",
            [[str(key), sign(item)] for key, item in sorted(value.items(), key=lambda kv: str(kv[0]))],
        ]
    if isinstance(value, (bool, str)) or value is None:
        return ["v", value if not isinstance(value, str) else value[:80]]
    if isinstance(value, (int, float)):
        return _sign_array(np.asarray(float(value)))
    return ["o"] if isinstance(value, Opaque) else ["v", repr(value)[:80]]


def _sign_array(array: np.ndarray) -> Any:
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        return ["v", repr(np.asarray(array).tolist())[:200]]
    values = np.asarray(array).astype(np.float64).ravel()
    finite = np.abs(values) < 1e150  # the squares of larger ones overflow: they count as infinite
    position = np.arange(values.size)
    odd = [int(np.isnan(values).sum()), int((values >= 1e150).sum()), int((values <= -1e150).sum())]
    values = np.where(finite, values, 0.0)
    weights = (np.cos(1.7 * position + 0.3), np.sin(2.3 * position * (1 + position / 97) + 1.1))
    projections = [float(values @ w) for w in weights]
    # Integers are floats to a signature: a count that came as 4.0 is the same mistake as one that came as 4.
    kind = array.dtype.name if array.dtype.kind == "f" and array.ndim else "n"
    norm = float(np.sqrt((values**2).sum()))
    return ["a", kind, list(array.shape), odd, [_short(p) for p in projections], _short(norm)]


def _short(number: float) -> float:
    return float(f"{number:.6g}")


def alike(a: Any, b: Any) -> bool:
    """Whether two signatures stand for the same answer."""
    if type(a) is not type(b) and not (isinstance(a, (int, float)) and isinstance(b, (int, float))):
        return False
    if isinstance(a, list):
        if a and b and a[0] == "a" and b[0] == "a":
            if a[1:4] != b[1:4]:
                return False
            room = TOLERANCE * (1e-3 + max(abs(a[5]), abs(b[5])))
            return all(abs(p - q) <= room for p, q in zip([*a[4], a[5]], [*b[4], b[5]], strict=True))
        return len(a) == len(b) and all(map(alike, a, b))
    return bool(a == b)


Trace = list[list[Any]]


def sign_trace(examples: Iterable[Sequence[Any]]) -> Trace:
    """The signature of a check's trace: for every example, for every call, what came back or which exception."""
    return [
        [["r", call.raised.type] if call.raised is not None else sign(call.answer) for call in calls if call.ended]
        for calls in examples
    ]


def informative(trace: Trace, right: Trace) -> bool:
    """Whether a bug's trace says more than that something went wrong: some differing answer has content of its own."""
    if len(trace) != len(right):
        return False
    for calls, good in zip(trace, right, strict=True):
        for i, answer in enumerate(calls):
            if (i >= len(good) or not alike(answer, good[i])) and _has_content(answer):
                return True
    # An exception where, and only where, this bug raises it, among right answers, is a pattern as well.
    raising = [any(answer[0] == "r" for answer in calls) for calls in trace]
    return any(raising) and not all(raising)


def _has_content(answer: Any) -> bool:
    match answer[0]:
        case "a":
            return True
        case "t":
            return any(map(_has_content, answer[1]))
        case "d":
            return any(_has_content(item) for _, item in answer[1])
        case "v":
            return answer[1] is not None
    return False


# --- the stored traces ------------------------------------------------------------------------------------------------


@dataclass
class Diagnoses:
    """A chapter's named bugs.

    sentences: "conv2d.kernel_flipped" → sentence; traces: check name → bug → trace, where the bug shows;
    signatures: exercise → its reference's signature; inputs: exercise → digest of what its traces follow from.
    """

    sentences: dict[str, str] = field(default_factory=dict)
    traces: Mapping[str, dict[str, Trace]] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)

    def find(
        self, check: Check, others: Sequence[Check], trace: Callable[[Check], Iterable[Sequence[Any]]]
    ) -> str | None:
        """The one bug whose trace on `check` is the student's, and on every other check that shows it as well.

        A mistake that has no name may do to one check's inputs what a named bug does. trace: runs a check on the student's
        code and answers its calls.
        """
        known = self.traces.get(check.name)
        if not known:
            return None
        mine = sign_trace(trace(check))
        found = [bug for bug, stored in known.items() if bug != RIGHT and alike(stored, mine)]
        for other in others:
            stored = self.traces.get(other.name, {})
            if any(bug in stored for bug in found):
                theirs = sign_trace(trace(other))
                found = [bug for bug in found if alike(stored.get(bug, stored[RIGHT]), theirs)]
        return found[0] if len(found) == 1 else None


def goes_along(known: Iterable[Trace]) -> Callable[[Sequence[Sequence[Any]]], bool]:
    """Whether any of these traces begins like the one that grows; to be asked after each of its examples."""
    left = list(known)

    def asked(examples: Sequence[Sequence[Any]]) -> bool:
        nonlocal left
        at = len(examples) - 1
        signed = sign_trace(examples[at:])[0]
        left = [trace for trace in left if at < len(trace) and alike(trace[at], signed)]
        return bool(left)

    return asked


@cache
def _stored(path: Path, modified: int) -> Diagnoses:
    return read(path)


def load_diagnoses(chapter: Any) -> Diagnoses:
    """What `grader build` stored beside the visible checks and, where solutions/ is here, beside the hidden ones."""
    found = Diagnoses()
    for folder in (chapter.folder, chapter.solutions):
        path = folder / FILE
        if path.is_file():
            stored = _stored(path, path.stat().st_mtime_ns)
            found.sentences.update(stored.sentences)
            found.signatures.update(stored.signatures)
            found.traces = ChainMap(found.traces, stored.traces)  # type: ignore[arg-type]
    return found


class Lines(Mapping[str, dict[str, Trace]]):
    """Traces by check, each parsed only when it is asked for: a failing check needs its own and no other."""

    def __init__(self, lines: dict[str, str]) -> None:
        self._lines = lines
        self._parsed: dict[str, dict[str, Trace]] = {}

    def __getitem__(self, check: str) -> dict[str, Trace]:
        if check not in self._parsed:
            self._parsed[check] = json.loads(self._lines[check])
        return self._parsed[check]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


def read(path: Path) -> Diagnoses:
    """Read one stored file."""
    first, *lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    head = json.loads(first)
    pairs = (line.split("\t", 1) for line in lines)
    return Diagnoses(
        head["sentences"], Lines({check: text for check, text in pairs}), head["signatures"], head.get("inputs", {})
    )


def write(path: Path, diagnoses: Diagnoses) -> None:
    """Write one file: a line of JSON with the sentences, then a line for each check. The same diagnoses give the same bytes."""
    head = {
        "schema": 1,
        "sentences": diagnoses.sentences,
        "signatures": diagnoses.signatures,
        "inputs": diagnoses.inputs,
    }
    lines = [_json(head), *(f"{check}\t{_json(diagnoses.traces[check])}" for check in sorted(diagnoses.traces))]
    path.write_bytes(gzip.compress("\n".join(lines).encode(), compresslevel=9, mtime=0))


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
