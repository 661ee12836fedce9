"""Checks of pooling.py. Oracles: TensorFlow's own pooling and its gradient, and what must hold for ties."""

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, expect, expect_close, expect_shape, expect_untouched
from grader.gradients import tape_vjp
from grader.strategies import PATTERNS, SEEDS, Case

LIBRARIES = ("tensorflow.*", "keras.*", "torch.*", "jax.*", "scipy.*", "cv2.*", "skimage.*")

EXERCISES = (
    Exercise(
        "max_pool",
        hints=(
            "The windows are those of a convolution without padding; only what happens to a window differs.",
            "The window of output (i, j) is x[:, i * stride : i * stride + size, j * stride : j * stride + size]: "
            "reduce its axes 1 and 2, and leave samples and channels apart.",
        ),
        forbids=LIBRARIES,
    ),
    Exercise(
        "max_pool_backward",
        hints=(
            "Go through the same windows again. Who was the largest in each of them?",
            "argmax over a window of shape [batch, size * size, channels] names one winner for each sample and "
            "channel, in a tie as well.",
            "Make an array of zeros like x; for each window add, with +=, d_out[:, i, j] at the winner's place and "
            "nothing elsewhere. A winner can be part of several windows.",
        ),
        forbids=LIBRARIES,
    ),
    Exercise(
        "average_pool",
        hints=(
            "It is max_pool with another reduction.",
            "out[:, i, j] is the mean of the window over its axes 1 and 2.",
        ),
        forbids=LIBRARIES,
    ),
)


# Choices shrink to the first of each list: simple ones to read, then those in which no two axes are alike.
SIZE = st.integers(1, 3)
GAP = st.integers(0, 1)
ENDS = st.sampled_from(((1, 1), (1, 2), (3, 2), (2, 3), (4, 3), (2, 4), (3, 4)))  # batch, channels
ROOM = st.integers(0, 5)


