"""Checks of optimisers.py."""

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, Mismatch, check, expect_close, expect_untouched
from grader.strategies import SEEDS, Case, arrays, distinct_sizes

NUMPY_ONLY = ("tensorflow.*", "keras.*", "jax.*", "torch.*", "scipy.*")

EXERCISES = (
    Exercise(
        "sgd",
        hints=(
            "dw points uphill. Which way should w go, and how far?",
            "w - learning_rate * dw makes a new array; w -= … would change the caller's.",
        ),
        forbids=NUMPY_ONLY,
    ),
    Exercise(
        "momentum",
        hints=(
            "Two lines: first the new v, then w moves by it.",
            "v is the step itself: it keeps μ of its old self, and the gradient pushes it downhill by η · dw.",
            "v = mu * v - learning_rate * dw, then return w + v, v.",
        ),
        forbids=NUMPY_ONLY,
    ),
    Exercise(
        "rmsprop",
        hints=(
            "First the cache: a running mean of dw squared, entry by entry. Then the step, divided by its root.",
            "The shares of a running mean add up to 1: decay for the old cache, 1 - decay for dw ** 2.",
            "The step is learning_rate * dw / (np.sqrt(cache) + eps), with the new cache.",
        ),
        forbids=NUMPY_ONLY,
    ),
    Exercise(
        "adam",
        hints=(
            "Five lines, one for each line of the statement. The first two are running means, as in rmsprop.",
            "m_hat and v_hat are only for this step: m and v go back as they were before the correction.",
            "m_hat = m / (1 - beta1 ** t), v_hat = v / (1 - beta2 ** t), "
            "and the step is learning_rate * m_hat / (np.sqrt(v_hat) + eps).",
        ),
        forbids=NUMPY_ONLY,
    ),
)

SHAPES = st.integers(1, 3).flatmap(distinct_sizes)
RATES = st.sampled_from([0.5, 0.125, 0.3, 2.5])
SHARES = st.sampled_from([0.75, 0.9, 0.25, 0.0])
VELOCITY, CACHE, MEANS = ("w", "v"), ("w", "cache"), ("w", "m", "v")


# Oracles: TensorFlow's own training ops, which make one step in place on variables of their own ---------------


def constant(number):
    return tf.constant(number, tf.float64)


def momentum_step(w, dw, v, learning_rate, mu):
    """(w, v) after Keras's momentum."""
    with tf.device("/CPU:0"):
        w, v = tf.Variable(w), tf.Variable(v)
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=w.handle, accum=v.handle, lr=constant(learning_rate), grad=tf.constant(dw), momentum=constant(mu)
        )
    return w.numpy(), v.numpy()


def adam_step(w, dw, m, v, t, learning_rate, beta1, beta2, eps):
    """(w, m, v) after TensorFlow's Adam, which adds eps to √v as in the rearranged form."""
    with tf.device("/CPU:0"):
        w, m, v = tf.Variable(w), tf.Variable(m), tf.Variable(v)
        tf.raw_ops.ResourceApplyAdam(
            var=w.handle,
            m=m.handle,
            v=v.handle,
            beta1_power=constant(beta1**t),
            beta2_power=constant(beta2**t),
            lr=constant(learning_rate),
            beta1=constant(beta1),
            beta2=constant(beta2),
            epsilon=constant(eps),
            grad=tf.constant(dw),
        )
    return w.numpy(), m.numpy(), v.numpy()


def rmsprop_step(w, dw, cache, learning_rate, decay, eps):
    """(w, cache) after RMSProp, which is Adam where nothing is left of old gradients and nothing is corrected."""
    w, _, cache = adam_step(w, dw, np.zeros_like(w), cache, np.inf, learning_rate, 0.0, decay, eps)
    return w, cache


def expect_adam(got, w, dw, m, v, t, learning_rate, beta1, beta2, eps):
    """(w, m, v) of either form of Adam: with eps added to the root of the corrected v, or of v itself."""
    try:
        expect_close(got, adam_step(w, dw, m, v, t, learning_rate, beta1, beta2, eps), what=MEANS)
    except Mismatch:
        eps = eps * np.sqrt(1 - beta2**t)
        expect_close(got, adam_step(w, dw, m, v, t, learning_rate, beta1, beta2, eps), what=MEANS)


# Cases ------------------------------------------------------------------------------------------------------


@st.composite
def cases(draw, states=(), positive=()):
    """Weights w, a gradient dw of any size, and further arrays of the same shape; those in `positive` are above 0."""
    shape = draw(SHAPES)
    # Only dw is wide: where w was as large, work in float32 would lose its digits in the difference.
    case = {name: draw(arrays(shape, nth=nth)) for nth, name in enumerate(("w", *states))}
    case["dw"] = draw(arrays(shape, pattern=("quarters", "normal", "wide"), nth=len(case)))
    return Case(**case, **{name: draw(arrays(shape, pattern="positive", nth=nth)) for nth, name in enumerate(positive)})


