"""Checks of layers.py."""

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, expect, expect_close, expect_shape, expect_untouched
from grader.comparison import expect_length
from grader.gradients import tape_vjp
from grader.strategies import Case, arrays, away_from, cotangents, distinct_sizes, labels

NUMPY_ONLY = ("tensorflow.*", "keras.*", "jax.*", "torch.*", "scipy.*")

EXERCISES = (
    Exercise(
        "affine_forward",
        hints=(
            "Two steps: make every sample one row, then multiply by w and add b.",
            "x.reshape(len(x), -1) is [n, D]; NumPy adds b to every row.",
        ),
        forbids=NUMPY_ONLY,
    ),
    Exercise(
        "affine_backward",
        hints=(
            "Write the shapes down: d_out [n, m], w [D, m], flattened x [n, D]. For each gradient only one product "
            "has the right shape.",
            "dX = d_out Wᵀ and dW = Xᵀ d_out. One bias serves all samples: what does the chain rule do with many "
            "paths?",
            "Reshape dX to x.shape, and db = d_out.sum(axis=0).",
        ),
        forbids=NUMPY_ONLY,
    ),
    Exercise(
        "relu_forward",
        hints=("The larger of x and 0, entry by entry.", "np.maximum(x, 0) makes a new array."),
        forbids=NUMPY_ONLY,
    ),
    Exercise(
        "relu_backward",
        hints=(
            "The chain rule: what arrives, times the derivative at x.",
            "The derivative is a mask made from x: d_out * (x > 0).",
        ),
        forbids=NUMPY_ONLY,
    ),
    Exercise(
        "sigmoid_backward",
        hints=(
            "The chain rule: what arrives, times σ′(x). You have written σ′ in activations.py.",
            "d_out * s * (1 - s) with s = σ(x); for large |x| use e = np.exp(-np.abs(x)) and σ′ = e / (1 + e)².",
        ),
        forbids=NUMPY_ONLY,
    ),
    Exercise(
        "mse_loss",
        hints=(
            "The loss is one number: the mean of (y_hat − y)² over all entries.",
            "Each entry of y_hat is in one term only: (y_hat[i] − y[i])² / N. Differentiate that.",
            "The gradient is 2 · (y_hat − y) / y_hat.size.",
        ),
        forbids=NUMPY_ONLY,
    ),
    Exercise(
        "softmax_loss",
        hints=(
            "ln softmax(z)ᵢ = zᵢ − ln Σ exp(zⱼ). What happens to it when the same number is added to every z?",
            "Subtract each row's maximum before exp, and never take the logarithm of a probability. "
            "The loss picks log_p[np.arange(n), labels].",
            "The gradient is (p − onehot) / n: take p, subtract 1 at [np.arange(n), labels], divide by n.",
        ),
        forbids=NUMPY_ONLY,
    ),
)

SHAPES = st.integers(1, 3).flatmap(distinct_sizes)
ALL_SIZES = ("quarters", "normal", "wide")
TINY = 2.0**-12  # the smallest entry of "wide": what is nearer to the kink is moved this far away
GRADIENTS = ("dx", "dw", "db")


@st.composite
def affine_cases(draw, ranks=(2, 3, 4)):
    """x of one of these ranks, w, b and an upstream gradient; all sizes differ."""
    *outer, m = draw(st.sampled_from(ranks).flatmap(lambda rank: distinct_sizes(rank + 1, 2, 5)))
    width = int(np.prod(outer[1:]))
    return Case(
        x=draw(arrays(tuple(outer))),
        w=draw(arrays((width, m))),
        b=draw(arrays((m,))),
        d_out=draw(cotangents((outer[0], m))),
    )


@st.composite
def upstream_cases(draw, scales=(1.0,), pattern=None):
    """x and an upstream gradient of its shape."""
    x = draw(arrays(SHAPES, pattern=pattern)) * draw(st.sampled_from(scales))
    return Case(x=x, d_out=draw(cotangents(x.shape)))


@st.composite
def prediction_cases(draw):
    """Predictions and targets of one shape, of rank 1 to 3."""
    shape = draw(SHAPES)
    y = draw(arrays(shape, pattern=("quarters", "normal"), nth=1))
    return Case(y_hat=draw(arrays(shape, pattern=ALL_SIZES)), y=y)


@st.composite
def logits_cases(draw):
    """Logits [n, c] and labels [n]."""
    n, c = draw(distinct_sizes(2, 2, 6))
    c = max(c, 2)
    return Case(logits=draw(arrays((n, c))), labels=draw(labels(n, c)))


def affine(x, w, b):
    return tf.reshape(x, [x.shape[0], -1]) @ w + b


def cross_entropy(logits, targets):
    # The raw op: its wrapper in tf.nn takes ten times as long for small arrays.
    return tf.reduce_mean(tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=logits, labels=targets).loss)


# affine_forward ---------------------------------------------------------------------------------------------


