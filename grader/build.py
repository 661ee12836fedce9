"""`grader build`: from solutions/, the single source, to what a student gets: stubs, and the traces of the named bugs."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grader import diagnosis
from grader.bugs import Patch, load_bugs
from grader.chapter import Chapter, load_chapter, shown
from grader.diagnosis import RIGHT, Diagnoses, Trace, alike, informative, sign_trace
from grader.errors import UserError
from grader.host import Host
from grader.student import Local, Student

BEGIN, END = re.compile(r"^(\s*)### BEGIN SOLUTION\s*$"), re.compile(r"^\s*### END SOLUTION\s*$")


class MarkerError(UserError):
    """Solution markers that are unclosed, nested or out of place. The message begins with file:line."""


def stub(source: str, file: str) -> str:
    """A reference without its solutions: each region becomes `raise NotImplementedError`, or vanishes at module level."""
    kept: list[str] = []
    opened: tuple[int, str] | None = None
    for number, line in enumerate(source.splitlines(), 1):
        if begin := BEGIN.match(line):
            if opened is not None:
                raise MarkerError(f"{file}:{number}: a solution begins inside the one that began in line {opened[0]}.")
            opened = (number, begin.group(1))
            if begin.group(1):
                kept.append(f"{begin.group(1)}raise NotImplementedError")
        elif END.match(line):
            if opened is None:
                raise MarkerError(f"{file}:{number}: a solution ends here that never began.")
            opened = None
        elif "BEGIN SOLUTION" in line or "END SOLUTION" in line:
            raise MarkerError(
                f"{file}:{number}: a marker stands alone on its line, as ### BEGIN SOLUTION or ### END SOLUTION."
            )
        elif opened is None:
            kept.append(line.rstrip())
    if opened is not None:
        raise MarkerError(f"{file}:{opened[0]}: a solution begins here and never ends.")
    text = re.sub(r"\n{4,}", "\n\n\n", "\n".join(kept).strip("\n") + "\n")
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise MarkerError(
            f"{file}: without its solutions it is no Python (stub line {error.lineno}: {error.msg})."
        ) from None
    return text


def stubs(chapter: Chapter) -> dict[Path, str]:
    """The stub of every module of a chapter, by the path where it belongs."""
    found = {}
    for name in chapter.module_names:
        path = chapter.solutions / f"{name}.py"
        found[chapter.folder / f"{name}.py"] = stub(path.read_text(encoding="utf-8"), shown(path))
    return found


def reference_modules(chapter: Chapter, patch: Patch | None = None) -> dict[str, tuple[str, str]]:
    """The references as a Host takes them, one of them patched."""
    modules, problems = chapter.read_modules(chapter.solutions)
    if problems:
        raise MarkerError(" ".join(problems.values()))
    if patch is not None:
        modules[patch.module] = (patch.source, f"{patch.module}.py")
    return modules


def open_local(chapter: Chapter, modules: dict[str, tuple[str, str]]) -> Student:
    """A Student of these modules in this process."""
    return Student(Local(Host(**chapter.host_arguments(modules))), chapter.seconds())


def record(
    chapter: Chapter, progress: Callable[[str], None] | None = None, only: Iterable[str] | None = None
) -> tuple[Diagnoses, Diagnoses]:
    """Traces of the named bugs, on visible and on hidden checks. chapter: loaded with its hidden checks."""
    from grader.judge import trace_check  # the judge reads diagnoses; only their making needs the judge
    from grader.worker import quiet_tensorflow

    quiet_tensorflow()
    bugs = load_bugs(chapter)
    signatures = signatures_of(chapter)
    visible: dict[str, dict[str, Trace]] = {}
    hidden: dict[str, dict[str, Trace]] = {}
    reference = open_local(chapter, reference_modules(chapter))
    wanted = set(chapter.exercises) if only is None else set(only)
    for check in chapter.checks:
        if not check.capstone and check.exercise in wanted:
            side = hidden if check.hidden else visible
            side[check.name] = {RIGHT: sign_trace(trace_check(check, reference, reference))}
    for bug in bugs:
        if bug.exercise not in wanted:
            continue
        student = open_local(chapter, reference_modules(chapter, bug))
        for check in chapter.checks_of(bug.exercise):
            if check.capstone:
                continue
            side = hidden if check.hidden else visible
            right = side[check.name][RIGHT]
            trace = sign_trace(trace_check(check, student, reference))
            if not alike(trace, right) and informative(trace, right):
                side[check.name][bug.name] = trace
        student.close()
        if progress is not None:
            progress(bug.id)
    reference.close()
    return Diagnoses({bug.id: bug.text for bug in bugs}, visible, signatures), Diagnoses({}, hidden, {})


def signatures_of(chapter: Chapter) -> dict[str, str]:
    """Every exercise's signature as the reference has it: "conv2d(x, w, b, stride=1, padding='valid')"."""
    found = {}
    for name, home in chapter.home.items():
        tree = ast.parse((chapter.solutions / f"{home}.py").read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                found[name] = f"{name}({ast.unparse(node.args)})"
            if isinstance(node, ast.ClassDef) and node.name == name:
                made = [m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"]
                arguments = ast.unparse(made[0].args).removeprefix("self").removeprefix(", ") if made else ""
                found[name] = f"{name}({arguments})"
    return found


@dataclass
class Built:
    """What a build wrote, or with check=True, what is out of step: one sentence each."""

    written: list[Path] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


def build(
    names: Iterable[str],
    check: bool = False,
    root: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Built:
    """Write exercises/ from solutions/; with check=True write nothing and say what differs."""
    built = Built()
    for name in names:
        chapter = load_chapter(name, hidden=True, root=root)
        for path, text in stubs(chapter).items():
            if path.exists() and path.read_text(encoding="utf-8") == text:
                continue
            if check:
                built.stale.append(f"{shown(path)} is not what solutions/{name} makes of it. Run: grader build {name}")
            else:
                path.write_text(text, encoding="utf-8")
                built.written.append(path)
        for folder, made in zip((chapter.folder, chapter.solutions), record(chapter, progress), strict=True):
            path = folder / diagnosis.FILE
            if path.exists() and _same(diagnosis.read(path), made):
                continue
            if check:
                built.stale.append(
                    f"{shown(path)} is not what the named bugs of {name} do now. Run: grader build {name}"
                )
            else:
                diagnosis.write(path, made)
                built.written.append(path)
    return built


def _same(a: Diagnoses, b: Diagnoses) -> bool:
    """Whether two sets of diagnoses agree; traces may differ by rounding, as they do between machines."""
    if a.sentences != b.sentences or a.signatures != b.signatures or set(a.traces) != set(b.traces):
        return False
    return all(
        set(a.traces[check]) == set(b.traces[check])
        and all(alike(a.traces[check][bug], b.traces[check][bug]) for bug in a.traces[check])
        for check in a.traces
    )
