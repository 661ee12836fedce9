"""Layers and losses with their backward passes. d_out is the gradient of the final loss by the layer's output."""

import numpy as np


def affine_forward(x, w, b):
    """Output of a dense layer: every sample, flattened, times w, plus b.

    Arguments
        x: float64 [n, d₁, …, dₖ], k ≥ 1: n samples of D = d₁ · … · dₖ numbers each, flattened in row-major
            order (NumPy's reshape).
        w: float64 [D, m].
        b: float64 [m].
    Returns
        float64 [n, m]. The arguments, x's shape among them, are left as they were.

    By hand: one sample x = [[1, 2]], w = [[1, 0, 2], [0, 1, 3]], b = [10, 20, 30]:
    x w = [1·1 + 2·0, 1·0 + 2·1, 1·2 + 2·3] = [1, 2, 8], so the output is [[11, 22, 38]].
    """
    ### BEGIN SOLUTION
    return x.reshape(len(x), -1) @ w + b
    ### END SOLUTION


def affine_backward(d_out, x, w, b):
    """Gradients of the loss by the three inputs of affine_forward(x, w, b).

    Arguments
        d_out: float64 [n, m], the gradient of the loss by the layer's output.
        x: float64 [n, d₁, …, dₖ]; w: float64 [D, m]; b: float64 [m], as in affine_forward.
    Returns
        (dx, dw, db), float64, with the shapes of x, w and b. Nothing is averaged here: a loss that is a
        mean over the batch has already put its 1/n into d_out. The arguments are left as they were.

    With X the flattened x: dX = d_out Wᵀ, dW = Xᵀ d_out, db = Σ over samples of d_out (chain rule, entry
    by entry: out[i, j] = Σₖ X[i, k] W[k, j] + b[j]).

    By hand: d_out = [[1, −1]], x = [[2, 3]], w = [[1, 4], [0, 5]], b = [0, 0]:
    dx = [[1·1 − 1·4, 1·0 − 1·5]] = [[−3, −5]]; dw = [[2·1, 2·(−1)], [3·1, 3·(−1)]] = [[2, −2], [3, −3]];
    db = [1, −1].
    """
    ### BEGIN SOLUTION
    rows = x.reshape(len(x), -1)  # [n, D]
    dx = (d_out @ w.T).reshape(x.shape)
    dw = rows.T @ d_out  # [D, m]
    db = d_out.sum(axis=0)  # [m]
    return dx, dw, db
    ### END SOLUTION


def relu_forward(x):
    """ReLU(x) = max(0, x), entry by entry.

    Argument
        x: float64 array of any shape; left as it was.
    Returns
        float64 array of x's shape.

    By hand: relu_forward([−2, 0.5, 3]) = [0, 0.5, 3].
    """
    ### BEGIN SOLUTION
    return np.maximum(x, 0)
    ### END SOLUTION


def relu_backward(d_out, x):
    """Gradient of the loss by the input of ReLU.

    Arguments
        d_out: float64 array, the gradient of the loss by relu_forward(x).
        x: float64 array of d_out's shape, the *input* of ReLU.
    Returns
        dx, float64 of the same shape: d_out where x > 0, 0 where x < 0. Where x is exactly 0 any share of
        d_out from 0 to all of it is accepted. The arguments are left as they were.

    By hand: d_out = [5, −7, 2], x = [1, 3, −4]: the first two units were open, the third was shut, so
    dx = [5, −7, 0].
    """
    ### BEGIN SOLUTION
    return d_out * (x > 0)
    ### END SOLUTION


def sigmoid_backward(d_out, x):
    """Gradient of the loss by the input of the logistic sigmoid.

    Arguments
        d_out: float64 array, the gradient of the loss by σ(x).
        x: float64 array of d_out's shape, the *input* of the sigmoid (not σ(x)). Entries up to ±1000 give
            finite results.
    Returns
        dx = d_out · σ′(x), float64 of the same shape, with σ′(x) right to 10⁻⁷. The arguments are left as they were.

    By hand: at x = ln 3, σ = 3/4 and σ′ = 3/16; with d_out = 8 that gives dx = 8 · 3/16 = 1.5.
    """
    ### BEGIN SOLUTION
    e = np.exp(-np.abs(x))
    return d_out * e / (1 + e) ** 2
    ### END SOLUTION


def mse_loss(y_hat, y):
    """Mean squared error over all entries, and its gradient by the predictions.

    Arguments
        y_hat: float64 array of any shape, the predictions.
        y: float64 array of the same shape, the targets.
    Returns
        (loss, d_y_hat): a float, the sum of the squared differences divided by the number of entries (of
        all of them: [n, d] has n·d; there is no factor ½); and its gradient by y_hat, float64 of y_hat's
        shape. The arguments are left as they were.

    By hand: y_hat = [3, 1], y = [1, 2]: the differences are [2, −1], so the loss is (4 + 1) / 2 = 2.5 and
    the gradient is 2 · [2, −1] / 2 = [2, −1].
    """
    ### BEGIN SOLUTION
    difference = y_hat - y
    return np.mean(difference**2), 2 * difference / difference.size
    ### END SOLUTION


def softmax_loss(logits, labels):
    """Cross-entropy of the softmax of logits, mean over the batch, and its gradient by the logits.

    Arguments
        logits: float64 [n, c], unbounded scores. Safe for large ones: ±1000 gives the right finite loss
            and gradient.
        labels: int64 [n], entries from 0 to c − 1, the right class of each sample.
    Returns
        (loss, d_logits): a float, −(1/n) Σᵢ ln p[i, labels[i]] (natural logarithm) with
        p[i] = softmax(logits[i]); and its gradient by logits, float64 [n, c]. The arguments are left as
        they were.

    By hand: logits = [[ln 3, 0]], labels = [1]: p = [3/4, 1/4], the loss is −ln(1/4) = ln 4 ≈ 1.386 and
    the gradient is (p − onehot) / n = [[0.75, −0.75]].
    """
    ### BEGIN SOLUTION
    n = len(logits)
    shifted = logits - logits.max(axis=1, keepdims=True)  # softmax does not notice, exp cannot overflow
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # [n, c]
    loss = -log_p[np.arange(n), labels].mean()
    d_logits = np.exp(log_p)
    d_logits[np.arange(n), labels] -= 1
    return loss, d_logits / n
    ### END SOLUTION
