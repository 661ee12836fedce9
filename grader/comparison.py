"""Comparisons that say what is wrong: structure, shape, dtype, finiteness, and only then values.

Tolerances come from one table by dtype (the coarser of what was expected and what came back) and never grow with the
array. A comparison holds when err <= tolerance, so that NaN never passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from grader.values import Opaque

# |got - expected| <= atol + rtol * |expected|. float64 leaves room for work done in float32 inside.
TOLERANCES = {
    "float64": (1e-5, 1e-5),
    "float32": (1e-4, 1e-4),
    "float16": (1e-2, 1e-2),
    "bfloat16": (4e-2, 4e-2),
}
COARSENESS = ("float64", "float32", "float16", "bfloat16")

# The largest error over tolerance that was accepted: the audit reads it to tell how near correct work comes to the edge.
margin: ContextVar[list[float] | None] = ContextVar("margin", default=None)


class Mismatch(AssertionError):
    """A check's finding, as a sentence for the student and lines of detail.

    sentence: what is wrong; got, expected: texts, or None; details: further lines (label, text);
    diagnosis: the name of a bug of the exercise, where the check itself knows it.
    """

    def __init__(
        self,
        sentence: str,
        got: str | None = None,
        expected: str | None = None,
        details: Sequence[tuple[str, str]] = (),
        diagnosis: str | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence, self.got, self.expected = sentence, got, expected
        self.details, self.diagnosis = tuple(details), diagnosis


def tolerances(*dtypes: Any) -> tuple[float, float]:
    """(atol, rtol) of the coarsest of these dtypes; integers and bools count as exact, in float64's row."""
    names = [np.dtype(dtype).name.replace("complex128", "float64").replace("complex64", "float32") for dtype in dtypes]
    return TOLERANCES[max((n for n in names if n in TOLERANCES), key=COARSENESS.index, default="float64")]


# --- what a student reads ----------------------------------------------------------------------------------------------


def show(value: Any, limit: int = 600) -> str:
    """A value as short text: arrays with dtype and shape."""
    if isinstance(value, np.ndarray):
        text = _show_array(value)
    elif isinstance(value, tuple):
        text = "(" + _joined((show(item, limit) for item in value), limit) + ("," if len(value) == 1 else "") + ")"
    elif isinstance(value, list):
        text = "[" + _joined((show(item, limit) for item in value), limit) + "]"
    elif isinstance(value, dict):
        text = "{" + _joined((f"{key!r}: {show(item, limit)}" for key, item in value.items()), limit) + "}"
    elif isinstance(value, float):
        text = f"{value:.8g}"
    else:
        text = repr(value)
    return text if len(text) <= limit else text[: limit - 2] + " …"


def _joined(texts: Iterable[str], limit: int) -> str:
    """The texts with commas between, as far as they are shown: an answer can have 200,000 items."""
    found: list[str] = []
    length = 0
    for text in texts:
        found.append(text)
        length += len(text)
        if length > limit:
            break
    return ", ".join(found)


def _show_array(array: np.ndarray) -> str:
    # Many axes make many lines: beyond a screenful, the beginning says enough.
    edge = 3 if array.ndim <= 2 else 2
    entries = np.asarray(array)
    if array.ndim > 6:  # NumPy leaves nothing out along axes of length 2: 24 of them are 16 million entries
        entries = entries.ravel()
    body = np.array2string(entries, precision=6, threshold=48, edgeitems=edge, max_line_width=96)
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) > 12:
        lines = [*lines[:11], "…"]
    head = f"{array.dtype.name}{list(array.shape)}" if array.ndim else array.dtype.name
    return f"{head} {lines[0]}" if len(lines) == 1 else "\n".join([head, *lines])


def name_of(value: Any) -> str:
    """What kind of thing came back, in a student's words."""
    match value:
        case None:
            return "None"
        case np.ndarray():
            return f"an array of dtype {value.dtype.name} and shape {value.shape}"
        case Opaque():
            return f"an object of type {value.type}"
        case tuple() | list():
            return f"a {type(value).__name__} of {len(value)}"
        case _:
            return f"a {type(value).__name__} ({show(value, 80)})"


def _kind(expected: np.ndarray) -> str:
    shape = f"of shape {expected.shape}" if expected.ndim else "that is a scalar"
    return f"an array {shape} and dtype {expected.dtype.name}"


# --- comparisons ----------------------------------------------------------------------------------------------------


def as_expected(value: Any) -> np.ndarray:
    """The judge's own value (array, tensor, Python number) as an ndarray."""
    return np.asarray(value.numpy() if hasattr(value, "numpy") else value)


