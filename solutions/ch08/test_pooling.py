"""Hidden checks of pooling.py: larger inputs, with the reference as oracle."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grader import check, expect_close
from grader.strategies import SEEDS, Case, cotangents, distinct_sizes


@st.composite
def large_cases(draw):
    """Larger images and windows than the visible checks use, without ties, after a shift of either sign."""
    size = draw(st.integers(2, 5))
    stride = draw(st.integers(1, size + 2))
    batch, channels = draw(distinct_sizes(2, low=2, high=4))
    height, width = draw(st.sampled_from(((7, 11), (10, 8), (13, 9))))
    shape = (batch, height, width, channels)
    order = np.random.default_rng(draw(SEEDS)).permutation(np.prod(shape)).reshape(shape)
    x = order / 8 - draw(st.sampled_from((0.0, 40.0, 500.0)))
    d_out = draw(cotangents((batch, (height - size) // stride + 1, (width - size) // stride + 1, channels)))
    return Case(x=x, size=size, stride=stride, d_out=d_out)


@check("max_pool", points=1, examples=15)
@given(case=large_cases())
def test_max_pool_of_larger_images(student, reference, case):
    """max_pool is right for larger images, windows and strides, and for entries of any sign."""
    arguments = (case.x, case.size, case.stride)
    expect_close(student.max_pool(*arguments), reference.max_pool(*arguments))


@check("max_pool_backward", points=1, examples=15)
@given(case=large_cases())
def test_max_pool_backward_of_larger_images(student, reference, case):
    """max_pool_backward is right for larger images, windows and strides, and for entries of any sign."""
    arguments = (case.d_out, case.x, case.size, case.stride)
    expect_close(student.max_pool_backward(*arguments), reference.max_pool_backward(*arguments), what="dx")
