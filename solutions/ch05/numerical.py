"""Gradients from differences of values: slow, approximate, and the best check of a backward pass."""

import numpy as np


def numerical_gradient(f, x, eps):
    """Gradient of a scalar function by central differences, one entry of x at a time.

    Arguments
        f: function of an array of x's shape and dtype; returns one number. Its value may depend on all
            entries of x together.
        x: float64 array of any shape.
        eps: float > 0, the step: the same for every entry, however large the entry is.
    Returns
        a float64 array of x's shape, whose entry i is

            (f(x + eps·eᵢ) − f(x − eps·eᵢ)) / (2 eps)

        where eᵢ is 1 at entry i and 0 elsewhere. It is this quotient that is asked for, not f's derivative as well as
        it can be had: for f(x) = x³ it is 3x² + eps².

    When the function returns, x holds exactly the numbers that it held before.

    By hand: f(x) = x₀² + 3 x₀ x₁ at x = [1, 2] with eps = 0.5.
    Entry 0: f(1.5, 2) = 2.25 + 9 = 11.25 and f(0.5, 2) = 0.25 + 3 = 3.25; (11.25 − 3.25) / 1 = 8.
    Entry 1: f(1, 2.5) = 1 + 7.5 = 8.5 and f(1, 1.5) = 1 + 4.5 = 5.5; (8.5 − 5.5) / 1 = 3.
    Both are exact, however large eps is, because f is quadratic.
    """
    ### BEGIN SOLUTION
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = eps
        gradient[i] = (f(x + step) - f(x - step)) / (2 * eps)
    return gradient
    ### END SOLUTION


def relative_error(a, b):
    """Largest relative difference between the entries of two arrays: one number from 0 to 1.

    Arguments
        a, b: float64 arrays of the same shape.
    Returns
        a float: the largest of |a − b| / max(|a| + |b|, 1e-8) over all entries. The 1e-8 keeps
        two zeros from being divided by zero: their relative error is 0. It is part of the formula, and counts
        wherever |a| + |b| is smaller: for 1e-9 and 0 the quotient is 0.1.

    By hand: a = [1, −3, 0], b = [3, −3, 0]. The entries give |1 − 3| / (1 + 3) = 0.5, 0 / 6 = 0 and
    0 / 1e-8 = 0; the largest is 0.5.

        relative_error(np.array([1.0, -3.0, 0.0]), np.array([3.0, -3.0, 0.0]))  →  0.5
    """
    ### BEGIN SOLUTION
    return float(np.max(np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-8)))
    ### END SOLUTION
