"""Frames between judge and worker: a 4-byte big-endian length, then msgpack of plain values.

Nothing is unpickled, imported or evaluated. A frame that is not exactly of this form raises WireError, and lengths and
shapes are checked before memory is taken.
"""

from __future__ import annotations

import math
import socket
import struct
import time
from collections.abc import Iterable
from functools import partial
from typing import Any

import msgpack
import numpy as np

from grader.values import MAX_BITS, MAX_PAIRS, Noted, Opaque, is_key, noted

MAX_DEPTH = 40
MAX_FRAME = 64 * 2**20  # the largest that honest work needs, a capstone's images, are 40 MiB
MAX_ITEMS = 2**18  # of all lists and dicts of a frame together: longer things are arrays
ARRAY, TUPLE, OPAQUE, BIG_INT, COMPLEX = 1, 2, 3, 4, 5
DTYPES = frozenset(
    [
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
        "bfloat16",
        "float8_e4m3fn",
    ]
)
KINDS = frozenset(("ndarray", "tensor", "variable", "scalar"))


class WireError(Exception):
    """The other side sent something that is not a frame of plain values."""


class WireTimeout(Exception):
    """No whole frame came before the deadline."""


class WireClosed(Exception):
    """The other side closed the connection."""


def pack(value: Any) -> bytes:
    """A plain value as msgpack bytes."""
    return msgpack.packb(value, default=_extend, strict_types=True)


def _extend(value: Any) -> msgpack.ExtType:
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        kind, device = getattr(value, "kind", "ndarray"), getattr(value, "device", "")
        if value.dtype.kind == "U":
            body = ["str", list(value.shape), kind, device, value.ravel().tolist()]
        else:
            body = [value.dtype.name, list(value.shape), kind, device, np.ascontiguousarray(value).tobytes()]
        return msgpack.ExtType(ARRAY, pack(body))
    if isinstance(value, tuple):
        return msgpack.ExtType(TUPLE, pack(list(value)))
    if isinstance(value, Opaque):
        return msgpack.ExtType(OPAQUE, pack([value.type[:200], value.text[:400]]))
    if type(value) is int:
        return msgpack.ExtType(BIG_INT, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))
    if type(value) is complex:
        return msgpack.ExtType(COMPLEX, pack([value.real, value.imag]))
    raise TypeError(f"{type(value).__name__} is not a plain value")


def unpack(data: bytes, depth: int = 0, budget: _Budget | None = None) -> Any:
    """The plain value in `data`; raises WireError for anything else."""
    if depth > MAX_DEPTH:  # each level is a call in C: thousands of them would end this process
        raise WireError("values inside values without end")
    whole = budget is None
    budget = budget or _Budget()
    try:
        value = msgpack.unpackb(
            data,
            ext_hook=partial(_reduce, depth=depth + 1, budget=budget),
            list_hook=budget.spend,
            object_pairs_hook=budget.pair,
            strict_map_key=False,
            raw=False,
            max_array_len=MAX_ITEMS,
            max_map_len=MAX_PAIRS,
        )
    except WireError:
        raise
    except Exception as error:  # RecursionError, msgpack's own, UnicodeDecodeError …
        raise WireError(f"not a frame of plain values ({type(error).__name__})") from None
    if whole:
        _expect_shallow(value)
    return value


