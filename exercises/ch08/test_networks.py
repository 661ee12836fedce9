"""Checks of networks.py.

The oracle of a network is its definition in TensorFlow's own ops. The probes give every weight of the student's network a
value that depends on its role and shape alone (grader/weights.py), and the oracle uses the same values: so two networks
agree if they compute the same function, however their layers are made, named and ordered.
"""

import math
from collections import Counter

import numpy as np
import tensorflow as tf
from hypothesis import example, given
from hypothesis import strategies as st

from grader import Exercise, check, expect, expect_close, expect_equal, expect_shape
from grader.strategies import SEEDS
from grader.weights import KnownWeights, label

EXERCISES = (
    Exercise(
        "lenet5",
        hints=(
            "keras.Sequential takes the layers of the table, one by one, and keras.Input((28, 28, 1)) first.",
            "Only the first convolution is padded: 28 stays 28, and later 14 becomes 10. Pooling is MaxPooling2D(2).",
            'Conv2D(6, 5, padding="same", activation="relu"), MaxPooling2D(2), Conv2D(16, 5, activation="relu"), '
            "MaxPooling2D(2), Flatten(), two Dense with ReLU, and Dense(classes) without an activation.",
        ),
    ),
    Exercise(
        "vgg13",
        hints=(
            "Write a loop over the numbers of filters of the five stages; each round adds three layers.",
            "After five poolings an image of 32×32 is 1×1: Flatten gives 512 numbers, and then come the dense layers.",
            'for filters in (64, 128, 256, 512, 512): two Conv2D(filters, 3, padding="same", activation="relu") and a '
            "MaxPooling2D(2); then Flatten(), Dense(256), Dense(64) with ReLU, and Dense(classes).",
        ),
        seconds=30,
    ),
    Exercise(
        "inception_block",
        hints=(
            "Make a subclass of keras.layers.Layer whose call sends x through four branches and joins the answers.",
            "Each branch can be a keras.Sequential. The channels are the last axis: join with axis=-1.",
            'Every convolution is Conv2D(filters, size, padding="same", activation="relu"); the pooling is '
            'MaxPooling2D(3, strides=1, padding="same"), since its stride would be 3 otherwise.',
        ),
    ),
    Exercise(
        "ResidualBlock",
        hints=(
            "Make the branch's layers in __init__. The shortcut needs the input's channels: input_shape[-1] in build.",
            "There is a projection if stride is not 1 or if input_shape[-1] differs from filters: either is enough.",
            "call is ReLU(branch(x) + shortcut(x)): the second convolution's batch normalisation comes before the sum, and "
            "the last ReLU after it. Every Conv2D has use_bias=False.",
        ),
    ),
    Exercise(
        "resnet18",
        hints=(
            "Eight ResidualBlocks in a row do most of it; build them in a loop over the filters.",
            "Where the filters grow, the first block has stride 2; the very first stage keeps the image's size.",
            "Conv2D(64, 3, same, no bias), BatchNormalization, ReLU; the blocks; GlobalAveragePooling2D; Dense(classes).",
        ),
        seconds=30,
    ),
    Exercise(
        "DenseBlock",
        hints=(
            "Keep one variable for all maps so far; every layer looks at all of it and adds channels to it.",
            "A layer is BatchNormalization, ReLU, Conv2D(growth, 3), in this order; it needs its own three for each round.",
            "for make in self.makers: maps = tf.concat([maps, make(maps)], axis=-1), starting from maps = x.",
        ),
    ),
    Exercise(
        "alexnet",
        hints=(
            'The table can be typed down line by line; "valid" is what Keras does if padding is not given.',
            "MaxPooling2D(3, strides=2): its windows overlap. Dropout(0.5) stands behind each of the two wide dense layers.",
            'Conv2D(96, 11, strides=4, activation="relu") comes first; the other convolutions have padding="same".',
        ),
        seconds=30,
    ),
)

MOMENTUM, EPSILON = 0.99, 0.001  # of Keras's batch normalisation


