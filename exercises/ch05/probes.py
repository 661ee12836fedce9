"""Probes of chapter 5: what a plain call cannot show."""

import warnings

import numpy as np
import tensorflow as tf


def with_warnings(student, name, *args):
    """student.name(*args) and what NumPy warned of meanwhile: {"value": …, "warnings": sorted texts}."""
    with np.errstate(all="warn", under="ignore"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = getattr(student, name)(*args)
    texts = {str(w.message) for w in caught if issubclass(w.category, RuntimeWarning)}
    return {"value": value, "warnings": sorted(texts)}


def numerical_gradient_of(student, kind, a, x, eps):
    """student.numerical_gradient of one of three functions with coefficients a (x's shape) at x.

    Answers {"gradient": …, "x": what x holds afterwards}.
    """
    functions = {
        "quadratic": lambda z: float(np.sum(a * z * z) + np.sum(z) ** 2),
        "smooth": lambda z: np.sum(a * np.sin(z)) + np.log(1 + np.sum(z * z)),
        "kinked": lambda z: np.asarray(np.sum(a * np.abs(z))),
    }

    def f(z):
        if np.shape(z) != a.shape:
            raise ValueError(f"f was called with an array of shape {np.shape(z)}; x has the shape {a.shape}.")
        return functions[kind](np.array(z))

    return {"gradient": student.numerical_gradient(f, x, eps), "x": x}


# --- automatic differentiation: functions by name, since a function cannot be sent ------------------------------------


def _of_one_tensor(kind, a, b):
    """A function of TensorFlow ops from a tensor of b's shape to a scalar. a, b: its coefficients.

    "bowl": ½ Σ a (x − b)²; "valley": Σ a ln cosh(x − b); "himmelblau": shape [2], a and b unused;
    "form": xᵀ a x + b · x; "product": exp(b · x) · a; "waves": Σ a sin(b x); "cubes": Σ a x³ + b x;
    "linear": b · x + a; "constant": a, whatever x is.
    """

    def coefficient(value, x):
        return tf.cast(tf.convert_to_tensor(value), x.dtype)

    def himmelblau(x):
        p, q = tf.unstack(x)
        return (p * p + q - 11) ** 2 + (p + q * q - 7) ** 2

    functions = {
        "bowl": lambda x, a, b: tf.reduce_sum(a * (x - b) ** 2) / 2,
        "valley": lambda x, a, b: tf.reduce_sum(a * tf.math.log(tf.cosh(x - b))),
        "himmelblau": lambda x, a, b: himmelblau(x),
        "form": lambda x, a, b: tf.reduce_sum(x * tf.linalg.matvec(a, x)) + tf.reduce_sum(b * x),
        "product": lambda x, a, b: a * tf.exp(tf.reduce_sum(b * x)),
        "waves": lambda x, a, b: tf.reduce_sum(a * tf.sin(b * x)),
        "cubes": lambda x, a, b: tf.reduce_sum(a * x**3 + b * x),
        "linear": lambda x, a, b: tf.reduce_sum(b * x) + a,
        "constant": lambda x, a, b: a,
    }

    def f(x):
        x = tf.convert_to_tensor(x)
        if x.shape != np.shape(b):
            raise ValueError(f"f was called with a tensor of shape {x.shape}; x has the shape {np.shape(b)}.")
        return functions[kind](x, coefficient(a, x), coefficient(b, x))

    return f


def minimise_of(student, kind, a, b, x, learning_rate, steps):
    """student.minimise of a function by name."""
    return student.minimise(_of_one_tensor(kind, a, b), tf.constant(x), learning_rate, steps)


def derivatives_of(student, name, functions, x):
    """student.name(f, x), for second_derivative or hessian, of every (kind, a, b) in `functions`."""
    return [getattr(student, name)(_of_one_tensor(*function), tf.constant(x)) for function in functions]


def partials_of(student, coefficients, used, xs):
    """student.partials of f(*xs) = Σᵢ Σ cᵢ xᵢ³ + (Σᵢ Σ cᵢ xᵢ)², where i runs over the positions `used` only."""

    def f(*given):
        if len(given) != len(xs):
            raise ValueError(f"f was called with {len(given)} arguments; it takes {len(xs)}, as f(*xs).")
        total = tf.zeros([], xs[0].dtype)
        cubes = tf.zeros([], xs[0].dtype)
        for i in used:
            total += tf.reduce_sum(coefficients[i] * given[i])
            cubes += tf.reduce_sum(coefficients[i] * given[i] ** 3)
        return cubes + total**2

    return student.partials(f, [tf.constant(x) for x in xs])


def value_and_gradient(student, name, x, rest, upstream, graph):
    """The value of y = student.name(x, *rest), and the gradient that reaches x from an upstream gradient at y.

    Answers {"value": …, "gradient": … or None}; with `graph` both are computed inside tf.function.
    """

    def both(x, upstream):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.convert_to_tensor(getattr(student, name)(x, *rest))
        if not (y.dtype.is_floating and y.shape.is_compatible_with(upstream.shape)):
            return y, None
        return y, tape.gradient(y, x, output_gradients=tf.cast(upstream, y.dtype))

    value, gradient = (tf.function(both) if graph else both)(tf.constant(x), tf.constant(upstream))
    return {"value": value, "gradient": gradient}


def clipped_twice(student, x, limits, upstream):
    """The gradient of 3 · clip_gradient(2 · clip_gradient(x, limits[0]), limits[1]) for an upstream gradient."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = 3 * student.clip_gradient(2 * student.clip_gradient(x, limits[0]), limits[1])
    return {"value": y, "gradient": tape.gradient(y, x, output_gradients=tf.constant(upstream))}
