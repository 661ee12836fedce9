"""Two exercises on rows, so small that a whole audit of them takes seconds."""

import numpy as np


def softmax_backward(d_out, x):
    """Gradient of the loss by the input of the softmax of each row.

    d_out: float64 [n, d], the gradient by softmax(x); x: float64 [n, d]. Returns dx, float64 [n, d]. By hand: for
    x = [[0, 0]] both probabilities are 1/2, and d_out = [[1, 0]] gives dx = [[1/4, -1/4]].
    """
    ### BEGIN SOLUTION
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    inner = (d_out * p).sum(axis=1, keepdims=True)  # [n, 1]
    return p * (d_out - inner)
    ### END SOLUTION


def centre(x):
    """Rows without their means, and the means.

    x: float64 [n, d]. Returns the pair (x minus the mean of its row, the means), float64 [n, d] and [n]. By hand:
    x = [[1, 3]] gives ([[-1, 1]], [2]).
    """
    ### BEGIN SOLUTION
    mean = x.mean(axis=1)  # [n]
    return x - mean[:, None], mean
    ### END SOLUTION
