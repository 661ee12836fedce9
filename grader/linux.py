"""The few system calls that Python 3.11 has no name for: namespaces, mounts, capabilities, prctl.

Raises OSError with the kernel's own error. Importable everywhere; callable on Linux only.
"""

from __future__ import annotations

import ctypes
import functools
import os
from typing import Any

# <linux/sched.h>
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# <sys/mount.h>
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18

# <linux/prctl.h>
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_SECUREBITS = 28
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4

# no root privileges through uid 0, no set-uid fix-ups, no ambient capabilities; all of them locked: <linux/securebits.h>
SECUREBITS = 0x2F | 0xC0
CAPABILITY_VERSION_3 = 0x20080522


@functools.cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces in `flags` for new ones; CLONE_NEWPID holds for the next child."""
    _checked(_libc().unshare(flags), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """mount(2)."""
    arguments = (source.encode(), target.encode(), kind.encode() if kind else None)
    _checked(_libc().mount(*arguments, ctypes.c_ulong(flags), options.encode() or None), f"mount {target}")


def prctl(option: int, *arguments: int) -> None:
    """prctl(2)."""
    padded = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    _checked(_libc().prctl(option, *padded), f"prctl {option}")


def become_subreaper() -> None:
    """Have orphaned descendants of this process handed to it."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def map_ids(uid: int, gid: int) -> None:
    """In a fresh user namespace: be `uid` and `gid`, which are also what one is outside."""
    for file, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{file}", "w") as handle:
            handle.write(text)


def drop_privileges() -> None:
    """Give up every capability, and every way to get one back."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # above the last one that this kernel knows
            break
    prctl(PR_SET_SECUREBITS, SECUREBITS)
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    _checked(_libc().capset(header, (ctypes.c_uint32 * 6)()), "capset")
    no_new_privileges()


def no_new_privileges() -> None:
    """From here on no program that is executed gets more rights than this process has."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
