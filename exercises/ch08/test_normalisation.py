"""Checks of normalisation.py. Oracles: TensorFlow's moments and batch_normalization, and its tape."""

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, expect, expect_close, expect_equal, expect_untouched
from grader.gradients import tape_vjp
from grader.strategies import Case, arrays, cotangents, distinct_sizes

LIBRARIES = ("tensorflow.*", "keras.*", "torch.*", "jax.*", "scipy.*", "sklearn.*")

EXERCISES = (
    Exercise(
        "batch_norm",
        hints=(
            "How many means are there? One for each channel, whatever the rank of x.",
            "x.mean(axes) with axes = all but the last gives [c], and [c] broadcasts against [..., c] by itself.",
            "axes = tuple(range(x.ndim - 1)); x_hat = (x - x.mean(axes)) / np.sqrt(x.var(axes) + eps); then "
            "gamma * x_hat + beta.",
        ),
        forbids=LIBRARIES,
    ),
    Exercise(
        "batch_norm_backward",
        hints=(
            "Begin with dbeta and dgamma: gamma * x_hat + beta is an affine map. For dx, draw the graph of the forward "
            "pass: x goes into three of its nodes.",
            "The Jacobian of x_hat in x, for one channel of n values, is (I - 1/n - x_hat x_hatᵀ / n) / sqrt(variance "
            "+ eps), where I is the unit matrix and 1/n is a matrix full of 1/n.",
            "dx = gamma / sqrt(variance + eps) * (d_out - mean(d_out) - x_hat * mean(d_out * x_hat)), both means over "
            "all axes but the last.",
        ),
        forbids=LIBRARIES,
    ),
    Exercise(
        "batch_norm_inference",
        hints=(
            "It is the last line of batch_norm, with a mean and a variance that are given.",
            "Nothing is computed from x but (x - mean): no x.mean, no x.var.",
        ),
        forbids=LIBRARIES,
    ),
    Exercise(
        "update_moving",
        hints=(
            "Which of the two is multiplied by momentum, the old value or the batch's? See the statement's formula.",
            "new_mean = momentum * mean + (1 - momentum) * x.mean(axes), over the axes of batch_norm, and the same "
            "with x.var(axes). Don't use *= or +=: they change the caller's arrays.",
        ),
        forbids=LIBRARIES,
    ),
    Exercise(
        "BatchNorm",
        hints=(
            "Write batch_norm and batch_norm_inference again with TensorFlow's ops; `training` decides between them.",
            "build makes the four weights with self.add_weight(name=…, shape=(c,), initializer=…, trainable=…). In "
            "call, self.moving_mean.assign(…) changes a weight in place, also in a graph.",
            "In training: mean, variance = tf.nn.moments(x, axes=list(range(len(x.shape) - 1))), then assign "
            "momentum * old + (1 - momentum) * new to both moving weights, and normalise with mean and variance "
            "themselves. get_config returns {**super().get_config(), 'momentum': …, 'eps': …}.",
        ),
        forbids=(
            "*.BatchNormalization*",
            "*.fused_batch_norm*",
            "*.FusedBatchNorm*",
            "torch.*",
            "jax.*",
        ),
    ),
    Exercise(
        "layer_norm",
        hints=(
            "How many means are there? One for each row, that is for everything but the last axis.",
            "x.mean(-1, keepdims=True) keeps an axis of length 1, so that it broadcasts against x.",
        ),
        forbids=LIBRARIES,
    ),
    Exercise(
        "layer_norm_backward",
        hints=(
            "Each row is a small batch normalisation of its own, along the other axis. What changes for gamma?",
            "Go back through gamma first: d_hat = d_out * gamma is the gradient in x_hat. From there on it is the "
            "formula of batch_norm_backward with means over the last axis.",
            "dx = (d_hat - mean(d_hat) - x_hat * mean(d_hat * x_hat)) / sqrt(variance + eps), means over the last axis "
            "with keepdims; dgamma and dbeta as in batch_norm_backward.",
        ),
        forbids=LIBRARIES,
    ),
    Exercise(
        "instance_norm",
        hints=(
            "How many means are there? One for each image and each channel: [b, 1, 1, c].",
            "x.mean((1, 2), keepdims=True), and x.var likewise; the rest is batch_norm's last line.",
        ),
        forbids=LIBRARIES,
    ),
    Exercise(
        "group_norm",
        hints=(
            "Split the last axis into (groups, c // groups): how many means are there then?",
            "grouped = x.reshape(b, h, w, groups, c // groups); mean and variance over axes (1, 2, 4) with keepdims.",
            "Normalise `grouped`, reshape the result to x.shape, and only then scale and shift: gamma and beta have "
            "one number for each channel.",
        ),
        forbids=LIBRARIES,
    ),
)

