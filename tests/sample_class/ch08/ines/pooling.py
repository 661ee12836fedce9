import numpy as np


def max_pool(x, size, stride):
    b, h, w, c = x.shape
    oh, ow = 1 + (h - size) // stride, 1 + (w - size) // stride
    best = np.full((b, oh, ow, c), -np.inf)
    for p in range(size):
        for q in range(size):
            best = np.maximum(best, x[:, p:p + oh * stride:stride, q:q + ow * stride:stride][:, :oh, :ow])
    return best


def average_pool(x, size, stride):
    b, h, w, c = x.shape
    oh, ow = 1 + (h - size) // stride, 1 + (w - size) // stride
    total = 0
    for p in range(size):
        for q in range(size):
            total = total + x[:, p:p + oh * stride:stride, q:q + ow * stride:stride][:, :oh, :ow]
    return total / size**2


def max_pool_backward(d_out, x, size, stride):
    y = max_pool(x, size, stride)
    oh, ow = y.shape[1:3]
    dx = np.zeros_like(x)
    left = np.ones_like(y)  # 1 where a window has not found its winner yet
    for p in range(size):
        for q in range(size):
            view = np.s_[:, p:p + (oh - 1) * stride + 1:stride, q:q + (ow - 1) * stride + 1:stride]
            wins = (x[view] == y) * left
            dx[view] += wins * d_out
            left -= wins
    return dx
