"""What a mutation operator looks at: a module's source, and its nodes with their places in it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cached_property

Span = tuple[int, int]
Edits = Iterator[tuple[ast.AST | Span, str]]
Operator = Callable[["Code", ast.AST], Edits]

OPERATORS: dict[str, Operator] = {}
MODULES = ("np", "numpy", "tf", "keras", "layers")


class Code:
    """The source of one module, and where its nodes stand in it.

    tensors: whether results are tensors (which may be detached) and not arrays.
    """

    def __init__(self, source: str, tensors: bool = False) -> None:
        self.source, self.tensors = source, tensors
        self.tree = ast.parse(source)
        self._lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Every node's parent."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def offset(self, line: int, column: int) -> int:
        """Where a position of the parser, which counts bytes, stands in the text."""
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        return self._starts[line - 1] + len(text.encode()[:column].decode())

    def span(self, node: ast.AST) -> Span:
        """Start and end of a node in the text."""
        return (
            self.offset(node.lineno, node.col_offset),  # type: ignore[attr-defined]
            self.offset(node.end_lineno, node.end_col_offset),  # type: ignore[attr-defined]
        )

    def text(self, node: ast.AST) -> str:
        """A node's own text."""
        start, end = self.span(node)
        return self.source[start:end]

    def atom(self, node: ast.AST) -> str:
        """A node's text, in parentheses where it may need them."""
        text = self.text(node)
        simple = (ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.Constant, ast.List, ast.Dict)
        return (
            text if isinstance(node, simple) or (text.startswith("(") and isinstance(node, ast.Tuple)) else f"({text})"
        )

    def function_of(self, node: ast.AST) -> ast.FunctionDef | None:
        """The innermost function around a node."""
        at: ast.AST | None = node
        while at is not None and not isinstance(at, ast.FunctionDef):
            at = self.parents.get(at)
        return at


def operator(category: str) -> Callable[[Operator], Operator]:
    """Register an operator under its category's name."""

    def register(function: Operator) -> Operator:
        OPERATORS[f"{category}/{function.__name__}"] = function
        return function

    return register


def called(node: ast.AST) -> str:
    """The last part of what a call calls: "mean" of np.mean(…) and of x.mean(…); "" for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def of_module(node: ast.Call) -> bool:
    """Whether a call's function belongs to a library (np.mean) and not to an object (x.mean)."""
    at: ast.AST = node.func
    while isinstance(at, ast.Attribute):
        at = at.value
    return isinstance(at, ast.Name) and (at.id in MODULES or isinstance(node.func, ast.Name))


def last_name(code: Code, node: ast.Call) -> Span:
    """The span of a called function's last name."""
    _, end = code.span(node.func)
    return end - len(called(node)), end


def without(code: Code, node: ast.Call, argument: ast.AST) -> tuple[ast.AST, str]:
    """A call without one of its arguments."""
    kept = [code.text(a) for a in (*node.args, *node.keywords) if a is not argument]
    return node, f"{code.text(node.func)}({', '.join(kept)})"


def returned(node: ast.AST) -> list[ast.expr]:
    """What a return gives back: its expression, or the items of its tuple."""
    if not isinstance(node, ast.Return) or node.value is None:
        return []
    return list(node.value.elts) if isinstance(node.value, ast.Tuple) else [node.value]
