"""Hidden checks of capstone.py."""

import numpy as np
from hypothesis import given

from grader import check, expect, expect_shape
from grader.data import load
from grader.strategies import SEEDS
from grader.training import mean_cross_entropy

FRESH_SEEDS = SEEDS.filter(bool)


@check("fit_lenet", points=1, examples=1, capstone=True)
@given(seed=FRESH_SEEDS)
def test_fit_lenet_is_better_after_an_epoch_than_before(student, seed):
    """One epoch lowers the cross-entropy on new pictures, also where only some of the classes occur."""
    (x, y), (inputs, labels) = load("fashion_mnist")
    classes = np.random.default_rng(seed).choice(10, 4, replace=False)
    x, y, inputs, labels = (
        part[np.isin(of, classes)] for part, of in ((x, y), (y, y), (inputs, labels), (labels, labels))
    )
    x, inputs = (np.float32(part[..., None] / 255) for part in (x[:1600], inputs))
    losses = []
    for epochs in (0, 1):
        answers = student.probe("trained_network", "fit_lenet", x, y[:1600], seed, epochs, inputs)["inference"]
        expect_shape(answers, (len(inputs), 10), np.float32, "what the model answers")
        losses.append(mean_cross_entropy(answers, labels))
    expect(
        losses[1] < losses[0] - 0.1,
        f"One epoch changed the cross-entropy from {losses[0]:.2f} to {losses[1]:.2f} only.",
    )


@check("fit_resnet", points=0.5, examples=1, capstone=True)
@given(seed=FRESH_SEEDS)
def test_fit_resnet_takes_images_of_any_size(student, seed):
    """The model is made for the images that it is given, which need not be square."""
    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in 4 * rng.choice([4, 5, 6], 2, replace=False))
    x, y = rng.random((8, height, width, 3), np.float32), rng.integers(0, 10, 8)
    answers = student.probe("trained_network", "fit_resnet", x, y, seed, 0, x)["inference"]
    expect_shape(answers, (8, 10), np.float32, "what the model answers")
    expect(np.ptp(answers, axis=0).max() > 1e-4, "The model answers the same for every image.")