# Large ones too: with eps = 1e-5 alone, nobody could see where it stands.
EPS = st.sampled_from((0.5, 0.1, 0.25, 1e-5))


def normalised(x, axes, gamma, beta, eps):
    """TensorFlow's normalisation of x by its moments over some axes."""
    mean, variance = tf.nn.moments(tf.constant(x), axes, keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, eps)


def all_but_last(x):
    """The axes of batch normalisation."""
    return list(range(len(x.shape) - 1))


@st.composite
def batches(draw, ranks=(2, 3, 4), constant=False):
    """A batch in which no two axes are alike (as a rule), scale and shift, eps, and an upstream gradient.

    constant: every channel has one and the same value in the whole batch.
    """
    shape = draw(distinct_sizes(draw(st.sampled_from(ranks)), high=5))
    x = draw(arrays(shape))
    if constant:
        x = np.broadcast_to(x.reshape(-1, shape[-1])[0], shape).copy()
    gamma, beta = draw(arrays(shape[-1:], pattern="normal")), draw(arrays(shape[-1:]))
    return Case(x=x, gamma=gamma, beta=beta, eps=draw(EPS), d_out=draw(cotangents(shape)))


# --- batch_norm ------------------------------------------------------------------------------------------------------


@check("batch_norm", points=2, examples=12)
@given(case=batches())
def test_batch_norm_normalises_each_channel_over_all_other_axes(student, case):
    """batch_norm normalises each channel over all axes but the last, eps inside the root, then scales and shifts."""
    answer = student.call("batch_norm", case.x, case.gamma, case.beta, case.eps)
    expect_close(answer.value, normalised(case.x, all_but_last(case.x), case.gamma, case.beta, case.eps), "y")
    expect_untouched(answer)


@check("batch_norm", points=1, examples=8)
@given(case=batches(), shift=st.sampled_from((-3.0, 1.0, 10.0)), scale=st.sampled_from((0.5, 3.0, 10.0)))
def test_batch_norm_does_not_see_shift_and_scale(student, case, shift, scale):
    """Shifting and scaling x changes nothing in batch_norm, if eps is scaled as the variance is."""
    y = student.batch_norm(case.x * scale + shift, case.gamma, case.beta, case.eps * scale**2)
    expect_close(y, normalised(case.x, all_but_last(case.x), case.gamma, case.beta, case.eps), "y")


@check("batch_norm", points=1, examples=6)
@given(case=batches(constant=True))
def test_batch_norm_of_a_constant_channel_is_beta(student, case):
    """A channel that is constant in the batch comes out as beta: eps keeps the division from 0 / 0."""
    y = student.batch_norm(case.x, case.gamma, case.beta, case.eps)
    expect_close(y, np.broadcast_to(case.beta, case.x.shape), "y")


# --- batch_norm_backward ---------------------------------------------------------------------------------------------


def three_gradients(name, got):
    """dx, dgamma and dbeta, or a failure that says that they are not there."""
    found = isinstance(got, (tuple, list)) and len(got) == 3
    expect(found, f"{name} should give back three arrays, (dx, dgamma, dbeta).", got)
    return got


def batch_norm_gradients(case):
    """(dx, dgamma, dbeta) by TensorFlow."""

    def forward(x, gamma, beta):
        return normalised(x, all_but_last(x), gamma, beta, case.eps)

    return tape_vjp(forward, (case.x, case.gamma, case.beta), case.d_out)


@check("batch_norm_backward", points=2, examples=12)
@given(case=batches())
def test_batch_norm_backward_gives_dx_through_mean_and_variance_too(student, case):
    """dx is the gradient of batch_norm in x: through the numerator, the mean and the variance."""
    answer = student.call("batch_norm_backward", case.d_out, case.x, case.gamma, case.eps)
    dx, _, _ = three_gradients("batch_norm_backward", answer.value)
    expect_close(dx, batch_norm_gradients(case)[0], "dx")
    expect_untouched(answer)


