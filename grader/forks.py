"""Jobs in forked processes, a few at a time, each with a time limit: a job that hangs or dies costs only itself.

The parent has TensorFlow imported and has run no op (an op starts threads, and they do not survive a fork), so that a
job starts in a few hundredths of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import json
import math
import os
import resource
import selectors
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOM = 6 * 2**30  # bytes that a job may add to what it was forked with
PR_SET_PDEATHSIG = 1
TIME, DIED = "time", "died"


@dataclass(frozen=True)
class Job:
    """work() answers plain JSON values; it is killed after `seconds`."""

    key: Any
    work: Callable[[], Any]
    seconds: float


@dataclass(frozen=True)
class Ended:
    """How a job ended. answer: what it answered, None if it did not; why: "", "time", or what it died of."""

    key: Any
    answer: Any
    why: str
    seconds: float

    @property
    def crashed(self) -> bool:
        """Whether its process hung, died or ran out of memory, as no exception of the job's own code would have it."""
        return self.why == TIME or self.why.startswith((DIED, "MemoryError"))


@dataclass
class _Running:
    """A child: the jobs that it was given and has not answered yet, the first of them since `started`."""

    jobs: deque[Job]
    process: int
    started: float
    received: bytearray = field(default_factory=bytearray)


def run(jobs: Iterable[Job], at_once: int = 2, batch: int = 1) -> Iterator[Ended]:
    """Run jobs and yield them as they end. Ending the iteration kills what still runs.

    batch: how many jobs one child does, one after the other: TensorFlow's first ops in a process take longer than many
    a job. Each keeps its own time limit, and those behind one that hangs or dies get another child.
    """
    waiting = deque(jobs)
    with selectors.DefaultSelector() as selector:
        try:
            while waiting or selector.get_map():
                while waiting and len(selector.get_map()) < at_once:
                    size = min(batch, math.ceil(len(waiting) / at_once))
                    _start(deque(waiting.popleft() for _ in range(size)), selector)
                for key, _ in selector.select(timeout=0.2):
                    yield from _receive(key, selector, waiting)
                for key in list(selector.get_map().values()):
                    if time.monotonic() - key.data.started > key.data.jobs[0].seconds:
                        yield _stop(key, selector, waiting, TIME)
        finally:
            for key in list(selector.get_map().values()):
                _end(key, selector)


def _start(jobs: deque[Job], selector: selectors.BaseSelector) -> None:
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _work(jobs, writing)
    os.close(writing)
    selector.register(reading, selectors.EVENT_READ, _Running(jobs, process, time.monotonic()))


def _work(jobs: Iterable[Job], writing: int) -> None:
    """The child: works, answers a line of JSON for each job, and is gone without running anything of its parent's."""
    try:
        _settle()
        with os.fdopen(writing, "wb") as pipe:
            for job in jobs:
                try:
                    line = json.dumps({"answer": job.work()})
                except BaseException as error:
                    line = json.dumps({"why": f"{type(error).__name__}: {str(error)[:500]}"})
                pipe.write(line.encode() + b"\n")
                pipe.flush()
    finally:
        os._exit(0)


def _settle() -> None:
    """A process group of its own, no output, limited memory, and it ends with its parent."""
    os.setpgid(0, 0)
    faulthandler.disable()  # pytest's writes pages for a job that dies, to an output that is not the job's
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        with contextlib.suppress(OSError, ValueError):
            size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + ROOM
            resource.setrlimit(resource.RLIMIT_AS, (size, resource.getrlimit(resource.RLIMIT_AS)[1]))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)


def _receive(key: selectors.SelectorKey, selector: selectors.BaseSelector, waiting: deque[Job]) -> Iterator[Ended]:
    """Read what a child has sent: lines are answers; its end is that of the job in hand."""
    running: _Running = key.data
    data = os.read(key.fd, 1 << 20)
    running.received += data
    while running.jobs and b"\n" in running.received:
        line, _, running.received = running.received.partition(b"\n")
        now, job = time.monotonic(), running.jobs.popleft()
        answer = json.loads(line)
        yield Ended(job.key, answer.get("answer"), answer.get("why", ""), now - running.started)
        running.started = now
    if running.jobs and not data:
        yield _stop(key, selector, waiting)
    elif not running.jobs:
        _end(key, selector)


def _stop(key: selectors.SelectorKey, selector: selectors.BaseSelector, waiting: deque[Job], why: str = "") -> Ended:
    """End a child that died or must: the job in hand is lost, and those behind it go back to the others."""
    running: _Running = key.data
    code = _end(key, selector)
    why = why or f"{DIED} ({signal.Signals(-code).name if code < 0 else f'exit code {code}'})"
    job = running.jobs.popleft()
    waiting.extendleft(reversed(running.jobs))
    return Ended(job.key, None, why, time.monotonic() - running.started)


def _end(key: selectors.SelectorKey, selector: selectors.BaseSelector) -> int:
    """Kill a child and whatever it started; answers its exit code, negative for a signal."""
    running: _Running = key.data
    selector.unregister(key.fd)
    os.close(key.fd)
    for group in (os.killpg, os.kill):  # the group, with whatever the job started; the child alone if it has none yet
        with contextlib.suppress(OSError):
            group(running.process, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(running.process, 0)[1])
