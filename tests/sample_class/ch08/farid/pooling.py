import numpy as np


def max_pool(x, size, stride):
    hs = range(0, x.shape[1] - size + 1, stride)
    ws = range(0, x.shape[2] - size + 1, stride)
    return np.stack([np.stack([x[:, i:i + size, j:j + size].max((1, 2)) for j in ws], 1) for i in hs], 1)


def average_pool(x, size, stride):
    hs = range(0, x.shape[1] - size + 1, stride)
    ws = range(0, x.shape[2] - size + 1, stride)
    return np.stack([np.stack([x[:, i:i + size, j:j + size].mean((1, 2)) for j in ws], 1) for i in hs], 1)


def max_pool_backward(d_out, x, size, stride):
    dx = np.zeros_like(x)
    for b in range(d_out.shape[0]):
        for c in range(d_out.shape[3]):
            for i in range(d_out.shape[1]):
                for j in range(d_out.shape[2]):
                    w = x[b, i * stride:i * stride + size, j * stride:j * stride + size, c]
                    k = np.argmax(w)
                    dx[b, i * stride + k // size, j * stride + k % size, c] += d_out[b, i, j, c]
    return dx
