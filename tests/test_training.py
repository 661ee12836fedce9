"""Figures of training, thresholds from them, and the calibration files that the checks quote."""

import json
import math

import numpy as np
import pytest
import tensorflow as tf

from grader import calibrate as calibrating
from grader.calibrate import calibrate
from grader.chapter import find_root
from grader.errors import UserError
from grader.training import accuracy, mean_cross_entropy, second_chance, student_quantile, threshold_from


def test_accuracy_of_scores_and_of_classes():
    labels = np.array([2, 0, 1, 1])
    scores = np.array([[0.0, 1, 2], [3, 1, 2], [0, 5, 1], [9, 8, 7]])
    assert accuracy(scores, labels) == 0.75
    assert accuracy(scores.argmax(axis=1), labels) == 0.75


def test_a_row_that_is_no_number_is_wrong():
    assert accuracy(np.array([[np.nan, 0], [1, 0]]), np.array([0, 0])) == 0.5


def test_sizes_must_agree():
    for function in (accuracy, mean_cross_entropy):
        with pytest.raises(ValueError, match="do not belong"):
            function(np.zeros((3, 2)), np.zeros(4, int))


def test_mean_cross_entropy_is_tensorflows_and_stable():
    logits, labels = np.random.default_rng(0).normal(size=(6, 4)) * 300, np.array([0, 1, 2, 3, 0, 1])
    right = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    assert mean_cross_entropy(logits, labels) == pytest.approx(float(right))
    assert mean_cross_entropy(np.full((2, 3), np.inf), np.array([0, 1])) == math.inf


@pytest.mark.parametrize(
    ("probability", "degrees", "quantile"),
    [(0.95, 1, 6.3138), (0.975, 10, 2.2281), (0.9999, 19, 4.5899), (0.9999, 1000, 3.7320)],
)
def test_quantiles_of_students_distribution(probability, degrees, quantile):
    assert student_quantile(probability, degrees) == pytest.approx(quantile, abs=2e-3)


def test_a_threshold_is_missed_as_often_as_was_asked():
    rng = np.random.default_rng(1)
    runs = rng.normal(0.8, 0.02, (4000, 21))
    missed = np.mean([run[-1] < threshold_from(run[:-1].tolist(), 0.05) for run in runs])
    assert 0.035 < missed < 0.065
    assert threshold_from([0.5, 0.6, 0.7], better="lower") == pytest.approx(1.2 - threshold_from([0.5, 0.6, 0.7]))
    with pytest.raises(ValueError, match="two"):
        threshold_from([0.8])


CALIBRATE = """
METRICS = {"fit": "accuracy", "fit_loss": "loss"}
LOWER_IS_BETTER = {"fit_loss"}

def measure(seed, names):
    with open(LOG, "a") as log:
        log.write(f"{seed} ")
    if seed == STOP_AT:
        raise KeyboardInterrupt
    return {"fit": 0.8 + seed / 100, "fit_loss": 0.5 - seed / 100}
"""


def test_calibration_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    solutions = tmp_path / "solutions" / "ch99"
    solutions.mkdir(parents=True)
    monkeypatch.setattr(calibrating, "load_chapter", lambda name: type("Chapter", (), {"solutions": solutions}))
    with pytest.raises(UserError, match=r"calibrate\.py does not exist"):
        calibrate("ch99", 3)
    log = tmp_path / "log"
    head = f"LOG = {str(log)!r}\nSTOP_AT = {{}}\n"
    (solutions / "calibrate.py").write_text(head.format(2) + CALIBRATE)
    with pytest.raises(KeyboardInterrupt):
        calibrate("ch99", 4)
    (solutions / "calibrate.py").write_text(head.format(-1) + CALIBRATE)
    path = calibrate("ch99", 4)
    assert log.read_text() == "0 1 2 2 3 "
    report = json.loads(path.read_text())
    assert report["fit"]["values"] == [0.8, 0.81, 0.82, 0.83]
    assert report["fit"]["threshold"] < 0.8 and report["fit_loss"]["threshold"] > 0.5
    assert set(report["fit"]) >= {"metric", "seeds", "values", "mean", "std", "threshold", "how", "versions"}


def test_the_checks_of_ch08_ask_for_less_than_what_was_measured():
    """A literal in a check is never stricter than the threshold that calibration gives."""
    from grader.chapter import load_chapter

    root = find_root()
    figures = json.loads((root / "solutions/ch08/calibration.json").read_text(encoding="utf-8"))
    checks = load_chapter("ch08", root=root).sources["test_capstone"]
    for name, budget in (("fit_lenet", checks.LENET), ("fit_lenet_gpu", checks.LENET_GPU)):
        assert budget.accuracy <= figures[name]["threshold"]
        assert budget.loss >= figures[f"{name}_loss"]["threshold"]
    for name, budget in (("fit_resnet", checks.RESNET), ("fit_resnet_gpu", checks.RESNET_GPU)):
        assert budget.accuracy <= figures[name]["threshold"]
        assert figures[f"{name}_known"]["threshold"] >= checks.OWN
    assert figures["fit_lenet_drawn"]["threshold"] >= checks.DRAWN.accuracy
    assert figures["fit_lenet_shuffled"]["threshold"] <= checks.CHANCE
    # The big budgets are for a GPU; measured on a CPU they take a minute a seed, and have fewer so far.
    assert all(len(entry["seeds"]) >= 20 for name, entry in figures.items() if "gpu" not in name)


def test_a_training_gets_one_more_chance_and_no_third():
    seeds = []

    def run(seed):
        seeds.append(seed)
        return seed

    assert second_chance(run, 7, lambda found: True) == 7
    assert second_chance(run, 7, lambda found: False) == 8
    assert seeds == [7, 7, 8]
