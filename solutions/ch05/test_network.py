"""Hidden checks of network.py."""

from itertools import pairwise

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from grader import check, expect, expect_close, expect_shape
from grader.comparison import expect_length
from grader.data import load
from grader.strategies import arrays, labels
from grader.training import drawn_classes


@check("mlp_loss", points=1, examples=10)
@given(data=st.data(), n=st.integers(1, 7), depth=st.integers(2, 5), units=st.integers(3, 7))
def test_mlp_loss_of_equal_widths(student, reference, data, n, depth, units):
    """mlp_loss of deep networks whose layers all have the same width."""
    x, right = data.draw(arrays((n, units), pattern="normal")), data.draw(labels(n, units))
    weights = [data.draw(arrays((units, units), pattern="normal")) * 0.7 for _ in range(depth)]
    biases = [data.draw(arrays((units,), pattern="normal")) for _ in range(depth)]
    h = x
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        z = h @ w + b
        assume(np.abs(z).min() > 1e-3)  # ReLU′(0) is free
        h = np.maximum(z, 0)
    expected = reference.mlp_loss(x, right, weights, biases)
    expect_close(student.mlp_loss(x, right, weights, biases), expected, what=("loss", "d_weights", "d_biases"))


@check("fit_numpy_mlp", points=1, examples=1, capstone=True)
@given(seed=st.integers(0, 2**31 - 1))
def test_fit_numpy_mlp_trains_two_hidden_layers(student, seed):
    """A trained network with hidden layers of 24 and 16 units reads at least 85 % of the images that it never saw."""
    (x, y), (x_test, y_test) = load("digits")
    accuracy = accuracy_on(student, seed, (x / 16, y), (x_test / 16, y_test), 100)
    # calibration.json: the reference reads 97.7 % ± 0.9 % and would miss 93.6 % less than once in 10,000 runs.
    expect(accuracy >= 0.85, f"The network reads {accuracy:.1%} of the unseen images; 85 % are wanted.")
    drawn = [(x.reshape(len(x), -1), y) for x, y in drawn_classes(seed + 1, (1437, 360), 8)]
    accuracy = accuracy_on(student, seed, *drawn, 20)
    expect(accuracy >= 0.6, f"Of images of other classes the network knows {accuracy:.1%}; 60 % are wanted.")


def accuracy_on(student, seed, seen, unseen, epochs):
    """The share of unseen images that a network of hidden layers (24, 16) knows after it was trained on the seen ones."""
    (x, y), (x_test, y_test) = seen, unseen
    widths = [64, 24, 16, 10]
    network = student.fit_numpy_mlp(x, y, (24, 16), seed, epochs)
    expect_length(network, 2, ("weights", "biases"))
    expect_length(network[0], 3)
    expect_length(network[1], 3)
    h = x_test
    for i, (m, n) in enumerate(pairwise(widths)):
        h = h @ expect_shape(network[0][i], (m, n), what=f"weights[{i}]") + expect_shape(
            network[1][i], (n,), what=f"biases[{i}]"
        )
        h = np.maximum(h, 0) if i < 2 else h
    return float((h.argmax(axis=1) == y_test).mean())
