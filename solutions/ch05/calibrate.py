"""Training figures of chapter 5: `grader calibrate ch05`."""

import importlib.util
from pathlib import Path

import numpy as np

from grader.data import load
from grader.training import drawn_classes

METRICS = {
    "fit_numpy_mlp": "accuracy on the 360 unseen digits: hidden (32,), 100 epochs",
    "fit_numpy_mlp, two layers": "accuracy on the 360 unseen digits: hidden (24, 16), 100 epochs",
    "fit_numpy_mlp, shuffled labels": "accuracy on the 360 unseen digits: hidden (32,), 20 epochs on shuffled labels",
    "fit_numpy_mlp, drawn classes": "accuracy on 360 new images of drawn classes: hidden (32,), 20 epochs",
    "fit_numpy_mlp, drawn classes, two layers": "accuracy on 360 new images of drawn classes: hidden (24, 16), 20 epochs",
}
LOWER_IS_BETTER = {"fit_numpy_mlp, shuffled labels"}


def _reference():
    spec = importlib.util.spec_from_file_location("network", Path(__file__).with_name("network.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.fit_numpy_mlp


def _accuracy(network, x, y):
    weights, biases = network
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        x = np.maximum(x @ w + b, 0)
    return float(((x @ weights[-1] + biases[-1]).argmax(axis=1) == y).mean())


def measure(seed, names):
    """One training of each kind: they are quick, so that all are made whatever is asked for."""
    fit = _reference()
    (x, y), (x_test, y_test) = load("digits")
    x, x_test = x / 16, x_test / 16
    shuffled = np.random.default_rng(seed).permutation(y)
    networks = fit(x, y, (32,), seed, 100), fit(x, y, (24, 16), seed, 100), fit(x, shuffled, (32,), seed, 20)
    found = [_accuracy(network, x_test, y_test) for network in networks]
    (x, y), (x_test, y_test) = ((x.reshape(len(x), -1), y) for x, y in drawn_classes(seed, (1437, 360), 8))
    found += [_accuracy(fit(x, y, hidden, seed, 20), x_test, y_test) for hidden in ((32,), (24, 16))]
    return dict(zip(METRICS, found, strict=True))
