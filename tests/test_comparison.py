"""Comparisons: what they accept, what they reject, and the words that a student reads."""

from __future__ import annotations

import json
import time
import tracemalloc

import msgpack
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from grader import (
    Mismatch,
    expect,
    expect_close,
    expect_equal,
    expect_finite,
    expect_shape,
    expect_untouched,
    expect_within,
    wire,
)
from grader.comparison import name_of, show
from grader.diagnosis import sign
from grader.student import Answer
from grader.values import Opaque, plain

X = np.array([[1.0, 2.0, 4.0], [0.5, -1.0, 3.0]])


def finding(function, *args, **kwargs) -> str:
    """The failure as lines of text."""
    with pytest.raises(Mismatch) as caught:
        function(*args, **kwargs)
    error = caught.value
    return "\n".join([error.sentence, *(f"{label}: {line}" for label, line in error.details)])


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (X, X),
        (X + 9e-6, X),
        (X.astype(np.float32), X.astype(np.float32) + np.float32(5e-5)),
        (plain(tf.constant(X)), X),
        (2.0, np.float64(2.0)),
        (2, 2.0),
        (np.float64(2.0), tf.constant(2.0, tf.float64)),
        ([X, X], (X, X)),
        ((X, 3.0), [X, 3.0]),
        ({"a": X}, {"a": X}),
        (np.array([1, 2], np.int32), np.array([1, 2], np.int64)),
        (np.array([np.inf, 1.0]), np.array([np.inf, 1.0])),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (4.0, 4),
    ],
)
def test_right_answers_pass(got, expected) -> None:
    expect_close(got, expected)


@pytest.mark.parametrize(
    ("got", "expected", "said"),
    [
        (
            None,
            X,
            "dx should be an array of shape (2, 3) and dtype float64, but None came back. A tape answers None where the way "
            "is cut",
        ),
        ("text", X, "dx should be an array of shape (2, 3) and dtype float64, but a str ('text') came back."),
        ([X, X], X, "dx should be an array of shape (2, 3) and dtype float64, but a list of 2 came back."),
        (Opaque("Model", "<Model>"), X, "but an object of type Model came back."),
        (
            X.T,
            X,
            "dx has the wrong shape: (3, 2) came back, (2, 3) is right.\nNote: this is the shape of the transpose.",
        ),
        (X.ravel(), X, "Note: it has the right number of entries, in another shape."),
        (X[:, :0], X, "dx has the wrong shape: (2, 0) came back, (2, 3) is right."),
        (X.astype(np.float32), X, "dx has the wrong dtype: float32 came back, float64 is right."),
        (X * np.nan, X, "dx is not finite at index [0, 0]: nan came back."),
        (np.inf, 1.0, "dx is not finite: inf came back."),
        (-X, X, "Note: every entry has the wrong sign."),
        (X * 6, X, "Note: every entry is 6 times the right one."),
        (X / 6, X, "Note: every entry is 1/6 times the right one."),
        (X + 1, X, "Note: every entry is off by the same amount, 1."),
        (X * 0, X, "Note: everything that came back is 0."),
        (X[:, ::-1], X, "Note: the right entries are there in reverse order along axis 1."),
        (X + np.eye(2, 3), X, "First diff: 2 came back, 1 is right at index [0, 0]\nDiffering: 2 of 6 entries"),
        (True, np.float64(1), "dx should be a number, but a bool (True) came back."),
        (np.array([1.0]), np.float64(1.0), "dx has the wrong shape: (1,) came back, () is right."),
    ],
)
def test_wrong_answers_fail_in_words(got, expected, said: str) -> None:
    assert said in finding(expect_close, got, expected, "dx")


def test_broadcasting_is_never_an_answer() -> None:
    assert "wrong shape" in finding(expect_close, np.ones(3), np.ones((2, 3)))
    assert "wrong shape" in finding(expect_close, np.ones((1, 3)), np.ones((2, 3)))


def test_tolerances_do_not_grow_with_the_array() -> None:
    big = np.zeros(1_000_000)
    big[17] = 1e-3
    assert "Differing: 1 of 1000000" in finding(expect_close, big, np.zeros(1_000_000))


