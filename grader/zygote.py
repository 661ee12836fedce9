"""The process that workers are forked from: imports TensorFlow once, runs no op, and forks a walled child on request.

It is ours, and runs only our own code; student code runs in its children, after `_enter` has put up their walls. The
control socket carries lines of JSON: first the settings, then requests.

    {"do": "launch"} with two descriptors (the worker's socket, its output pipe)  →  {"pid": 17}
    {"do": "usage", "pid": 17}                              →  {"memory": …, "processes": …, "threads": …}
    {"do": "end", "pid": 17}: kill it and all it started    →  {"status": the kernel's wait status}

An answer may be {"error": text} instead. When the control socket closes, the zygote ends, and everything with it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import gc
import importlib
import json
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from grader import linux
from grader.limits import Limits, apply_rlimits, children, expendable, inner_number, own_depth, resident, usage_below

HOME = "/student"
SCRATCH = (HOME, "/tmp", "/dev/shm")  # all that a worker may write to, in memory, its own
SHOWN = ("cpuinfo", "meminfo", "version")  # all that a worker sees of /proc
SOCKET, REPORT = 3, 4
NEW_NAMESPACES = linux.CLONE_NEWUSER | linux.CLONE_NEWPID | linux.CLONE_NEWNS | linux.CLONE_NEWIPC | linux.CLONE_NEWNET


class Zygote:
    """walls: whether children get namespaces and filters of their own (bwrap), or limits only (process).

    scratch: folders that each of them gets empty, and may write to.
    """

    def __init__(self, control: socket.socket, walls: bool, limits: Limits, scratch: list[str]) -> None:
        self.control = control
        self.walls = walls
        self.limits = limits
        self.scratch = scratch
        self.workers: set[int] = set()
        self.baseline = 0
        self.filters: tuple[Any, ...] = ()
        self.proc: dict[str, str] = {}
        self.program = ""

    def prepare(self) -> None:
        """What must be ready before the first fork, and can be tried out before TensorFlow's slow import."""
        if sys.platform == "linux":
            linux.prctl(linux.PR_SET_DUMPABLE, 0)  # nobody may look into this process, nor attach to it
            linux.become_subreaper()
        if self.walls:
            from grader.seccomp import worker_filters

            self.filters = worker_filters()
            self.proc = {name: _text(f"/proc/{name}") for name in SHOWN}
            self.program = os.path.realpath(sys.executable)

    def rehearse(self) -> None:
        """Put up the walls once around nothing: raises LaunchFailed where this machine does not have them."""
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        with ours:
            pid = self.launch(theirs.detach(), writing)
            os.close(reading)
        self.end(pid)

    def preload(self, modules: list[str]) -> None:
        """Import what every worker needs, and keep the garbage collector from touching (so copying) its pages."""
        for module in modules:
            importlib.import_module(module)
        gc.collect()
        gc.freeze()
        self.baseline = resident()

    def serve(self) -> None:
        """Answer requests until the judge hangs up."""
        for request, descriptors in _requests(self.control):
            try:
                match request:
                    case {"do": "launch"}:
                        answer: dict[str, Any] = {"pid": self.launch(*descriptors)}
                    case {"do": "usage", "pid": int(pid)}:
                        answer = self.usage(pid)
                    case {"do": "end", "pid": int(pid)}:
                        answer = {"status": self.end(pid)}
                    case _:
                        answer = {"error": "an unknown request"}
            except (LaunchFailed, OSError) as error:
                answer = {"error": str(error)}
            _answer(self.control, answer)

    def launch(self, connection: int, output: int) -> int:
        """Fork a worker that serves on `connection`; returns its number here. Both descriptors are closed here."""
        reading, writing = os.pipe()
        first = os.fork()
        if first == 0:
            try:
                _enter(self, connection, output, writing)
            except BaseException:
                with contextlib.suppress(BaseException):
                    os.write(REPORT, f"error {traceback.format_exc().strip().splitlines()[-1]}\n".encode())
                os._exit(70)
        for descriptor in (connection, output, writing):
            os.close(descriptor)
        with open(reading) as report:
            said = report.read().splitlines()
        pid = first
        if self.walls:
            os.waitpid(first, 0)
            pid = next((int(line.split()[1]) for line in said if line.startswith("pid ")), 0)
        if pid:
            self.workers.add(pid)
        if "ready" not in said:
            if pid:
                self.end(pid)
            raise LaunchFailed(next((line[6:] for line in said if line.startswith("error ")), "it died at once"))
        return pid

    def usage(self, pid: int) -> dict[str, int]:
        """What a worker and all that it started use."""
        depth = own_depth()
        number = str(pid)
        if depth:  # /proc is of an outer pid namespace
            number = next((n for n in children("self") if inner_number(n, depth) == pid), "0")
        return dataclasses.asdict(usage_below(number, self.baseline, self.limits.memory))

    def end(self, pid: int) -> int:
        """Kill a worker and all that it started; returns its wait status (it may have died before)."""
        if pid not in self.workers:
            raise LaunchFailed("there is no such worker")
        self.workers.discard(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)  # with walls it is the init of its namespace: the kernel kills the rest
        status = os.waitpid(pid, 0)[1]
        if not self.walls:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            self.kill_strays()
        return status

    def kill_strays(self) -> None:
        """Kill what workers left behind: orphans come to this process, and honest work leaves none."""
        for _ in range(100):
            strays = [int(n) for n in children("self") if int(n) not in self.workers]
            if not strays:
                return
            for stray in strays:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(stray, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(stray, 0)


class LaunchFailed(Exception):
    """A worker's walls could not be put up."""


# --- in the child -------------------------------------------------------------------------------------------------------


def _enter(zygote: Zygote, connection: int, output: int, report: int) -> None:
    """Become a worker: put up the walls from the inside, then answer the judge. Does not return."""
    _keep_only(connection, output, report)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    expendable()
    if sys.platform == "linux":  # or its uid_map would not be its own to write, nor its memory ours to measure
        linux.prctl(linux.PR_SET_DUMPABLE, 1)
    if zygote.walls:
        uid, gid = os.getuid(), os.getgid()
        linux.unshare(NEW_NAMESPACES)
        linux.map_ids(uid, gid)
        pid = os.fork()
        if pid:
            os.write(REPORT, f"pid {pid}\n".encode())
            os._exit(0)
    os.setsid()
    apply_rlimits(zygote.limits)
    if zygote.walls:
        _furnish(zygote)
        linux.drop_privileges()
        for made in zygote.filters:
            made.load()
    elif sys.platform == "linux":
        linux.no_new_privileges()
    os.write(REPORT, b"ready\n")
    os.close(REPORT)
    status = 0
    try:
        from grader.worker import serve

        serve(socket.socket(fileno=SOCKET))
    except BaseException:
        traceback.print_exc()
        status = 71
    os._exit(status)


def _keep_only(connection: int, output: int, report: int) -> None:
    """Descriptors 0 to 4 are nothing, output, output, socket, report; every other one is closed."""
    nothing = os.open(os.devnull, os.O_RDWR)
    wanted = (nothing, output, output, connection, report)
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 64) for descriptor in wanted]
    for place, descriptor in enumerate(high):
        os.dup2(descriptor, place, inheritable=place < SOCKET)
    os.closerange(REPORT + 1, min(os.sysconf("SC_OPEN_MAX"), 2**20))


