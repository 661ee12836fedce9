# tries: two members of one name, so that a person reads one and the grader runs the other
# outcome: neither is taken, and the result says so; not attempted
# says: more than once
import warnings
import zipfile


def build(folder):
    path = folder / "mallory.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("convolution.py", "# a modest attempt\n")
        archive.writestr("convolution.py", "import os\n\n\ndef conv2d(*a, **k):\n    os._exit(0)\n")
    return path
