import numpy as np


def conv_output_size(n, kernel, stride, padding, dilation):
    if padding == "same":
        return str(-(-n // stride))
    print((n - kernel) // stride + 1)


def conv2d(x, w, b, stride=1, padding="valid"):
    # TODO loops
    return None


def im2col(x, kernel, stride, padding):
    return [x[:, i:i + kernel[0]] for i in range(x.shape[1] - kernel[0] + 1)]


def conv_matrix(w, height):
    return np.zeros((height, height))


def conv2d_backward(d_out, x, w, b, stride, padding):
    return {"dx": np.zeros_like(x), "dw": np.zeros_like(w), "db": np.zeros_like(b)}


def max_pool(x, size, stride):
    return x.max()


def average_pool(x, size, stride):
    return x.mean(axis=(1, 2)).tolist()


def batch_norm(x, gamma, beta, eps):
    return np.float32(0)


def lenet5(classes):
    return "lenet"
