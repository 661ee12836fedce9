"""Checks of network.py."""

import operator
from functools import cache
from itertools import pairwise

import numpy as np
import tensorflow as tf
from hypothesis import assume, given
from hypothesis import strategies as st

from grader import Exercise, check, expect, expect_close, expect_shape, expect_untouched
from grader.comparison import expect_length
from grader.data import load
from grader.gradients import tape_vjp
from grader.strategies import Case, arrays, distinct_sizes, labels
from grader.training import drawn_classes, second_chance

NUMPY_ONLY = ("tensorflow.*", "keras.*", "jax.*", "torch.*", "scipy.*", "sklearn.*")

EXERCISES = (
    Exercise(
        "mlp_loss",
        hints=(
            "On the way forward keep every layer's input; on the way back go through the layers from last to first.",
            "You have all the pieces in layers.py. Each layer takes d_out, gives dw = hᵀ d_out and db = Σ d_out, "
            "and hands d_out wᵀ to the layer before it.",
            "Between two layers the gradient passes a ReLU: multiply by (h > 0), where h is the later layer's input. "
            "Append the gradients and reverse the lists at the end.",
        ),
        forbids=NUMPY_ONLY,
    ),
    Exercise(
        "fit_numpy_mlp",
        hints=(
            "Three parts: random initial weights, a loop over epochs, and in it a loop over minibatches "
            "that calls mlp_loss and takes a step.",
            "rng = np.random.default_rng(seed); weights rng.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out)), "
            "biases zero. "
            "Each epoch: order = rng.permutation(len(x)), then slices of order of length 32.",
            "Plain steps w −= 0.2 · dw will do; with momentum 0.9 take 0.1 and keep one velocity for each array.",
        ),
        forbids=NUMPY_ONLY,
        seconds=60,
    ),
)

GRADIENTS = ("loss", "d_weights", "d_biases")


@st.composite
def networks(draw, depths=(2, 3, 4), square=False):
    """A batch, its labels, and a network of one of these depths, whose units are all well open or well shut.

    square: whether sometimes all layers are equally wide, so that a layer in another's place does other arithmetic, and no error.
    """
    n, *widths = draw(st.sampled_from(depths).flatmap(lambda depth: distinct_sizes(depth + 2, 2, 6)))
    widths[-1] = max(widths[-1], 2)
    if square and draw(st.booleans()):
        widths = [widths[-1]] * len(widths)
    normal = {"pattern": "normal"}
    case = Case(
        x=draw(arrays((n, widths[0]), pattern=("quarters", "normal"))),
        labels=draw(labels(n, widths[-1])),
        weights=[draw(arrays(shape, **normal)) for shape in pairwise(widths)],
        biases=[draw(arrays((width,), **normal)) for width in widths[1:]],
    )
    assume(no_unit_on_the_kink(case))
    return case


def no_unit_on_the_kink(case):
    """Whether every hidden unit's input is clearly positive or clearly negative: ReLU′(0) is free."""
    h = case.x
    for w, b in zip(case.weights[:-1], case.biases[:-1], strict=True):
        z = h @ w + b
        if np.abs(z).min() < 1e-3:
            return False
        h = np.maximum(z, 0)
    return True


def cross_entropy(logits, targets):
    # The raw op: its wrapper in tf.nn takes ten times as long for small arrays.
    return tf.reduce_mean(tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=logits, labels=targets).loss)


def network_loss(case):
    """The loss as a function of all weights and biases, of TensorFlow's ops."""

    def loss(*parameters):
        depth = len(parameters) // 2
        h = tf.constant(case.x)
        for i, (w, b) in enumerate(zip(parameters[:depth], parameters[depth:], strict=True)):
            h = h @ w + b
            if i < depth - 1:
                h = tf.nn.relu(h)
        return cross_entropy(h, case.labels)

    return loss


def right_answer(case):
    """(loss, d_weights, d_biases) by GradientTape."""
    loss, parameters = network_loss(case), [*case.weights, *case.biases]
    gradients = tape_vjp(loss, parameters, np.ones(()))
    return loss(*parameters), gradients[: len(case.weights)], gradients[len(case.weights) :]


def ask(student, case):
    """What mlp_loss answers: three things, the last two lists or tuples of one array a layer."""
    got = student.mlp_loss(case.x, case.labels, case.weights, case.biases)
    expect_length(got, 3, GRADIENTS)
    return got


@check("mlp_loss", points=2, examples=12)
@given(case=networks())
def test_mlp_loss_is_the_loss_of_the_network(student, case):
    """The loss is the mean cross-entropy of affine layers with ReLU between them, and none behind the last."""
    expect_close(ask(student, case)[0], right_answer(case)[0], what="loss")