class Layers(KnownWeights):
    """Layers in plain TensorFlow ops, with the known weights. moving: label → sum of the moving statistics afterwards."""

    def __init__(self, seed, training=False, fixed=None):
        super().__init__(seed, fixed)
        self.training = training
        self.moving = {}

    def conv(self, x, size, filters, stride=1, padding="SAME", bias=True):
        y = tf.nn.conv2d(x, self.kernel(size, size, x.shape[-1], filters), stride, padding)
        return y + self.shift(filters) if bias else y

    def dense(self, x, units):
        return x @ self.kernel(x.shape[-1], units) + self.shift(units)

    def norm(self, x):
        channels = x.shape[-1]
        mean, variance = after = self.mean(channels), self.variance(channels)
        if self.training:
            batch = tf.nn.moments(x, (0, 1, 2))
            after = [MOMENTUM * old + (1 - MOMENTUM) * new for old, new in zip(after, batch, strict=True)]
            mean, variance = batch
        for role, value in zip(("mean", "variance"), after, strict=True):
            name = label(role, [channels])
            self.moving[name] = self.moving.get(name, 0) + value
        return (x - mean) / tf.sqrt(variance + EPSILON) * self.scale(channels) + self.shift(channels)


class Outline(Layers):
    """The same without values: in a graph that nobody runs, it tells shapes, and `used` the weights."""

    def __init__(self):
        super().__init__(0)

    def weight(self, role, shape):
        self.used.append(label(role, shape))
        return tf.zeros(shape)


def max_pool(x, size=2, stride=2, padding="VALID"):
    return tf.nn.max_pool2d(x, size, stride, padding)


def flat(x):
    return tf.reshape(x, (x.shape[0], -1))


# --- what the networks are ----------------------------------------------------------------------------------------------


def lenet5(net, x, classes):
    x = max_pool(tf.nn.relu(net.conv(x, 5, 6)))
    x = max_pool(tf.nn.relu(net.conv(x, 5, 16, padding="VALID")))
    x = tf.nn.relu(net.dense(flat(x), 120))
    return net.dense(tf.nn.relu(net.dense(x, 84)), classes)


def vgg13(net, x, classes):
    for filters in (64, 128, 256, 512, 512):
        for _ in range(2):
            x = tf.nn.relu(net.conv(x, 3, filters))
        x = max_pool(x)
    x = tf.nn.relu(net.dense(flat(x), 256))
    return net.dense(tf.nn.relu(net.dense(x, 64)), classes)


def inception_block(net, x, one, reduce_three, three, reduce_five, five, pool):
    def conv(x, size, filters):
        return tf.nn.relu(net.conv(x, size, filters))

    branches = [
        conv(x, 1, one),
        conv(conv(x, 1, reduce_three), 3, three),
        conv(conv(x, 1, reduce_five), 5, five),
        conv(max_pool(x, 3, 1, "SAME"), 1, pool),
    ]
    return tf.concat(branches, -1)


def residual_block(net, x, filters, stride=1):
    branch = tf.nn.relu(net.norm(net.conv(x, 3, filters, stride, bias=False)))
    branch = net.norm(net.conv(branch, 3, filters, bias=False))
    if stride != 1 or x.shape[-1] != filters:
        x = net.norm(net.conv(x, 1, filters, stride, bias=False))
    return tf.nn.relu(branch + x)


def resnet18(net, x, classes):
    x = tf.nn.relu(net.norm(net.conv(x, 3, 64, bias=False)))
    for filters, stride in ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)):
        x = residual_block(net, x, filters, stride)
    return net.dense(tf.reduce_mean(x, (1, 2)), classes)


def dense_block(net, x, layers, growth):
    for _ in range(layers):
        x = tf.concat([x, net.conv(tf.nn.relu(net.norm(x)), 3, growth, bias=False)], -1)
    return x


def alexnet(net, x, classes):
    x = max_pool(tf.nn.relu(net.conv(x, 11, 96, 4, "VALID")), 3)
    x = max_pool(tf.nn.relu(net.conv(x, 5, 256)), 3)
    for filters in (384, 384, 256):
        x = tf.nn.relu(net.conv(x, 3, filters))
    x = tf.nn.relu(net.dense(flat(max_pool(x, 3)), 512))
    return net.dense(tf.nn.relu(net.dense(x, 512)), classes)


DEFINITIONS = {
    "lenet5": lenet5,
    "vgg13": vgg13,
    "inception_block": inception_block,
    "ResidualBlock": residual_block,
    "resnet18": lambda net, x, classes, shape: resnet18(net, x, classes),
    "DenseBlock": dense_block,
    "alexnet": alexnet,
}


# --- how they are compared ----------------------------------------------------------------------------------------------

