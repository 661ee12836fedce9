"""Keeps other people's noise from where it does harm.

TensorFlow writes to descriptor 2 while it is imported and at its first ops, from C++, so that `sys.stderr` cannot hold
it back, whatever TF_CPP_MIN_LOG_LEVEL says.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import IO


@contextlib.contextmanager
def quiet_imports() -> Iterator[None]:
    """Import TensorFlow in this block, and nothing is written; an ImportError comes with what would have been."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with held_stderr() as noise:
        try:
            yield
        except ImportError as error:
            noise.seek(0)
            said = noise.read()[-2000:].decode("utf-8", "replace").strip()
            raise ImportError(f"{error}\n{said}" if said else str(error)) from error


@contextlib.contextmanager
def held_stderr() -> Iterator[IO[bytes]]:
    """Hold back what Python, C++ or a child writes to standard error in this block; yields the file that collects it.

    `sys.stderr` stays the same object, since logging handlers that are made meanwhile keep it; its `write` is
    replaced for the time being, since in a Jupyter kernel, or under pytest, it is no file on descriptor 2.
    """
    stream = sys.stderr
    before = getattr(stream, "write")  # noqa: B009 - mypy would take it for an assignment to a method
    with tempfile.TemporaryFile(buffering=0) as noise:

        def write(text: str) -> int:
            noise.write(str(text).encode("utf-8", "replace"))
            return len(text)

        stream.flush()
        saved = os.dup(2)
        try:
            os.dup2(noise.fileno(), 2)
            setattr(stream, "write", write)  # noqa: B010
            yield noise
        finally:
            setattr(stream, "write", before)  # noqa: B010
            os.dup2(saved, 2)
            os.close(saved)
