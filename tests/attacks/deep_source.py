# tries: a source that is hard to parse, to break whoever reads it for what it may not use
# outcome: it costs only itself; failed
DEEP = 0


def conv2d(x, w, b, stride=1, padding="valid"):
    return (-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-(-x))))))))))))))))))))))))))))))))))))))))))))))))))))))))
