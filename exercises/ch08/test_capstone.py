"""Checks of capstone.py: training, judged by predictions for images whose labels the student's code never sees.

Clothes are numbered anew in every run, and other classes are made up in it, so that no model that was trained beforehand
can know them. Thresholds come from solutions/ch08/calibration.json (`grader calibrate ch08`); they leave room for other
optimisers and batch sizes.
"""

import math
from functools import cache, partial
from typing import NamedTuple

import numpy as np
from hypothesis import given

from grader import Exercise, check, expect, expect_shape
from grader.data import load
from grader.strategies import SEEDS
from grader.training import accuracy, drawn_classes, gpu_available, mean_cross_entropy, second_chance

EXERCISES = (
    Exercise(
        "fit_lenet",
        hints=(
            "Seed first, then make the network, compile it, fit it, and give it back.",
            "The loss is keras.losses.SparseCategoricalCrossentropy(from_logits=True): the last layer has no activation.",
            "keras.utils.set_random_seed(seed); model = LeNet-5 with Dense(10) last; "
            "model.compile(keras.optimizers.Adam(0.002), loss); model.fit(x, y, batch_size=32, epochs=epochs, verbose=0).",
        ),
        seconds=120,
    ),
    Exercise(
        "fit_resnet",
        hints=(
            "It is fit_lenet with another network: build that with the functional API, from keras.Input(x.shape[1:]) on.",
            "If the model knows its images in training but not in inference, look at momentum in BatchNormalization.",
            "A block: conv, BN, ReLU, conv, BN; plus the shortcut, which is conv 1×1 and BN where the stride is 2; ReLU. "
            "BN is BatchNormalization(momentum=0.9).",
        ),
        seconds=120,
    ),
)

CLASSES = 10
OWN = 0.8  # the share of the images that it was trained on that fit_resnet must know
CHANCE = 0.4  # more than a network can classify rightly that was trained on shuffled labels
KNOWN = 300  # images that fit_resnet was trained on, and that the model is asked about again
FRESH_SEEDS = SEEDS.filter(bool)  # the simplest draw, tried first, is rejected: so the one example is a random one


class Budget(NamedTuple):
    """How much is trained, and what is then asked of images that were not seen."""

    images: int
    epochs: int
    side: int
    accuracy: float
    loss: float = math.inf


# fit_lenet, fit_lenet_loss and so on in solutions/ch08/calibration.json, from the references over 20 seeds and more; a
# threshold leaves as much room again for slower training than the reference's, such as SGD without momentum.
LENET = Budget(images=3200, epochs=4, side=28, accuracy=0.6, loss=1.1)
LENET_GPU = Budget(images=10_000, epochs=5, side=28, accuracy=0.75, loss=0.75)
DRAWN = Budget(images=960, epochs=8, side=28, accuracy=0.6)
RESNET = Budget(images=320, epochs=12, side=16, accuracy=0.35)
RESNET_GPU = Budget(images=2000, epochs=5, side=32, accuracy=0.9)


def in_words(budget):
    """What was trained, for messages."""
    size = "" if gpu_available() else " (the small budget: there is no GPU)"
    return f"After {budget.epochs} epochs of {budget.images:,} images{size}"


# --- images -------------------------------------------------------------------------------------------------------------


@cache
def clothes():
    """Fashion-MNIST as ((x, y), (x_test, y_test)): float32 pixels from 0 to 1, [n, 28, 28, 1]."""
    (x, y), (x_test, y_test) = load("fashion_mnist")
    x, x_test = (np.float32(part[..., None] / 255) for part in (x, x_test))
    return (x, y), (x_test, y_test)


def figures(n, seed, height, width=None):
    """Coloured figures on a ground of another colour, with noise: float32 [n, height, width, 3], and their classes, int64.

    Classes 0 to 4 are bluish discs, squares, triangles, crosses and rings, 5 to 9 the same in reddish.
    """
    rng = np.random.default_rng([seed, height])
    labels = rng.integers(0, CLASSES, n)
    size = np.array([height, width or height])
    radius = size.min() * rng.uniform(0.25, 0.42, n)
    centre = rng.uniform(radius, size[:, None] - radius)
    rows, columns = np.mgrid[: size[0], : size[1]]
    radius, top, left = (part[:, None, None] for part in (radius, *centre))
    u, v = (rows - top) / radius, (columns - left) / radius  # 1 at the figure's rim
    distance = np.hypot(u, v)
    shapes = np.stack(
        [
            distance < 1,
            np.maximum(abs(u), abs(v)) < 0.85,
            (abs(v) < (u + 1) / 2) & (u < 1),
            (np.minimum(abs(u), abs(v)) < 0.3) & (np.maximum(abs(u), abs(v)) < 1),
            (distance < 1) & (distance > 0.6),
        ]
    )
    inside = shapes[labels % 5, np.arange(n)][..., None]
    strong, middle, weak = rng.uniform((0.65, 0, 0), (1, 0.6, 0.35), (n, 3)).T
    colour = np.where(labels < 5, (weak, middle, strong), (strong, middle, weak)).T[:, None, None]
    ground = rng.uniform(0, 0.5, (n, 1, 1, 3))
    images = np.where(inside, colour, ground) + 0.05 * rng.standard_normal((n, *size, 3))
    return np.float32(np.clip(images, 0, 1)), labels