WORDS = {
    "shift": "bias or beta",
    "scale": "gamma (or a bias that starts at 1)",
    "mean": "moving mean",
    "variance": "moving variance",
}


def in_words(labels):
    """Labels of weights as a student reads them: "2 × kernel 3x3x64x64, gamma of 64"."""
    texts = []
    for name, count in sorted(labels.items()):
        role, _, shape = name.partition(" ")
        text = f"{WORDS[role]} of {shape}" if role in WORDS else f"{role} {shape.replace('x', '×')}"
        texts.append(text if count == 1 else f"{count} × {text}")
    return ", ".join(texts)


def statistics_in_words(moving, mode):
    """Sums of moving statistics under names that a student understands: "sum of the moving means of 64 channels …"."""
    if not isinstance(moving, dict):
        return moving
    return {
        f"sum of the {str(name).replace(' ', 's of ').replace('mean', 'moving mean').replace('variance', 'moving variance')} "
        f"channels, after a call with training={mode == 'training'}": value
        for name, value in moving.items()
    }


def expect_same_weights(got, wanted, what):
    """Fail unless both lists name the same weights, as often, and say which are missing or too many."""
    got, wanted = Counter(got), Counter(wanted)
    missing, more = wanted - got, got - wanted
    sentence = f"{what} are not those of the statement."
    if missing:
        sentence += f" Missing: {in_words(missing)}."
    if more:
        sentence += f" Not asked for: {in_words(more)}."
    expect(not missing and not more, sentence)


def entries(name):
    """How many numbers a weight of this label holds."""
    return math.prod(map(int, name.split()[1].split("x")))


def expect_network(student, name, arguments, x):
    """Fail unless a fresh network has the statement's weights and answers in the right shape, for one image too."""
    got = student.probe("network_weights", name, arguments, x)
    net = Outline()
    with tf.Graph().as_default():
        shape = list(DEFINITIONS[name](net, tf.zeros(x.shape), *arguments).shape)
    expect_equal(got["several"], shape, "the shape of the answer")
    expect_equal(got["single"], [1, *shape[1:]], "the shape of the answer for one image")
    frozen = [name for name in net.used if name.startswith(("mean", "variance"))]
    trained = [name for name in net.used if name not in frozen]
    expect_same_weights(got["trained"], trained, "The weights to train")
    expect_same_weights(got["frozen"], frozen, "The weights that are not trained")
    expect_equal(got["count"], sum(map(entries, trained)), "the number of weights to train")
    expect(
        got["deaf"] is False,
        "The answer stays the same to the last bit when all weights are changed.",
        diagnosis="keeps_its_first_weights",
    )
    expect(not got["constant"], "A kernel's initial values are all the same: then all its filters learn the same.")
    other = [f"{name.replace('x', '×')}: {ratio} times a usual one" for name, ratio in got["spreads"] if ratio != 1]
    expect(
        not other,
        "Initial values are Keras's defaults, but those of a kernel have quite another spread than those of glorot_uniform "
        "or he_normal.",
        other,
    )


def expect_answer(student, name, arguments, x, seed, *, training=False, d_out=None, values=True):
    """Fail unless the network with known weights does what its definition does.

    Compared are the output and the moving statistics in inference, with `training` in training too, and with d_out, a
    cotangent of the last output, the gradients: their values, or else only that they reach every weight.
    """
    got = student.probe("network_answer", name, arguments, x, seed, training=training, cotangent=d_out, values=values)
    net = Layers(seed)
    images = tf.constant(x)
    for mode, statistics in [("inference", "kept"), ("training", "moved")][: 2 if training else 1]:
        net.training, net.moving = mode == "training", {}
        with tf.GradientTape() as tape:
            tape.watch(images)
            output = DEFINITIONS[name](net, images, *arguments)
        if mode == "training" and not net.moving:
            expect(
                np.allclose(got["training"], got["inference"], rtol=1e-3, atol=1e-3),
                "The output in training differs from that in inference, and nothing in this network should depend on it.",
                got["training"],
                got["inference"],
                diagnosis="dropout_added",
            )
        expect_close(got[mode], output, f"the output of the call with training={net.training}")
        expect_close(statistics_in_words(got[statistics], mode), statistics_in_words(net.moving, mode))
    if d_out is None:
        return
    unreached = Counter(got["unreached"])
    expect(not unreached, f"No gradient reaches {in_words(unreached)}: training would not change it.")
    if values:
        d_x, weights = tape.gradient(output, (images, net.trained()), output_gradients=tf.constant(d_out))
        expect_close(got["input"], d_x, "the gradient with respect to the images")
        expect_close(got["weights"], weights, "the gradients with respect to the weights")


