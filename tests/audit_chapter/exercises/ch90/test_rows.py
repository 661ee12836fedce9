"""Checks of rows.py."""

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, expect_close, expect_untouched
from grader.gradients import tape_vjp
from grader.strategies import Case, arrays, cotangents, distinct_sizes

EXERCISES = (
    Exercise(
        "softmax_backward",
        hints=("Write down the Jacobian of one row.", "p * (d_out - the inner product of d_out and p)."),
    ),
    Exercise(
        "centre",
        hints=(
            "Which axis is a row?",
            "x - x.mean(axis=1)[:, None], and the mean.",
        ),
    ),
)


@st.composite
def cases(draw):
    """An input, and an upstream gradient."""
    shape = draw(distinct_sizes(2))
    return Case(x=draw(arrays(shape)), d_out=draw(cotangents(shape)))


@check("softmax_backward", points=50, examples=10)
@given(case=cases())
def test_softmax_backward_is_the_chain_rule(student, case):
    """softmax_backward is the product of d_out with the Jacobian of each row's softmax."""
    answer = student.call("softmax_backward", case.d_out, case.x)
    expect_close(answer.value, tape_vjp(tf.nn.softmax, (case.x,), case.d_out)[0], what="dx")
    expect_untouched(answer)


@check("centre", points=40, examples=10)
@given(x=distinct_sizes(2).flatmap(arrays))
def test_centre_gives_rows_and_means(student, x):
    """centre gives the rows without their means, and the means."""
    rows, mean = student.centre(x)
    expect_close(rows, x - np.mean(x, axis=1, keepdims=True), what="the rows")
    expect_close(mean, tf.reduce_mean(x, axis=1), what="the means")
