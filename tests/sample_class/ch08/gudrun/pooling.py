import numpy as np


def max_pool(x, size, stride):
    height, width = x.shape[1], x.shape[2]
    out = np.zeros((x.shape[0], (height - size) // stride + 1, (width - size) // stride + 1, x.shape[3]))
    i = 0
    while i + size <= height:
        j = 0
        while j + size <= width:
            out[:, i // stride, j // stride] = x[:, i:i + size, j:j + size].max(axis=(1, 2))
            j += stride
    i += stride
    return out


def max_pool_backward(d_out, x, size, stride):
    raise NotImplementedError


def average_pool(x, size, stride):
    out = np.zeros((x.shape[0], (x.shape[1] - size) // stride + 1, (x.shape[2] - size) // stride + 1, x.shape[3]))
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            out[:, i, j] = x[:, i * stride:i * stride + size, j * stride:j * stride + size].mean(axis=(1, 2))
    return out