def images(seed, *shape):
    """float32 images around 0, so that ReLU and max pooling have something to decide."""
    return np.random.default_rng([seed, 8]).standard_normal(shape, np.float32)


def cotangent(seed, *shape):
    return np.random.default_rng([seed, 9]).standard_normal(shape, np.float32)


# Hypothesis tries the simplest draw first, whatever its seed. Rejecting it makes the first example a random one: a check
# with one example, on a big network, is not the same in every run.
FRESH_SEEDS = SEEDS.filter(bool)


def every(kinds):
    """Run a check on each of these kinds, with fixed weights, before it draws kinds and weights."""

    def decorate(function):
        for kind in reversed(kinds):
            function = example(kind=kind, seed=1)(function)
        return given(kind=st.sampled_from(kinds), seed=FRESH_SEEDS)(function)

    return decorate


# --- LeNet-5 ------------------------------------------------------------------------------------------------------------


@check("lenet5", points=0.5, examples=2)
@given(classes=st.sampled_from([7, 10]))
def test_lenet5_has_the_weights_of_its_table(student, classes):
    """LeNet-5 has the kernels and biases of its table, and gives one logit for each class, for any number of images."""
    expect_network(student, "lenet5", [classes], images(0, 3, 28, 28, 1))


@check("lenet5", points=1, examples=2)
@given(n=st.integers(2, 4), seed=FRESH_SEEDS)
def test_lenet5_computes_its_table(student, n, seed):
    """With the same weights, LeNet-5 gives the logits of its table, in training too, and passes their gradient back."""
    x, d_out = images(seed, n, 28, 28, 1), cotangent(seed, n, 7)
    expect_answer(student, "lenet5", [7], x, seed, training=True, d_out=d_out)


# --- VGG-13 -------------------------------------------------------------------------------------------------------------


@check("vgg13", points=0.5)
def test_vgg13_has_the_weights_of_its_stages(student):
    """VGG-13 has ten convolutions and three dense layers with biases, and gives one logit for each class."""
    expect_network(student, "vgg13", [7], images(0, 2, 32, 32, 3))


@check("vgg13", points=1.5, examples=1)
@given(seed=FRESH_SEEDS)
def test_vgg13_computes_its_stages(student, seed):
    """With the same weights, VGG-13 gives the logits of its five stages, and gradients reach every weight."""
    x, d_out = images(seed, 2, 32, 32, 3), cotangent(seed, 2, 7)
    expect_answer(student, "vgg13", [7], x, seed, training=True, d_out=d_out, values=False)


# --- the Inception block ------------------------------------------------------------------------------------------------

# Six different numbers of filters; and all the same, where a wrong order or axis shows in the values alone.
INCEPTIONS = ([3, 4, 6, 2, 7, 8], [3] * 6)


@check("inception_block", points=0.5, examples=1)
@every(INCEPTIONS)
def test_inception_block_has_six_convolutions(student, kind, seed):
    """The block has the six convolutions of its four branches, and keeps height and width."""
    expect_network(student, "inception_block", kind, images(seed, 2, 6, 7, 5))
    wide = [8, 32, 40, 16, 32, 8]  # kernels with enough numbers to show the spread of their initial values
    expect_network(student, "inception_block", wide, images(seed, 1, 3, 3, 32))


@check("inception_block", points=1, examples=1)
@every(INCEPTIONS)
def test_inception_block_joins_four_branches(student, kind, seed):
    """With the same weights, the block gives its four branches side by side, in order, and their gradient."""
    one, _, three, _, five, pool = kind
    x, d_out = images(seed, 2, 6, 7, 5), cotangent(seed, 2, 6, 7, one + three + five + pool)
    expect_answer(student, "inception_block", kind, x, seed, d_out=d_out)


# --- the residual block -------------------------------------------------------------------------------------------------

# (channels, filters, stride): the channels stay or change, the stride is 1 or not.
RESIDUALS = ((4, 4, 1), (3, 5, 1), (4, 4, 2), (5, 3, 3))
HEIGHT, WIDTH = 7, 6


