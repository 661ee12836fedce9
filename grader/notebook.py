"""`check("ch08.conv2d")` in a notebook: runs an exercise's visible checks on what the notebook defines.

It prints what `pytest exercises/ch08` would print, and answers the points, so that nbgrader's own Execute gives partial
credit. Nothing reaches standard error: nbgrader scores a test cell with any stderr before its result as 0, and
TensorFlow writes there at import and at its first op.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import keyword
import linecache
import math
import sys
import textwrap
import types
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from grader.quiet import held_stderr, quiet_imports

PRINTED_LINES, PRINTED = 12, 2000  # lines and characters of a student's own prints that are shown
_worth: dict[str, float] = {}

with contextlib.suppress(ImportError), quiet_imports():  # here, and not in the first test cell
    from grader.worker import quiet_tensorflow

    quiet_tensorflow()  # before the first op of the notebook: some of these settings hold only then


class Points(float):
    """The points of a test cell. Its repr is a plain number: nbgrader reads it."""

    def __repr__(self) -> str:
        return f"{float(self):g}"


def worth(chapter: str, **points: float) -> None:
    """Say what the test cells of a notebook are worth, hidden checks included: worth("ch08", conv2d=7)."""
    _worth.update({f"{chapter}.{name}": float(value) for name, value in points.items()})


def check(exercise: str, namespace: Mapping[str, Any] | None = None) -> Points:
    """Run the visible checks of an exercise ("ch08.conv2d") on a namespace, by default the caller's.

    Prints the feedback, and answers points between 0 and what the exercise is worth (see `worth`): the share of the
    visible checks' points that passed. A check that the grader could not run counts neither way. Raises
    grader.chapter.ChapterError for an exercise that does not exist.
    """
    if namespace is None:
        namespace = inspect.currentframe().f_back.f_globals  # type: ignore[union-attr]
    printed = io.StringIO()
    with held_stderr(), contextlib.redirect_stdout(printed):
        text, got, full = _run(exercise, dict(namespace))
    sys.stdout.write(text)
    if printed.getvalue():
        sys.stdout.write(f"\nYour code printed:\n{_tail(printed.getvalue())}\n")
    sys.stdout.flush()
    value = _worth.get(exercise, full)
    share = got / full if full else 1.0
    # Rounded down, so that no rounding takes it above the cell's points, which nbgrader refuses.
    return Points(min(math.floor(value * share * 1e4 + 1e-6) / 1e4, value))


def _run(name: str, namespace: dict[str, Any]) -> tuple[str, float, float]:
    """(feedback, points of the checks that passed, points of those that could be run)."""
    from grader import feedback, result
    from grader.judge import Examiner
    from grader.student import Local, Student

    chapter = _chapter(name.partition(".")[0])
    exercise = chapter.exercise(name).name
    source = live_source(namespace)
    host = _live_host(chapter, namespace)
    try:
        examiner = Examiner(
            chapter, lambda: Student(Local(host), chapter.seconds()), {"notebook": (source, "notebook")}, 0
        )
        outcomes = examiner.exercise(exercise)
    finally:
        host.close()
    run = [outcome for outcome in outcomes if outcome.verdict != result.ERROR]
    got, full = sum(o.points for o in run), sum(o.check.points for o in run)
    return _told(name, chapter, outcomes, f"{feedback.number(got)} of {feedback.number(full)} points"), got, full


def _told(name: str, chapter: Any, outcomes: Sequence[Any], points: str) -> str:
    """What a student reads: a line for each property; what is known of each failure; one hint."""
    from grader import feedback, result

    if all(outcome.verdict == result.NOT_ATTEMPTED for outcome in outcomes):
        return f"{name}: not attempted yet. {outcomes[0].sentence if outcomes else ''}\n"
    lines, hint = [f"{name}: {points} by the visible checks"], True
    for outcome in outcomes:
        if outcome.verdict == result.PASSED:
            lines.append(f"✓ {outcome.check.property}")
            continue
        outcome.where = None  # a cell has no file; a traceback names the cell by itself
        lines.append(feedback.plain(outcome, chapter, hints=hint))
        hint = False
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=4)
def _chapter(name: str) -> Any:
    from grader.chapter import load_chapter

    return load_chapter(name)


def _live_host(chapter: Any, namespace: dict[str, Any]) -> Any:
    """A Host whose student code is there already: the notebook's own objects."""
    from grader.host import Host

    live = types.SimpleNamespace(**{key: value for key, value in namespace.items() if key.isidentifier()})

    class Live(Host):
        def _whole(self) -> Any:
            return live

    host = Live(**chapter.host_arguments({}, cells=[""]))
    host.files |= {function.__code__.co_filename for function in _functions(namespace)}
    return host


def _functions(namespace: Mapping[str, Any]) -> list[types.FunctionType]:
    """The functions and methods that the notebook itself defines."""
    own = [value for value in namespace.values() if getattr(value, "__module__", None) == "__main__"]
    found = [value for value in own if isinstance(value, types.FunctionType)]
    for kind in own:
        if isinstance(kind, type):
            found += [method for method in vars(kind).values() if isinstance(method, types.FunctionType)]
    return found


def live_source(namespace: Mapping[str, Any]) -> str:
    """The source of what the notebook defines *now*, with the imports it rests on.

    The cells' history would not do: it remembers what a student has long put right.
    """
    lines = []
    for name, value in namespace.items():
        if name.startswith("__") or not name.isidentifier():
            continue
        home, own = getattr(value, "__module__", None), getattr(value, "__name__", "")
        if isinstance(value, types.ModuleType):
            if _is_dotted(own):
                lines.append(f"import {own} as {name}")
        elif home == "__main__" and isinstance(value, (type, types.FunctionType)):
            lines.append(_source(value))
        elif isinstance(home, str) and isinstance(own, str) and _is_dotted(f"{home}.{own}"):
            lines.append(f"from {home} import {own} as {name}")
        else:
            lines.append(f"{name} = ...  # some object")
    return "\n".join(lines)


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in name.split("."))


def _source(defined: Any) -> str:
    """The source of a function or class of the notebook, "" if it is not to be had."""
    try:
        return textwrap.dedent(inspect.getsource(defined))
    except (OSError, TypeError):
        pass
    # inspect wants a class's module to be a file, and a notebook is none: find it where its methods are.
    for method in vars(defined).values() if isinstance(defined, type) else ():
        if isinstance(method, types.FunctionType):
            text = "".join(linecache.getlines(method.__code__.co_filename))
            with contextlib.suppress(SyntaxError):
                for node in ast.walk(ast.parse(text)):
                    if isinstance(node, ast.ClassDef) and node.name == defined.__name__:
                        return ast.get_source_segment(text, node) or ""
    return ""


def _tail(text: str) -> str:
    lines = text.rstrip().splitlines()
    shown = "\n".join(lines[-PRINTED_LINES:])[-PRINTED:]
    return shown if len(lines) <= PRINTED_LINES else f"… ({len(lines)} lines, the last ones:)\n{shown}"
