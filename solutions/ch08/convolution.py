"""Convolution from scratch in NumPy: its size, its windows, its matrix and its gradient.

Images are [batch, height, width, channels] (NHWC), kernels [k_h, k_w, c_in, c_out] (HWIO), and `stride` is
one int for both axes. Arrays are float64, and float64 in gives float64 out. No argument is changed in
place. NumPy alone: no TensorFlow, no Keras, nor any other library.
"""

import numpy as np


def conv_output_size(n, kernel, stride, padding, dilation):
    """How many outputs a convolution has along one axis, as an int.

    n         entries of the image along the axis
    kernel    entries of the kernel along the axis
    stride    step from one window to the next
    padding   "valid": only windows that lie wholly inside the image count;
              "same": zeros are put around it so that there are ceil(n / stride) outputs, whatever the kernel
    dilation  step inside the image from one entry of the kernel to the next; 1 is the ordinary convolution

    All numbers are ints of at least 1, and with "valid" the dilated kernel fits into the image at least
    once. The answer is an int too, since it will be part of a shape: 3, not 3.0.

    By hand: n = 7, kernel = 3, stride = 2. With "valid" the windows start at 0, 2 and 4, and the last of
    them ends at entry 6: 3 outputs. With "same" there are ceil(7 / 2) = 4. With "valid" and dilation = 2
    the kernel looks at entries 0, 2 and 4, so it spans 5 of them, and starts at 0 and 2: 2 outputs.

    Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016, sections 2 and
    5.1.
    """
    ### BEGIN SOLUTION
    if padding == "same":
        return -(-n // stride)  # the ceiling of n / stride, in whole numbers
    span = dilation * (kernel - 1) + 1
    return (n - span) // stride + 1
    ### END SOLUTION


### BEGIN SOLUTION
def _margins(n, kernel, stride, padding):
    """The zeros before and after an axis of n entries."""
    if padding == "valid":
        return 0, 0
    total = max((conv_output_size(n, kernel, stride, "same", 1) - 1) * stride + kernel - n, 0)
    return total // 2, total - total // 2


### END SOLUTION


def conv2d(x, w, b, stride=1, padding="valid"):
    """The convolution of images with kernels, plus a bias: what deep learning calls convolution.

    x        [batch, height, width, c_in]
    w        [k_h, k_w, c_in, c_out]
    b        [c_out]
    returns  [batch, out_h, out_w, c_out], with the sizes of `conv_output_size`

    Every output is the sum, over a window of the image, of window times kernel, entry by entry and over all
    input channels; the kernel is not flipped:

        out[n, i, j, o] = b[o] + sum over p, q, c of
                          padded[n, i * stride + p, j * stride + q, c] * w[p, q, c, o]

    where `padded` is x with zeros around it. "valid" adds none. "same" follows TensorFlow: an axis of n
    entries under a kernel of k entries gets

        total = max((ceil(n / stride) - 1) * stride + k - n, 0)

    zeros, total // 2 of them before it (above, on the left) and the rest, one more when total is odd, after
    it (below, on the right). With "same" the kernel may be larger than the image.

    Not with any library's convolution: loops, slices, einsum, tensordot and matrix products are all you
    need.

    By hand, with one image, one channel in, one out, b = [0.5] and stride 1:

        x = 1 2 0     w = 1  0     out = 0.5 1.5     since 1*1 + 2*0 + 0*2 + 1*(-1) + 0.5 = 0.5, and so on
            0 1 3         2 -1           4.5 0.5
            2 0 1
    """
    ### BEGIN SOLUTION
    k_h, k_w, _, c_out = w.shape
    rows = _margins(x.shape[1], k_h, stride, padding)
    columns = _margins(x.shape[2], k_w, stride, padding)
    padded = np.pad(x, ((0, 0), rows, columns, (0, 0)))
    out_h = conv_output_size(padded.shape[1], k_h, stride, "valid", 1)
    out_w = conv_output_size(padded.shape[2], k_w, stride, "valid", 1)
    out = np.zeros((x.shape[0], out_h, out_w, c_out), x.dtype)
    for i in range(out_h):
        for j in range(out_w):
            top, left = i * stride, j * stride
            window = padded[:, top : top + k_h, left : left + k_w]  # [batch, k_h, k_w, c_in]
            out[:, i, j] = np.tensordot(window, w, axes=3)  # [batch, c_out]
    return out + b
    ### END SOLUTION


def im2col(x, kernel, stride, padding):
    """Every window of the images as one row of a matrix, so that a convolution becomes one matrix product.

    x        [batch, height, width, channels]
    kernel   the pair (k_h, k_w)
    stride   as for `conv2d`
    padding  "valid" or "same", with the zeros that `conv2d` adds
    returns  [batch * out_h * out_w, k_h * k_w * channels]

    Rows go through the samples, in each sample through the output's rows, in each of these through its
    columns. Inside a row, the window is flattened as it lies in memory: k_h first, then k_w, then channels.
    So with w [k_h, k_w, channels, c_out]

        im2col(x, (k_h, k_w), stride, padding) @ w.reshape(-1, c_out) + b

    is `conv2d(x, w, b, stride, padding)` with its first three axes flattened into one.

    Not with any library's convolution or patch extraction; NumPy's `sliding_window_view` is welcome.

    By hand, with one image of one channel, kernel (2, 2), stride 1, "valid":

        x = 1 2 3     returns  1 2 4 5
            4 5 6              2 3 5 6

    Source: Chellapilla, Puri and Simard, "High performance convolutional neural networks for document
    processing", 2006.
    """
    ### BEGIN SOLUTION
    k_h, k_w = kernel
    rows = _margins(x.shape[1], k_h, stride, padding)
    columns = _margins(x.shape[2], k_w, stride, padding)
    padded = np.pad(x, ((0, 0), rows, columns, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k_h, k_w), axis=(1, 2))
    windows = windows[:, ::stride, ::stride]  # [batch, out_h, out_w, channels, k_h, k_w]
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, k_h * k_w * x.shape[3])
    ### END SOLUTION


