"""Probes of chapter 8: what runs beside the student's code where a check needs more than one call.

A probe never decides; it answers with plain values, which the judge compares.
"""

import re
from collections import Counter

import keras
import numpy as np
import tensorflow as tf

from grader.weights import core, known_value, label, roles

# --- networks and blocks of Keras layers -----------------------------------------------------------------------------
#
# Every weight gets values that the judge knows, by its role and its shape (see grader/weights.py): so neither the
# names nor the order of a network's layers matter.

_built = {}  # the networks that were built last: building is slow, and the checks of an exercise can share them
KEPT = 6
MANY = 10_000  # a kernel with more numbers than this shows the spread of its initial values


def _network(student, name, arguments, x):
    """student.name(*arguments), built for images like x; the roles of its weights; and what network_weights says of them."""
    maker = getattr(student, name)
    key = (maker, repr(arguments), x.shape[1:])
    if key not in _built:
        network = maker(*arguments)
        if not isinstance(network, keras.layers.Layer):
            kind = type(network).__name__
            raise TypeError(f"{name} should give back a Keras layer or model, but a {kind} came back.")
        first = np.asarray(network(tf.constant(x[:1]), training=False))
        found = roles(network)
        kernels = [weight for weight, role in found if role == "kernel"]
        constant = sorted(label("kernel", w.shape) for w in kernels if np.ptp(np.asarray(w)) == 0)
        spreads = sorted([label("kernel", w.shape), _spread(w)] for w in kernels if np.prod(w.shape) > MANY)
        for weight, _ in found:
            weight.assign(weight + 1)
        deaf = bool(first.any()) and np.array_equal(first, network(tf.constant(x[:1]), training=False))
        fresh = {"constant": constant, "spreads": spreads, "single": list(first.shape), "deaf": deaf}
        _built[key] = (network, found, fresh)
        if len(_built) > KEPT:
            del _built[next(iter(_built))]
    return _built[key]


def _spread(kernel):
    """How many times as large as usual a kernel's standard deviation is, to a tenth: 1 for Glorot's, He's and others.

    Usual is from sqrt(1 / n) to sqrt(2 / n), where n is the fan-in, the fan-out or their mean (Glorot and Bengio, 2010;
    He, Zhang, Ren and Sun, 2015), and from half to twice that, where AlexNet's own 0.01 and Keras's RandomUniform lie too.
    """
    *window, fan_in, fan_out = kernel.shape
    few, many = (np.prod(window) * n for n in sorted((fan_in, fan_out)))
    std = np.std(np.asarray(kernel))
    return round(float(std / np.clip(std, np.sqrt(1 / many) / 2, np.sqrt(2 / few) * 2)), 1)


def network_weights(student, name, arguments, x):
    """A fresh network's weights, and the shapes of what it answers.

    Returns {"trained": labels, "frozen": labels (both sorted), "count": numbers to train, "constant": labels of kernels
    whose initial values are all the same, "spreads": [label, spread over a usual one] for each large kernel,
    "single": the shape of the answer for one image, "several": that for x, "deaf": whether the answer for that image is the
    same when all weights have changed}.
    """
    network, found, fresh = _network(student, name, arguments, x)
    trained = {id(weight) for weight in network.trainable_weights}
    labels = [(label(role, weight.shape), id(weight) in trained) for weight, role in found]
    return {
        "trained": sorted(name for name, trains in labels if trains),
        "frozen": sorted(name for name, trains in labels if not trains),
        "count": sum(int(np.prod(weight.shape)) for weight in network.trainable_weights),
        "several": list(network(tf.constant(x), training=False).shape),
        **fresh,
    }


def network_answer(student, name, arguments, x, seed, training=False, cotangent=None, values=True, fixed=None):
    """What the network answers for x when its weights have the known values of `seed` and `fixed`.

    Returns {"inference": the output, "kept": label → sum of the moving statistics after that}, with `training` also
    {"training": the output in training, "moved": the statistics after that}. With a cotangent, of the last output, also
    "unreached", the labels of weights that get no gradient, and with `values` the gradients themselves: "input" for x, and
    "weights": label → sum over the weights of that label.
    """
    network, found, _ = _network(student, name, arguments, x)
    for weight, role in found:
        weight.assign(known_value(role, weight.shape, seed, fixed))
    images = tf.constant(x)
    report = {}
    states = [v for v in network.variables if "seed_generator" in v.path]
    for number, state in enumerate(states):  # dropout draws the same whatever was called before: bugs are known by that
        state.assign([seed, number])
    for mode, statistics in [("inference", "kept"), ("training", "moved")][: 2 if training else 1]:
        with tf.GradientTape() as tape:
            tape.watch(images)
            output = report[mode] = network(images, training=mode == "training")
        sums = [(label(role, w.shape), w) for w, role in found if role in ("mean", "variance")]
        report[statistics] = _summed(sums)
    if cotangent is not None:
        role_of = {id(weight): role for weight, role in found}
        trained = network.trainable_weights
        sources = [images, *(weight.value for weight in trained)]
        d_images, *gradients = tape.gradient(output, sources, output_gradients=tf.constant(cotangent))
        keys = [label(role_of[id(weight)], weight.shape) for weight in trained]
        pairs = [(key, g) for key, g in zip(keys, gradients, strict=True) if g is not None and np.asarray(g).any()]
        report["unreached"] = sorted((Counter(keys) - Counter(key for key, _ in pairs)).elements())
        if values:
            report["input"], report["weights"] = d_images, _summed(pairs)
    return report


def _summed(pairs):
    """label → sum of the weights or gradients of this label, in the shape that the label stands for."""
    sums = {}
    for key, value in pairs:
        array = np.asarray(value)
        sums[key] = sums.get(key, 0) + array.reshape(core(array.shape))
    return sums


