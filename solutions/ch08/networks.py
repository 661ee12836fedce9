"""Classic convolutional networks in Keras: LeNet-5, AlexNet, VGG, Inception, ResNet and DenseNet.

Images are [batch, height, width, channels], float32. Every network answers logits: the last layer is linear, and
softmax belongs to the loss. Biases, initial values and the settings of batch normalisation are Keras's defaults
wherever a statement says nothing else: a convolution and a dense layer have a bias, which starts at 0; batch
normalisation starts with gamma 1, beta 0, moving mean 0, moving variance 1, and has momentum 0.99 and epsilon 0.001;
"same" and "valid" are Keras's paddings. Kernels start random, with numbers of the usual size: glorot_uniform, which is
Keras's default, or he_normal, say.

A network is anything that Keras can train: Sequential, the functional API or a subclass of keras.Model, and a block is
a keras.layers.Layer or a keras.Model. What counts is the function that it computes and the weights that it has, not how
its layers are called. It need not be built before its first call.
"""

import keras
import tensorflow as tf
from keras.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
    ReLU,
)


def lenet5(classes):
    """LeNet-5 for grey images of 28×28, in today's form: max pooling and ReLU, and a linear last layer.

    classes  how many logits there are
    returns  a Keras network: float32 [batch, 28, 28, 1] → logits [batch, classes]

    | layer                                              | its output |
    |----------------------------------------------------|------------|
    | convolution 5×5, 6 filters, padding "same", ReLU   | 28×28×6    |
    | max pooling 2×2, stride 2                          | 14×14×6    |
    | convolution 5×5, 16 filters, padding "valid", ReLU | 10×10×16   |
    | max pooling 2×2, stride 2                          | 5×5×16     |
    | flatten: row by row, channels last                 | 400        |
    | dense 120, ReLU                                    | 120        |
    | dense 84, ReLU                                     | 84         |
    | dense `classes`, linear                            | `classes`  |

    Every convolution and dense layer has a bias. By hand: the first convolution has 5·5·1·6 + 6 = 156 weights, the
    second 5·5·6·16 + 16 = 2,416, the dense layers 400·120 + 120, 120·84 + 84 and 84·10 + 10: with ten classes 61,706.

    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.
    """
    ### BEGIN SOLUTION
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            Conv2D(6, 5, padding="same", activation="relu"),
            MaxPooling2D(2),  # [batch, 14, 14, 6]
            Conv2D(16, 5, activation="relu"),
            MaxPooling2D(2),  # [batch, 5, 5, 16]
            Flatten(),
            Dense(120, activation="relu"),
            Dense(84, activation="relu"),
            Dense(classes),
        ]
    )
    ### END SOLUTION


def vgg13(classes):
    """VGG-13 for colour images of 32×32: ten convolutions of 3×3 and three dense layers.

    classes  how many logits there are
    returns  a Keras network: float32 [batch, 32, 32, 3] → logits [batch, classes]

    Five stages with 64, 128, 256, 512 and 512 filters. A stage is two convolutions of 3×3, padding "same", each with
    a bias and followed by ReLU, and then max pooling 2×2 with stride 2. After the five stages an image is 1×1×512;
    flattened, it goes through dense 256 with ReLU, dense 64 with ReLU and dense `classes`, linear. There is neither
    batch normalisation nor dropout.

    By hand: the first convolution has 3·3·3·64 + 64 = 1,792 weights, the second 3·3·64·64 + 64 = 36,928; with ten
    classes there are 9,553,418 in all.

    Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015,
    configuration B; the dense layers, 4096 wide there, are small here since the images are.
    """
    ### BEGIN SOLUTION
    stages = [
        layer
        for filters in (64, 128, 256, 512, 512)
        for layer in (
            Conv2D(filters, 3, padding="same", activation="relu"),
            Conv2D(filters, 3, padding="same", activation="relu"),
            MaxPooling2D(2),
        )
    ]
    head = [Flatten(), Dense(256, activation="relu"), Dense(64, activation="relu"), Dense(classes)]
    return keras.Sequential([keras.Input((32, 32, 3)), *stages, *head])
    ### END SOLUTION


