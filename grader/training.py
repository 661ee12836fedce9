"""What training checks measure, and how a threshold follows from what the reference reached.

The judge keeps the labels: a worker answers with predictions, and accuracy and loss are computed here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from statistics import fmean, stdev
from typing import Any, TypeVar

import numpy as np

Run = TypeVar("Run")


def accuracy(predictions: Any, labels: Any) -> float:
    """The share of right predictions.

    predictions: [n, classes], logits or probabilities, whose largest entry is the prediction, or [n] integer classes;
    labels: [n] integers. A row with an entry that is no number counts as wrong. Raises ValueError if the sizes differ.
    """
    scores, truth = np.asarray(predictions), np.asarray(labels)
    if scores.ndim not in (1, 2) or truth.ndim != 1 or len(scores) != len(truth) or not len(truth):
        raise ValueError(f"predictions of shape {scores.shape} do not belong to labels of shape {truth.shape}")
    if scores.ndim == 1:
        return float((scores == truth).mean())
    valid = ~np.isnan(scores).any(axis=1)
    return float(((scores.argmax(axis=1) == truth) & valid).mean())


def mean_cross_entropy(logits: Any, labels: Any) -> float:
    """The mean over the batch of -log softmax(logits)[label], in float64; infinite where a logit is not finite.

    logits: [n, classes]; labels: [n] integers. Raises ValueError if the sizes differ.
    """
    scores, truth = np.asarray(logits, np.float64), np.asarray(labels)
    if scores.ndim != 2 or truth.ndim != 1 or len(scores) != len(truth) or not len(truth):
        raise ValueError(f"logits of shape {scores.shape} do not belong to labels of shape {truth.shape}")
    if not np.isfinite(scores).all():
        return math.inf
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    return float((log_sum - shifted[np.arange(len(truth)), truth]).mean())


def threshold_from(values: Sequence[float], failure_rate: float = 1e-4, better: str = "higher") -> float:
    """The figure that one more run like those measured misses with probability `failure_rate`.

    For n values, as good as normally distributed, with mean m and standard deviation s, a further value lies below

        m - t · s · sqrt(1 + 1/n)

    with probability `failure_rate`, where t is the quantile 1 - failure_rate of Student's distribution with n - 1 degrees
    of freedom: the lower limit of a prediction interval (Hahn and Meeker, "Statistical Intervals", 1991, section 4.7). With
    better="lower", as for a loss, it is the upper limit. Raises ValueError for fewer than two values.
    """
    if len(values) < 2:
        raise ValueError("a threshold needs at least two measured values")
    room = student_quantile(1 - failure_rate, len(values) - 1) * stdev(values) * math.sqrt(1 + 1 / len(values))
    return fmean(values) - room if better == "higher" else fmean(values) + room


def student_quantile(probability: float, degrees: int) -> float:
    """The quantile of Student's distribution, for a probability above 1/2.

    P(T <= t) = 1 - I(ν / (ν + t²); ν/2, 1/2) / 2 with the regularised incomplete beta function I (Abramowitz and Stegun,
    26.7.1 and 26.5.27), solved for t by bisection.
    """
    import tensorflow as tf

    def above(t: float) -> float:
        a, b, x = (tf.constant(v, tf.float64) for v in (degrees / 2, 0.5, degrees / (degrees + t * t)))
        return float(tf.math.betainc(a, b, x)) / 2

    low, high = 0.0, 1.0
    while above(high) > 1 - probability:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) > 1 - probability else (low, middle)
    return high


@cache
def gpu_available() -> bool:
    """Whether TensorFlow sees a GPU: then training checks use all the data and more epochs."""
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def drawn_classes(seed: int, sizes: Sequence[int], side: int, classes: int = 10) -> list[tuple[np.ndarray, np.ndarray]]:
    """Images of classes that are made up for one run: no model that was trained beforehand can know them.

    A class is a smooth random pattern (a sum of cosines, squared); an image is its class's pattern, paler or stronger, with noise.
    Returns (x, y) for every size n: x float64 [n, side, side], entries from 0 to 1, and y int64 [n].
    """
    rng = np.random.default_rng(seed)
    waves = np.cos(np.pi * np.outer(np.arange(4), np.arange(side) + 0.5) / side)
    patterns = np.einsum("cuv,ui,vj->cij", rng.standard_normal((classes, 4, 4)), waves, waves)
    low, high = (end(patterns, axis=(1, 2), keepdims=True) for end in (np.min, np.max))
    patterns = ((patterns - low) / (high - low)) ** 2  # dark for the most part, as digits and clothes are
    found = []
    for n in sizes:
        y = rng.integers(0, classes, n)
        noise = 0.15 * rng.standard_normal((n, side, side))
        found.append((np.clip(patterns[y] * rng.uniform(0.5, 1, (n, 1, 1)) + noise, 0, 1), y))
    return found


def second_chance(run: Callable[[int], Run], seed: int, good: Callable[[Run], bool]) -> Run:
    """What run(seed) gives, or run(seed + 1) where that is not good.

    Of a hundred right trainings one may go wrong by bad luck (too many units die, say), of ten thousand pairs one. A
    mistake goes wrong every time.
    """
    first = run(seed)
    return first if good(first) else run(seed + 1)
