"""What nbgrader reads of a submission, made safe before nbgrader trusts it.

nbgrader 0.9.6 loses a student (broken JSON, a BOM, a deleted test cell) or the whole batch (a duplicated grade id, an
edited schema version) to what stands in a submitted notebook. Here, whatever was handed in becomes a whole notebook:
the locked cells as they were released, and between them the student's own.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode, v4
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor

from grader.escape import one_line

MAX_BYTES = 20 * 2**20
SCHEMA = 3


class UnreadableNotebook(Exception):
    """The file is no notebook. The message is a sentence for the student."""


# --- reading ------------------------------------------------------------------------------------


class ReadNotebook(NotebookExporter):
    """nbgrader's exporter, reading any file: one that is no notebook gives an empty one, and a note in `resources`."""

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> Any:
        if not getattr(self.parent, "_sanitizing", True):  # the second pass, over what the first one wrote
            return super().from_filename(filename, resources=resources, **kw)
        resources = resources if resources is not None else ResourcesDict()
        path = Path(filename)
        resources["metadata"] = ResourcesDict(name=path.stem, path=str(path.parent))
        try:
            notebook = read_notebook(path)
        except UnreadableNotebook as problem:
            self.log.warning("%s: %s It is graded as an empty notebook.", filename, problem)
            notebook = v4.new_notebook(cells=[v4.new_markdown_cell(f"**{problem}**")])
        return self.from_notebook_node(notebook, resources=resources, **kw)


def read_notebook(path: Path) -> NotebookNode:
    """The cells of a file as a fresh, valid notebook without outputs. Raises UnreadableNotebook.

    Links are not followed: one could point at another student's work, or at the references.
    """
    if any(part.is_symlink() for part in (path, path.parent, path.parent.parent)):
        raise UnreadableNotebook(f"{path.name} is a link, and links are not followed. Hand in the file itself.")
    try:
        if not path.is_file():
            raise UnreadableNotebook(f"{path.name} is no file.")
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableNotebook(f"{path.name} is larger than {MAX_BYTES >> 20} MB. Clear its outputs and save it.")
        content = json.loads(_decode(path.read_bytes()))
        if isinstance(content, dict) and content.get("nbformat", 4) in (1, 2, 3):
            content = nbformat.convert(nbformat.from_dict(content), 4)
        cells = content["cells"]
        return v4.new_notebook(cells=[cell for cell in map(_cell, cells) if cell is not None])
    except UnreadableNotebook:
        raise
    except Exception as error:  # a file may be anything, and what nbformat raises is not to be listed
        reason = one_line(error, 80) or type(error).__name__
        raise UnreadableNotebook(f"{path.name} is not a notebook that can be read ({reason}).") from None


def _decode(data: bytes) -> str:
    """Text with or without a byte order mark; UTF-16 is known by its mark."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def _cell(raw: Any) -> NotebookNode | None:
    """One cell made anew from what is wanted of it: kind, text, nbgrader's id."""
    if not isinstance(raw, Mapping):
        return None
    source = raw.get("source", "")
    source = "".join(map(str, source)) if isinstance(source, list) else str(source)
    if raw.get("cell_type") == "code":
        cell = v4.new_code_cell(source)
    elif raw.get("cell_type") == "raw":  # shown as raw HTML otherwise
        cell = v4.new_markdown_cell(f"```text\n{source}\n```")
    else:
        cell = v4.new_markdown_cell(source)
    metadata = raw.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, Mapping) else None
    if isinstance(marks, Mapping) and isinstance(marks.get("grade_id"), str):
        cell.metadata.nbgrader = NotebookNode(grade_id=marks["grade_id"])
    return cell