def inception_block(filters_1x1, reduce_3x3, filters_3x3, reduce_5x5, filters_5x5, filters_pool):
    """An Inception block: four branches look at the same image, and their channels are put side by side.

    The six arguments are numbers of filters.
    returns  a Keras layer: float32 [batch, height, width, channels], of any height, width and number of channels,
             → [batch, height, width, filters_1x1 + filters_3x3 + filters_5x5 + filters_pool]

    1. a convolution 1×1 with `filters_1x1`;
    2. a convolution 1×1 with `reduce_3x3`, then one of 3×3 with `filters_3x3`;
    3. a convolution 1×1 with `reduce_5x5`, then one of 5×5 with `filters_5x5`;
    4. max pooling 3×3 with stride 1, then a convolution 1×1 with `filters_pool`.

    All six convolutions have a bias and are followed by ReLU. The pooling and all convolutions have padding "same" and
    stride 1, so height and width stay. The branches' outputs are joined along the channels, in the order 1, 2, 3, 4.

    By hand: inception_block(64, 96, 128, 16, 32, 32) on 28×28×192 answers 28×28×256 and has 163,696 weights. Without
    the reduction 192 → 16 its 5×5 convolution alone would have 5·5·192·32 = 153,600 instead of 5·5·16·32 = 12,800.

    Source: Szegedy et al., "Going deeper with convolutions", 2015, figure 2b and table 1.
    """

    ### BEGIN SOLUTION
    def conv(filters, size):
        return Conv2D(filters, size, padding="same", activation="relu")

    class Inception(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.branches = [
                [conv(filters_1x1, 1)],
                [conv(reduce_3x3, 1), conv(filters_3x3, 3)],
                [conv(reduce_5x5, 1), conv(filters_5x5, 5)],
                [MaxPooling2D(3, strides=1, padding="same"), conv(filters_pool, 1)],
            ]

        def call(self, x):
            outputs = []
            for branch in self.branches:
                y = x
                for layer in branch:
                    y = layer(y)
                outputs.append(y)
            return tf.concat(outputs, axis=-1)

    return Inception()
    ### END SOLUTION


class ResidualBlock(keras.layers.Layer):
    """A basic residual block: two convolutions learn what to add to their input.

    ResidualBlock(filters, stride=1) is a Keras layer: float32 [batch, height, width, channels], of any size,
    → [batch, ceil(height / stride), ceil(width / stride), filters]

        branch(x)   = BN(conv(ReLU(BN(conv(x)))))
        shortcut(x) = x                where stride is 1 and x has `filters` channels already
                      BN(conv1x1(x))   otherwise: the projection
        block(x)    = ReLU(branch(x) + shortcut(x))

    The branch's convolutions are 3×3 with `filters` filters and padding "same"; the first has the stride, the second
    stride 1. The projection is a convolution of 1×1 with `filters` filters and the stride. No convolution has a bias:
    the beta of the batch normalisation behind it does that work. Whether there is a projection depends on the input's
    channels, so it can be told only when the layer is built, or called for the first time.

    By hand: ResidualBlock(64) on 32×32×64 has 2 · 3·3·64·64 + 2 · (64 + 64) = 73,984 weights to train, and with gamma
    and beta of the branch all zero it answers ReLU(x). ResidualBlock(128, stride=2) on the same image answers
    16×16×128, and has 3·3·64·128 + 3·3·128·128 + 64·128 + 3 · (128 + 128) = 230,144.

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2016, section 3.
    """

    def __init__(self, filters, stride=1):
        super().__init__()
        ### BEGIN SOLUTION
        self.filters = filters
        self.stride = stride
        self.conv1 = Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)
        self.norm1 = BatchNormalization()
        self.conv2 = Conv2D(filters, 3, padding="same", use_bias=False)
        self.norm2 = BatchNormalization()
        ### END SOLUTION

    def build(self, input_shape):
        """Makes what depends on the input's shape; Keras calls it before the first call."""
        ### BEGIN SOLUTION
        self.projects = self.stride != 1 or input_shape[-1] != self.filters
        if self.projects:
            self.conv3 = Conv2D(self.filters, 1, strides=self.stride, use_bias=False)
            self.norm3 = BatchNormalization()
        ### END SOLUTION

    def call(self, x, training=None):
        """The block's answer for a batch of images."""
        ### BEGIN SOLUTION
        branch = tf.nn.relu(self.norm1(self.conv1(x), training=training))
        branch = self.norm2(self.conv2(branch), training=training)
        shortcut = self.norm3(self.conv3(x), training=training) if self.projects else x
        return tf.nn.relu(branch + shortcut)
        ### END SOLUTION


def resnet18(classes, input_shape):
    """ResNet-18 for small images: a convolution, eight residual blocks, an average and a dense layer.

    classes      how many logits there are
    input_shape  (height, width, channels) of an image
    returns      a Keras network: float32 [batch, height, width, channels] → logits [batch, classes]

    1. a convolution 3×3, 64 filters, stride 1, padding "same", without bias; batch normalisation; ReLU;
    2. eight blocks as in ResidualBlock, with 64, 64, 128, 128, 256, 256, 512 and 512 filters; the first block with
       128, with 256 and with 512 filters has stride 2, all others stride 1;
    3. the mean over height and width: [batch, 512];
    4. dense `classes` with a bias, linear.

    Against the paper's network for 224×224 images, step 1 has a smaller kernel and neither stride nor pooling.

    By hand: for resnet18(10, (32, 32, 3)) the blocks answer 32×32×64, 32×32×64, 16×16×128, … 4×4×512. It has
    17 convolutions of 3×3, 3 projections and 11,173,962 weights to train.

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2016, table 1.
    """
    ### BEGIN SOLUTION
    stem = [Conv2D(64, 3, padding="same", use_bias=False), BatchNormalization(), ReLU()]
    blocks = [ResidualBlock(64), ResidualBlock(64)]
    for filters in (128, 256, 512):
        blocks += [ResidualBlock(filters, stride=2), ResidualBlock(filters)]
    head = [GlobalAveragePooling2D(), Dense(classes)]
    return keras.Sequential([keras.Input(input_shape), *stem, *blocks, *head])
    ### END SOLUTION


