"""The files of what a student handed in: a folder, a file, a zip or a tar, read without trusting any of it.

Nothing is unpacked to disk, no link is followed, and no more is read than the limits allow. What is left out is named.
"""

from __future__ import annotations

import bz2
import io
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from grader.escape import one_line

MIB = 2**20
MAX_FILE = 32 * MIB  # a notebook with its pictures
MAX_ARCHIVE = 32 * MIB
MAX_UNPACKED = 128 * MIB
MAX_MEMBERS = 2000
MAX_DEPTH = 12
MAX_NAME = 1000
MAX_STREAMS = 100
MAX_HEADERS = 2**30  # the sum of the squares of the sizes: two seconds of tarfile's searching
ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".tbz2", ".txz")
FOREIGN = (".rar", ".7z", ".zst", ".lz4", ".lz", ".z", ".iso", ".dmg")
# What systems and editors leave lying about: nobody handed that in.
LITTER_FOLDERS = frozenset(("__MACOSX", "__pycache__", "venv", "node_modules"))
LITTER_FILES = frozenset(("Thumbs.db", "desktop.ini", "Icon\r", "timestamp.txt"))


STREAMS: dict[bytes, Callable[[], Any]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(wbits=31),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\0": lambda: lzma.LZMADecompressor(memlimit=256 * MIB),
}


class Unreadable(Exception):
    """A file or archive that is not taken. The message ends a sentence that begins with its name."""


@dataclass
class Handed:
    """The files of one submission: path inside of it → how to read it. refused: a sentence for each that is not taken."""

    files: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    def add(self, name: str, read: Callable[[], bytes]) -> None:
        """Take a file; a name that stands there more than once is remembered as such."""
        if name in self.files:
            self.twice.add(name)
        self.files[name] = read

    def refuse(self, name: str, why: str) -> None:
        """Name what is not taken, and why."""
        if len(self.refused) < 20:
            self.refused.append(f"{one_line(name, 80) or 'A file without a name'} was left out: {why}.")


def is_archive(name: str) -> bool:
    """Whether a file's name says that it is an archive, of a kind that can be opened or not."""
    return name.lower().endswith(ARCHIVES + FOREIGN)


def handed_in(path: Path) -> Handed:
    """Everything in one submission. Raises Unreadable where there is nothing to read."""
    if path.is_dir():
        handed = _folder(path)
        archives = [name for name in handed.files if is_archive(name)]
        if len(archives) == 1 and not any(name.endswith((".py", ".ipynb")) for name in handed.files):
            inner = _archive(archives[0], handed.files[archives[0]]())
            inner.refused[:0] = handed.refused
            return inner
        return handed
    if is_archive(path.name):
        return _archive(path.name, read_file(path))
    handed = Handed()
    data = read_file(path)
    handed.add(path.name, lambda: data)
    return handed


