"""The kit's data sets: small real data that came with it, or a user's own full copy. Nothing is downloaded.

    (x, y), (x_test, y_test) = load("digits")

Their sources and licences are in datasets/README.md.
"""

import gzip
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from grader.errors import UserError

Split = tuple[np.ndarray, np.ndarray]


class DatasetError(UserError):
    """A data set that does not exist, is not here or cannot be read; the message says what to do."""


@dataclass(frozen=True)
class Description:
    """What a data set holds.

    `about` is a sentence or two with shapes, dtypes and units; `features` names the columns of x, and
    `classes` the labels 0, 1, … of y (each empty where there is nothing to name); `full` tells whether a
    bigger original exists, which `load(name, full=True)` reads from a user's own copy.
    """

    name: str
    about: str
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    full: bool = False

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.about}"]
        if self.features:
            lines.append(f"Columns of x: {', '.join(self.features)}.")
        if self.classes:
            lines.append(f"Classes: {', '.join(f'{i} {name}' for i, name in enumerate(self.classes))}.")
        return "\n".join(lines)


_DESCRIPTIONS = {
    description.name: description
    for description in (
        Description(
            "cars",
            "392 cars of 1970 to 1982. x: float64 [n, 9], as measured; y: float64 [n], miles per gallon.",
            features=(
                "cylinders",
                "displacement",
                "horsepower",
                "weight",
                "acceleration",
                "model_year",
                "usa",
                "europe",
                "japan",
            ),
        ),
        Description(
            "digits",
            "handwritten digits of 8×8, row by row. x: float64 [n, 64], whole numbers 0 to 16; y: int64 [n].",
            classes=tuple("0123456789"),
        ),
        Description(
            "fashion_mnist",
            "grey pictures of clothes. x: uint8 [n, 28, 28], 0 to 255; y: int64 [n].",
            classes=(
                "T-shirt/top",
                "trouser",
                "pullover",
                "dress",
                "coat",
                "sandal",
                "shirt",
                "sneaker",
                "bag",
                "ankle boot",
            ),
            full=True,
        ),
    )
}

NAMES = tuple(_DESCRIPTIONS)

_IDX_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def describe(name: str) -> Description:
    """What the data set `name` holds: print it, or read its `features` and `classes`.

    Raises DatasetError for an unknown name.
    """
    try:
        return _DESCRIPTIONS[name]
    except (KeyError, TypeError):
        raise DatasetError(f"There is no data set {name!r}. Choose one of: {', '.join(NAMES)}.") from None


def load(name: str, full: bool = False) -> tuple[Split, Split]:
    """The data set `name` as ((x, y), (x_test, y_test)): fresh arrays, which the caller may change.

    - "fashion_mnist": x uint8 [n, 28, 28] in 0…255, y int64 [n] in 0…9; n is 10,000 and 2,000.
    - "digits": x float64 [n, 64], whole numbers in 0…16, y int64 [n] in 0…9; n is 1,437 and 360.
    - "cars": x float64 [n, 9], whose columns `describe("cars").features` names, y float64 [n], miles per
      gallon; n is 314 and 78.

    With `full`, Fashion-MNIST is all 60,000 and 10,000 images, from a user's own copy; the others are
    complete as they are. Raises DatasetError if there is no such data set, if it is not on this machine, or
    if its file is broken.
    """
    x, y, x_test, y_test = _full(name) if full and describe(name).full else _shipped(name)
    return (x.copy(), y.copy()), (x_test.copy(), y_test.copy())


def has_full(name: str) -> bool:
    """Whether `load(name, full=True)` would find the complete data set on this machine."""
    return not describe(name).full or _full_folder() is not None


def _shipped(name: str) -> tuple[np.ndarray, ...]:
    describe(name)
    folders = list(_shipped_folders())
    path = next((path for folder in folders if (path := folder / f"{name}.npz").is_file()), None)
    if path is None:
        raise DatasetError(
            f"The data set {name} is not in {' or '.join(map(str, folders))}. "
            f"Copy {name}.npz from the kit's datasets/ folder there, "
            f"or set the environment variable GRADER_DATA to the folder that holds it."
        )
    return _read_npz(path, path.stat().st_mtime_ns)


def _shipped_folders() -> Iterator[Path]:
    if own := os.environ.get("GRADER_DATA"):
        yield Path(own).expanduser()
    yield Path(__file__).resolve().parent.parent / "datasets"
    if Path.cwd() != Path(__file__).resolve().parent.parent:
        yield Path.cwd() / "datasets"  # a kit that is not installed in place


# The modification time is an argument, so that a file that was mended is read again.
@cache
def _read_npz(path: Path, modified: int) -> tuple[np.ndarray, ...]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return tuple(arrays[key] for key in ("x", "y", "x_test", "y_test"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        raise DatasetError(f"{path} is broken. Copy {path.name} anew from the kit's datasets/ folder.") from None


def _full_folders() -> Iterator[Path]:
    if own := os.environ.get("GRADER_DATA"):
        yield Path(own).expanduser() / "fashion-mnist"
        yield Path(own).expanduser()
    yield Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets" / "fashion-mnist"
    yield Path("/usr/share/datasets/fashion-mnist")  # Debian's dataset-fashion-mnist


def _full_folder() -> Path | None:
    """The first folder with all four files of Fashion-MNIST."""
    return next((folder for folder in _full_folders() if all((folder / name).is_file() for name in _IDX_FILES)), None)


def _full(name: str) -> tuple[np.ndarray, ...]:
    folder = _full_folder()
    if folder is None:
        raise DatasetError(
            f"The full {name} is not on this machine. Fetch it into Keras's cache with "
            f'python -c "import keras; keras.datasets.{name}.load_data()", '
            f"or set the environment variable GRADER_DATA to a folder with its four .gz files."
        )
    x, y, x_test, y_test = (_read_idx(folder / file) for file in _IDX_FILES)
    return x, y.astype(np.int64), x_test, y_test.astype(np.int64)


def _read_idx(path: Path) -> np.ndarray:
    """The uint8 array of a gzipped idx file: two zeros, the type (8), the rank, big-endian sizes, bytes."""
    try:
        content = gzip.decompress(path.read_bytes())
        if content[:3] != b"\0\0\x08":
            raise ValueError("not an idx file of bytes")
        rank = content[3]
        shape = np.frombuffer(content, ">u4", count=rank, offset=4)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)
    except (OSError, EOFError, ValueError, IndexError, zlib.error):
        raise DatasetError(f"{path} is broken. Delete it and fetch it again.") from None
