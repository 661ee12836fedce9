# tries: a tar with a symbolic link, a hard link and a device in place of the modules, pointing to the references
# outcome: links are not followed, and are named; failed
# says: was left out: it is a
import io
import tarfile


def build(folder):
    path = folder / "mallory.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, kind in (("convolution.py", tarfile.SYMTYPE), ("ch08.py", tarfile.LNKTYPE), ("pooling.py", tarfile.CHRTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "../../../solutions/ch08/convolution.py"
            archive.addfile(member)
        member = tarfile.TarInfo("readme.txt")
        member.size = 2
        archive.addfile(member, io.BytesIO(b"hi"))
    return path