@check("ResidualBlock", points=0.5, examples=1)
@every(RESIDUALS)
def test_residual_block_projects_only_where_it_must(student, kind, seed):
    """A block has a projection where its stride is not 1 or its channels change, else none, and no convolution has a bias."""
    channels, filters, stride = kind
    expect_network(student, "ResidualBlock", [filters, stride], images(seed, 2, HEIGHT, WIDTH, channels))
    # Kernels with enough numbers to show the spread of their initial values.
    expect_network(student, "ResidualBlock", [48, 1], images(seed, 1, 3, 3, 32))
    # Python keeps one object for every int up to 256, and makes new ones of larger ints: what compares with `is` errs here.
    expect_network(student, "ResidualBlock", [300, 1], images(seed, 1, 2, 2, 300))


@check("ResidualBlock", points=0.5, examples=5)
@every(RESIDUALS)
def test_residual_block_adds_its_branch_to_its_shortcut(student, kind, seed):
    """In inference, a block is ReLU(branch(x) + shortcut(x)), with the moving statistics in its batch normalisations."""
    channels, filters, stride = kind
    x = images(seed, 2, HEIGHT, WIDTH, channels)
    expect_answer(student, "ResidualBlock", [filters, stride], x, seed)


@check("ResidualBlock", points=0.5, examples=2)
@given(n=st.integers(2, 3), seed=FRESH_SEEDS)
def test_residual_block_is_the_identity_where_its_branch_is_zero(student, n, seed):
    """Where gamma and beta are zero the branch is zero: a block of stride 1 gives back ReLU(x), x itself where x >= 0."""
    x, zero = images(seed, n, HEIGHT, WIDTH, 4), {"scale": 0.0, "shift": 0.0}
    for part in (x, np.abs(x)):
        got = student.probe("network_answer", "ResidualBlock", [4, 1], part, seed, fixed=zero)
        expect_close(got["inference"], np.maximum(part, 0), "the output")