@check("mlp_loss", points=3, examples=12)
@given(case=networks())
def test_mlp_loss_gives_the_gradients_by_the_weights(student, case):
    """d_weights are the gradients of the loss by the weights of every layer, in the weights' order."""
    expect_close(ask(student, case)[1], right_answer(case)[1], what="d_weights")


@check("mlp_loss", points=1, examples=12)
@given(case=networks())
def test_mlp_loss_gives_the_gradients_by_the_biases(student, case):
    """d_biases are the gradients of the loss by the biases of every layer, in the biases' order."""
    expect_close(ask(student, case)[2], right_answer(case)[2], what="d_biases")


@check("mlp_loss", points=1, examples=10)
@given(case=networks(depths=(2, 3), square=True))
def test_mlp_loss_changes_nothing(student, case):
    """mlp_loss leaves arrays and lists as they were: two calls with the same arguments give the same answer."""
    args = case.x, case.labels, case.weights, case.biases
    answer = student.call("mlp_loss", *args)
    expect_untouched(answer)
    first, second = student.probe("twice", "mlp_loss", *args)
    expect_close(first, right_answer(case), what=GRADIENTS)
    expect_close(second, right_answer(case), what=tuple(f"{name} of a second call" for name in GRADIENTS))


@check("mlp_loss", points=1, examples=10)
@given(case=networks(depths=(1,)))
def test_mlp_loss_takes_a_single_layer(student, case):
    """A network of one layer is softmax regression: no ReLU at all."""
    expect_close(ask(student, case), right_answer(case), what=GRADIENTS)


@check("mlp_loss", points=1, examples=10)
@given(case=networks(depths=(2, 3)))
def test_mlp_loss_is_safe_for_large_logits(student, case):
    """Logits in the hundreds and thousands give the right finite loss and gradients, and change no argument."""
    case.weights[-1] = case.weights[-1] * 1000
    answer = student.call("mlp_loss", case.x, case.labels, case.weights, case.biases)
    expect_close(answer.value, right_answer(case), what=GRADIENTS)
    expect_untouched(answer)


# fit_numpy_mlp ----------------------------------------------------------------------------------------------

CLASSES = 10
EPOCHS = 100
# solutions/ch05/calibration.json: over 30 seeds the reference reads 98.3 % ± 0.4 % and would miss 96.6 % less than
# once in 10,000 runs. 90 % leaves room for other batch sizes, optimisers, initial weights and learning rates.
THRESHOLD = 0.90
CHANCE = 0.30  # on shuffled labels it reads 10 % ± 4 %, once in 10,000 runs more than 27.6 %
# Classes that are made up for this run, so that weights which were stored beforehand are of no use: after 20 epochs the
# reference knows 99.96 % ± 0.1 % of new images, and would miss 99.5 % less than once in 10,000 runs.
KNOWN, FEW = 0.60, 20

SEEDS = st.integers(0, 2**31 - 1)


@cache
def digits():
    """((x, y), (x_test, y_test)): pixels from 0 to 1."""
    (x, y), (x_test, y_test) = load("digits")
    return (x / 16, y), (x_test / 16, y_test)


def made_up(seed):
    """((x, y), (x_test, y_test)) of classes that there were not before, like digits in size and number."""
    return [(x.reshape(len(x), -1), y) for x, y in drawn_classes(seed, (1437, 360), 8)]


def expect_to_learn(student, seed, hidden):
    """Fail unless the network gets to know the classes of made_up."""
    (x, y), unseen = made_up(seed)

    def fit(seed, labels=y, epochs=FEW):
        return expect_parameters(student.fit_numpy_mlp(x, labels, hidden, seed, epochs), hidden)

    network = second_chance(fit, seed, lambda network: share_known(network, unseen) >= KNOWN)
    share = share_known(network, unseen)
    if share < KNOWN:
        with student.aside():
            diagnosis = mistake(fit(seed + 1, epochs=1), network, x, y)
            if diagnosis in (None, "pairs_broken") and same(network, fit(seed + 1, (y + 1) % CLASSES)):
                diagnosis = "labels_from_elsewhere"
        expect(
            False,
            f"After {FEW} epochs of other images than digits it knows {share:.1%} of new ones; {KNOWN:.0%} are wanted.",
            diagnosis=diagnosis,
        )


