# tries: a header of a million digits in a tar of a kilobyte, which tarfile searches in quadratic time (CVE-2024-6232)
# outcome: long headers are not read; failed
# says: has headers that are too long
import tarfile


def build(folder):
    path = folder / "mallory.tar.xz"
    member = tarfile.TarInfo("convolution.py")
    member.pax_headers = {"comment": "1" * 1_000_000}
    with tarfile.open(path, "w:xz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(member)
    return path
