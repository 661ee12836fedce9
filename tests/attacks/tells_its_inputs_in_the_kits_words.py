# tries: carries the hidden checks' inputs out in sentences that the kit itself might have said, but for one word
# outcome: what a hidden check says is the judge's own, never a text that came from a worker, however it is worded
# exercises: conv2d im2col max_pool
# hidden: SMUGGLED
class Forbidden(Exception):
    pass


class Missing(Exception):
    pass


class WrongSignature(Exception):
    pass


def conv2d(x, w, b, stride=1, padding="valid"):
    raise Forbidden(f"conv2d is to be written without SMUGGLED X {x.size}: the statement says what it may not be done with.")


def im2col(x, kernel, stride=1, padding="valid"):
    raise WrongSignature(f"Your im2col cannot be called as the statement says: SMUGGLED {x.tolist()}")


def max_pool(x, size, stride):
    raise Missing(f"pooling.py does not define SMUGGLED_{x.size}_{size}_{stride}.")
