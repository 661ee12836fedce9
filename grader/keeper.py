"""Starts a zygote, asks it, and ends it: the judge's end of the control socket."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from grader import bwrap
from grader.bwrap import SandboxUnavailable
from grader.limits import Limits
from grader.zygote import HOME

PRELOAD = ("tensorflow", "keras", "grader.worker", "grader.probes")
START_SECONDS = 180.0  # importing TensorFlow from a cold disk
ASK_SECONDS = 60.0
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "-1",
}


class ZygoteLost(Exception):
    """The zygote is gone, or does not answer."""


class Refused(Exception):
    """The zygote says that it cannot do what was asked. stage: where a start failed, "walls" or "preload"."""

    def __init__(self, reason: str, stage: str = "") -> None:
        self.stage = stage
        super().__init__(reason)


class Zygote:
    """A running zygote. One thread at a time may ask it."""

    def __init__(
        self,
        process: subprocess.Popen,
        control: socket.socket,
        noise: IO[bytes],
        scratch: tempfile.TemporaryDirectory | None,
        inner: int,
    ) -> None:
        self.process = process
        self.control = control
        self.noise = noise
        self.scratch = scratch
        self.inner = inner  # the init of its pid namespace, as this side sees it; 0 without one

    def alive(self) -> bool:
        """Whether it may still answer."""
        return self.process.poll() is None

    def ask(
        self, request: Mapping[str, Any], descriptors: Sequence[int] = (), seconds: float = ASK_SECONDS
    ) -> dict[str, Any]:
        """Send a line of JSON and wait for the answer. Raises Refused or ZygoteLost."""
        try:
            socket.send_fds(self.control, [json.dumps(request).encode() + b"\n"], list(descriptors))
            answer = json.loads(self._line(seconds))
        except (OSError, ValueError) as error:
            self.kill()
            raise ZygoteLost(str(error)) from None
        if "error" in answer:
            raise Refused(answer["error"], answer.get("stage", ""))
        return answer

    def _line(self, seconds: float) -> bytes:
        self.control.settimeout(seconds)
        line = bytearray()
        while not line.endswith(b"\n"):
            data = self.control.recv(65536)
            if not data:
                raise ConnectionError("it ended")
            line += data
        return bytes(line)

    def said(self) -> str:
        """The end of what it, or bwrap, wrote to its standard error."""
        with contextlib.suppress(OSError, ValueError):
            self.noise.seek(0, os.SEEK_END)
            self.noise.seek(max(0, self.noise.tell() - 2000))
            return self.noise.read().decode("utf-8", "replace").strip()
        return ""

    def close(self) -> None:
        """End it, with every worker; returns when they are gone."""
        self.control.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.kill()
        self.noise.close()
        if self.scratch is not None:
            self.scratch.cleanup()

    def kill(self) -> None:
        """End it without its consent."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.inner or self.process.pid, signal.SIGKILL)  # an init takes its namespace with it
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=5)
        if self.alive():
            self.process.kill()
            self.process.wait()


class Unready(Exception):
    """A zygote did not become ready. stage: "walls" or "preload"."""

    def __init__(self, said: str, stage: str) -> None:
        self.stage = stage
        super().__init__(said)


def start(
    isolation: str,
    limits: Limits,
    preload: Sequence[str] = PRELOAD,
    hidden: Iterable[Path] = (),
    environment: Mapping[str, str] | None = None,
) -> Zygote:
    """A zygote that is ready to fork workers. Raises SandboxUnavailable where it cannot be."""
    settings = {
        "isolation": isolation,
        "limits": dataclasses.asdict(limits),
        "preload": list(preload),
        "scratch": bwrap.scratch_folders(),
    }
    variables = {**ENVIRONMENT, **(environment or {})}
    refused: Unready | None = None
    for wall in _walls(isolation, list(hidden)):
        try:
            return _started(wall, settings, variables)
        except Unready as unready:
            refused = refused or unready
            if unready.stage == "preload":
                break
    assert refused is not None
    if refused.stage == "preload":
        raise SandboxUnavailable(
            f"TensorFlow cannot be imported where submissions run ({bwrap.shortened(str(refused))}).",
            "Run `grader doctor`, which checks this machine's set-up.",
        )
    raise bwrap.explain(str(refused))


def _walls(isolation: str, hidden: list[Path]) -> Iterator[Callable[[list[str]], list[str]]]:
    """The ways to wrap a zygote's command, the best first."""
    if isolation == "process":
        if not hasattr(os, "fork"):
            raise SandboxUnavailable("This system cannot fork workers.", "On Windows, grade inside WSL 2.")
        yield lambda command: command
        return
    bwrap.refuse_platform()
    for proc in ("--proc", "--bind"):
        for program in bwrap.bwrap_candidates():
            yield functools.partial(bwrap.bwrap_command, program, hidden=hidden, proc=proc)


def _started(wall: Callable[[list[str]], list[str]], settings: dict[str, Any], variables: dict[str, str]) -> Zygote:
    """Start a zygote behind `wall` and wait until it is ready; raises Unready."""
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    noise = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - the zygote's, until it is closed
    walled = settings["isolation"] == "bwrap"
    scratch = None if walled else tempfile.TemporaryDirectory(prefix="grader-", ignore_cleanup_errors=True)
    home = HOME if scratch is None else scratch.name
    command = wall(bwrap.python_command(theirs.fileno()))
    if walled:
        command[1:1] = ["--info-fd", str(writing)]
    with theirs:
        try:
            process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno(), writing],
                stdin=subprocess.DEVNULL,
                stdout=noise,
                stderr=noise,
                cwd=scratch.name if scratch else "/",
                env={**variables, "HOME": home, "TMPDIR": "/tmp" if walled and "/tmp" in settings["scratch"] else home},
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise Unready(str(error), "walls") from None
        finally:
            os.close(writing)
    with open(reading) as information:  # ends when bwrap has said all, or, without it, when Python starts
        inner = re.search(r'"child-pid":\s*(\d+)', information.read() if walled else "")
    zygote = Zygote(process, ours, noise, scratch, int(inner[1]) if inner else 0)
    try:
        zygote.ask(settings, seconds=START_SECONDS)
    except Refused as error:
        zygote.close()
        raise Unready(str(error), error.stage) from None
    except ZygoteLost as error:
        said = zygote.said() or str(error)
        zygote.close()
        raise Unready(said, "walls") from None
    except BaseException:
        zygote.close()
        raise
    return zygote
