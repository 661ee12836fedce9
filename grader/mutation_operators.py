"""Mistakes of arithmetic and arrays, as mutations: each operator looks at one node of a reference and says how it could be wrong.

An operator is a generator: given the code and a node, it yields pairs (where, text): the node or the span (start, end)
to replace, and what to write there. Operators may overlap; `grader.mutants` keeps one of several equal mutants.
"""

from __future__ import annotations

import ast
from itertools import pairwise

from grader.mutation_code import Code, Edits, called, last_name, of_module, operator, returned

REDUCTIONS = {
    "mean": ("sum", "max"),
    "sum": ("mean", "max"),
    "max": ("min", "mean"),
    "min": ("max", "mean"),
    "var": ("std",),
    "std": ("var",),
    "prod": ("sum",),
    "argmax": ("argmin",),
    "argmin": ("argmax",),
    "any": ("all",),
    "all": ("any",),
}
REDUCTIONS |= {f"reduce_{a}": tuple(f"reduce_{b}" for b in others) for a, others in REDUCTIONS.items()}
ELEMENTWISE = ("abs", "exp", "log", "log1p", "expm1", "sqrt", "square", "tanh", "sigmoid", "relu", "softmax", "sign")


# --- axes and reductions -----------------------------------------------------------------------------------------------


@operator("axis")
def axis(code: Code, node: ast.AST) -> Edits:
    """Another axis, one axis fewer, or none."""
    if not isinstance(node, ast.Call):
        return
    found = [k.value for k in node.keywords if k.arg in ("axis", "axes")]
    at = 1 if of_module(node) else 0
    if called(node) in (*REDUCTIONS, "softmax", "concat", "concatenate", "stack", "expand_dims", "cumsum", "split"):
        found += node.args[at : at + 1]
    for value in found:
        match value:
            case ast.Tuple(elts=items) if len(items) > 1:
                for dropped in items:
                    kept = [code.text(item) for item in items if item is not dropped]
                    yield value, f"({', '.join(kept)},)" if len(kept) == 1 else f"({', '.join(kept)})"
            case ast.Constant(value=int()) | ast.UnaryOp(operand=ast.Constant(value=int())):
                for other in ("0", "1", "-1", "-2"):
                    yield value, other


@operator("reduction")
def reduction(code: Code, node: ast.AST) -> Edits:
    """mean for sum, max for mean, …"""
    if isinstance(node, ast.Call):
        for other in REDUCTIONS.get(called(node), ()):
            if isinstance(node.func, ast.Attribute):
                yield last_name(code, node), other


@operator("keepdims")
def keepdims(code: Code, node: ast.AST) -> Edits:
    """A reduced axis kept that should go (dropping keepdims is `keyword`'s)."""
    if (
        isinstance(node, ast.Call)
        and called(node) in REDUCTIONS
        and isinstance(node.func, ast.Attribute)
        and not any(k.arg == "keepdims" for k in node.keywords)
    ):
        text = code.text(node)
        yield node, text[:-1].rstrip(", \n") + (", " if node.args or node.keywords else "") + "keepdims=True)"


# --- transposes ----------------------------------------------------------------------------------------------------------


@operator("transpose")
def transpose(code: Code, node: ast.AST) -> Edits:
    """A transpose left out, of other axes, or of the other factor."""
    match node:
        case ast.Attribute(value=value, attr="T"):
            yield node, code.text(value)
        case ast.Call(func=ast.Attribute(value=value, attr="transpose" | "swapaxes"), args=args):
            base = args[0] if of_module(node) and args else value
            yield node, code.text(base)
            axes = args[1:] if of_module(node) else args
            if len(axes) == 1 and isinstance(axes[0], (ast.Tuple, ast.List)):
                axes = axes[0].elts
            for first, second in pairwise(axes):
                start, end = code.span(first)[0], code.span(second)[1]
                between = code.source[code.span(first)[1] : code.span(second)[0]]
                yield (start, end), code.text(second) + between + code.text(first)
        case ast.BinOp(left=left, op=ast.MatMult(), right=right):
            yield node, f"{code.atom(right)} @ {code.atom(left)}"
            yield node, f"{code.atom(left)} * {code.atom(right)}"
        case ast.Call(args=[first, second, *_]) if called(node) in ("matmul", "dot", "tensordot", "outer"):
            start, end = code.span(first)[0], code.span(second)[1]
            yield (start, end), f"{code.text(second)}, {code.text(first)}"
        case ast.Call(args=[ast.Constant(value=str(spec)) as where, *_]) if called(node) == "einsum" and "->" in spec:
            given, _, result = spec.partition("->")
            if len(result) > 1:
                yield where, repr(f"{given}->{result[:-2]}{result[-1]}{result[-2]}")
            if len(given.split(",")[0]) > 1:
                yield where, repr(f"{given[1]}{given[0]}{given[2:]}->{result}")


