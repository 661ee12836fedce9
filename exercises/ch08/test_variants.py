"""Checks of variants.py. Oracles: TensorFlow's own convolutions, and their gradients."""

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, expect, expect_close, expect_equal
from grader.gradients import tape_vjp
from grader.strategies import Case, arrays, cotangents, distinct_sizes

EXERCISES = (
    Exercise(
        "dilated_conv2d",
        arguments="tensor",
        hints=(
            "Take one tap of the kernel, w[i, j]. Which part of x does it meet, over all outputs? It is a slice.",
            "Tap (i, j) meets x[:, rate * i : rate * i + height, rate * j : rate * j + width], where height and width "
            "are the output's.",
            "Add up, over all i and j, slice @ w[i, j]: a matrix product over the channels at every pixel.",
        ),
    ),
    Exercise(
        "transposed_conv2d",
        arguments="tensor",
        hints=(
            "Begin with one pixel: x[:, p, q] and w make a patch of [b, k_h, k_w, c_out]. Where does its corner lie?",
            'Lay the patches on a canvas of the size of "valid", (n - 1) s + max(k, s), corner at (s p, s q): tf.pad '
            'each to the canvas\'s size and add. "same" is a piece cut out of this canvas.',
            'patch = tf.einsum("bc,ijoc->bijo", x[:, p, q], w). For "same" keep h * s rows from row '
            "max(k_h - s, 0) // 2 on, and the columns likewise.",
        ),
    ),
    Exercise(
        "separable_conv2d",
        arguments="tensor",
        hints=(
            "The depthwise step is a convolution without the sum over channels: multiply, don't matmul.",
            "Tap (i, j) contributes x[:, i : i + height, j : j + width, :, None] * depthwise[i, j], of shape "
            "[b, height, width, c, m]. Add these up over i and j.",
            "Reshape the last two axes to one, c * m (that is the order wanted), and matmul with pointwise[0, 0].",
        ),
    ),
    Exercise(
        "conv_parameters",
        hints=(
            "Write down the shape of the kernel, and that of the bias. How many numbers are in them?",
            "The kernel is [k_h, k_w, c_in, c_out], the bias [c_out].",
        ),
        forbids=("tensorflow.*", "keras.*"),
    ),
    Exercise(
        "separable_parameters",
        hints=(
            "Two kernels: write down the shape of each.",
            "The depthwise kernel is [k_h, k_w, c_in, multiplier], the pointwise one [1, 1, c_in * multiplier, c_out]; "
            "one bias of [c_out] at the end.",
        ),
        forbids=("tensorflow.*", "keras.*"),
    ),
)

DTYPES = st.sampled_from((np.float64, np.float32))


# --- dilated_conv2d --------------------------------------------------------------------------------------------------


def spread(w, rate):
    """The kernel w with zeros between its taps: an ordinary convolution with it is the dilated one with w."""
    k_h, k_w, c_in, c_out = w.shape
    wide = tf.pad(w[:, None, :, None], [[0, 0], [0, rate - 1], [0, 0], [0, rate - 1], [0, 0], [0, 0]])
    return tf.reshape(wide, [k_h * rate, k_w * rate, c_in, c_out])[: rate * (k_h - 1) + 1, : rate * (k_w - 1) + 1]


def dilated(x, w, rate):
    """TensorFlow's dilated convolution."""
    return tf.nn.conv2d(x, spread(w, rate), 1, "VALID")


@st.composite
def dilated_cases(draw, rates=(1, 2, 3), dtypes=DTYPES):
    """Images, kernel and rate; the output has at least one pixel, and sometimes little more."""
    rate, dtype = draw(st.sampled_from(rates)), draw(dtypes)
    k_h, k_w = draw(st.sampled_from(((2, 3), (3, 2), (1, 2), (3, 1), (2, 2))))
    height, width = draw(st.sampled_from(((1, 2), (2, 1), (3, 4), (4, 2), (5, 3))))
    b, c_in, c_out = draw(distinct_sizes(3, low=2, high=4))
    x = draw(arrays((b, rate * (k_h - 1) + height, rate * (k_w - 1) + width, c_in), dtype))
    w = draw(arrays((k_h, k_w, c_in, c_out), dtype))
    return Case(x=x, w=w, rate=rate, d_out=draw(cotangents((b, height, width, c_out), dtype)))


@check("dilated_conv2d", points=1.5, examples=12)
@given(case=dilated_cases())
def test_dilated_conv2d_takes_taps_rate_pixels_apart(student, case):
    """dilated_conv2d takes the taps of its kernel `rate` pixels apart, unflipped, and moves on by one pixel."""
    expect_close(student.dilated_conv2d(case.x, case.w, case.rate), dilated(case.x, case.w, case.rate), "y")