@check("batch_norm_backward", points=1, examples=8)
@given(case=batches())
def test_batch_norm_backward_gives_dgamma_and_dbeta(student, case):
    """dgamma and dbeta are the gradients of batch_norm in gamma and beta: one number for each channel."""
    _, dgamma, dbeta = three_gradients(
        "batch_norm_backward", student.batch_norm_backward(case.d_out, case.x, case.gamma, case.eps)
    )
    expect_close((dgamma, dbeta), tuple(batch_norm_gradients(case)[1:]), what=("dgamma", "dbeta"))


@check("batch_norm_backward", points=1, examples=6)
@given(case=batches(constant=True))
def test_batch_norm_backward_where_a_channel_is_constant(student, case):
    """Where a channel is constant in the batch, dx is gamma / sqrt(eps) times what d_out differs from its mean."""
    got = three_gradients("batch_norm_backward", student.batch_norm_backward(case.d_out, case.x, case.gamma, case.eps))
    axes = tuple(all_but_last(case.x))
    dx = case.gamma / np.sqrt(case.eps) * (case.d_out - case.d_out.mean(axes))
    dbeta = case.d_out.sum(axes)
    expect_close(got, (dx, np.zeros_like(dbeta), dbeta), what=("dx", "dgamma", "dbeta"))


# --- batch_norm_inference --------------------------------------------------------------------------------------------


@st.composite
def inference_cases(draw):
    """A batch, and moving statistics that are not its own."""
    case = draw(batches())
    case.mean = draw(arrays(case.gamma.shape, nth=1))
    case.variance = draw(arrays(case.gamma.shape, pattern="positive"))
    return case


def inferred(case, x):
    """TensorFlow's normalisation of x by the moving statistics."""
    return tf.nn.batch_normalization(x, case.mean, case.variance, case.beta, case.gamma, case.eps)


@check("batch_norm_inference", points=1, examples=8)
@given(case=inference_cases())
def test_batch_norm_inference_uses_the_given_statistics(student, case):
    """batch_norm_inference normalises with the mean and the variance that it is given."""
    given_ = (case.x, case.gamma, case.beta, case.mean, case.variance, case.eps)
    answer = student.call("batch_norm_inference", *given_)
    expect_close(answer.value, inferred(case, case.x), "y")
    expect_untouched(answer)


@check("batch_norm_inference", points=1, examples=6)
@given(case=inference_cases())
def test_batch_norm_inference_answers_a_sample_alone_as_in_a_batch(student, case):
    """In batch_norm_inference a sample gets the same answer alone as in a batch."""
    statistics = (case.gamma, case.beta, case.mean, case.variance, case.eps)
    alone = student.batch_norm_inference(case.x[:1], *statistics)
    expect_close(alone, inferred(case, case.x)[:1], "y of the first sample alone")
    expect_close(student.batch_norm_inference(case.x, *statistics)[:1], alone, "its y in the batch")


# --- update_moving ---------------------------------------------------------------------------------------------------


@st.composite
def moving_cases(draw, n):
    """Moving statistics, n batches of one shape, and a momentum."""
    shape = draw(distinct_sizes(draw(st.sampled_from((2, 3, 4))), high=5))
    mean, variance = draw(arrays(shape[-1:])), draw(arrays(shape[-1:], pattern="positive"))
    xs = [draw(arrays(shape, nth=nth)) / 8 for nth in range(n)]  # small: an eps in the variance shows
    momentum = draw(st.sampled_from((0.75, 0.9)))
    return Case(mean=mean, variance=variance, xs=xs, momentum=momentum)


def moved(case):
    """The moving statistics after all batches."""
    mean, variance, keep = case.mean, case.variance, case.momentum
    for x in case.xs:
        of_batch = tf.nn.moments(tf.constant(x), all_but_last(x))
        mean, variance = (keep * old + (1 - keep) * new for old, new in zip((mean, variance), of_batch, strict=True))
    return mean, variance


@check("update_moving", points=1, examples=12)
@given(case=moving_cases(1))
def test_update_moving_keeps_a_share_of_the_old(student, case):
    """update_moving gives momentum times the old statistic, plus (1 - momentum) times that of the batch, in new arrays."""
    for momentum in (case.momentum, 1.0, 0.0):  # 1 and 0 in every run: there too the arrays are new ones
        answer = student.call("update_moving", case.mean, case.variance, case.xs[0], momentum)
        right = moved(Case(mean=case.mean, variance=case.variance, xs=case.xs, momentum=momentum))
        expect_close(answer.value, right, what=("mean", "variance"), atol=1e-6)
        expect_untouched(answer, aliasing=True)


