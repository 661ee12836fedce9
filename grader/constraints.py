"""*Not with …*: which library functions a student's source uses to do an exercise.

Read from the source alone (nothing runs): names are resolved through imports and aliases, and only what the exercise's own
definition reaches counts, so that another exercise of the module may use what this one may not. Ways to reach a library
without naming it (`exec`, `importlib` …) count as uses, too.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache

from grader.evasions import evasions

MAX_SOURCE = 1_000_000
KNOWN = ("math", "numpy", "typing")  # libraries of which `import *` brings in nothing that an exercise rules out
INSIDES = ("grader", "grader.*")  # of the kit: its gradients, its comparison, its wire
OFFERED = ("grader.data*", "grader.notebook*")
# Names that compute nothing: for annotations and isinstance.
PASSIVE = frozenset(f"tensorflow.{name}" for name in ("Tensor", "Variable", "float32", "float64", "int32", "int64"))
BLOCKS = (ast.ExceptHandler, ast.match_case)
WRITTEN = (ast.Attribute, ast.Subscript)
MAIN = ("__name__ == '__main__'", "'__main__' == __name__")


def forbidden_names(
    name: str, home: str, sources: Mapping[str, str], patterns: Iterable[str]
) -> list[tuple[str, str, int]]:
    """Uses of forbidden names that the definition of `name` reaches: (module, dotted name, line) of each.

    home: the module that the exercise belongs to; sources: module name → source text; patterns: "scipy.*", "numpy.convolve".
    The kit's own insides are forbidden everywhere. A source that does not parse has no findings: it fails by itself.
    """
    patterns = tuple(patterns)
    parsed = _parsed(sources)
    insides = sorted(
        (module, what, line) for module, place in parsed.items() for what, line in place.imports if _is_inside(what)
    )
    if insides or not patterns:
        return insides
    if unreadable := [module for module, source in sources.items() if _is_unreadable(source)]:
        return [(unreadable[0], "a source too long or too nested to be read", 1)]
    uses: list[tuple[str, str, int]] = []
    for module in _imported(name, home, parsed):
        place = parsed[module]
        uses += [(module, f"from {library} import *", line) for library, line in place.unlisted(parsed)]
        for other, node in _reached([(module, node) for node in place.statements], parsed):
            uses += [(other, what, line) for what, line in parsed[other].evasions(node, patterns)]
    for module, node in _reached(_starts(name, home, parsed), parsed):
        place = parsed[module]
        uses += [(module, what, line) for what, line in place.evasions(node, patterns)]
        for dotted, line in _uses(node, place):
            dotted = _canonical(dotted, place, parsed)
            if dotted not in PASSIVE and any(fnmatchcase(dotted, p) or p == f"{dotted}.*" for p in patterns):
                uses.append((module, dotted, line))
    return sorted(set(uses), key=lambda use: (use[0], use[2]))


def _canonical(dotted: str, place: _Module, parsed: Mapping[str, _Module]) -> str:
    """What a dotted name is where it comes out of another of the student's modules: `from layers import tf`."""
    for _ in parsed:  # no longer chain makes sense
        head, *rest = dotted.split(".")
        stars = [parsed[m] for m in place.stars if m in parsed and head in parsed[m].aliases]
        if head in parsed and rest and rest[0] in parsed[head].aliases:
            place, (head, *rest) = parsed[head], rest
        elif stars and head not in place.definitions:
            place = stars[0]
        else:
            break
        dotted = ".".join([place.aliases[head], *rest])
    return dotted


def is_bound(name: str, sources: Mapping[str, str]) -> bool:
    """Whether some source binds `name` where one can read it; True where a source does not parse, and so cannot be read."""
    parsed = _parsed(sources)
    return len(parsed) < len(sources) or any(place.binds(name, parsed) for place in parsed.values())


def _starts(name: str, home: str, parsed: Mapping[str, _Module]) -> list[tuple[str, ast.AST]]:
    """What defines an exercise, in any module: one that its home deletes again is looked up in the others."""
    found = [(home, node) for node in parsed[home].nodes(name)] if home in parsed else []
    others = [(module, node) for module, place in parsed.items() if module != home for node in place.nodes(name)]
    return found + [(module, node) for module, node in others if not isinstance(node, (ast.Import, ast.ImportFrom))]


def _imported(name: str, home: str, parsed: Mapping[str, _Module]) -> list[str]:
    """The modules that run where an exercise does: those that bind it, and what they import of the student's."""
    found = list(
        dict.fromkeys(module for module, _ in [*_starts(name, home, parsed), (home, None)] if module in parsed)
    )
    for module in found:  # it grows meanwhile
        heads = [*(dotted.partition(".")[0] for dotted, _ in parsed[module].imports), *parsed[module].stars]
        found += dict.fromkeys(head for head in heads if head in parsed and head not in found)
    return found


