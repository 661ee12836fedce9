"""Intake: what a student handed in for one chapter, as source texts and sentences about what was left out.

Takes the chapter's modules, chNN.py, or one notebook, from a folder, a file, a zip or a tar, and nothing else. Never
raises for what a student did: a file that cannot be taken becomes a problem or a note, and the rest is graded.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from grader.archives import ARCHIVES, FOREIGN, Handed, Unreadable, handed_in, is_archive, is_litter
from grader.cells import code_cells
from grader.errors import UserError
from grader.escape import one_line
from grader.sources import decoded

MAX_NAMED = 12  # left-out files that are named one by one
CLASS_FILES = (".csv", ".json", ".txt", ".md", ".html", ".log", ".xml", ".db", ".toml", ".cfg")


@dataclass
class Submission:
    """One student's work on one chapter.

    modules: module name → source text; cells: a notebook's code cells, which share one namespace; notes: a sentence for
    each thing that intake left out; problems: module name → why it could not be read.
    """

    student: str
    chapter: str
    modules: dict[str, str] = field(default_factory=dict)
    cells: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


def chapter_modules(chapter: str) -> list[str]:
    """The names of a chapter's modules, from its check files."""
    from grader.chapter import find_root

    folder = find_root() / "exercises" / chapter
    return [path.stem.removeprefix("test_") for path in sorted(folder.glob("test_*.py"))]


def read_submission(path: Path | str, chapter: str, modules: Sequence[str] | None = None) -> Submission:
    """What lies at `path`, for one chapter. modules: the names of the chapter's modules.

    The student's id is the name of the entry; find_submissions knows better where the entry is nbgrader's.
    """
    path = Path(path)
    names = list(chapter_modules(chapter) if modules is None else modules)
    submission = Submission(student_id(path.name), chapter)
    nbgraders = (path.parent, path.parent.parent) if path.parent.name == chapter else ()
    if any(os.path.islink(place) for place in (path, *nbgraders)):
        why = f"{one_line(path.name, 80)} is a link, and links are not followed: hand in the file itself."
        return _nothing(submission, names, why)
    try:
        handed = handed_in(path)
    except Unreadable as why:
        return _nothing(submission, names, f"{one_line(path.name, 80)} {why}.")
    except OSError as error:
        return _nothing(submission, names, f"{one_line(path.name, 80)} cannot be read ({error.strerror}).")
    submission.notes += handed.refused
    lone = path.name if not path.is_dir() and not is_archive(path.name) else ""
    _take(submission, handed, names, lone)
    return submission


def _nothing(submission: Submission, names: Sequence[str], why: str) -> Submission:
    """A submission of which nothing could be read: every module says so."""
    submission.notes.append(why)
    submission.problems = {name: why for name in names}
    return submission


def _take(submission: Submission, handed: Handed, names: list[str], lone: str) -> None:
    """Pick the chapter's files, and name the others. lone: the file's name if nothing but one file was handed in."""
    chapter = submission.chapter
    inside = [name for name in handed.files if not _of_another_chapter(name, chapter)]
    taken: set[str] = set()
    for module in [*names, chapter]:
        same = [name for name in inside if PurePosixPath(name).name.lower() == f"{module}.py".lower()]
        chosen = _nearest(submission, handed, same, module)
        taken |= set(same)
        if chosen is not None:
            _read_module(submission, handed, chosen, module)
    if lone.endswith(".py") and not taken:  # ada.py: one file with any of the chapter's exercises
        taken.add(lone)
        _read_module(submission, handed, lone, chapter)
    notebooks = [name for name in inside if name.lower().endswith(".ipynb")]
    if notebooks and not submission.modules and not submission.problems:
        taken |= set(notebooks)
        _read_notebook(submission, handed, notebooks, names)
    left = [name for name in inside if name not in taken]
    if left:
        submission.notes.append(_left_out(chapter, left))
    if not (submission.modules or submission.cells or submission.problems):
        _nothing(submission, names, f"There is no module of {chapter} in what was handed in, and no notebook.")


def _of_another_chapter(name: str, chapter: str) -> bool:
    folders = PurePosixPath(name).parts[:-1]
    return any(re.fullmatch(r"ch\d\d", folder) and folder != chapter for folder in folders)


def _nearest(submission: Submission, handed: Handed, same: list[str], module: str) -> str | None:
    """The one file that is meant by a module's name: in the chapter's folder rather than elsewhere, then the outermost."""
    if not same:
        return None
    chapter = submission.chapter

    def rank(name: str) -> tuple[bool, int]:
        folders = PurePosixPath(name).parts[:-1]
        return chapter not in folders, len(folders)

    best = min(map(rank, same))
    nearest = [name for name in same if rank(name) == best]
    shown = ", ".join(one_line(name, 80) for name in nearest[:4])
    if len(nearest) > 1 or nearest[0] in handed.twice:
        submission.problems[module] = f"{module}.py was handed in more than once ({shown}): hand in one."
        submission.notes.append(submission.problems[module])
        return None
    if further := [one_line(name, 80) for name in same if name != nearest[0]]:
        submission.notes.append(f"{shown} is graded; left out: {', '.join(further[:4])}.")
    return nearest[0]


def _read_module(submission: Submission, handed: Handed, name: str, module: str) -> None:
    try:
        submission.modules[module] = decoded(handed.files[name]())
    except Unreadable as why:
        submission.problems[module] = f"{one_line(name, 80)} {why}."
        submission.notes.append(submission.problems[module])


