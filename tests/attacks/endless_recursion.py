# tries: overflows the C stack, with Python's own guard switched off
# outcome: an exception, or a lost worker; failed
import sys

sys.setrecursionlimit(10**8)


def conv2d(x, w, b, stride=1, padding="valid"):
    return conv2d(x, w, b, stride, padding)
