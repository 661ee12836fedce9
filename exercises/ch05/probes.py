"""Probes of chapter 5: what a plain call cannot show."""

import warnings

import numpy as np


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
