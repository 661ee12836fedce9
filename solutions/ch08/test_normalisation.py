"""Hidden checks of normalisation.py: other sizes, ranks and magnitudes than the visible ones, against the reference."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grader import check, expect_close
from grader.strategies import Case, arrays, cotangents, distinct_sizes


@st.composite
def batches(draw, ranks=(2, 3, 4, 5)):
    """A batch far from zero, of any rank; scale and shift; eps; and an upstream gradient."""
    shape = draw(distinct_sizes(draw(st.sampled_from(ranks)), low=2, high=6))
    x = draw(arrays(shape)) * draw(st.sampled_from((1.0, 20.0))) + draw(st.sampled_from((0.0, 100.0)))
    gamma, beta = draw(arrays(shape[-1:])), draw(arrays(shape[-1:], pattern="normal"))
    eps = draw(st.sampled_from((2.0, 0.3, 1e-3)))
    return Case(x=x, gamma=gamma, beta=beta, eps=eps, d_out=draw(cotangents(shape)))


@check("batch_norm", points=1, examples=15)
@given(case=batches())
def test_batch_norm_of_any_rank_and_magnitude(student, reference, case):
    """batch_norm is right for batches of rank 2 to 5, near zero and far from it."""
    arguments = (case.x, case.gamma, case.beta, case.eps)
    expect_close(student.batch_norm(*arguments), reference.batch_norm(*arguments), "y")


@check("batch_norm_backward", points=1, examples=15)
@given(case=batches())
def test_batch_norm_backward_of_any_rank_and_magnitude(student, reference, case):
    """batch_norm_backward is right for batches of rank 2 to 5, near zero and far from it."""
    arguments = (case.d_out, case.x, case.gamma, case.eps)
    right = reference.batch_norm_backward(*arguments)
    expect_close(student.batch_norm_backward(*arguments), right, what=("dx", "dgamma", "dbeta"))


@st.composite
def careers(draw):
    """A layer's life: five batches of differing size, some of them in training."""
    shape = draw(st.sampled_from(((3,), (4, 2), (3, 2, 4))))
    xs = [draw(arrays((n, *shape), np.float32)) for n in draw(st.permutations((2, 3, 4, 5, 6)))]
    modes = [draw(st.booleans()) for _ in xs]
    weights = {
        "gamma": draw(arrays(shape[-1:], np.float32)),
        "beta": draw(arrays(shape[-1:], np.float32)),
        "moving_mean": draw(arrays(shape[-1:], np.float32, nth=1)),
        "moving_variance": draw(arrays(shape[-1:], np.float32, pattern="positive")),
    }
    momentum = draw(st.sampled_from((0.9, 0.6, 0.25)))
    return Case(xs=xs, modes=modes, weights=weights, momentum=momentum, eps=draw(st.sampled_from((1.0, 0.05))))


@check("BatchNorm", points=1, examples=6)
@given(case=careers())
def test_batch_norm_layer_over_its_life(student, reference, case):
    """In and out of training, in any order, the layer answers and remembers what it should."""
    named = {"momentum": case.momentum, "eps": case.eps, "weights": case.weights}
    right = reference.probe("batch_norm_calls", **named, batches=case.xs, modes=case.modes)
    got = student.probe("batch_norm_calls", **named, batches=case.xs, modes=case.modes)
    calls = [f"y of call {i + 1} (training={mode})" for i, mode in enumerate(case.modes)]
    expect_close(tuple(got["outputs"]), tuple(right["outputs"]), calls)
    expect_close(got["weights"], right["weights"], "weights")


@check("layer_norm", points=0.5, examples=12)
@given(case=batches())
def test_layer_norm_of_any_rank_and_magnitude(student, reference, case):
    """layer_norm is right for arrays of rank 2 to 5, near zero and far from it."""
    arguments = (case.x, case.gamma, case.beta, case.eps)
    expect_close(student.layer_norm(*arguments), reference.layer_norm(*arguments), "y")


@check("layer_norm_backward", points=0.5, examples=12)
@given(case=batches())
def test_layer_norm_backward_of_any_rank_and_magnitude(student, reference, case):
    """layer_norm_backward is right for arrays of rank 2 to 5, near zero and far from it."""
    arguments = (case.d_out, case.x, case.gamma, case.eps)
    right = reference.layer_norm_backward(*arguments)
    expect_close(student.layer_norm_backward(*arguments), right, what=("dx", "dgamma", "dbeta"))


@check("group_norm", points=0.5, examples=12)
@given(case=batches(ranks=(4,)), groups=st.integers(1, 4), size=st.integers(1, 4))
def test_group_norm_of_many_groups(student, reference, case, groups, size):
    """group_norm is right for one to four groups of one to four channels."""
    c = groups * size
    x = np.resize(case.x, (*case.x.shape[:3], c))
    gamma, beta = np.linspace(-2, 1, c), np.linspace(3, 1, c)
    arguments = (x, gamma, beta, groups, case.eps)
    expect_close(student.group_norm(*arguments), reference.group_norm(*arguments), "y")
