"""Jobs in forked processes, a few at a time, each with a time limit: a job that hangs or dies costs only itself.

The parent has TensorFlow imported and has run no op (an op starts threads, and they do not survive a fork), so that a
job starts in a few hundredths of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import selectors
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOM = 6 * 2**30  # bytes that a job may add to what it was forked with
PR_SET_PDEATHSIG = 1


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


@dataclass
class _Running:
    job: Job
    process: int
    started: float
    received: bytearray = field(default_factory=bytearray)


def run(jobs: Iterable[Job], at_once: int = 2) -> Iterator[Ended]:
    """Run jobs and yield them as they end. Ending the iteration kills what still runs."""
    waiting = iter(jobs)
    with selectors.DefaultSelector() as selector:
        try:
            while True:
                while len(selector.get_map()) < at_once and (job := next(waiting, None)) is not None:
                    _start(job, selector)
                if not selector.get_map():
                    return
                yield from _collect(selector)
        finally:
            for key in list(selector.get_map().values()):
                _stop(key, selector)


def _start(job: Job, selector: selectors.BaseSelector) -> None:
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _work(job, writing)
    os.close(writing)
    selector.register(reading, selectors.EVENT_READ, _Running(job, process, time.monotonic()))


def _work(job: Job, writing: int) -> None:
    """The child: works, answers, and is gone without running anything of its parent's."""
    try:
        _settle()
        answer = {"answer": job.work()}
    except BaseException as error:
        answer = {"why": f"{type(error).__name__}: {str(error)[:500]}"}
    try:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(json.dumps(answer).encode())
    finally:
        os._exit(0)


def _settle() -> None:
    """A process group of its own, no output, limited memory, and it ends with its parent."""
    os.setpgid(0, 0)
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


def _collect(selector: selectors.BaseSelector) -> Iterator[Ended]:
    """Read what has come; yield the jobs that ended or ran out of time."""
    for key, _ in selector.select(timeout=0.2):
        data = os.read(key.fd, 1 << 20)
        if data:
            key.data.received += data
        else:
            yield _stop(key, selector)
    for key in list(selector.get_map().values()):
        if time.monotonic() - key.data.started > key.data.job.seconds:
            yield _stop(key, selector, "time")


def _stop(key: selectors.SelectorKey, selector: selectors.BaseSelector, why: str = "") -> Ended:
    running: _Running = key.data
    selector.unregister(key.fd)
    os.close(key.fd)
    for group in (os.killpg, os.kill):  # the group, with whatever the job started; the child alone if it has none yet
        with contextlib.suppress(OSError):
            group(running.process, signal.SIGKILL)
    status = os.waitpid(running.process, 0)[1]
    answer: dict[str, Any] = {}
    if not why:
        try:
            answer = json.loads(running.received.decode())
        except ValueError:
            code = os.waitstatus_to_exitcode(status)
            why = f"died ({signal.Signals(-code).name if code < 0 else f'exit code {code}'})"
    return Ended(
        running.job.key, answer.get("answer"), why or answer.get("why", ""), time.monotonic() - running.started
    )
