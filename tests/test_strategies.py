"""Drawn inputs: of the shape asked for, worth drawing, and gradients that agree with each other."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.gradients import numerical_vjp, tape_vjp
from grader.strategies import PATTERNS, Case, arrays, away_from, cotangents, distinct_sizes, labels

SHAPES = st.lists(st.integers(1, 4), min_size=0, max_size=4).map(tuple)


@given(st.data(), SHAPES, st.sampled_from(sorted(PATTERNS)), st.sampled_from([np.float32, np.float64]))
def test_arrays_have_the_shape_and_dtype(data, shape, pattern, dtype) -> None:
    array = data.draw(arrays(shape, dtype, pattern))
    assert array.shape == shape and array.dtype == dtype and np.isfinite(array).all()
    assert data.draw(arrays(shape, dtype, pattern, low=-1, high=1)).max(initial=-1) <= 1


@given(st.data())
def test_the_usual_arrays_are_exact_in_float32_or_normal(data) -> None:
    quarters = data.draw(arrays((3, 4), pattern="quarters"))
    assert (quarters * 4 == np.round(quarters * 4)).all()


@given(distinct_sizes(5))
def test_sizes_differ_but_for_a_one_or_are_all_alike(sizes) -> None:
    assert len(sizes) == 5 and len(set(sizes)) in (5, 1)
    assert all(n >= 1 for n in sizes)


def test_ones_and_all_orders_occur() -> None:
    found: list[tuple] = []

    @settings(max_examples=200, database=None)
    @given(distinct_sizes(3))
    def collect(sizes) -> None:
        found.append(sizes)

    collect()
    assert any(1 in sizes for sizes in found)
    assert any(list(s) == sorted(s) for s in found) and any(list(s) == sorted(s, reverse=True) for s in found)


@given(cotangents((3, 4)))
def test_cotangents_are_never_uniform(d_out) -> None:
    assert len(np.unique(d_out)) == d_out.size and (np.abs(d_out) > 0).all()


@given(labels(7, 3))
def test_labels_are_below_the_number_of_classes(y) -> None:
    assert y.shape == (7,) and y.min() >= 0 and y.max() < 3


@given(arrays((5,)))
def test_away_from_keeps_the_side(x) -> None:
    moved = away_from(x, (0.0, 1.0), margin=0.05)
    assert (np.abs(moved) >= 0.049).all() and (np.abs(moved - 1) >= 0.049).all()
    assert (np.sign(moved[x != 0]) == np.sign(x[x != 0])).all()


@settings(max_examples=20, deadline=None)
@given(arrays((3, 2), pattern="normal"), arrays((2, 4), pattern="normal"), cotangents((3, 4)))
def test_the_two_trusted_gradients_agree(a, b, d_out) -> None:
    ours = numerical_vjp(lambda a, b: np.tanh(a @ b), (a, b), d_out)
    tape = tape_vjp(lambda a, b: tf.tanh(a @ b), (a, b), d_out)
    for x, y in zip(ours, tape, strict=True):
        assert np.allclose(x, y, atol=1e-7)


def test_an_argument_that_is_not_used_has_a_gradient_of_zeros() -> None:
    (gradient,) = tape_vjp(lambda a, b: a * 1.0, (np.ones(2), np.ones(3)), np.ones(2), wrt=[1])
    assert gradient.tolist() == [0, 0, 0]


def test_a_case_is_short_to_print() -> None:
    assert repr(Case(x=np.zeros((100, 100)), stride=2)) == "Case(x, stride)"
