"""The judge's side of a submission: `student.conv2d(…)` calls the student's function, wherever it runs.

A check never knows how student code is run: a `Student` speaks to a `Host` in this process, or to a worker behind the wire.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from hypothesis.errors import HypothesisException, StopTest

from grader.host import MAX_MESSAGE, Host, Interrupt, alarm
from grader.values import MAX_ENTRIES, Opaque, entries, fresh

MAX_FAILING_RUNS = (
    60  # executions after the first failure: shrinking ends there, and the smallest input so far is shown
)
MAX_FAILING_SECONDS = 2.0
LOAD_SECONDS = 60.0  # for importing what the student wrote
SUBMISSION_SECONDS = 1200.0  # for all requests of a submission together: several times what slow honest work takes
MAX_FRAMES = 6  # of a traceback
RESULT_LIMIT = 30.0  # seconds that a check's calls may take together, in units of its exercise's limit / 10


NO_ANSWER = "The worker sent something that is not an answer."


class StudentRaised(Exception):
    """The student's code raised. frames: [file, line, function, text] of the student's own files, outermost first."""

    def __init__(self, raised: Mapping[str, Any]) -> None:
        self.type = _text(raised.get("type"))[:200]
        self.message = _text(raised.get("message"))[:MAX_MESSAGE]
        self.frames: list[tuple[str, int, str, str]] = []
        frames = raised.get("frames")
        for frame in frames[-MAX_FRAMES:] if isinstance(frames, list) else []:
            match frame:
                case [str(file), int(line), str(function), str(source)]:
                    self.frames.append((file[:400], line, function[:200], source[:200]))
        super().__init__(f"{self.type}: {self.message}")

    @property
    def by_the_student(self) -> bool:
        """Whether the student's own file has the raise statement: libraries raise NotImplementedError, too."""
        return not self.frames or "raise" in self.frames[-1][3].split("#")[0].split()


def _text(value: Any) -> str:
    """What a worker sent in the place of a text; nothing else is turned into one, as that may fail or take long."""
    return value if type(value) is str else ""


class Stop(BaseException):
    """Ends a check at once; hypothesis does not take it for a failing example.

    public: what a hidden check may say of it: words and figures that the student's code has no choice of.
    """

    def __init__(self, sentence: str = "", public: str = "") -> None:
        super().__init__(sentence)
        self.public = public


class NotAttempted(Stop):
    """The exercise is still a stub, or is not there."""


class OutOfTime(Stop):
    """A call, or all calls of a check together, took too long. The message names the function."""


class WorkerLost(Stop):
    """The worker died, or sent what is not an answer."""


class Enough(Stop):
    """Enough examples were seen: the log has what is needed."""


class Transport(Protocol):
    """How a request reaches the student's code."""

    isolation: str

    def request(self, message: dict[str, Any], seconds: float) -> dict[str, Any]: ...

    def close(self) -> None: ...


@dataclass
class Call:
    """One call or probe of one example, and how it ended. order: its place in the example."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    exercise: str
    probe: bool = False
    answer: Any = None
    raised: StudentRaised | None = None
    ended: bool = False


@dataclass
class Failing:
    """The smallest failing example so far."""

    error: Exception
    calls: list[Call]
    size: int


@dataclass
class Log:
    """What happened in one run of a check.

    tracing: take this many examples, and let none fail, or fewer where `goes_on` says no to what is there; hasty: end at
    the first failing one.
    """

    tracing: int = 0
    goes_on: Callable[[list[list[Call]]], bool] | None = None
    hasty: bool = False
    examples: int = 0
    calls: list[Call] = field(default_factory=list)
    failing: Failing | None = None
    traces: list[list[Call]] = field(default_factory=list)
    heard: bool = False  # whether the student's code has spoken: an answer, or an exception
    answered: int = 0
    student_seconds: float = 0.0
    failed_runs: int = 0
    failed_since: float = 0.0
    after_failure: int = 0

    def example(self, body: Callable[[], None]) -> None:
        """Run one example of a check, and keep what the student's code answered."""
        self.calls = []
        if self.failing is not None:
            self.after_failure += 1
            late = time.monotonic() - self.failed_since > MAX_FAILING_SECONDS
            if self.after_failure > MAX_FAILING_RUNS or (late and self.after_failure > 3):
                raise Enough
        try:
            body()
        except (HypothesisException, StopTest):
            raise
        except Exception as error:
            self.examples += 1
            if self.tracing:
                self._keep_trace()
                return
            self._keep_failure(error)
            if self.hasty:
                raise Enough from None
            raise
        self.examples += 1
        if self.tracing:
            self._keep_trace()

    def _keep_trace(self) -> None:
        self.traces.append(self.calls)
        if len(self.traces) >= self.tracing or (self.goes_on is not None and not self.goes_on(self.traces)):
            raise Enough

    def _keep_failure(self, error: Exception) -> None:
        size = sum(_size(call.args) + _size(call.kwargs) for call in self.calls)
        self.failed_runs += 1
        if self.failing is None:
            self.failed_since = time.monotonic()
        if self.failing is None or size <= self.failing.size:
            self.failing = Failing(error, self.calls, size)