@check("dilated_conv2d", points=0.5, examples=6)
@given(case=dilated_cases(dtypes=st.just(np.float32)))  # on a CPU TensorFlow's own op has no float64 gradient by x
def test_dilated_conv2d_passes_gradients(student, case):
    """The gradient of dilated_conv2d reaches x and w."""
    arguments = (case.x, case.w, case.rate)
    got = student.probe("vjp", "dilated_conv2d", arguments, case.d_out, wrt=(0, 1))
    expect_close(got, tape_vjp(dilated, arguments, case.d_out, wrt=(0, 1)), what=("dx", "dw"))


@check("dilated_conv2d", points=0.5, examples=1)
@given(case=dilated_cases(rates=(2,), dtypes=st.just(np.float32)))
def test_dilated_conv2d_works_in_a_graph(student, case):
    """dilated_conv2d gives the same answer under tf.function."""
    got = student.probe("in_graph", "dilated_conv2d", case.x, case.w, case.rate)
    expect_close(got, dilated(case.x, case.w, case.rate), "y under tf.function")


# --- transposed_conv2d -----------------------------------------------------------------------------------------------


def transposed(x, w, stride, padding):
    """TensorFlow's transposed convolution, at the size that the statement gives."""
    if padding == "same":
        height, width = (n * stride for n in x.shape[1:3])
    else:
        height, width = ((n - 1) * stride + max(k, stride) for n, k in zip(x.shape[1:3], w.shape[:2], strict=True))
    return tf.nn.conv2d_transpose(x, w, [x.shape[0], height, width, w.shape[2]], stride, padding.upper())


@st.composite
def transposed_cases(draw, paddings, dtypes=DTYPES):
    """Images and kernels, larger than the stride, of its size, and smaller."""
    stride, dtype = draw(st.sampled_from((1, 2, 3, 4))), draw(dtypes)
    k_h, k_w = draw(st.sampled_from(((2, 3), (3, 1), (4, 2), (1, 6), (3, 3), (6, 5))))
    height, width = draw(st.sampled_from(((2, 3), (3, 1), (1, 2), (3, 2))))
    b, c_in, c_out = draw(st.sampled_from(((2, 3, 1), (1, 2, 3), (3, 2, 2), (2, 1, 3), (2, 2, 2))))
    x, w = draw(arrays((b, height, width, c_in), dtype)), draw(arrays((k_h, k_w, c_out, c_in), dtype))
    padding = draw(st.sampled_from(paddings))
    shape = transposed(x, w, stride, padding).shape
    return Case(x=x, w=w, stride=stride, padding=padding, d_out=draw(cotangents(shape, dtype)))


def transposed_arguments(case):
    """The arguments of a call."""
    return case.x, case.w, case.stride, case.padding


@check("transposed_conv2d", points=1.5, examples=12)
@given(case=transposed_cases(("valid",)))
def test_transposed_conv2d_adds_up_copies_of_the_kernel(student, case):
    """With "valid", each pixel lays down the kernel, `stride` pixels apart; a side becomes (n - 1) s + max(k, s)."""
    arguments = transposed_arguments(case)
    expect_close(student.transposed_conv2d(*arguments), transposed(*arguments), "y")


@check("transposed_conv2d", points=1.5, examples=17)
@given(case=transposed_cases(("same",)))
def test_transposed_conv2d_same_is_stride_times_as_large(student, case):
    """With "same", a side becomes n s: (k - s) // 2 is cut off at the start, the rest at the end, nothing if k < s."""
    arguments = transposed_arguments(case)
    expect_close(student.transposed_conv2d(*arguments), transposed(*arguments), "y")


@check("transposed_conv2d", points=0.5, examples=8)
@given(case=transposed_cases(("valid", "same"), dtypes=st.just(np.float64)))
def test_transposed_conv2d_passes_gradients(student, case):
    """The gradient of transposed_conv2d reaches x and w."""
    arguments = transposed_arguments(case)
    got = student.probe("vjp", "transposed_conv2d", arguments, case.d_out, wrt=(0, 1))
    expect_close(got, tape_vjp(transposed, arguments, case.d_out, wrt=(0, 1)), what=("dx", "dw"))


@check("transposed_conv2d", points=0.5, examples=1)
@given(case=transposed_cases(("valid", "same"), dtypes=st.just(np.float32)))
def test_transposed_conv2d_works_in_a_graph(student, case):
    """transposed_conv2d gives the same answer under tf.function."""
    arguments = transposed_arguments(case)
    got = student.probe("in_graph", "transposed_conv2d", *arguments)
    expect_close(got, transposed(*arguments), "y under tf.function")


# --- separable_conv2d ------------------------------------------------------------------------------------------------


def separable(x, depthwise, pointwise):
    """TensorFlow's separable convolution."""
    return tf.nn.separable_conv2d(x, depthwise, pointwise, [1, 1, 1, 1], "VALID")


