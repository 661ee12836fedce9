"""Normalisation: of a batch, of a sample, of a channel, of a group of channels.

All of them subtract a mean, divide by the root of a variance plus eps, then scale by gamma and shift by
beta. They differ in one thing only: the axes over which mean and variance are taken.

All functions of this file are NumPy alone: no TensorFlow, no Keras, nor any other library. Only the layer
`BatchNorm` is made with TensorFlow and Keras.
"""

import numpy as np
import tensorflow as tf


def batch_norm(x, gamma, beta, eps):
    """Batch normalisation of a training batch: every channel gets mean beta and deviation (nearly) gamma.

    x      [..., c], any rank from 2 up; the channels are the last axis
    gamma  [c], the scale of each channel
    beta   [c], the shift of each channel
    eps    a number > 0

    Returns y of x's shape; float64 in gives float64 out, and the arguments are left as they are.

    For each channel, mean and variance are taken over *all axes but the last*: over the batch and over
    every pixel. The variance is that of the population (the sum of squares over n, not over n - 1), and eps
    stands inside the root:

        y = gamma (x - mean) / sqrt(variance + eps) + beta

    By hand: x = [[0], [2]] has the mean 1 and the variance 1. With eps = 3 the root is sqrt(1 + 3) = 2, so
    that (x - mean) / 2 = [[-1/2], [1/2]]; gamma = [4] and beta = [10] make of it [[8], [12]].

    Source: Ioffe and Szegedy, Batch Normalization (2015), algorithm 1.
    """
    ### BEGIN SOLUTION
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes)  # [c], [c]
    x_hat = (x - mean) / np.sqrt(variance + eps)
    return gamma * x_hat + beta
    ### END SOLUTION


def batch_norm_backward(d_out, x, gamma, eps):
    """Gradients of `batch_norm`: (dx, dgamma, dbeta), given d_out, the gradient of the loss in its output.

    d_out, x  [..., c], any rank from 2 up
    gamma     [c]
    eps       a number > 0, as it was given to `batch_norm`

    Returns dx of x's shape, dgamma [c] and dbeta [c]; float64 in gives float64 out, and the arguments are
    left as they are. dgamma and dbeta are sums over all axes but the last.

    Mean and variance are functions of x too: each value of x moves the output of its whole channel, through
    three paths (its own numerator, the mean, the variance). dx is the sum of the three.

    By hand: x = [[0], [2]], gamma = [4], eps = 3, as in the example of `batch_norm`, where x_hat is
    [[-1/2], [1/2]]. With d_out = [[1], [0]] there is dbeta = [1 + 0] = [1] and
    dgamma = [1 · (-1/2) + 0 · (1/2)] = [-1/2]. To find dx, write u = (x0 - x1) / 2 = -1, so that
    y0 = 4 u / sqrt(u² + 3) + beta and dy0/du = 4 · 3 / (u² + 3)^(3/2) = 3/2. The loss is y0, hence
    dx = [[3/4], [-3/4]]. (With mean and variance held constant it would be [[2], [0]].)

    Source: Ioffe and Szegedy, Batch Normalization (2015), section 3.
    """
    ### BEGIN SOLUTION
    axes = tuple(range(x.ndim - 1))
    sigma = np.sqrt(x.var(axes) + eps)  # [c]
    x_hat = (x - x.mean(axes)) / sigma
    through_mean = d_out.mean(axes)  # [c]
    through_variance = x_hat * (d_out * x_hat).mean(axes)
    dx = gamma / sigma * (d_out - through_mean - through_variance)
    return dx, (d_out * x_hat).sum(axes), d_out.sum(axes)
    ### END SOLUTION


def batch_norm_inference(x, gamma, beta, mean, variance, eps):
    """Batch normalisation in use: with the mean and the variance that were gathered in training.

    x               [..., c], any rank from 2 up
    gamma, beta     [c], scale and shift
    mean, variance  [c], the moving mean and the moving variance (not the deviation)
    eps             a number > 0

    Returns y = gamma (x - mean) / sqrt(variance + eps) + beta, of x's shape; float64 in gives float64 out,
    and the arguments are left as they are. Nothing is measured on x: a sample gets the same answer in any
    company, alone too.

    By hand: x = [[7]], mean = [1], variance = [1], eps = 3: (7 - 1) / sqrt(1 + 3) = 3; gamma = [4] and
    beta = [10] make of it [[22]].
    """
    ### BEGIN SOLUTION
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta
    ### END SOLUTION