# --- trainings ----------------------------------------------------------------------------------------------------------


def train(student, name, x, y, seed, epochs, inputs):
    """The probe's report for one training; fails unless the answers are finite numbers of the right shape."""
    report = student.probe("trained_network", name, x, y, seed, epochs, inputs)
    expect(
        not report["changed"],
        f"{name} changed its argument {' and '.join(report['changed'])} in place: work on a copy.",
        diagnosis="changes_arguments",
    )
    expect_shape(report["inference"], (len(inputs), CLASSES), np.float32, "what the model answers")
    expect(
        np.isfinite(report["inference"]).all(),
        "The model answers numbers that are not finite: the steps are too large.",
    )
    return report


def lenet_run(student, budget, seed):
    """Train fit_lenet with this budget: the probe's report, and the labels of the 2,000 test images."""
    (x, y), (inputs, labels) = clothes()
    names = np.random.default_rng([seed, 1]).permutation(CLASSES)
    x, y = x[: budget.images], names[y[: budget.images]]
    return train(student, "fit_lenet", x, y, seed, budget.epochs, inputs), names[labels]


def drawn_run(student, seed, epochs=DRAWN.epochs):
    """Train fit_lenet on made-up classes: the probe's report, and the labels of 500 new images of them."""
    (x, y), (inputs, labels) = drawn_classes(seed, (DRAWN.images, 500), DRAWN.side)
    x, inputs = (np.float32(part[..., None]) for part in (x, inputs))
    return train(student, "fit_lenet", x, y, seed, epochs, inputs), labels


def resnet_run(student, budget, seed, epochs=None):
    """Train fit_resnet with this budget: the probe's report, and labels, for its first 300 images and then 1,000 new ones."""
    x, labels = figures(budget.images + 1000, seed, budget.side)
    labels = np.random.default_rng([seed, 2]).permutation(CLASSES)[labels]
    asked = np.r_[:KNOWN, budget.images : len(x)]
    some = slice(budget.images)
    epochs = budget.epochs if epochs is None else epochs
    return train(student, "fit_resnet", x[some], labels[some], seed, epochs, x[asked]), labels[asked]


def probabilities(answers):
    """Whether these answers went through a softmax."""
    return answers.min() >= 0 and np.allclose(answers.sum(axis=1), 1, atol=1e-3)


def mistake(report, labels, untrained=None):
    """The named mistake that a trained model's answers show; or None. untrained: what the model answers after 0 epochs."""
    logits, dim = np.asarray(report["inference"]), np.asarray(report["dim"])
    right, loss = accuracy(logits, labels), mean_cross_entropy(logits, labels)
    sums = logits.sum(axis=1)
    if probabilities(logits):
        return "softmax_output"
    if untrained is not None and np.allclose(logits, untrained, atol=1e-6):
        return "never_trained"
    if logits.std(axis=0).max() < 1e-4:
        return "steps_too_large"
    if logits.min() == 0 and (logits == 0).mean() > 0.2:
        return "relu_output"
    if mean_cross_entropy(dim, labels[: len(dim)]) < min(loss, 2) - 0.2:
        return "scaled_twice"
    if right < 0.2 and logits.max() < 0.1 and np.median(sums) < -1:
        return "loss_of_probabilities"
    if right < 0.2 and abs(loss - math.log(CLASSES)) < 0.2 and abs(np.median(sums)) < 0.5:
        return "pairs_broken"
    if right > 0.6 and abs(np.median(sums) - 1) < 0.1 and np.abs(logits).max() < 3:
        return "squared_error"
    return None


def expect_logits(report, labels, what):
    """Fail if the model answers probabilities, or what a ReLU leaves of logits."""
    logits = np.asarray(report["inference"])
    expect(
        not probabilities(logits),
        f"{what} should answer logits, but probabilities came back: every row adds up to 1.",
        report["inference"],
        diagnosis=mistake(report, labels),
    )
    expect(
        logits.min() < 0 or (logits == 0).mean() < 0.2,
        f"{what} should answer logits of a linear layer, but {(logits == 0).mean():.0%} of them are exactly 0, and none is "
        "negative.",
        report["inference"],
        diagnosis=mistake(report, labels),
    )


