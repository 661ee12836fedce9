"""Trusted gradients to compare a student's with: TensorFlow's tape, and central differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def tape_vjp(
    f: Callable[..., Any], args: Sequence[Any], cotangent: Any, wrt: Sequence[int] | None = None
) -> list[np.ndarray]:
    """Vector-Jacobian products of `f`, made of TensorFlow ops, by GradientTape.

    args: arrays or plain values; cotangent: an array shaped as f's result, or a list for several results;
    wrt: positions of the arguments to differentiate (all float arrays by default). A gradient that does not exist is zeros.
    """
    import tensorflow as tf

    given = [tf.constant(arg) if isinstance(arg, np.ndarray) else arg for arg in args]
    if wrt is None:
        wrt = [i for i, arg in enumerate(args) if isinstance(arg, np.ndarray) and arg.dtype.kind == "f"]
    wanted = [given[i] for i in wrt]
    with tf.GradientTape() as tape:
        tape.watch(wanted)
        result = f(*given)
    found = tape.gradient(
        result, wanted, output_gradients=cotangent, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    return [np.asarray(g.numpy()) for g in found]


def numerical_vjp(
    f: Callable[..., Any],
    args: Sequence[Any],
    cotangent: Any,
    wrt: Sequence[int] | None = None,
    eps: float = 1e-6,
) -> list[np.ndarray]:
    """Vector-Jacobian products by central differences in float64: ⟨cotangent, (f(x + εe) − f(x − εe)) / 2ε⟩ for every entry."""
    if wrt is None:
        wrt = [i for i, arg in enumerate(args) if isinstance(arg, np.ndarray) and arg.dtype.kind == "f"]
    cotangent = np.asarray(cotangent, dtype=np.float64)
    gradients = []
    for position in wrt:
        x = np.array(args[position], dtype=np.float64)
        gradient = np.zeros_like(x)
        for index in np.ndindex(*x.shape):
            sides = []
            for step in (eps, -eps):
                moved = x.copy()
                moved[index] += step
                given = [moved if i == position else arg for i, arg in enumerate(args)]
                sides.append(np.asarray(f(*given), dtype=np.float64))
            gradient[index] = np.sum(cotangent * (sides[0] - sides[1])) / (2 * eps)
        gradients.append(gradient)
    return gradients
