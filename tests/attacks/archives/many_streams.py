# tries: millions of empty gzip streams one after the other, each of which has the rest of the file copied: hours of intake
# outcome: after a hundred the archive is refused; failed
# says: holds more than 100 compressed streams
import gzip


def build(folder):
    path = folder / "mallory.tar.gz"
    path.write_bytes(gzip.compress(b"", mtime=0) * 10_000)
    return path
