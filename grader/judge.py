"""Runs checks and decides. The only room that knows the score.

Every check starts as failed and passes only if its function came to its end with enough examples run. Nothing that student
code does (exceptions, exits, skips, silence) can make it pass.
"""

from __future__ import annotations

import gc
import re
import time
import traceback
import warnings
import zlib
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np

from grader import comparison, feedback, result
from grader.chapter import Chapter
from grader.checks import Check, Exercise
from grader.comparison import Mismatch
from grader.constraints import called, forbidden_names, is_bound, joined
from grader.diagnosis import Diagnoses, goes_along, load_diagnoses
from grader.host import Host
from grader.result import Outcome
from grader.student import (
    SUBMISSION_SECONDS,
    Call,
    Clock,
    Enough,
    Log,
    NotAttempted,
    Remote,
    Stop,
    Student,
    StudentRaised,
)
from grader.student import Local as LocalTransport

TRACED = 12  # examples of a check whose answers make its trace
MAX_LOST = 2  # workers that may be lost to one exercise before its other checks are not run


def seed_of(seed: int, check: Check) -> int:
    """A check's own seed: the same whichever other checks run."""
    return zlib.crc32(f"{seed}/{check.name}".encode())


def warm_up() -> None:
    """Pay once, before forking, for what the first check of a process would pay. Runs no TensorFlow op."""

    @hypothesis.settings(max_examples=1, database=None)
    @hypothesis.given(hypothesis.strategies.integers())
    def nothing(_: int) -> None:
        pass

    nothing()  # hypothesis looks through all modules for constants, and at all live objects when it first seeds NumPy
    gc.freeze()  # TensorFlow's million objects never die: no collection need look at them again


def run_check(
    check: Check, student: Student, seed: int, reference: Student | None = None, hasty: bool = False
) -> Outcome:
    """Run one check on one submission. hasty: end at the first failing example, without looking for a smaller one."""
    student.exercise = check.exercise
    margins: list[float] = []
    token = comparison.margin.set(margins)
    started = time.perf_counter()
    try:
        error = _run(check, student, seed_of(seed, check), reference, Log(hasty=hasty))
    finally:
        comparison.margin.reset(token)
    log = student.log
    if log.failing is not None:
        error = log.failing.error
    outcome = Outcome(check, result.FAILED, examples=log.examples, margin=max(margins, default=0.0))
    try:
        _decide(outcome, error, log)
    except Exception as trouble:  # over what is to be shown
        _stumble(outcome, trouble, log)
    outcome.seconds = time.perf_counter() - started
    return outcome


def trace_check(
    check: Check, student: Student, reference: Student | None = None, seed: str = "", examples: int = TRACED
) -> list[list[Any]]:
    """The calls of a check's first examples under its fixed seed (or another one), whatever they answered."""
    student.exercise = check.exercise
    _run(check, student, zlib.crc32(f"{seed}{check.name}".encode()), reference, Log(tracing=examples))
    return student.log.traces


def trace_for_names(
    check: Check, student: Student, reference: Student | None, diagnoses: Diagnoses
) -> list[list[Call]]:
    """A check's trace, as far as some named bug's goes along with it; kept, since other checks are told apart by it too."""
    if check.name not in student.traced:
        if not student.alive:
            return []
        student.exercise = check.exercise
        log = Log(tracing=TRACED, goes_on=goes_along(diagnoses.traces.get(check.name, {}).values()))
        _run(check, student, zlib.crc32(check.name.encode()), reference, log)
        student.traced[check.name] = log.traces
    return student.traced[check.name]


def named_by(check: Check, checks: Sequence[Check]) -> list[Check]:
    """The other checks of an exercise by which a failing one's named bug is told from others.

    A visible failure's message may quote the student: its worker must not have met hidden inputs by then.
    """
    return [c for c in checks if c is not check and not c.capstone and (check.hidden or not c.hidden)]


