"""Writes the .npz files of datasets/ so that the same data always gives the same bytes."""

import io
import zipfile
from pathlib import Path

import numpy as np

DATASETS = Path(__file__).resolve().parent.parent


def write_npz(name: str, **arrays: np.ndarray) -> Path:
    """Write `arrays` to datasets/<name>.npz, compressed, and return the path.

    np.savez_compressed leaves the compression level and the archive's time stamps to the versions of NumPy
    and Python; here both are fixed.
    """
    path = DATASETS / f"{name}.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for key, array in arrays.items():
            member = zipfile.ZipInfo(f"{key}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), (1, 0), allow_pickle=False)
            archive.writestr(member, content.getvalue(), compresslevel=9)
    shapes = ", ".join(f"{key} {array.dtype}{list(array.shape)}" for key, array in arrays.items())
    print(f"{path.name}: {path.stat().st_size:,} bytes; {shapes}")
    return path
