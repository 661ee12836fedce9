"""Convolution from scratch in NumPy."""
import numpy as np


def conv_output_size(n, kernel, stride, padding, dilation):
    if padding == "same":
        return (n + stride - 1) // stride
    return (n - dilation * (kernel - 1) - 1) // stride + 1


def _pads(n, k, stride, padding):
    if padding == "valid":
        return 0, 0
    out = (n + stride - 1) // stride
    total = max((out - 1) * stride + k - n, 0)
    return total // 2, total - total // 2


def conv2d(x, w, b, stride=1, padding="valid"):
    k_h, k_w = w.shape[:2]
    x = np.pad(x, [(0, 0), _pads(x.shape[1], k_h, stride, padding), _pads(x.shape[2], k_w, stride, padding), (0, 0)])
    out_h = (x.shape[1] - k_h) // stride + 1
    out_w = (x.shape[2] - k_w) // stride + 1
    out = np.zeros((x.shape[0], out_h, out_w, w.shape[3]))
    for i in range(out_h):
        for j in range(out_w):
            patch = x[:, i * stride:i * stride + k_h, j * stride:j * stride + k_w, :]
            out[:, i, j, :] = np.tensordot(patch, w, axes=([1, 2, 3], [0, 1, 2])) + b
    return out


def im2col(x, kernel, stride, padding):
    k_h, k_w = kernel
    x = np.pad(x, [(0, 0), _pads(x.shape[1], k_h, stride, padding), _pads(x.shape[2], k_w, stride, padding), (0, 0)])
    v = np.lib.stride_tricks.sliding_window_view(x, (k_h, k_w), axis=(1, 2))[:, ::stride, ::stride]
    v = np.moveaxis(v, 3, 5)
    return v.reshape(-1, k_h * k_w * x.shape[3])


def conv_matrix(w, height, width):
    k_h, k_w = w.shape
    rows = []
    for i in range(height - k_h + 1):
        for j in range(width - k_w + 1):
            row = np.zeros((height, width))
            row[i:i + k_h, j:j + k_w] = w
            rows.append(row.reshape(-1))
    return np.stack(rows)


def conv2d_backward(d_out, x, w, b, stride, padding):
    k_h, k_w = w.shape[:2]
    top, bottom = _pads(x.shape[1], k_h, stride, padding)
    left, right = _pads(x.shape[2], k_w, stride, padding)
    xp = np.pad(x, [(0, 0), (top, bottom), (left, right), (0, 0)])
    dxp = np.zeros_like(xp)
    dw = np.zeros_like(w)
    db = d_out.sum(axis=(0, 1, 2))
    for i in range(d_out.shape[1]):
        for j in range(d_out.shape[2]):
            rows = slice(i * stride, i * stride + k_h)
            cols = slice(j * stride, j * stride + k_w)
            dw += np.tensordot(xp[:, rows, cols, :], d_out[:, i, j, :], axes=([0], [0]))
            dxp[:, rows, cols, :] += np.tensordot(d_out[:, i, j, :], w, axes=([1], [3]))
    # cut the padding off again
    dx = dxp[:, top:-bottom, left:-right, :]
    return dx, dw, db
