"""`grader calibrate`: what the references reach in training, over seeds.

A chapter with training exercises has solutions/chNN/calibrate.py with

    METRICS = {"fit_lenet": "accuracy on 2,000 test images after …"}   # name → what is measured
    LOWER_IS_BETTER = {"fit_lenet loss"}                                # perhaps: names of losses

    def measure(seed: int, names: set[str]) -> dict[str, float]: …      # one training of each of these, name → figure

and gets solutions/chNN/calibration.json, which the literals in its checks quote.
"""

from __future__ import annotations

import json
import os
import platform
import runpy
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean, stdev
from types import SimpleNamespace
from typing import Any

from grader.chapter import load_chapter
from grader.errors import UserError
from grader.training import gpu_available, threshold_from

FAILURE_RATE = 1e-4
HOW = (
    "threshold: the limit of a prediction interval for one more training, mean ∓ t · std · sqrt(1 + 1/n), which it misses "
    "with probability {rate:g} (grader.training.threshold_from)"
)


def calibrate(chapter_name: str, seeds: int | Iterable[int] = 20) -> Path:
    """Train a chapter's references with every seed and write calibration.json; returns its path.

    seeds: how many (0, 1, …), or which. The file is written after every seed, so a run that was stopped goes on where it
    ended; figures of other versions of TensorFlow, or of other metrics, are measured anew. Raises UserError for a chapter
    without a calibrate.py.
    """
    folder = load_chapter(chapter_name).solutions
    script = folder / "calibrate.py"
    if not script.is_file():
        raise UserError(f"{chapter_name} has no training exercises to calibrate: {script} does not exist.")
    module = SimpleNamespace(**runpy.run_path(str(script)))
    wanted = list(range(seeds) if isinstance(seeds, int) else seeds)
    path = folder / "calibration.json"
    versions = _versions()
    found = _known(path, module, versions)
    for seed in _with_progress(
        [s for s in wanted if any(s not in figures for figures in found.values())], chapter_name
    ):
        missing = {name for name, figures in found.items() if seed not in figures}
        for name, figure in module.measure(seed, missing).items():
            found[name][seed] = float(figure)
        _write(path, _summary(module, found, versions))
    return path


def _versions() -> dict[str, str]:
    import keras
    import numpy
    import tensorflow

    device = "GPU" if gpu_available() else "CPU"
    versions = {"python": platform.python_version(), "device": device}
    return versions | {m.__name__: m.__version__ for m in (tensorflow, keras, numpy)}


def _known(path: Path, module: SimpleNamespace, versions: dict[str, str]) -> dict[str, dict[int, float]]:
    """The figures that were measured before, under the same versions: name → seed → figure."""
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found: dict[str, dict[int, float]] = {name: {} for name in module.METRICS}
    for name, metric in module.METRICS.items():
        entry = stored.get(name, {})
        if entry.get("metric") == metric and entry.get("versions") == versions:
            found[name] = dict(zip(entry["seeds"], entry["values"], strict=True))
    return found


def _summary(module: SimpleNamespace, found: dict[str, dict[int, float]], versions: dict[str, str]) -> dict[str, Any]:
    lower = getattr(module, "LOWER_IS_BETTER", ())
    report = {}
    for name, metric in module.METRICS.items():
        seeds = sorted(found[name])
        values = [found[name][seed] for seed in seeds]
        better = "lower" if name in lower else "higher"
        enough = len(values) > 1
        report[name] = {
            "metric": metric,
            "better": better,
            "seeds": seeds,
            "values": [round(value, 6) for value in values],
            "mean": round(fmean(values), 6) if values else None,
            "std": round(stdev(values), 6) if enough else None,
            "threshold": round(threshold_from(values, FAILURE_RATE, better), 6) if enough else None,
            "how": HOW.format(rate=FAILURE_RATE),
            "versions": versions,
        }
    return report


def _write(path: Path, report: dict[str, Any]) -> None:
    """Write the file whole or not at all."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(new, path)


def _with_progress(seeds: list[int], chapter_name: str) -> Iterable[int]:
    from rich.progress import track

    return track(seeds, description=f"Training the references of {chapter_name}")
