"""Launches workers: walled-in processes that hold student code, and answer requests until they are closed.

    with Sandbox() as sandbox:
        worker = sandbox.launch(submission, "ch08")
        answer = worker.request({"id": 1, "do": "load", …}, seconds=60)
        worker.close()

A sandbox owns one zygote (see `grader.zygote`), which has TensorFlow imported; a launch forks it. This side believes
nothing of a worker: what comes is a frame of plain values within its deadline, or the worker is killed.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import struct
import threading
import time
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from grader import keeper, wire
from grader.bwrap import SandboxUnavailable
from grader.keeper import Refused, Zygote, ZygoteLost
from grader.limits import MIB, Limits, Usage
from grader.wire import WireError

__all__ = ["ISOLATIONS", "Sandbox", "SandboxUnavailable", "WireError", "Worker", "WorkerDied", "WorkerTimeout"]

ISOLATIONS = ("bwrap", "process")
WATCH_SECONDS = 0.1
TAIL = 8192


class WorkerTimeout(Exception):
    """No answer came in time; the worker was killed."""


class WorkerDied(Exception):
    """The worker ended, or had to be ended. cause: how; output: the end of what it wrote, for those who may see it."""

    def __init__(self, cause: str, output: str = "") -> None:
        self.cause, self.output = cause, output
        super().__init__(cause)


class Worker:
    """One walled-in process. Made by Sandbox.launch; one thread at a time may use it."""

    def __init__(self, sandbox: Sandbox, pid: int, connection: socket.socket, output: int) -> None:
        self._sandbox = sandbox
        self._pid = pid
        self._connection = connection
        self._output = output
        self._written = 0
        self._tail = bytearray()
        self._status: int | None = None
        connection.setblocking(False)
        os.set_blocking(output, False)

    def request(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send one message and wait for its answer.

        Raises WorkerTimeout, WorkerDied, or WireError if what came is no frame of plain values. After any of these
        the worker is gone.
        """
        if self._status is not None:
            raise WorkerDied("it was ended before")
        data = wire.pack(message)
        if len(data) > wire.MAX_FRAME:
            raise WireError(f"a message of {len(data):,} bytes is longer than the limit of {wire.MAX_FRAME:,}")
        try:
            return wire.unpack(self._exchange(struct.pack(">I", len(data)) + data, seconds))
        except BaseException:  # Ctrl-C too: a half-read answer must not become the next one's
            self.close()
            raise

    def _exchange(self, data: bytes, seconds: float) -> bytes:
        deadline = time.monotonic() + seconds
        watch = time.monotonic() + WATCH_SECONDS
        waiting, answer = memoryview(data), bytearray()
        if self._receive(bytearray(), 1):
            raise WireError("an answer that nobody asked for")
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            selector.register(self._connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while True:
                now = time.monotonic()
                if now >= deadline:
                    raise WorkerTimeout(f"no answer within {seconds:g} seconds")
                if now >= watch:
                    self._watch()
                    watch = now + WATCH_SECONDS
                for key, events in selector.select(min(deadline, watch) - now):
                    if key.fileobj == self._output:
                        if not self._drain():
                            selector.unregister(self._output)
                        continue
                    if events & selectors.EVENT_WRITE:
                        waiting = self._send(waiting)
                        if not waiting:
                            selector.modify(self._connection, selectors.EVENT_READ)
                    if events & selectors.EVENT_READ and (whole := self._collect(answer)) is not None:
                        return whole

    def _send(self, waiting: memoryview) -> memoryview:
        try:
            return waiting[self._connection.send(waiting[:MIB]) :]
        except BlockingIOError:
            return waiting
        except OSError:
            raise self._died() from None

    def _collect(self, answer: bytearray) -> bytes | None:
        """Read on; the payload once the frame is whole. Never reads past its end."""
        if self._receive(answer, _length(answer) - len(answer)) == 0:
            raise self._died()
        if _length(answer) - 4 > wire.MAX_FRAME:
            raise WireError(f"a frame of {_length(answer) - 4:,} bytes is longer than the limit of {wire.MAX_FRAME:,}")
        if len(answer) < 4 or len(answer) < _length(answer):
            return None
        return bytes(memoryview(answer)[4:])

    def _receive(self, into: bytearray, most: int) -> int | None:
        """Append what is there: how many bytes came, 0 at the end of the connection, None if nothing is there."""
        try:
            data = self._connection.recv(min(most, MIB))
        except BlockingIOError:
            return None
        except OSError:
            return 0
        into += data
        return len(data)

    def _drain(self) -> bool:
        """Take what the worker printed, keep its end; False when there will be no more."""
        try:
            data = os.read(self._output, 65536)
        except BlockingIOError:
            return True
        self._written += len(data)
        self._tail = (self._tail + data)[-TAIL:]
        if self._written > self._sandbox.limits.output:
            raise WorkerDied(f"it wrote more than {self._sandbox.limits.output // MIB} MiB of output", self.output)
        return bool(data)

    def _watch(self) -> None:
        excess = self._sandbox.excess(self._pid)
        if excess:
            raise WorkerDied(excess, self.output)

    def _died(self) -> WorkerDied:
        """How it ended, once it has; a worker that only closed its connection is ended here."""
        self._end()
        return WorkerDied(_cause(self._status), self.output)

    @property
    def output(self) -> str:
        """The end of what the worker wrote to standard output and standard error."""
        return self._tail.decode("utf-8", "replace")

    def _end(self) -> None:
        if self._status is None:
            self._status = self._sandbox.end(self._pid)
            with contextlib.suppress(OSError, WorkerDied):
                while len(self._tail) < TAIL and self._drain() and self._written % 65536:
                    pass
            self._connection.close()
            os.close(self._output)

    def close(self) -> None:
        """End the worker and everything that it started; returns when they are gone. May be called again."""
        self._end()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _length(answer: bytearray) -> int:
    """How long a frame is with its header, as far as is known."""
    return 4 if len(answer) < 4 else 4 + struct.unpack_from(">I", answer)[0]


def _cause(status: int | None) -> str:
    if status is None or status < 0:
        return "it is gone"
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            return f"it was killed by {signal.Signals(number).name}"
        except ValueError:
            return f"it was killed by signal {number}"
    return f"it ended with exit status {os.WEXITSTATUS(status)}"


class Sandbox:
    """A zygote and the workers that it forks. Starts with its first launch; may be shared by threads.

    isolation: "bwrap" (walls) or "process" (limits only, for code that one trusts); preload: modules that every worker
    needs besides PRELOAD; hidden: folders that no worker may see even if they lie inside of what Python needs;
    environment: variables besides the few that a worker has.

    Raises SandboxUnavailable where the walls cannot be had.
    """

    def __init__(
        self,
        isolation: str = "bwrap",
        preload: Iterable[str] = (),
        limits: Limits | None = None,
        hidden: Iterable[Path] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        if isolation not in ISOLATIONS:
            raise ValueError(f"isolation is one of {', '.join(ISOLATIONS)}, not {isolation!r}")
        self.isolation = isolation
        self.limits = limits or Limits()
        self.preload = (*keeper.PRELOAD, *preload)
        self.hidden = tuple(hidden)
        self.environment = dict(environment or {})
        self._zygote: Zygote | None = None
        self._lock = threading.RLock()
        _open.add(self)

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the zygote, if there is none alive."""
        with self._lock:
            if self._zygote is not None and not self._zygote.alive():
                self._zygote.close()
                self._zygote = None
            if self._zygote is None:
                self._zygote = keeper.start(self.isolation, self.limits, self.preload, self.hidden, self.environment)

    def launch(self, submission: Any = None, chapter: str = "") -> Worker:
        """A fresh worker, connected and walled in; the caller tells it what to load.

        submission and chapter name whom it is for; nothing of them goes to the worker from here.
        """
        for last in (False, True):
            self.start()
            ours, theirs = socket.socketpair()
            reading, writing = os.pipe()
            try:
                with self._lock, theirs:
                    assert self._zygote is not None
                    answer = self._zygote.ask({"do": "launch"}, [theirs.fileno(), writing])
                return Worker(self, answer["pid"], ours, reading)
            except (Refused, ZygoteLost) as error:
                ours.close()
                os.close(reading)
                if last or isinstance(error, Refused):
                    raise WorkerDied(f"it could not be started: {error}") from None
            finally:
                os.close(writing)
        raise AssertionError("not reached")

    def excess(self, pid: int) -> str:
        """What a worker uses too much of, in words; empty if nothing."""
        with self._lock, contextlib.suppress(ZygoteLost, Refused):
            if self._zygote is not None:
                return Usage(**self._zygote.ask({"do": "usage", "pid": pid})).excess(self.limits)
        return ""

    def end(self, pid: int) -> int:
        """Kill a worker with all that it started; its wait status, or -1 where that is not known."""
        with self._lock, contextlib.suppress(ZygoteLost, Refused):
            if self._zygote is not None:
                return self._zygote.ask({"do": "end", "pid": pid})["status"]
        return -1

    def close(self) -> None:
        """End the zygote and every worker. May be called again, and the sandbox used again."""
        with self._lock:
            if self._zygote is not None:
                self._zygote.close()
                self._zygote = None

    def forget(self) -> None:
        """In a forked child: the zygote is the parent's, and must see when the parent is gone."""
        if self._zygote is not None:
            self._zygote.control.close()
            if self._zygote.scratch is not None:  # it is the parent's to remove
                self._zygote.scratch._finalizer.detach()  # type: ignore[attr-defined]
            self._zygote = None
        self._lock = threading.RLock()


_open: weakref.WeakSet[Sandbox] = weakref.WeakSet()


def _forget_all() -> None:
    for sandbox in list(_open):
        sandbox.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
