import numpy as np


def _windows(x, size, stride):
    v = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return v[:, ::stride, ::stride]  # n, out_h, out_w, c, size, size


def max_pool(x, size, stride):
    return _windows(x, size, stride).max(axis=(-2, -1))


def average_pool(x, size, stride):
    return _windows(x, size, stride).mean(axis=(-2, -1))


def max_pool_backward(d_out, x, size, stride):
    dx = np.zeros_like(x)
    for n in range(d_out.shape[0]):
        for i in range(d_out.shape[1]):
            for j in range(d_out.shape[2]):
                for c in range(d_out.shape[3]):
                    window = x[n, i * stride:i * stride + size, j * stride:j * stride + size, c]
                    r, s = np.unravel_index(window.argmax(), window.shape)
                    dx[n, i * stride + r, j * stride + s, c] = d_out[n, i, j, c]
    return dx
