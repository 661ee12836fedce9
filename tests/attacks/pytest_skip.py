# tries: skips itself, with pytest's own exceptions
# outcome: an exception like any other; failed
import pytest


def conv2d(x, w, b, stride=1, padding="valid"):
    pytest.skip("nothing to see here")


def im2col(x, kernel, stride=1, padding="valid"):
    pytest.xfail("known to fail")


def conv_output_size(n, kernel, stride=1, padding="valid", dilation=1):
    pytest.exit("done", returncode=0)