@check("update_moving", points=1, examples=6)
@given(case=moving_cases(3))
def test_update_moving_over_several_batches(student, case):
    """Over several batches, update_moving weighs a batch the less the longer ago it was."""
    mean, variance = case.mean, case.variance
    for i, x in enumerate(case.xs):
        got = student.update_moving(mean, variance, x, case.momentum)
        so_far = moved(Case(mean=case.mean, variance=case.variance, xs=case.xs[: i + 1], momentum=case.momentum))
        expect_close(got, so_far, what=(f"mean after batch {i + 1}", f"variance after batch {i + 1}"))
        mean, variance = got


# --- BatchNorm -------------------------------------------------------------------------------------------------------


@st.composite
def layer_cases(draw, calls=1, ranks=(2, 4)):
    """Batches for a layer (float32, of one shape but for the batch size), momentum, eps, and all four weights."""
    first, *shape = draw(distinct_sizes(draw(st.sampled_from(ranks)), high=5))
    xs = [draw(arrays((first + i, *shape), np.float32)) for i in range(calls)]
    weights = {
        "gamma": draw(arrays(shape[-1:], np.float32, pattern="normal")),
        "beta": draw(arrays(shape[-1:], np.float32)),
        "moving_mean": draw(arrays(shape[-1:], np.float32, nth=1)),
        "moving_variance": draw(arrays(shape[-1:], np.float32, pattern="positive")),
    }
    momentum, eps = draw(st.sampled_from((0.75, 0.5, 0.9))), draw(st.sampled_from((0.5, 0.1, 0.25)))
    return Case(xs=xs, weights=weights, momentum=momentum, eps=eps, d_out=draw(cotangents(xs[0].shape, np.float32)))


def labelled(case):
    """Arguments of a probe, with their names: a failing call is shown as the probe got it."""
    return {"momentum": case.momentum, "eps": case.eps, "weights": case.weights}


def expect_outputs(got, right, modes):
    """Fail unless every call of a layer answered what it should."""
    words = {True: "training=True", False: "training=False", None: "`training` not given"}
    expect_close(tuple(got), tuple(right), [f"y of call {i + 1} ({words[mode]})" for i, mode in enumerate(modes)])


def layer_calls(case, modes):
    """What the calls of a layer should answer, and its weights after them."""
    weights = dict(case.weights)
    outputs = []
    for x, training in zip(case.xs, modes, strict=True):
        of_batch = tf.nn.moments(tf.constant(x), all_but_last(x))
        moving = (weights["moving_mean"], weights["moving_variance"])
        used = of_batch if training else moving
        outputs.append(tf.nn.batch_normalization(x, *used, weights["beta"], weights["gamma"], case.eps).numpy())
        if training:
            keep = np.float32(case.momentum)
            new = [keep * old + (1 - keep) * batch.numpy() for old, batch in zip(moving, of_batch, strict=True)]
            weights["moving_mean"], weights["moving_variance"] = new
    return {"outputs": outputs, "weights": weights}


@check("BatchNorm", points=0.5, examples=2)
@given(x=arrays(distinct_sizes(4, high=5), np.float32))
def test_fresh_batch_norm_layer_has_its_four_weights(student, x):
    """A fresh layer has gamma 1 and beta 0, trainable, moving mean 0 and moving variance 1, not trainable: all [c].

    Further named arguments go to the base class.
    """
    got = student.probe("batch_norm_fresh", x)
    zeros, ones = np.zeros(x.shape[-1:], np.float32), np.ones(x.shape[-1:], np.float32)
    start = {"gamma": ones, "beta": zeros, "moving_mean": zeros, "moving_variance": ones}
    expect_close(got["weights"], start, "weights")
    expect_equal(got["trainable"], ["gamma", "beta"], "which of the four Keras finds among the trainable weights")
    expect_equal(
        got["non_trainable"], ["moving_mean", "moving_variance"], "which Keras finds among the weights not to train"
    )
    expect_equal(got["others"], 0, "the number of further trainable weights")
    expect_close(got["output"], x / np.sqrt(np.float32(1 + 1e-3)), "y out of training, with the default eps of 1e-3")
    mean, variance = tf.nn.moments(tf.constant(x), all_but_last(x))
    moved = (got["moved"]["moving_mean"], got["moved"]["moving_variance"])
    after = "after a call in training, with the default momentum of 0.99"
    expect_close(
        moved, (0.01 * mean, 0.99 + 0.01 * variance), what=(f"moving_mean {after}", f"moving_variance {after}")
    )
    given_ = {"trainable": False}
    got = student.probe("batch_norm_arguments", momentum=0.75, eps=0.5, **given_)
    expect_equal(got, given_, "what the layer has of the arguments of its base class")


