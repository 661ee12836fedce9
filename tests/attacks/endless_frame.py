# tries: announces a frame of 4 GiB, and then sends for ever
# outcome: refused by its length, before memory is taken; failed
import os


def conv2d(x, w, b, stride=1, padding="valid"):
    os.write(3, b"\xff\xff\xff\xff")
    while True:
        os.write(3, bytes(65536))
