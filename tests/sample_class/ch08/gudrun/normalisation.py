import numpy as np


def batch_norm(x, gamma, beta, eps):
    ax = tuple(range(x.ndim - 1))
    mu, sigma = x.mean(ax), x.std(ax)
    return gamma * (x - mu) / (sigma + eps) + beta


def layer_norm(x, gamma, beta, eps):
    mu = x.mean(-1, keepdims=True)
    return gamma * (x - mu) / np.sqrt(x.var(-1, keepdims=True) + eps) + beta


def instance_norm(x, gamma, beta, eps):
    mu = x.mean((1, 2), keepdims=True)
    return gamma * (x - mu) / np.sqrt(x.var((1, 2), keepdims=True) + eps) + beta


def group_norm(x, gamma, beta, groups, eps):
    b, h, w, c = x.shape
    g = x.reshape(b, h, w, groups, c // groups)
    mu = g.mean(axis=-1, keepdims=True)
    var = g.var(axis=-1, keepdims=True)
    return gamma * ((g - mu) / np.sqrt(var + eps)).reshape(x.shape) + beta
