# tries: carries the hidden checks' inputs out: in exceptions called as the kit's own, and worded like its sentences
# outcome: of a hidden check only the kit's own sentences are shown, to the last word
# exercises: conv2d conv_output_size
# hidden: SMUGGLED
class Missing(Exception):
    pass


class Forbidden(Exception):
    pass


def conv2d(x, w, b, stride=1, padding="valid"):
    if x.shape[1] % 2:
        raise Missing(f"SMUGGLED {x.shape} {x.tolist()}")
    raise Forbidden(f"conv2d did not come back within SMUGGLED {x.tolist()} seconds. Is there a loop that never ends?")


def conv_output_size(n, kernel, stride=1, padding="valid", dilation=1):
    raise Forbidden(f"Not run: conv2d is too slow: it took SMUGGLED {n} {kernel}")
