"""A whole network by hand: its loss, all its gradients, and its training on handwritten digits."""

import numpy as np


def mlp_loss(x, labels, weights, biases):
    """Softmax loss of a multi-layer perceptron and its gradients by all weights and biases.

    The network: affine, ReLU, affine, ReLU, …, affine; the last layer's outputs are the logits, without
    ReLU. The loss: cross-entropy of their softmax, mean over the batch, stable for large logits.

    Arguments
        x: float64 [n, d₀].
        labels: int64 [n], entries from 0 to d_L − 1.
        weights: list of L ≥ 1 float64 arrays, layer l's of shape [dₗ, dₗ₊₁].
        biases: list of L float64 arrays, layer l's of shape [dₗ₊₁].
    Returns
        (loss, d_weights, d_biases): a float, and two lists in the order and with the shapes of weights and
        biases, float64. The derivative of ReLU at 0 may be any number from 0 to 1. The arguments are left
        as they were.

    By hand: x = [[1, 1]], labels = [1], weights = [[[1], [2]], [[½ ln 3, 0]]], biases = [[−1], [0, 0]].
    Hidden layer: 1 + 2 − 1 = 2, ReLU leaves 2. Logits [ln 3, 0], so p = [¾, ¼] and the loss is ln 4.
    d_logits = p − onehot = [¾, −¾]: d_weights[1] = 2 · [¾, −¾] = [[1.5, −1.5]], d_biases[1] = [¾, −¾].
    Behind the second layer arrives ¾ · ½ ln 3 = 0.412; the unit is open, so d_biases[0] = [0.412] and
    d_weights[0] = [[1 · 0.412], [1 · 0.412]].
    """
    raise NotImplementedError


def fit_numpy_mlp(x, labels, hidden, seed, epochs):
    """Train a ReLU network with a softmax loss on handwritten digits, in NumPy alone.

    Arguments
        x: float64 [n, d], entries from 0 to 1, one image a row (left as it was).
        labels: int64 [n], the digits 0 to 9.
        hidden: tuple of ints, the widths of the hidden layers, such as (32,) or (32, 16).
        seed: int. The same seed (and the same other arguments) gives the same weights to the last bit, in
            any process; another seed gives others.
        epochs: int ≥ 1, how many times every sample is used.
    Returns
        (weights, biases): lists of len(hidden) + 1 arrays, for mlp_loss: weights of shapes [d, hidden[0]],
        [hidden[0], hidden[1]], …, [hidden[-1], 10] and biases to match.

    Everything else is yours: initial weights (random, or all units of a layer stay equal for ever), batch
    size, optimiser, learning rate. All layers are to be trained. With 100 epochs over 1,437 images the
    network must read at least 90 % of images that it never saw with hidden = (32,), and at least 85 % with
    hidden = (24, 16); minibatches of 32 and any decent optimiser reach 97 %. The judge also draws images of
    ten classes of its own, as large as the digits, and wants 60 % of new ones known after 20 epochs.

    By hand, one step of plain gradient descent: with learning rate 0.1, w = [[1.0]] and dw = [[0.5]],
    the new w is 1.0 − 0.1 · 0.5 = [[0.95]].
    """
    raise NotImplementedError
