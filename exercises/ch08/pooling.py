"""Pooling from scratch in NumPy: the largest or the mean entry of every window, channel by channel.

Images are [batch, height, width, channels] (NHWC). `size` is the side of the square window and `stride` the
step from one window to the next; both are ints and serve both axes. Pooling is "valid" throughout: there is
no padding.

Arrays are float64 here, and float64 in gives float64 out. No argument is changed in place. NumPy alone: no
TensorFlow, no Keras, nor any other library.
"""

import numpy as np


def max_pool(x, size, stride):
    """The largest entry of every window, for each sample and channel.

    x        [batch, height, width, channels], height and width at least `size`; entries of either sign
    size     side of the window
    stride   step between windows
    returns  [batch, out_h, out_w, channels]

    Only windows that lie wholly inside the image count: an axis of n entries gives (n - size) // stride + 1
    of them, and what is left over at the bottom and on the right is ignored. The stride may be smaller than
    the window (windows overlap), equal to it (they tile the image) or larger (pixels are skipped).

    Not with any library's pooling.

    By hand, with one image of one channel, size = 2 and stride = 1:

        x = 0 7 1     returns  7 7     the windows are 0 7   and  7 1
            2 3 4                                      2 3        3 4
    """
    raise NotImplementedError


def max_pool_backward(d_out, x, size, stride):
    """The gradient of a loss with respect to the argument x of `max_pool`.

    d_out    [batch, out_h, out_w, channels], the gradient with respect to max_pool(x, size, stride)
    x        [batch, height, width, channels], as `max_pool` had it
    size     side of the window
    stride   step between windows
    returns  dx, with the shape of x

    In every window, for each sample and channel, the largest entry gets the window's d_out and the others
    nothing. An entry that is the largest of several windows gets the sum of theirs. Where several entries
    of a window tie for the largest, the maximum has no derivative: give the d_out to any one of them, or
    split it between them, so that what the window passes back adds up to its d_out.

    Not with any library's pooling.

    By hand, with one image of one channel, size = 2, stride = 1 and d_out = [[10, 1]]: the 7 is the largest
    of both windows.

        x = 0 7 1     dx = 0 11 0
            2 3 4          0  0 0
    """
    raise NotImplementedError


def average_pool(x, size, stride):
    """The mean of every window, for each sample and channel.

    x        [batch, height, width, channels], height and width at least `size`
    size     side of the window
    stride   step between windows
    returns  [batch, out_h, out_w, channels]

    Only windows that lie wholly inside the image count: an axis of n entries gives (n - size) // stride + 1
    of them, and what is left over at the bottom and on the right is ignored. The stride may be smaller than
    the window (windows overlap), equal to it (they tile the image) or larger (pixels are skipped).

    Not with any library's pooling.

    By hand, with one image of one channel, size = 2 and stride = 1:

        x = 0 7 1     returns  3 3.75     since (0 + 7 + 2 + 3) / 4 = 3 and (7 + 1 + 3 + 4) / 4 = 3.75
            2 3 4
    """
    raise NotImplementedError