@check("BatchNorm", points=1, examples=5)
@given(case=layer_cases(calls=2))
def test_batch_norm_layer_in_training(student, case):
    """In training the layer normalises with the batch's statistics, and moves the moving ones in place."""
    modes = [True, True]
    got = student.probe("batch_norm_calls", **labelled(case), batches=case.xs, modes=modes)
    right = layer_calls(case, modes)
    expect_outputs(got["outputs"], right["outputs"], modes)
    expect_close(got["weights"], right["weights"], "weights")
    kept = "which moving statistics still are weights of the layer"
    expect_equal(got["kept"], ["moving_mean", "moving_variance"], kept)


@check("BatchNorm", points=0.5, examples=4)
@given(case=layer_cases(calls=2))
def test_batch_norm_layer_out_of_training(student, case):
    """Out of training the layer normalises with the moving statistics, and changes nothing; it is so by default."""
    modes = [False, None]
    got = student.probe("batch_norm_calls", **labelled(case), batches=case.xs, modes=modes)
    right = layer_calls(case, modes)
    expect_outputs(got["outputs"], right["outputs"], modes)
    expect_close(got["weights"], right["weights"], "weights")


@check("BatchNorm", points=1, examples=5)
@given(case=layer_cases())
def test_batch_norm_layer_passes_gradients(student, case):
    """In training the gradient reaches gamma, beta, and x, through the batch's mean and variance too."""
    x = case.xs[0]
    got = student.probe("batch_norm_gradients", **labelled(case), x=x, cotangent=case.d_out)

    def forward(x, gamma, beta):
        return normalised(x, all_but_last(x), gamma, beta, case.eps)

    right = tape_vjp(forward, (x, case.weights["gamma"], case.weights["beta"]), case.d_out)
    expect_close(got, right, what=("dx", "dgamma", "dbeta"))


@check("BatchNorm", points=0.5, examples=4)
@given(case=layer_cases())
def test_batch_norm_layer_comes_back_from_its_config(student, case):
    """A layer made from another one's config has the same momentum and eps."""
    got = student.probe("batch_norm_from_config", **labelled(case), x=case.xs[0])
    right = layer_calls(case, [True])
    expect_close(got["output"], right["outputs"][0], "y of the layer made from the config")
    expect_close(got["weights"], right["weights"], "its weights")


@check("BatchNorm", points=0.5, examples=1)
@given(case=layer_cases(calls=3, ranks=(4,)))
def test_batch_norm_layer_in_a_compiled_model(student, case):
    """The layer does the same in a compiled Keras model whose batch size is not known."""
    modes = [True, True, False]
    got = student.probe("batch_norm_in_model", **labelled(case), batches=case.xs, modes=modes)
    right = layer_calls(case, modes)
    expect_outputs(got["outputs"], right["outputs"], modes)
    expect_close(got["weights"], right["weights"], "weights")


# --- layer_norm ------------------------------------------------------------------------------------------------------


@check("layer_norm", points=1, examples=12)
@given(case=batches())
def test_layer_norm_normalises_each_row_by_itself(student, case):
    """layer_norm normalises over the last axis alone, eps inside the root, then scales and shifts each feature."""
    answer = student.call("layer_norm", case.x, case.gamma, case.beta, case.eps)
    expect_close(answer.value, normalised(case.x, [-1], case.gamma, case.beta, case.eps), "y")
    expect_untouched(answer)


@check("layer_norm", points=0.5, examples=6)
@given(case=batches(), shift=st.sampled_from((1.0, -3.0, 10.0)))
def test_layer_norm_does_not_see_a_shift_of_a_row(student, case, shift):
    """A number added to a whole row changes nothing in layer_norm, and a constant row comes out as beta."""
    right = normalised(case.x, [-1], case.gamma, case.beta, case.eps).numpy()
    rows = np.array(case.x)
    rows[0] += shift
    expect_close(student.layer_norm(rows, case.gamma, case.beta, case.eps), right, "y with the first sample shifted")
    rows[0], right[0] = shift, case.beta
    expect_close(student.layer_norm(rows, case.gamma, case.beta, case.eps), right, "y with constant rows")


# --- layer_norm_backward ---------------------------------------------------------------------------------------------