@check("ResidualBlock", points=1, examples=1)
@every(RESIDUALS)
def test_residual_block_trains(student, kind, seed):
    """In training a block normalises with its batch, moves its moving statistics, and passes gradients through both ways."""
    channels, filters, stride = kind
    x = images(seed, 2, HEIGHT, WIDTH, channels)
    d_out = cotangent(seed, 2, -(-HEIGHT // stride), -(-WIDTH // stride), filters)
    expect_answer(student, "ResidualBlock", [filters, stride], x, seed, training=True, d_out=d_out)


# --- ResNet-18 ----------------------------------------------------------------------------------------------------------

SMALL = (12, 10, 4)  # height, width and channels of images that need little time: 12×10, 6×5, 3×3, 2×2


@check("resnet18", points=0.5)
def test_resnet18_has_the_weights_of_eight_blocks(student):
    """ResNet-18 has a stem, eight residual blocks with three projections, and a dense layer."""
    expect_network(student, "resnet18", [7, SMALL], images(0, 2, *SMALL))


@check("resnet18", points=1.5, examples=1)
@given(seed=FRESH_SEEDS)
def test_resnet18_computes_its_blocks(student, seed):
    """With the same weights, ResNet-18 gives the logits of its eight blocks, and in training gradients reach every weight."""
    x, d_out = images(seed, 2, *SMALL), cotangent(seed, 2, 7)
    expect_answer(student, "resnet18", [7, SMALL], x, seed, training=True, d_out=d_out, values=False)


# --- the dense block ----------------------------------------------------------------------------------------------------

# (channels, layers, growth): as many new channels as old ones, too, where maps could be added.
DENSE_BLOCKS = ((4, 1, 3), (4, 2, 4), (5, 3, 2))


@check("DenseBlock", points=0.5, examples=1)
@every(DENSE_BLOCKS)
def test_dense_block_grows_by_the_same_number_of_channels(student, kind, seed):
    """Each layer of the block makes `growth` channels out of all channels before it."""
    channels, layers, growth = kind
    expect_network(student, "DenseBlock", [layers, growth], images(seed, 2, HEIGHT, WIDTH, channels))
    # Kernels with enough numbers to show the spread of their initial values.
    expect_network(student, "DenseBlock", [2, 48], images(seed, 1, 3, 3, 32))


@check("DenseBlock", points=0.5, examples=1)
@every(DENSE_BLOCKS)
def test_dense_block_keeps_all_maps(student, kind, seed):
    """In inference, the block gives its input unchanged, and behind it what each layer makes of all maps before it."""
    channels, layers, growth = kind
    expect_answer(student, "DenseBlock", [layers, growth], images(seed, 2, HEIGHT, WIDTH, channels), seed)


@check("DenseBlock", points=0.5, examples=1)
@every(DENSE_BLOCKS)
def test_dense_block_trains(student, kind, seed):
    """In training the block normalises with its batch, moves its moving statistics, and passes gradients to all maps."""
    channels, layers, growth = kind
    x = images(seed, 2, HEIGHT, WIDTH, channels)
    d_out = cotangent(seed, 2, HEIGHT, WIDTH, channels + layers * growth)
    expect_answer(student, "DenseBlock", [layers, growth], x, seed, training=True, d_out=d_out)


# --- AlexNet ------------------------------------------------------------------------------------------------------------

CLASSES = 100  # enough outputs to count dropped units by


@check("alexnet", points=0.5)
def test_alexnet_computes_its_table(student):
    """AlexNet has the kernels and biases of its table, and with the same weights it gives the same logits."""
    x = images(2, 1, 227, 227, 3)
    expect_network(student, "alexnet", [CLASSES], x)
    expect_answer(student, "alexnet", [CLASSES], x, 2, d_out=cotangent(2, 1, CLASSES), values=False)


def dropout_mistake(inference, training):
    """The named mistake that the logits of the check below show, as shares of their values; or None."""
    values = sorted(training)
    if set(inference) != {3.0}:
        return "dropout_always" if len(set(inference)) > 1 and set(inference) <= {1.0, 3.0, 7.0} else None
    if values == [3.0]:
        return "no_dropout"
    if values in ([1.0, 5.0], [2.0, 4.0]):
        return "one_dropout" if values == [2.0, 4.0] else "no_dropout_behind_the_first"
    if len(values) == 3 and values[0] == 1:
        factor = values[1] - 1  # 1 / (1 - rate)
        if factor != 2 and abs(values[2] - (1 + factor + factor**2)) < 0.01:
            return "dropout_rate"
    return None


@check("alexnet", points=0.5)
def test_alexnet_drops_half_of_both_wide_layers_in_training(student):
    """In training, half of the units of both wide dense layers are dropped, and the others doubled; in inference none is."""
    # Kernels that pass on single units: after the first wide layer a unit is 1, after the second 1 + it, and the logit is 1
    # more than that. So dropout turns 1 into 0 or 2, that into 1 or 3, this into 0, 2 or 6, and a logit is 1, 3 or 7.
    fixed = {
        "shift": 1.0,
        "kernel": 0.0,
        "kernel 512x512": np.eye(512, dtype=np.float32),
        f"kernel 512x{CLASSES}": np.eye(512, CLASSES, dtype=np.float32),
    }
    x = images(3, 2, 227, 227, 3)
    got = student.probe("network_answer", "alexnet", [CLASSES], x, 3, training=True, fixed=fixed)
    for mode in ("inference", "training"):
        expect_shape(got[mode], (2, CLASSES), np.float32, f"the output in {mode}")
    still, shares = shares_of(got["inference"]), shares_of(got["training"])
    mistake = dropout_mistake(still, shares)
    expect(
        still == {3.0: 1.0}, "With the weights of this check each logit is 3 in inference.", still, diagnosis=mistake
    )
    expect(
        set(shares) == {1.0, 3.0, 7.0},
        "In training a unit of the wide layers is dropped, or doubled, and nothing else: logits are 1, 3 or 7 then.",
        shares,
        diagnosis=mistake,
    )
    # 200 logits: half of them are 1 and a quarter each 3 and 7, within 4.5 standard deviations (1 in 100,000).
    for value, share in ((1.0, 0.5), (3.0, 0.25), (7.0, 0.25)):
        room = 4.5 * np.sqrt(share * (1 - share) / (2 * CLASSES))
        expect(
            abs(shares[value] - share) <= room,
            f"Dropout of both wide layers with rate 0.5 would make about {share:.0%} of these logits {value:g}.",
            shares,
        )


def shares_of(logits):
    """How often each value occurs: value → share."""
    values, counts = np.unique(np.round(np.asarray(logits), 3), return_counts=True)
    return {float(value): float(count / logits.size) for value, count in zip(values, counts, strict=True)}