def expect_parameters(got, hidden):
    """The answer's (weights, biases), once they are lists of finite arrays of the widths asked for."""
    expect_length(got, 2, ("weights", "biases"))
    widths = [64, *hidden, CLASSES]
    right = [list(pairwise(widths)), [(width,) for width in widths[1:]]]
    for name, found, shapes in zip(("weights", "biases"), got, right, strict=True):
        listed = isinstance(found, (list, tuple)) and all(isinstance(a, np.ndarray) for a in found)
        expect(listed, f"{name} should be a list of {len(shapes)} arrays.", got=found)
        came = [a.shape for a in found]
        ranks = all(len(a) == len(b) for a, b in zip(came, shapes, strict=False))
        elsewhere = ranks and [a[-1:] for a in came[:-1]] != [b[-1:] for b in shapes[:-1]]
        expect(
            came == shapes,
            f"The {name} do not have the shapes that hidden = {hidden} asks for.",
            got=came,
            expected=shapes,
            diagnosis="hidden_ignored" if elsewhere and came != [shape[::-1] for shape in shapes] else None,
        )
        finite = all(np.isfinite(a).all() for a in found)
        expect(finite, f"Some {name} are not finite.", diagnosis="explodes")
    return [np.asarray(w) for w in got[0]], [np.asarray(b) for b in got[1]]


def forward(x, weights, biases):
    """The logits: the judge's own forward pass."""
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        x = np.maximum(x @ w + b, 0)
    return x @ weights[-1] + biases[-1]


def share_known(network, unseen):
    """The share of unseen images, (x, y), that a network knows."""
    return float((forward(unseen[0], *network).argmax(axis=1) == unseen[1]).mean())


def same(a, b):
    """Whether two networks have the same parameters."""
    return all(np.allclose(p, q, rtol=1e-6, atol=1e-9) for p, q in zip(a[0] + a[1], b[0] + b[1], strict=True))


def identical(a, b):
    """Whether two networks have the same parameters to the last bit."""
    return all(np.array_equal(p, q) for p, q in zip(a[0] + a[1], b[0] + b[1], strict=True))


def same_biases(a, b):
    """Whether two networks have the very same biases."""
    return np.allclose(np.concatenate(a[1]), np.concatenate(b[1]), rtol=1e-9, atol=0)


def mistake(early, late, x, y):
    """The named mistake that a network shows, by its parameters after one epoch and after many; or None."""
    hidden, logits = late[0][:-1], forward(x, *late)
    loss = float(cross_entropy(logits, y))
    if same(early, late):
        return "never_trained"
    if all(not w.any() for w in hidden):
        return "dead_from_the_start"
    if all(np.ptp(w, axis=1).max() < 1e-9 for w in hidden):
        return "units_all_equal"
    if np.allclose(early[0][0], late[0][0], rtol=1e-9, atol=0):
        return "last_layer_only"
    if same_biases(early, late):
        return "biases_not_trained"
    if not loss < 1000:
        return "explodes"
    moved = np.linalg.norm(late[0][0] - early[0][0]) > 0.05 * np.linalg.norm(early[0][0])
    first, last = forward(x, *early).argmax(axis=1), logits.argmax(axis=1)
    # Whose pairs are broken guesses from the first epoch on, this image so and that so; in time its units may all shut.
    several = (np.bincount(first, minlength=CLASSES) > 0.05 * len(y)).sum() >= 3
    guessing = (first == y).mean() < 0.2 and 0.03 < (last == y).mean() < 0.17
    if moved and several and guessing and loss > 2.25:  # ln 10 is 2.3: nothing was learnt
        return "pairs_broken"
    if np.ptp(logits, axis=0).max() < 1e-9:
        return "all_shut"
    return None


@check("fit_numpy_mlp", points=0.5, examples=6, capstone=True)
@given(hidden=st.sampled_from([(12,), (9, 7), (20, 15, 11)]), seed=SEEDS, few=st.booleans())
def test_fit_numpy_mlp_builds_the_network_that_was_asked_for(student, hidden, seed, few):
    """fit_numpy_mlp answers weights and biases of the widths in hidden, and leaves images and labels as they were."""
    (x, y), _ = digits()
    some = np.flatnonzero(y < 5)[:20] if few else slice(200)  # fewer than a usual batch, and not of all classes
    answer = student.call("fit_numpy_mlp", x[some], y[some], hidden, seed, 1)
    expect_parameters(answer.value, hidden)
    expect(
        not answer.mutated,
        f"The call changed its argument {' and '.join(answer.mutated)} in place.",
        diagnosis="changes_the_images",
    )
    if few:
        longer = expect_parameters(student.fit_numpy_mlp(x[some], y[some], hidden, seed, 3), hidden)
        expect(
            not same(answer.value, longer),
            "With 20 images, three epochs give the same network as one: a batch that is not full counts, too.",
        )


@check("fit_numpy_mlp", points=1, examples=3, capstone=True)
@given(seed=SEEDS)
def test_fit_numpy_mlp_is_repeatable(student, seed):
    """The same seed gives the same network, and another seed another."""
    (x, y), _ = digits()
    once, again, other = (
        expect_parameters(student.fit_numpy_mlp(x[:300], y[:300], (12,), s, 2), (12,)) for s in (seed, seed, seed + 1)
    )
    expect(same(once, again), "Two runs with the same seed gave different networks.", diagnosis="seed_ignored")
    expect(not same(once, other), "Two runs with different seeds gave the same network.", diagnosis="seed_fixed")