def layer_norm_gradients(case):
    """(dx, dgamma, dbeta) by TensorFlow."""

    def forward(x, gamma, beta):
        return normalised(x, [-1], gamma, beta, case.eps)

    return tape_vjp(forward, (case.x, case.gamma, case.beta), case.d_out)


@check("layer_norm_backward", points=1, examples=12)
@given(case=batches())
def test_layer_norm_backward_gives_dx(student, case):
    """dx is the gradient of layer_norm in x: through gamma, then through numerator, mean and variance of the row."""
    answer = student.call("layer_norm_backward", case.d_out, case.x, case.gamma, case.eps)
    dx, _, _ = three_gradients("layer_norm_backward", answer.value)
    expect_close(dx, layer_norm_gradients(case)[0], "dx")
    expect_untouched(answer)


@check("layer_norm_backward", points=0.5, examples=8)
@given(case=batches())
def test_layer_norm_backward_gives_dgamma_and_dbeta(student, case):
    """dgamma and dbeta are the gradients of layer_norm in gamma and beta: one number for each feature."""
    _, dgamma, dbeta = three_gradients(
        "layer_norm_backward", student.layer_norm_backward(case.d_out, case.x, case.gamma, case.eps)
    )
    expect_close((dgamma, dbeta), tuple(layer_norm_gradients(case)[1:]), what=("dgamma", "dbeta"))


# --- instance_norm ---------------------------------------------------------------------------------------------------


@check("instance_norm", points=0.5, examples=8)
@given(case=batches(ranks=(4,)))
def test_instance_norm_normalises_each_channel_of_each_image(student, case):
    """instance_norm normalises over height and width, each channel of each image by itself."""
    answer = student.call("instance_norm", case.x, case.gamma, case.beta, case.eps)
    expect_close(answer.value, normalised(case.x, [1, 2], case.gamma, case.beta, case.eps), "y")
    expect_untouched(answer)


@check("instance_norm", points=0.5, examples=6)
@given(case=batches(ranks=(4,)))
def test_instance_norm_answers_an_image_alone_as_in_a_batch(student, case):
    """In instance_norm an image gets the same answer alone as in a batch, and so does a channel."""
    right = normalised(case.x, [1, 2], case.gamma, case.beta, case.eps)
    image = student.instance_norm(case.x[:1], case.gamma, case.beta, case.eps)
    expect_close(image, right[:1], "y of the first image alone")
    channel = student.instance_norm(case.x[..., -1:], case.gamma[-1:], case.beta[-1:], case.eps)
    expect_close(channel, right[..., -1:], "y of the last channel alone")


# --- group_norm ------------------------------------------------------------------------------------------------------


@st.composite
def group_cases(draw):
    """Images whose channels are several groups of several."""
    groups, size = draw(st.sampled_from(((2, 3), (3, 2), (2, 2), (4, 2), (3, 1), (1, 4))))
    c = groups * size
    shape = (*draw(distinct_sizes(3, high=4)), c)
    gamma, beta = draw(arrays((c,), pattern="normal")), draw(arrays((c,)))
    return Case(x=draw(arrays(shape)), gamma=gamma, beta=beta, groups=groups, eps=draw(EPS))


def group_normalised(case):
    """TensorFlow's normalisation of each group."""
    grouped = case.x.reshape(*case.x.shape[:3], case.groups, -1)
    x_hat = normalised(grouped, [1, 2, 4], 1, 0, case.eps).numpy().reshape(case.x.shape)
    return x_hat * case.gamma + case.beta


@check("group_norm", points=1, examples=12)
@given(case=group_cases())
def test_group_norm_normalises_runs_of_channels(student, case):
    """group_norm normalises each image over height, width and a group of neighbouring channels."""
    answer = student.call("group_norm", case.x, case.gamma, case.beta, case.groups, case.eps)
    expect_close(answer.value, group_normalised(case), "y")
    expect_untouched(answer)


@check("group_norm", points=0.5, examples=6)
@given(case=group_cases())
def test_group_norm_between_image_and_instance(student, case):
    """One group is the whole image, and as many groups as channels are an instance normalisation."""
    c = case.x.shape[-1]
    whole = student.group_norm(case.x, case.gamma, case.beta, 1, case.eps)
    expect_close(whole, normalised(case.x, [1, 2, 3], case.gamma, case.beta, case.eps), "y with one group")
    each = student.group_norm(case.x, case.gamma, case.beta, c, case.eps)
    expect_close(each, normalised(case.x, [1, 2], case.gamma, case.beta, case.eps), f"y with {c} groups")
