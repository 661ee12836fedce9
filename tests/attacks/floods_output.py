# tries: prints for ever, to fill the disk or to block the pipe
# outcome: ended after 32 MiB; failed
import sys


def conv2d(x, w, b, stride=1, padding="valid"):
    while True:
        print("\x1b[31mflood" * 1000)
        print("flood" * 1000, file=sys.stderr)