@st.composite
def pool_cases(draw, pattern=("quarters", "normal"), apart=False):
    """Images of entries of either sign, with windows that overlap, tile or leave gaps; apart: that never overlap.

    The pattern "distinct" has no two equal entries, so that every window has one winner.
    """
    size = draw(SIZE)
    stride = size + draw(GAP) if apart else draw(st.integers(1, size + 1))
    batch, channels = draw(ENDS)
    height, width = size + draw(ROOM), size + draw(ROOM)
    shape, rng = (batch, height, width, channels), np.random.default_rng(draw(SEEDS))
    chosen = draw(st.sampled_from(pattern))
    if chosen == "distinct":
        order = rng.permutation(batch * height * width * channels)
        x = (order.reshape(shape) - order.size // 2) / 4
    else:
        x = PATTERNS[chosen](rng, shape)
    d_out = rng.standard_normal((batch, (height - size) // stride + 1, (width - size) // stride + 1, channels))
    return Case(x=x, size=size, stride=stride, d_out=d_out)


def tf_max_pool(x, size, stride):
    """TensorFlow's max pooling of the same arguments (which makes float32 of a NumPy array, but not of a tensor)."""
    return tf.nn.max_pool2d(tf.convert_to_tensor(x), size, stride, "VALID")


def tf_average_pool(x, size, stride):
    """TensorFlow's average pooling of the same arguments."""
    return tf.nn.avg_pool2d(tf.convert_to_tensor(x), size, stride, "VALID")


# --- max_pool --------------------------------------------------------------------------------------------------------


@check("max_pool", points=2, examples=12)
@given(case=pool_cases())
def test_max_pool_takes_the_largest_of_every_window(student, case):
    """max_pool is the largest entry of every whole window, for each sample and channel by itself."""
    got = student.max_pool(case.x, case.size, case.stride)
    expect_close(got, tf_max_pool(case.x, case.size, case.stride))


@check("max_pool", points=1, examples=12)
@given(case=pool_cases())
def test_max_pool_keeps_order_and_offset(student, case):
    """max_pool of x ± 1000 is max_pool of x, ± 1000: all signs alike; and x stays as it was."""
    for offset in (1000, -1000):  # the smallest entry is wrong for both, the largest magnitude for the second only
        answer = student.call("max_pool", case.x + offset, case.size, case.stride)
        expect_untouched(answer)
        expect_close(answer.value, tf_max_pool(case.x, case.size, case.stride) + offset)


# --- max_pool_backward -----------------------------------------------------------------------------------------------


@check("max_pool_backward", points=2, examples=12)
@given(case=pool_cases(("distinct",)))
def test_max_pool_backward_pays_the_winner_of_every_window(student, case):
    """The largest entry of a window gets its d_out, the sum where it wins several windows; all others get 0."""
    got = student.max_pool_backward(case.d_out, case.x, case.size, case.stride)
    expected = tape_vjp(tf_max_pool, (case.x, case.size, case.stride), case.d_out, wrt=(0,))[0]
    expect_close(got, expected, what="dx")


@check("max_pool_backward", points=1, examples=12)
@given(case=pool_cases(("ties",), apart=True))
def test_max_pool_backward_pays_a_tie_once(student, case):
    """Where entries tie for the largest, the window passes back its d_out once: to one of them, or split."""
    size, stride = case.size, case.stride
    got = student.max_pool_backward(case.d_out, case.x, size, stride)
    dx = expect_shape(got, case.x.shape, np.float64, what="dx")
    for i, j in np.ndindex(case.d_out.shape[1:3]):
        window = (slice(None), slice(i * stride, i * stride + size), slice(j * stride, j * stride + size))
        d_out, entries, paid = case.d_out[:, i : i + 1, j : j + 1], case.x[window], dx[window]
        lost = entries < entries.max(axis=(1, 2), keepdims=True)
        expect(not paid[lost].any(), "An entry that is not the largest of its window got a gradient.", dx)
        sums = paid.sum(axis=(1, 2), keepdims=True)
        expect_close(sums, d_out, what=f"what the window of output ({i}, {j}) passes back in all")
        expect((paid * d_out >= 0).all(), "A tied entry got a gradient of the wrong sign.", dx)
        dx[window] = 0
    expect(not dx.any(), "A pixel that is in no window got a gradient.", got)


@check("max_pool_backward", points=1, examples=12)
@given(case=pool_cases(("ties",)))
def test_max_pool_backward_loses_nothing(student, case):
    """With any windows and any ties, all that comes from upstream arrives; d_out and x stay as they were."""
    answer = student.call("max_pool_backward", case.d_out, case.x, case.size, case.stride)
    expect_untouched(answer)
    dx = expect_shape(answer.value, case.x.shape, np.float64, what="dx")
    total = case.d_out.sum(axis=(1, 2))
    expect_close(dx.sum(axis=(1, 2)), total, what="dx, summed over each sample's channels,")
    may_win = np.zeros(case.x.shape, bool)
    for i, j in np.ndindex(case.d_out.shape[1:3]):
        top, left = i * case.stride, j * case.stride
        entries = case.x[:, top : top + case.size, left : left + case.size]
        may_win[:, top : top + case.size, left : left + case.size] |= entries == entries.max((1, 2), keepdims=True)
    expect(not dx[~may_win].any(), "An entry that is the largest of no window got a gradient.", answer.value)


# --- average_pool ----------------------------------------------------------------------------------------------------


@check("average_pool", points=2, examples=12)
@given(case=pool_cases(("quarters", "normal", "ramp")))
def test_average_pool_takes_the_mean_of_every_window(student, case):
    """average_pool is the mean of every whole window, for each sample and channel by itself."""
    got = student.average_pool(case.x, case.size, case.stride)
    expect_close(got, tf_average_pool(case.x, case.size, case.stride))


@check("average_pool", points=1, examples=8)
@given(case=pool_cases())
def test_average_pool_keeps_a_constant(student, case):
    """Pooling an image of one colour gives that colour, pooling is linear, and x stays as it was."""
    answer = student.call("average_pool", 5 - 2 * case.x, case.size, case.stride)
    expect_untouched(answer)
    expect_close(answer.value, 5 - 2 * tf_average_pool(case.x, case.size, case.stride))
    flat = student.average_pool(np.full_like(case.x, 0.75), case.size, case.stride)
    expect_close(flat, np.full(case.d_out.shape, 0.75), what="the average of a constant image")
