"""Hidden checks of layers.py."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grader import check, expect_close
from grader.strategies import Case, arrays, cotangents, distinct_sizes, labels

SHAPES = st.integers(1, 4).flatmap(lambda rank: distinct_sizes(rank, 1, 6))


@st.composite
def image_layers(draw):
    """A batch of small images with channels, a dense layer behind them, and an upstream gradient."""
    n, height, width, channels, m = draw(distinct_sizes(5, 1, 6))
    return Case(
        x=draw(arrays((n, height, width, channels))),
        w=draw(arrays((height * width * channels, m))),
        b=draw(arrays((m,))),
        d_out=draw(cotangents((n, m))),
    )


@check("affine_forward", points=1, examples=15)
@given(case=image_layers())
def test_affine_forward_of_images(student, reference, case):
    """affine_forward of a batch of images."""
    args = case.x, case.w, case.b
    expect_close(student.affine_forward(*args), reference.affine_forward(*args))


@check("affine_backward", points=1, examples=15)
@given(case=image_layers())
def test_affine_backward_of_images(student, reference, case):
    """affine_backward of a batch of images."""
    args = case.d_out, case.x, case.w, case.b
    expect_close(student.affine_backward(*args), reference.affine_backward(*args), what=("dx", "dw", "db"))


@check("mse_loss", points=1, examples=15)
@given(data=st.data(), shape=SHAPES)
def test_mse_loss_of_any_shape(student, reference, data, shape):
    """mse_loss of predictions of any rank."""
    y_hat, y = data.draw(arrays(shape)), data.draw(arrays(shape, pattern="normal"))
    expect_close(student.mse_loss(y_hat, y), reference.mse_loss(y_hat, y), what=("loss", "d_y_hat"))


@check("softmax_loss", points=1, examples=15)
@given(data=st.data(), n=st.integers(1, 8), c=st.integers(2, 9), scale=st.sampled_from([1.0, 40.0]))
def test_softmax_loss_of_any_batch(student, reference, data, n, c, scale):
    """softmax_loss of batches of any size, a single sample too, and of sure and unsure logits."""
    logits, right = data.draw(arrays((n, c))) * scale, data.draw(labels(n, c))
    args = np.clip(logits, -1000, 1000), right
    expect_close(student.softmax_loss(*args), reference.softmax_loss(*args), what=("loss", "d_logits"))