@check("affine_forward", points=1, examples=12)
@given(case=affine_cases(ranks=(2,)))
def test_affine_forward_is_x_times_w_plus_b(student, case):
    """affine_forward of rows is x w + b."""
    expect_close(student.affine_forward(case.x, case.w, case.b), affine(case.x, case.w, case.b))


@check("affine_forward", points=2, examples=12)
@given(case=affine_cases())
def test_affine_forward_flattens_every_sample(student, case):
    """affine_forward flattens samples of any rank, row-major, and leaves its arguments as they were."""
    answer = student.call("affine_forward", case.x, case.w, case.b)
    expect_close(answer.value, affine(case.x, case.w, case.b))
    expect_untouched(answer)


# affine_backward --------------------------------------------------------------------------------------------


def expect_affine_gradient(student, case, which):
    """One of the three gradients, alone: the other two may be wrong."""
    got = student.affine_backward(case.d_out, case.x, case.w, case.b)
    expect_length(got, 3, GRADIENTS)
    expected = tape_vjp(affine, [case.x, case.w, case.b], case.d_out)
    expect_close(got[which], expected[which], what=GRADIENTS[which])


@check("affine_backward", points=2, examples=12)
@given(case=affine_cases(ranks=(2,)))
def test_affine_backward_gives_dx(student, case):
    """dx is the gradient by x, in x's shape, of whatever loss sent d_out."""
    expect_affine_gradient(student, case, 0)


@check("affine_backward", points=2, examples=12)
@given(case=affine_cases(ranks=(2,)))
def test_affine_backward_gives_dw(student, case):
    """dw is the gradient by w, in w's shape, of whatever loss sent d_out."""
    expect_affine_gradient(student, case, 1)


@check("affine_backward", points=1, examples=12)
@given(case=affine_cases(ranks=(2,)))
def test_affine_backward_gives_db(student, case):
    """db is the gradient by b, in b's shape, of whatever loss sent d_out."""
    expect_affine_gradient(student, case, 2)


@check("affine_backward", points=2, examples=12)
@given(case=affine_cases(ranks=(3, 4)))
def test_affine_backward_undoes_the_flattening(student, case):
    """affine_backward gives all three gradients for samples of any rank, and leaves its arguments as they were."""
    answer = student.call("affine_backward", case.d_out, case.x, case.w, case.b)
    expect_close(answer.value, tuple(tape_vjp(affine, [case.x, case.w, case.b], case.d_out)), what=GRADIENTS)
    expect_untouched(answer)


# relu -------------------------------------------------------------------------------------------------------


@check("relu_forward", points=1, examples=12)
@given(x=arrays(SHAPES, pattern=ALL_SIZES))
def test_relu_forward_is_the_positive_part(student, x):
    """relu_forward(x) is max(0, x), entry by entry."""
    expect_close(student.relu_forward(x), tf.nn.relu(x))


@check("relu_forward", points=1, examples=10)
@given(x=arrays(SHAPES, pattern=ALL_SIZES))
def test_relu_forward_leaves_x_alone(student, x):
    """relu_forward does not write into x, which the backward pass still needs."""
    answer = student.call("relu_forward", x)
    expect_close(answer.value, tf.nn.relu(x))
    expect_untouched(answer)


@check("relu_backward", points=1, examples=12)
@given(case=upstream_cases(pattern=ALL_SIZES))
def test_relu_backward_lets_through_what_was_open(student, case):
    """relu_backward(d_out, x) is d_out where x > 0, however little, and 0 where x < 0."""
    x = away_from(case.x, 0.0, margin=TINY)
    expect_close(student.relu_backward(case.d_out, x), tape_vjp(tf.nn.relu, [x], case.d_out)[0], what="dx")


@check("relu_backward", points=1, examples=10)
@given(case=upstream_cases())
def test_relu_backward_leaves_d_out_alone(student, case):
    """relu_backward writes neither into d_out nor into x."""
    x = away_from(case.x, 0.0)
    answer = student.call("relu_backward", case.d_out, x)
    expect_close(answer.value, tape_vjp(tf.nn.relu, [x], case.d_out)[0], what="dx")
    expect_untouched(answer)


@check("relu_backward", points=1, examples=12)
@given(case=upstream_cases())
def test_relu_backward_passes_a_share_at_zero(student, case):
    """Where x is 0, relu_backward passes some share of d_out, from none of it to all."""
    x = np.where(np.abs(case.x) < 0.6, 0.0, case.x)
    got = expect_shape(student.relu_backward(case.d_out, x), x.shape, np.float64, what="dx")
    some, none = case.d_out * (x >= 0), case.d_out * (x > 0)
    fits = (np.minimum(some, none) - 1e-9 <= got) & (got <= np.maximum(some, none) + 1e-9)
    expect(fits.all(), "dx is no share of d_out somewhere.", got=got, expected=none)


# sigmoid ----------------------------------------------------------------------------------------------------


