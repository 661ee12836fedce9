"""What a user of grader.data sees: the data sets, and a clear sentence where one is missing or broken."""

import gzip
import hashlib
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from grader import data
from grader.data import DatasetError, describe, has_full, load

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def nobodys_copies(monkeypatch, tmp_path):
    """No test sees the full data sets that this machine may have."""
    monkeypatch.delenv("GRADER_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    keep = data._full_folders
    monkeypatch.setattr(data, "_full_folders", lambda: (f for f in keep() if not str(f).startswith("/usr/share")))


@pytest.mark.parametrize(
    ("name", "train", "test", "shape", "x_dtype", "y_dtype"),
    [
        ("cars", 314, 78, (9,), np.float64, np.float64),
        ("digits", 1437, 360, (64,), np.float64, np.int64),
        ("fashion_mnist", 10_000, 2_000, (28, 28), np.uint8, np.int64),
    ],
)
def test_load_gives_the_documented_shapes_and_dtypes(name, train, test, shape, x_dtype, y_dtype):
    (x, y), (x_test, y_test) = load(name)
    assert x.shape == (train, *shape) and y.shape == (train,)
    assert x_test.shape == (test, *shape) and y_test.shape == (test,)
    assert {x.dtype, x_test.dtype} == {np.dtype(x_dtype)}
    assert {y.dtype, y_test.dtype} == {np.dtype(y_dtype)}
    assert np.isfinite(x).all() and np.isfinite(y).all()


@pytest.mark.parametrize(("name", "highest"), [("digits", 16), ("fashion_mnist", 255)])
def test_pictures_use_their_whole_range_and_every_class_is_in_both_halves(name, highest):
    (x, y), (x_test, y_test) = load(name)
    for pixels, labels in ((x, y), (x_test, y_test)):
        assert pixels.min() == 0 and pixels.max() == highest
        assert np.unique(labels).tolist() == list(range(10))
        share = np.bincount(labels) / len(labels)
        assert share.min() > 0.07 and share.max() < 0.13
    assert len(describe(name).classes) == 10


def test_no_row_is_in_both_halves_of_cars():
    (x, y), (x_test, y_test) = load("cars")
    rows = np.column_stack([np.vstack([x, x_test]), np.concatenate([y, y_test])])
    assert len(np.unique(rows, axis=0)) == 392


def test_the_columns_of_cars_are_what_describe_says():
    (x, y), _ = load("cars")
    column = dict(zip(describe("cars").features, x.T, strict=True))
    assert set(column["cylinders"]) <= {3, 4, 5, 6, 8}
    assert set(column["model_year"]) <= set(range(70, 83))
    assert (column["usa"] + column["europe"] + column["japan"] == 1).all()
    assert np.corrcoef(column["weight"], y)[0, 1] < -0.8
    assert column["japan"] @ y / column["japan"].sum() > column["usa"] @ y / column["usa"].sum()


def test_labels_belong_to_their_pictures():
    (x, y), (x_test, y_test) = load("digits")
    centres = np.stack([x[y == digit].mean(axis=0) for digit in range(10)])
    nearest = ((x_test[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == y_test).mean() > 0.85  # by chance: 0.1


@pytest.mark.parametrize("name", data.NAMES)
def test_what_one_caller_does_to_its_arrays_no_other_caller_sees(name):
    (x, y), (x_test, y_test) = load(name)
    digest = hashlib.sha256(b"".join(a.tobytes() for a in (x, y, x_test, y_test))).hexdigest()
    for array in (x, y, x_test, y_test):
        array[...] = 0
    again = load(name)
    assert hashlib.sha256(b"".join(a.tobytes() for pair in again for a in pair)).hexdigest() == digest


@pytest.mark.parametrize("ask", [load, describe, has_full])
def test_an_unknown_name_lists_the_names_that_exist(ask):
    with pytest.raises(DatasetError) as caught:
        ask("minst")
    assert str(caught.value) == "There is no data set 'minst'. Choose one of: cars, digits, fashion_mnist."


def test_describe_reads_well():
    assert str(describe("cars")) == (
        "cars: 392 cars of 1970 to 1982. x: float64 [n, 9], as measured; y: float64 [n], miles per gallon.\n"
        "Columns of x: cylinders, displacement, horsepower, weight, acceleration, model_year, "
        "usa, europe, japan."
    )
    assert "9 ankle boot." in str(describe("fashion_mnist"))


def test_a_missing_data_set_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(data, "_shipped_folders", lambda: iter([tmp_path]))
    with pytest.raises(DatasetError) as caught:
        load("digits")
    assert str(caught.value) == (
        f"The data set digits is not in {tmp_path}. Copy digits.npz from the kit's datasets/ folder there, "
        f"or set the environment variable GRADER_DATA to the folder that holds it."
    )


def test_a_broken_file_is_named_and_read_again_once_mended(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADER_DATA", str(tmp_path))
    file = tmp_path / "digits.npz"
    file.write_bytes((ROOT / "datasets" / "digits.npz").read_bytes()[:5000])
    with pytest.raises(DatasetError) as caught:
        load("digits")
    assert str(caught.value) == f"{file} is broken. Copy digits.npz anew from the kit's datasets/ folder."
    shutil.copy(ROOT / "datasets" / "digits.npz", file)
    assert load("digits")[0][0].shape == (1437, 64)


def test_the_full_fashion_mnist_is_asked_for_where_it_is_missing():
    assert not has_full("fashion_mnist")
    with pytest.raises(DatasetError) as caught:
        load("fashion_mnist", full=True)
    assert str(caught.value) == (
        "The full fashion_mnist is not on this machine. Fetch it into Keras's cache with "
        'python -c "import keras; keras.datasets.fashion_mnist.load_data()", '
        "or set the environment variable GRADER_DATA to a folder with its four .gz files."
    )


def write_idx(folder: Path, n: int, n_test: int) -> None:
    """The four files of Fashion-MNIST in little: picture i is all i, of class i modulo 10."""
    folder.mkdir(parents=True)
    for part, count in (("train", n), ("t10k", n_test)):
        images = np.arange(count, dtype=np.uint8).repeat(28 * 28)
        header = b"\0\0\x08\x03" + np.array([count, 28, 28], ">u4").tobytes()
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + images.tobytes()))
        labels = (np.arange(count) % 10).astype(np.uint8)
        header = b"\0\0\x08\x01" + np.array([count], ">u4").tobytes()
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(header + labels.tobytes()))


@pytest.mark.parametrize("where", ["keras/datasets/fashion-mnist", "own/fashion-mnist", "own"])
def test_the_full_fashion_mnist_is_read_where_a_user_has_it(monkeypatch, tmp_path, where):
    write_idx(tmp_path / where, 13, 7)
    if where.startswith("own"):
        monkeypatch.setenv("GRADER_DATA", str(tmp_path / "own"))
    assert has_full("fashion_mnist")
    (x, y), (x_test, y_test) = load("fashion_mnist", full=True)
    assert x.shape == (13, 28, 28) and x.dtype == np.uint8 and (x[12] == 12).all()
    assert y.dtype == y_test.dtype == np.int64 and y.tolist()[-3:] == [0, 1, 2]
    assert x_test.shape == (7, 28, 28) and y_test.tolist() == list(range(7))
    x[...] = 0  # the caller's own
    assert load("fashion_mnist")[0][0].shape == (10_000, 28, 28)  # not full: what the kit ships


@pytest.mark.parametrize("damage", ["cut", "not gzip", "not idx", "cut inside"])
def test_a_broken_idx_file_is_named(tmp_path, damage):
    folder = tmp_path / "keras/datasets/fashion-mnist"
    write_idx(folder, 13, 7)
    file = folder / "t10k-images-idx3-ubyte.gz"
    content = file.read_bytes()
    file.write_bytes(
        {
            "cut": content[:-20],
            "not gzip": b"<html>404</html>",
            "not idx": gzip.compress(b"hello"),
            "cut inside": gzip.compress(gzip.decompress(content)[:-1]),
        }[damage]
    )
    with pytest.raises(DatasetError) as caught:
        load("fashion_mnist", full=True)
    assert str(caught.value) == f"{file} is broken. Delete it and fetch it again."


@pytest.mark.parametrize("name", ["cars", "digits"])
def test_full_is_what_is_shipped_where_that_is_all_there_is(name):
    assert has_full(name)
    assert np.array_equal(load(name, full=True)[0][0], load(name)[0][0])


def test_the_script_that_made_digits_makes_the_same_file_again(monkeypatch, tmp_path):
    pytest.importorskip("sklearn")
    monkeypatch.syspath_prepend(str(ROOT / "datasets" / "make"))
    monkeypatch.delitem(sys.modules, "npz", raising=False)
    import npz

    monkeypatch.setattr(npz, "DATASETS", tmp_path)
    runpy.run_path(str(ROOT / "datasets" / "make" / "digits.py"), run_name="__main__")
    for key, made in np.load(tmp_path / "digits.npz").items():
        shipped = np.load(ROOT / "datasets" / "digits.npz")[key]
        assert made.dtype == shipped.dtype and np.array_equal(made, shipped)


@pytest.mark.parametrize("name", data.NAMES)
def test_every_data_set_has_its_licence_its_script_and_its_line_in_the_readme(name):
    folder = ROOT / "datasets"
    assert (folder / "licences" / f"{name}.txt").stat().st_size > 500
    assert (folder / "make" / f"{name}.py").is_file()
    assert f"`{name}.npz`" in (folder / "README.md").read_text(encoding="utf-8")
