"""Hidden checks of optimisers.py: longer paths over larger arrays, with the reference as oracle."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grader import check, expect_close
from grader.strategies import SEEDS, Case

STEPS = 12


@st.composite
def long_paths(draw):
    """Weights and the gradients of a dozen steps, of sizes that differ between the weights."""
    shape = draw(st.sampled_from([(7, 5), (11,), (3, 2, 4), (1, 6)]))
    rng = np.random.default_rng(draw(SEEDS))
    gradients = rng.standard_normal((STEPS, *shape)) * rng.choice([0.25, 1.0, 8.0], shape)
    return Case(w=rng.standard_normal(shape), gradients=list(gradients))


@check("momentum", points=0.5, examples=10)
@given(case=long_paths(), mu=st.sampled_from([0.0, 0.6, 0.95]))
def test_momentum_on_a_long_path(student, reference, case, mu):
    """momentum is right on a path of a dozen steps."""
    w, v = case.w, np.zeros_like(case.w)
    for dw in case.gradients:
        got = student.momentum(w, dw, v, 0.0625, mu)
        expect_close(got, reference.momentum(w, dw, v, 0.0625, mu), what=("w", "v"))
        w, v = got


@check("rmsprop", points=0.5, examples=10)
@given(case=long_paths(), decay=st.sampled_from([0.0, 0.6, 0.95]), eps=st.sampled_from([0.125, 1e-6]))
def test_rmsprop_on_a_long_path(student, reference, case, decay, eps):
    """rmsprop is right on a path of a dozen steps."""
    w, cache = case.w, np.zeros_like(case.w)
    for dw in case.gradients:
        arguments = (w, dw, cache, 0.0625, decay, eps)
        got = student.rmsprop(*arguments)
        expect_close(got, reference.rmsprop(*arguments), what=("w", "cache"))
        w, cache = got


@check("adam", points=1, examples=10)
@given(case=long_paths(), betas=st.sampled_from([(0.0, 0.6), (0.6, 0.95), (0.9, 0.999)]))
def test_adam_on_a_long_path(student, reference, case, betas):
    """adam is right on a path of a dozen steps."""
    w, m, v = case.w, np.zeros_like(case.w), np.zeros_like(case.w)
    for t, dw in enumerate(case.gradients, 1):
        arguments = (w, dw, m, v, t, 0.0625, *betas, 1e-10)  # so small that both accepted forms agree
        got = student.adam(*arguments)
        expect_close(got, reference.adam(*arguments), what=("w", "m", "v"))
        w, m, v = got
