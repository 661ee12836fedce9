# tries: raises the judge's control exceptions, by import and by name
# outcome: an exception like any other, or a lost worker; no points
try:
    from grader.host import Interrupt
    from grader.student import Enough
except Exception:
    Enough = Interrupt = SystemExit


class Stop(BaseException):
    pass


def conv2d(x, w, b, stride=1, padding="valid"):
    raise Enough


def im2col(x, kernel, stride=1, padding="valid"):
    raise Interrupt


def conv_output_size(n, kernel, stride=1, padding="valid", dilation=1):
    raise Stop
