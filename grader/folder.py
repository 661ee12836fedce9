"""The folder of results that `grader grade` writes: DIR/<student>/<chapter>.json, DIR/grades.csv, DIR/report.html.

Every file is whole or not there: it is written beside its place, and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Any

# Names that a student's folder may not have, since the class's own files have them.
RESERVED = frozenset(("grades.csv", "report.html", "junit.xml", "results.json", "seed.txt"))
LONGEST = 200  # bytes in a folder's name: file systems take 255


def write_whole(path: Path, text: str) -> Path:
    """Write `text` to `path` so that a reader, or a crash, sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def student_folder(out: Path, student: str) -> Path:
    """DIR/<student>, with what a file name cannot hold (or must not be) written as %XX; a long one is cut and numbered."""
    name = re.sub(r"[\x00-\x1f\x7f/\\:%]", lambda match: f"%{ord(match.group()):02X}", student)
    if not name or name.startswith(".") or name.lower() in RESERVED:
        name = f"%{ord(name[0]):02X}{name[1:]}" if name else "%"
    if len(os.fsencode(name)) > LONGEST:
        name = f"{name[:40]}%~{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"  # %~ is in no other name
    return Path(out) / name


def result_file(out: Path, student: str, chapter: str) -> Path:
    """DIR/<student>/<chapter>.json."""
    return student_folder(out, student) / f"{chapter}.json"


def save_result(out: Path, result: dict[str, Any]) -> Path:
    """Write one result to its place."""
    text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False)
    return write_whole(result_file(out, result["student"], result["chapter"]), text + "\n")


def read_result(path: Path) -> dict[str, Any] | None:
    """The result in a file; None if there is no such file, or it is not a result."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    wanted = {"schema", "student", "chapter", "score", "max_score", "exercises"}
    return result if isinstance(result, dict) and wanted <= result.keys() and result["schema"] == 1 else None


def read_results(out: Path) -> list[dict[str, Any]]:
    """Every result in a folder, by chapter and student. Raises FileNotFoundError if there is no such folder."""
    if not Path(out).is_dir():
        raise FileNotFoundError(
            f"There is no folder {out}. Grade into it first: grader grade PATH --chapter ch08 --out {out}"
        )
    found = (read_result(path) for path in Path(out).glob("*/*.json") if not path.name.startswith("."))
    return sorted((result for result in found if result), key=lambda r: (r["chapter"], r["student"]))


def class_seed(out: Path) -> int:
    """The seed of a class: drawn once, unguessable, and kept beside the results, so that a run that is continued agrees.

    A seed that students know is a set of inputs that they know: answers could be prepared for them.
    """
    path = out / "seed.txt"
    try:
        return int(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        seed = secrets.randbits(48)
        write_whole(path, f"{seed}\n")
        return seed
