import numpy as np


def conv_output_size(n, kernel, stride, padding, dilation):
    if padding = "same":
        return int(np.ceil(n / stride))
    return (n - dilation * (kernel - 1) - 1) // stride + 1


def conv2d(x, w, b, stride=1, padding="valid"):
    return x
