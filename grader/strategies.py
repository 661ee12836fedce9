"""Strategies that draw a shape, a pattern and a seed, and let NumPy make the array.

Hypothesis then has hardly any choices to make and to shrink, and the smallest failing example stays readable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

SEEDS = st.integers(0, 2**16 - 1)


class Case(SimpleNamespace):
    """A bag of named inputs: Case(x=…, stride=2).stride."""

    def __repr__(self) -> str:
        # Hypothesis notes the repr of every failing draw: keep it short, the feedback shows the calls themselves.
        return f"Case({', '.join(vars(self))})"


def _quarters(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(-8, 9, shape) / 4


def _ramp(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    size = int(np.prod(shape, dtype=np.int64))
    return (np.arange(size).reshape(shape) - size // 2 + rng.integers(0, 2)) / 4


def _ties(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(0, 3, shape) / 1.0


def _large(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.choice([-1000.0, -999.0, 0.0, 1.0, 999.0, 1000.0], shape)


def _wide(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    sizes = 2.0 ** rng.integers(-12, 13, shape) * rng.choice([1.0, 1.25, 1.5, 1.75], shape)
    values = np.asarray(rng.choice([-1.0, 1.0], shape) * sizes)
    values.flat[:1], values.flat[-1:] = 2.0**-12, -(2.0**-12)  # the smallest of all are there, on both sides of zero
    return values


PATTERNS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "quarters": _quarters,
    "ramp": _ramp,
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "ties": _ties,
    "large": _large,
    "positive": lambda rng, shape: rng.integers(1, 17, shape) / 4,
    "integers": lambda rng, shape: rng.integers(-5, 6, shape) / 1.0,
    "wide": _wide,  # sizes from 2⁻¹² to almost 2¹³, few of them near 1
}
USUAL = ("quarters", "ramp", "normal")


@st.composite
def arrays(
    draw: st.DrawFn,
    shape: Sequence[int] | SearchStrategy,
    dtype: Any = np.float64,
    pattern: str | Sequence[str] | None = None,
    low: float | None = None,
    high: float | None = None,
    nth: int = 0,
) -> np.ndarray:
    """Arrays of a shape: quarter-integers, ramps or normal values, or of the pattern(s) named.

    shape: a tuple, or a strategy for one; low, high: the values are clipped to [low, high]; nth: which of several arrays of
    one shape this is. Hypothesis tries and shrinks to the same seed for each, and without it they would be one array: a
    step that forgets w is then nothing but a factor.
    """
    size = tuple(draw(shape)) if isinstance(shape, SearchStrategy) else tuple(shape)
    names = USUAL if pattern is None else (pattern,) if isinstance(pattern, str) else tuple(pattern)
    chosen = draw(st.sampled_from(names))
    values = PATTERNS[chosen](np.random.default_rng([draw(SEEDS), nth] if nth else draw(SEEDS)), size)
    if low is not None or high is not None:
        values = np.clip(values, low, high)
    return np.asarray(values, dtype=dtype)


def cotangents(shape: Sequence[int], dtype: Any = np.float64) -> SearchStrategy:
    """Random normal upstream gradients: never uniform, so that no gradient can hide behind a sum; now and then large ones,
    which nothing may clip."""

    def drawn(seed: int) -> np.ndarray:
        values = np.random.default_rng(seed + 7).standard_normal(tuple(shape))
        return np.asarray(values * (8 if seed % 4 == 3 else 1), dtype=dtype)

    return SEEDS.map(drawn)


def sizes(low: int = 1, high: int = 6) -> SearchStrategy:
    """One axis's size."""
    return st.integers(low, high)


@st.composite
def distinct_sizes(draw: st.DrawFn, n: int, low: int = 2, high: int = 6) -> tuple[int, ...]:
    """n different sizes, so that a swapped axis cannot pass by luck; now and then one of them is 1 instead, the first (the
    batch, as a rule) above all, and now and then all are alike: code may take one axis for another only then."""
    room = max(high - low + 1, n)
    order = np.random.default_rng(draw(SEEDS)).permutation(room)[:n]
    found = [int(low + i) for i in order]
    kind = draw(st.integers(0, 9))
    if kind == 9:
        return (max(2, found[0]),) * n
    if kind in (7, 8):
        found[0 if kind == 8 else draw(st.integers(0, n - 1))] = 1
    return tuple(found)


def labels(n: int, classes: int) -> SearchStrategy:
    """n integer labels (int64) below `classes`."""
    return SEEDS.map(lambda seed: np.random.default_rng(seed).integers(0, classes, n))


def away_from(array: np.ndarray, points: Sequence[float] | float, margin: float = 0.05) -> np.ndarray:
    """A copy in which no entry is nearer than `margin` to a kink: such entries step aside, to the side they are on."""
    moved = np.array(array, copy=True)
    for point in np.atleast_1d(points):
        near = np.abs(moved - point) < margin
        moved = np.where(near, point + np.where(moved >= point, margin, -margin), moved)
    return moved.astype(array.dtype)
