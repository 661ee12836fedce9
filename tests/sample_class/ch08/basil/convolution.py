# Basil: convolution is done. Pooling next, the rest I did not get to.
import math

import numpy as np


def conv_output_size(n, kernel, stride, padding, dilation):
    if padding == "same":
        return math.ceil(n / stride)
    effective = kernel + (kernel - 1) * (dilation - 1)
    return math.floor((n - effective) / stride) + 1


def same_padding(n, k, stride):
    out = math.ceil(n / stride)
    total = max((out - 1) * stride + k - n, 0)
    before = total // 2
    return before, total - before


def pad_images(x, k_h, k_w, stride, padding):
    if padding == "valid":
        return x, 0, 0
    top, bottom = same_padding(x.shape[1], k_h, stride)
    left, right = same_padding(x.shape[2], k_w, stride)
    n, h, w, c = x.shape
    big = np.zeros((n, h + top + bottom, w + left + right, c), dtype=x.dtype)
    big[:, top:top + h, left:left + w, :] = x
    return big, top, left


def conv2d(x, w, b, stride=1, padding="valid"):
    k_h, k_w, c_in, c_out = w.shape
    out_h = conv_output_size(x.shape[1], k_h, stride, padding, 1)
    out_w = conv_output_size(x.shape[2], k_w, stride, padding, 1)
    padded, _, _ = pad_images(x, k_h, k_w, stride, padding)
    y = np.zeros((x.shape[0], out_h, out_w, c_out))
    # my first version had seven loops, this one needs two
    for p in range(k_h):
        for q in range(k_w):
            part = padded[:, p:p + out_h * stride:stride, q:q + out_w * stride:stride, :]
            y += part[:, :out_h, :out_w] @ w[p, q]
    return y + b


def im2col(x, kernel, stride, padding):
    k_h, k_w = kernel
    out_h = conv_output_size(x.shape[1], k_h, stride, padding, 1)
    out_w = conv_output_size(x.shape[2], k_w, stride, padding, 1)
    padded, _, _ = pad_images(x, k_h, k_w, stride, padding)
    rows = []
    for image in padded:
        for i in range(out_h):
            for j in range(out_w):
                r, c = i * stride, j * stride
                rows.append(image[r:r + k_h, c:c + k_w, :].flatten())
    return np.array(rows)


def conv_matrix(w, height, width):
    k_h, k_w = w.shape
    out_h, out_w = height - k_h + 1, width - k_w + 1
    m = np.zeros((out_h * out_w, height * width))
    for i in range(out_h):
        for j in range(out_w):
            canvas = np.zeros((height, width))
            canvas[i:i + k_h, j:j + k_w] = w
            m[i * out_w + j] = canvas.ravel()
    return m


def conv2d_backward(d_out, x, w, b, stride, padding):
    k_h, k_w, c_in, c_out = w.shape
    padded, top, left = pad_images(x, k_h, k_w, stride, padding)
    d_padded = np.zeros_like(padded)
    dw = np.zeros_like(w)
    for i in range(d_out.shape[1]):
        for j in range(d_out.shape[2]):
            r, c = i * stride, j * stride
            g = d_out[:, i, j, :]  # (n, c_out)
            window = padded[:, r:r + k_h, c:c + k_w, :]
            dw += np.einsum("npqc,no->pqco", window, g)
            d_padded[:, r:r + k_h, c:c + k_w, :] += np.einsum("no,pqco->npqc", g, w)
    dx = d_padded[:, top:top + x.shape[1], left:left + x.shape[2], :]
    return dx, dw, d_out.sum((0, 1, 2))