@st.composite
def paths(draw):
    """Weights and the gradients of three steps. The second is 0: what was gathered before it goes on all the same."""
    shape = draw(SHAPES)
    first, last = (draw(arrays(shape, nth=nth)) for nth in (1, 2))
    return Case(w=draw(arrays(shape)), gradients=[first, np.zeros(shape), last])


@st.composite
def partly_still(draw):
    """Weights of which every other has no gradient, and never had one; the gradients of the rest may be tiny."""
    shape = draw(SHAPES)
    moves = np.arange(np.prod(shape)).reshape(shape) % 2 * draw(arrays(shape, pattern="positive"))
    return Case(w=draw(arrays(shape)), dw=moves * draw(st.sampled_from([-1.0, 1.0, 2.0**-24])))


# sgd --------------------------------------------------------------------------------------------------------


@check("sgd", points=1, examples=12)
@given(case=cases(), learning_rate=RATES)
def test_sgd_steps_against_the_gradient(student, case, learning_rate):
    """sgd(w, dw, learning_rate) is w − η · dw."""
    got = student.sgd(case.w, case.dw, learning_rate)
    expect_close(got, tf.constant(case.w) - constant(learning_rate) * case.dw, what="w")


@check("sgd", points=1, examples=10)
@given(case=cases(), learning_rate=RATES)
def test_sgd_leaves_the_callers_arrays_alone(student, case, learning_rate):
    """sgd gives back a new w, and changes neither w nor dw."""
    answer = student.call("sgd", case.w, case.dw, learning_rate)
    expect_close(answer.value, tf.constant(case.w) - constant(learning_rate) * case.dw, what="w")
    expect_untouched(answer)


# momentum ---------------------------------------------------------------------------------------------------


@check("momentum", points=1.5, examples=12)
@given(case=cases(states=("v",)), learning_rate=RATES, mu=SHARES)
def test_momentum_makes_one_step(student, case, learning_rate, mu):
    """momentum gives back w + v and v, where v is μ · v − η · dw."""
    arguments = (case.w, case.dw, case.v, learning_rate, mu)
    expect_close(student.momentum(*arguments), momentum_step(*arguments), what=VELOCITY)


@check("momentum", points=1, examples=8)
@given(case=paths(), learning_rate=RATES, mu=SHARES)
def test_momentum_gathers_speed(student, case, learning_rate, mu):
    """momentum, called again and again with what it gave back, goes the right way from rest."""
    w, v = case.w, np.zeros_like(case.w)
    for dw in case.gradients:
        got = student.momentum(w, dw, v, learning_rate, mu)
        expect_close(got, momentum_step(w, dw, v, learning_rate, mu), what=VELOCITY)
        w, v = got


@check("momentum", points=1, examples=10)
@given(case=cases(states=("v",)), learning_rate=RATES, mu=SHARES)
def test_momentum_leaves_the_callers_arrays_alone(student, case, learning_rate, mu):
    """momentum gives back new arrays, and changes none of w, dw and v."""
    arguments = (case.w, case.dw, case.v, learning_rate, mu)
    answer = student.call("momentum", *arguments)
    expect_close(answer.value, momentum_step(*arguments), what=VELOCITY)
    expect_untouched(answer)


# rmsprop ----------------------------------------------------------------------------------------------------


@check("rmsprop", points=1.5, examples=12)
@given(case=cases(positive=("cache",)), learning_rate=RATES, decay=SHARES, eps=st.sampled_from([0.25, 0.5, 1e-8]))
def test_rmsprop_makes_one_step(student, case, learning_rate, decay, eps):
    """rmsprop divides the step by √cache + ε, where cache is ρ · cache + (1 − ρ) · dw²."""
    arguments = (case.w, case.dw, case.cache, learning_rate, decay, eps)
    expect_close(student.rmsprop(*arguments), rmsprop_step(*arguments), what=CACHE)


@check("rmsprop", points=0.5, examples=10)
@given(case=partly_still(), learning_rate=RATES, decay=SHARES)
def test_rmsprop_stays_where_there_is_no_gradient(student, case, learning_rate, decay):
    """rmsprop leaves a weight where it is while its gradient and its cache are 0."""
    arguments = (case.w, case.dw, np.zeros_like(case.w), learning_rate, decay, 1e-10)
    expect_close(student.rmsprop(*arguments), rmsprop_step(*arguments), what=CACHE)


