import numpy as np


def _norm(x, axes, eps):
    mean = np.mean(x, axis=axes, keepdims=True)
    var = np.mean(np.square(x - mean), axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(var + eps), np.sqrt(var + eps)


def batch_norm(x, gamma, beta, eps):
    return gamma * _norm(x, tuple(range(x.ndim - 1)), eps)[0] + beta


def batch_norm_backward(d_out, x, gamma, eps):
    axes = tuple(range(x.ndim - 1))
    x_hat, s = _norm(x, axes, eps)
    g = d_out * gamma
    dx = (g - g.mean(axes, keepdims=True) - x_hat * (g * x_hat).mean(axes, keepdims=True)) / s
    return dx, (d_out * x_hat).sum(axes), d_out.sum(axes)


def batch_norm_inference(x, gamma, beta, mean, variance, eps):
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta


def update_moving(mean, variance, x, momentum):
    axes = tuple(range(x.ndim - 1))
    return (momentum * mean + (1 - momentum) * x.mean(axes), momentum * variance + (1 - momentum) * x.var(axes))


def layer_norm(x, gamma, beta, eps):
    return gamma * _norm(x, -1, eps)[0] + beta


def layer_norm_backward(d_out, x, gamma, eps):
    x_hat, s = _norm(x, -1, eps)
    # same formula as above, I think
    dx = gamma / s * (d_out - d_out.mean(-1, keepdims=True) - x_hat * (d_out * x_hat).mean(-1, keepdims=True))
    axes = tuple(range(x.ndim - 1))
    return dx, (d_out * x_hat).sum(axes), d_out.sum(axes)


def instance_norm(x, gamma, beta, eps):
    return gamma * _norm(x, (1, 2), eps)[0] + beta


def group_norm(x, gamma, beta, groups, eps):
    b, h, w, c = x.shape
    grouped = x.reshape(b, h, w, groups, c // groups)
    return gamma * _norm(grouped, (1, 2, 4), eps)[0].reshape(x.shape) + beta
