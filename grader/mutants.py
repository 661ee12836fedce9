"""Mutants: references that are wrong in one place, made by rule and not by imagination.

Two sets of rules are laid on the lines between the solution markers: cosmic-ray's operators, and those of
`grader.mutation_operators` and `grader.mutation_layers`. Mutants with the same syntax tree are one mutant.

A mutant that no check can kill because nothing observable changed is *equivalent*: solutions/chNN/equivalent.<module>.toml
says so with a reason that a reader can verify:

    [[conv2d]]
    reason = "Both halves of the condition say the same: total is never negative."
    changes = [["the line as it is", "the line as the mutant has it"]]

A third item numbers the line among equal lines of the definition, from 1, where there are several.
"""

from __future__ import annotations

import ast
import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader import mutation_operators  # noqa: F401 - importing it registers its operators
from grader.build import BEGIN, END
from grader.chapter import Chapter
from grader.errors import UserError
from grader.mutation_code import OPERATORS, Code
from grader.mutation_layers import category

# Drawn at random by cosmic-ray (a variable becomes some number): the same mutant would be another one tomorrow.
RANDOM_OPERATORS = ("VariableReplacer", "VariableInserter")


@dataclass(frozen=True)
class Mutant:
    """One wrong reference.

    owner: the top-level definition that was changed; exercises: whose checks have to notice (several where the owner is a
    private helper); line: of the module; was, now: the changed lines, stripped; occurrence: which of several equal lines,
    from 1; source: the whole module, changed.
    """

    owner: str
    module: str
    operator: str
    line: int
    was: str
    now: str
    occurrence: int
    exercises: tuple[str, ...]
    source: str = field(repr=False)

    @property
    def id(self) -> str:
        """A name that stays while the changed line and its definition's name do: "conv2d#1f0c9a"."""
        text = "\0".join((self.owner, self.was, self.now, str(self.occurrence)))
        return f"{self.owner}#{hashlib.sha1(text.encode()).hexdigest()[:6]}"

    @property
    def diff(self) -> str:
        """The change as a reader sees it: lines with - and +."""
        old = [f"- {line}" for line in self.was.split("\n")]
        new = [f"+ {line}" for line in self.now.split("\n")] if self.now else ["+ (nothing)"]
        return "\n".join(old + new)


class Module:
    """A reference module: its definitions, the lines between its markers, and which exercises need which definition."""

    def __init__(self, chapter: Chapter, name: str) -> None:
        self.chapter, self.name = chapter, name
        self.source = (chapter.solutions / f"{name}.py").read_text(encoding="utf-8")
        self.code = Code(self.source)
        self.definitions = definitions(self.code.tree)
        self.open_lines = _open_lines(self.source)

    def owner(self, line: int) -> str:
        """The definition that a line belongs to, or ""."""
        for name, node in self.definitions.items():
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            if first <= line <= (node.end_lineno or 0):
                return name
        return ""

    def exercises_of(self, owner: str) -> tuple[str, ...]:
        """The exercises whose checks must notice a mutant of `owner`: itself, or those that reach a helper without going
        through another exercise."""
        mine = [name for name in self.chapter.exercises if self.chapter.home[name] == self.name]
        if owner in mine:
            return (owner,)
        return tuple(name for name in mine if owner in self.reached(name))

    def reached(self, start: str, through_exercises: bool = False) -> list[str]:
        """The definitions of this module that one of them uses, itself included, in the order of the file."""
        stop = () if through_exercises else self.chapter.exercises
        return reached(self.definitions, start, stop)


def definitions(tree: ast.Module) -> dict[str, ast.stmt]:
    """The top-level statements of a module by the names that they define."""
    found: dict[str, ast.stmt] = {}
    for node in tree.body:
        for name in _defined(node):
            found.setdefault(name, node)
    return found


def reached(known: Mapping[str, ast.stmt], start: str, stop: Container[str] = ()) -> list[str]:
    """The definitions that one of them uses, directly or through others, itself included. stop: not through these."""
    found, waiting = {start}, [start]
    while waiting:
        node = known.get(waiting.pop())
        used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} if node is not None else set()
        for name in used & set(known) - found:
            found.add(name)
            if name not in stop:
                waiting.append(name)
    return [name for name in known if name in found]


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]


