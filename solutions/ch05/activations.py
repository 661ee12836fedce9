"""Derivatives of the activation functions, evaluated at the input x."""

import numpy as np


def sigmoid_grad(x):
    """Derivative of the logistic sigmoid σ(x) = 1 / (1 + e⁻ˣ) at x.

    Argument
        x: float64 or int64 array of any shape; the *input* of the sigmoid, not its output.
    Returns
        a new float array of x's shape (float64 for float64), whose entries are σ′(x).

    Safe for large inputs: entries up to ±1000 give finite values, right to 10⁻⁷, and NumPy, with its usual
    settings, warns of nothing (no "overflow encountered in exp"). x itself is left as it was.

    By hand: at x = ln 3 we have e⁻ˣ = 1/3, so σ = 1 / (1 + 1/3) = 3/4 and
    σ′ = σ(1 − σ) = 3/4 · 1/4 = 3/16 = 0.1875. σ′ is even: at −ln 3 it is the same.

        sigmoid_grad(np.array([0.0, np.log(3.0)]))  →  [0.25, 0.1875]
    """
    ### BEGIN SOLUTION
    e = np.exp(-np.abs(x))  # σ′ is even, so the exponent may always be taken negative
    return e / (1 + e) ** 2
    ### END SOLUTION


def tanh_grad(x):
    """Derivative of the hyperbolic tangent at x.

    Argument
        x: float64 or int64 array of any shape; the *input* of tanh, not its output.
    Returns
        a new float array of x's shape (float64 for float64), whose entries are tanh′(x).

    Safe for large inputs: entries up to ±1000 give finite values, right to 10⁻⁷, and NumPy, with its usual
    settings, warns of nothing. x itself is left as it was.

    By hand: at x = ½ ln 3 we have e²ˣ = 3, so tanh x = (e²ˣ − 1) / (e²ˣ + 1) = 2/4 and
    tanh′ = 1 − tanh² = 1 − 1/4 = 0.75.

        tanh_grad(np.array([0.0, 0.5 * np.log(3.0)]))  →  [1.0, 0.75]
    """
    ### BEGIN SOLUTION
    return 1 - np.tanh(x) ** 2
    ### END SOLUTION


def relu_grad(x):
    """Derivative of ReLU(x) = max(0, x) at x.

    Argument
        x: float64 or int64 array of any shape.
    Returns
        a new array of numbers (not booleans) of x's shape, float64 for float64:
        1 where x > 0 and 0 where x < 0.

    At x = 0 ReLU has no derivative: any number from 0 to 1 (a *subgradient*) is accepted.
    TensorFlow takes 0. x itself is left as it was.

    By hand: left of zero ReLU is flat, right of it the line y = x with slope 1.

        relu_grad(np.array([-2.0, 0.5, 3.0]))  →  [0.0, 1.0, 1.0]
    """
    ### BEGIN SOLUTION
    return np.where(x > 0, 1.0, 0.0)
    ### END SOLUTION


def leaky_relu_grad(x, alpha):
    """Derivative of the leaky ReLU, f(x) = x for x > 0 and αx for x < 0, at x.

    Arguments
        x: float64 or int64 array of any shape.
        alpha: float, 0 ≤ alpha < 1, the slope on the negative side.
    Returns
        a new float array of x's shape (float64 for float64): 1 where x > 0 and alpha where x < 0,
        for integer x too (an integer array cannot hold 0.25).

    At x = 0 any number from alpha to 1 is accepted; TensorFlow takes alpha. x itself is left as it was.

    By hand: f(−2) = −2α and f(−1) = −α, a line of slope α; right of zero the slope is 1.

        leaky_relu_grad(np.array([-2.0, 0.5]), 0.25)  →  [0.25, 1.0]
    """
    ### BEGIN SOLUTION
    return np.where(x > 0, 1.0, alpha)
    ### END SOLUTION
