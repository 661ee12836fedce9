"""Runs student code: loads modules or cells, calls functions and probes, and answers with plain values.

The same host serves both ways of running a check: in the student's own pytest process, and in a worker behind the wire.
It is on the untrusted side. Nothing that it answers is believed; it is only compared.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import inspect
import itertools
import linecache
import random
import re
import signal
import sys
import textwrap
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from grader.values import arrays_in, fresh, plain

MAX_MESSAGE = 2000
ANY_OP = "*"
MODULE_SECONDS = 30.0  # for a module's own code: definitions take none
CELL_SECONDS = 15.0  # for a notebook's cell: students train in cells, and what comes after must not be lost
CELLS_SECONDS = 45.0  # for all of them, all below LOAD_SECONDS; once they are used up, each gets a second
# Sources that may draw from TensorFlow's global generator. Seeding it empties TensorFlow's cache of kernels, which makes
# the checks of a chapter twice as slow, so it is done only for these. (Keras draws from Python's generator.)
DRAWS = re.compile(r"(?<!np)(?<!numpy)\.random\b|import\b[^\n]{0,200}\brandom\b|dropout\(|\.shuffle\(")
_labels = itertools.count(1)


class Interrupt(BaseException):
    """Raised by our own side inside a call (a time limit); never reported as the student's exception."""


@contextlib.contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raise Interrupt after some seconds, where the platform has alarms and nobody is debugging. May be nested."""
    possible = (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and sys.gettrace() is None
    )
    if not possible:
        yield
        return

    def ring(signum: int, frame: Any) -> None:
        raise Interrupt

    started = time.monotonic()
    before = signal.signal(signal.SIGALRM, ring)
    outer, again = signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)  # again and again: a bare except swallows one
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if outer:  # with a second to spare, in which to say what the inner one stopped
            signal.setitimer(signal.ITIMER_REAL, max(outer - (time.monotonic() - started), 1.0), again)


class Namespace:
    """The student's module as probes see it: `student.conv2d` is the student's own object."""

    def __init__(self, find: Callable[[str], Any]) -> None:
        self._find = find

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._find(name)


class Forbidden(Exception):
    """The exercise is done with an op that its statement rules out."""


class TooSlow(Exception):
    """A module or a cell that does not come to its end."""


class Missing(Exception):
    """The student's module does not define what is asked for."""