def _open_lines(source: str) -> frozenset[int]:
    """The numbers of the lines between solution markers."""
    inside, found = False, set()
    for number, line in enumerate(source.splitlines(), 1):
        if BEGIN.match(line):
            inside = True
        elif END.match(line):
            inside = False
        elif inside:
            found.add(number)
    return frozenset(found)


# --- making mutants ------------------------------------------------------------------------------------------------------


def mutants(chapter: Chapter, only: Iterable[str] | None = None) -> list[Mutant]:
    """All different mutants of a chapter's references, in the order of its exercises. only: of these exercises."""
    wanted = set(chapter.exercises if only is None else only)
    found: list[Mutant] = []
    for name in chapter.module_names:
        found += _of_module(Module(chapter, name), wanted)
    order = list(chapter.exercises)
    return sorted(found, key=lambda m: order.index(m.exercises[0]))


def _of_module(module: Module, wanted: set[str]) -> Iterator[Mutant]:
    seen: set[tuple[str, str]] = set()
    counts: Counter[str] = Counter()
    for owner, operator, line, source in _raw(module, wanted):
        start, end = module.code.span(module.definitions[owner])
        try:
            if not seen:
                seen.update((name, _shape(module.code.text(node))) for name, node in module.definitions.items())
            shape = owner, _shape(source[start : end + len(source) - len(module.source)])
        except (SyntaxError, ValueError):  # an operator may write what is no Python
            continue
        if shape in seen:
            continue
        seen.add(shape)
        was, now, first = _changed(module.source, source)
        mutant = Mutant(
            owner, module.name, operator, line, was, now,
            _occurrence(module, owner, was, first), module.exercises_of(owner), source,
        )  # fmt: skip
        counts[mutant.id] += 1
        if counts[mutant.id] == 1:
            yield mutant


def _raw(module: Module, wanted: set[str]) -> Iterator[tuple[str, str, int, str]]:
    """(owner, operator, line, changed source), equal ones and nonsense included."""
    for owner, node in module.definitions.items():
        exercises = module.exercises_of(owner)
        if not wanted & set(exercises):
            continue
        text = module.code.text(node)
        tensors = any(module.chapter.exercises[e].arguments == "tensor" for e in exercises)
        tensors = tensors or "tf." in text or "keras." in text or isinstance(node, ast.ClassDef)
        yield from _of_deep_learning(module, owner, node, tensors)
        yield from _of_cosmic_ray(module, owner, node)


def _of_deep_learning(module: Module, owner: str, node: ast.stmt, tensors: bool) -> Iterator[tuple[str, str, int, str]]:
    code, source = module.code, module.source
    code.tensors = tensors and bool(re.search(r"^import tensorflow as tf", source, re.MULTILINE))
    docs = _docstrings(node)
    for part in ast.walk(node):
        line = getattr(part, "lineno", None) or getattr(getattr(part, "value", None), "lineno", 0)
        if line not in module.open_lines or part in docs:
            continue
        for name, operator in OPERATORS.items():
            for where, text in operator(code, part):
                start, end = where if isinstance(where, tuple) else code.span(where)
                at = part if isinstance(where, tuple) else where
                yield owner, category(name, code, at, text), line, source[:start] + text + source[end:]


def _docstrings(node: ast.AST) -> set[ast.AST]:
    return {
        part.body[0].value
        for part in ast.walk(node)
        if isinstance(part, (ast.FunctionDef, ast.ClassDef))
        and isinstance(part.body[0], ast.Expr)
        and isinstance(part.body[0].value, ast.Constant)
    }