def _read_notebook(submission: Submission, handed: Handed, notebooks: list[str], names: Sequence[str]) -> None:
    """Take the notebook: chNN.ipynb if there is one, or else the only one."""
    chapter = submission.chapter
    exact = [name for name in notebooks if PurePosixPath(name).name.lower() == f"{chapter}.ipynb"]
    candidates = exact or notebooks
    shallowest = min(len(PurePosixPath(name).parts) for name in candidates)
    nearest = [name for name in candidates if len(PurePosixPath(name).parts) == shallowest]
    name = nearest[0]
    shown = ", ".join(one_line(name, 80) for name in nearest[:4])
    if len(nearest) > 1 or name in handed.twice:
        _nothing(submission, names, f"There is more than one notebook ({shown}): hand in one, called {chapter}.ipynb.")
        return
    if further := [one_line(other, 80) for other in notebooks if other != name]:
        submission.notes.append(f"{shown} is graded; left out: {', '.join(further[:4])}.")
    try:
        submission.cells, notes = code_cells(handed.files[name]())
        submission.notes += notes
        if not submission.cells:
            _nothing(submission, names, f"{shown} has no code.")
    except Unreadable as why:
        _nothing(submission, names, f"{shown} {why}.")


def _left_out(chapter: str, names: list[str]) -> str:
    shown = ", ".join(one_line(name, 60) for name in names[:MAX_NAMED])
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return f"Left out, since only modules of {chapter} are taken: {shown}{more}."


# --- a class ------------------------------------------------------------------------------------


def find_submissions(
    path: Path | str, chapter: str, modules: Sequence[str] | None = None, out: Path | str | None = None
) -> list[tuple[str, Path]]:
    """(student's id, entry) for each submission at `path`: itself, or a folder with one entry a student.

    nbgrader's submitted/ada/ch08/ is the entry of ada. Ids are fit to be shown and unique, whatever the case. out: the
    folder of results, which is no entry. Raises UserError for a folder that can be read as both.
    """
    path = Path(path).resolve()
    names = list(chapter_modules(chapter) if modules is None else modules)
    results = Path(out).resolve() if out is not None else None
    entries = [entry for entry in _listing(path) if _is_entry(entry) and entry != results]
    if not path.is_dir() or _is_submission(path, entries, chapter, names):
        name = path.parent.name if path.name == chapter or path.stem == chapter else path.name
        return [(student_id(name), path)]
    found: list[tuple[str, Path]] = []
    seen: set[str] = set()
    for entry in entries:
        below = entry / chapter
        nbgraders = not os.path.islink(entry) and (os.path.isdir(below) or os.path.islink(below))
        student = _unique(student_id(entry.name), student_id(entry.name, whole=True), seen)
        found.append((student, below if nbgraders else entry))
    return found


def _listing(path: Path) -> list[Path]:
    """What lies in a folder, by name; nothing for a file."""
    return sorted(path.iterdir(), key=lambda entry: entry.name) if path.is_dir() else []


# os.path, not Path, whose is_file() and the like raise PermissionError for what lies in a student's folder of mode 000.
def _is_submission(folder: Path, entries: Sequence[Path], chapter: str, names: Sequence[str]) -> bool:
    """Whether a folder is one student's, and not a class's: it, or its folder for the chapter, has files of the chapter.

    Raises UserError if another entry has some as well: one stray file must not stand for a class, nor an old copy of
    one's work make one.
    """
    files = [f"{name}.py" for name in (*names, chapter)] + [f"{chapter}.ipynb"]
    own = [place / file for place in (folder, folder / chapter) for file in files if os.path.isfile(place / file)]
    other = next((entry for entry in entries if own and _holds_any(entry, files, chapter)), None)
    if other is None:
        return bool(own)
    stray, another = one_line(own[0].relative_to(folder), 80), one_line(other.name, 80)
    raise UserError(
        f"{folder} could be one submission, since it holds {stray}, or a class, since there is work of {chapter} in "
        f"{another}, too. For a class, put {stray} into a folder that has its student's name; for one submission, take "
        f"{another} out."
    )


def _holds_any(entry: Path, files: Sequence[str], chapter: str) -> bool:
    """Whether a folder or an archive, not of a chapter's name, has one of these files in it."""
    if re.fullmatch(r"ch\d\d", entry.name) or not (os.path.isdir(entry) or is_archive(entry.name)):
        return False
    try:
        inside = handed_in(entry).files
    except (Unreadable, OSError):
        return False
    return any(PurePosixPath(name).name in files and not _of_another_chapter(name, chapter) for name in inside)


def _is_entry(entry: Path) -> bool:
    """Whether something in a class's folder may be a student's: not litter, not one of the class's own lists."""
    return not is_litter(entry.name) and (os.path.isdir(entry) or entry.suffix.lower() not in CLASS_FILES)


def student_id(name: str, whole: bool = False) -> str:
    """A student's id from the name of an entry: fit to be shown, without the ending of a file unless `whole`."""
    if not whole:
        for ending in (*ARCHIVES, *FOREIGN, ".py", ".ipynb"):
            if name.lower().endswith(ending) and len(name) > len(ending):
                name = name[: -len(ending)].removesuffix(".tar")
                break
    return one_line(name, 100) or "unnamed"


def _unique(student: str, whole: str, seen: set[str]) -> str:
    """The id, made different from those that were given: by the entry's full name, then by a number."""
    candidates = (student, whole, *(f"{student} ({number})" for number in range(2, len(seen) + 3)))
    chosen = next(name for name in candidates if _alike(name) not in seen)
    seen.add(_alike(chosen))
    return chosen


def _alike(name: str) -> str:
    """What names have in common that look the same, or are the same to a file system (NFC and NFD, upper and lower case)."""
    return unicodedata.normalize("NFKC", name).casefold()
