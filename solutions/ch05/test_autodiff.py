"""Hidden checks of autodiff.py: larger cases, with the reference as oracle where there is one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grader import check, expect_close
from grader.strategies import SEEDS, Case, arrays, cotangents


@check("minimise", points=1, examples=4)
@given(x=arrays((2,), dtype=np.float64, pattern=("normal", "integers"), low=-4, high=4), steps=st.integers(3, 7))
def test_minimise_on_himmelblaus_function(student, reference, x, steps):
    """minimise goes the right way on Himmelblau's function from any start."""
    unused = np.zeros(2)
    arguments = ("minimise_of", "himmelblau", unused, unused, x, 0.004, steps)
    expect_close(student.probe(*arguments), reference.probe(*arguments), what="the last point")


@check("second_derivative", points=0.5, examples=4)
@given(x=arrays((), pattern="normal"), seed=SEEDS)
def test_second_derivative_of_several_curves(student, reference, x, seed):
    """second_derivative is right for several functions, one after the other."""
    a, b = np.random.default_rng(seed).uniform(0.5, 2, 2)
    functions = [(kind, a, b) for kind in ("product", "valley", "waves", "linear")]
    arguments = ("derivatives_of", "second_derivative", functions, x)
    expect_close(student.probe(*arguments), reference.probe(*arguments), what="the second derivatives")


@st.composite
def rough_surfaces(draw):
    """A point of five coordinates, and coefficients."""
    rng = np.random.default_rng(draw(SEEDS))
    return Case(x=rng.normal(size=5), a=rng.normal(size=(5, 5)), b=rng.normal(size=5) / 2)


@check("hessian", points=1, examples=3)
@given(case=rough_surfaces())
def test_hessian_of_several_surfaces(student, reference, case):
    """hessian is right for several functions of five numbers, one after the other."""
    functions = [("product", np.float64(1.5), case.b), ("form", case.a, case.b), ("valley", np.exp(case.b), case.b)]
    arguments = ("derivatives_of", "hessian", functions, case.x)
    expect_close(student.probe(*arguments), reference.probe(*arguments), what="the Hessians")


@check("clip_gradient", points=0.5, examples=8)
@given(x=arrays((3, 4)), upstream=cotangents((3, 4)), limits=st.sampled_from([(0.5, 2.0), (3.0, 0.25), (1.0, 1.0)]))
def test_clip_gradient_twice_with_limits_of_their_own(student, x, upstream, limits):
    """Two calls of clip_gradient in one function clip each to its own limit."""
    inner, outer = limits
    answer = student.probe("clipped_twice", x, limits, upstream)
    expect_close(answer["value"], 6 * x)
    expect_close(
        answer["gradient"],
        np.clip(2 * np.clip(3 * upstream, -outer, outer), -inner, inner),
        what="the gradient",
    )
