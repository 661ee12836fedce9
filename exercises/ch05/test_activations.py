"""Checks of activations.py."""

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, expect, expect_close, expect_shape, expect_untouched
from grader.gradients import tape_vjp
from grader.strategies import arrays, away_from, distinct_sizes

NUMPY_ONLY = ("tensorflow.*", "keras.*", "jax.*", "torch.*", "scipy.*")

EXERCISES = (
    Exercise(
        "sigmoid_grad",
        hints=(
            "Write σ′ in terms of s = σ(x): differentiate (1 + e⁻ˣ)⁻¹ with the chain rule.",
            "σ′ = s(1 − s). The danger is e⁻ˣ for x = −1000. Is σ′ the same at x and at −x? Then |x| will do.",
            "With e = np.exp(-np.abs(x)), which is never above 1, σ′ = e / (1 + e)².",
        ),
        forbids=NUMPY_ONLY,
    ),
    Exercise(
        "tanh_grad",
        hints=(
            "tanh is sinh over cosh; the quotient rule gives something in terms of tanh itself.",
            "tanh′ = 1 − tanh². NumPy has a tanh that never overflows.",
        ),
        forbids=NUMPY_ONLY,
    ),
    Exercise(
        "relu_grad",
        hints=(
            "Draw max(0, x). What is its slope on the left, and what on the right?",
            "Compare x with 0, and turn the answer into numbers: np.where(x > 0, …, …).",
        ),
        forbids=NUMPY_ONLY,
    ),
    Exercise(
        "leaky_relu_grad",
        hints=(
            "As relu_grad, with another number on the left.",
            "If you fill an array: np.ones_like(x) of an integer x is an integer array, and cannot hold alpha.",
            "np.where(x > 0, 1.0, alpha) does it all.",
        ),
        forbids=NUMPY_ONLY,
    ),
)

SHAPES = st.integers(1, 3).flatmap(distinct_sizes)
ALPHAS = st.sampled_from([0.25, 0.125, 0.3, 0.0])
ALL_SIZES = ("quarters", "normal", "wide")
TINY = 2.0**-12  # the smallest entry of "wide": what is nearer to the kink is moved this far away
INTEGERS = arrays(SHAPES, dtype=np.int64, pattern="integers")


@st.composite
def far_from_zero(draw):
    """Arrays whose entries reach from 0 to ±1000, both ends among them, the lower one twice where there is room."""
    x = draw(arrays(SHAPES, pattern=("quarters", "normal"))) * draw(st.sampled_from([1.0, 30.0, 300.0]))
    x = np.clip(x, -1000, 1000)
    x.flat[:2] = -1000  # uneven numbers, so that what breaks on the left can be told from what breaks on the right
    x.flat[-1] = 1000
    return x


@st.composite
def with_zeros(draw):
    """Arrays with many zeros."""
    x = draw(arrays(SHAPES, pattern="quarters"))
    x = np.where(np.abs(x) < 0.75, 0.0, x)
    x.flat[0] = 0
    return x


# Far out the derivatives are nearly 0: the usual tolerance would take a curve that was cut at x = ±6 for them. This one
# leaves room for work in float32 (1 − s is wrong by 1e-7 there), and sees a cut at ±15.
FAR_OUT = 2.5e-7


def expect_safe(student, name, x, expected):
    """Right values far from zero, nothing for NumPy to warn of, and x as it was."""
    answer = student.probe("with_warnings", name, x)
    expect_close(answer["value"], expected, atol=FAR_OUT)
    warned = answer["warnings"]
    said = "; ".join(map(str, warned)) if isinstance(warned, list) else "something"
    expect(warned == [], f"The values are right, but NumPy warns: {said}.")
    expect_untouched(student.call(name, x))


def expect_between(got, low, high, sentence):
    """A float64 array between low and high: one number off the kink, a choice on it."""
    array = expect_shape(got, low.shape, np.float64)
    wrong = np.argwhere(~((low - 1e-9 <= array) & (array <= high + 1e-9)))
    if len(wrong):
        index = tuple(wrong[0])
        place = "At x = 0" if low[index] != high[index] else "Off x = 0"
        expect(False, f"{place} {sentence}", got=got, expected=low)


# sigmoid_grad -----------------------------------------------------------------------------------------------


@check("sigmoid_grad", points=1, examples=12)
@given(x=arrays(SHAPES))
def test_sigmoid_grad_is_the_derivative_at_the_input(student, x):
    """sigmoid_grad(x) is σ′(x) at every entry of x, and leaves x as it was."""
    answer = student.call("sigmoid_grad", x)
    expect_close(answer.value, tape_vjp(tf.sigmoid, [x], np.ones_like(x))[0])
    expect_untouched(answer)


@check("sigmoid_grad", points=1, examples=12)
@given(x=far_from_zero())
def test_sigmoid_grad_is_safe_far_from_zero(student, x):
    """sigmoid_grad is finite and right up to ±1000, without any warning of an overflow, and leaves x as it was."""
    expect_safe(student, "sigmoid_grad", x, tape_vjp(tf.sigmoid, [x], np.ones_like(x))[0])


