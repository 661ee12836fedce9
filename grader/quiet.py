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
    """Import TensorFlow in this block, and nothing is written; an ImportError comes with what was."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    with held_stderr() as noise:
        try:
            yield
        except ImportError as error:
            noise.seek(0)
            said = noise.read()[-2000:].decode("utf-8", "replace").strip()
            raise ImportError(f"{error}\n{said}" if said else str(error)) from error


@contextlib.contextmanager
def held_stderr() -> Iterator[IO[bytes]]:
    """Hold back what is written to `sys.stderr` and to descriptor 2 in this block, by Python, C++ or a child.

    Yields the binary file that collects it. In a Jupyter kernel `sys.stderr` is not descriptor 2: both are held.
    """
    with tempfile.TemporaryFile() as noise:
        sys.stderr.flush()
        saved = os.dup(2)
        try:
            os.dup2(noise.fileno(), 2)
            with (
                open(os.dup(noise.fileno()), "w", encoding="utf-8", errors="replace", buffering=1) as text,
                contextlib.redirect_stderr(text),
            ):
                yield noise
        finally:
            os.dup2(saved, 2)
            os.close(saved)
