"""`grader build`: from solutions/, the single source, to what a student gets: stubs, and the traces of the named bugs."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grader import diagnosis, strategies
from grader.bugs import Patch, load_bugs
from grader.chapter import Chapter, load_chapter, shown
from grader.diagnosis import RIGHT, Diagnoses, Trace, alike, informative, sign_trace
from grader.errors import UserError
from grader.host import Host
from grader.judge import TRACED
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
    chapter: Chapter, only: Iterable[str], progress: Callable[[str], None] | None = None
) -> tuple[dict[str, dict[str, Trace]], dict[str, dict[str, Trace]]]:
    """Traces of the named bugs of these exercises, on visible and on hidden checks: check → bug → trace.

    chapter: loaded with its hidden checks.
    """
    from grader.judge import trace_check  # the judge reads diagnoses; only their making needs the judge
    from grader.worker import quiet_tensorflow

    quiet_tensorflow()
    visible: dict[str, dict[str, Trace]] = {}
    hidden: dict[str, dict[str, Trace]] = {}
    # Two of them: a check that takes the reference needs one beside the student that it traces.
    reference, untouched = (open_local(chapter, reference_modules(chapter)) for _ in range(2))
    wanted = set(only)
    checks = [check for check in chapter.checks if check.exercise in wanted and not check.capstone]
    for check in checks:
        side = hidden if check.hidden else visible
        side[check.name] = {RIGHT: sign_trace(trace_check(check, untouched, reference))}
    for bug in load_bugs(chapter):
        if bug.exercise not in wanted:
            continue
        if progress is not None:
            progress(bug.id)
        student = open_local(chapter, reference_modules(chapter, bug))
        for check in checks:
            if check.exercise != bug.exercise:
                continue
            side = hidden if check.hidden else visible
            right = side[check.name][RIGHT]
            trace = sign_trace(trace_check(check, student, reference))
            if not alike(trace, right) and informative(trace, right):
                side[check.name][bug.name] = trace
        student.close()
    reference.close()
    return visible, hidden


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
        _build_diagnoses(chapter, built, check, progress)
    return built


def _build_diagnoses(chapter: Chapter, built: Built, check: bool, progress: Callable[[str], None] | None) -> None:
    """Record the traces of those exercises whose reference, bugs or checks changed since they were stored."""
    places = [folder / diagnosis.FILE for folder in (chapter.folder, chapter.solutions)]
    stored = [diagnosis.read(path) if path.exists() else Diagnoses() for path in places]
    inputs = inputs_of(chapter)
    stale = [name for name in inputs if stored[0].inputs.get(name) != inputs[name]]
    head = Diagnoses({bug.id: bug.text for bug in load_bugs(chapter)}, {}, signatures_of(chapter), inputs)
    same = (stored[0].sentences, stored[0].signatures, stored[0].inputs) == (head.sentences, head.signatures, inputs)
    if same and all(path.exists() for path in places):
        return
    if check:
        names = f" ({', '.join(stale)})" if stale else ""
        built.stale.append(
            f"{shown(places[0])} is not what the named bugs of {chapter.name} do now{names}. Run: grader build {chapter.name}"
        )
        return
    kept = {c.name for c in chapter.checks if c.exercise not in stale}
    sides = (head, Diagnoses())
    for old, side in zip(stored, sides, strict=True):
        side.traces = {name: old.traces[name] for name in old.traces if name in kept}
    head.inputs = {name: digest for name, digest in inputs.items() if name not in stale}
    for name in [*stale, None]:  # written after each exercise: a build that is ended goes on where it stopped
        if name is not None:
            for side, new in zip(sides, record(chapter, [name], progress), strict=True):
                side.traces = {**side.traces, **new}
            head.inputs[name] = inputs[name]
        for path, side in zip(places, sides, strict=True):
            diagnosis.write(path, side)
    built.written += places


def inputs_of(chapter: Chapter) -> dict[str, str]:
    """For every exercise, a digest of all that its bugs' traces follow from."""
    bugs: dict[str, list[str]] = {}
    for bug in load_bugs(chapter):
        bugs.setdefault(bug.exercise, []).append(f"{bug.name}\n{bug.source}")
    probes = chapter.folder / "probes.py"
    draws = Path(strategies.__file__).read_text(encoding="utf-8")
    found = {}
    for name, home in chapter.home.items():
        parts = [f"{diagnosis.VERSION}, {TRACED} examples", draws, name, *bugs.get(name, [])]
        for path in (
            chapter.folder / f"test_{home}.py",
            chapter.solutions / f"test_{home}.py",
            chapter.solutions / f"{home}.py",
            probes,
        ):
            parts.append(path.read_text(encoding="utf-8") if path.is_file() else "")
        found[name] = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    return found