class Host:
    """One submission's code.

    modules: module name → (source text, file name shown in tracebacks); cells: notebook cells that share one namespace;
    exercises: exercise name → {"module": its module's name, "arguments": "numpy" or "tensor", "forbids_ops": [op types,
    or ANY_OP]};
    probes: (source text, file name) of the chapter's probes.py, or None.
    """

    def __init__(
        self,
        modules: Mapping[str, Sequence[str]],
        exercises: Mapping[str, Mapping[str, Any]],
        cells: Sequence[str] = (),
        probes: Sequence[str] | None = None,
        problems: Mapping[str, str] | None = None,
        fallback: str = "",
    ) -> None:
        self.label = f"submission_{next(_labels)}"
        self.sources = {name: (source, file) for name, (source, file) in modules.items()}
        self.exercises = exercises
        self.cells = cells
        self.problems = dict(problems or {})
        self.fallback = fallback
        self.probes_source = probes
        self.loaded: dict[str, types.ModuleType] = {}
        self.failed: dict[str, BaseException] = {}
        # exercise → the arrays of its last answer, each with a copy
        self._answers: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
        self.files = {file for _, file in self.sources.values()}
        texts = [*(source for source, _ in self.sources.values()), *cells, probes[0] if probes else ""]
        self.draws = any(map(DRAWS.search, texts))
        self.cell_errors: list[tuple[str, BaseException]] = []
        self._probes: dict[str, Any] | None = None
        self._notebook: types.ModuleType | None = None
        package = types.ModuleType(self.label)
        package.__path__ = []
        sys.modules[self.label] = package

    def close(self) -> None:
        """Forget the modules."""
        for name in [name for name in sys.modules if name == self.label or name.startswith(self.label + ".")]:
            del sys.modules[name]

    # --- loading -------------------------------------------------------------------------------------------------

    def _module(self, name: str, file: str) -> types.ModuleType:
        full = f"{self.label}.{name}"
        module = types.ModuleType(full)
        module.__file__ = file
        module.__package__ = self.label
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
        sys.modules[full] = module
        return module

    def _import(self, name, globals=None, locals=None, fromlist=(), level=0):
        """`import` in student code: the submission's own modules first, and never out of the file system."""
        head, _, rest = name.partition(".")
        chapter = {exercise["module"] for exercise in self.exercises.values()}
        if level and not name:  # from . import convolution
            package = types.SimpleNamespace()
            for item in fromlist or ():
                setattr(package, item, self.load(item))
            return package
        if not rest and (head in self.sources or (level and head in chapter)):
            return self.load(head)
        if not rest and head in chapter and not level:  # one file, or a notebook, that has the whole chapter
            whole = self._whole()
            if whole is not None:
                return whole
        return builtins.__import__(name, globals, locals, fromlist, level)

    def load(self, name: str) -> types.ModuleType:
        """Import one of the submission's modules; raises whatever it raised."""
        if name in self.loaded:
            return self.loaded[name]
        if name in self.failed:
            raise self.failed[name]
        if name not in self.sources:
            raise Missing(f"{name}.py was not handed in.")
        source, file = self.sources[name]
        module = self._module(name, file)
        module.__loader__ = Shown(source)  # type: ignore[assignment]
        remember(file, source)
        self.loaded[name] = module  # before it runs: a circular import sees what is there so far
        try:
            self._run(source, file, module, MODULE_SECONDS)
        except BaseException as error:
            del self.loaded[name]
            self.failed[name] = error
            raise
        return module

    def _run_cells(self) -> types.ModuleType:
        if self._notebook is None:
            self._notebook = module = self._module("notebook", "notebook")
            end = time.monotonic() + CELLS_SECONDS
            for number, source in enumerate(self.cells, 1):
                file = f"cell {number}"
                self.files.add(file)
                remember(file, source)
                try:
                    self._run(source, file, module, min(CELL_SECONDS, max(end - time.monotonic(), 1.0)))
                except BaseException as error:  # a cell that raises costs only what it would have defined
                    self.cell_errors.append((source, error))
        return self._notebook

    def _run(self, source: str, file: str, module: types.ModuleType, seconds: float) -> None:
        """Run a module's or a cell's code; raises what it raises, and TooSlow."""
        try:
            with alarm(seconds):
                exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)
        except Interrupt as interrupt:
            sentence = (
                f"It did not come to its end within {seconds:.0f} seconds, outside of any function that is checked. "
                "Is there a loop that never ends? Training belongs into a function, or under if __name__ == '__main__'."
            )
            raise TooSlow(sentence).with_traceback(interrupt.__traceback__) from None

    def _whole(self) -> types.ModuleType | None:
        """The namespace that has the whole chapter: chNN.py, or the notebook's cells."""
        if self.cells:
            return self._run_cells()
        return self.load(self.fallback) if self.fallback in self.sources else None

    def find(self, name: str) -> Any:
        """The student's own object called `name`; raises Missing, or what its module raised while loading."""
        home = self.exercises[name]["module"] if name in self.exercises else None
        if home in self.problems:
            raise Missing(self.problems[home])
        error: BaseException | None = None
        for place in [home] if home else list(self.sources):
            if place in self.sources:
                try:
                    module = self.load(place)
                except BaseException as raised:
                    error = raised
                    continue
                if name in vars(module):
                    return vars(module)[name]
        whole = self._whole()
        if whole is not None and name in vars(whole):
            return vars(whole)[name]
        if error is not None:
            raise error
        for source, cause in self.cell_errors:
            if f"{name}(" in source or f"class {name}" in source:
                raise cause
        where = f"{home}.py" if home in self.sources or not self.cells else "the notebook"
        raise Missing(f"{where} does not define {name}.")

    def guarded(self, name: str) -> Any:
        """The student's own object; a function that may not run certain ops is watched while it runs."""
        found = self.find(name)
        ops = frozenset(self.exercises.get(name, {}).get("forbids_ops", ()))
        if not ops or not callable(found) or inspect.isclass(found):
            return found

        @functools.wraps(found)
        def watched(*args: Any, **named: Any) -> Any:
            with no_ops(name, ops):
                return found(*args, **named)

        return watched

    # --- answering -----------------------------------------------------------------------------------------------

    def handle(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one request of the judge: {"id", "ok": …} or {"id", "raised": …}."""
        action = {"call": self._call, "probe": self._probe, "attempted": self._attempted}[message["do"]]
        try:
            with np.errstate(all="warn", under="ignore"), warnings.catch_warnings():  # NumPy's own defaults
                warnings.simplefilter("ignore")
                answer = {"ok": action(message)}
        except Interrupt:
            raise
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and message.get("local"):
                raise
            answer = {"raised": self.describe(error)}
        return {"id": message["id"], **answer}

    def _attempted(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Whether the exercise is more than its stub."""
        name = message["name"]
        try:
            found = self.find(name)
        except Missing as error:
            return {"attempted": False, "why": str(error)}
        return {"attempted": not is_stub(found), "why": ""}

    def _call(self, message: Mapping[str, Any]) -> Any:
        name = message["name"]
        found, function = self.find(name), self.guarded(name)
        seed_everything(message.get("seed", 0), self.draws)
        tensors = self.exercises.get(name, {}).get("arguments") == "tensor"
        arguments, named = fresh(message["args"]), fresh(message["kwargs"])
        if tensors:
            arguments, named = as_tensors(arguments), as_tensors(named)
        check_signature(name, found, arguments, named)
        if not message.get("watch"):
            return plain(self._new(name, function(*arguments, **named)))
        given = [(label, array, array.copy()) for label, array in labelled(found, arguments, named)]
        result = self._new(name, function(*arguments, **named))
        mutated = changed(given, labelled(found, arguments, named))
        results = [array for _, array in arrays_in(result)]
        aliased = [label for label, array, _ in given if any(np.shares_memory(array, r) for r in results)]
        return {"value": plain(result), "mutated": mutated, "aliased": aliased}

    def _new(self, name: str, result: Any) -> Any:
        """The result of a call, once it is clear that it was not written over what the call before gave: that may still be
        in use."""
        before = self._answers.pop(name, [])
        if not all(same(array, copy) for array, copy in before):
            raise Overwritten(
                f"{name} writes its answer into the array that it gave back in an earlier call, so that answer changes "
                "afterwards. Make a new array in each call."
            )
        self._answers[name] = [(array, array.copy()) for _, array in arrays_in(result)]
        return result

    def _probe(self, message: Mapping[str, Any]) -> Any:
        seed_everything(message.get("seed", 0), self.draws)
        probe = self._find_probe(message["name"])
        return plain(probe(Namespace(self.guarded), *fresh(message["args"]), **fresh(message["kwargs"])))

    def _find_probe(self, name: str) -> Callable[..., Any]:
        if self._probes is None:
            from grader import probes

            self._probes = dict(vars(probes))
            if self.probes_source:
                source, file = self.probes_source
                remember(file, source)
                module = types.ModuleType(f"{self.label}.probes")
                sys.modules[module.__name__] = module
                exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)
                self._probes.update(vars(module))
        return self._probes[name]

    def describe(self, error: BaseException) -> dict[str, Any]:
        """An exception as plain values, its traceback cut to the student's own files."""
        frames = []
        if isinstance(error, SyntaxError) and error.filename in self.files:
            frames = [[error.filename, error.lineno or 0, "", (error.text or "").strip()[:200]]]
            message = error.msg or ""
        else:
            traceback = error.__traceback__
            while traceback is not None:
                file, line = traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
                if file in self.files:
                    text = linecache.getline(file, line).strip()[:200]
                    frames.append([file, line, traceback.tb_frame.f_code.co_name, text])
                traceback = traceback.tb_next
            try:
                message = str(error)
            except BaseException:
                message = ""
            if message.startswith("in user code:"):
                frames, message = self._inside_a_graph(type(error).__name__, message)
        kind = "Missing" if isinstance(error, Missing) else type(error).__name__
        return {"type": kind[:200], "message": message[:MAX_MESSAGE], "frames": frames[-6:]}

    def _inside_a_graph(self, kind: str, message: str) -> tuple[list[list[Any]], str]:
        """Frames and message of an exception inside tf.function: AutoGraph ran other code, and wrote both as one text."""
        frames = [
            [file, int(line), function, linecache.getline(file, int(line)).strip()[:200]]
            for file, line, function in re.findall(r'^ *File "(.+)", line (\d+), in (\S+)', message, re.MULTILINE)
            if file in self.files
        ]
        said = re.split(rf"^ *{re.escape(kind)}: ", message, flags=re.MULTILINE)[-1]
        return frames, said.removeprefix("in user code:").strip()