@st.composite
def separable_cases(draw, dtypes=DTYPES):
    """Images, depthwise kernels (several for a channel, or one) and pointwise kernels."""
    dtype = draw(dtypes)
    k_h, k_w = draw(st.sampled_from(((2, 3), (3, 2), (1, 2), (2, 1), (2, 2))))
    c, m, c_out = draw(st.sampled_from(((3, 2, 4), (2, 3, 1), (3, 1, 2), (4, 2, 3), (1, 2, 3), (3, 1, 3), (2, 2, 4))))
    b, height, width = draw(distinct_sizes(3, low=2, high=4))
    x = draw(arrays((b, height + k_h - 1, width + k_w - 1, c), dtype))
    depthwise, pointwise = draw(arrays((k_h, k_w, c, m), dtype)), draw(arrays((1, 1, c * m, c_out), dtype))
    d_out = draw(cotangents((b, height, width, c_out), dtype))
    return Case(x=x, depthwise=depthwise, pointwise=pointwise, d_out=d_out)


@check("separable_conv2d", points=1, examples=12)
@given(case=separable_cases())
def test_separable_conv2d_convolves_each_channel_then_mixes(student, case):
    """separable_conv2d convolves each channel with its own kernels, then mixes the results at every pixel."""
    got = student.separable_conv2d(case.x, case.depthwise, case.pointwise)
    expect_close(got, separable(case.x, case.depthwise, case.pointwise), "y")


@check("separable_conv2d", points=0.5, examples=5)
@given(case=separable_cases(dtypes=st.just(np.float64)))
def test_separable_conv2d_passes_gradients(student, case):
    """The gradient of separable_conv2d reaches x, depthwise and pointwise."""
    arguments = (case.x, case.depthwise, case.pointwise)
    got = student.probe("vjp", "separable_conv2d", arguments, case.d_out, wrt=(0, 1, 2))
    right = tape_vjp(separable, arguments, case.d_out, wrt=(0, 1, 2))
    expect_close(got, right, what=("dx", "d_depthwise", "d_pointwise"))


@check("separable_conv2d", points=0.5, examples=1)
@given(case=separable_cases(dtypes=st.just(np.float32)))
def test_separable_conv2d_works_in_a_graph(student, case):
    """separable_conv2d gives the same answer under tf.function."""
    arguments = (case.x, case.depthwise, case.pointwise)
    got = student.probe("in_graph", "separable_conv2d", *arguments)
    expect_close(got, separable(*arguments), "y under tf.function")


# --- conv_parameters and separable_parameters ------------------------------------------------------------------------

SIZES = st.integers(1, 7)


def expect_count(got, right):
    """Fail unless `got` is this whole number, as an int."""
    is_float = isinstance(got, float) or (isinstance(got, np.ndarray) and got.dtype.kind == "f")
    expect(not is_float, "The number of parameters should be an int, but a float came back.", got, right)
    expect_equal(got, right, "the number of parameters")


@check("conv_parameters", points=0.5, examples=12)
@given(kernel=distinct_sizes(2, low=2), c_in=SIZES, c_out=SIZES, bias=st.booleans())
def test_conv_parameters_counts_kernel_and_bias(student, kernel, c_in, c_out, bias):
    """conv_parameters counts the numbers of a [k_h, k_w, c_in, c_out] kernel, and of a [c_out] bias if there is one."""
    right = np.zeros((*kernel, c_in, c_out)).size + (np.zeros(c_out).size if bias else 0)
    expect_count(student.conv_parameters(*kernel, c_in, c_out, bias), right)


@check("conv_parameters", points=0.5, examples=8)
@given(n=st.integers(2, 5), c_in=SIZES, c_out=SIZES, bias=st.booleans())
def test_conv_parameters_of_a_stack_of_layers(student, n, c_in, c_out, bias):
    """Three layers in a row, 1 × n, n × 1 and 1 × 1, have as many parameters as their weights have entries."""
    layers = [(1, n, c_in, c_out), (n, 1, c_out, c_in), (1, 1, c_in, c_out)]
    for layer in layers:
        for given_ in (bias, not bias):
            right = int(np.prod(layer)) + layer[3] * given_
            expect_count(student.conv_parameters(*layer, given_), right)


@check("separable_parameters", points=0.5, examples=12)
@given(kernel=distinct_sizes(2, low=2), c_in=SIZES, c_out=SIZES, m=st.integers(1, 4), bias=st.booleans())
def test_separable_parameters_counts_both_kernels_and_one_bias(student, kernel, c_in, c_out, m, bias):
    """separable_parameters counts a [k_h, k_w, c_in, m] and a [1, 1, c_in m, c_out] kernel, and one [c_out] bias."""
    right = np.zeros((*kernel, c_in, m)).size + np.zeros((c_in * m, c_out)).size + (c_out if bias else 0)
    expect_count(student.separable_parameters(*kernel, c_in, c_out, m, bias), right)
