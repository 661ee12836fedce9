"""`grader release`: the kit as students get it, without solutions/ and without the tests of the kit itself."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.chapter import ChapterError, find_root

ALWAYS = ("pyproject.toml", "README.md", "Makefile", "constraints.txt", "LICENSE")
STALE = (".pyc", ".ipynb")
EPOCH = (2020, 1, 1, 0, 0, 0)  # the same kit gives the same bytes


def write_release(chapters: Sequence[str], out: Path, root: Path | None = None) -> list[str]:
    """Write the zip and answer the names in it. Raises ChapterError if anything of solutions/ were to go along."""
    base = find_root(root)
    names = sorted({path.relative_to(base).as_posix() for path in _files(base, chapters)})
    secret = {path.read_bytes() for path in base.glob("solutions/**/*.py") if path.stat().st_size > 200}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            data = (base / name).read_bytes()
            if data in secret or (b"BEGIN SOLUTION" in data and name.startswith("exercises/")):
                out.unlink()
                raise ChapterError(f"{name} holds a solution. Run grader build, and look at what is in exercises/.")
            entry = zipfile.ZipInfo(f"kit/{name}", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return names


def _files(base: Path, chapters: Sequence[str]) -> Iterator[Path]:
    yield from (base / name for name in ALWAYS if (base / name).is_file())
    folders = [base / "grader", base / "datasets", *(base / "exercises" / name for name in chapters)]
    for folder in folders:
        for path in folder.rglob("*"):
            hidden = any(part.startswith((".", "__pycache__")) for part in path.relative_to(base).parts)
            if path.is_file() and not hidden and path.suffix not in STALE:
                yield path
