# tries: members in a million folders each, whose path is parsed again and again
# outcome: such a path is not looked at; the honest member is graded
# says: its path is longer than 1000 characters
import io
import tarfile


def build(folder):
    path = folder / "mallory.tar.xz"
    source = b"def conv2d(x, w, b, stride=1, padding='valid'):\n    return x\n"
    with tarfile.open(path, "w:xz", format=tarfile.GNU_FORMAT) as archive:
        for name in (*("a/" * 500_000 + f"{number}.py" for number in range(4)), "convolution.py"):
            member = tarfile.TarInfo(name)
            member.size = len(source)
            archive.addfile(member, io.BytesIO(source))
    return path
