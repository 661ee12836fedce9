"""Makes datasets/fashion_mnist.npz: the first 10,000 training and 2,000 test images of Fashion-MNIST.

    apt-get install dataset-fashion-mnist
    python datasets/make/fashion_mnist.py [FOLDER]

FOLDER holds the four idx files (`train-images-idx3-ubyte.gz` and so on). It is where the Debian package puts
them unless another one is named: Keras's cache, ~/.keras/datasets/fashion-mnist, holds the same files.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
from npz import write_npz

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
TRAIN, TEST = 10_000, 2_000


def images(path: Path, count: int) -> np.ndarray:
    """The first `count` images of an idx3 file: uint8 [count, 28, 28]."""
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=16).reshape(-1, 28, 28)[:count]


def labels(path: Path, count: int) -> np.ndarray:
    """The first `count` labels of an idx1 file: int64 [count]."""
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=8)[:count].astype(np.int64)


def main(folder: Path = DEBIAN) -> None:
    write_npz(
        "fashion_mnist",
        x=images(folder / "train-images-idx3-ubyte.gz", TRAIN),
        y=labels(folder / "train-labels-idx1-ubyte.gz", TRAIN),
        x_test=images(folder / "t10k-images-idx3-ubyte.gz", TEST),
        y_test=labels(folder / "t10k-labels-idx1-ubyte.gz", TEST),
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
