"""Checks of numerical.py."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, expect, expect_close, expect_shape, expect_untouched
from grader.strategies import Case, arrays, away_from, distinct_sizes

NUMPY_ONLY = ("tensorflow.*", "keras.*", "jax.*", "torch.*", "scipy.*")

EXERCISES = (
    Exercise(
        "numerical_gradient",
        hints=(
            "Do one entry of x first: what are f(x + eps) and f(x − eps) if only that entry moves?",
            "np.ndindex(x.shape) runs over the indices of an array of any shape. Move a copy of x, or put the old "
            "value back.",
            "gradient[i] = (f(x + step) − f(x − step)) / (2 · eps), where step is zero but for step[i] = eps.",
        ),
        forbids=NUMPY_ONLY,
    ),
    Exercise(
        "relative_error",
        hints=(
            "Divide entry by entry, and only then take the largest.",
            "np.maximum(np.abs(a) + np.abs(b), 1e-8) is a divisor that is never 0.",
        ),
        forbids=NUMPY_ONLY,
    ),
)

SHAPES = st.integers(1, 3).flatmap(lambda rank: distinct_sizes(rank, 2, 4))


@st.composite
def points(draw, steps, pattern=None):
    """A point x, coefficients a of its shape, and a step eps."""
    shape = draw(SHAPES)
    a = draw(arrays(shape, pattern="positive"))
    x = draw(arrays(shape, pattern=pattern))
    return Case(a=a, x=x, eps=draw(st.sampled_from(steps)))


@st.composite
def pairs(draw):
    """Two arrays: b is a, some entries a little changed, some much, up to the sign. No entry of a is near 0."""
    shape = draw(SHAPES)
    a = away_from(draw(arrays(shape, pattern=("quarters", "normal"))), 0.0, margin=0.25)
    changes = draw(arrays(shape, pattern=("quarters", "normal"), nth=1)) * draw(st.sampled_from([1, 0.125]))
    return Case(a=a, b=a * (1 + changes))


def expect_x_unchanged(got, x):
    """x holds the same numbers after the call, to the last bit."""
    after = expect_shape(got["x"], x.shape, np.float64, what="x afterwards")
    expect(
        (after == x).all(),
        "x has changed: put back exactly what was there, or work on a copy.",
        got["x"],
        x,
        diagnosis="restored_by_arithmetic" if np.allclose(after, x, rtol=1e-9, atol=1e-12) else None,
    )


def central_differences(a, x, eps):
    """The formula for f = Σ a sin x + ln(1 + Σ x²), the probe's "smooth"; f is differenced term by term."""
    squares = np.sum(x * x)
    waves = a * (np.sin(x + eps) - np.sin(x - eps))
    ratios = (1 + squares + 2 * x * eps + eps**2) / (1 + squares - 2 * x * eps + eps**2)
    return (waves + np.log(ratios)) / (2 * eps)


@check("numerical_gradient", points=1, examples=12)
@given(case=points(steps=(0.25, 0.5, 0.01)))
def test_numerical_gradient_is_exact_for_quadratics(student, case):
    """Central differences are exact for a quadratic f, one entry at a time, however large eps is."""
    got = student.probe("numerical_gradient_of", "quadratic", case.a, case.x, case.eps)
    expect_close(got["gradient"], 2 * case.a * case.x + 2 * case.x.sum(), what="the gradient")
    expect_x_unchanged(got, case.x)


@check("numerical_gradient", points=1, examples=12)
@given(case=points(steps=(1e-4, 1e-5), pattern="normal"))
def test_numerical_gradient_comes_close_and_leaves_x_alone(student, case):
    """The gradient of a smooth f comes out to many digits, and x holds the same numbers afterwards."""
    z = case.x.copy()
    z.flat[::2] *= 2.0**-24  # (z + eps) − eps is another number, when z is much smaller than eps
    got = student.probe("numerical_gradient_of", "smooth", case.a, z, case.eps)
    expect_close(got["gradient"], case.a * np.cos(z) + 2 * z / (1 + np.sum(z * z)), what="the gradient")
    expect_x_unchanged(got, z)


@check("numerical_gradient", points=1, examples=12)
@given(case=points(steps=(1.0, 1.25)))
def test_numerical_gradient_steps_by_eps(student, case):
    """The result is (f(x + eps·eᵢ) − f(x − eps·eᵢ)) / (2 eps) for large eps too, whatever the size of x."""
    x = np.clip(away_from(case.x, 0.0, margin=0.125), -0.25, 0.25)
    small = student.probe("numerical_gradient_of", "kinked", case.a, x, 1e-6)
    expect_close(small["gradient"], case.a * np.sign(x), what="the gradient")
    large = student.probe("numerical_gradient_of", "kinked", case.a, x, case.eps)
    gradient = expect_shape(large["gradient"], x.shape, np.float64, what="the gradient")
    # Central differences give a·x/eps, at most a quarter of the slope; a step of eps/2 gives at most half of it.
    expect(
        (np.abs(gradient) <= 0.75 * case.a).all(),
        f"f = Σ a·|x| was measured with eps = {case.eps}, which reaches across the kink at 0, and still the full "
        "slope came back: does the step depend on eps?",
        gradient,
        case.a * x / case.eps,
    )
    expect_close(gradient, case.a * x / case.eps, what="the gradient")
    far = 2 * case.x  # beyond 1, too: the step is the same there
    smooth = student.probe("numerical_gradient_of", "smooth", case.a, far, case.eps)
    expect_close(smooth["gradient"], central_differences(case.a, far, case.eps), what="the gradient")
    expect_x_unchanged(smooth, far)


def quotients(a, b):
    """|a − b| / max(|a| + |b|, 1e-8) of every entry."""
    return np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-8)


@check("relative_error", points=1, examples=12)
@given(case=pairs(), power=st.sampled_from([0, -30]))
def test_relative_error_is_the_largest_quotient(student, case, power):
    """relative_error is the largest |a − b| / max(|a| + |b|, 1e-8) over all entries, whichever array comes first."""
    a, b = case.a * 2.0**power, case.b * 2.0**power
    expected = quotients(a, b).max()
    expect_close(student.relative_error(a, b), expected, what="relative_error(a, b)")
    expect_close(student.relative_error(b, a), expected, what="relative_error(b, a)")
    near = case.a * (1 + 5e-6)  # as near as a right gradient comes to a numerical one: that must not be called 0
    got = student.relative_error(case.a, near)
    expect_close(got, quotients(case.a, near).max(), what="the relative error of close arrays", atol=0, rtol=0.15)


@check("relative_error", points=1, examples=12)
@given(case=pairs(), power=st.sampled_from([-7, -4, 0, 10]))
def test_relative_error_does_not_depend_on_the_scale(student, case, power):
    """Scaling both arrays changes nothing, and where both entries are 0 the error is 0."""
    a, b = case.a * 2.0**power, case.b * 2.0**power
    a.flat[-1] = b.flat[-1] = 0
    answer = student.call("relative_error", a, b)
    expect_close(answer.value, quotients(a, b).max(), what="the relative error")
    expect_untouched(answer)