@check("fit_numpy_mlp", points=1, examples=3, capstone=True)
@given(seed=SEEDS)
def test_fit_numpy_mlp_trains_every_layer(student, seed):
    """More epochs change the weights and biases of every layer and lower the loss on the training images."""
    (x, y), _ = made_up(seed)

    def fit(seed):
        return [expect_parameters(student.fit_numpy_mlp(x, y, (16, 12), seed, epochs), (16, 12)) for epochs in (1, FEW)]

    def losses(networks):
        return [float(cross_entropy(forward(x, *network), y)) for network in networks]

    early, late = second_chance(fit, seed, lambda networks: operator.gt(*losses(networks)))
    stuck = [
        f"{name}[{i}]"
        for name, before, after in zip(("weights", "biases"), early, late, strict=True)
        for i in range(3)
        if np.allclose(before[i], after[i], rtol=1e-9, atol=0)
    ]
    diagnosis = mistake(early, late, x, y)
    expect(not stuck, f"After 1 epoch and after {FEW} these are the same: {', '.join(stuck)}.", diagnosis=diagnosis)
    before, after = losses((early, late))
    expect(
        after < before,
        f"The loss on the training images is no lower after {FEW} epochs than after 1.",
        got=after,
        expected=before,
        diagnosis=diagnosis,
    )


@check("fit_numpy_mlp", points=0.5, examples=2, capstone=True)
@given(seed=SEEDS)
def test_fit_numpy_mlp_uses_all_images(student, seed):
    """Every image counts: another label for any one of 320 changes the network, within one epoch."""
    (x, y), _ = digits()
    # 320 are whole batches of 16, 20, 32, 40, 64, 80: that what fills no batch is left out is seen elsewhere.
    x, y = x[:320], y[:320]

    def fit(labels, epochs=1):
        return expect_parameters(student.fit_numpy_mlp(x, labels, (8,), seed, epochs), (8,))

    def ignored(image):
        """Whether no other label of an image changes a bit: to one of them Adam's first step, nearly the gradient's sign, may be blind."""
        others = ((y + k * (np.arange(len(y)) == image)) % CLASSES for k in range(1, CLASSES))
        return all(identical(usual, fit(labels)) for labels in others)

    rng = np.random.default_rng(seed)
    usual, all_others = fit(y), (y + 1) % CLASSES
    for image in (0, len(y) - 1, *rng.permutation(len(y))[:18]):
        if ignored(image):
            with student.aside():
                diagnosis, later = "part_of_the_images", fit(y, 2)
                if same_biases(usual, later):  # then an image that opens no unit has nothing to say
                    diagnosis = "biases_not_trained"
                if same(usual, fit(all_others)):  # no label counts, whosever it is: in the first epoch, or in all
                    idle = "labels_from_elsewhere" if not same(usual, later) else "never_trained"
                    diagnosis = idle if same(later, fit(all_others, 2)) else "an_epoch_too_few"
            expect(False, f"Image {image} got another label, and nothing changed.", diagnosis=diagnosis)


@check("fit_numpy_mlp", points=1, examples=1, capstone=True)
@given(seed=SEEDS)
def test_fit_numpy_mlp_reads_digits(student, seed):
    """A trained network with 32 hidden units reads at least 90 % of the images that it never saw, and learns others as well."""
    (x, y), unseen = digits()

    def fit(seed, epochs=EPOCHS):
        return expect_parameters(student.fit_numpy_mlp(x, y, (32,), seed, epochs), (32,))

    network = second_chance(fit, seed, lambda network: share_known(network, unseen) >= THRESHOLD)
    share = share_known(network, unseen)
    if share < THRESHOLD:
        with student.aside():
            diagnosis = mistake(fit(seed + 1, 1), network, x, y)
        expect(
            False,
            f"After {EPOCHS} epochs the network reads {share:.1%} of the unseen images; {THRESHOLD:.0%} are wanted.",
            diagnosis=diagnosis,
        )
    expect_to_learn(student, seed, (32,))


@check("fit_numpy_mlp", points=1, examples=1, capstone=True)
@given(seed=SEEDS)
def test_fit_numpy_mlp_learns_from_the_labels_it_is_given(student, seed):
    """Trained on shuffled labels, the network reads unseen images no better than by guessing; on right ones it learns."""
    (x, y), unseen = digits()
    shuffled = np.random.default_rng(seed).permutation(y)
    network = expect_parameters(student.fit_numpy_mlp(x, shuffled, (32,), seed, FEW), (32,))
    share = share_known(network, unseen)
    expect(
        share <= CHANCE,
        f"Trained on shuffled labels, the network still reads {share:.1%} of the unseen images.",
        diagnosis="labels_from_elsewhere",
    )
    expect_to_learn(student, seed, (12,))
