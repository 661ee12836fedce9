import numpy as np


def max_pool(x, size, stride):
    n, h, w, c = x.shape
    out_h = (h - size) // stride + 1
    out_w = (w - size) // stride + 1
    y = np.empty((n, out_h, out_w, c))
    for i in range(out_h):
        for j in range(out_w):
            y[:, i, j] = x[:, i * stride:i * stride + size, j * stride:j * stride + size].max(axis=(1, 2))
    return y


def max_pool_backward(d_out, x, size, stride):
    # TODO
    raise NotImplementedError


def average_pool(x, size, stride):
    raise NotImplementedError
