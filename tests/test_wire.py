"""The wire carries plain values, all of them, and nothing else."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import threading
import tracemalloc

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grader import wire
from grader.values import Noted, Opaque, fresh, plain

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
ARRAYS = hnp.arrays(
    st.sampled_from(["float32", "float64", "int64", "bool", "uint8", "complex64"]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
)
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


def equal(a, b) -> bool:
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[k], b[k]) for k in a)
    return type(a) is type(b) and a == b


@given(VALUES)
def test_what_is_packed_comes_back(value) -> None:
    assert equal(wire.unpack(wire.pack(plain(value))), plain(value))


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_plain_values_or_a_wire_error(data: bytes) -> None:
    with contextlib.suppress(wire.WireError):
        wire.unpack(data)


def array_frame(*body) -> bytes:
    return msgpack.packb(msgpack.ExtType(wire.ARRAY, msgpack.packb(list(body))))


@pytest.mark.parametrize(
    "frame",
    [
        array_frame("float64", [2], "ndarray", "", b"12345678"),  # shorter than its shape
        array_frame("float64", [2**39, 2**39], "ndarray", "", b""),
        array_frame("float64", [-1], "ndarray", "", b""),
        array_frame("object", [1], "ndarray", "", b"12345678"),
        array_frame("float64", [1], "evil", "", b"12345678"),
        array_frame("bool", [1], "ndarray", "", b"\x07"),
        array_frame("float64", [1] * 40, "ndarray", "", b"12345678"),
        array_frame("str", [2], "ndarray", "", ["one"]),
        array_frame("float64", [True], "ndarray", "", b"12345678"),
        msgpack.packb(msgpack.ExtType(99, b"")),
        msgpack.packb(msgpack.ExtType(wire.OPAQUE, msgpack.packb([1, 2]))),
        b"\x81\x91\x01\x02",
    ],
)
def test_lying_frames_are_wire_errors(frame: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.unpack(frame)


def test_nested_tuples_end_in_a_wire_error_not_in_a_crash() -> None:
    data = msgpack.packb(1)
    for _ in range(5000):
        data = msgpack.packb(msgpack.ExtType(wire.TUPLE, data))
        if len(data) > 2**22:
            break
    with pytest.raises(wire.WireError):
        wire.unpack(data)


def test_a_frame_longer_than_the_limit_is_refused_before_it_is_read() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(struct.pack(">I", 2**32 - 1))
    with pytest.raises(wire.WireError, match="longer than the limit"):
        wire.receive(ours, 1)


def test_silence_is_a_timeout_and_the_end_is_the_end() -> None:
    ours, theirs = socket.socketpair()
    with pytest.raises(wire.WireTimeout):
        wire.receive(ours, 0.05)
    theirs.sendall(b"\x00\x00")
    with pytest.raises(wire.WireTimeout):
        wire.receive(ours, 0.05)
    theirs.close()
    with pytest.raises(wire.WireClosed):
        wire.receive(ours, 1)


def test_big_arrays_cross() -> None:
    ours, theirs = socket.socketpair()
    big = np.random.default_rng(0).standard_normal((300, 1000))
    thread = threading.Thread(target=lambda: wire.send(theirs, plain({"ok": big})))
    thread.start()
    got = wire.receive(ours, 10)
    thread.join()
    assert np.array_equal(got["ok"], big)


class Hostile:
    def __repr__(self) -> str:
        raise SystemExit

    def __reduce__(self):
        raise RuntimeError


class Sneaky(np.ndarray):
    def __eq__(self, other):
        return True


def test_plain_never_keeps_an_object_of_the_students() -> None:
    assert type(plain(np.zeros(2).view(Sneaky))) is Noted
    assert isinstance(plain(lambda: 0), Opaque)
    assert isinstance(plain(object()), Opaque)
    cycle: list = []
    cycle.append(cycle)
    assert "too deep" in str(plain(cycle))
    lazy = np.array([None, object()], dtype=object)
    assert isinstance(plain(lazy), Opaque)


def test_plain_notes_kinds_of_tensors() -> None:
    import tensorflow as tf

    assert plain(tf.constant([1.0])).kind == "tensor"
    assert plain(tf.Variable([1.0])).kind == "variable"
    assert plain(np.float32(1)).kind == "scalar"
    assert plain(tf.constant(["a", "b"])).tolist() == ["a", "b"]
    assert plain((tf.constant(1.0), [2])) == (np.float32(1.0), [2])


@given(VALUES)
def test_fresh_copies_share_no_memory(value) -> None:
    copy = fresh(value)
    assert equal(plain(copy), plain(value))


def nested(value, times: int) -> bytes:
    """A frame of a value in lists in lists, as no honest side packs it."""
    return b"\x91" * times + msgpack.packb(value)


@pytest.mark.parametrize(
    "frame",
    [
        array_frame("complex64", [1 << 23, 0], "ndarray", "", b""),
        array_frame("float32", [0, 1 << 30], "ndarray", "", b""),
        nested(1, 600),
        msgpack.packb(msgpack.ExtType(wire.BIG_INT, (1 << 20000).to_bytes(2501, "big", signed=True))),
        b"\x81" + msgpack.packb(msgpack.ExtType(wire.BIG_INT, (1 << 100).to_bytes(13, "big", signed=True))) + b"\x01",
        msgpack.packb({1.5: 1}),
        msgpack.packb({i: None for i in range(2000)}),
    ],
    ids=["empty but long", "empty at first", "deep", "huge", "huge key", "a float as key", "many keys"],
)
def test_what_would_cost_the_judge_its_time_is_a_wire_error(frame: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.unpack(frame)


def test_tuples_around_much_data_are_refused_before_they_take_memory() -> None:
    data = wire.pack(np.zeros(2**24, np.uint8))
    for _ in range(30):
        data = msgpack.packb(msgpack.ExtType(wire.TUPLE, b"\x91" + data))
    tracemalloc.start()
    with pytest.raises(wire.WireError):
        wire.unpack(data)
    assert tracemalloc.get_traced_memory()[1] < 2**28 + 2**26
    tracemalloc.stop()


def test_colliding_keys_are_refused_before_a_dict_is_made_of_them() -> None:
    keys = [k * sys.hash_info.modulus for k in range(1, 1001)]
    body = b"".join(
        msgpack.packb(msgpack.ExtType(wire.BIG_INT, k.to_bytes(10, "big", signed=True))) + b"\xc0" for k in keys
    )
    with pytest.raises(wire.WireError, match="keys"):
        wire.unpack(b"\xde" + struct.pack(">H", len(keys)) + body)


@pytest.mark.parametrize("value", [1 << 20000, {i: i for i in range(5000)}], ids=["int", "dict"])
def test_what_may_not_cross_is_opaque_on_either_side(value) -> None:
    assert isinstance(plain(value), Opaque)


def test_a_large_key_is_written_out() -> None:
    assert plain({1 << 70: 1, 2: 2}) == {str(1 << 70): 1, 2: 2}
