"""Weights that the judge and a worker both know, so that networks can be compared as functions.

Two correct networks may name, order and nest their layers in different ways. So a weight is known by its role and its
shape alone: all weights of one role and shape get the same values, and then the order does not matter any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

ROLES = ("kernel", "shift", "scale", "mean", "variance")
PERIOD = 4093  # a big kernel repeats so many drawn values; a prime, so that no axis of a kernel is in step with it

Fixed = Mapping[str, Any]


def label(role: str, shape: Sequence[int]) -> str:
    """What a weight is known by: "kernel 3x3x64x64", "shift 10".

    A convolution of 1×1 and a dense layer do the same, so [1, 1, c_in, c_out] is taken for [c_in, c_out].
    """
    return f"{role} {'x'.join(map(str, core(shape)))}"


def core(shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of a kernel; [c_in, c_out] for that of a convolution of 1×1."""
    sizes = tuple(int(size) for size in shape)
    return sizes[-2:] if set(sizes[:-2]) == {1} else sizes


def known_value(role: str, shape: Sequence[int], seed: int, fixed: Fixed | None = None) -> np.ndarray:
    """The float32 values of a weight: drawn by seed, role and shape, or taken from `fixed`.

    fixed maps a label, or a role, to an array or a number. Drawn kernels keep the scale of what passes through ReLU
    layers (He et al., 2015: variance 2 / fan-in); variances lie in [0.5, 1.5], scales around 1, the others around 0.
    """
    sizes = core(shape)
    for key in (label(role, sizes), role):
        if fixed and key in fixed:
            return np.broadcast_to(np.asarray(fixed[key], np.float32), sizes).reshape(tuple(shape))
    count = int(np.prod(sizes, dtype=np.int64))
    rng = np.random.default_rng([seed, ROLES.index(role), *sizes])
    if role == "variance":
        values = 0.5 + rng.random(min(count, PERIOD), np.float32)
    else:
        fan_in = int(np.prod(sizes[:-1], dtype=np.int64))
        spread = np.sqrt(2 / fan_in) if role == "kernel" else 0.25
        offset = 1 if role == "scale" else 0
        values = offset + np.float32(spread) * rng.standard_normal(min(count, PERIOD), np.float32)
    return np.resize(values, tuple(shape))


class KnownWeights:
    """The judge's own weights: what a slow, plain definition of a network asks for, and a record of it.

        known = KnownWeights(seed)
        y = tf.nn.conv2d(x, known.kernel(3, 3, 1, 6), 1, "SAME") + known.shift(6)

    `known.used` lists the label of every weight asked for, each time that it is asked for: the weights that the network
    has. `known.variables` maps a label to its tf.Variable, so a gradient with respect to it is the sum of the gradients
    of all weights with this label.
    """

    def __init__(self, seed: int, fixed: Fixed | None = None) -> None:
        self.seed = seed
        self.fixed = dict(fixed or {})
        self.used: list[str] = []
        self.variables: dict[str, Any] = {}

    def kernel(self, *shape: int) -> Any:
        """A kernel of a convolution [k_h, k_w, c_in, c_out] or of a dense layer [c_in, c_out]."""
        return self.weight("kernel", shape)

    def shift(self, size: int) -> Any:
        """A bias, or the beta of a normalisation."""
        return self.weight("shift", (size,))

    def scale(self, size: int) -> Any:
        """The gamma of a normalisation."""
        return self.weight("scale", (size,))

    def mean(self, size: int) -> Any:
        """A moving mean."""
        return self.weight("mean", (size,))

    def variance(self, size: int) -> Any:
        """A moving variance."""
        return self.weight("variance", (size,))

    def weight(self, role: str, shape: tuple[int, ...]) -> Any:
        """The weight of this role and shape, noted in `used`."""
        import tensorflow as tf

        name = label(role, shape)
        self.used.append(name)
        if name not in self.variables:
            value = known_value(role, core(shape), self.seed, self.fixed)
            self.variables[name] = tf.Variable(value, trainable=role in ("kernel", "shift", "scale"))
        return tf.reshape(self.variables[name], shape)

    def trained(self) -> dict[str, Any]:
        """The variables that training changes, by label."""
        return {name: variable for name, variable in self.variables.items() if variable.trainable}


def role_of(weight: Any, trainable: bool) -> str:
    """The role of a layer's weight, told by its rank and its initial values.

    A vector that starts as ones is a scale (or, if it is not trained, a moving variance); any other is a shift (or a
    moving mean).
    """
    if len(weight.shape) != 1:
        return "kernel"
    ones = bool((np.asarray(weight) == 1).all())
    return ("scale" if ones else "shift") if trainable else ("variance" if ones else "mean")


def roles(layer: Any) -> list[tuple[Any, str]]:
    """Every weight of a Keras layer or model that was built and not trained, with its role."""
    trained = [(weight, role_of(weight, True)) for weight in layer.trainable_weights]
    return trained + [(weight, role_of(weight, False)) for weight in layer.non_trainable_weights]