def _size(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return 1 + value.size
    if isinstance(value, (list, tuple)):
        return 1 + sum(map(_size, value))
    if isinstance(value, dict):
        return 1 + sum(map(_size, value.values()))
    return 1


@dataclass(frozen=True)
class Answer:
    """A watched call: its value, and the names of the array arguments that it changed, or whose memory it gave back."""

    value: Any
    mutated: tuple[str, ...]
    aliased: tuple[str, ...]


@dataclass
class Clock:
    """The seconds that are left to a submission, for all its workers and requests together."""

    left: float = math.inf


class Student:
    """The module that a student wrote, as checks see it.

    seconds: names that may be called, with the limit of one call; clock: shared by all Students of a submission;
    exercise: the one that is being checked.
    """

    def __init__(self, transport: Transport, seconds: Mapping[str, float], clock: Clock | None = None) -> None:
        self._transport = transport
        self._clock = clock or Clock()
        self._seconds = dict(seconds)
        self._id = 0
        self.exercise = ""
        self.alive = True  # False once its worker is gone, or a call had to be cut short
        self.log = Log()
        self.traced: dict[str, list[list[Call]]] = {}  # by check: what is compared with named bugs

    @property
    def isolation(self) -> str:
        return self._transport.isolation

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_") or name not in self._seconds:
            raise AttributeError(f"this chapter has no exercise {name!r}; it has {', '.join(self._seconds)}")
        return lambda *args, **kwargs: self._ask("call", name, args, kwargs)

    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Answer:
        """Call the student's function, and watch what becomes of its arguments."""
        got = self._ask("call", name, args, kwargs, watch=True)
        match got:
            case {"value": value, "mutated": [*mutated], "aliased": [*aliased]}:
                return Answer(value, *(tuple(_text(n)[:80] for n in names[:20]) for names in (mutated, aliased)))
        raise WorkerLost(NO_ANSWER, NO_ANSWER)

    def probe(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Run a probe beside the student's code."""
        return self._ask("probe", name, args, kwargs)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Calls in here only help to name a mistake that showed before: a message has the last call ahead of them."""
        ahead = len(self.log.calls)
        yield
        del self.log.calls[ahead:]

    def raises(self, name: str, /, *args: Any, **kwargs: Any) -> str | None:
        """Call the student's function where it should raise: the name of the exception's type, or None."""
        try:
            self._ask("call", name, args, kwargs)
        except StudentRaised as raised:
            return raised.type
        return None

    def load(self, arguments: dict[str, Any]) -> None:
        """Give a fresh worker the submission: the arguments of a Host."""
        self._send({"do": "load", "name": "load", "host": arguments}, LOAD_SECONDS)

    def attempted(self, name: str) -> tuple[bool, str]:
        """Whether an exercise is more than its stub, and if not, what is known of why."""
        answer = self._send({"do": "attempted", "name": name}, LOAD_SECONDS)
        if "raised" in answer:
            return True, ""  # it does not load: the first check will show why
        got = answer.get("ok")
        if not isinstance(got, dict):
            raise WorkerLost(NO_ANSWER, NO_ANSWER)
        return got.get("attempted") is True, _text(got.get("why"))[:MAX_MESSAGE]

    def _ask(self, do: str, name: str, args: tuple, kwargs: dict, watch: bool = False) -> Any:
        exercise = name if do == "call" else self.exercise
        log = self.log
        call = Call(name, args, kwargs, exercise, probe=do == "probe")
        log.calls.append(call)
        limit = self._seconds.get(exercise, 10.0)
        message = {
            "do": do,
            "name": name,
            "args": _plain_arguments(args),
            "kwargs": _plain_arguments(kwargs),
            "seed": len(log.calls),
            "watch": watch,
        }
        started = time.monotonic()
        answer = self._send({**message, "exercise": exercise}, limit)
        log.student_seconds += time.monotonic() - started
        call.ended = log.heard = True
        if "raised" in answer:
            call.raised = StudentRaised(answer["raised"] if isinstance(answer["raised"], dict) else {})
            if call.raised.type == "Missing":
                raise NotAttempted(call.raised.message, f"{exercise} is not there.")
            if call.raised.type == "NotImplementedError" and call.raised.by_the_student:
                sentence = f"{exercise} raises NotImplementedError."
                raise NotAttempted(sentence, sentence)
            raise call.raised
        got = answer.get("ok")
        # A record is looked at again and again, and many are kept at a time.
        call.answer = got if entries(got) <= MAX_ENTRIES else Opaque("an answer", "too large to be looked at")
        log.answered += 1
        if log.student_seconds > RESULT_LIMIT * limit / 10:
            raise OutOfTime(
                f"{exercise} is too slow: it took {log.student_seconds:.0f} seconds for {log.answered} calls with small inputs.",
                f"{exercise} is too slow with small inputs.",
            )
        return fresh_notes(got)

    def _send(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        if self._clock.left <= 0:
            minutes = f"{SUBMISSION_SECONDS / 60:g} minutes"
            sentence = f"All that was asked of this submission took longer than {minutes}: the rest is not run."
            raise OutOfTime(sentence, sentence)
        self._id += 1
        started = time.monotonic()
        try:
            answer = self._transport.request({"id": self._id, **message}, seconds)
        except Stop:
            self.alive = False
            raise
        finally:
            self._clock.left -= time.monotonic() - started
        if not isinstance(answer, dict) or answer.get("id") != self._id or not ({"ok", "raised"} & set(answer)):
            self.alive = False
            raise WorkerLost(NO_ANSWER, NO_ANSWER)
        return answer

    def close(self) -> None:
        self._transport.close()


def fresh_notes(value: Any) -> Any:
    """A copy for the check to work with: a check that writes into an answer must not change the record of it."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return type(value)(fresh_notes(item) for item in value)
    if isinstance(value, dict):
        return {key: fresh_notes(item) for key, item in value.items()}
    return value


def _plain_arguments(value: Any) -> Any:
    """Arguments as plain values, copied: the judge keeps its own."""
    if hasattr(value, "numpy") and not isinstance(value, np.ndarray):
        return np.asarray(value.numpy())
    if isinstance(value, (list, tuple)):
        return type(value)(_plain_arguments(item) for item in value)
    if isinstance(value, dict):
        return {key: _plain_arguments(item) for key, item in value.items()}
    return fresh(value)


class Local:
    """Student code in this very process: for a student's own pytest, where pdb, print and coverage work as expected."""

    isolation = "none"

    def __init__(self, host: Host) -> None:
        self.host = host

    def request(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        name = message.get("exercise", message["name"])
        try:
            with alarm(seconds):
                return self.host.handle({**message, "local": True})
        except Interrupt:
            raise too_late(name, seconds) from None

    def close(self) -> None:
        self.host.close()


def too_late(name: str, seconds: float) -> OutOfTime:
    """A call that did not come back within its limit."""
    sentence = f"{name} did not come back within {seconds:g} seconds. Is there a loop that never ends?"
    return OutOfTime(sentence, sentence)


class Remote:
    """Student code in a worker. worker: anything with request(message, seconds) and close(), as sandboxes launch them."""

    def __init__(self, worker: Any, isolation: str) -> None:
        self.worker = worker
        self.isolation = isolation

    def request(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        from grader.sandbox import WorkerDied, WorkerTimeout
        from grader.wire import WireError

        name = message.get("exercise", message["name"])
        try:
            return self.worker.request(message, seconds)
        except WorkerTimeout:
            raise too_late(name, seconds) from None
        except WorkerDied as died:  # its exit status, or what it used too much of, can be chosen by an input
            raise WorkerLost(
                f"The program ended while {name} ran: {died}", f"The program ended while {name} ran."
            ) from None
        except WireError as error:
            raise WorkerLost(
                f"What {name} answered cannot be read: {error}", f"What {name} answered cannot be read."
            ) from None

    def close(self) -> None:
        self.worker.close()
