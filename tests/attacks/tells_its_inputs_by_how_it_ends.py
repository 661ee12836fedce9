# tries: carries the hidden checks' inputs out in its exit status, and in the signal that kills it
# outcome: of a hidden check is only said that the program ended
# exercises: dilated_conv2d transposed_conv2d
# says: exit status
# hidden: exit status|SIG|signal
import os


def dilated_conv2d(x, w, rate):
    os._exit(rate)


def transposed_conv2d(x, w, stride=1):
    os.kill(os.getpid(), (6, 9)[stride % 2])
