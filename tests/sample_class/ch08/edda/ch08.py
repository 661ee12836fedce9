# Everything in one file, I hope that is ok. - Edda
import numpy as np
import tensorflow as tf


# ---------- convolution ----------

def conv_output_size(n, kernel, stride, padding, dilation):
    span = (kernel - 1) * dilation + 1
    if padding == "valid":
        return (n - span) // stride + 1
    elif padding == "same":
        return -(-n // stride)
    else:
        raise ValueError(padding)


def conv2d(x, w, b, stride=1, padding="valid"):
    k_h, k_w, c_in, c_out = w.shape
    if padding == "same":
        def total(n, k):
            return max((-(-n // stride) - 1) * stride + k - n, 0)
        t_h, t_w = total(x.shape[1], k_h), total(x.shape[2], k_w)
        # one more above and on the left if it is odd
        x = np.pad(x, ((0, 0), (t_h - t_h // 2, t_h // 2), (t_w - t_w // 2, t_w // 2), (0, 0)))
    out_h = (x.shape[1] - k_h) // stride + 1
    out_w = (x.shape[2] - k_w) // stride + 1
    cols = np.empty((x.shape[0], out_h, out_w, k_h * k_w * c_in))
    for i in range(out_h):
        for j in range(out_w):
            cols[:, i, j] = x[:, i * stride:i * stride + k_h, j * stride:j * stride + k_w].reshape(len(x), -1)
    return cols @ w.reshape(-1, c_out) + b


# ---------- pooling ----------

def max_pool(x, size, stride):
    out_h, out_w = (x.shape[1] - size) // stride + 1, (x.shape[2] - size) // stride + 1
    out = np.zeros((x.shape[0], out_h, out_w, x.shape[3]))
    for i in range(out_h):
        for j in range(out_w):
            out[:, i, j] = np.max(x[:, i * stride:i * stride + size, j * stride:j * stride + size], axis=(1, 2))
    return out


def max_pool_backward(d_out, x, size, stride):
    dx = np.zeros(x.shape)
    out = max_pool(x, size, stride)
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            rows, cols = slice(i * stride, i * stride + size), slice(j * stride, j * stride + size)
            mask = x[:, rows, cols] == out[:, i:i + 1, j:j + 1]
            dx[:, rows, cols] += mask * d_out[:, i:i + 1, j:j + 1]
    return dx


def average_pool(x, size, stride):
    out_h, out_w = (x.shape[1] - size) // stride + 1, (x.shape[2] - size) // stride + 1
    out = np.zeros((x.shape[0], out_h, out_w, x.shape[3]))
    for i in range(out_h):
        for j in range(out_w):
            out[:, i, j] = np.mean(x[:, i * stride:i * stride + size, j * stride:j * stride + size], axis=(1, 2))
    return out


# ---------- normalisation ----------

def batch_norm(x, gamma, beta, eps):
    axes = tuple(range(x.ndim - 1))
    return gamma * (x - x.mean(axis=axes)) / np.sqrt(x.var(axis=axes) + eps) + beta


def batch_norm_backward(d_out, x, gamma, eps):
    axes = tuple(range(x.ndim - 1))
    sigma = np.sqrt(x.var(axis=axes) + eps)
    x_hat = (x - x.mean(axis=axes)) / sigma
    dgamma = np.sum(d_out * x_hat, axis=axes)
    dbeta = np.sum(d_out, axis=axes)
    dx = d_out * gamma / sigma
    return dx, dgamma, dbeta


def batch_norm_inference(x, gamma, beta, mean, variance, eps):
    return (x - mean) / np.sqrt(variance + eps) * gamma + beta


def update_moving(mean, variance, x, momentum):
    axes = tuple(range(x.ndim - 1))
    mean = (1 - momentum) * mean + momentum * x.mean(axis=axes)
    variance = (1 - momentum) * variance + momentum * x.var(axis=axes)
    return mean, variance


def layer_norm(x, gamma, beta, eps):
    mean = x.mean(axis=-1, keepdims=True)
    var = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


# ---------- variants ----------

def conv_parameters(k_h, k_w, c_in, c_out, bias=True):
    return k_h * k_w * c_in * c_out + (c_out if bias else 0)
