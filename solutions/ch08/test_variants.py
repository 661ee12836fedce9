"""Hidden checks of variants.py: other sizes than the visible ones, against the reference."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grader import check, expect_close, expect_equal
from grader.strategies import Case, arrays


@st.composite
def two_arrays(draw):
    """A seed's worth of channels and batch, and a dtype."""
    b, c_in, c_out = draw(st.permutations((1, 2, 3)))
    return Case(b=b, c_in=c_in, c_out=c_out, dtype=draw(st.sampled_from((np.float64, np.float32))))


@check("dilated_conv2d", points=0.5, examples=10)
@given(data=st.data(), case=two_arrays(), rate=st.integers(1, 4))
def test_dilated_conv2d_of_other_sizes(student, reference, data, case, rate):
    """dilated_conv2d is right for other sizes and rates, too."""
    x = data.draw(arrays((case.b, 9, 10, case.c_in), case.dtype))
    w = data.draw(arrays((3, 2, case.c_in, case.c_out), case.dtype))
    expect_close(student.dilated_conv2d(x, w, rate), reference.dilated_conv2d(x, w, rate), "y")


@check("transposed_conv2d", points=1, examples=15)
@given(
    data=st.data(),
    case=two_arrays(),
    stride=st.integers(1, 5),
    kernel=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    padding=st.sampled_from(("valid", "same")),
)
def test_transposed_conv2d_of_other_sizes(student, reference, data, case, stride, kernel, padding):
    """transposed_conv2d is right for other sizes, strides and kernels, too."""
    x = data.draw(arrays((case.b, 2, 4, case.c_in), case.dtype))
    w = data.draw(arrays((*kernel, case.c_out, case.c_in), case.dtype))
    arguments = (x, w, stride, padding)
    expect_close(student.transposed_conv2d(*arguments), reference.transposed_conv2d(*arguments), "y")


@check("separable_parameters", points=0.5, examples=10)
@given(sizes=st.tuples(*(st.integers(1, 64) for _ in range(4))), m=st.integers(1, 8), bias=st.booleans())
def test_separable_parameters_of_large_layers(student, reference, sizes, m, bias):
    """separable_parameters is right for layers of the usual sizes, too."""
    expect_equal(student.separable_parameters(*sizes, m, bias), reference.separable_parameters(*sizes, m, bias))