def expect(
    condition: Any,
    sentence: str,
    got: Any = None,
    expected: Any = None,
    diagnosis: str | None = None,
) -> None:
    """Fail with `sentence` (said to the student) unless `condition` is true."""
    if not bool(condition):
        raise Mismatch(
            sentence,
            None if got is None else show(got),
            None if expected is None else show(expected),
            diagnosis=diagnosis,
        )


def expect_close(
    got: Any,
    expected: Any,
    what: str | Sequence[str] = "",
    dtype: bool = True,
    atol: float | None = None,
    rtol: float | None = None,
) -> None:
    """Fail unless `got` has the structure, shapes, dtypes and, within the tolerance, the values of `expected`.

    got: a plain value from the student; expected: an array, a tensor, a number, or a tuple, list or dict of these;
    what: the name, or names, of what came back; dtype=False takes any float dtype.
    """
    if isinstance(expected, dict):
        expect_keys(got, expected, what if isinstance(what, str) else "")
        for key, item in expected.items():
            expect_close(got[key], item, f"{key!r}", dtype, atol, rtol)
    elif isinstance(expected, (tuple, list)):
        names = [what] * 0 if isinstance(what, str) else list(what)
        expect_length(got, len(expected), names)
        for i, item in enumerate(expected):
            label = names[i] if names else f"{what or 'the result'}[{i}]"
            expect_close(got[i], item, label, dtype, atol, rtol)
    else:
        _close(got, as_expected(expected), what if isinstance(what, str) else what[0], dtype, atol, rtol)


def expect_keys(got: Any, expected: dict, what: str = "") -> None:
    """Fail unless `got` is a dict with exactly the keys of `expected`."""
    label = what or "the result"
    if not isinstance(got, dict):
        raise Mismatch(f"{_cap(label)} should be a dict, but {name_of(got)} came back.", show(got))
    if set(got) != set(expected):
        raise Mismatch(
            f"{_cap(label)} has the wrong keys.",
            show(sorted(map(str, got))),
            show(sorted(map(str, expected))),
        )


def expect_length(got: Any, length: int, names: Sequence[str] = ()) -> None:
    """Fail unless `got` is a tuple or list of `length` items."""
    wanted = f"({', '.join(names)})" if names else f"{length} results"
    if isinstance(got, np.ndarray) or not isinstance(got, (tuple, list)):
        raise Mismatch(f"{wanted} should come back together, but {name_of(got)} came back.{_no_return(got)}", show(got))
    if len(got) != length:
        raise Mismatch(f"{wanted} should come back, but {len(got)} came back.", show(got))


def _no_return(got: Any) -> str:
    return " Is there a return at the end?" if got is None else ""


def _no_gradient(got: Any) -> str:
    cut = " A tape answers None where the way is cut: by .numpy(), NumPy, a new tf.Variable or tf.stop_gradient."
    return cut if got is None else ""


def _close(got: Any, expected: np.ndarray, what: str, dtype: bool, atol: float | None, rtol: float | None) -> None:
    array = expect_array(got, expected, what, dtype)
    if expected.dtype.kind not in "fc" and expected.dtype.name != "bfloat16":
        return _exact(array, expected, what)
    wide = np.complex128 if "c" in (array.dtype.kind, expected.dtype.kind) else np.float64
    a, b = array.astype(wide), expected.astype(wide)
    table = tolerances(array.dtype, expected.dtype)
    tolerance = (table[0] if atol is None else atol) + (table[1] if rtol is None else rtol) * np.abs(b)
    with np.errstate(all="ignore"):
        error = np.abs(a - b)
        special = ~np.isfinite(b)
        good = np.where(special, (a == b) | (np.isnan(a) & np.isnan(b)), error <= tolerance)
    if good.all():
        _note_margin(error, tolerance, special)
        return None
    raise _difference(a, b, good, tolerance, what, array, expected)


def _note_margin(error: np.ndarray, tolerance: np.ndarray, special: np.ndarray) -> None:
    noted = margin.get()
    if noted is not None and error.size:
        ratios = np.where(special, 0.0, error / np.maximum(tolerance, 1e-300))
        noted.append(float(ratios.max()))


def _exact(array: np.ndarray, expected: np.ndarray, what: str) -> None:
    good = np.asarray(array == expected)
    if not good.all():
        raise _difference(array, expected, good, None, what, array, expected)


