"""Relatives of the convolution: with holes, backwards, and taken apart; all images NHWC."""

import tensorflow as tf


def dilated_conv2d(x, w, rate):
    """Dilated (atrous) convolution: the kernel's taps stand `rate` pixels apart. No padding, stride 1.

    x     [b, h, w, c_in], a float32 or float64 tensor
    w     [k_h, k_w, c_in, c_out], a tensor of the same dtype
    rate  an int ≥ 1, the same for height and width; 1 is the ordinary convolution

    Returns y [b, h - rate (k_h - 1), w - rate (k_w - 1), c_out], a tensor of that dtype:

        y[n, p, q, o] = sum over i, j, c of  x[n, p + rate i, q + rate j, c] · w[i, j, c, o]

    The kernel is not flipped. Only the taps stand apart: from one output to the next the window moves on
    by a single pixel.

    The gradient reaches x and w through GradientTape, and the function works inside tf.function. Write it
    from slices, sums and products of matrices: that teaches most, though TensorFlow's own op is no mistake.

    By hand: one row, x = [1, 2, 3, 4, 5] (h = 1, w = 5, one channel), the kernel [1, 10] (k_h = 1,
    k_w = 2), rate 2: y[0] = 1 · 1 + 10 · 3 = 31, y[1] = 1 · 2 + 10 · 4 = 42, y[2] = 1 · 3 + 10 · 5 = 53.

    Source: Yu and Koltun, Multi-Scale Context Aggregation by Dilated Convolutions (2016), section 2.
    """
    ### BEGIN SOLUTION
    k_h, k_w = w.shape[:2]
    height = x.shape[1] - rate * (k_h - 1)
    width = x.shape[2] - rate * (k_w - 1)
    y = 0.0
    for i in range(k_h):
        for j in range(k_w):
            seen = x[:, rate * i : rate * i + height, rate * j : rate * j + width]
            y += tf.einsum("bhwc,co->bhwo", seen, w[i, j])
    return y
    ### END SOLUTION


def transposed_conv2d(x, w, stride, padding):
    """Transposed convolution: each input pixel lays down a scaled kernel, `stride` pixels apart.

    x        [b, h, w, c_in], a float32 or float64 tensor
    w        [k_h, k_w, c_out, c_in], a tensor of the same dtype; mind the order of the last two axes
    stride   an int ≥ 1, the same for height and width
    padding  "valid" or "same"

    Returns y, a tensor of that dtype, [b, size of h, size of w, c_out]. Where copies overlap they add up:

        y[n, s p + i - top, s q + j - left, o] = sum of  x[n, p, q, c] · w[i, j, o, c]

    over all p, q, i, j, c that meet there; an output that nothing reaches is 0.

    - "valid": a side of n becomes (n - 1) s + max(k, s), and top = left = 0. Where k < s, the last s - k
      rows and columns are 0.
    - "same": a side of n becomes n s. Where k > s, the canvas of "valid" is k - s too long: (k - s) // 2 is
      cut off at the top (left), the rest at the bottom (right). Where k <= s nothing is cut.

    It is the linear map whose matrix is the transpose of a convolution's: of the one that makes x's shape
    of y's, with the same kernel, stride and padding. It restores the shape, not the values.

    The gradient reaches x and w through GradientTape, and the function works inside tf.function. Write it
    from simple ops: that teaches most, though TensorFlow's own op is no mistake.

    By hand: one row, x = [1, 2] (h = 1, w = 2, one channel), the kernel [1, 10, 100] (k_h = 1, k_w = 3),
    stride 2. The first pixel lays down 1, 10, 100 from column 0 on, the second 2, 20, 200 from column 2 on.
    "valid", width (2 - 1) · 2 + 3 = 5: [1, 10, 102, 20, 200] (and a height of (1 - 1) · 2 + max(1, 2) = 2,
    whose second row is 0). "same", width 4: k - s = 1, 1 // 2 = 0 is cut off at the left and 1 at the
    right: [1, 10, 102, 20].

    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), chapter 4.
    """

    ### BEGIN SOLUTION
    def landing(n, k):  # [size, n, k]: 1 where tap i of the copy that input p lays down meets output y
        full = (n - 1) * stride + max(k, stride)
        size = n * stride if padding == "same" else full
        cut = (full - size) // 2
        output = tf.range(size)[:, None, None] + cut
        tap = stride * tf.range(n)[:, None] + tf.range(k)  # [n, k]
        return tf.cast(output == tap, x.dtype)

    rows = landing(x.shape[1], w.shape[0])
    columns = landing(x.shape[2], w.shape[1])
    return tf.einsum("ypi,xqj,bpqc,ijoc->byxo", rows, columns, x, w)
    ### END SOLUTION


