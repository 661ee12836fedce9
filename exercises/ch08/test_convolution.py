"""Checks of convolution.py. Oracles: counting by hand, and TensorFlow's own convolution and its gradient."""

import numpy as np
import tensorflow as tf
from hypothesis import example, given
from hypothesis import strategies as st

from grader import Exercise, check, expect, expect_close, expect_equal, expect_shape, expect_untouched
from grader.gradients import tape_vjp
from grader.strategies import PATTERNS, SEEDS, Case, arrays, distinct_sizes

LIBRARIES = (
    "tensorflow.*",
    "keras.*",
    "torch.*",
    "jax.*",
    "scipy.*",
    "cv2.*",
    "skimage.*",
    "numpy.convolve",
    "numpy.correlate",
)

EXERCISES = (
    Exercise(
        "conv_output_size",
        hints=(
            "Write down where the windows start for n = 7, kernel = 3 and stride = 2, and count them.",
            'The last window of "valid" starts at n - span or before, where span is what the dilated kernel covers.',
            'span = dilation * (kernel - 1) + 1. "valid": (n - span) // stride + 1. "same": n / stride, rounded up '
            "in whole numbers, that is -(-n // stride).",
        ),
    ),
    Exercise(
        "conv2d",
        hints=(
            "Do it for one output first: cut its window out of the image, multiply it with the kernel, add up.",
            'Put the zeros around x first (np.pad); from there on "same" is "valid" on a larger image. The window of '
            "output (i, j) starts at (i * stride, j * stride).",
            "For each i and j: window = padded[:, i * stride : i * stride + k_h, j * stride : j * stride + k_w], and "
            "out[:, i, j] = np.tensordot(window, w, axes=3) + b.",
        ),
        forbids=LIBRARIES,
    ),
    Exercise(
        "im2col",
        hints=(
            "Cut the windows as conv2d does, and lay each of them flat instead of multiplying it.",
            "An array of shape [batch, out_h, out_w, k_h, k_w, channels] needs only one reshape to be the answer.",
            "np.lib.stride_tricks.sliding_window_view(padded, (k_h, k_w), axis=(1, 2)) has the window's axes behind "
            "the channels: take every stride-th window, transpose to (0, 1, 2, 4, 5, 3), reshape.",
        ),
        forbids=LIBRARIES,
    ),
    Exercise(
        "conv_matrix",
        hints=(
            "Each row of the matrix is itself a picture, of the image's size: zeros, with the kernel somewhere in it.",
            "Make an array of shape [out_h, out_w, height, width], fill it with two loops, and reshape it at the end.",
        ),
        forbids=LIBRARIES,
    ),
    Exercise(
        "conv2d_backward",
        hints=(
            "Start with db, then take your loops from conv2d: at each position, what did w and what did the window "
            "contribute to the output?",
            "The output at (i, j) is the product of a window and w. So dw gets window times d_out, the window of dx "
            "gets w times d_out, and both are added to what other positions have sent.",
            "Collect dx in an array of the padded image's size, d_padded[:, rows, columns] += "
            "np.tensordot(d_out[:, i, j], w, axes=(1, 3)), and return d_padded[:, top : top + height, left : left + "
            "width].",
        ),
        forbids=LIBRARIES,
    ),
)


# Choices shrink to the first of each list: simple ones to read, then those in which no two axes are alike, for the most part.
PATTERN = st.sampled_from(("quarters", "normal"))
SIZES = st.sampled_from(  # batch, k_h, k_w, c_in, c_out
    (
        (1, 1, 2, 1, 1),
        (1, 2, 2, 1, 1),
        (2, 2, 1, 1, 2),
        (1, 2, 3, 2, 1),
        (2, 3, 1, 5, 4),
        (3, 2, 4, 1, 5),
        (2, 4, 3, 5, 1),
        (4, 1, 3, 2, 5),
        (1, 3, 2, 4, 5),
        (3, 1, 5, 2, 4),
        (2, 5, 3, 4, 1),
        (5, 3, 4, 1, 2),
        (1, 4, 5, 3, 2),
        (4, 5, 2, 3, 1),
        (2, 3, 2, 3, 3),  # all alike but a few: what is only wrong then
        (3, 2, 3, 2, 2),
        (3, 3, 3, 3, 3),
    )
)
ROOM = st.integers(0, 4)
SIDE = st.integers(1, 8)