def expect_array(got: Any, expected: np.ndarray, what: str = "", dtype: bool = True) -> np.ndarray:
    """`got` as an ndarray of the shape and dtype of `expected`, or a failure that says what came and what was wanted."""
    label = what or "the result"
    got = np.asarray(got) if isinstance(got, np.generic) else got
    weak = type(got) in (bool, int, float, complex)
    if weak and expected.ndim == 0:
        if type(got) is bool and expected.dtype.kind != "b":
            raise Mismatch(
                f"{_cap(label)} should be a number, but {name_of(got)} came back.", show(got), show(expected)
            )
        if expected.dtype.kind in "iu" and type(got) is float and got.is_integer():
            got = int(got)
        with np.errstate(all="ignore"):
            return np.asarray(got)
    if not isinstance(got, np.ndarray):
        raise Mismatch(
            f"{_cap(label)} should be {_kind(expected)}, but {name_of(got)} came back.{_no_gradient(got) if what else _no_return(got)}",
            show(got),
            show(expected),
        )
    if got.shape != expected.shape:
        raise Mismatch(
            f"{_cap(label)} has the wrong shape: {got.shape} came back, {expected.shape} is right.",
            show(got),
            show(expected),
            [("Note", note)] if (note := _shape_note(np.asarray(got), expected)) else [],
        )
    base = np.asarray(got)
    if not _dtype_fits(base.dtype, expected.dtype, dtype):
        raise Mismatch(
            f"{_cap(label)} has the wrong dtype: {base.dtype.name} came back, {expected.dtype.name} is right.",
            show(got),
            show(expected),
        )
    return base


def _dtype_fits(got: np.dtype, expected: np.dtype, exact: bool) -> bool:
    floats = ("f",)
    if expected.kind in floats or expected.name == "bfloat16":
        if exact:
            return got == expected
        return got.kind in floats or got.name == "bfloat16"
    if expected.kind in "iu":
        return got.kind in "iu"
    return got.kind == expected.kind


def _shape_note(got: np.ndarray, expected: np.ndarray) -> str:
    if got.ndim == 2 and got.shape == expected.shape[::-1]:
        return "this is the shape of the transpose."
    if got.size == expected.size:
        return "it has the right number of entries, in another shape."
    if got.ndim and got.shape[0] == 0:
        return "it is empty: does a slice end at -0?" if expected.size else ""
    return ""


def _difference(
    a: np.ndarray,
    b: np.ndarray,
    good: np.ndarray,
    tolerance: np.ndarray | None,
    what: str,
    got: np.ndarray,
    expected: np.ndarray,
) -> Mismatch:
    label = what or "the result"
    bad = np.argwhere(~good)
    index = tuple(int(i) for i in bad[0])
    where = f" at index [{', '.join(map(str, index))}]" if index else ""
    first = f"{show(got[index].item())} came back, {show(expected[index].item())} is right"
    details = [("First diff", f"{first}{where}")] if index else []
    if a.size > 1:
        details.append(("Differing", f"{len(bad)} of {a.size} entries"))
    if a.dtype.kind in "fc" and not np.isfinite(a[index]):
        sentence = f"{_cap(label)} is not finite{where}: {a[index]} came back."
    else:
        sentence = f"{_cap(label)} has wrong values." if index else f"{_cap(label)} is wrong."
    if tolerance is not None and (relation := relate(a, b, tolerance)):
        details.append(("Note", relation))
    return Mismatch(sentence, show(got), show(expected), details)


def relate(got: np.ndarray, expected: np.ndarray, tolerance: np.ndarray) -> str:
    """A plain fact about how a wrong array relates to the right one, or ""; never a guess at the cause."""
    if got.dtype.kind != "f" or not np.isfinite(got).all() or got.size < 2:
        return ""

    def close(a: np.ndarray, b: np.ndarray) -> bool:
        return a.shape == b.shape and bool((np.abs(a - b) <= tolerance + 1e-9).all())

    largest = np.unravel_index(np.abs(expected).argmax(), expected.shape)
    if not got.any():
        return "everything that came back is 0."
    if close(-got, expected):
        return "every entry has the wrong sign."
    if expected[largest] and abs(got[largest]) > 1e-12 and got.size > 2:
        ratio = got[largest] / expected[largest]
        if abs(ratio - 1) > 1e-3 and close(got / ratio, expected):
            inverse = 1 / ratio
            text = f"1/{inverse:.6g}" if abs(inverse) > 1 and abs(inverse - round(inverse)) < 1e-6 else f"{ratio:.6g}"
            return f"every entry is {text} times the right one."
    shift = got.ravel()[0] - expected.ravel()[0]
    if got.size > 2 and close(got - shift, expected):
        return f"every entry is off by the same amount, {shift:.6g}."
    if got.ndim == 2 and got.shape[0] == got.shape[1] and got.shape[0] > 1 and close(got.T, expected):
        return "this is the transpose of the right result."
    for axis in range(got.ndim):
        if got.shape[axis] > 1 and close(np.flip(got, axis), expected):
            return f"the right entries are there in reverse order along axis {axis}."
    return ""


