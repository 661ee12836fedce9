"""Mistakes of layers, gradients and dtypes, as mutations; see `grader.mutation_operators` for what an operator is."""

from __future__ import annotations

import ast

from grader.mutation_code import Code, Edits, called, last_name, operator, returned, without

ACTIVATIONS = ("relu", "tanh", "sigmoid")
SWAPPED_NAMES = {
    "zeros": "ones",
    "ones": "zeros",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
    "maximum": "minimum",
    "minimum": "maximum",
    "standard_normal": "random",
    "normal": "uniform",
    "GradientTape": "ForwardAccumulator",
    "MaxPooling2D": "AveragePooling2D",
    "AveragePooling2D": "MaxPooling2D",
    "GlobalAveragePooling2D": "GlobalMaxPooling2D",
    "BatchNormalization": "LayerNormalization",
    "Conv2D": "Conv2DTranspose",
    "float64": "float32",
    "floor": "ceil",
    "ceil": "floor",
    "log": "log2",
    "gather": "gather_nd",
    "append": "extend",
}
SWAPPED_LAYERS = {name: other for name, other in SWAPPED_NAMES.items() if name[0].isupper()}
CATEGORY_OF_NAME = {
    "zeros": "initialiser",
    "ones": "initialiser",
    "zeros_like": "initialiser",
    "ones_like": "initialiser",
    "standard_normal": "initialiser",
    "normal": "initialiser",
    "float64": "dtype",
}
CATEGORY_OF_KEYWORD = {
    "padding": "padding",
    "strides": "stride",
    "stride": "stride",
    "dilation_rate": "dilation",
    "dilations": "dilation",
    "rate": "dilation",
    "training": "training flag",
    "trainable": "training flag",
    "use_bias": "bias",
    "activation": "activation",
    "kernel_initializer": "initialiser",
    "bias_initializer": "initialiser",
    "gamma_initializer": "initialiser",
    "beta_initializer": "initialiser",
    "initializer": "initialiser",
    "dtype": "dtype",
    "axis": "axis",
    "axes": "axis",
    "keepdims": "keepdims",
    "from_logits": "loss",
    "epsilon": "epsilon",
}
STRINGS = {
    "same": ("valid",),
    "valid": ("same",),
    "SAME": ("VALID",),
    "VALID": ("SAME",),
    "relu": ("tanh", "linear"),
    "tanh": ("sigmoid", "linear"),
    "sigmoid": ("tanh", "linear"),
    "softmax": ("sigmoid", "linear"),
    "zeros": ("ones",),
    "ones": ("zeros",),
    "he_normal": ("zeros",),
    "glorot_uniform": ("zeros",),
}


FIXED = {
    "stride": ("1",),
    "strides": ("1",),
    "dilation": ("1",),
    "rate": ("1",),
    "padding": ("'same'", "'valid'"),
    "training": ("True", "False"),
    "eps": ("0.0",),
}


# --- layers and models ---------------------------------------------------------------------------------------------------


@operator("activation")
def activation(code: Code, node: ast.AST) -> Edits:
    """A rectifier left out or reversed, or another activation."""
    match node:
        case ast.Call(args=[value, ast.Constant(value=0)]) if called(node) in ("maximum", "fmax"):
            yield node, code.atom(value)
            yield node, f"np.abs({code.text(value)})"
        case ast.Call(func=ast.Attribute()) if called(node) in ACTIVATIONS:
            for other in ACTIVATIONS:
                if other != called(node):
                    yield last_name(code, node), other
        case ast.Call(args=[], keywords=[]) if called(node) == "ReLU":
            yield node, "keras.layers.Activation('tanh')"
            yield node, "keras.layers.Activation('linear')"


@operator("keyword")
def keyword(code: Code, node: ast.AST) -> Edits:
    """A named argument left out: padding, stride, dilation, bias, activation, training, axis, dtype, …"""
    if isinstance(node, ast.Call):
        for argument in node.keywords:
            if argument.arg not in (None, "name"):
                yield without(code, node, argument)


@operator("training flag")
def training_flag(code: Code, node: ast.AST) -> Edits:
    """Always training, or always inference."""
    match node:
        case ast.keyword(arg="training", value=value):
            yield value, "True"
            yield value, "False"


