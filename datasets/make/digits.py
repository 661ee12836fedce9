"""Makes datasets/digits.npz: the 1,797 handwritten digits of 8×8 that scikit-learn ships.

pip install scikit-learn
python datasets/make/digits.py
"""

import numpy as np
from npz import write_npz
from sklearn.datasets import load_digits

TRAIN = 1_437  # four fifths


def main() -> None:
    x, y = load_digits(return_X_y=True)
    # RandomState's streams are frozen by NumPy's policy, default_rng's are not.
    order = np.random.RandomState(0).permutation(len(x))
    x, y = x[order].astype(np.float64), y[order].astype(np.int64)
    write_npz("digits", x=x[:TRAIN], y=y[:TRAIN], x_test=x[TRAIN:], y_test=y[TRAIN:])


if __name__ == "__main__":
    main()