@st.composite
def conv_cases(draw, padding=("valid", "same"), strides=(1, 2, 3)):
    """An image, a kernel and a bias, and an upstream gradient. With "same", the image may be smaller than the kernel."""
    padding, stride = draw(st.sampled_from(padding)), draw(st.sampled_from(strides))
    batch, k_h, k_w, c_in, c_out = draw(SIZES)
    if padding == "same":
        height, width = draw(SIDE), draw(SIDE)
        out_h, out_w = -(-height // stride), -(-width // stride)
    else:
        height, width = k_h + draw(ROOM), k_w + draw(ROOM)
        out_h, out_w = (height - k_h) // stride + 1, (width - k_w) // stride + 1
    values, rng = PATTERNS[draw(PATTERN)], np.random.default_rng(draw(SEEDS))
    return Case(
        x=values(rng, (batch, height, width, c_in)),
        w=values(rng, (k_h, k_w, c_in, c_out)),
        b=values(rng, (c_out,)),
        d_out=rng.standard_normal((batch, out_h, out_w, c_out)),
        stride=stride,
        padding=padding,
    )


# Seen in every run: down the image the stride skips more than the kernel covers, and (m - 1) s + k - n is -2, so that no zeros
# are added and none may be; along the width it is just 0, where k // 2 zeros on both sides would be one each.
KERNEL_BELOW_STRIDE = Case(
    x=np.arange(1.0, 19.0).reshape(1, 3, 6, 1) / 4,
    w=np.array([1.0, -2.0, 0.5]).reshape(1, 3, 1, 1),
    b=np.array([0.25]),
    d_out=np.array([1.5, -0.75]).reshape(1, 1, 2, 1),
    stride=3,
    padding="same",
)

# Seen in every run, too: zeros for a stride of 1 are one too many before the image, on either axis.
STRIDE_COUNTS = Case(
    x=np.arange(1.0, 25.0).reshape(1, 4, 6, 1) / 4,
    w=np.arange(-7.0, 8.0).reshape(3, 5, 1, 1) / 8,
    b=np.array([0.25]),
    d_out=np.array([1.5, -0.75, 2.0, -1.0, 0.5, 0.25]).reshape(1, 2, 3, 1),
    stride=2,
    padding="same",
)


def tf_conv(x, w, b, stride, padding):
    """TensorFlow's convolution of the same arguments."""
    return tf.nn.conv2d(x, w, stride, padding.upper()) + b


def tf_gradient(case, argument):
    """The gradient with respect to x (0), w (1) or b (2) by TensorFlow."""
    arguments = (case.x, case.w, case.b, case.stride, case.padding)
    return tape_vjp(tf_conv, arguments, case.d_out, wrt=(argument,))[0]


# --- conv_output_size ------------------------------------------------------------------------------------------------


def expect_sizes(student, cases, sizes):
    """Fail unless conv_output_size answers these calls with these whole numbers, as ints."""
    got = [student.conv_output_size(*case) for case in cases]
    floats = [isinstance(n, float) or (isinstance(n, np.ndarray) and n.dtype.kind == "f") for n in got]
    for case, answer, is_float, size in zip(cases, got, floats, sizes, strict=True):
        if answer == size and not is_float:
            continue
        again = student.conv_output_size(*case)  # once more, since the last call is the one that is shown
        expect(
            not is_float or answer != size,
            "The number is right, but it is a float: a size is an int.",
            again,
            size,
            diagnosis="right_number_as_float" if got == sizes else None,
        )
        expect_equal(again, size, "the size")
    expect_equal(got, sizes, "the list of the sizes of several calls")


def several(sides, stride):
    """Sides of images, each with this stride and the next."""
    return [(n, s) for n in sides for s in (stride, stride + 1)]


@check("conv_output_size", points=1, examples=12)
@given(kernel=st.integers(1, 6), stride=st.integers(1, 3))
def test_valid_counts_the_windows_that_fit(student, kernel, stride):
    """With "valid", conv_output_size counts the windows that lie wholly inside the image."""
    cases = several(range(kernel, kernel + 5), stride)
    calls = [(n, kernel, s, "valid", 1) for n, s in cases]
    expect_sizes(student, calls, [len([i for i in range(0, n, s) if i + kernel <= n]) for n, s in cases])


@check("conv_output_size", points=1, examples=12)
@given(kernel=st.integers(1, 12), stride=st.integers(1, 3), dilation=st.integers(1, 3))
def test_same_depends_on_the_stride_alone(student, kernel, stride, dilation):
    """With "same", conv_output_size is n / stride, rounded up, whatever the kernel and its dilation."""
    cases = [*several(range(6, 10), stride), (25, 12 + stride)]
    calls = [(n, kernel, s, "same", dilation) for n, s in cases]
    expect_sizes(student, calls, [len(range(0, n, s)) for n, s in cases])


@check("conv_output_size", points=1, examples=12)
@given(kernel=st.integers(1, 5), stride=st.integers(1, 3), dilation=st.integers(2, 4))
def test_dilation_spreads_the_kernel(student, kernel, stride, dilation):
    """A dilated kernel covers the pixels from its first to its last entry, and with "valid" all of them are inside."""
    last = dilation * (kernel - 1)
    cases = several(range(last + 1, last + 5), stride)
    calls = [(n, kernel, s, "valid", dilation) for n, s in cases]
    expect_sizes(student, calls, [len([i for i in range(0, n, s) if i + last < n]) for n, s in cases])


# --- conv2d ----------------------------------------------------------------------------------------------------------


@check("conv2d", points=2, examples=12)
@given(case=conv_cases(("valid",), strides=(1,)))
def test_conv2d_lays_the_kernel_on_every_window(student, case):
    """conv2d sums every window times every kernel, unflipped, over all input channels, and adds the bias once."""
    got = student.conv2d(case.x, case.w, case.b, 1, "valid")
    expect_close(got, tf_conv(case.x, case.w, case.b, 1, "valid"))


@check("conv2d", points=1, examples=12)
@given(case=conv_cases(("valid",), strides=(2, 3)))
def test_conv2d_moves_by_the_stride(student, case):
    """With a stride, the windows of conv2d start at 0, stride, 2 * stride, … on both axes, as long as they fit."""
    got = student.conv2d(case.x, case.w, case.b, case.stride, "valid")
    expect_close(got, tf_conv(case.x, case.w, case.b, case.stride, "valid"))


@check("conv2d", points=2, examples=30)
@given(case=conv_cases(("same",)))
@example(case=KERNEL_BELOW_STRIDE)
@example(case=STRIDE_COUNTS)
def test_conv2d_surrounds_the_image_with_zeros_for_same(student, case):
    """With "same", conv2d puts zeros around the image as TensorFlow does: an odd one goes below and on the right."""
    got = student.conv2d(case.x, case.w, case.b, case.stride, "same")
    expect_close(got, tf_conv(case.x, case.w, case.b, case.stride, "same"))


@check("conv2d", points=1, examples=12)
@given(
    window=st.sampled_from(((1, 1), (1, 4), (3, 1), (2, 3))),
    room=st.sampled_from(((0, 0), (0, 1), (1, 0))),
    ends=distinct_sizes(2, low=1, high=3),
    values=arrays((64,)),
)
def test_conv2d_of_the_smallest_images(student, window, room, ends, values):
    """Without stride and padding conv2d takes 1 and "valid"; kernels of one pixel or of the image's size are fine."""
    (k_h, k_w), (c_in, c_out) = window, ends
    x = np.resize(values, (1, k_h + room[0], k_w + room[1], c_in))
    w, b = np.resize(values[::-1], (k_h, k_w, c_in, c_out)), values[:c_out] + 1
    expect_close(student.conv2d(x, w, b), tf_conv(x, w, b, 1, "valid"))
    expect_close(student.conv2d(x, w, b, 1, "valid"), tf_conv(x, w, b, 1, "valid"))
    expect_close(student.conv2d(x, w, b, 2), tf_conv(x, w, b, 2, "valid"))


@check("conv2d", points=1, examples=15)
@given(case=conv_cases())
def test_conv2d_is_linear_and_moves_with_the_image(student, case):
    """conv2d is linear in the image, follows it when it moves, and leaves its arguments as they were."""
    x, w, b, stride, padding = case.x, case.w, case.b, case.stride, case.padding
    answer = student.call("conv2d", x, w, b, stride, padding)
    expect_untouched(answer)
    out = tf_conv(x, w, b, stride, padding).numpy()
    expect_close(answer.value, out)
    doubled = student.conv2d(-2 * x, w, b, stride, padding)
    expect_close(doubled, b - 2 * (out - b), what="the answer for -2 times the image")
    if padding == "valid":
        above = np.ones((len(x), stride, *x.shape[2:]))
        moved = np.concatenate([above, x], axis=1)  # one stride further down
        got = student.conv2d(moved, w, b, stride, padding)
        expect_shape(got, (len(x), out.shape[1] + 1, *out.shape[2:]), np.float64)
        expect_close(got[:, 1:], out, what="the answer for the moved image, from its second row on,")


# --- im2col ----------------------------------------------------------------------------------------------------------


def tf_windows(x, kernel, stride, padding):
    """Every window as a row, by TensorFlow."""
    ones = tf.image.extract_patches(x, (1, *kernel, 1), (1, stride, stride, 1), (1, 1, 1, 1), padding.upper())
    return tf.reshape(ones, (-1, ones.shape[-1]))


@check("im2col", points=1, examples=12)
@given(case=conv_cases(("valid",)))
def test_im2col_has_a_row_for_every_window(student, case):
    """Each row of im2col is a window: samples, then rows, then columns; inside it k_h, then k_w, then channels."""
    kernel = case.w.shape[:2]
    got = student.im2col(case.x, kernel, case.stride, "valid")
    expect_close(got, tf_windows(case.x, kernel, case.stride, "valid"))


@check("im2col", points=1, examples=17)
@given(case=conv_cases(("same",)))
@example(case=KERNEL_BELOW_STRIDE)
@example(case=STRIDE_COUNTS)
def test_im2col_takes_windows_of_the_padded_image(student, case):
    """With "same", im2col takes its windows from the image with TensorFlow's zeros around it."""
    kernel = case.w.shape[:2]
    got = student.im2col(case.x, kernel, case.stride, "same")
    expect_close(got, tf_windows(case.x, kernel, case.stride, "same"))


@check("im2col", points=1, examples=14)
@given(case=conv_cases(("same",), strides=(2, 3)))
def test_im2col_makes_convolution_a_matrix_product(student, case):
    """im2col(x) @ w.reshape(-1, c_out) is the convolution, and x stays as it was."""
    x, w = case.x, case.w
    answer = student.call("im2col", x, w.shape[:2], case.stride, case.padding)
    expect_untouched(answer)
    expected = tf_conv(x, w, 0 * case.b, case.stride, case.padding)
    rows = int(np.prod(expected.shape[:3]))
    columns = expect_shape(answer.value, (rows, w[..., 0].size), np.float64)
    product = (columns @ w.reshape(-1, w.shape[-1])).reshape(expected.shape)
    expect_close(product, expected, what="im2col(x) @ w.reshape(-1, c_out)")


# --- conv_matrix -----------------------------------------------------------------------------------------------------


KERNELS = st.sampled_from(((1, 2), (2, 1), (2, 2), (2, 3), (3, 2), (1, 3), (4, 2), (3, 4)))


@st.composite
def matrix_cases(draw):
    """A kernel of one channel, an image that is as large or a little larger, and an output's values."""
    k_h, k_w = draw(KERNELS)
    height, width = k_h + draw(ROOM), k_w + draw(ROOM)
    w = draw(arrays((k_h, k_w)))
    return Case(w=w, height=height, width=width, out=draw(arrays((height - k_h + 1, width - k_w + 1))))


@check("conv_matrix", points=2, examples=12)
@given(case=matrix_cases())
def test_conv_matrix_holds_the_kernel_for_every_output(student, case):
    """Row i * out_w + j of conv_matrix holds the kernel as it lies on the image at (i, j), and zeros elsewhere."""
    got = student.conv_matrix(case.w, case.height, case.width)
    pixels = case.height * case.width
    unit_images = np.eye(pixels).reshape(pixels, case.height, case.width, 1)  # their convolutions are W′'s columns
    columns = tf.nn.conv2d(unit_images, case.w[:, :, None, None], 1, "VALID").numpy()
    expect_close(got, columns.reshape(pixels, -1).T)


@check("conv_matrix", points=1, examples=10)
@given(case=matrix_cases())
def test_conv_matrix_leads_back_when_transposed(student, case):
    """The transpose of conv_matrix is the transposed convolution, and the kernel stays as it was."""
    answer = student.call("conv_matrix", case.w, case.height, case.width)
    expect_untouched(answer)
    matrix = expect_shape(answer.value, (case.out.size, case.height * case.width), np.float64)
    back = (matrix.T @ case.out.ravel()).reshape(case.height, case.width)
    shape = (1, case.height, case.width, 1)
    image = tf.nn.conv2d_transpose(case.out[None, :, :, None], case.w[:, :, None, None], shape, 1, "VALID")
    expect_close(back, image[0, :, :, 0], what="conv_matrix(w, height, width).T @ out")


# --- conv2d_backward -------------------------------------------------------------------------------------------------


def backward(student, case):
    """The student's (dx, dw, db); fails unless three values came back."""
    got = student.conv2d_backward(case.d_out, case.x, case.w, case.b, case.stride, case.padding)
    three = isinstance(got, (tuple, list)) and len(got) == 3
    expect(three, "Three gradients should come back: (dx, dw, db).", got)
    return got


@check("conv2d_backward", points=1, examples=8)
@given(case=conv_cases())
def test_backward_of_the_bias_sums_over_all_outputs(student, case):
    """db is the sum of d_out over samples, rows and columns: one number for each output channel."""
    _, _, db = backward(student, case)
    expect_close(db, case.d_out.sum(axis=(0, 1, 2)), what="db")


@check("conv2d_backward", points=2, examples=12)
@given(case=conv_cases())
@example(case=KERNEL_BELOW_STRIDE)
def test_backward_of_the_kernel_sums_over_all_windows(student, case):
    """dw adds up, over all samples and positions, the window that was seen there times its d_out."""
    _, dw, _ = backward(student, case)
    expect_close(dw, tf_gradient(case, 1), what="dw")


@check("conv2d_backward", points=2, examples=12)
@given(case=conv_cases())
@example(case=KERNEL_BELOW_STRIDE)
def test_backward_of_the_image_adds_up_where_windows_overlap(student, case):
    """dx adds up what every window that a pixel is part of sends back; pixels that no window reaches get 0."""
    dx, _, _ = backward(student, case)
    expect_close(dx, tf_gradient(case, 0), what="dx")


@check("conv2d_backward", points=1, examples=14)
@given(case=conv_cases(("same",), strides=(2, 3)))
def test_backward_is_the_adjoint_of_conv2d(student, case):
    """conv2d is linear in x and in w, so ⟨d_out, conv2d(x, w, 0)⟩ = ⟨dx, x⟩ = ⟨dw, w⟩; no argument is changed."""
    answer = student.call("conv2d_backward", case.d_out, case.x, case.w, case.b, case.stride, case.padding)
    expect_untouched(answer)
    expect(isinstance(answer.value, (tuple, list)) and len(answer.value) == 3, "Three gradients should come back.")
    dx, dw, db = answer.value
    expect_shape(dx, case.x.shape, np.float64, what="dx")
    expect_shape(dw, case.w.shape, np.float64, what="dw")
    expect_shape(db, case.b.shape, np.float64, what="db")
    inner = np.sum(case.d_out * tf_conv(case.x, case.w, 0 * case.b, case.stride, case.padding).numpy())
    expect_close(np.sum(dx * case.x), inner, what="⟨dx, x⟩")
    expect_close(np.sum(dw * case.w), inner, what="⟨dw, w⟩")
