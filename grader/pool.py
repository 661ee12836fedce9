"""An executor of judges: each job runs in one of a few processes that have TensorFlow loaded, and may die there.

`concurrent.futures.ProcessPoolExecutor` gives up every waiting job when one process dies. Here a death costs one job.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, Future
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

IDLE = 120.0  # seconds after which a judge without work gives its memory back
SECONDS = 1800.0  # a job that takes longer is stuck: a submission's own clock (grader.student) stops far below
MEMORY = 8 * 2**30  # bytes that a judge may have for itself, besides its threads' stacks; it starts with half a GiB
STARTING = 300.0  # until a judge is ready: TensorFlow's import on a busy machine
PR_SET_PDEATHSIG = 1


class JobDied(Exception):
    """The process that ran the job died, or was killed because it took too long."""


class JobFailed(Exception):
    """The job raised; the message is its traceback."""


class JudgePool(Executor):
    """Runs jobs in `jobs` long-lived processes, forked from one that has `grader.preloaded` imported.

    A job whose process dies is tried once more, in a new process; then its future raises JobDied. A job that raises
    gives JobFailed with the traceback. When this process ends, even by SIGKILL, so do the judges.
    """

    def __init__(self, jobs: int, seconds: float = SECONDS, preload: tuple[str, ...] = ("grader.preloaded",)) -> None:
        self.seconds = seconds
        self._waiting: queue.SimpleQueue[tuple[Future, Callable, tuple, dict] | None] = queue.SimpleQueue()
        self._closed = self._cancelled = False
        self._lock = threading.Lock()
        if sys.platform == "win32":
            self._context: Any = multiprocessing.get_context("spawn")
        else:
            self._context = multiprocessing.get_context("forkserver")
            self._context.set_forkserver_preload(list(preload))
        self._processes: set[BaseProcess] = set()
        self._threads = [threading.Thread(target=self._slot, daemon=True) for _ in range(max(1, jobs))]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        """Queue fn(*args, **kwargs); all of it must be picklable."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool is closed")
            future: Future = Future()
            self._waiting.put((future, fn, args, kwargs))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more jobs; with `cancel_futures`, drop those that wait and kill those that run."""
        with self._lock:
            first, self._closed = not self._closed, True
        if cancel_futures:
            self._cancelled = True
            with contextlib.suppress(queue.Empty):
                while True:
                    job = self._waiting.get_nowait()
                    if job is not None:
                        job[0].cancel()
            for process in list(self._processes):
                process.kill()
        if first or cancel_futures:
            for _ in self._threads:
                self._waiting.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    # --- one slot: one thread here, one process there --------------------------------------------

    def _slot(self) -> None:
        process, connection = None, None
        while True:
            try:
                job = self._waiting.get(timeout=IDLE)
            except queue.Empty:
                self._end(process, connection)
                process, connection = None, None
                continue
            if job is None:
                break
            future, fn, args, kwargs = job
            if not future.set_running_or_notify_cancel():
                continue
            for last in (False, True):
                try:
                    if process is None or connection is None:
                        process, connection = self._start()
                    raised, answer = self._run(process, connection, (fn, args, kwargs))
                except Exception as error:  # whatever it was, it is this job's, and the slot goes on
                    if process is not None:
                        process.kill()
                    self._end(process, connection)
                    process, connection = None, None
                    retry = isinstance(error, EOFError) and not last and not self._closed
                    if retry:
                        continue
                    future.set_exception(error if not isinstance(error, EOFError) else JobDied(str(error)))
                else:
                    if raised:
                        future.set_exception(JobFailed(answer))
                    else:
                        future.set_result(answer)
                break
        self._end(process, connection)

    def _start(self) -> tuple[BaseProcess, Connection]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        self._processes.add(process)
        if self._cancelled:  # meanwhile, before shutdown could see this process
            process.kill()
        try:
            if not ours.poll(STARTING):
                raise JobDied(f"no judge was ready within {STARTING:g} seconds")
            ours.recv()
        except BaseException as error:
            process.kill()
            self._end(process, ours)
            if isinstance(error, (EOFError, ConnectionError)):
                raise EOFError("a judge's process died while it started") from None
            raise
        return process, ours

    def _run(self, process: BaseProcess, connection: Connection, job: tuple) -> tuple[bool, Any]:
        """(raised, answer); raises JobDied when it took too long, EOFError when the process died."""
        try:
            connection.send(job)
            if not connection.poll(self.seconds):
                raise JobDied(f"the job was stopped after {self.seconds:g} seconds")
            return connection.recv()
        except (EOFError, ConnectionError):
            process.join(5)
            raise EOFError(f"the judge's process died ({_cause(process.exitcode)})") from None

    def _end(self, process: BaseProcess | None, connection: Connection | None) -> None:
        if connection is not None:
            connection.close()  # an idle judge reads the end of its pipe, and goes
        if process is not None:
            process.join(0 if self._closed and not process.is_alive() else 2)
            if process.is_alive():
                process.kill()
                process.join()
            self._processes.discard(process)


def _cause(code: int | None) -> str:
    if code is None:
        return "no exit code"
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"


def _serve(connection: Connection) -> None:
    """The process of a slot: runs one job after the other until the pipe is closed."""
    _die_with_parent()
    _limit_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to handle
    with contextlib.suppress(EOFError, ConnectionError):  # the coordinator is gone, or does not want this judge
        connection.send("ready")
        _work(connection)


def _work(connection: Connection) -> None:
    while True:
        fn, args, kwargs = connection.recv()
        try:
            answer = (False, fn(*args, **kwargs))
        except Exception:
            answer = (True, traceback.format_exc())
        connection.send(answer)


def _die_with_parent() -> None:
    """On Linux, be killed when the fork server ends, which it does when the coordinator is gone."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit_memory() -> None:
    """On Linux, let a judge meet MemoryError, which costs a check, before the kernel takes other processes for it.

    The limit is the soft one: workers, which inherit it, set their own.
    """
    if sys.platform == "linux":
        import resource

        wanted = MEMORY + (os.cpu_count() or 1) * 64 * 2**20
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limits = [limit for limit in (wanted, soft, hard) if limit != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))


def default_jobs() -> int:
    """One judge a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
