"""Optimisers: from a gradient to the next weights, one step at a time."""

import numpy as np


def sgd(w, dw, learning_rate):
    """One step of gradient descent: against the gradient.

        w ← w − η · dw

    Arguments
        w: float64 array of any shape, the weights.
        dw: float64 array of w's shape, the gradient of the loss at w (already a mean over the batch).
        learning_rate: float, η.
    Returns
        the new w: float64, of the same shape. The caller's arrays stay as they were.

    By hand: with w = 1, dw = 2 and η = 0.25 the step is −0.25 · 2 = −0.5.

        sgd(np.array([1.0]), np.array([2.0]), 0.25)  →  [0.5]
    """
    raise NotImplementedError


def momentum(w, dw, v, learning_rate, mu):
    """One step of gradient descent with momentum: the weights move with a velocity that gradients push.

        v ← μ · v − η · dw
        w ← w + v          (the new v)

    Three conventions are in use, which make the same path from v = 0 but keep another v. This one, in which v is
    the step itself, is Keras's (Sutskever et al. 2013, equations 1 and 2). PyTorch keeps v ← μv + dw and moves
    by −ηv; others keep −v. Here v and w are as above.

    Arguments
        w: float64 array of any shape, the weights.
        dw: float64 array of w's shape, the gradient at w.
        v: float64 array of w's shape, the velocity so far (zeros before the first step).
        learning_rate: float, η.
        mu: float, 0 ≤ μ < 1, the share of the velocity that is kept.
    Returns
        (w, v), both new: float64, of the same shape. The caller's arrays stay as they were.

    By hand: w = 1, dw = 2, v = 0.5, η = 0.1, μ = 0.9:
    v = 0.9 · 0.5 − 0.1 · 2 = 0.45 − 0.2 = 0.25, and w = 1 + 0.25.

        momentum(np.array([1.0]), np.array([2.0]), np.array([0.5]), 0.1, 0.9)  →  ([1.25], [0.25])
    """
    raise NotImplementedError


def rmsprop(w, dw, cache, learning_rate, decay, eps):
    """One step of RMSProp: each weight's step is divided by the recent size of its own gradient.

        cache ← ρ · cache + (1 − ρ) · dw²
        w     ← w − η · dw / (√cache + ε)          (the new cache; ε is added outside the root)

    Squares, roots and quotients are taken entry by entry. ε keeps the quotient finite: where dw and cache
    are both 0, w stays where it is. (Tieleman and Hinton 2012, lecture 6.5; some libraries put ε under the root.)

    Arguments
        w: float64 array of any shape, the weights.
        dw: float64 array of w's shape, the gradient at w.
        cache: float64 array of w's shape, none negative: the running mean of squared gradients.
        learning_rate: float, η.
        decay: float, 0 ≤ ρ < 1, the share of the cache that is kept.
        eps: float, ε > 0.
    Returns
        (w, cache), both new: float64, of the same shape. The caller's arrays stay as they were.

    By hand: w = 1, dw = 4, cache = 2, η = 0.3, ρ = 0.5, ε = 1 (large, to make it show):
    cache = 0.5 · 2 + 0.5 · 16 = 9, and w = 1 − 0.3 · 4 / (3 + 1) = 1 − 0.3.

        rmsprop(np.array([1.0]), np.array([4.0]), np.array([2.0]), 0.3, 0.5, 1.0)  →  ([0.7], [9.0])
    """
    raise NotImplementedError


def adam(w, dw, m, v, t, learning_rate, beta1, beta2, eps):
    """One step of Adam (Kingma and Ba 2015, algorithm 1): momentum over RMSProp, both corrected for their start at 0.

        m ← β₁ · m + (1 − β₁) · dw           running mean of the gradient
        v ← β₂ · v + (1 − β₂) · dw²          running mean of its square, entry by entry
        m̂ = m / (1 − β₁ᵗ)                    corrected: m and v began at 0 and are too small at first
        v̂ = v / (1 − β₂ᵗ)
        w ← w − η · m̂ / (√v̂ + ε)             ε is added outside the root

    m and v are handed back *uncorrected*, for the next step. The rearranged form at the end of the paper's section
    2, with η√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε), weighs ε a little otherwise and is accepted as well.

    Arguments
        w: float64 array of any shape, the weights.
        dw: float64 array of w's shape, the gradient at w.
        m, v: float64 arrays of w's shape, the running means so far (zeros before the first step); v is not negative.
        t: int, the number of this step. The first step has t = 1.
        learning_rate: float, η.
        beta1, beta2: floats, 0 ≤ β < 1.
        eps: float, ε > 0.
    Returns
        (w, m, v), all new: float64, of the same shape. The caller's arrays stay as they were.

    By hand: w = 1, dw = 2, m = v = 0, t = 1, η = 0.1, β₁ = 0.9, β₂ = 0.99 and a tiny ε:
    m = 0.1 · 2 = 0.2, v = 0.01 · 4 = 0.04, m̂ = 0.2 / 0.1 = 2, v̂ = 0.04 / 0.01 = 4, w = 1 − 0.1 · 2 / 2 = 0.9.
    The first step has the length η, whatever the gradient's size.

        zero = np.zeros(1)
        adam(np.array([1.0]), np.array([2.0]), zero, zero, 1, 0.1, 0.9, 0.99, 1e-8)  →  ([0.9], [0.2], [0.04])
    """
    raise NotImplementedError