@check("fit_lenet", points=1, examples=1, capstone=True)
@given(seed=FRESH_SEEDS)
def test_fit_lenet_learns_classes_that_nobody_has_met(student, seed):
    """Trained on images of classes that the judge made up a moment ago, the model knows most new ones."""

    def known(run):
        return accuracy(run[0]["inference"], run[1])

    # fit_lenet_drawn in solutions/ch08/calibration.json
    report, labels = run = second_chance(partial(drawn_run, student), seed, lambda run: known(run) >= DRAWN.accuracy)
    expect_logits(report, labels, "fit_lenet's model")
    right = known(run)
    if right < DRAWN.accuracy:
        with student.aside():
            fresh, _ = drawn_run(student, seed + 1, epochs=0)
        expect(
            False,
            f"{in_words(DRAWN)} of its own the model classifies {right:.1%} of 500 new ones rightly; at least "
            f"{DRAWN.accuracy:.0%} are wanted.",
            diagnosis=mistake(report, labels, fresh["inference"]),
        )


@check("fit_lenet", points=2, examples=1, capstone=True)
@given(seed=FRESH_SEEDS)
def test_fit_lenet_learns_to_tell_clothes_apart(student, seed):
    """After a short training the model classifies most pictures that it has not seen rightly, whatever the classes' numbers."""
    budget = LENET_GPU if gpu_available() else LENET

    def measured(run):
        return accuracy(run[0]["inference"], run[1]), mean_cross_entropy(run[0]["inference"], run[1])

    def good(run):
        right, loss = measured(run)
        return right >= budget.accuracy and loss <= budget.loss

    report, labels = run = second_chance(partial(lenet_run, student, budget), seed, good)
    expect_logits(report, labels, "fit_lenet's model")
    if good(run):
        return
    right, loss = measured(run)
    (x, y), (inputs, _) = clothes()
    with student.aside():
        fresh = train(student, "fit_lenet", x[:64], y[:64], seed + 1, 0, inputs)["inference"]
    name = mistake(report, labels, fresh)
    expect(
        right >= budget.accuracy,
        f"{in_words(budget)} the model classifies {right:.1%} of 2,000 new ones rightly; at least {budget.accuracy:.0%} are "
        f"wanted.",
        diagnosis=name,
    )
    expect(
        loss <= budget.loss,
        f"{in_words(budget)} the model's mean cross-entropy on 2,000 new ones is {loss:.2f}; at most {budget.loss} is wanted. "
        f"It classifies {right:.1%} of them rightly, so its logits are of the wrong size.",
        diagnosis=name,
    )


@check("fit_lenet", points=1, examples=1, capstone=True)
@given(seed=FRESH_SEEDS)
def test_fit_lenet_is_decided_by_seed_and_epochs(student, seed):
    """With 0 epochs the model is untrained; the same seed makes the same model, another seed another one."""
    (x, y), (inputs, labels) = clothes()
    expect_decided(student, "fit_lenet", x[:2000], y[:2000], seed, inputs[:500], labels[:500])


def expect_decided(student, name, x, y, seed, inputs, labels):
    """Fail unless, with 0 epochs, the seed alone decides what the model answers for inputs, and it does not know them."""
    one, same, other, two = (
        train(student, name, x, given, s, 0, inputs)["inference"]
        for given, s in ((y, seed), (y, seed), (9 - y, seed), (y, seed + 1))
    )
    expect(
        np.allclose(one, same, rtol=1e-3, atol=1e-3),
        "The same seed gave two different models: seed all that is random at the beginning, the initial weights too.",
        diagnosis="seed_ignored",
    )
    expect_untrained(one, other, labels, name)
    expect_different(one, two)


def expect_untrained(answers, others, labels, name):
    """Fail if a model after 0 epochs knows more than it could by chance, or depends on labels. others: with other ones."""
    right, loss = accuracy(answers, labels), mean_cross_entropy(answers, labels)
    expect(
        np.allclose(answers, others, rtol=1e-3, atol=1e-3),
        f"With epochs=0 {name} gives back another model where the labels are others: it was trained.",
        diagnosis="epochs_ignored",
    )
    expect(
        loss > 1.8 and right < 0.5,
        f"With epochs=0 {name} gives back a model that was trained: it classifies {right:.1%} of new images rightly, and its "
        f"mean cross-entropy is {loss:.2f}; chance would be 10% and 2.30.",
        diagnosis="epochs_ignored",
    )


