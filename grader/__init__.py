"""A kit for learning and grading deep learning with TensorFlow.

This is what an author of checks needs; see docs/authors.md.
"""

from grader.checks import Check, Exercise, check
from grader.comparison import (
    Mismatch,
    expect,
    expect_array,
    expect_close,
    expect_equal,
    expect_finite,
    expect_shape,
    expect_untouched,
    expect_within,
)

__version__ = "0.1.0"
__all__ = [
    "Check",
    "Exercise",
    "Mismatch",
    "check",
    "expect",
    "expect_array",
    "expect_close",
    "expect_equal",
    "expect_finite",
    "expect_shape",
    "expect_untouched",
    "expect_within",
]