def _of_cosmic_ray(module: Module, owner: str, node: ast.stmt) -> Iterator[tuple[str, str, int, str]]:
    """cosmic-ray's operators, on one definition at a time: its trees are walked and printed whole for every mutant."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.operators.provider import OperatorProvider

    start, end = module.code.span(node)
    text, first = module.source[start:end] + "\n", node.lineno
    nodes = list(ast_nodes(get_ast(text)))
    provider = OperatorProvider()
    for name in provider:
        if name in RANDOM_OPERATORS:
            continue
        operator = provider[name]()
        places = [place for part in nodes for place in operator.mutation_positions(part)]
        for occurrence, ((line, _), _) in enumerate(places):
            if first + line - 1 not in module.open_lines:
                continue
            changed = mutate_code(text, operator, occurrence)
            if changed is not None:
                yield owner, name, first + line - 1, module.source[:start] + changed.rstrip("\n") + module.source[end:]


def _shape(source: str) -> str:
    """A syntax tree as text: equal for sources that differ only in blanks, parentheses and comments."""
    return ast.dump(ast.parse(source))


def _changed(source: str, changed: str) -> tuple[str, str, int]:
    """The lines that differ (before, after), and the number of the first."""
    a, b = source.splitlines(), changed.splitlines()
    head = 0
    while head < min(len(a), len(b)) and a[head] == b[head]:
        head += 1
    tail = 0
    while tail < min(len(a), len(b)) - head and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    return plain_lines(a[head : len(a) - tail]), plain_lines(b[head : len(b) - tail]), head + 1


def plain_lines(lines: Iterable[str]) -> str:
    """Lines without indentation, comments' blanks and the odd blanks that mutation leaves."""
    kept = []
    for line in lines:
        line = re.sub(r"\s+", " ", line.strip())
        kept.append(re.sub(r"(?<=[(\[{]) | (?=[)\]}])", "", line))
    return "\n".join(kept)


def _occurrence(module: Module, owner: str, was: str, first: int) -> int:
    """Which of the definition's equal pieces of text this is, from 1."""
    node = module.definitions[owner]
    lines, height = module.source.splitlines(), was.count("\n") + 1
    return (
        sum(
            plain_lines(lines[at - 1 : at - 1 + height]) == was
            for at in range(node.lineno, first + 1)
            if at <= len(lines)
        )
        or 1
    )


# --- equivalent mutants --------------------------------------------------------------------------------------------------


class EquivalentError(UserError):
    """An equivalent.*.toml that cannot be read. The message names the file."""


@dataclass
class Equivalents:
    """The mutants that are marked equivalent. reasons: mutant id → reason; stale: sentences on entries that fit nothing."""

    reasons: dict[str, str] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)
    idle: dict[str, str] = field(default_factory=dict)  # checks that kill nothing, and why they stay


IDLE = "checks"  # the table of checks that kill nothing


def load_equivalents(chapter: Chapter, made: Iterable[Mutant], only: Iterable[str] | None = None) -> Equivalents:
    """Which of these mutants are marked equivalent, and which marks are stale. only: judge staleness for these exercises."""
    found = Equivalents()
    known: dict[tuple[str, str, str], list[Mutant]] = {}
    for mutant in made:
        known.setdefault((mutant.owner, mutant.was, mutant.now), []).append(mutant)
    owners = None if only is None else {m.owner for group in known.values() for m in group}
    for path in sorted(chapter.solutions.glob("equivalent.*toml")):
        for owner, entries in _read(path).items():
            if owner == IDLE:
                found.idle |= entries
                continue
            if owners is not None and owner not in owners:
                continue
            for entry in entries:
                _match(found, known, path, owner, entry)
    return found


def _read(path: Path) -> dict:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise EquivalentError(f"{path}: {error}.") from None
    for owner, entries in data.items():
        if owner != IDLE and not (
            isinstance(entries, list)
            and all(isinstance(e, dict) and {"reason", "changes"} == set(e) and e["reason"] for e in entries)
        ):
            raise EquivalentError(f"{path}: every [[{owner}]] has a reason, and changes as pairs of lines.")
    return data


def _match(found: Equivalents, known: dict, path: Path, owner: str, entry: dict) -> None:
    for change in entry["changes"]:
        was, now = (plain_lines(str(text).strip("\n").split("\n")) for text in change[:2])
        group = known.get((owner, was, now), [])
        if len(change) > 2:
            group = [m for m in group if m.occurrence == change[2]]
        if len(group) == 1:
            found.reasons[group[0].id] = " ".join(entry["reason"].split())
        else:
            why = "fits no mutant any more" if not group else "fits several lines: say which, as a third item"
            found.stale.append(f"{path.name}: [[{owner}]] {was!r} → {now!r} {why}.")
