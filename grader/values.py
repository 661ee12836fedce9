"""Plain values: all that may pass between a student's code and the judge.

A plain value is None, a bool, an int, a float, a complex, a string, an array (`Noted`), an `Opaque`, or a
list, tuple or dict of these. Both ways of running a check use the same conversion, so both give the same verdict.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_DEPTH = 16
MAX_ITEMS = 200_000
MAX_PAIRS = 1024  # of a dict
MAX_BITS = 1000  # of an int: what a float can hold, and what Python writes out in no time
MAX_ENTRIES = 2**18  # of an answer that is kept to be looked at again: twice what any reference answers
ARRAY_KINDS = frozenset("biufc")
# By their own names: where np.longdouble is no wider than a double, its name is float64.
WIDER = {"float96": np.float64, "float128": np.float64, "complex192": np.complex128, "complex256": np.complex128}


class Noted(np.ndarray):
    """An ndarray that remembers what it was on the student's side.

    kind: "ndarray", "tensor", "variable" or "scalar" (a NumPy scalar); device: TensorFlow's device string, or "".
    """

    kind: str = "ndarray"
    device: str = ""  # type: ignore[assignment]  # NumPy says "cpu" of every array; here it is TensorFlow's word

    def __array_finalize__(self, source: Any) -> None:
        self.kind = getattr(source, "kind", "ndarray")
        self.device = getattr(source, "device", "")


@dataclass(frozen=True)
class Opaque:
    """Stands for an object that is not a plain value: its type's name and the beginning of its repr."""

    type: str
    text: str

    def __repr__(self) -> str:
        return f"{self.type}: {self.text}" if self.text else self.type


def noted(array: Any, kind: str = "ndarray", device: str = "") -> Noted:
    """A fresh base copy of `array`, with its notes."""
    copy: Noted = np.array(array, copy=True, subok=False, order="C").view(Noted)
    copy.kind, copy.device = kind, device
    return copy


def plain(value: Any) -> Any:
    """Turn whatever student code answered into a plain value; never raises, never keeps a reference to it."""
    budget = [MAX_ITEMS]
    try:
        return _plain(value, 0, budget)
    except Exception as error:  # an object that fights being looked at
        return Opaque(type(value).__name__, f"cannot be read ({type(error).__name__})")


def _plain(value: Any, depth: int, budget: list[int]) -> Any:
    budget[0] -= 1
    kind = type(value)
    if depth > MAX_DEPTH or budget[0] < 0:
        return Opaque(kind.__name__, "too deep or too long to be an answer")
    if kind is int and value.bit_length() > MAX_BITS:
        return Opaque("int", "too large to be an answer")
    if value is None or kind in (bool, int, float, complex, str):
        return value
    if kind in (list, tuple):
        return kind(_plain(item, depth + 1, budget) for item in value)
    if isinstance(value, tuple):
        return tuple(_plain(item, depth + 1, budget) for item in tuple(value))
    if isinstance(value, dict):
        if len(value) > MAX_PAIRS:
            return Opaque(kind.__name__, "too long to be an answer")
        return {key if is_key(key) else str(key): _plain(item, depth + 1, budget) for key, item in dict(value).items()}
    if isinstance(value, np.ndarray):
        return _array(value, "ndarray", "")
    if isinstance(value, np.generic):
        return _array(np.asarray(value), "scalar", "")
    return _tensor(value)


def is_key(value: Any) -> bool:
    """Whether a plain dict may have this key: a string or an int of 64 bits. Python's hash sends many larger ones to one slot."""
    return type(value) is str or (type(value) is int and value.bit_length() < 64)


def _array(array: np.ndarray, kind: str, device: str) -> Any:
    if array.dtype.name in WIDER:  # a sum in np.longdouble is a float; an array of them has no dtype of TensorFlow's
        if kind == "scalar":
            return noted(array.astype(WIDER[array.dtype.name]), kind, device)
    elif array.dtype.kind in ARRAY_KINDS or array.dtype.name in ("bfloat16", "float8_e4m3fn"):
        return noted(array, kind, device)
    if array.dtype.kind in "SUO" and array.size <= MAX_ITEMS:
        texts = [_text(item) for item in array.ravel().tolist()]
        if all(item is not None for item in texts):
            return noted(np.array(texts, dtype=np.str_).reshape(array.shape), kind, device)
    return Opaque(f"array of dtype {array.dtype}", repr(array)[:200])


def _text(item: Any) -> str | None:
    if isinstance(item, bytes):
        return item.decode("utf-8", "replace")
    return item if type(item) is str else None


def _tensor(value: Any) -> Any:
    """TensorFlow's and Keras's values, without importing either where the student's code did not."""
    tf = sys.modules.get("tensorflow")
    if tf is not None:
        if isinstance(value, tf.IndexedSlices):
            value = tf.convert_to_tensor(value)
        if isinstance(value, tf.RaggedTensor):
            return [plain(row) for row in value.to_list()]
        if isinstance(value, tf.Variable):
            return _array(value.numpy(), "variable", value.device)
        if isinstance(value, tf.Tensor) and hasattr(value, "numpy"):
            return _array(np.asarray(value.numpy()), "tensor", value.device)
        if isinstance(value, tf.DType):
            return value.name
        if type(value).__module__.startswith("keras.") and type(value).__name__ == "Variable":
            return _array(np.asarray(value.value.numpy()), "variable", value.value.device)
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):  # a subclass: an IntEnum, say
        base = next(base for base in (int, float, str) if isinstance(value, base))
        return plain(base(value))
    return Opaque(type(value).__name__, repr(value)[:200])


def fresh(value: Any) -> Any:
    """Copy a plain value so deep that nobody can change the judge's own."""
    if isinstance(value, np.ndarray):
        return np.array(value, copy=True, subok=False)
    if isinstance(value, (list, tuple)):
        return type(value)(fresh(item) for item in value)
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    if isinstance(value, str):
        return "".join(
            list(value)
        )  # not the very same text: `padding is "same"` must fail here as it does behind the wire
    return value


def entries(value: Any) -> int:
    """How much there is to look at in a plain value: an array's entries, and as much as 512 for every value inside of it.

    An array without entries counts as if each axis of length 0 had length 1: its other axes can still be walked along.
    """
    if isinstance(value, np.ndarray):
        return 512 + math.prod(max(n, 1) for n in value.shape)
    if isinstance(value, (list, tuple)):
        return 512 + sum(map(entries, value))
    if isinstance(value, dict):
        return 512 + sum(map(entries, value.values()))
    return 512


def arrays_in(value: Any, path: str = "") -> list[tuple[str, np.ndarray]]:
    """Every array in a value, with the path that leads to it: ("weights[1]", array)."""
    if isinstance(value, np.ndarray):
        return [(path, value)]
    if isinstance(value, (list, tuple)):
        return [found for i, item in enumerate(value) for found in arrays_in(item, f"{path}[{i}]")]
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in arrays_in(item, f"{path}[{key!r}]")]
    return []
