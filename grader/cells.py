"""The code of a notebook: its cells as plain Python, in order, without those that only grade."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections import Counter
from collections.abc import Mapping
from typing import Any

from grader.archives import Unreadable
from grader.escape import one_line
from grader.sources import objection

MAX_CELLS = 2000
MAX_CODE = 2**20
# IPython's own syntax: %magic, !shell, x = %magic, x = !shell, ?help, help?. https://ipython.readthedocs.io
# Possessive (*+, ++), since a line of blanks could be split among the parts in very many ways.
_MAGIC = re.compile(
    r"^(?P<indent>\s*+)(?P<line>(?:[\w.,\s\[\]'\"]++=\s*+)?(?:%{1,2}[\w./~$(-]|!{1,2}\s*[\w./~$(-]).*|\?{1,2}\s*[\w.]+|[\w.]+\?{1,2})\s*$"
)
_TIMING = ("%%time", "%%timeit", "%%capture", "%%prun", "%%python", "%%python3", "%%ipython")
_KIT = re.compile(
    r"^from grader\.notebook import .*$|^from grader import notebook.*$|^import grader\.notebook.*$", re.M
)
_INERT = "check = worth = lambda *_, **__: None  # what the kit's own cells call; nothing is graded by them here"


def code_cells(data: bytes) -> tuple[list[str], list[str]]:
    """(cells, notes): the source of each code cell that may run, and a sentence for each thing left out.

    Raises Unreadable if it is no notebook of Python.
    """
    notebook = _parsed(data)
    notes: list[str] = []
    found: list[str] = []
    ids: Counter[str] = Counter()
    length = 0
    raw = [cell for cell in _cells(notebook) if isinstance(cell, Mapping)]
    if len(raw) > MAX_CELLS:
        notes.append(f"The notebook has {len(raw)} cells: only the first {MAX_CELLS} are looked at.")
    for number, cell in enumerate(raw[:MAX_CELLS], 1):
        marks = _marks(cell)
        if marks.get("grade_id") is not None:
            ids[str(marks["grade_id"])] += 1
        if cell.get("cell_type") != "code" or (marks.get("grade") is True and marks.get("solution") is not True):
            continue
        source = _source(cell)
        length += len(source)
        if length > MAX_CODE:
            raise Unreadable(f"holds more than {MAX_CODE // 2**20} MiB of code")
        if (source := _plain(source, number, notes)).strip():
            found.append(source)
    return found, notes + _about_ids(ids)


def _parsed(data: bytes) -> Mapping[str, Any]:
    try:
        text = data.decode("utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else data.decode("utf-8-sig")
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is not a notebook that can be read ({one_line(error, 80)})") from None
    if not isinstance(notebook, Mapping) or not ("cells" in notebook or "worksheets" in notebook):
        raise Unreadable("is not a notebook: it has no cells")
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    for place, name in (("kernelspec", "language"), ("language_info", "name")):
        part = metadata.get(place)
        language = part.get(name) if isinstance(part, Mapping) else None
        if isinstance(language, str) and language.lower() not in ("python", "python3", "ipython", ""):
            raise Unreadable(f"is a notebook of {one_line(language, 30)}, and not of Python")
    return notebook


def _cells(notebook: Mapping[str, Any]) -> list[Any]:
    """The cells, those of nbformat 3 too, which kept them in worksheets."""
    sheets = notebook.get("worksheets")
    if "cells" not in notebook and isinstance(sheets, list):
        return [cell for sheet in sheets if isinstance(sheet, Mapping) for cell in _listed(sheet.get("cells"))]
    return _listed(notebook.get("cells"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def _marks(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, Mapping) else None
    return marks if isinstance(marks, Mapping) else {}


def _about_ids(ids: Counter[str]) -> list[str]:
    """What was done to nbgrader's ids. It changes no grade here: the judge has the test cells, not the notebook."""
    notes = []
    if doubled := [one_line(name, 40) for name, count in ids.items() if count > 1]:
        notes.append(
            f"Cells stand in the notebook more than once: {', '.join(doubled[:8])}. All of them ran, in order."
        )
    suffix = "-solution"
    gone = [name.removesuffix(suffix) for name in ids if name.endswith(suffix) and name.removesuffix(suffix) not in ids]
    if gone:
        shown = ", ".join(one_line(name, 40) for name in gone[:8])
        notes.append(
            f"Test cells were deleted from the notebook, or their ids edited: {shown}. They are graded all the same."
        )
    return notes


# --- one cell as Python -------------------------------------------------------------------------


def _plain(source: str, number: int, notes: list[str]) -> str:
    """A cell's source without what only IPython understands; empty if it may not run."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    if why := objection(source):
        notes.append(f"Cell {number} was left out: {why}.")
        return ""
    first, _, rest = source.lstrip().partition("\n")
    if first.startswith("%%"):
        magic = first.split()[0]
        if magic not in _TIMING:
            notes.append(f"Cell {number} was left out: {one_line(magic, 30)} is not Python.")
            return ""
        source = rest
    return _without_magics(_KIT.sub(_INERT, source), number, notes)


def _without_magics(source: str, number: int, notes: list[str]) -> str:
    """Turn magics and shell lines into comments that hold their place in a block."""
    lines = source.split("\n")
    found = {place: match for place, line in enumerate(lines) if len(line) < 2000 and (match := _MAGIC.match(line))}
    if not found or _is_python(source):  # within a string, or a % that divides
        return source
    for place, match in found.items():
        lines[place] = f"{match['indent']}pass  # {match['line']}"
    shown = "; ".join(one_line(match["line"], 40) for match in list(found.values())[:4])
    notes.append(f"Cell {number}: lines that are not Python did not run: {shown}.")
    return "\n".join(lines)


def _is_python(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