def update_moving(mean, variance, x, momentum):
    """The moving statistics after one more training batch: (mean, variance).

    mean, variance  [c], the moving mean and the moving variance so far
    x               [..., c], the batch, any rank from 2 up
    momentum        a number in [0, 1]: the share of the *old* value that is kept

    Returns two new arrays [c]; float64 in gives float64 out, and the arguments are left as they are. For
    the mean, and likewise for the variance,

        new = momentum · old + (1 - momentum) · that of the batch

    where the batch's mean and variance are those of `batch_norm`: over all axes but the last, variance of
    the population.

    By hand: mean = [0], variance = [1], x = [[2], [6]], momentum = 0.75. The batch has the mean 4 and the
    variance 4, so the answer is ([0.75 · 0 + 0.25 · 4], [0.75 · 1 + 0.25 · 4]) = ([1], [1.75]).

    (Some libraries call `1 - momentum` the momentum. Here, as in Keras, a momentum near 1 forgets slowly.)
    """
    ### BEGIN SOLUTION
    axes = tuple(range(x.ndim - 1))
    new_mean = momentum * mean + (1 - momentum) * x.mean(axes)
    new_variance = momentum * variance + (1 - momentum) * x.var(axes)
    return new_mean, new_variance
    ### END SOLUTION


class BatchNorm(tf.keras.layers.Layer):
    """Batch normalisation as a Keras layer, with learnt scale and shift and with moving statistics.

    `BatchNorm(momentum=0.99, eps=1e-3, **kwargs)`; kwargs (a name, say) go to the base class.

    The layer has four float32 weights of shape [c], where c is the last axis of its input (of any rank from
    2 up): Keras weights (add_weight), so that an optimizer and a saved file find them. From the first call
    on they are its attributes

        gamma            starts at one,  trainable
        beta             starts at zero, trainable
        moving_mean      starts at zero, not trainable
        moving_variance  starts at one,  not trainable

    `call(x, training=False)`: float32 x [..., c] → y of the same shape.

    - In training, mean and variance are those of the batch: over all axes but the last, variance of the
      population; and the gradient flows through them. Each such call also moves the moving statistics once,
      *in place* (the weights stay the same variables):
      new = momentum · old + (1 - momentum) · that of the batch.
    - Otherwise mean and variance are the moving ones, and nothing is changed.
    - In both cases y = gamma (x - mean) / sqrt(variance + eps) + beta.

    The layer works inside tf.function and in a Keras model whose batch size is not yet known (None).
    `BatchNorm.from_config(layer.get_config())` makes a new layer with the same momentum and eps. The methods
    below are Keras's usual ones; you may leave out what you don't need, and add others.

    *Not with* Keras's BatchNormalization, nor TensorFlow's fused batch normalisation. tf.nn.moments is
    welcome.

    By hand: a fresh BatchNorm(momentum=0.75, eps=3) is called in training with [[2], [6]]. The batch has
    the mean 4 and the variance 4, the root is sqrt(4 + 3) ≈ 2.6458, so the answer is [[-0.7559], [0.7559]];
    moving_mean is now 0.75 · 0 + 0.25 · 4 = 1 and moving_variance 0.75 · 1 + 0.25 · 4 = 1.75. A call with
    [[2], [6]] that is not in training then gives (x - 1) / sqrt(1.75 + 3) = [[0.4588], [2.2942]], and
    changes nothing.
    """

    def __init__(self, momentum=0.99, eps=1e-3, **kwargs):
        ### BEGIN SOLUTION
        super().__init__(**kwargs)
        self.momentum = momentum
        self.eps = eps
        ### END SOLUTION

    def build(self, input_shape):
        ### BEGIN SOLUTION
        c = input_shape[-1]
        self.gamma = self.add_weight(name="gamma", shape=(c,), initializer="ones")
        self.beta = self.add_weight(name="beta", shape=(c,), initializer="zeros")
        self.moving_mean = self.add_weight(name="moving_mean", shape=(c,), initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight(name="moving_variance", shape=(c,), initializer="ones", trainable=False)
        ### END SOLUTION

    def call(self, x, training=False):
        ### BEGIN SOLUTION
        if training:
            mean, variance = tf.nn.moments(x, axes=list(range(len(x.shape) - 1)))  # [c], [c]
            for moving, of_batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(self.momentum * moving + (1 - self.momentum) * of_batch)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return self.gamma * (x - mean) / tf.sqrt(variance + self.eps) + self.beta
        ### END SOLUTION

    def get_config(self):
        ### BEGIN SOLUTION
        return {**super().get_config(), "momentum": self.momentum, "eps": self.eps}
        ### END SOLUTION


def layer_norm(x, gamma, beta, eps):
    """Layer normalisation: every row is normalised by itself, over the last axis.

    x            [..., features], any rank from 2 up
    gamma, beta  [features], scale and shift
    eps          a number > 0

    Returns y of x's shape; float64 in gives float64 out, and the arguments are left as they are. Mean and
    (population) variance are taken over the last axis alone, for every sample and every position apart, so
    that no row depends on another:

        y = gamma (x - mean) / sqrt(variance + eps) + beta

    By hand: the row x = [[0, 2]] has the mean 1 and the variance 1. With eps = 3 the root is 2, and
    (x - mean) / 2 = [[-1/2, 1/2]]; gamma = [4, 2] and beta = [10, 0] make of it [[8, 1]].

    Source: Ba, Kiros and Hinton, Layer Normalization (2016). (For images, some authors take it over height,
    width and channels; here, as in Keras and in transformers, it is the last axis.)
    """
    ### BEGIN SOLUTION
    mean = x.mean(-1, keepdims=True)  # [..., 1]
    variance = x.var(-1, keepdims=True)  # [..., 1]
    x_hat = (x - mean) / np.sqrt(variance + eps)
    return gamma * x_hat + beta
    ### END SOLUTION


def layer_norm_backward(d_out, x, gamma, eps):
    """Gradients of `layer_norm`: (dx, dgamma, dbeta), given d_out, the gradient of the loss in its output.

    d_out, x  [..., features], any rank from 2 up
    gamma     [features]
    eps       a number > 0, as it was given to `layer_norm`

    Returns dx of x's shape, dgamma [features] and dbeta [features]; float64 in gives float64 out, and the
    arguments are left as they are.

    dgamma and dbeta are sums over all axes but the last, as in batch normalisation. dx mixes along the last
    axis, where mean and variance were taken; and there gamma differs from place to place, so it cannot be
    put before the bracket.

    By hand: x = [[0, 2]], gamma = [4, 2], eps = 3: x_hat = [[-1/2, 1/2]]. With d_out = [[1, 0]] there is
    dbeta = [1, 0] and dgamma = [-1/2, 0]. The loss is y0 = 4 u / sqrt(u² + 3) + beta0 with
    u = (x0 - x1) / 2 = -1, as in `batch_norm_backward`, hence dx = [[3/4, -3/4]].
    """
    ### BEGIN SOLUTION
    axes = tuple(range(x.ndim - 1))
    sigma = np.sqrt(x.var(-1, keepdims=True) + eps)  # [..., 1]
    x_hat = (x - x.mean(-1, keepdims=True)) / sigma
    d_hat = d_out * gamma
    through_mean = d_hat.mean(-1, keepdims=True)  # [..., 1]
    through_variance = x_hat * (d_hat * x_hat).mean(-1, keepdims=True)
    dx = (d_hat - through_mean - through_variance) / sigma
    return dx, (d_out * x_hat).sum(axes), d_out.sum(axes)
    ### END SOLUTION


def instance_norm(x, gamma, beta, eps):
    """Instance normalisation: every channel of every image is normalised by itself.

    x            [b, h, w, c], images
    gamma, beta  [c], scale and shift
    eps          a number > 0

    Returns y [b, h, w, c]; float64 in gives float64 out, and the arguments are left as they are. Mean and
    (population) variance are taken over height and width, for every image and every channel apart:

        y = gamma (x - mean) / sqrt(variance + eps) + beta

    By hand: one image of height 1, width 2 and one channel, x = [[[[0], [2]]]], has the mean 1 and the
    variance 1. With eps = 3, gamma = [4] and beta = [10] the answer is [[[[8], [12]]]], whatever other
    images the batch may hold.

    Source: Ulyanov, Vedaldi and Lempitsky, Instance Normalization (2016).
    """
    ### BEGIN SOLUTION
    mean = x.mean((1, 2), keepdims=True)  # [b, 1, 1, c]
    variance = x.var((1, 2), keepdims=True)  # [b, 1, 1, c]
    x_hat = (x - mean) / np.sqrt(variance + eps)
    return gamma * x_hat + beta
    ### END SOLUTION


def group_norm(x, gamma, beta, groups, eps):
    """Group normalisation: the channels of each image are normalised in groups.

    x            [b, h, w, c], images
    gamma, beta  [c], scale and shift, one for each channel (not for each group)
    groups       how many groups there are; it divides c
    eps          a number > 0

    Returns y [b, h, w, c]; float64 in gives float64 out, and the arguments are left as they are.

    A group is a run of c / groups neighbouring channels: of six channels in two groups, 0, 1, 2 are the
    first and 3, 4, 5 the second. For every image and every group apart, mean and (population) variance are
    taken over height, width and the channels of the group:

        y = gamma (x - mean) / sqrt(variance + eps) + beta

    So one group is a normalisation of the whole image, and c groups are `instance_norm`.

    By hand: one pixel with four channels, x = [[[[0, 2, 5, 5]]]], two groups, eps = 3. The first group has
    the mean 1 and the variance 1, its root is 2; the second has the mean 5 and the variance 0. With
    gamma = [4, 2, 1, 1] and beta = [10, 0, 7, 8] the answer is [[[[8, 1, 7, 8]]]].

    Source: Wu and He, Group Normalization (2018).
    """
    ### BEGIN SOLUTION
    b, h, w, c = x.shape
    grouped = x.reshape(b, h, w, groups, c // groups)
    mean = grouped.mean((1, 2, 4), keepdims=True)  # [b, 1, 1, groups, 1]
    variance = grouped.var((1, 2, 4), keepdims=True)  # [b, 1, 1, groups, 1]
    x_hat = (grouped - mean) / np.sqrt(variance + eps)
    return gamma * x_hat.reshape(x.shape) + beta
    ### END SOLUTION