# --- restoring ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Released:
    """A cell of the released notebook, as the gradebook keeps it. points: None if it is worth none; task: a written one."""

    grade_id: str
    cell_type: str
    source: str
    locked: bool
    solution: bool
    points: float | None
    checksum: str | None
    task: bool = False

    def metadata(self) -> NotebookNode:
        marks: dict[str, Any] = {
            "schema_version": SCHEMA,
            "grade": self.points is not None and not self.task,
            "grade_id": self.grade_id,
            "locked": self.locked,
            "solution": self.solution,
            "task": self.task,
            "cell_type": self.cell_type,
        }
        if self.points is not None:
            marks["points"] = self.points
        if self.checksum is not None:
            marks["checksum"] = self.checksum
        return NotebookNode(nbgrader=NotebookNode(marks))

    def cell(self) -> NotebookNode:
        """The cell as it was released."""
        new = v4.new_code_cell if self.cell_type == "code" else v4.new_markdown_cell
        return new(self.source, metadata=self.metadata())


class RestoreCells(NbGraderPreprocessor):
    """Puts every locked cell back as it was released, once and in its place, and leaves the rest to the student.

    Stands where DeduplicateIds and OverwriteCells stood. An id counts once; an id that was not released counts as none.
    """

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        info = resources["nbgrader"]
        with Gradebook(info["db_url"]) as book:
            notebook = book.find_notebook(info["notebook"], info["assignment"])
            tasks = {cell.name for cell in notebook.task_cells}
            worth = {cell.name: float(cell.max_score) for cell in (*notebook.grade_cells, *notebook.task_cells)}
            solutions = {cell.name for cell in notebook.solution_cells}
            released = [
                Released(
                    cell.name,
                    cell.cell_type,
                    cell.source,
                    bool(cell.locked),
                    cell.name in solutions,
                    worth.get(cell.name),
                    cell.checksum,
                    cell.name in tasks,
                )
                for cell in notebook.source_cells
            ]
        nb.cells, changes = restored(nb.cells, released, self._lecture(info["assignment"], info["notebook"]))
        for change in changes:
            self.log.warning("%s, %s: %s", info["student"], info["notebook"], change)
        return nb, resources

    def _lecture(self, assignment: str, notebook: str) -> dict[str, Any]:
        """The released notebook's Markdown: text → its pictures. What a student left as it was is ours, and safe."""
        course = self.parent.parent.coursedir
        path = Path(course.format_path(course.release_directory, ".", assignment)) / f"{notebook}.ipynb"
        cells = nbformat.read(path, as_version=4).cells if path.is_file() else []
        return {cell.source: cell.get("attachments") for cell in cells if cell.cell_type == "markdown"}


def restored(
    cells: list[NotebookNode], released: list[Released], lecture: Mapping[str, Any]
) -> tuple[list[NotebookNode], list[str]]:
    """The notebook's cells with all locked ones as released, and a sentence for each thing that was put right.

    lecture: the released Markdown, text → attachments.
    """
    known = {cell.grade_id: cell for cell in released}
    kept: list[NotebookNode] = []
    seen: set[str] = set()
    changes = []
    for cell in cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id is not None and (grade_id not in known or grade_id in seen):
            what = "stands there more than once" if grade_id in seen else "was never released"
            changes.append(f"The cell id {one_line(grade_id, 60)} {what}: the cell counts as the student's own.")
            grade_id = None
        if grade_id is None:
            kept.append(_own(cell, lecture))
            continue
        seen.add(grade_id)
        original = known[grade_id]
        if original.locked:
            if cell.source != original.source or cell.cell_type != original.cell_type:
                changes.append(f"The locked cell {grade_id} was edited, and is put back as it was.")
            kept.append(original.cell())
        else:
            new = v4.new_code_cell if original.cell_type == "code" else v4.new_markdown_cell
            kept.append(_safe(new(cell.source, metadata=original.metadata()), lecture))
    place = 0
    for original in released:
        at = next((i for i, cell in enumerate(kept) if _id(cell) == original.grade_id), None)
        if at is None and (original.locked or original.points is not None):
            changes.append(f"The locked cell {original.grade_id} was deleted, and is put back.")
            at = place
            kept.insert(at, original.cell())
        if at is not None:
            place = at + 1
    return kept, changes