def conv_matrix(w, height, width):
    """The sparse matrix W′ that convolves an image of one channel: stride 1, "valid", no bias.

    w        [k_h, k_w], the kernel of one channel in and one out
    height   height of the image, at least k_h
    width    width of the image, at least k_w
    returns  [out_h * out_w, height * width], with out_h = height - k_h + 1 and out_w = width - k_w + 1

    Rows are the outputs and columns the pixels, both row after row of the picture (C order, that of
    `ravel`), so that

        (conv_matrix(w, height, width) @ image.ravel()).reshape(out_h, out_w)

    is the convolution of `image` [height, width] with w. Row i * out_w + j holds the kernel laid over the
    image with its first entry at pixel (i, j), and zeros elsewhere. The transpose W′ᵀ leads back from the
    size of the output to that of the image: it is the transposed convolution, and the backward pass with
    respect to the image.

    By hand, for an image of height 2 and width 3:

        w = 1 2     returns  1 2 0 3 4 0
            3 4              0 1 2 0 3 4
    """
    ### BEGIN SOLUTION
    k_h, k_w = w.shape
    out_h, out_w = height - k_h + 1, width - k_w + 1
    matrix = np.zeros((out_h, out_w, height, width), w.dtype)
    for i in range(out_h):
        for j in range(out_w):
            matrix[i, j, i : i + k_h, j : j + k_w] = w
    return matrix.reshape(out_h * out_w, height * width)
    ### END SOLUTION


def conv2d_backward(d_out, x, w, b, stride, padding):
    """The gradients of a loss with respect to the three arguments of `conv2d`.

    d_out    [batch, out_h, out_w, c_out], the gradient with respect to conv2d(x, w, b, stride, padding)
    x, w, b  as `conv2d` had them, and so are stride and padding
    returns  the tuple (dx, dw, db), with the shapes of x, w and b

    Each output passes its d_out on to everything that went into it, and what arrives adds up:

        db[o]          = sum over n, i, j of d_out[n, i, j, o]
        dw[p, q, c, o] = sum over n, i, j of d_out[n, i, j, o] * padded[n, i * stride + p, j * stride + q, c]
        d_padded[n, i * stride + p, j * stride + q, c]
                      += sum over o of d_out[n, i, j, o] * w[p, q, c, o], for every i, j, p and q

    and dx is d_padded without the padding. d_out is already the gradient of the whole loss: sum, do not
    average. Pixels that no window reaches get 0.

    Here `padded` is x with the zeros that `conv2d` adds. Not with any library's convolution.

    By hand, with one image of height 1 and width 3, one channel in and out, stride 1, "valid":
    x = [1, 2, 3], w = [2, -1], d_out = [10, 1]. The first output saw x[0] and x[1], the second x[1] and x[2]:

        dx = [10*2, 10*(-1) + 1*2, 1*(-1)] = [20, -8, -1]
        dw = [10*1 + 1*2, 10*2 + 1*3]      = [12, 23]
        db = [10 + 1]                      = [11]
    """
    ### BEGIN SOLUTION
    k_h, k_w, _, _ = w.shape
    _, height, width, _ = x.shape
    rows = _margins(height, k_h, stride, padding)
    columns = _margins(width, k_w, stride, padding)
    padded = np.pad(x, ((0, 0), rows, columns, (0, 0)))
    d_padded, dw = np.zeros_like(padded), np.zeros_like(w)
    for i in range(d_out.shape[1]):
        for j in range(d_out.shape[2]):
            top, left = i * stride, j * stride
            window = (slice(None), slice(top, top + k_h), slice(left, left + k_w))
            upstream = d_out[:, i, j]  # [batch, c_out]
            dw += np.tensordot(padded[window], upstream, axes=(0, 0))  # [k_h, k_w, c_in, c_out]
            d_padded[window] += np.tensordot(upstream, w, axes=(1, 3))  # [batch, k_h, k_w, c_in]
    dx = d_padded[:, rows[0] : rows[0] + height, columns[0] : columns[0] + width]
    return dx, dw, d_out.sum(axis=(0, 1, 2))
    ### END SOLUTION