def expect_equal(got: Any, expected: Any, what: str = "") -> None:
    """Fail unless `got` equals `expected` exactly: integers, bools, strings, and tuples, lists and dicts of them."""
    label = what or "the result"
    if isinstance(expected, np.ndarray) or hasattr(expected, "numpy"):
        array = as_expected(expected)
        return _exact(expect_array(got, array, what), array, what)
    if isinstance(expected, (tuple, list)) and isinstance(got, (tuple, list, np.ndarray)):
        if len(got) != len(expected):
            raise Mismatch(
                f"{_cap(label)} has {len(got)} items, {len(expected)} are right.",
                show(got),
                show(expected),
            )
        for i, item in enumerate(expected):
            expect_equal(got[i].tolist() if isinstance(got, np.ndarray) else got[i], item, f"{label}[{i}]")
        return None
    if isinstance(expected, dict):
        expect_keys(got, expected, what)
        for key, item in expected.items():
            expect_equal(got[key], item, f"{label}[{key!r}]")
        return None
    value = got.item() if isinstance(got, (np.ndarray, np.generic)) and got.ndim == 0 else got
    number = isinstance(expected, (int, float)) and not isinstance(expected, bool)
    fits = type(value) in (int, float) if number else type(value) is type(expected)
    if not fits or value != expected:
        raise Mismatch(f"{_cap(label)} is wrong.{_no_return(got)}", show(got), show(expected))
    return None


def expect_shape(got: Any, shape: Sequence[int], dtype: Any = None, what: str = "") -> np.ndarray:
    """Fail unless `got` is an array of this shape (and dtype); returns it as a base ndarray."""
    if type(got) in (int, float):
        got = np.asarray(got, dtype if dtype is not None else None)
    wanted = np.empty(tuple(shape), dtype if dtype is not None else getattr(got, "dtype", np.float64))
    if not isinstance(got, np.ndarray):
        size = f"of shape {tuple(shape)}" if len(shape) else "that is a scalar"
        raise Mismatch(
            f"{_cap(what or 'the result')} should be an array {size}, but {name_of(got)} came back.{_no_return(got)}",
            show(got),
        )
    if got.shape != wanted.shape:
        raise Mismatch(
            f"{_cap(what or 'the result')} has the wrong shape: {got.shape} came back, {wanted.shape} is right.",
            show(got),
            details=[("Note", note)] if (note := _shape_note(np.asarray(got), wanted)) else [],
        )
    return expect_array(got, wanted, what)


def expect_finite(got: Any, what: str = "") -> None:
    """Fail unless every entry of every array in `got` is a finite number."""
    if isinstance(got, (tuple, list)):
        for i, item in enumerate(got):
            expect_finite(item, f"{what or 'the result'}[{i}]")
        return
    label = _cap(what or "the result")
    if not isinstance(got, (int, float, np.ndarray)) or np.asarray(got).dtype.kind not in "biufc":
        raise Mismatch(f"{label} should be numbers, but {name_of(got)} came back.{_no_return(got)}", show(got))
    good = np.isfinite(np.asarray(got))
    if not good.all():
        first = [int(i) for i in np.unravel_index(good.argmin(), good.shape)]
        where = f" at index {first}" if first else ""
        raise Mismatch(f"{label} is not finite{where}.", show(got))


def expect_within(got: Any, low: float, high: float, what: str = "") -> None:
    """Fail unless every entry of `got` lies in [low, high]."""
    expect_finite(got, what)
    array = np.asarray(got, dtype=np.float64)
    if not ((array >= low) & (array <= high)).all():
        raise Mismatch(f"{_cap(what or 'the result')} should lie between {low:g} and {high:g}.", show(got))


def expect_untouched(answer: Any, aliasing: bool = False) -> None:
    """Fail if the call changed one of its array arguments in place (or, asked for, gave one back as its result)."""
    if answer.mutated:
        names = " and ".join(answer.mutated)
        raise Mismatch(f"The call changed its argument {names} in place: work on a copy.")
    if aliasing and answer.aliased:
        names = " and ".join(answer.aliased)
        raise Mismatch(f"The result shares its memory with the argument {names}: give back a new array.")


def _cap(label: str) -> str:
    return label[:1].upper() + label[1:] if label.startswith("the ") else label