@contextlib.contextmanager
def no_ops(name: str, ops: frozenset[str]) -> Iterator[None]:
    """Raise Forbidden as soon as one of these TensorFlow ops runs or is traced; ANY_OP stands for all of them."""
    # TensorFlow's own debugger stands on op_callbacks; there is no public name for it.
    from tensorflow.python.framework import op_callbacks

    def note(op_type, inputs, attrs, outputs, op_name=None, graph=None):
        kind = op_type.decode() if isinstance(op_type, bytes) else str(op_type)
        if ANY_OP in ops:
            raise Forbidden(f"{name} is to be written without TensorFlow, and its op {kind} ran.")
        if kind in ops:
            raise Forbidden(f"{name} may not be made with TensorFlow's op {kind}: write it from simpler ops.")

    op_callbacks.add_op_callback(note)
    try:
        yield
    finally:
        op_callbacks.remove_op_callback(note)


class Shown:
    """A module's loader, as far as linecache asks one: AutoGraph drops what `remember` noted, and looks it up anew."""

    def __init__(self, source: str) -> None:
        self.source = source

    def get_source(self, name: str) -> str:
        return self.source


def remember(file: str, source: str) -> None:
    """Let tracebacks, inspect and AutoGraph find a source that may not lie on disk."""
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)