def separable_conv2d(x, depthwise, pointwise):
    """Depthwise separable convolution: first every channel by itself, then all channels at every pixel.

    x          [b, h, w, c], a float32 or float64 tensor
    depthwise  [k_h, k_w, c, m], a tensor of the same dtype: m kernels for each channel (often m = 1)
    pointwise  [1, 1, c·m, c_out], a tensor of the same dtype

    Returns y [b, h - k_h + 1, w - k_w + 1, c_out], a tensor of that dtype. No padding, stride 1, no bias,
    and nothing between the two steps:

        d[n, p, q, c m + l] = sum over i, j of  x[n, p + i, q + j, c] · depthwise[i, j, c, l]
        y[n, p, q, o]       = sum over e of     d[n, p, q, e] · pointwise[0, 0, e, o]

    So the m results of channel 0 come first (l = 0 … m - 1), then those of channel 1, and so on. The kernel
    is not flipped.

    The gradient reaches all three arguments through GradientTape, and the function works inside
    tf.function. Write it from slices, sums and products of matrices: that teaches most, though TensorFlow's own
    op is no mistake.

    By hand: one row of two pixels with two channels, x = [[1, 2], [3, 4]] (h = 1, w = 2, c = 2). k_h = 1,
    k_w = 2, m = 1, channel 0 has the kernel [1, 10], channel 1 the kernel [5, 1]. Depthwise:
    d = [1 · 1 + 10 · 3, 5 · 2 + 1 · 4] = [31, 14]. With the pointwise kernel [[1], [2]] (c_out = 1),
    y = 1 · 31 + 2 · 14 = 59.

    Source: Chollet, Xception (2017), section 2; the channel order is that of TensorFlow.
    """
    ### BEGIN SOLUTION
    k_h, k_w, c, m = depthwise.shape
    height, width = x.shape[1] - k_h + 1, x.shape[2] - k_w + 1
    d = 0.0
    for i in range(k_h):
        for j in range(k_w):
            seen = x[:, i : i + height, j : j + width]
            d += seen[..., None] * depthwise[i, j]  # [b, height, width, c, m]
    d = tf.reshape(d, [-1, height, width, c * m])
    return tf.einsum("bhwe,eo->bhwo", d, pointwise[0, 0])
    ### END SOLUTION


def conv_parameters(k_h, k_w, c_in, c_out, bias):
    """How many parameters an ordinary convolution layer has.

    k_h, k_w     ints ≥ 1, height and width of the kernel
    c_in, c_out  ints ≥ 1, channels of the input and of the output
    bias         True if the layer has a bias, one number for each output channel

    Returns an int: the number of weights, and of biases if there are any. This is arithmetic only: no
    TensorFlow, no Keras.

    By hand: 3 × 3, from 3 channels to 4, no bias: 3 · 3 · 3 · 4 = 108; with a bias 108 + 4 = 112.
    """
    ### BEGIN SOLUTION
    return k_h * k_w * c_in * c_out + (c_out if bias else 0)
    ### END SOLUTION


def separable_parameters(k_h, k_w, c_in, c_out, multiplier, bias):
    """How many parameters a depthwise separable convolution layer has.

    k_h, k_w     ints ≥ 1, height and width of the depthwise kernels
    c_in, c_out  ints ≥ 1, channels of the input and of the output
    multiplier   int ≥ 1, depthwise kernels for each input channel
    bias         True if the layer has a bias; there is only one, after the second step, with one number for
                 each output channel

    Returns an int: the numbers in the depthwise and in the pointwise kernel (see `separable_conv2d`), and
    the biases if there are any. This is arithmetic only: no TensorFlow, no Keras.

    By hand: 3 × 3, from 3 channels to 4, multiplier 1, no bias: 3 · 3 · 3 · 1 = 27 depthwise and
    1 · 1 · 3 · 4 = 12 pointwise make 39, against the 108 of `conv_parameters`; with a bias 39 + 4 = 43.
    """
    ### BEGIN SOLUTION
    depthwise = k_h * k_w * c_in * multiplier
    pointwise = c_in * multiplier * c_out
    return depthwise + pointwise + (c_out if bias else 0)
    ### END SOLUTION
