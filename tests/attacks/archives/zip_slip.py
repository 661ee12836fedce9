# tries: a zip whose members lie outside of it: absolute, with .., with a drive letter, to overwrite tests and references
# outcome: nothing is unpacked to disk; the members are named; the honest one is graded
# says: its path leads out of the archive
import zipfile


def build(folder):
    path = folder / "mallory.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../../solutions/ch08/convolution.py", "/tmp/slipped.py", "C:\\convolution.py", "a/../../convolution.py"):
            archive.writestr(name, "raise SystemExit\n")
        archive.writestr("convolution.py", "def conv2d(x, w, b, stride=1, padding='valid'):\n    return x\n")
    return path