def expect_different(one, two):
    """Fail if two seeds gave the same model; a last layer that starts at zero cannot tell."""
    expect(
        not one.any() or not np.allclose(one, two, atol=1e-4),
        "Two seeds gave the same model: use the argument seed for all that is random, once, at the beginning.",
        diagnosis="seed_fixed",
    )


def shuffled_run(student, seed, order=3):
    """Train fit_lenet on labels that do not belong to their pictures: what it answers for the 2,000 test images.

    order: another number shuffles the labels in another way.
    """
    (x, y), (inputs, _) = clothes()
    shuffled = np.random.default_rng([seed, order]).permutation(y[:640])
    return train(student, "fit_lenet", x[:640], shuffled, seed, 1, inputs)["inference"]


@check("fit_lenet", points=1, examples=1, capstone=True)
@given(seed=FRESH_SEEDS)
def test_fit_lenet_repeats_itself_and_learns_nothing_from_shuffled_labels(student, seed):
    """The same seed gives the same model, other labels another one, and shuffled labels none that knows new pictures."""
    one, two = (shuffled_run(student, seed) for _ in range(2))
    # Two threads may add in another order; a training that is not seeded moves every logit by about its own size.
    expect(
        np.abs(one - two).mean() <= 0.02 * one.std(),
        "The same seed gave two different models: seed all that is random at the beginning, the initial weights too.",
        diagnosis="seed_ignored",
    )
    other = shuffled_run(student, seed, order=4)
    expect(
        np.abs(one - other).mean() > 0.02 * one.std(),
        "Other labels gave the same model: it does not learn from y.",
    )
    # fit_lenet_shuffled in solutions/ch08/calibration.json
    right = accuracy(one, clothes()[1][1])
    expect(
        right < CHANCE,
        f"From shuffled labels nothing can be learned, and yet {right:.1%} of new pictures are classified rightly.",
    )


# --- coloured figures ---------------------------------------------------------------------------------------------------


@check("fit_resnet", points=3, examples=1, capstone=True)
@given(seed=FRESH_SEEDS)
def test_fit_resnet_learns_to_tell_figures_apart(student, seed):
    """After a short training the model knows the images that it was trained on, and most others, in inference too."""
    budget = RESNET_GPU if gpu_available() else RESNET

    def measured(run):
        return [accuracy(run[0]["inference"][part], run[1][part]) for part in (slice(KNOWN), slice(KNOWN, None))]

    def good(run):
        own, new = measured(run)
        return own >= OWN and new >= budget.accuracy

    report, labels = run = second_chance(partial(resnet_run, student, budget), seed, good)
    expect_logits(report, labels, "fit_resnet's model")
    if good(run):
        return
    own, new = measured(run)
    training, dim = (accuracy(report[kind][:KNOWN], labels[:KNOWN]) for kind in ("training", "dim"))
    if dim >= OWN:
        name = "scaled_twice"
    else:
        name = "moving_averages_lag" if training >= OWN else resnet_mistake(student, report, labels, seed + 1, budget)
    expect(
        own >= OWN,
        f"{in_words(budget)} the model knows {own:.1%} of them in inference (training=False), and {training:.1%} in training; "
        f"{OWN:.0%} are wanted.",
        diagnosis=name,
    )
    expect(
        new >= budget.accuracy,
        f"{in_words(budget)} the model classifies {new:.1%} of 1,000 new ones rightly; {budget.accuracy:.0%} are wanted.",
        diagnosis=name,
    )


def resnet_mistake(student, report, labels, seed, budget):
    """The named mistake of a model that does not know the images that it was trained on; or None."""
    with student.aside():
        fresh, _ = resnet_run(student, budget, seed, epochs=0)
    if np.allclose(report["inference"], fresh["inference"], atol=1e-6):
        return "never_trained"
    logits, known = np.asarray(report["inference"])[:KNOWN], labels[:KNOWN]
    if accuracy(logits, known) > 0.3:
        return None
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    sure = (1 / shares.sum(axis=1)).mean()  # the mean probability of the model's own choice
    return "pairs_broken" if sure > 0.5 else None


@check("fit_resnet", points=0.5, examples=1, capstone=True)
@given(seed=FRESH_SEEDS)
def test_fit_resnet_is_decided_by_seed_and_epochs(student, seed):
    """With 0 epochs the model is untrained; the same seed makes the same model, another seed another one."""
    x, y = figures(64, seed, 16)
    expect_decided(student, "fit_resnet", x, y, seed, x, y)
