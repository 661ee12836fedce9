# tries: an encoding in which a comment is a program (utf-7), so that a person reads nothing
# outcome: it is not an encoding that people write programs in; not attempted
# says: save it as UTF-8
def build(folder):
    path = folder / "mallory.py"
    path.write_bytes(b"# coding: utf-7\n# +AAo-import os+AAo-os._exit(0)\ndef conv2d(*a, **k):\n    return 0\n")
    return path