def _run(check: Check, student: Student, seed: int, reference: Student | None, log: Log) -> BaseException | None:
    """Call the check's function; answer what it raised."""
    student.log = log
    arguments: dict[str, Any] = {"student": student}
    if check.takes_reference:
        if reference is None:
            return RuntimeError(f"{check.name} needs the reference, and it is not here.")
        reference.exercise, reference.log = check.exercise, Log()
        arguments["reference"] = reference
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            hypothesis.seed(seed)(check.function)(**arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return error
    return None


def _decide(outcome: Outcome, error: BaseException | None, log: Log) -> None:
    """Turn what happened into a verdict: failed unless shown otherwise."""
    calls = log.failing.calls if log.failing is not None else log.calls
    outcome.called = feedback.describe_calls(calls)
    match error:
        case None if log.examples >= outcome.check.least:
            outcome.verdict = result.PASSED
        case None:
            outcome.verdict = result.ERROR
            outcome.sentence = f"Only {log.examples} of at least {outcome.check.least} examples could be run."
        case NotAttempted():
            outcome.verdict, outcome.sentence, outcome.public = result.NOT_ATTEMPTED, str(error), error.public
        case Enough():
            outcome.sentence = outcome.public = "The check was ended before its time."
        case Stop():
            outcome.sentence, outcome.public = str(error), error.public
        case Mismatch():
            outcome.sentence, outcome.got, outcome.expected = error.sentence, error.got, error.expected
            outcome.details, outcome.diagnosis = error.details, error.diagnosis
        case StudentRaised():
            name = calls[-1].exercise if calls else outcome.check.exercise
            outcome.sentence = feedback.describe_exception(name, error)
            outcome.public = feedback.public_exception(name, error)
            outcome.frames = error.frames
            if error.frames and not outcome.check.hidden:  # the worker says where: any line that it likes
                outcome.where = error.frames[-1][:2]
        case _:
            _stumble(outcome, error, log)
            if outcome.verdict == result.FAILED and calls:
                outcome.got = comparison.show(calls[-1].answer)


def _stumble(outcome: Outcome, error: BaseException, log: Log) -> None:
    """The judge's own side raised: over what came back, or by a fault of its own where nothing had come back yet."""
    said = f"{type(error).__name__}: {str(error)[:300]}"
    if log.heard and isinstance(error, Exception) and not isinstance(error, hypothesis.errors.HypothesisException):
        # References never get here: the audit sees to it.
        outcome.sentence = outcome.public = "What came back is not of the form that the statement asks for."
        outcome.details = [("Meanwhile", said)]
    else:
        outcome.verdict, outcome.trouble = result.ERROR, "".join(traceback.format_exception(error))
        outcome.sentence = f"The check itself broke ({said}). This is not your fault."


class Examiner:
    """Examines one submission, exercise by exercise, in process or through workers.

    open_student: makes a fresh Student (a fresh worker, where isolated); sources: module name → (source, file shown);
    reference: the reference's Student, where hidden checks need it; hasty: see run_check.
    """

    def __init__(
        self,
        chapter: Chapter,
        open_student: Callable[[], Student],
        sources: Mapping[str, Sequence[str]],
        seed: int,
        reference: Student | None = None,
        diagnoses: Diagnoses | None = None,
        hasty: bool = False,
    ) -> None:
        self.chapter, self.open_student, self.sources, self.seed = chapter, open_student, sources, seed
        self.texts = {name: source for name, (source, _) in sources.items()}
        self.reference, self.hasty = reference, hasty
        self._diagnoses = diagnoses
        self._current: tuple[str, Student] | None = None
        self._killed = False  # once by somebody else
        self._lost: dict[str, int] = {}  # by exercise, and by group of modules where they did not even load
        self._last_lost: Outcome | None = None
        self._forbidden: dict[str, tuple[str, tuple[str, int] | None]] = {}

    @property
    def diagnoses(self) -> Diagnoses:
        """The named bugs; read when first something failed."""
        if self._diagnoses is None:
            self._diagnoses = load_diagnoses(self.chapter)
        return self._diagnoses

    def forbidden(self, exercise: Exercise) -> tuple[str, tuple[str, int] | None]:
        """A sentence about library functions that the source may not use, and where it uses them; or ""."""
        home = self.chapter.home[exercise.name]
        uses = forbidden_names(exercise.name, home, self.texts, exercise.forbids)
        if not uses:
            return "", None
        module, dotted, line = uses[0]
        return (
            f"{exercise.name} is to be written by hand, without {dotted} and whatever else would do it, or hide it.",
            (self.sources[module][1], line),
        )

    def hidden_definition(self, exercise: Exercise) -> bool:
        """Whether an exercise that is there, and has to be written by hand, is defined where no reader of the source sees it."""
        return bool(exercise.forbids and self.texts) and not is_bound(exercise.name, self.texts)

    def exercise(self, name: str, checks: Sequence[Check] | None = None) -> list[Outcome]:
        """Run the checks of one exercise (all by default) on a student of its own."""
        exercise = self.chapter.exercise(name)
        checks = self.chapter.checks_of(name) if checks is None else checks
        if name not in self._forbidden:
            self._forbidden[name] = self.forbidden(exercise)
        sentence, where = self._forbidden[name]
        if sentence:
            return [Outcome(c, result.FAILED, sentence, public=sentence, where=where) for c in checks]
        outcomes: list[Outcome] = []
        home = self.chapter.home[name]
        group = f"loading {self._group(home)}"
        waiting = deque(checks)
        while waiting:
            check = waiting.popleft()
            if max(self._lost.get(name, 0), self._lost.get(group, 0)) >= MAX_LOST:
                outcomes.append(self._not_run(check))
                continue
            student = None
            try:
                student = self._student(home)
                outcomes.append(self.one(check, student))
            except Stop as stop:  # it does not take the sources, or does not say what is attempted
                outcomes.append(
                    Outcome(check, result.FAILED, str(stop), public=stop.public, where=self.place(check.exercise))
                )
            if student is None or not student.alive:
                for what in (name, *([] if student is not None and student.log.calls else [group])):
                    self._lost[what] = self._lost.get(what, 0) + 1
                self._last_lost = outcomes[-1]
                self.close()
                if not self._killed and "killed by SIGKILL" in outcomes[-1].sentence:
                    # Perhaps not by itself, and not by us: a machine without memory kills whom it likes.
                    self._killed = True
                    waiting.appendleft(outcomes.pop().check)
        return outcomes

    def _not_run(self, check: Check) -> Outcome:
        """What becomes of a check when too many workers were lost."""
        assert self._last_lost is not None
        return Outcome(
            check,
            result.FAILED,
            f"Not run: {self._last_lost.sentence}",
            public=f"Not run: {self._last_lost.public}" if self._last_lost.public else "Not run.",
            where=self.place(check.exercise),
        )

    def _student(self, module: str) -> Student:
        """The Student of one module of the submission: one worker for each, so that modules cannot disturb each other."""
        group = self._group(module)
        if self._current is None or self._current[0] != group:
            self.close()
            self._current = (group, self.open_student())
        return self._current[1]

    def _group(self, module: str) -> str:
        return module if module in self.sources else ""

    def close(self) -> None:
        """End the worker in use."""
        if self._current is not None:
            self._current[1].close()
            self._current = None

    def one(self, check: Check, student: Student) -> Outcome:
        """Run one check, and name the mistake if it is a known one. Raises Stop where attempted() does."""
        attempted, why = student.attempted(check.exercise)
        exercise = self.chapter.exercise(check.exercise)
        if attempted and self.hidden_definition(exercise):
            sentence = f"{exercise.name} is to be written by hand, and its definition cannot be found in your source."
            outcome = Outcome(check, result.FAILED, sentence, public=sentence)
        elif attempted:
            outcome = run_check(check, student, self.seed, self.reference, self.hasty)
        else:
            stub = f"{check.exercise} is still as it was handed out."
            missing = f"{check.exercise} is not there."
            outcome = Outcome(check, result.NOT_ATTEMPTED, why or stub, public=missing if why else stub)
        if outcome.where is None:
            outcome.where = self.place(check.exercise)
        if outcome.verdict == result.FAILED:
            if (
                "cannot be called as the statement says" in outcome.sentence
                and check.exercise in self.diagnoses.signatures
            ):
                outcome.details = [*outcome.details, ("Signature", self.diagnoses.signatures[check.exercise])]
            self.name_mistake(outcome, student)
        return outcome

    def name_mistake(self, outcome: Outcome, student: Student) -> None:
        """Look for the one named bug that behaves as this student's code does."""
        check = outcome.check
        if outcome.diagnosis is None and student.alive and not check.capstone:
            others = named_by(check, self.chapter.checks_of(check.exercise))
            diagnoses = self.diagnoses
            try:
                outcome.diagnosis = diagnoses.find(
                    check, others, lambda c: trace_for_names(c, student, self.reference, diagnoses)
                )
            except Exception:  # over what came back; no named bug answers that
                if not student.log.heard:
                    raise
        if outcome.diagnosis is not None:
            bug = f"{check.exercise}.{outcome.diagnosis.split('/')[-1]}"
            outcome.mistake = self.diagnoses.sentences.get(bug, "")
            outcome.diagnosis = (
                f"{self.chapter.name}.{check.exercise}/{bug.split('.')[-1]}" if outcome.mistake else None
            )

    def place(self, exercise: str) -> tuple[str, int] | None:
        """Where the student's definition stands: (file, line)."""
        home = self.chapter.home[exercise]
        for module in (home, self.chapter.name, *self.sources):
            if module in self.sources:
                source, file = self.sources[module]
                found = re.search(rf"^(?:async\s+)?(?:def|class)\s+{re.escape(exercise)}\b", source, re.MULTILINE)
                if found:
                    return file, source.count("\n", 0, found.start()) + 1
        return None

    def chapter_outcomes(
        self, progress: Callable[[str], None] | None = None, only: Sequence[str] | None = None
    ) -> list[tuple[str, list[Outcome]]]:
        """All exercises in order; a failure becomes `blocked` where an exercise that it needs did not pass.

        A worker's hidden checks come last: what it has seen of them then, no message of a visible check can tell.
        """
        groups: dict[str, list[str]] = {}
        for name in self.chapter.exercises:
            if only is None or name in only:
                groups.setdefault(self._group(self.chapter.home[name]), []).append(name)
        found: dict[str, list[Outcome]] = {}
        for names in groups.values():
            for name in names:
                found[name] = self.exercise(name, self.chapter.checks_of(name, hidden=False))
            for name in names:
                found[name] += self.exercise(name, self.chapter.checks_of(name, hidden=True))
                if progress is not None:
                    progress(name)
            self.close()
        block(self.chapter, found, self.texts)
        return [(name, found[name]) for name in self.chapter.exercises if name in found]


def block(
    chapter: Chapter,
    outcomes: Mapping[str, Sequence[Outcome]],
    sources: Mapping[str, str],
    only: Collection[str] | None = None,
) -> None:
    """Turn failures into `blocked` where a needed exercise did not pass, and say where one calls another that did not.

    Only what has failed anyway is touched. outcomes: of this run, since what an earlier one found may no longer be true;
    sources: module name → source text; only: the exercises to touch, all by default.
    """
    broken = {
        name
        for name, listed in outcomes.items()
        if any(o.verdict in (result.FAILED, result.NOT_ATTEMPTED) for o in listed)
    }
    for name in outcomes if only is None else only:
        failed = [outcome for outcome in outcomes[name] if outcome.verdict == result.FAILED]
        if not failed:
            continue
        missing = [need for need in chapter.exercises[name].needs if need in broken]
        others = [other for other in chapter.exercises if other in broken and other not in missing]
        uses = called(name, chapter.home[name], sources, others)
        first = [f"this builds on {' and '.join(missing)}: get that right first."] if missing else []
        if uses:
            own = "their" if len(uses) > 1 else "its"
            first.append(
                f"this calls your {' and '.join(uses)}, which did not pass {own} own checks: get that right first."
            )
        for outcome in failed:
            outcome.verdict = result.BLOCKED if missing else result.FAILED
            outcome.details = [*outcome.details, *(("First", sentence) for sentence in first)]


def local_examiner(chapter: Chapter, folder: Path, seed: int = 0) -> Examiner:
    """An Examiner of the modules in a folder, in this very process."""
    from grader.worker import quiet_tensorflow

    quiet_tensorflow()
    modules, problems = chapter.read_modules(folder)
    arguments = chapter.host_arguments(modules, problems=problems)
    return Examiner(chapter, lambda: Student(LocalTransport(Host(**arguments)), chapter.seconds()), modules, seed)


def reference_student(chapter: Chapter) -> Student | None:
    """The references as a Student in this process, or None where solutions/ is not here."""
    from grader.worker import quiet_tensorflow

    if not chapter.solutions.is_dir():
        return None
    quiet_tensorflow()
    modules, problems = chapter.read_modules(chapter.solutions)
    host = Host(**chapter.host_arguments(modules, problems=problems))
    return Student(LocalTransport(host), chapter.seconds())


def grade(
    submission: Any,
    chapter: Chapter,
    seed: int,
    launch: Callable[[Any, str], Any],
    isolation: str = "bwrap",
    progress: Callable[[str], None] | None = None,
    only: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Grade one submission: the result JSON.

    submission: a grader.submission.Submission; chapter: loaded with its hidden checks; launch(submission, chapter name)
    answers a worker. A fault of the grader's own is verdict `error` on the checks that it touched, never a lost result.
    """
    modules = {name: (source, f"{name}.py") for name, source in submission.modules.items()}
    cells = list(getattr(submission, "cells", ()))
    arguments = chapter.host_arguments(modules, cells, submission.problems)
    sources: dict[str, Sequence[str]] = dict(modules)
    if cells:
        sources["notebook"] = (joined(cells), "notebook")

    clock = Clock(SUBMISSION_SECONDS)

    def open_student() -> Student:
        worker = launch(submission, chapter.name)
        student = Student(Remote(worker, isolation), chapter.seconds(), clock)
        try:
            student.load(arguments)
        except BaseException:
            student.close()
            raise
        return student

    examiner = Examiner(chapter, open_student, sources, seed, reference_student(chapter))
    outcomes = examiner.chapter_outcomes(progress, only)
    messages = {o.check.name: feedback.plain(o, chapter, hints=False) for _, listed in outcomes for o in listed}
    from grader import __version__

    return result.as_json(
        submission.student,
        chapter.name,
        outcomes,
        messages,
        seed=seed,
        isolation=isolation,
        notes=list(submission.notes),
        kit=__version__,
    )