@check("sigmoid_backward", points=2, examples=12)
@given(case=upstream_cases())
def test_sigmoid_backward_is_the_chain_rule(student, case):
    """sigmoid_backward(d_out, x) is d_out times the derivative at x, and changes neither."""
    answer = student.call("sigmoid_backward", case.d_out, case.x)
    expect_close(answer.value, tape_vjp(tf.sigmoid, [case.x], case.d_out)[0], what="dx")
    expect_untouched(answer)


@check("sigmoid_backward", points=1, examples=10)
@given(case=upstream_cases(scales=(30.0, 300.0)))
def test_sigmoid_backward_is_finite_far_from_zero(student, case):
    """sigmoid_backward is finite and right for inputs up to ±1000, and changes neither argument."""
    x = np.clip(case.x, -1000, 1000)
    x.flat[0], x.flat[-1] = -1000, 1000
    answer = student.call("sigmoid_backward", case.d_out, x)
    # Far out σ′ is nearly 0. This leaves room for work in float32 (1 − s is wrong by 1e-7 there), and sees a cut at ±15.
    atol = 2.5e-7 * np.abs(case.d_out)
    expect_close(answer.value, tape_vjp(tf.sigmoid, [x], case.d_out)[0], what="dx", atol=atol)
    expect_untouched(answer)


# mse_loss ---------------------------------------------------------------------------------------------------


def squared_error(y_hat, y):
    return tf.reduce_mean(tf.math.squared_difference(y_hat, y))


@check("mse_loss", points=1, examples=12)
@given(case=prediction_cases())
def test_mse_loss_is_the_mean_over_all_entries(student, case):
    """The loss is the mean of the squared differences over all entries, one number."""
    got = student.mse_loss(case.y_hat, case.y)
    expect_length(got, 2, ("loss", "d_y_hat"))
    expect_close(got[0], squared_error(case.y_hat, case.y), what="loss")


@check("mse_loss", points=1, examples=12)
@given(case=prediction_cases())
def test_mse_loss_gives_the_gradient_of_that_loss(student, case):
    """d_y_hat is the gradient of the loss by the predictions; the arguments stay as they were."""
    answer = student.call("mse_loss", case.y_hat, case.y)
    expect_length(answer.value, 2, ("loss", "d_y_hat"))
    expected = tape_vjp(squared_error, [case.y_hat, case.y], np.ones(()), wrt=[0])[0]
    expect_close(answer.value[1], expected, what="d_y_hat")
    expect_untouched(answer)


# softmax_loss -----------------------------------------------------------------------------------------------


@check("softmax_loss", points=1, examples=12)
@given(case=logits_cases())
def test_softmax_loss_is_the_mean_cross_entropy(student, case):
    """The loss is the mean over the batch of −ln of the right class's probability."""
    got = student.softmax_loss(case.logits, case.labels)
    expect_length(got, 2, ("loss", "d_logits"))
    expect_close(got[0], cross_entropy(case.logits, case.labels), what="loss")


@check("softmax_loss", points=1, examples=12)
@given(case=logits_cases())
def test_softmax_loss_gives_the_gradient_of_that_loss(student, case):
    """d_logits is the gradient of the loss by the logits; the arguments stay as they were."""
    answer = student.call("softmax_loss", case.logits, case.labels)
    expect_length(answer.value, 2, ("loss", "d_logits"))
    expected = tape_vjp(cross_entropy, [case.logits, case.labels], np.ones(()), wrt=[0])[0]
    expect_close(answer.value[1], expected, what="d_logits")
    expect_untouched(answer)


@check("softmax_loss", points=1, examples=12)
@given(case=logits_cases(), seed=st.integers(0, 999))
def test_softmax_loss_does_not_notice_a_shift(student, case, seed):
    """Adding one number to all logits of a sample, even ±1000, changes neither loss nor gradient, nor the arguments."""
    shift = np.random.default_rng(seed).choice([-1000.0, 0.0, 1000.0], len(case.logits))
    answer = student.call("softmax_loss", case.logits + shift[:, None], case.labels)
    expected = tape_vjp(cross_entropy, [case.logits, case.labels], np.ones(()), wrt=[0])[0]
    expect_close(answer.value, (cross_entropy(case.logits, case.labels), expected), what=("loss", "d_logits"))
    expect_untouched(answer)


@check("softmax_loss", points=1, examples=12)
@given(case=logits_cases(), scale=st.sampled_from([100.0, 500.0]))
def test_softmax_loss_is_right_when_quite_sure(student, case, scale):
    """The loss of a confident mistake is large, not infinite: right up to logits of ±1000."""
    logits = np.clip(case.logits * scale, -1000, 1000)
    answer = student.call("softmax_loss", logits, case.labels)
    expected = tape_vjp(cross_entropy, [logits, case.labels], np.ones(()), wrt=[0])[0]
    expect_close(answer.value, (cross_entropy(logits, case.labels), expected), what=("loss", "d_logits"))
    expect_untouched(answer)
