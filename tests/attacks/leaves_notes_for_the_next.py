# tries: leaves files that Python, the next student or the judge would pick up: .pth, sitecustomize, caches, modules
# outcome: it can write to its own scratch folders only; failed
import os
import site
import sys

written = []
for folder in {*sys.path, *site.getsitepackages(), sys.prefix, os.path.dirname(os.__file__), "/etc", "/usr/lib", "/"}:
    for name in ("sitecustomize.py", "evil.pth", "conftest.py", "numpy.py"):
        try:
            with open(os.path.join(folder, name), "w") as file:
                file.write("import os\n")
            written.append(folder)
        except OSError:
            pass
for folder in ("/tmp", "/dev/shm", os.path.expanduser("~")):
    open(f"{folder}/answers_for_the_next_student", "w").write("42")


def conv2d(x, w, b, stride=1, padding="valid"):
    raise LookupError(f"written: {written}")
