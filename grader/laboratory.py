"""What is done to one mutant, one named bug or one reference, in a forked process of its own; answers are plain JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from grader import result
from grader.bugs import Patch
from grader.build import open_local, reference_modules
from grader.chapter import Chapter
from grader.checks import Check
from grader.diagnosis import Diagnoses, Trace, alike, sign_trace
from grader.draws import draws
from grader.fingerprints import Fingerprints
from grader.host import Host
from grader.judge import Examiner, named_by, trace_check, trace_for_names
from grader.mutants import Mutant
from grader.student import Call, Local, Student

SEED = 0  # of the run that makes the matrix
LATE = 4  # a mutant whose first kill came at this example or later is run again with
AGAIN = (1, 2, 3, 4)  # these seeds
SLOW = (
    1.0  # seconds of one pass over an exercise's checks beyond which only the first failing check is asked for a name
)
OTHER = 24  # examples by which a mutant is compared with named bugs: twice a stored trace, and other ones


@dataclass(frozen=True)
class Cell:
    """One check on one mutant. examples: at the first kill, or all that passed; crashed: the mutant raised."""

    verdict: str
    examples: int
    seconds: float = 0.0
    crashed: bool = False

    @property
    def kills(self) -> bool:
        return self.verdict in (result.FAILED, result.NOT_ATTEMPTED)


Kill = tuple[int, str]  # the example at which a check killed, and the check


def first_kill(cells: dict[str, Cell], names: Iterable[str]) -> Kill | None:
    """The earliest kill by one of these checks."""
    return min(((cells[n].examples, n) for n in names if n in cells and cells[n].kills), default=None)


class Elsewhere:
    """How one student answers other inputs than those of the stored traces: check by check, when it is asked for."""

    def __init__(self, student: Student, reference: Student) -> None:
        self.student, self.reference = student, reference
        self._traces: dict[str, Trace] = {}

    def trace(self, check: Check) -> Trace:
        if check.name not in self._traces:
            calls = trace_check(check, self.student, self.reference, seed="other/", examples=OTHER)
            self._traces[check.name] = sign_trace(calls)
        return self._traces[check.name]


@dataclass
class Laboratory:
    """All that the jobs of one chapter share; made before the forks."""

    chapter: Chapter
    diagnoses: Diagnoses
    bugs: dict[str, list[Patch]]
    prints: Fingerprints
    seconds: dict[str, float] = field(default_factory=dict)  # of the reference, by check
    limits: dict[str, float] = field(default_factory=dict)  # of one call, by exercise
    # Named bugs that some mutant resembled, by id; in this process only.
    _resembled: dict[str, Elsewhere] = field(default_factory=dict)

    def student(self, modules: dict[str, tuple[str, str]]) -> Student:
        host = Host(**self.chapter.host_arguments(modules))
        return Student(Local(host), {**self.chapter.seconds(), **self.limits})

    def quick(self, exercise: str) -> list[Check]:
        """The checks of an exercise that take no training and no special machine."""
        return [c for c in self.chapter.checks_of(exercise) if not c.capstone and not c.gpu]

    def baseline(self, exercise: str, capstones: bool) -> dict[str, Any]:
        """The reference on its own checks: seconds and draws, and sentences where it fails."""
        begin()
        reference = open_local(self.chapter, reference_modules(self.chapter))
        modules = reference_modules(self.chapter)
        checks = [c for c in self.chapter.checks_of(exercise) if (capstones or not c.capstone) and not c.gpu]
        examiner = Examiner(
            self.chapter, lambda: open_local(self.chapter, modules), modules, SEED, reference, hasty=True
        )
        outcomes = examiner.exercise(exercise, checks)
        return {
            "seconds": {o.check.name: o.seconds for o in outcomes},
            "failed": [f"{o.check.name}: {o.sentence}" for o in outcomes if o.verdict != result.PASSED],
            "draws": {c.name: asdict(draws(c, self.student(modules), reference)) for c in checks if not c.capstone},
        }

    def examine(self, mutant: Mutant, checks: Sequence[Check], known: dict[str, Cell]) -> dict[str, Any]:
        """Run checks on a mutant; then, if it was killed, see how it is named, and whether that was luck."""
        begin()
        modules = reference_modules(self.chapter)
        reference = open_local(self.chapter, modules)
        modules = {**modules, mutant.module: (mutant.source, f"{mutant.module}.py")}

        def examine(checks: Iterable[Check], seed: int) -> dict[str, Cell]:
            names = Diagnoses(sentences=self.diagnoses.sentences)
            examiner = Examiner(
                self.chapter, lambda: self.student(modules), modules, seed, reference, names, hasty=True
            )
            found = {}
            for exercise in mutant.exercises:
                for o in examiner.exercise(exercise, [c for c in checks if c.exercise == exercise]):
                    found[o.check.name] = Cell(o.verdict, o.examples, round(o.seconds, 4), bool(o.frames))
                    if o.diagnosis:  # the check itself names the mistake
                        said.setdefault(exercise, {})[o.check.name] = o.diagnosis.partition("/")[2]
            return found

        said: dict[str, dict[str, str]] = {}
        cells = known | examine(checks, SEED)
        like, amiss = {}, {}
        for exercise in mutant.exercises:
            failed = [c for c in self.quick(exercise) if c.name in cells and cells[c.name].kills]
            if failed and self.bugs.get(exercise):
                if sum(self.seconds.get(c.name, 0.0) for c in self.quick(exercise)) > SLOW:
                    failed = failed[:1]
                mine = Elsewhere(self.student(modules), reference)
                found, like[exercise] = self._names(exercise, failed, mine)
                names = said[exercise] = said.get(exercise, {}) | found
                bugs = {bug.name: bug for bug in self.bugs[exercise]}
                amiss[exercise] = [
                    check.name
                    for check in failed
                    if check.name in names and names[check.name] not in like[exercise]
                    if not self._same(bugs.get(names[check.name]), check, mine)
                ]
        visible = [c for e in mutant.exercises for c in self.quick(e) if not c.hidden]
        first = first_kill(cells, [c.name for c in visible])
        again: list[Kill | None] = []
        if first is not None and first[0] >= LATE:
            again = [first_kill(examine(visible, seed), [c.name for c in visible]) for seed in AGAIN]
        return {
            "cells": {name: list(asdict(cell).values()) for name, cell in cells.items()},
            "said": said,
            "like": like,
            "amiss": amiss,
            "again": again,
        }

    def _names(self, exercise: str, failed: Sequence[Check], mine: Elsewhere) -> tuple[dict[str, str], list[str]]:
        """The names that failing checks would give, as `Examiner.name_mistake` finds them, and the named bugs that behave as
        this code does on all checks, with other inputs."""

        def trace(check: Check) -> list[list[Call]]:
            return trace_for_names(check, mine.student, mine.reference, self.diagnoses)

        said, same = {}, self.bugs[exercise]
        for check in failed:
            others = named_by(check, self.chapter.checks_of(exercise))
            said[check.name] = self.diagnoses.find(check, others, trace)
            # A bug that answers the stored inputs otherwise need not be tried on others: this spares most of them.
            stored, signed = self.diagnoses.traces.get(check.name, {}), sign_trace(trace(check))
            same = [bug for bug in same if bug.name not in stored or alike(stored[bug.name], signed)]
        for check in self.quick(exercise):
            same = [bug for bug in same if self._same(bug, check, mine)]
        return {check: name for check, name in said.items() if name}, [bug.name for bug in same]

    def _same(self, bug: Patch | None, check: Check, mine: Elsewhere) -> bool:
        """Whether a student answers a check's other inputs as a named bug does."""
        if bug is None or not mine.student.alive:
            return False
        if bug.id not in self._resembled:
            student = self.student(reference_modules(self.chapter, bug))
            self._resembled[bug.id] = Elsewhere(student, mine.reference)
        return alike(self._resembled[bug.id].trace(check), mine.trace(check))


def begin() -> None:
    from grader.worker import quiet_tensorflow

    quiet_tensorflow()
