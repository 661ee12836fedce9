"""Takes a reference module apart, into what becomes a notebook's cells."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from grader.build import BEGIN, END, stub
from grader.chapter import Chapter, shown


@dataclass
class ExerciseCell:
    """One exercise: its signature, its whole docstring, and its definition, the docstring cut to the first line."""

    signature: str
    docstring: str
    source: str


@dataclass
class ModuleCells:
    """A module's parts: what it imports; its given code; the reference's private code, in one region; its exercises."""

    docstring: str
    imports: list[str] = field(default_factory=list)
    given: str = ""
    private: str = ""
    exercises: dict[str, ExerciseCell] = field(default_factory=dict)


def split_module(path: Path, chapter: Chapter) -> ModuleCells:
    """The parts of a reference module. Raises MarkerError where its regions are not in order."""
    source = path.read_text(encoding="utf-8")
    stub(source, shown(path))  # complains about markers that are unclosed, nested or out of place
    lines = source.splitlines()
    regions = _top_level_regions(lines)
    tree = ast.parse(source)
    cells = ModuleCells(ast.get_docstring(tree) or "")
    given = []
    for node in tree.body:
        first, last = _first_line(node), node.end_lineno or node.lineno
        if any(begin < first <= end for begin, end in regions) or _is_text(node):
            continue
        text = "\n".join(lines[first - 1 : last])
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if not _is_own(node, chapter):
                cells.imports.append(text)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)) and chapter.home.get(node.name) == path.stem:
            cells.exercises[node.name] = _exercise(node, lines, first, last)
        else:
            given.append(_with_comment(lines, first, last))
    cells.given = "\n\n\n".join(given)
    private = ["\n".join(lines[begin : end - 1]).strip("\n") for begin, end in regions]
    if private:
        body = "\n\n\n".join(private)
        cells.private = f"### BEGIN SOLUTION\n{body}\n### END SOLUTION"
    order = list(chapter.exercises)
    cells.exercises = dict(sorted(cells.exercises.items(), key=lambda item: order.index(item[0])))
    return cells


def _top_level_regions(lines: list[str]) -> list[tuple[int, int]]:
    """(line of BEGIN, line of END) of every region at module level, counted from 1."""
    regions, opened = [], None
    for number, line in enumerate(lines, 1):
        if (begin := BEGIN.match(line)) and not begin.group(1):
            opened = number
        elif END.match(line) and opened is not None:
            regions.append((opened, number))
            opened = None
    return regions


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _with_comment(lines: list[str], first: int, last: int) -> str:
    """A statement with the comment that stands right above it."""
    while first > 1 and lines[first - 2].startswith("#") and "SOLUTION" not in lines[first - 2]:
        first -= 1
    return "\n".join(lines[first - 1 : last])


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_own(node: ast.Import | ast.ImportFrom, chapter: Chapter) -> bool:
    """Whether an import is of the chapter's own modules: in a notebook all is in one namespace."""
    if isinstance(node, ast.ImportFrom):
        return node.level > 0 or node.module in chapter.module_names or node.module == "__future__"
    return all(alias.name in chapter.module_names for alias in node.names)


def _exercise(node: ast.FunctionDef | ast.ClassDef, lines: list[str], first: int, last: int) -> ExerciseCell:
    """The definition with the END marker of a region that closes it, and with a docstring of one line."""
    while last < len(lines) and (not lines[last].strip() or lines[last][:1] in " \t"):
        last += 1  # the END marker is a comment, so it is outside of the node
    docstring = ast.get_docstring(node) or ""
    kept = lines[first - 1 : last]
    if docstring:
        text = node.body[0]
        begin, end = text.lineno - first, (text.end_lineno or text.lineno) - first
        summary = docstring.split("\n\n")[0].replace("\n", f"\n{' ' * text.col_offset}")
        kept[begin : end + 1] = [f'{" " * text.col_offset}"""{summary}"""']
    return ExerciseCell(_signature(node), docstring, "\n".join(kept).rstrip())


def _signature(node: ast.FunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.FunctionDef):
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        return f"{node.name}({ast.unparse(node.args)}){returns}"
    methods = [item for item in node.body if isinstance(item, ast.FunctionDef) and not item.name.startswith("_")]
    made = [item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"]
    bases = f"({', '.join(map(ast.unparse, node.bases))})" if node.bases else ""
    listed = "\n".join(f"    def {item.name}({ast.unparse(item.args)})" for item in [*made, *methods])
    return f"class {node.name}{bases}:\n{listed}" if listed else f"class {node.name}{bases}"


# --- docstrings as Markdown ---------------------------------------------------------------------


def as_markdown(docstring: str) -> str:
    """A statement as Markdown: prose as prose, and what is aligned or indented as it stands, in a fence."""
    blocks: list[tuple[bool, str]] = []
    for block in re.split(r"\n\s*\n", docstring.strip("\n")):
        prose = _is_prose(block.splitlines())
        if not prose and blocks and not blocks[-1][0]:  # aligned blocks that follow one another are one picture
            blocks[-1] = (False, f"{blocks[-1][1]}\n\n{block}")
        else:
            blocks.append((prose, block))
    return "\n\n".join(
        _escaped(block) if prose else f"```text\n{textwrap.dedent(block)}\n```" for prose, block in blocks
    )


def _is_prose(lines: list[str]) -> bool:
    """Whether a block of a docstring is a paragraph or a list; otherwise its spaces mean something."""
    if any(re.search(r"\S {2,}\S", line) for line in lines):
        return False
    listed = re.match(r"[-*] |\d+\. ", lines[0])
    return not any(line.startswith("    " if listed else " ") for line in lines)


def _escaped(text: str) -> str:
    """Prose whose `1*1`, `__init__`, `$` and `a<b` stay what they are; between backticks nothing changes."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"(?<=\w)\*(?=\w)|__|\$|<(?=[A-Za-z/!?])|\](?=\()", r"\\\g<0>", part)
        for part in parts
    )
