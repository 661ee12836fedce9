"""What one worker may use of the machine, and how that is enforced and measured.

The kernel counts what it can (CPU time, file sizes, descriptors, address space); what a group of processes uses
together is measured from outside while a request runs, since RLIMIT_NPROC does not hold for root.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20
GIB = 2**30


@dataclass(frozen=True)
class Limits:
    """Limits of one worker with all its processes. memory: bytes beyond what TensorFlow's import takes."""

    memory: int = 3 * GIB
    processes: int = 64
    threads: int = 1024
    files: int = 256
    file_size: int = 64 * MIB
    scratch: int = 64 * MIB  # each of the worker's folders that it may write to
    cpu_seconds: int = 3600
    output: int = 32 * MIB


@dataclass(frozen=True)
class Usage:
    """What a worker uses at this moment. memory: bytes, pages that processes share counted once."""

    memory: int
    processes: int
    threads: int

    def excess(self, limits: Limits) -> str:
        """What it has too much of, as the end of a sentence; empty if nothing."""
        if self.memory > limits.memory:
            return f"it used {self.memory / GIB:.1f} GiB of memory, and may use {limits.memory / GIB:.1f} GiB"
        if self.processes > limits.processes:
            return f"it had {self.processes} processes, and may have {limits.processes}"
        if self.threads > limits.threads:
            return f"it had {self.threads} threads, and may have {limits.threads}"
        return ""


def apply_rlimits(limits: Limits) -> None:
    """Limit the calling process and its descendants.

    TensorFlow reserves far more address space than it uses (thread stacks of 8 MiB, 128 MiB for an allocator arena of
    each thread), so the address space is allowed in proportion to the cores; RLIMIT_DATA, which counts private
    writable memory, follows the budget more closely.
    """
    import resource

    cores = os.cpu_count() or 1
    size, data = _mapped()
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_FSIZE": limits.file_size,
        "RLIMIT_NOFILE": limits.files,
        "RLIMIT_MEMLOCK": MIB,
    }
    if sys.platform == "linux":  # macOS has neither a measure to start from, nor limits that hold
        wanted |= {
            "RLIMIT_AS": size + limits.memory + cores * 512 * MIB + 4 * GIB,
            "RLIMIT_DATA": data + limits.memory + cores * 64 * MIB,
            "RLIMIT_SIGPENDING": 1024,
            "RLIMIT_MSGQUEUE": 0,
        }
        if _counts_by_namespace():
            wanted["RLIMIT_NPROC"] = limits.threads
    for name, value in wanted.items():
        if (which := getattr(resource, name, None)) is not None:
            _, hard = resource.getrlimit(which)
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(which, (value, value))


def _counts_by_namespace() -> bool:
    """Whether RLIMIT_NPROC counts what runs in this user namespace (Linux 5.14), not all that the user runs."""
    release = os.uname().release.split(".")
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in release[:2]) >= (5, 14)


def _mapped() -> tuple[int, int]:
    """Address space and private writable memory of this process, in bytes."""
    try:
        status = _fields(Path("/proc/self/status"))
    except OSError:
        return 0, 0
    return status.get("VmSize", 0), status.get("VmData", 0)


def expendable() -> None:
    """Let the kernel take this process first when memory runs out."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


# --- measuring ----------------------------------------------------------------------------------------------------------


def usage_below(process: str, baseline: int, limit: int) -> Usage:
    """What a process and its descendants use. process: its number in /proc; baseline: bytes that a fresh worker has.

    The resident sizes, summed, count shared pages again and again; the exact figure is slow to get (the kernel walks
    every page), so it is taken only where the sum passes `limit`.
    """
    found = family(process)
    statuses = [status for number in found if (status := _status(number))]
    rough = sum(max(0, _resident(status) - baseline) for status in statuses)
    exact = _proportional(found) - baseline if rough > limit else 0
    return Usage(
        min(rough, exact) if exact > 0 else rough, len(statuses), sum(status.get("Threads", 1) for status in statuses)
    )


def resident(process: str = "self") -> int:
    """Bytes of memory that a process has for itself or shares with others, files not counted."""
    return _resident(_status(process))


def _resident(status: dict[str, int]) -> int:
    return status.get("RssAnon", 0) + status.get("RssShmem", 0)


def _proportional(processes: list[str]) -> int:
    total = 0
    for number in processes:
        with contextlib.suppress(OSError):  # gone meanwhile
            rollup = _fields(Path(f"/proc/{number}/smaps_rollup"))
            total += rollup.get("Pss_Anon", rollup.get("Pss", 0)) + rollup.get("Pss_Shmem", 0)
    return total


def family(process: str) -> list[str]:
    """A process and all its living descendants, as numbers in /proc."""
    found = [process]
    for number in found:
        found += children(number)
    return found


def children(process: str) -> list[str]:
    """The children of every thread of a process, as numbers in /proc."""
    found: list[str] = []
    try:
        tasks = os.listdir(f"/proc/{process}/task")
    except OSError:
        return found
    for task in tasks:
        with contextlib.suppress(OSError):
            found += Path(f"/proc/{process}/task/{task}/children").read_text().split()
    return found


def _status(process: str) -> dict[str, int]:
    try:
        return _fields(Path(f"/proc/{process}/status"))
    except OSError:
        return {}


def _fields(file: Path) -> dict[str, int]:
    """The lines `Name: number [kB]` of one of the kernel's files, sizes in bytes."""
    found = {}
    for line in file.read_text(errors="replace").splitlines():
        name, _, value = line.partition(":")
        words = value.split()
        if words and words[0].isdigit() and len(words) <= 2:
            found[name] = int(words[0]) * (1024 if words[1:] == ["kB"] else 1)
    return found


def inner_number(process: str, depth: int) -> int | None:
    """The number of a process in the pid namespace `depth` levels below that of /proc."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        for line in Path(f"/proc/{process}/status").read_text(errors="replace").splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[1:][depth])
    return None


def own_depth() -> int:
    """How many pid namespaces lie between /proc and this process."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return len(line.split()) - 2
    return 0