def test_several_results_are_named() -> None:
    expect_close((X, X), (X, X), what=("dx", "dw"))
    assert finding(expect_close, (X, X + 1), (X, X), what=("dx", "dw")).startswith("dw has wrong values.")
    assert "(dx, dw) should come back, but 1 came back." in finding(expect_close, (X,), (X, X), what=("dx", "dw"))
    assert "should come back together, but an array" in finding(expect_close, X, (X, X), what=("dx", "dw"))
    assert "the wrong keys" in finding(expect_close, {"l1": 1.0}, {"l2": 1.0})


def test_any_float_dtype_where_the_check_says_so() -> None:
    expect_close(X.astype(np.float32), X, dtype=False)
    assert "wrong dtype" in finding(expect_close, X.astype(int), X, dtype=False)


def test_exact_things() -> None:
    expect_equal(3, 3)
    expect_equal(np.int32(3), 3)
    expect_equal([1, "a"], (1, "a"))
    expect_equal(np.array([1, 2]), [1, 2])
    for got, expected in [(3.5, 3), (True, 1), ("3", 3), (None, 3), ([1], [1, 2]), ({"a": 1}, {"a": 2}), (1, "1")]:
        with pytest.raises(Mismatch):
            expect_equal(got, expected)


class EqualsAnything:
    def __eq__(self, other) -> bool:
        return True


def test_an_object_that_equals_everything_equals_nothing() -> None:
    for value in (plain(EqualsAnything()), plain([EqualsAnything()])):
        with pytest.raises(Mismatch):
            expect_equal(value, 3)
        with pytest.raises(Mismatch):
            expect_close(value, 3.0)


def test_shape_finite_within_untouched_and_plain_conditions() -> None:
    expect_shape(X, (2, 3))
    assert "wrong shape" in finding(expect_shape, X, (3, 2))
    assert "None came back" in finding(expect_shape, None, (3, 2))
    assert "wrong dtype" in finding(expect_shape, X, (2, 3), np.float32)
    expect_finite((X, 1.0))
    assert "not finite at index [1]" in finding(expect_finite, np.array([1.0, np.nan]))
    assert "should be numbers, but None" in finding(expect_finite, None)
    expect_within(X, -1, 4)
    assert "between 0 and 4" in finding(expect_within, X, 0, 4)
    expect_untouched(Answer(1, (), ("x",)))
    assert finding(expect_untouched, Answer(1, ("x", "w"), ())) == (
        "The call changed its argument x and w in place: work on a copy."
    )
    assert "shares its memory" in finding(expect_untouched, Answer(1, (), ("x",)), aliasing=True)
    assert finding(expect, False, "It rains.") == "It rains."


@st.composite
def sent_arrays(draw):
    """Arrays of every dtype that the wire carries, whatever their bytes mean, as they come out of it."""
    name, shape = draw(st.sampled_from(sorted(wire.DTYPES - {"bool"}))), draw(st.lists(st.integers(0, 2), max_size=7))
    size = int(np.prod(shape)) * wire._dtype(name).itemsize
    body = [name, shape, "ndarray", "", draw(st.binary(min_size=size, max_size=size))]
    return wire.unpack(msgpack.packb(msgpack.ExtType(wire.ARRAY, msgpack.packb(body))))


@given(
    st.recursive(
        st.none()
        | st.integers(-(2**999), 2**999)
        | st.floats()
        | st.complex_numbers()
        | st.text(max_size=9)
        | st.just(np.array(["a", "é"]))
        | sent_arrays(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_whatever_crosses_the_wire_can_be_shown_named_and_signed(value) -> None:
    assert len(show(value, 300)) <= 300
    assert name_of(value)
    json.dumps(sign(value))


@pytest.mark.parametrize(
    "value",
    [
        [np.zeros(1)] * 200_000,
        [[[]] * 300] * 600,
        {str(i): np.zeros(2) for i in range(200_000)},
        np.zeros((2,) * 24, np.uint8),
    ],
    ids=["a long list", "lists of lists", "a dict", "many axes"],
)
def test_no_more_is_made_of_a_value_than_is_shown(value) -> None:
    started = time.process_time()
    assert len(show(value)) <= 600
    assert time.process_time() - started < 1


def test_a_long_array_is_not_turned_into_a_list() -> None:
    tracemalloc.start()
    with pytest.raises(Mismatch, match="has 1048576 items, 2 are right"):
        expect_equal(np.zeros((1 << 20, 0)), [1, 2])
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
