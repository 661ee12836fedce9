# tries: archives in archives in archives (42.zip), for whoever unpacks whatever it finds
# outcome: an archive in an archive is not opened; not attempted
# says: Left out
import io
import zipfile


def build(folder):
    data = bytes(1 << 20)
    for _ in range(5):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(16):
                archive.writestr(f"{number}.zip", data)
        data = buffer.getvalue()
    path = folder / "mallory.zip"
    path.write_bytes(data)
    return path
