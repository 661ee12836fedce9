"""Named bugs and correct variants: small patches of the references, kept beside them.

bugs.<module>.toml and variants.<module>.toml hold one table for each: [exercise.name] with `sentence` (a bug) or `reason`
(a variant), and either `change` (pairs of old and new text; each old text occurs exactly once in the exercise's
definition) or `code` (a whole new definition), and perhaps `also` (module-level code in front of it).
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.chapter import Chapter
from grader.errors import UserError


class PatchError(UserError):
    """A bug or variant that cannot be made from the reference. The message names file and entry."""


@dataclass(frozen=True)
class Patch:
    """One changed reference. text: the bug's sentence, or the variant's reason; source: the whole module, changed."""

    exercise: str
    name: str
    module: str
    text: str
    source: str

    @property
    def id(self) -> str:
        return f"{self.exercise}.{self.name}"


def load_bugs(chapter: Chapter) -> list[Patch]:
    """All named bugs of a chapter, in the order of its exercises."""
    return _load(chapter, "bugs", "sentence")


def load_variants(chapter: Chapter) -> list[Patch]:
    """All recorded correct variants of a chapter."""
    return _load(chapter, "variants", "reason")


def _load(chapter: Chapter, kind: str, key: str) -> list[Patch]:
    found = [
        patch for path in sorted(chapter.solutions.glob(f"{kind}.*toml")) for patch in _patches(chapter, path, key)
    ]
    order = list(chapter.exercises)
    return sorted(found, key=lambda patch: order.index(patch.exercise))


def _patches(chapter: Chapter, path: Path, key: str) -> Iterator[Patch]:
    for exercise, entries in _tables(path).items():
        if exercise not in chapter.exercises:
            continue  # the audit complains of it; an exercise in the making is no error
        module = chapter.home[exercise]
        source = (chapter.solutions / f"{module}.py").read_text(encoding="utf-8")
        for name, entry in entries.items():
            where = f"{path}: [{exercise}.{name}]"
            unknown = set(entry) - {key, "change", "code", "also"}
            if unknown or key not in entry or ("change" in entry) == ("code" in entry):
                raise PatchError(
                    f"{where} needs {key}, and either change or code; {', '.join(unknown) or 'check them'}."
                )
            changed = apply(source, exercise, entry, where)
            yield Patch(exercise, name, module, " ".join(str(entry[key]).split()), changed)


def _tables(path: Path) -> dict:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise PatchError(f"{path}: {error}.") from None


def strangers(chapter: Chapter) -> list[str]:
    """Tables of bugs or variants that belong to no exercise of the chapter: one sentence each."""
    return [
        f"{path.name}: [{exercise}.…] belongs to no exercise of {chapter.name}."
        for kind in ("bugs", "variants")
        for path in sorted(chapter.solutions.glob(f"{kind}.*toml"))
        for exercise in _tables(path)
        if exercise not in chapter.exercises
    ]


def apply(source: str, exercise: str, entry: dict, where: str) -> str:
    """The module's source with the exercise's definition patched."""
    start, body, end = span(source, exercise, where)
    definition = source[start:end]
    if "code" in entry:
        definition = entry["code"].strip("\n") + "\n"
    else:
        head, rest = source[start:body], source[body:end]
        for old, new in entry["change"]:
            if rest.count(old) != 1:
                raise PatchError(f"{where}: {old!r} occurs {rest.count(old)} times in {exercise}, not once.")
            rest = rest.replace(old, new)
        definition = head + rest
    also = entry.get("also", "").strip("\n")
    changed = source[:start] + (also + "\n\n\n" if also else "") + definition + source[end:]
    try:
        ast.parse(changed)
    except SyntaxError as error:
        raise PatchError(f"{where}: the changed module is no Python: {error}.") from None
    return changed


def span(source: str, exercise: str, where: str = "") -> tuple[int, int, int]:
    """Offsets of an exercise's definition: its beginning, the end of its docstring, its end."""
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == exercise:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
            head = node.body[0]
            documented = isinstance(head, ast.Expr) and isinstance(head.value, ast.Constant)
            body = starts[head.end_lineno or 0] if documented else starts[node.lineno]
            return starts[first], body, starts[node.end_lineno or 0]
    raise PatchError(f"{where}: the reference does not define {exercise}.")