def _furnish(zygote: Zygote) -> None:
    """The worker's own file system: the zygote's, read-only, with fresh scratch folders and almost no /proc."""
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    for folder in zygote.scratch:
        linux.mount("tmpfs", folder, "tmpfs", flags, f"size={zygote.limits.scratch},nr_inodes=4096,mode=0700")
    linux.mount("tmpfs", "/proc", "tmpfs", flags, "size=1m,nr_inodes=64,mode=0555")
    for name, text in zygote.proc.items():
        Path("/proc", name).write_text(text)
    Path("/proc/self").mkdir()  # TensorFlow asks for its program's path, and aborts where there is no answer
    Path("/proc/self/exe").symlink_to(zygote.program)
    Path("/proc/self/cmdline").write_text(f"{zygote.program}\0")
    linux.mount("tmpfs", "/proc", None, flags | linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY)
    os.chdir(HOME)


def _text(path: str) -> str:
    try:
        return Path(path).read_text()[: 64 * 1024]
    except (OSError, ValueError):
        return ""


# --- the control socket -------------------------------------------------------------------------------------------------


def _requests(control: socket.socket) -> Any:
    """Every line of JSON with the descriptors that came with it, until the other side hangs up."""
    waiting = b""
    descriptors: list[int] = []
    while True:
        data, received, _, _ = socket.recv_fds(control, 65536, 8)
        if not data:
            return
        waiting, descriptors = waiting + data, descriptors + received
        while b"\n" in waiting:
            line, waiting = waiting.split(b"\n", 1)
            yield json.loads(line), descriptors
            descriptors = []


def _answer(control: socket.socket, answer: dict[str, Any]) -> None:
    control.sendall(json.dumps(answer).encode() + b"\n")


def main() -> None:
    """Take the control socket's number from the command line, and serve."""
    control = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(control.fileno(), False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings, _ = next(_requests(control))
    zygote = Zygote(control, settings["isolation"] == "bwrap", Limits(**settings["limits"]), settings["scratch"])
    stage = "walls"
    try:
        zygote.prepare()
        zygote.rehearse()
        stage = "preload"
        zygote.preload(settings["preload"])
    except Exception as error:
        _answer(control, {"error": f"{type(error).__name__}: {error}", "stage": stage})
        os._exit(1)
    _answer(control, {"ready": True})
    with contextlib.suppress(ConnectionError):
        zygote.serve()
    for pid in list(zygote.workers):
        zygote.end(pid)
    os._exit(0)