def _expect_shallow(value: Any) -> None:
    """Raise WireError for lists in lists without end: msgpack reads a thousand, and whoever walks along them recurses."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for outer in level for item in _inside(outer)]
        if not level:
            return
    raise WireError("values inside values without end")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, (list, tuple)) else ()


class _Budget:
    """What a frame may still hold.

    A byte of it can be an empty dict, which takes 64 bytes here; values inside values are copied once for every level.
    """

    def __init__(self) -> None:
        self.items = MAX_ITEMS
        self.bytes = 4 * MAX_FRAME

    def spend(self, items: list[Any]) -> list[Any]:
        self.items -= 1 + len(items)
        if self.items < 0:
            raise WireError(f"more than {MAX_ITEMS:,} items")
        return items

    def pair(self, pairs: list[Any]) -> dict[str | int, Any]:
        if not all(is_key(key) for key, _ in self.spend(pairs)):
            raise WireError("a dict with keys that are neither strings nor small integers")
        return dict(pairs)

    def copy(self, data: bytes) -> None:
        self.bytes -= len(data)
        if self.bytes < 0:
            raise WireError("values inside values that are too large")


def _reduce(code: int, data: bytes, depth: int, budget: _Budget) -> Any:
    budget.copy(data)
    if code == ARRAY:
        return _rebuild(unpack(data, depth, budget))
    if code == TUPLE:
        items = unpack(data, depth, budget)
        if type(items) is list:
            return tuple(items)
    elif code == OPAQUE:
        match unpack(data, depth, budget):
            case [str(name), str(text)]:
                return Opaque(name[:200], text[:400])
    elif code == BIG_INT and len(data) <= MAX_BITS // 8 + 1:
        return int.from_bytes(data, "big", signed=True)
    elif code == COMPLEX:
        match unpack(data, depth, budget):
            case [float(real), float(imag)]:
                return complex(real, imag)
    raise WireError(f"an extension of code {code} that is not one of ours")


def _rebuild(body: Any) -> Noted:
    match body:
        case [str(name), list(shape), str(kind), str(device), bytes() | list() as data] if kind in KINDS:
            pass
        case _:
            raise WireError("an array without dtype, shape, kind, device and data")
    if len(shape) > 32 or not all(type(n) is int and n >= 0 for n in shape):
        raise WireError("an array with an impossible shape")
    size = math.prod(shape)
    if (
        not size and math.prod(n for n in shape if n) > MAX_ITEMS
    ):  # no bytes are sent for it, and tolist makes lists of it
        raise WireError("an empty array that is too long")
    if name == "str" and type(data) is list:
        if len(data) != size or not all(type(item) is str for item in data):
            raise WireError("an array of strings whose length is not its shape's")
        if 4 * size * max(map(len, data), default=0) > MAX_FRAME:  # each takes the room of the longest
            raise WireError("an array of strings that is too large")
        return noted(np.array(data, dtype=np.str_).reshape(shape), kind, device[:80])
    if name not in DTYPES or type(data) is not bytes:
        raise WireError("an array of a dtype that may not be sent")
    dtype = _dtype(name)
    if len(data) != size * dtype.itemsize:
        raise WireError("an array whose length is not its shape's")
    if name == "bool" and size and max(data) > 1:
        raise WireError("a bool that is neither true nor false")
    return noted(np.frombuffer(data, dtype=dtype).reshape(shape), kind, device[:80])


def _dtype(name: str) -> np.dtype:
    if name.startswith(("bfloat", "float8")):
        import ml_dtypes  # comes with TensorFlow

        return np.dtype(getattr(ml_dtypes, name))
    return np.dtype(name)


def send(connection: socket.socket, message: Any, seconds: float | None = None) -> None:
    """Send one frame; raises WireTimeout or WireClosed."""
    data = pack(message)
    if len(data) > MAX_FRAME:
        raise WireError(f"a frame of {len(data):,} bytes is longer than the limit of {MAX_FRAME:,}")
    try:
        connection.settimeout(seconds)
        connection.sendall(struct.pack(">I", len(data)) + data)
    except TimeoutError:
        raise WireTimeout from None
    except OSError:
        raise WireClosed from None


def receive(connection: socket.socket, seconds: float | None = None, limit: int = MAX_FRAME) -> Any:
    """Receive one frame; raises WireTimeout, WireClosed or WireError."""
    deadline = None if seconds is None else time.monotonic() + seconds
    (length,) = struct.unpack(">I", _read(connection, 4, deadline))
    if length > limit:
        raise WireError(f"a frame of {length:,} bytes is longer than the limit of {limit:,}")
    return unpack(_read(connection, length, deadline))


def _read(connection: socket.socket, length: int, deadline: float | None) -> bytes:
    data = bytearray()
    while len(data) < length:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise WireTimeout
        try:
            connection.settimeout(left)
            chunk = connection.recv(min(length - len(data), 2**20))
        except TimeoutError:
            raise WireTimeout from None
        except OSError:
            raise WireClosed from None
        if not chunk:
            raise WireClosed
        data += chunk
    return bytes(data)
