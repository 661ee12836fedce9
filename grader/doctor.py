"""`grader doctor`: is this machine set up right? One line for each thing, and what to do where it is not."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata

from grader.quiet import quiet_imports


@dataclass(frozen=True)
class Finding:
    """good: True, False, or None for something that is only nice to have."""

    what: str
    good: bool | None
    found: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """All findings, the quick ones first."""
    for look in (_python, _packages, _plugin, _exercises, _datasets, _memory, _fork, _sandbox, _tensorflow):
        yield from _safely(look)


def _safely(look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except Exception as error:
        yield Finding(look.__name__.strip("_"), False, f"{type(error).__name__}: {error}", "Run: make setup")


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", (3, 11) <= sys.version_info[:2] < (3, 14), version, "The kit needs Python 3.11 to 3.13.")


def _packages() -> Iterator[Finding]:
    for name in ("tensorflow", "numpy", "pytest", "hypothesis", "nbgrader", "msgpack", "rich", "watchfiles"):
        try:
            yield Finding(name, True, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, False, "not installed", "Run: make setup")


def _plugin() -> Iterator[Finding]:
    names = {point.name for point in metadata.entry_points(group="pytest11")}
    yield Finding(
        "pytest plugin", "grader" in names, "installed" if "grader" in names else "missing", "Run: make setup"
    )


def _exercises() -> Iterator[Finding]:
    from grader.chapter import chapter_names, find_root

    names = chapter_names()
    yield Finding("exercises", bool(names), f"{', '.join(names)} in {find_root()}", "Change into the kit's folder.")


def _datasets() -> Iterator[Finding]:
    from grader import data

    for name in sorted(data.NAMES):
        try:
            (x, _), _ = data.load(name)
            yield Finding(f"data: {name}", True, f"{len(x):,} training samples")
        except Exception as error:
            yield Finding(f"data: {name}", False, str(error).splitlines()[0], "Fetch the kit's datasets/ folder again.")


def _memory() -> Iterator[Finding]:
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
        yield Finding("memory", size >= 3.5, f"{size:.1f} GiB", "TensorFlow wants about 4 GiB: close other programs.")
    free = shutil.disk_usage(os.getcwd()).free / 2**30
    yield Finding("disk", free >= 1, f"{free:.1f} GiB free", "Free a gigabyte.")


def _fork() -> Iterator[Finding]:
    good = hasattr(os, "fork")
    yield Finding("grader watch", good or None, "works here" if good else "needs fork", "Use pytest, or WSL.")


def _sandbox() -> Iterator[Finding]:
    from grader import keeper
    from grader.bwrap import SandboxUnavailable
    from grader.limits import Limits

    try:
        keeper.start("bwrap", Limits(), preload=()).close()  # the walls alone, around nothing
        yield Finding("isolation", True, "bwrap and namespaces work: untrusted code can be graded here")
    except SandboxUnavailable as error:
        yield Finding("isolation", None, str(error), "Only instructors need it.")


def _tensorflow() -> Iterator[Finding]:
    with quiet_imports():
        import tensorflow as tf
    value = float(tf.reduce_sum(tf.ones([2, 2])))
    yield Finding("TensorFlow runs", value == 4.0, f"{tf.__version__}, Keras {tf.keras.__version__}", "Run: make setup")
    gpus = tf.config.list_physical_devices("GPU")
    yield Finding(
        "GPU", True if gpus else None, f"{len(gpus)} found" if gpus else "none: training checks use small budgets"
    )