@check("rmsprop", points=0.5, examples=8)
@given(case=paths(), learning_rate=RATES, decay=SHARES)
def test_rmsprop_remembers_squares(student, case, learning_rate, decay):
    """rmsprop, called again and again with what it gave back, goes the right way."""
    w, cache = case.w, np.zeros_like(case.w)
    for dw in case.gradients:
        got = student.rmsprop(w, dw, cache, learning_rate, decay, 0.25)
        expect_close(got, rmsprop_step(w, dw, cache, learning_rate, decay, 0.25), what=CACHE)
        w, cache = got


@check("rmsprop", points=1, examples=10)
@given(case=cases(positive=("cache",)), learning_rate=RATES, decay=SHARES)
def test_rmsprop_leaves_the_callers_arrays_alone(student, case, learning_rate, decay):
    """rmsprop gives back new arrays, and changes none of w, dw and cache."""
    arguments = (case.w, case.dw, case.cache, learning_rate, decay, 0.25)
    answer = student.call("rmsprop", *arguments)
    expect_close(answer.value, rmsprop_step(*arguments), what=CACHE)
    expect_untouched(answer)


# adam -------------------------------------------------------------------------------------------------------


@check("adam", points=2.5, examples=12)
@given(
    case=cases(states=("m",), positive=("v",)),
    t=st.sampled_from([1, 2, 3, 4, 5, 6, 200, 3000]),
    learning_rate=RATES,
    betas=st.sampled_from([(0.25, 0.4), (0.75, 0.9), (0.5, 0.75), (0.9, 0.99), (0.0, 0.4), (0.4, 0.0)]),
    eps=st.sampled_from([0.25, 0.5, 1e-8]),
)
def test_adam_makes_one_step(student, case, t, learning_rate, betas, eps):
    """adam's step t is −η · m̂ / (√v̂ + ε), and the uncorrected m and v come back with w."""
    arguments = (case.w, case.dw, case.m, case.v, t, learning_rate, *betas, eps)
    expect_adam(student.adam(*arguments), *arguments)


@check("adam", points=1, examples=10)
@given(
    w_and_seed=st.tuples(SHAPES.flatmap(arrays), SEEDS), size=st.sampled_from([1.0, 100.0, 0.01]), learning_rate=RATES
)
def test_adams_first_step_has_the_length_of_the_learning_rate(student, w_and_seed, size, learning_rate):
    """adam's first step moves every weight by η against the sign of its gradient, however large that is."""
    w, seed = w_and_seed
    rng = np.random.default_rng(seed)
    dw = size * rng.integers(1, 9, w.shape) / 4 * rng.choice([-1, 1], w.shape)
    zero = np.zeros_like(w)
    got = student.adam(w, dw, zero, zero, 1, learning_rate, 0.9, 0.999, 1e-10)
    expect_close(got, (w - learning_rate * np.sign(dw), 0.1 * dw, 0.001 * dw**2), what=MEANS)


@check("adam", points=2, examples=8)
@given(case=paths(), learning_rate=RATES, betas=st.sampled_from([(0.5, 0.375), (0.75, 0.9)]))
def test_adam_goes_on_from_what_it_gave_back(student, case, learning_rate, betas):
    """adam, called with t = 1, 2, 3, … and with what it gave back, goes the right way."""
    w, m, v = case.w, np.zeros_like(case.w), np.zeros_like(case.w)
    for t, dw in enumerate(case.gradients, 1):
        arguments = (w, dw, m, v, t, learning_rate, *betas, 0.25)
        got = student.adam(*arguments)
        expect_adam(got, *arguments)
        w, m, v = got


@check("adam", points=0.5, examples=10)
@given(case=partly_still(), t=st.integers(1, 3), learning_rate=RATES)
def test_adam_stays_where_there_is_no_gradient(student, case, t, learning_rate):
    """adam leaves a weight where it is while its gradient, m and v are 0."""
    zero = np.zeros_like(case.w)
    arguments = (case.w, case.dw, zero, zero, t, learning_rate, 0.75, 0.9, 1e-8)
    expect_adam(student.adam(*arguments), *arguments)


@check("adam", points=1, examples=10)
@given(case=cases(states=("m",), positive=("v",)), t=st.integers(1, 4), learning_rate=RATES)
def test_adam_leaves_the_callers_arrays_alone(student, case, t, learning_rate):
    """adam gives back new arrays, and changes none of w, dw, m and v."""
    arguments = (case.w, case.dw, case.m, case.v, t, learning_rate, 0.75, 0.9, 0.25)
    answer = student.call("adam", *arguments)
    expect_adam(answer.value, *arguments)
    expect_untouched(answer)
