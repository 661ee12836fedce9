"""Fixtures of the kit's own tests: small chapters, made on the spot, that every room can be tried on."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

# Tests rewrite a check file twice within a second: bytecode is told apart by seconds and sizes, and would be the old file's.
sys.dont_write_bytecode = True

# Chapters and submissions that tests are tried on; they are no tests themselves.
collect_ignore = ["audit_chapter", "attacks", "sample_class"]

REFERENCE = '''
"""Two small exercises."""

import numpy as np


def double(x):
    """Twice x.

    x is a float array of any shape; the result has its shape and dtype. By hand: double([1, 2]) is [2, 4].
    """
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


def centre(x):
    """x [n] without its mean.

    x is a float64 array of shape [n]; the result has its shape and dtype. By hand: centre([1, 3]) is [-1, 1].
    """
    ### BEGIN SOLUTION
    return _minus(x, x.mean())
    ### END SOLUTION


### BEGIN SOLUTION
def _minus(x, number):
    return x - number


### END SOLUTION
'''

CHECKS = '''
"""Checks of small.py."""

from hypothesis import given

from grader import Exercise, check, expect_close, expect_untouched
from grader.strategies import arrays, sizes

EXERCISES = (
    Exercise("double", hints=("What is twice a number?", "Multiply by two.")),
    Exercise("centre", hints=("Where is the middle?", "Subtract the mean."), needs=("double",), seconds=1),
)


@check("double", points=40)
@given(x=arrays((3, 2)))
def test_double_doubles(student, x):
    """double gives twice every entry."""
    expect_close(student.double(x), 2 * x)


@check("double", points=10)
@given(x=arrays((4,)))
def test_double_leaves_x_alone(student, x):
    """double does not change its argument."""
    expect_untouched(student.call("double", x))


@check("centre", points=40)
@given(x=sizes(2, 6).flatmap(lambda n: arrays((n,))))
def test_centre_has_mean_zero(student, x):
    """centre moves the mean to zero and changes nothing else."""
    expect_close(student.centre(x), x - x.mean(), "the centred array")
'''

HIDDEN = '''
"""Hidden checks of small.py."""

from hypothesis import given

from grader import check, expect_close
from grader.strategies import arrays


@check("centre", points=10)
@given(x=arrays((7,)))
def test_centre_hidden(student, reference, x):
    """centre agrees with the reference."""
    expect_close(student.centre(x), reference.centre(x))
'''

BUGS = """
[double.tripled]
sentence = "This is three times x: multiply by two."
change = [["2 * x", "3 * x"]]

[double.squared]
sentence = "This is the square of x: multiply by two."
change = [["2 * x", "x * x"]]

[double.in_place]
sentence = "x is doubled in place: make a new array."
code = '''
def double(x):
    x *= 2
    return x
'''

[centre.median]
sentence = "The median is subtracted: subtract the mean."
change = [["x.mean()", "np.median(x)"]]

[centre.kept]
sentence = "Nothing is subtracted: subtract the mean."
change = [["x.mean()", "0"]]

[centre.added]
sentence = "The mean is added: subtract it."
change = [["x.mean()", "-x.mean()"]]
"""

VARIANTS = """
[double.added]
reason = "Adding x to itself is doubling, too."
change = [["2 * x", "x + x"]]

[centre.loop]
reason = "A loop is as good as a ufunc."
change = [["_minus(x, x.mean())", "np.array([v - sum(x) / len(x) for v in x])"]]
"""


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kit with one chapter, ch77, of two exercises in small.py; it is the working directory."""
    exercises, solutions = tmp_path / "exercises" / "ch77", tmp_path / "solutions" / "ch77"
    exercises.mkdir(parents=True)
    solutions.mkdir(parents=True)
    (exercises / "README.md").write_text("# A small chapter\n\nThe tasks are in small.py.\n")
    (exercises / "test_small.py").write_text(textwrap.dedent(CHECKS).lstrip())
    (solutions / "test_small.py").write_text(textwrap.dedent(HIDDEN).lstrip())
    (solutions / "small.py").write_text(REFERENCE.lstrip())
    (solutions / "bugs.small.toml").write_text(BUGS)
    (solutions / "variants.small.toml").write_text(VARIANTS)
    monkeypatch.chdir(tmp_path)
    return tmp_path