@check("sigmoid_grad", points=1, examples=10)
@given(x=INTEGERS)
def test_sigmoid_grad_takes_integers(student, x):
    """sigmoid_grad of an integer array is an array of floats."""
    answer = student.call("sigmoid_grad", x)
    expect_close(answer.value, tape_vjp(tf.sigmoid, [x.astype(float)], np.ones(x.shape))[0], dtype=False)
    expect_untouched(answer)


# tanh_grad --------------------------------------------------------------------------------------------------


@check("tanh_grad", points=0.5, examples=12)
@given(x=arrays(SHAPES))
def test_tanh_grad_is_the_derivative_at_the_input(student, x):
    """tanh_grad(x) is tanh′(x) at every entry of x, and leaves x as it was."""
    answer = student.call("tanh_grad", x)
    expect_close(answer.value, tape_vjp(tf.tanh, [x], np.ones_like(x))[0])
    expect_untouched(answer)


@check("tanh_grad", points=1, examples=12)
@given(x=far_from_zero())
def test_tanh_grad_is_safe_far_from_zero(student, x):
    """tanh_grad is finite and right up to ±1000, without any warning of an overflow, and leaves x as it was."""
    expect_safe(student, "tanh_grad", x, tape_vjp(tf.tanh, [x], np.ones_like(x))[0])


@check("tanh_grad", points=0.5, examples=10)
@given(x=INTEGERS)
def test_tanh_grad_takes_integers(student, x):
    """tanh_grad of an integer array is an array of floats."""
    answer = student.call("tanh_grad", x)
    expect_close(answer.value, tape_vjp(tf.tanh, [x.astype(float)], np.ones(x.shape))[0], dtype=False)
    expect_untouched(answer)


# relu_grad --------------------------------------------------------------------------------------------------


@check("relu_grad", points=1, examples=12)
@given(x=arrays(SHAPES, pattern=ALL_SIZES))
def test_relu_grad_is_a_step(student, x):
    """relu_grad(x) is 1 right of zero and 0 left of it, however near, and leaves x as it was."""
    x = away_from(x, 0.0, margin=TINY)
    answer = student.call("relu_grad", x)
    expect_close(answer.value, tape_vjp(tf.nn.relu, [x], np.ones_like(x))[0])
    expect_untouched(answer)


@check("relu_grad", points=0.5, examples=10)
@given(x=with_zeros())
def test_relu_grad_has_a_subgradient_at_zero(student, x):
    """relu_grad(0) is some number from 0 to 1."""
    got = student.relu_grad(x)
    expect_between(got, (x > 0) * 1.0, (x >= 0) * 1.0, "the answer is no slope of ReLU.")


@check("relu_grad", points=0.5, examples=10)
@given(x=INTEGERS)
def test_relu_grad_takes_integers(student, x):
    """relu_grad of an integer array has the same values as of floats."""
    x = np.where(x == 0, 7, x)
    answer = student.call("relu_grad", x)
    array = expect_shape(answer.value, x.shape)  # of any dtype: the statement fixes it for floats only
    expect(array.dtype.kind in "biuf", "The result should be numbers.", got=array)
    expect_close(array.astype(np.float64), (x > 0) * 1.0)
    expect_untouched(answer)


# leaky_relu_grad --------------------------------------------------------------------------------------------


@check("leaky_relu_grad", points=1, examples=12)
@given(x=arrays(SHAPES, pattern=ALL_SIZES), alpha=ALPHAS)
def test_leaky_relu_grad_is_one_or_alpha(student, x, alpha):
    """leaky_relu_grad(x, alpha) is 1 right of zero and alpha left of it, however near, and leaves x as it was."""
    x = away_from(x, 0.0, margin=TINY)
    answer = student.call("leaky_relu_grad", x, alpha)
    leaky = tape_vjp(lambda t: tf.nn.leaky_relu(t, alpha), [x], np.ones_like(x))[0]
    expect_close(answer.value, leaky)
    expect_untouched(answer)


@check("leaky_relu_grad", points=0.5, examples=10)
@given(x=with_zeros(), alpha=ALPHAS)
def test_leaky_relu_grad_has_a_subgradient_at_zero(student, x, alpha):
    """leaky_relu_grad(0, alpha) is some number from alpha to 1."""
    got = student.leaky_relu_grad(x, alpha)
    low, high = np.where(x > 0, 1.0, alpha), np.where(x >= 0, 1.0, alpha)
    expect_between(got, low, high, "the answer is no slope of the leaky ReLU.")


@check("leaky_relu_grad", points=0.5, examples=10)
@given(x=INTEGERS, alpha=ALPHAS)
def test_leaky_relu_grad_takes_integers(student, x, alpha):
    """leaky_relu_grad of an integer array is an array of floats, so that alpha is not cut to 0."""
    x = np.where(x == 0, -7, x)
    answer = student.call("leaky_relu_grad", x, alpha)
    expect_close(answer.value, np.where(x > 0, 1.0, alpha), dtype=False)
    expect_untouched(answer)