class DenseBlock(keras.layers.Layer):
    """A dense block: every layer sees the feature maps of all layers before it.

    DenseBlock(layers, growth) is a Keras layer: float32 [batch, height, width, channels], of any size,
    → [batch, height, width, channels + layers * growth]

    Starting from the block's input, each of the `layers` layers makes `growth` new channels out of all that there are,
    and they are joined behind those, along the channels:

        new  = conv(ReLU(BN(maps)))
        maps = concatenation of maps and new

    The convolution is 3×3 with `growth` filters, padding "same", without bias. The block answers the last `maps`, so its
    first channels are the input itself, unchanged.

    By hand: DenseBlock(2, 12) on 8×8×16 answers 8×8×40: channels 0 to 15 are the input, 16 to 27 come from 16 channels
    and 28 to 39 from 28. It has 2·16 + 9·16·12 + 2·28 + 9·28·12 = 4,840 weights to train.

    Source: Huang, Liu, van der Maaten and Weinberger, "Densely connected convolutional networks", 2017, section 3.
    """

    def __init__(self, layers, growth):
        super().__init__()
        ### BEGIN SOLUTION
        self.norms = [BatchNormalization() for _ in range(layers)]
        self.convs = [Conv2D(growth, 3, padding="same", use_bias=False) for _ in range(layers)]
        ### END SOLUTION

    def call(self, x, training=None):
        """The block's answer for a batch of images."""
        ### BEGIN SOLUTION
        maps = x
        for norm, conv in zip(self.norms, self.convs, strict=True):
            new = conv(tf.nn.relu(norm(maps, training=training)))  # [batch, height, width, growth]
            maps = tf.concat([maps, new], axis=-1)
        return maps
        ### END SOLUTION


def alexnet(classes):
    """AlexNet for colour images of 227×227, with smaller dense layers.

    classes  how many logits there are
    returns  a Keras network: float32 [batch, 227, 227, 3] → logits [batch, classes]

    | layer                                                      | its output |
    |------------------------------------------------------------|------------|
    | convolution 11×11, 96 filters, stride 4, "valid", ReLU     | 55×55×96   |
    | max pooling 3×3, stride 2                                  | 27×27×96   |
    | convolution 5×5, 256 filters, stride 1, "same", ReLU       | 27×27×256  |
    | max pooling 3×3, stride 2                                  | 13×13×256  |
    | convolution 3×3, 384 filters, stride 1, "same", ReLU       | 13×13×384  |
    | convolution 3×3, 384 filters, stride 1, "same", ReLU       | 13×13×384  |
    | convolution 3×3, 256 filters, stride 1, "same", ReLU       | 13×13×256  |
    | max pooling 3×3, stride 2                                  | 6×6×256    |
    | flatten: row by row, channels last                         | 9216       |
    | dense 512, ReLU, then dropout with rate 0.5                | 512        |
    | dense 512, ReLU, then dropout with rate 0.5                | 512        |
    | dense `classes`, linear                                    | `classes`  |

    Every convolution and dense layer has a bias; the convolutions are not split into groups, and there is no local
    response normalisation. Dropout is active in training only, and scales what it keeps by 2, as Keras's does.

    By hand: 227 pixels under windows of 11 with stride 4 give (227 − 11) / 4 + 1 = 55. With ten classes there are
    8,734,090 weights. The paper's dense layers are 4096 wide: they alone would have 54.6 million.

    Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012.
    """
    ### BEGIN SOLUTION
    return keras.Sequential(
        [
            keras.Input((227, 227, 3)),
            Conv2D(96, 11, strides=4, activation="relu"),
            MaxPooling2D(3, strides=2),  # [batch, 27, 27, 96]
            Conv2D(256, 5, padding="same", activation="relu"),
            MaxPooling2D(3, strides=2),  # [batch, 13, 13, 256]
            Conv2D(384, 3, padding="same", activation="relu"),
            Conv2D(384, 3, padding="same", activation="relu"),
            Conv2D(256, 3, padding="same", activation="relu"),
            MaxPooling2D(3, strides=2),  # [batch, 6, 6, 256]
            Flatten(),
            Dense(512, activation="relu"),
            Dropout(0.5),
            Dense(512, activation="relu"),
            Dropout(0.5),
            Dense(classes),
        ]
    )
    ### END SOLUTION