def trained_network(student, name, x, y, seed, epochs, inputs):
    """Train student.name(x, y, seed, epochs) and let what it gives back answer for inputs whose labels stay with the judge.

    Returns {"inference": its answers for inputs, "dim": for the first 500 inputs divided by 255, "training": for the first
    500 with training=True (the last, since that moves moving averages), "changed": names of arguments changed in place}.
    """
    given = {"x": x.copy(), "y": y.copy()}
    model = getattr(student, name)(given["x"], given["y"], seed, epochs)
    if not isinstance(model, keras.layers.Layer):
        raise TypeError(f"{name} should give back a Keras model, but a {type(model).__name__} came back.")

    def answers(images, training=False):
        return np.asarray(model(tf.constant(images), training=training))

    return {
        "inference": np.concatenate([answers(inputs[i : i + 500]) for i in range(0, len(inputs), 500)]),
        "dim": answers(inputs[:500] / np.float32(255)),
        "training": answers(inputs[:500], training=True),
        "changed": [key for key, before in (("x", x), ("y", y)) if not np.array_equal(given[key], before)],
    }


# --- the BatchNorm layer ---------------------------------------------------------------------------------------------

BATCH_NORM_WEIGHTS = ("gamma", "beta", "moving_mean", "moving_variance")


def _batch_norm_weights(layer):
    """The four weights, as they can be read from the layer's attributes."""
    return {name: np.array(getattr(layer, name)) for name in BATCH_NORM_WEIGHTS}


def _set_batch_norm(layer, x, weights):
    """Let the layer see the shape of x (Keras makes weights at the first call), then give it these weights."""
    layer(tf.constant(x))
    for name, value in weights.items():
        getattr(layer, name).assign(value)
    return layer


def batch_norm_fresh(student, x):
    """A new layer after one call out of training.

    Returns {"weights": name → array, "trainable", "non_trainable": which of these names Keras finds there, "others":
    how many further trainable weights there are, "output": the answer for x, "moved": the weights after one call in
    training}.
    """
    layer = student.BatchNorm()
    output = layer(tf.constant(x))
    weights = _batch_norm_weights(layer)

    def found(kept):
        return [name for name in BATCH_NORM_WEIGHTS if any(v is getattr(layer, name) for v in kept)]

    answer = {
        "weights": weights,
        "trainable": found(layer.trainable_variables),
        "non_trainable": found(layer.non_trainable_variables),
        "others": len(layer.trainable_variables) - len(found(layer.trainable_variables)),
        "output": output,
    }
    layer(tf.constant(x), training=True)
    return {**answer, "moved": _batch_norm_weights(layer)}


def batch_norm_arguments(student, momentum, eps, **named):
    """What a new layer has of these named arguments of its base class; a name that Keras made up without its count."""
    layer = student.BatchNorm(momentum, eps, **named)
    found = {name: getattr(layer, name) for name in named}
    return {name: re.sub(r"_\d+$", "", value) if isinstance(value, str) else value for name, value in found.items()}


def batch_norm_calls(student, momentum, eps, weights, batches, modes):
    """Calls of one layer, one for each batch; a mode is True, False or None (`training` is not given).

    Returns {"outputs": arrays, "weights": name → array after the last call, "kept": the moving statistics that are
    still among Keras's weights}.
    """
    layer = _set_batch_norm(student.BatchNorm(momentum, eps), batches[0], weights)
    outputs = []
    for x, mode in zip(batches, modes, strict=True):
        given = {} if mode is None else {"training": mode}
        outputs.append(layer(tf.constant(x), **given))
    moving = BATCH_NORM_WEIGHTS[2:]
    kept = [name for name in moving if any(v is getattr(layer, name) for v in layer.weights)]
    return {"outputs": outputs, "weights": _batch_norm_weights(layer), "kept": kept}


def batch_norm_gradients(student, momentum, eps, weights, x, cotangent):
    """[dx, dgamma, dbeta] of a call in training."""
    layer = _set_batch_norm(student.BatchNorm(momentum, eps), x, weights)
    x = tf.constant(x)
    sources = [x, *(getattr(layer, name) for name in BATCH_NORM_WEIGHTS[:2])]
    sources = [getattr(source, "value", source) if isinstance(source, keras.Variable) else source for source in sources]
    with tf.GradientTape() as tape:
        tape.watch(x)
        output = layer(x, training=True)
    return tape.gradient(output, sources, output_gradients=tf.constant(cotangent))


def batch_norm_in_model(student, momentum, eps, weights, batches, modes):
    """The same as batch_norm_calls, in a compiled Keras model whose batch size is not known."""
    layer = student.BatchNorm(momentum, eps)
    model = keras.Sequential([keras.Input(batches[0].shape[1:]), layer])
    for name, value in weights.items():
        getattr(layer, name).assign(value)
    signature = [tf.TensorSpec([None, *batches[0].shape[1:]], tf.float32)]
    compiled = {
        mode: tf.function(lambda x, mode=mode: model(x, training=mode), input_signature=signature)
        for mode in set(modes)
    }
    outputs = [compiled[mode](tf.constant(x)) for x, mode in zip(batches, modes, strict=True)]
    return {"outputs": outputs, "weights": _batch_norm_weights(layer)}


def batch_norm_from_config(student, momentum, eps, weights, x):
    """What a layer that was made from another one's config answers in training, and its weights after that."""
    config = student.BatchNorm(momentum, eps).get_config()
    layer = _set_batch_norm(student.BatchNorm.from_config(config), x, weights)
    return {"output": layer(tf.constant(x), training=True), "weights": _batch_norm_weights(layer)}
