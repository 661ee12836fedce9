"""Ways for a source to reach a library that it does not name: where a library is ruled out, so are these.

A student who does an exercise by hand has no use for them; who does use them there hides something.
"""

from __future__ import annotations

import ast
import fnmatch
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from fnmatch import fnmatchcase
from types import ModuleType

USED = frozenset(("exec", "eval", "__import__", "__builtins__", "__loader__", "__spec__"))
CALLED = frozenset(("compile", "globals", "vars"))
PASSED = frozenset(("getattr", "globals"))  # as a value, that is: map(getattr, …)
LIBRARIES = (
    *("importlib.*", "builtins.*", "sys.modules", "sys.meta_path", "sys._getframe", "inspect.*", "gc.*", "ctypes.*"),
    *("subprocess.*", "multiprocessing.*", "os.system", "os.popen", "os.exec*", "os.fork*", "os.posix_spawn*"),
    *("pickle.*", "marshal.*", "types.FunctionType", "types.CodeType", "runpy.*", "pkgutil.*", "code.*", "codeop.*"),
    *("operator.attrgetter", "operator.methodcaller", "cffi.*", "socket.*", "threading.*", "_thread.*", "concurrent.*"),
    *("sys._*", "sys.settrace", "sys.setprofile", "sys.path_hooks"),
)
HARMLESS = (
    *("importlib.reload", "importlib.metadata*", "importlib.resources*", "inspect.signature", "inspect.getsource"),
    *("gc.collect",),
)
INNER = frozenset(("sys", "os", "builtins", "importlib", "ctypes", "inspect", "gc", "modules"))  # np.testing.….sys
ATTRIBUTES = frozenset(
    (
        *("__globals__", "__subclasses__", "__builtins__", "__loader__", "__import__", "f_globals"),
        *("__dict__", "__getattribute__", "__code__", "__closure__", "__reduce__", "__reduce_ex__"),
    )
)


def evasions(
    tree: ast.AST,
    resolve: Callable[[ast.AST], str],
    own: Collection[str],
    imported: Collection[str],
    patterns: Collection[str],
) -> Iterator[tuple[str, int]]:
    """(what, line) of each. resolve: an expression's dotted name; own: what the module defines itself; imported: the libraries
    that it names (an array may be called gc, and a network have modules); patterns: what is ruled out, such as "scipy.*".

    getattr with a computed name is one where it may reach what is ruled out: getattr(self, name) is not.
    """
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    named = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Subscript) and _reads_by_name(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            passed = node.id in PASSED and isinstance(node.ctx, ast.Load) and id(node) not in called
            if (node.id in USED or passed) and node.id not in own:
                yield node.id, node.lineno
            elif _root(dotted := resolve(node)) in imported and _is_listed(dotted):  # from sys import modules
                yield dotted, node.lineno
        elif isinstance(node, ast.Attribute):
            dotted = resolve(node)
            if node.attr in ATTRIBUTES and not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                yield node.attr, node.lineno
            elif _root(dotted) in imported and (_is_listed(dotted) or not INNER.isdisjoint(dotted.split(".")[1:])):
                yield dotted, node.lineno
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for name in _imported(node):
                if _is_listed(name):
                    yield name, node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in own:
            if node.func.id in CALLED and id(node) not in named:
                yield node.func.id, node.lineno
            elif node.func.id == "getattr" and _is_computed(node) and _may_reach(resolve(node.args[0]), node, patterns):
                yield "getattr", node.lineno


def _is_listed(dotted: str) -> bool:
    def fits(patterns: Iterable[str]) -> bool:
        return any(fnmatchcase(dotted, pattern) for pattern in patterns)

    return fits(LIBRARIES) and not fits(HARMLESS)


def _root(dotted: str) -> str:
    return dotted.partition(".")[0]


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """What is taken out of a module by name; a plain import is judged by what is done with it."""
    return [f"{node.module}.{alias.name}" for alias in node.names] if isinstance(node, ast.ImportFrom) else []


def _is_computed(node: ast.Call) -> bool:
    """Whether getattr's name is no literal, and so not to be seen here."""
    return len(node.args) > 1 and not _is_text(node.args[1])


def _may_reach(base: str, node: ast.Call, patterns: Collection[str]) -> bool:
    """Whether this getattr may give what is ruled out, or a module that has it: getattr(tf.keras.layers, kind) where
    "*.BatchNormalization" is, but not getattr(tf.nn, activation), nor getattr(tf, f"reduce_{kind}")."""
    root, *parts = base.split(".")
    if any(pattern.partition(".")[0] == root for pattern in patterns):
        return True
    module = sys.modules.get(root) if root and any(pattern.startswith("*.") for pattern in patterns) else None
    for part in parts:
        module = getattr(module, part, None)
    reached: list[str] = []
    for name in fnmatch.filter(dir(module), _glob(node.args[1])) if module is not None else ():
        inner = getattr(module, name, None)
        reached += [name, *(f"{name}.{n}" for n in dir(inner) if isinstance(inner, ModuleType))]
    return any(fnmatchcase(f"{base}.{name}", pattern) for name in reached for pattern in patterns)


def _glob(name: ast.AST) -> str:
    """What a computed text shows of itself: "reduce_*" for f"reduce_{kind}"."""
    match name:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left, ast.Add(), right):
            return _glob(left) + _glob(right)
        case ast.JoinedStr(values=parts):
            return "".join(map(_glob, parts))
    return "*"


def _reads_by_name(node: ast.Subscript) -> bool:
    """globals()["name"]: the same as the name."""
    return isinstance(node.ctx, ast.Load) and _is_text(node.slice)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