def seed_everything(seed: int, draws: bool = True) -> None:
    """Seed Python, NumPy and, where it is loaded and drawn from, TensorFlow: the same call always answers the same way."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    tf = sys.modules.get("tensorflow") if draws else None
    if tf is not None:
        tf.random.set_seed(seed)


def as_tensors(value: Any) -> Any:
    """Arrays as TensorFlow tensors; everything else as it is."""
    if isinstance(value, np.ndarray):
        import tensorflow as tf

        return tf.constant(value)
    if isinstance(value, (list, tuple)):
        return type(value)(as_tensors(item) for item in value)
    if isinstance(value, dict):
        return {key: as_tensors(item) for key, item in value.items()}
    return value


class Overwritten(RuntimeError):
    """A call changed what an earlier one had given back."""


class WrongSignature(TypeError):
    """The function cannot be called as its statement says."""


def check_signature(name: str, function: Any, arguments: Sequence[Any], named: Mapping[str, Any]) -> None:
    """Raise WrongSignature, saying what the function takes, if it does not take these arguments."""
    if not callable(function):
        raise WrongSignature(f"{name} is a {type(function).__name__}, not a function.")
    try:  # of what is called: a decorated function may take other arguments than the one inside
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*arguments, **named)
    except TypeError as error:
        raise WrongSignature(f"Your {name}{signature} cannot be called as the statement says: {error}.") from None


def labelled(function: Callable, arguments: Sequence[Any], named: Mapping[str, Any]) -> list[tuple[str, np.ndarray]]:
    """Every array among a call's arguments, labelled by its parameter's name."""
    bound = {f"argument {i + 1}": value for i, value in enumerate(arguments)} | dict(named)
    for inside in (False, True):  # a decorated function's own names say more than *args
        with contextlib.suppress(TypeError, ValueError):
            bound = inspect.signature(function, follow_wrapped=inside).bind(*arguments, **named).arguments
    return [found for name, value in bound.items() for found in arrays_in(value, name)]


def changed(given: Sequence[tuple[str, np.ndarray, np.ndarray]], now: Sequence[tuple[str, np.ndarray]]) -> list[str]:
    """The labels of arrays that no longer hold what they held, and of lists that hold other things than they held.

    given: label, array and a copy from before the call; now: label and array after it.
    """
    there = dict(now)
    written = [
        label
        for label, array, before in given
        if not same(array, before) or (label in there and not same(there[label], before))
    ]
    lists = {label.partition("[")[0] for label in {label for label, _, _ in given}.symmetric_difference(there)}
    return [*written, *sorted(lists)]


def same(array: np.ndarray, before: np.ndarray) -> bool:
    """Whether an argument still holds what it held, to the last bit."""
    return array.shape == before.shape and array.dtype == before.dtype and array.tobytes() == before.tobytes()


def is_stub(found: Any) -> bool:
    """Whether a function or class is still as it was handed out: nothing but `raise NotImplementedError`."""
    if inspect.isclass(found):
        methods = [method for method in vars(found).values() if inspect.isfunction(method)]
        return any(map(is_stub, methods)) and all(is_stub(m) or m.__name__ == "__init__" for m in methods)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(found))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError, RecursionError):
        return False
    body = [
        node
        for node in getattr(tree, "body", [])
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    if len(body) != 1 or not isinstance(body[0], ast.Raise):
        return False
    raised = body[0].exc
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
