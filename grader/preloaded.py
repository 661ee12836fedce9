"""Imported once by the process that judges are forked from: pays for TensorFlow's import, and runs no op.

A fork is safe as long as its parent ran no TensorFlow op (an op starts threads, and they do not survive a fork).
"""

from grader.quiet import quiet_imports

with quiet_imports():
    import hypothesis  # noqa: F401
    import numpy  # noqa: F401
    import tensorflow  # noqa: F401

    import grader.judge  # noqa: F401