@operator("layer")
def dropped_layer(code: Code, node: ast.AST) -> Edits:
    """A layer left out: x for layer(…)(x), or one layer of a list fewer."""
    match node:
        case ast.Call(func=ast.Call(), args=[value, *_]):
            yield node, code.text(value)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="self")), args=[value, *_]):
            yield node, code.text(value)
        case ast.List(elts=items) | ast.Tuple(elts=items) if len(items) > 1 and all(
            isinstance(item, (ast.Call, ast.Starred)) for item in items
        ):
            for dropped in items:
                kept = [code.text(item) for item in items if item is not dropped]
                opened, closed = ("[", "]") if isinstance(node, ast.List) else ("(", ",)")
                yield node, opened + ", ".join(kept) + closed


@operator("string")
def string(code: Code, node: ast.AST) -> Edits:
    """same for valid, another activation, another initialiser."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        for other in STRINGS.get(node.value, ()):
            yield node, repr(other)


@operator("geometry")
def forgotten_argument(code: Code, node: ast.AST) -> Edits:
    """A stride, a dilation or a padding that is not looked at."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in FIXED:
        for other in FIXED[node.id]:
            yield node, other


@operator("loss")
def probabilities(code: Code, node: ast.AST) -> Edits:
    """Probabilities where logits are meant."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id.endswith("logits"):
        exp = f"np.exp({node.id} - {node.id}.max(-1, keepdims=True))"
        yield node, f"tf.nn.softmax({node.id})" if code.tensors else f"({exp} / {exp}.sum(-1, keepdims=True))"


@operator("name")
def swapped_name(code: Code, node: ast.AST) -> Edits:
    """A library's other function: ones for zeros, average for max pooling, float32 for float64."""
    if isinstance(node, ast.Attribute) and node.attr in SWAPPED_NAMES:
        end = code.span(node)[1]
        yield (end - len(node.attr), end), SWAPPED_NAMES[node.attr]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SWAPPED_LAYERS:
        yield node.func, f"keras.layers.{SWAPPED_LAYERS[node.func.id]}"


# --- gradients and dtypes ------------------------------------------------------------------------------------------------


@operator("gradient")
def detached(code: Code, node: ast.AST) -> Edits:
    """No gradient through what is returned, or through a value on the way."""
    if not code.tensors:
        return
    for value in returned(node):
        yield value, f"tf.stop_gradient({code.text(value)})"
    match node:
        case ast.Assign(targets=[ast.Name()], value=ast.BinOp() | ast.Call() as value):
            if "shape" not in code.text(value):
                yield value, f"tf.stop_gradient({code.text(value)})"
        case ast.Call(args=[value, *_]) if called(node) == "stop_gradient":
            yield node, code.text(value)


@operator("gradient")
def doubled_gradient(code: Code, node: ast.AST) -> Edits:
    """The right value with twice its gradient."""
    if code.tensors:
        for value in returned(node):
            yield value, f"(lambda y: 2 * y - tf.stop_gradient(y))({code.text(value)})"


@operator("dtype")
def single_precision(code: Code, node: ast.AST) -> Edits:
    """float32 comes back."""
    for value in returned(node):
        if not isinstance(value, ast.Constant):
            cast = f"tf.cast({code.text(value)}, tf.float32)" if code.tensors else f"np.float32({code.text(value)})"
            yield value, cast


# --- what a report calls it ------------------------------------------------------------------------------------------


def category(name: str, code: Code, node: ast.AST, text: str) -> str:
    """What a report calls a mutation: the operator's category, and for names and keywords the thing that was changed."""
    kind = name.partition("/")[0]
    match kind, node:
        case "geometry", ast.Name(id=word):
            return {"rate": "dilation", "strides": "stride", "training": "training flag", "eps": "epsilon"}.get(
                word, word
            )
        case "statement", ast.Assign(targets=[ast.Name(id=word)]) if (function := code.function_of(node)) is not None:
            return "state" if word in [a.arg for a in function.args.args] else kind
        case "keyword", ast.Call(keywords=keywords):
            gone = [k.arg for k in keywords if f"{k.arg}=" not in text.replace(" ", "")]
            return CATEGORY_OF_KEYWORD.get(gone[0] or "", "keyword") if gone else "keyword"
        case "string", ast.Constant(value=value):
            if value in ("same", "valid", "SAME", "VALID"):
                return "padding"
            return "activation" if value in (*ACTIVATIONS, "softmax") else "initialiser"
        case "name", _:
            return CATEGORY_OF_NAME.get(
                getattr(node, "attr", ""), "layer" if text.startswith("keras.layers") else "function"
            )
    return kind