def _reached(starts: Iterable[tuple[str, ast.AST]], parsed: Mapping[str, _Module]) -> Iterator[tuple[str, ast.AST]]:
    """(module, node) of all that some nodes use of the student's own modules, themselves included, each once."""
    waiting, seen = list(starts), set()
    while waiting:
        module, node = waiting.pop()
        if (module, id(node)) in seen:
            continue
        seen.add((module, id(node)))
        yield module, node
        for dotted, _ in _uses(node, parsed[module]):
            head, _, rest = dotted.partition(".")
            if head in parsed and rest:  # from another of the student's modules
                waiting += [(head, found) for found in parsed[head].nodes(rest.split(".")[0])]
            else:
                homes = [module, *(m for m in parsed[module].stars if m in parsed)]
                waiting += [(home, found) for home in homes for found in parsed[home].nodes(head)]


def joined(cells: Iterable[str]) -> str:
    """A notebook's cells as one source, without those that are no Python: they must not hide the others."""
    return "\n\n".join(cell for cell in cells if _parse(cell) is not None or _is_unreadable(cell))


def reached_source(name: str, home: str, sources: Mapping[str, str]) -> str | None:
    """The text of all that the definition of `name` reaches in the student's modules; None where its module does not parse.

    Two versions of a module with the same text here are the same exercise: only comments or other exercises changed.
    """
    parsed = _parsed(sources)
    if home in sources and home not in parsed:
        return None
    starts = [(home, node) for node in parsed[home].nodes(name)] if home in parsed else _starts(name, home, parsed)
    return "\n".join(sorted(f"{module}: {ast.dump(node)}" for module, node in _reached(starts, parsed)))


def called(name: str, home: str, sources: Mapping[str, str], others: Iterable[str]) -> list[str]:
    """Those of some other names whose definitions that of `name` uses, directly or through helpers."""
    if any(map(_is_unreadable, sources.values())):
        return []
    parsed = _parsed(sources)
    reached = {(module, id(node)) for module, node in _reached(_starts(name, home, parsed), parsed)}
    return [
        other
        for other in others
        if other != name and any((m, id(node)) in reached for m, place in parsed.items() for node in place.nodes(other))
    ]


def _parsed(sources: Mapping[str, str]) -> dict[str, _Module]:
    return {module: found for module, source in sources.items() if (found := _module(source)) is not None}


@lru_cache(maxsize=64)
def _module(source: str) -> _Module | None:
    tree = _parse(source)
    return None if tree is None else _Module(tree)


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(source) if len(source) <= MAX_SOURCE else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_inside(dotted: str) -> bool:
    return any(fnmatchcase(dotted, p) for p in INSIDES) and not any(fnmatchcase(dotted, p) for p in OFFERED)


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
    """What a module binds at its top level, and what its imports' names stand for.

    definitions: name → the statements that bind it, or change what it stands for; statements: what runs when the module
    is imported; imports: (dotted name, line) wherever it stands; stars: modules whose names it takes with `import *`.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.definitions: dict[str, list[ast.AST]] = {}
        self.aliases: dict[str, str] = {}
        self.imports: list[tuple[str, int]] = []
        self.stars: dict[str, int] = {}
        for node in ast.walk(tree):
            found = _aliases(node)
            self.aliases.update(found)
            self.imports += [(dotted, getattr(node, "lineno", 0)) for dotted in found.values()]
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                self.stars[(node.module or "").lstrip(".")] = node.lineno
        self.statements: list[ast.stmt] = []
        body = list(_flat(tree.body))
        for node in body:
            for name in _binds(node):
                self.definitions.setdefault(name, []).append(node)
            for root in _changed(node, self.aliases):  # np.conv = tf.nn.conv2d: whoever uses np reaches it
                self.definitions.setdefault(self.aliases.get(root, root).partition(".")[0], []).append(node)
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
                self.statements.append(node)
        for node in ast.walk(tree):  # m = np, wherever it stands
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in self.aliases:
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self.aliases.setdefault(target.id, self.aliases[node.value.id])
        for node in body:  # conv = tf.nn.conv2d
            if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Name, ast.Attribute)):
                for target in node.targets:
                    dotted = self.resolve(node.value)
                    if isinstance(target, ast.Name) and dotted and target.id not in self.aliases:
                        self.aliases[target.id] = dotted

    def nodes(self, name: str) -> list[ast.AST]:
        """The statements that bind a name."""
        return self.definitions.get(name, [])

    def binds(self, name: str, parsed: Mapping[str, _Module]) -> bool:
        """Whether a name is bound here, or taken from another of the student's modules."""
        return name in self.definitions or any(m in parsed and name in parsed[m].definitions for m in self.stars)

    def unlisted(self, parsed: Mapping[str, _Module]) -> list[tuple[str, int]]:
        """Libraries of which one cannot tell what `import *` brings in, and the lines."""
        return [(m, line) for m, line in self.stars.items() if m not in parsed and m not in KNOWN]

    def evasions(self, node: ast.AST, patterns: Iterable[str]) -> list[tuple[str, int]]:
        """Ways to reach a library without naming it."""
        libraries = {dotted.partition(".")[0] for dotted in self.aliases.values()}
        return list(evasions(node, self.resolve, set(self.definitions), libraries, tuple(patterns)))

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