def _id(cell: NotebookNode) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _own(cell: NotebookNode, lecture: Mapping[str, Any]) -> NotebookNode:
    """A cell of the student's own: it has no id."""
    cell.metadata.pop("nbgrader", None)
    return _safe(cell, lecture)


def _safe(cell: NotebookNode, lecture: Mapping[str, Any]) -> NotebookNode:
    """A cell with Markdown that could do more than be read shown as it was typed, unless it is as it was released."""
    if cell.cell_type == "markdown" and cell.source in lecture:
        if lecture[cell.source]:
            cell.attachments = lecture[cell.source]
    elif cell.cell_type == "markdown" and not is_harmless(cell.source):
        fence = "`" * (3 + max(map(len, re.findall("`+", cell.source)), default=0))
        cell.source = f"{fence}text\n{cell.source}\n{fence}"
    return cell


# Macros of MathJax's that lead somewhere, load something or set attributes: https://docs.mathjax.org/en/latest/options/safe.html
_TEX = "href|url|style|class|cssId|data|html[A-Za-z]*|require|unicode|mmlToken|bbox|includegraphics"


def is_harmless(markdown: str) -> bool:
    """Whether Markdown has no HTML, no picture, no link but to the web, and none of TeX's ways to these.

    nbconvert passes HTML and `javascript:` through, and the page is opened by whoever grades. A picture may be of any
    address, and one that is attached but missing breaks nbgrader's feedback. MathJax makes links and attributes of some
    macros, unless a course's own mathjax_url loads its extension Safe.
    """
    if re.search(r"<[A-Za-z/!?]|!\[|&#?\w+;", markdown) or re.search(rf"\\({_TEX})(?![A-Za-z])", markdown):
        return False
    targets = re.findall(r"\]\s*\(\s*([^)\s]*)", markdown) + re.findall(r"\]:\s*(\S*)", markdown)
    return all(re.fullmatch(r"(https?://|mailto:|#)[^\"'<>\\]*", target) for target in targets)


# --- files beside the notebook ------------------------------------------------------------------


def before_student(assignment: str, student: str, notebooks: list[str]) -> None:
    """nbgrader's pre_convert_hook: takes links and odd files out of a submitted folder before nbgrader copies it.

    nbgrader follows links, so that a link to another's file would come back to the student as feedback. A small text
    file that says where the link pointed takes its place.
    """
    for folder in {Path(notebook).parent for notebook in notebooks}:
        if folder.is_symlink() or folder.parent.is_symlink():
            continue  # read_notebook refuses what is in it
        for path in [path for path in folder.rglob("*") if path.is_symlink() or not (path.is_file() or path.is_dir())]:
            if path.suffix == ".ipynb":
                continue  # nbgrader wants to see it; read_notebook refuses it
            said = f"a link to {os.readlink(path)}" if path.is_symlink() else "no ordinary file"
            path.unlink()
            path.with_name(f"{path.name}.refused.txt").write_text(
                f"{path.name} was {said}. Links and devices are not graded.\n", encoding="utf-8", errors="replace"
            )


def forgive_timestamps() -> None:
    """Let a timestamp.txt that cannot be read count as none.

    nbgrader 0.9.6 answers one with CourseDirectory.fail, which does not exist, and the student is lost. The file comes
    from the student: nothing that costs or earns points may rest on it.
    """
    original = CourseDirectory.get_existing_timestamp
    if getattr(original, "forgiving", False):
        return

    def get_existing_timestamp(self: CourseDirectory, dest_path: str) -> Any:
        path = Path(dest_path) / "timestamp.txt"
        if path.is_symlink() or not path.is_file() or path.stat().st_size > 200:
            return None
        try:
            return original(self, dest_path)
        except Exception:
            self.log.warning("%s is no timestamp, and is ignored.", path)
            return None

    get_existing_timestamp.forgiving = True  # type: ignore[attr-defined]
    CourseDirectory.get_existing_timestamp = get_existing_timestamp
