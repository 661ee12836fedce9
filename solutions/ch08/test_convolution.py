"""Hidden checks of convolution.py: larger inputs, with the reference as oracle."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grader import check, expect_close
from grader.strategies import Case, arrays, cotangents, distinct_sizes


@st.composite
def large_cases(draw):
    """Larger images and kernels than the visible checks use, at strides up to 4."""
    batch, c_in, c_out = draw(distinct_sizes(3, low=1, high=3))
    k_h, k_w = draw(distinct_sizes(2, low=1, high=6))
    stride, padding = draw(st.integers(1, 4)), draw(st.sampled_from(("valid", "same")))
    height, width = draw(st.sampled_from(((7, 11), (10, 8), (13, 9))))
    x = draw(arrays((batch, height, width, c_in), pattern=("normal", "quarters")))
    w = draw(arrays((k_h, k_w, c_in, c_out), pattern=("normal", "quarters")))
    return Case(x=x, w=w, b=draw(arrays((c_out,))), stride=stride, padding=padding)


@check("conv2d", points=1, examples=15)
@given(case=large_cases())
def test_conv2d_of_larger_images(student, reference, case):
    """conv2d is right for larger images and kernels and for strides up to 4."""
    arguments = (case.x, case.w, case.b, case.stride, case.padding)
    expect_close(student.conv2d(*arguments), reference.conv2d(*arguments))


@check("im2col", points=1, examples=15)
@given(case=large_cases())
def test_im2col_of_larger_images(student, reference, case):
    """im2col is right for larger images and kernels and for strides up to 4."""
    arguments = (case.x, case.w.shape[:2], case.stride, case.padding)
    expect_close(student.im2col(*arguments), reference.im2col(*arguments))


@check("conv2d_backward", points=2, examples=15)
@given(case=large_cases(), data=st.data())
def test_conv2d_backward_of_larger_images(student, reference, case, data):
    """conv2d_backward is right for larger images and kernels and for strides up to 4."""
    arguments = (case.x, case.w, case.b, case.stride, case.padding)
    d_out = data.draw(cotangents(np.shape(reference.conv2d(*arguments))))
    expected = reference.conv2d_backward(d_out, *arguments)
    expect_close(student.conv2d_backward(d_out, *arguments), expected, what=("dx", "dw", "db"))
