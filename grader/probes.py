"""Probes that every chapter may use. They run beside the student's code and answer with plain values.

A probe's first argument is the student's namespace: `student.conv2d` is the student's own object. Array arguments arrive as
NumPy arrays. Nothing that a probe answers is believed; the judge compares it with what is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def _tensors(args: Sequence[Any]) -> list[Any]:
    import tensorflow as tf

    return [tf.constant(arg) if isinstance(arg, np.ndarray) else arg for arg in args]


def vjp(student: Any, name: str, args: Sequence[Any], cotangent: Any, wrt: Sequence[int]) -> list[Any]:
    """Vector-Jacobian products of student.name(*args) for the arguments at the positions `wrt`.

    cotangent: an array of the result's shape, or a list of them where the result is a tuple. None stays None.
    """
    import tensorflow as tf

    tensors = _tensors(args)
    wanted = [tensors[i] for i in wrt]
    with tf.GradientTape() as tape:
        tape.watch(wanted)
        result = getattr(student, name)(*tensors)
    if isinstance(cotangent, (list, tuple)):
        cotangent = [tf.constant(part) for part in cotangent]
        result = list(result)
    else:
        cotangent = tf.constant(cotangent)
        shape = tuple(getattr(result, "shape", ()))
        if shape != tuple(cotangent.shape):  # or some op on the way back would complain, in words of its own
            raise ValueError(f"the answer has the shape {shape}, and {tuple(cotangent.shape)} is right")
    return tape.gradient(result, wanted, output_gradients=cotangent)


def in_graph(student: Any, name: str, *args: Any, **named: Any) -> Any:
    """What student.name(*args) answers under tf.function."""
    import tensorflow as tf

    function = getattr(student, name)
    tensors = _tensors(args)
    arrays = [i for i, arg in enumerate(args) if isinstance(arg, np.ndarray)]

    @tf.function
    def compiled(*given: Any) -> Any:
        full = list(tensors)
        for i, tensor in zip(arrays, given, strict=True):
            full[i] = tensor
        return function(*full, **named)

    return compiled(*(tensors[i] for i in arrays))


def graph_ops(student: Any, name: str, *args: Any, **named: Any) -> list[str]:
    """The types of all ops that student.name(*args) traces, those of nested functions included, sorted."""
    import tensorflow as tf

    tensors = _tensors(args)
    graph = tf.function(lambda: getattr(student, name)(*tensors, **named)).get_concrete_function().graph
    found = {op.type for op in graph.get_operations()}
    for function in graph.as_graph_def().library.function:
        found |= {node.op for node in function.node_def}
    return sorted(found)


def ops_run(student: Any, name: str, args: Sequence[Any], tensors: bool = False) -> list[str]:
    """The types of all ops that student.name(*args) runs eagerly or traces, sorted."""
    from tensorflow.python.framework import op_callbacks  # TensorFlow's debugger stands on it; no public name

    found: set[str] = set()

    def note(op_type, inputs, attrs, outputs, op_name=None, graph=None):
        found.add(op_type.decode() if isinstance(op_type, bytes) else str(op_type))

    given = _tensors(args) if tensors else list(args)
    op_callbacks.add_op_callback(note)
    try:
        getattr(student, name)(*given)
    finally:
        op_callbacks.remove_op_callback(note)
    return sorted(found)


def twice(student: Any, name: str, *args: Any) -> list[Any]:
    """Two calls with the same arguments, one after the other."""
    return [getattr(student, name)(*args), getattr(student, name)(*args)]
