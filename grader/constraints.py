"""*Not with …*: which library functions a student's source uses to do an exercise.

Read from the source alone (nothing runs): names are resolved through imports and aliases, and only what the exercise's own
definition reaches counts, so that another exercise of the module may use what this one may not. Ways to reach a library
without naming it (`exec`, `importlib` …) count as uses, too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache

from grader.evasions import evasions

MAX_SOURCE = 1_000_000


def forbidden_names(
    name: str, home: str, sources: Mapping[str, str], patterns: Iterable[str]
) -> list[tuple[str, str, int]]:
    """Uses of forbidden names that the definition of `name` reaches: (module, dotted name, line) of each.

    home: the module that the exercise belongs to; sources: module name → source text; patterns: "scipy.*", "numpy.convolve".
    A source that does not parse has no findings: it fails by itself.
    """
    patterns = tuple(patterns)
    if not patterns:
        return []
    if unreadable := [module for module, source in sources.items() if _is_unreadable(source)]:
        return [(unreadable[0], "a source too long or too nested to be read", 1)]
    parsed = {module: found for module, source in sources.items() if (found := _module(source)) is not None}
    uses: list[tuple[str, str, int]] = []
    for module, place in parsed.items():
        uses += [(module, what, line) for node in place.statements for what, line in place.evasions(node)]
    starts = (
        [home]
        if home in parsed and name in parsed[home].definitions
        else [m for m in parsed if name in parsed[m].definitions]
    )
    waiting, seen = [(module, name) for module in starts], set()
    while waiting:
        module, definition = waiting.pop()
        if (module, definition) in seen or module not in parsed:
            continue
        seen.add((module, definition))
        place = parsed[module]
        for node in place.definitions.get(definition, ()):
            uses += [(module, what, line) for what, line in place.evasions(node)]
            for dotted, line in _uses(node, place):
                head, _, rest = dotted.partition(".")
                if any(fnmatchcase(dotted, pattern) for pattern in patterns):
                    uses.append((module, dotted, line))
                elif head in parsed and rest:  # from another of the student's modules
                    waiting.append((head, rest.split(".")[0]))
                elif head in place.definitions:
                    waiting.append((module, head))
    return sorted(set(uses), key=lambda use: (use[0], use[2]))


def joined(cells: Iterable[str]) -> str:
    """A notebook's cells as one source, without those that are no Python: they must not hide the others."""
    return "\n\n".join(cell for cell in cells if _parse(cell) is not None or _is_unreadable(cell))


def reached_source(name: str, home: str, sources: Mapping[str, str]) -> str | None:
    """The text of all that the definition of `name` reaches in the student's modules; None where its module does not parse.

    Two versions of a module with the same text here are the same exercise: only comments or other exercises changed.
    """
    parsed = {module: found for module, source in sources.items() if (found := _module(source)) is not None}
    if home in sources and home not in parsed:
        return None
    waiting, seen = [(module, name) for module in (home, *parsed) if module in parsed][:1], {}
    while waiting:
        module, definition = waiting.pop()
        if (module, definition) in seen or module not in parsed:
            continue
        place = parsed[module]
        nodes = place.definitions.get(definition, [])
        seen[module, definition] = "\n".join(ast.dump(node) for node in nodes)
        for node in nodes:
            for dotted, _ in _uses(node, place):
                head, _, rest = dotted.partition(".")
                if head in parsed and rest:
                    waiting.append((head, rest.split(".")[0]))
                elif head in place.definitions:
                    waiting.append((module, head))
    return "\n".join(f"{module}.{name}: {text}" for (module, name), text in sorted(seen.items()))


@lru_cache(maxsize=64)
def _module(source: str) -> _Module | None:
    tree = _parse(source)
    return None if tree is None else _Module(tree)


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(source) if len(source) <= MAX_SOURCE else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=64)
def _is_unreadable(source: str) -> bool:
    """Whether a source may run although it cannot be read here: one that is no Python fails by itself."""
    if len(source) > MAX_SOURCE:
        return True
    try:
        ast.parse(source)
    except (RecursionError, MemoryError):
        return True
    except (SyntaxError, ValueError):
        return False
    return False


class _Module:
    """What a module defines at its top level, and what its imports' names stand for."""

    def __init__(self, tree: ast.Module) -> None:
        self.definitions: dict[str, list[ast.AST]] = {}
        self.aliases: dict[str, str] = {}
        for node in ast.walk(tree):
            self.aliases.update(_aliases(node))
        self.statements: list[ast.stmt] = []  # what runs when the module is imported, and defines nothing by name
        for node in tree.body:
            for name in _defines(node):
                self.definitions.setdefault(name, []).append(node)
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
                self.statements.append(node)
            for target in getattr(node, "targets", ()):  # np.conv = tf.nn.conv2d: whoever uses np reaches it
                if isinstance(target, ast.Attribute) and (dotted := self.resolve(target)):
                    self.definitions.setdefault(dotted.partition(".")[0], []).append(node)
        for node in ast.walk(tree):  # m = np, wherever it stands
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in self.aliases:
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self.aliases.setdefault(target.id, self.aliases[node.value.id])
        for node in tree.body:  # conv = tf.nn.conv2d
            if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Name, ast.Attribute)):
                for target in node.targets:
                    dotted = self.resolve(node.value)
                    if isinstance(target, ast.Name) and dotted and target.id not in self.aliases:
                        self.aliases[target.id] = dotted

    def evasions(self, node: ast.AST) -> list[tuple[str, int]]:
        """Ways to reach a library without naming it."""
        return list(evasions(node, self.resolve, set(self.definitions)))

    def resolve(self, node: ast.AST) -> str:
        """The dotted name that an expression stands for, or ""."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.aliases.get(node.id, node.id), *reversed(parts)])


def _aliases(node: ast.AST) -> dict[str, str]:
    if isinstance(node, ast.Import):
        return {
            (alias.asname or alias.name.partition(".")[0]): (
                alias.name if alias.asname else alias.name.partition(".")[0]
            )
            for alias in node.names
        }
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        return {alias.asname or alias.name: f"{module}.{alias.name}".lstrip(".") for alias in node.names}
    return {}


def _defines(node: ast.AST) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return []


def _uses(tree: ast.AST, module: _Module) -> list[tuple[str, int]]:
    """Dotted names that a definition uses, longest first for each place."""
    found, inner = [], set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Attribute, ast.Name)) and id(node) not in inner:
            if isinstance(node, ast.Attribute):
                inner.add(id(node.value))
            if dotted := module.resolve(node):
                found.append((dotted, node.lineno))
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.extend((dotted, node.lineno) for dotted in _aliases(node).values())
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
            base, name = (*node.args, None, None)[:2]
            if (
                base is not None
                and isinstance(name, ast.Constant)
                and isinstance(name.value, str)
                and (dotted := module.resolve(base))
            ):
                found.append((f"{dotted}.{name.value}", node.lineno))
    return found
