"""Makes datasets/cars.npz: 392 cars of 1970 to 1982 and how far each goes on a gallon.

pip install vega-datasets
python datasets/make/cars.py
"""

import numpy as np
from npz import write_npz
from vega_datasets import local_data

TRAIN = 314  # four fifths
NUMBERS = ("Cylinders", "Displacement", "Horsepower", "Weight_in_lbs", "Acceleration")
ORIGINS = ("USA", "Europe", "Japan")


def main() -> None:
    rows = local_data.cars().dropna()  # 14 of 406 rows lack the mileage or the horsepower
    columns = [rows[name] for name in NUMBERS]
    columns.append(rows["Year"].dt.year - 1900)
    columns += [rows["Origin"] == origin for origin in ORIGINS]
    x = np.stack([np.asarray(column, np.float64) for column in columns], axis=1)
    y = rows["Miles_per_Gallon"].to_numpy(np.float64)
    # RandomState's streams are frozen by NumPy's policy, default_rng's are not.
    order = np.random.RandomState(0).permutation(len(x))
    x, y = x[order], y[order]
    write_npz("cars", x=x[:TRAIN], y=y[:TRAIN], x_test=x[TRAIN:], y_test=y[TRAIN:])


if __name__ == "__main__":
    main()
