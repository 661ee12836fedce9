"""Automatic differentiation: the tape, derivatives of derivatives, and gradients of your own making."""

import tensorflow as tf


def himmelblau(x):
    """Himmelblau's function of the point x = (x₁, x₂), a landscape with four minima.

        f(x) = (x₁² + x₂ − 11)² + (x₁ + x₂² − 7)²

    Argument
        x: float32 or float64 tensor of shape [2].
    Returns
        a scalar tensor (shape []) of x's dtype, made by TensorFlow's ops so that a tape can follow it.

    By hand: at (1, 2) it is (1 + 2 − 11)² + (1 + 4 − 7)² = 64 + 4 = 68; at (3, 2), a minimum, it is 0.

        himmelblau(tf.constant([1.0, 2.0]))  →  68.0
    """
    raise NotImplementedError


def minimise(f, x, learning_rate, steps):
    """Gradient descent on f from x: the point after `steps` steps.

    Each step is x ← x − η f′(x), with the gradient at the point where the step begins. All `steps` of them are taken,
    also where the slope is small or f grows.

    Arguments
        f: a function of a tensor of x's shape and dtype, which answers a scalar tensor.
        x: float32 or float64 tensor of any shape, the start.
        learning_rate: float, η.
        steps: int, how many steps to take; 0 gives the start back.
    Returns
        the last point: a tensor (or variable) of x's shape and dtype.

    By hand: f(x) = x² has f′(x) = 2x, so that with η = 0.25 each step halves x: 4, 2, 1.

        minimise(lambda x: x**2, tf.constant(4.0), 0.25, 2)  →  1.0
    """
    raise NotImplementedError


def partials(f, xs):
    """The partial derivatives of f, one for each of its arguments.

    Arguments
        f: a function of len(xs) tensors, called as f(*xs), which answers a scalar tensor.
        xs: list of float32 or float64 tensors (all of one dtype), of any shapes.
    Returns
        a list with a tensor for every entry of xs, of that entry's shape and dtype: ∂f/∂xᵢ at xs.
        Where f ignores an argument its derivative is zeros, not None.

    By hand: f(a, b, c) = a² b at a = 3, b = 2, c = 5: ∂f/∂a = 2ab = 12, ∂f/∂b = a² = 9, ∂f/∂c = 0.

        xs = [tf.constant(3.0), tf.constant(2.0), tf.constant(5.0)]
        partials(lambda a, b, c: a**2 * b, xs)  →  [12.0, 9.0, 0.0]
    """
    raise NotImplementedError


def second_derivative(f, x):
    """The second derivative f″(x) of a function of one number.

    Arguments
        f: a function of a scalar tensor, which answers a scalar tensor of the same dtype.
        x: float32 or float64 scalar tensor (shape []).
    Returns
        a scalar tensor of x's dtype. Where f is linear, or ignores x, the answer is 0, not None. The derivative
        of a linear function is a constant, which a second tape does not connect with x.

    By hand: f(x) = x³ has f′ = 3x² and f″ = 6x, which is 12 at x = 2.

        second_derivative(lambda x: x**3, tf.constant(2.0))     →  12.0
        second_derivative(lambda x: 3 * x + 1, tf.constant(2.0))  →  0.0
    """
    raise NotImplementedError


def hessian(f, x):
    """The Hessian of f at x: all second partial derivatives.

    Arguments
        f: a function of a tensor of shape [n], which answers a scalar tensor of the same dtype.
        x: float32 or float64 tensor of shape [n].
    Returns
        a tensor of shape [n, n] and x's dtype: entry (i, j) is ∂²f/∂xᵢ∂xⱼ.
        Where f is linear, or ignores x, these are zeros, not None.

    By hand: f(x) = x₁² x₂ has the gradient (2 x₁ x₂, x₁²); differentiated again, that is
    [[2 x₂, 2 x₁], [2 x₁, 0]], at (1, 3):

        hessian(lambda x: x[0] ** 2 * x[1], tf.constant([1.0, 3.0]))  →  [[6.0, 2.0], [2.0, 0.0]]
    """
    raise NotImplementedError


def clip_gradient(x, limit):
    """The identity, through which no gradient entry passes larger than `limit`.

    Forward it answers x. Backward each entry of the upstream gradient is clipped to [−limit, limit]:
    below −limit it becomes −limit, above limit it becomes limit, and between them it passes unchanged.

    Arguments
        x: float32 or float64 tensor of any shape.
        limit: float > 0.
    Returns
        a tensor of x's shape and dtype, with the values of x; tf.custom_gradient gives it the gradient above,
        eagerly and inside tf.function.

    By hand: with limit 1 the upstream gradient (3, −0.2, −5) becomes (1, −0.2, −1), whatever x is.

        x = tf.constant([10.0, 20.0, 30.0])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = clip_gradient(x, 1.0)                                             # [10, 20, 30]
        tape.gradient(y, x, output_gradients=tf.constant([3.0, -0.2, -5.0]))  →  [1.0, -0.2, -1.0]
    """

    raise NotImplementedError


def round_straight_through(x):
    """Round to the nearest integer, and let the gradient through as if nothing had happened.

    Rounding is flat almost everywhere: its derivative is 0, TensorFlow gives None, and whatever comes before it
    learns nothing. The straight-through estimator (Bengio, Léonard and Courville 2013) takes the identity's gradient.

    Argument
        x: float32 or float64 tensor of any shape.
    Returns
        a tensor of x's shape and dtype (not integers): each entry rounded to the nearest whole number; half way
        between two of them either will do. Backward the upstream gradient passes unchanged, eagerly and inside
        tf.function.

    By hand: (0.4, 1.6, −2.3) rounds to (0, 2, −2), and the upstream gradient (5, −1, 0.5) comes out as it went in.

        x = tf.constant([0.4, 1.6, -2.3])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = round_straight_through(x)                                         # [0, 2, -2]
        tape.gradient(y, x, output_gradients=tf.constant([5.0, -1.0, 0.5]))  →  [5.0, -1.0, 0.5]
    """

    raise NotImplementedError
