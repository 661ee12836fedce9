# tries: a zip of some kilobytes that unpacks to gigabytes, and says that it is small
# outcome: read as far as the limit, and refused; failed
# says: larger than 32 MiB|cannot be unpacked
import struct
import zipfile


def build(folder):
    path = folder / "mallory.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("convolution.py", "w") as member:
        for _ in range(256):
            member.write(bytes(1 << 20))
    data = bytearray(path.read_bytes())
    struct.pack_into("<L", data, data.index(b"PK\1\2") + 24, 100)
    path.write_bytes(data)
    return path