def _flat(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The simple statements, functions and classes of a module, those inside of if, for, while, with, try and match too.

    Of a compound statement itself its head comes: `for f in [g]` as an assignment of what it goes through. What stands
    under `if __name__ == "__main__"` does not run here.
    """
    for node in body:
        inner = [part for part in ast.iter_child_nodes(node) if isinstance(part, (*BLOCKS, ast.stmt))]
        if not inner or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) in MAIN):
            yield _head(node)
            for part in inner:
                yield from _flat([part] if isinstance(part, ast.stmt) else part.body)


def _head(node: ast.stmt) -> ast.stmt:
    """What a compound statement evaluates itself, as an assignment to what it binds."""
    targets, values = [], []
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.withitem):
            values.append(part.context_expr)
            targets += [part.optional_vars] if part.optional_vars is not None else []
        elif isinstance(part, ast.expr):
            (targets if part is getattr(node, "target", None) else values).append(part)
    value = ast.copy_location(ast.Tuple(values, ast.Load()), node)
    return ast.copy_location(ast.Assign(targets, value) if targets else ast.Expr(value), node)


def _binds(node: ast.AST) -> set[str]:
    """The names of the module that a statement binds, unbinds, or has its functions bind."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name, *(name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names)}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return set(_aliases(node))
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)}


def _changed(node: ast.AST, aliases: Container[str]) -> list[str]:
    """The names of what a statement writes into: a of a.b = c and a[b] = c, and of a.append(c) where a is no library."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        root = _root(node.value.func)
        return [root] if isinstance(node.value.func, ast.Attribute) and root not in aliases else []
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    return (
        [_root(part) for target in targets for part in ast.walk(target) if isinstance(part, WRITTEN)]
        if targets[0]
        else []
    )


def _root(node: ast.AST) -> str:
    while isinstance(node, WRITTEN):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _uses(tree: ast.AST, module: _Module) -> list[tuple[str, int]]:
    """Dotted names that a definition uses and does not bind for itself, longest first for each place."""
    visitor = _Uses(module)
    visitor.visit(tree)
    return visitor.found


class _Uses(ast.NodeVisitor):
    """Collects dotted names. What a function binds is its own, unless it stands for a library: x is not the module's x."""

    def __init__(self, module: _Module) -> None:
        self.module = module
        self.found: list[tuple[str, int]] = []
        self.scopes: list[set[str]] = []

    def visit_Name(self, node: ast.Name) -> None:
        self._note(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not self._note(node):
            self.generic_visit(node)

    def _note(self, node: ast.Name | ast.Attribute) -> bool:
        dotted, root = self.module.resolve(node), _root(node)
        own = any(root in scope for scope in self.scopes)
        if dotted and not own:
            self.found.append((dotted, node.lineno))
        return bool(dotted)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:  # a plain import is judged by what is done with it
        self.found += [(dotted, node.lineno) for dotted in _aliases(node).values()]

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) > 1:
            base, name = node.args[:2]
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and (dotted := self.module.resolve(base)):
                self.found.append((f"{dotted}.{name.value}", node.lineno))

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.generic_visit(node)
        match node:
            case ast.Subscript(value=ast.Call(func=ast.Name(id="globals")), slice=ast.Constant(value=str(name))):
                self.found.append((self.module.aliases.get(name, name), node.lineno))

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        arguments = node.args
        outer = [*getattr(node, "decorator_list", ()), *arguments.defaults, *filter(None, arguments.kw_defaults)]
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        own = {part.arg for part in named if part is not None}
        outer += [part.annotation for part in named if part is not None and part.annotation is not None]
        body = node.body if isinstance(node.body, list) else [node.body]
        for part in outer:
            self.visit(part)
        self._inside(own | _bound_in(body, self.module.aliases), body)

    visit_AsyncFunctionDef = visit_FunctionDef
    visit_Lambda = visit_FunctionDef

    def visit_comprehension_like(self, node: ast.AST) -> None:
        own = {
            name.id
            for part in getattr(node, "generators", ())
            for name in ast.walk(part.target)
            if isinstance(name, ast.Name)
        }
        self._inside(own, ast.iter_child_nodes(node))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_comprehension_like

    def _inside(self, own: set[str], parts: Iterable[ast.AST]) -> None:
        self.scopes.append(own)
        for part in parts:
            self.visit(part)
        self.scopes.pop()


def _bound_in(body: Iterable[ast.AST], aliases: Container[str]) -> set[str]:
    """The local names of a function's body: bound there, not declared global, and not standing for a library."""
    found, free = set(), set()
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found.add(node.name)  # what it binds itself is not bound here
                continue
            case ast.Lambda():
                continue
            case ast.Global() | ast.Nonlocal():
                free.update(node.names)
            case ast.Name(ctx=ast.Store()):
                found.add(node.id)
            case ast.ExceptHandler(name=str(name)):
                found.add(name)
        waiting.extend(ast.iter_child_nodes(node))
    return {name for name in found - free if name not in aliases}