# --- signs, scales, terms ------------------------------------------------------------------------------------------------


@operator("sign")
def negated(code: Code, node: ast.AST) -> Edits:
    """The opposite of what is returned."""
    for value in returned(node):
        if not isinstance(value, ast.Constant):
            yield value, f"-{code.atom(value)}"


@operator("sign")
def swapped_difference(code: Code, node: ast.AST) -> Edits:
    """b - a for a - b."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        yield node, f"{code.atom(node.right)} - {code.atom(node.left)}"


@operator("sign")
def augmented(code: Code, node: ast.AST) -> Edits:
    """= or -= for +=, / for *, and the other way round."""
    if not isinstance(node, ast.AugAssign):
        return
    others: dict[type, tuple[str, ...]] = {
        ast.Add: ("=", "-="),
        ast.Sub: ("=", "+="),
        ast.Mult: ("=", "/="),
        ast.Div: ("=", "*="),
    }
    for sign in others.get(type(node.op), ()):
        yield (
            (code.span(node.target)[0], code.span(node.value)[1]),
            f"{code.text(node.target)} {sign} {code.text(node.value)}",
        )


@operator("scale")
def doubled(code: Code, node: ast.AST) -> Edits:
    """Twice what is returned."""
    for value in returned(node):
        if not isinstance(value, ast.Constant):
            yield value, f"2 * {code.atom(value)}"


@operator("scale")
def constant(code: Code, node: ast.AST) -> Edits:
    """A number that is twice as large, or half."""
    if isinstance(node, ast.Constant) and type(node.value) is float:
        yield node, repr(2 * node.value)
        yield node, repr(node.value / 2)


@operator("term")
def dropped_operand(code: Code, node: ast.AST) -> Edits:
    """One side of an operation alone: the bias forgotten, no 1/n, not squared."""
    if isinstance(node, ast.BinOp):
        yield node, code.atom(node.left)
        if not isinstance(node.op, (ast.Pow, ast.Div, ast.FloorDiv, ast.Mod)):
            yield node, code.atom(node.right)


@operator("bias")
def bias_twice(code: Code, node: ast.AST) -> Edits:
    """What is added last, added twice."""
    for value in returned(node):
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
            yield value, f"{code.text(value)} + {code.atom(value.right)}"


@operator("function")
def dropped_function(code: Code, node: ast.AST) -> Edits:
    """A function of one argument left out: no root, no exponential, no activation."""
    if isinstance(node, ast.Call) and called(node) in ELEMENTWISE and len(node.args) == 1:
        yield node, code.atom(node.args[0])


@operator("epsilon")
def epsilon_and_root(code: Code, node: ast.AST) -> Edits:
    """√v + ε for √(v + ε), and the other way round."""
    match node:
        case ast.Call(args=[ast.BinOp(left=left, op=ast.Add(), right=right)]) if called(node) in ("sqrt", "rsqrt"):
            yield node, f"({code.text(node.func)}({code.text(left)}) + {code.atom(right)})"
        case ast.BinOp(left=ast.Call(args=[inside]) as root, op=ast.Add(), right=right) if called(root) == "sqrt":
            yield node, f"{code.text(root.func)}({code.text(inside)} + {code.atom(right)})"


# --- indices, order, state -----------------------------------------------------------------------------------------------


@operator("range")
def shifted_range(code: Code, node: ast.AST) -> Edits:
    """One more or one fewer, from 1 on."""
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[stop]):
            yield stop, f"{code.atom(stop)} - 1"
            yield stop, f"{code.atom(stop)} + 1"
            yield stop, f"1, {code.text(stop)}"
        case ast.Call(func=ast.Name(id="range"), args=[_, stop, *_]):
            yield stop, f"{code.atom(stop)} - 1"
            yield stop, f"{code.atom(stop)} + 1"
        case ast.Call(func=ast.Name(id="reversed"), args=[value]):
            yield node, code.text(value)


@operator("slice")
def shifted_slice(code: Code, node: ast.AST) -> Edits:
    """A slice that begins one later, ends one earlier, or forgets its step."""
    if not isinstance(node, ast.Slice):
        return
    lower, upper = node.lower, node.upper
    if lower is not None:
        yield lower, f"{code.atom(lower)} + 1"
    if upper is not None:
        yield upper, f"{code.atom(upper)} - 1"
    if node.step is not None:
        begin = code.text(lower) if lower is not None else ""
        yield node, f"{begin}:{code.text(upper) if upper is not None else ''}"


@operator("order")
def swapped_results(code: Code, node: ast.AST) -> Edits:
    """Results in another order, or one of them missing."""
    values = returned(node)
    if len(values) > 1:
        texts = [code.text(value) for value in values]
        for i in range(len(texts) - 1):
            mixed = [*texts[:i], texts[i + 1], texts[i], *texts[i + 2 :]]
            yield node.value, ", ".join(mixed)  # type: ignore[attr-defined]
        yield node.value, ", ".join(texts[:-1])  # type: ignore[attr-defined]


@operator("order")
def swapped_arguments(code: Code, node: ast.AST) -> Edits:
    """where(c, b, a) for where(c, a, b); concat of b and a; the bounds of a clip; the arguments of an own function."""
    if not isinstance(node, ast.Call):
        return
    name, args = called(node), list(node.args)
    if name in ("where", "select", "clip", "clip_by_value") and len(args) == 3:
        args = args[1:]
    elif name in ("concat", "concatenate", "stack") and args and isinstance(args[0], (ast.List, ast.Tuple)):
        args = args[0].elts
    elif (
        not isinstance(node.func, ast.Name)
        or node.func.id[0].isupper()
        or name in ("range", "max", "min", "zip", "isinstance")
    ):
        return
    for first, second in pairwise(args):
        between = code.source[code.span(first)[1] : code.span(second)[0]]
        yield (code.span(first)[0], code.span(second)[1]), code.text(second) + between + code.text(first)


@operator("variable")
def other_argument(code: Code, node: ast.AST) -> Edits:
    """Another of the function's arguments: x for d_out, the mean for the variance."""
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
        return
    function = code.function_of(node)
    if function is None:
        return
    names = [a.arg for a in (*function.args.args, *function.args.kwonlyargs) if a.arg != "self"]
    if node.id in names and len(names) > 1:
        yield node, names[(names.index(node.id) + 1) % len(names)]


@operator("statement")
def dropped_statement(code: Code, node: ast.AST) -> Edits:
    """A step left out: a state that is never updated, a value that stays as it was."""
    match node:
        case ast.AugAssign() | ast.Expr(value=ast.Call()):
            yield node, "pass"
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield node, "pass"
        case ast.Assign(targets=[ast.Name(id=name)]) if _known_before(code, node, name):
            yield node, "pass"


@operator("branch")
def branch(code: Code, node: ast.AST) -> Edits:
    """A condition that always holds, or never."""
    if isinstance(node, (ast.If, ast.IfExp)):
        yield node.test, "True"
        yield node.test, "False"


def _known_before(code: Code, node: ast.Assign, name: str) -> bool:
    """Whether a name had a value before this assignment."""
    function = code.function_of(node)
    if function is None:
        return False
    arguments = {a.arg for a in (*function.args.args, *function.args.kwonlyargs)}
    earlier = {
        n.id
        for n in ast.walk(function)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.lineno < node.lineno
    }
    return name in arguments | earlier