def read_file(path: Path, limit: int = MAX_FILE) -> bytes:
    """A regular file's bytes; raises Unreadable for links, devices, pipes and what is too large."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise Unreadable(f"cannot be opened ({error.strerror})") from None
    with open(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("is not a file")
        if status.st_nlink > 1:
            raise Unreadable("is a hard link to another file: hand in a copy")
        if status.st_size > limit:
            raise Unreadable(_too_large(limit))
        try:
            return file.read(limit)
        except OSError as error:
            raise Unreadable(f"cannot be read ({error.strerror})") from None


def _too_large(limit: int) -> str:
    return f"is larger than {limit // MIB} MiB"


# --- folders ------------------------------------------------------------------------------------


def _folder(root: Path) -> Handed:
    handed = Handed()
    for number, (name, entry) in enumerate(_walk(root, handed)):
        if number >= MAX_MEMBERS:
            handed.refuse(root.name, f"after the first {MAX_MEMBERS} files nothing was looked at")
            break
        if entry.is_symlink():
            handed.refuse(name, "it is a link, and links are not followed")
        elif not entry.is_file(follow_symlinks=False):
            handed.refuse(name, "it is not a file")
        else:
            handed.add(name, partial(read_file, Path(entry.path)))
    return handed


def _walk(root: Path, handed: Handed) -> Iterator[tuple[str, os.DirEntry]]:
    """Every file below a folder, with its path inside of it, litter left out. Raises OSError if it cannot be opened."""
    waiting = [(root, PurePosixPath())]
    while waiting:
        folder, inside = waiting.pop(0)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if folder == root:
                raise
            handed.refuse(str(inside), f"it cannot be opened ({error.strerror})")
            continue
        for entry in entries:
            name = inside / entry.name
            if is_litter(str(name)):
                continue
            if entry.is_dir(follow_symlinks=False):
                if len(name.parts) < MAX_DEPTH:
                    waiting.append((Path(entry.path), name))
            else:
                yield str(name), entry


def is_litter(name: str) -> bool:
    """Whether a path is something that no person made."""
    *folders, file = PurePosixPath(name).parts or ("",)
    if file in LITTER_FILES or file in LITTER_FOLDERS or file.endswith((".pyc", "~", ".swp")):
        return True
    hidden = (part.startswith(".") and part != ".." for part in (*folders, file))  # .git, .venv, ._convolution.py …
    return any(hidden) or any(folder in LITTER_FOLDERS for folder in folders)


# --- archives -----------------------------------------------------------------------------------


def _archive(name: str, data: bytes) -> Handed:
    """What is in an archive; raises Unreadable for one that cannot be opened, or is no honest one."""
    if len(data) > MAX_ARCHIVE:
        raise Unreadable(_too_large(MAX_ARCHIVE))
    handed = Handed()
    try:
        if data[:4] in (b"PK\3\4", b"PK\5\6"):
            _unzip(data, handed)
        else:
            _untar(_decompressed(data), handed)
    except Unreadable:
        raise
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise Unreadable(f"is not a zip or tar that can be opened ({one_line(error, 80)})") from None
    except Exception as error:  # struct.error, NotImplementedError, RecursionError … of a crafted archive
        raise Unreadable(f"is not a zip or tar that can be opened ({type(error).__name__})") from None
    return handed


def _unzip(data: bytes, handed: Handed) -> None:
    if data.count(b"PK\1\2") > MAX_MEMBERS:
        raise Unreadable(f"holds more than {MAX_MEMBERS} files")
    archive = zipfile.ZipFile(io.BytesIO(data))
    budget = _Budget()
    for member in archive.infolist():
        if member.is_dir():
            continue
        name = _inner_name(member.orig_filename, handed)
        kind = stat.S_IFMT(member.external_attr >> 16)
        if name is None:
            continue
        if kind not in (0, stat.S_IFREG):
            handed.refuse(name, "it is a link" if kind == stat.S_IFLNK else "it is not a file")
        elif member.flag_bits & 1:
            handed.refuse(name, "it is encrypted: hand in an archive without a password")
        else:
            handed.add(name, partial(budget.read, partial(archive.open, member)))


def _untar(data: bytes, handed: Handed) -> None:
    archive = _Tar.open(fileobj=io.BytesIO(data), mode="r:")
    budget = _Budget()
    for number, member in enumerate(archive):
        if number >= MAX_MEMBERS:
            raise Unreadable(f"holds more than {MAX_MEMBERS} files")
        if member.isdir():
            continue
        name = _inner_name(member.name, handed)
        if name is None:
            continue
        if member.issym() or member.islnk():
            handed.refuse(name, f"it is a {'hard ' if member.islnk() else ''}link, and links are not followed")
        elif not member.isreg():
            handed.refuse(name, "it is not a file")
        else:
            handed.add(name, partial(budget.read, partial(archive.extractfile, member)))


def _inner_name(name: str, handed: Handed) -> str | None:
    """A member's path as it may be used, or None for one that is litter, is too long or leads out of the archive."""
    if len(name) > MAX_NAME:
        handed.refuse(name, f"its path is longer than {MAX_NAME} characters")
        return None
    path = PurePosixPath(name.replace("\\", "/"))
    if is_litter(str(path)):
        return None
    if not path.parts or path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or "\0" in name:
        handed.refuse(name, "its path leads out of the archive")
        return None
    return str(path)


class _Member(tarfile.TarInfo):
    """A tar's member, without what keeps tarfile busy for hours.

    It searches extended headers in quadratic time (CVE-2024-6232), makes an object of every hole of a sparse file, and
    goes back for a negative size (CVE-2025-8194).
    """

    def _proc_member(self, archive: _Tar) -> tarfile.TarInfo:  # the hook that tarfile names for subclasses
        header = b""
        if self.size < 0:
            raise Unreadable("has a member of negative size")
        if self.type in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE):
            archive.headers += self.size**2
            if archive.headers > MAX_HEADERS:
                raise Unreadable("has headers that are too long")
            place = archive.fileobj.tell()
            header = archive.fileobj.read(self.size)
            archive.fileobj.seek(place)
        if self.type == tarfile.GNUTYPE_SPARSE or b"GNU.sparse" in header:
            raise Unreadable("is a sparse tar: hand in a zip")
        return super()._proc_member(archive)  # type: ignore[misc]


class _Tar(tarfile.TarFile):
    """A tar that is read with care. headers: what its extended headers have cost."""

    tarinfo = _Member
    headers = 0


class _Budget:
    """How much may still be unpacked from one archive: what a bomb says of its size is not believed."""

    def __init__(self) -> None:
        self.left = MAX_UNPACKED

    def read(self, opened: Callable[[], Any]) -> bytes:
        limit = min(MAX_FILE, self.left)
        try:
            with opened() as file:
                data = file.read(limit + 1)
        except Exception as error:
            raise Unreadable(f"cannot be unpacked ({one_line(error, 60) or type(error).__name__})") from None
        self.left -= len(data)
        if len(data) > limit:
            raise Unreadable(f"{_too_large(limit)} when it is unpacked")
        return data


def _decompressed(data: bytes) -> bytes:
    """A tar's bytes, whatever it was compressed with; raises Unreadable for a bomb."""
    plain = bytearray()
    for mark, stream in STREAMS.items():
        if not data.startswith(mark):
            continue
        for _ in range(MAX_STREAMS):  # parallel compressors write one stream after the other
            unpacker = stream()
            plain += unpacker.decompress(data, MAX_UNPACKED + 1 - len(plain))
            if len(plain) > MAX_UNPACKED:
                raise Unreadable(f"{_too_large(MAX_UNPACKED)} when it is unpacked")
            data = unpacker.unused_data
            if not data.startswith(mark):
                return bytes(plain)
        raise Unreadable(f"holds more than {MAX_STREAMS} compressed streams")
    return data
