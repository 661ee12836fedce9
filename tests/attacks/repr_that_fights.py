# tries: an object whose type's name and repr are huge, and full of markup and terminal controls
# outcome: cut short and escaped; failed
class Fighting:
    def __repr__(self):
        return "\x1b[2J\x1b[31m<script>alert(1)</script>\u202e" + "A" * 10**7


Fighting.__name__ = "<img src=x onerror=alert(1)>\x1b]0;owned\x07" + "B" * 10**6


def conv2d(x, w, b, stride=1, padding="valid"):
    return Fighting()
