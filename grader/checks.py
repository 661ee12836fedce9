"""What an author writes: exercises, and checks worth points."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, is_hypothesis_test, settings

# Hypothesis mixes numbers that it finds in the source files of loaded modules into its draws. With them, the same seed would
# draw other inputs on another machine, and for every student's code: stored traces could not be compared with new ones.
with contextlib.suppress(ImportError):
    from hypothesis.internal.conjecture.providers import HypothesisProvider
    from hypothesis.internal.constants_ast import Constants

    HypothesisProvider._local_constants = Constants()  # type: ignore[assignment,method-assign]


@dataclass(frozen=True)
class Exercise:
    """One function or class that the student writes.

    arguments: "numpy" or "tensor", how array arguments reach it; hints: two or three, from a nudge to nearly the answer;
    forbids: patterns of dotted names that its source may not use ("scipy.*", "tensorflow.nn.conv*"), aliases are resolved;
    forbids_ops: TensorFlow op types that may not run while it runs; needs: exercises that it builds on (a failure is
    `blocked` while one of them fails); seconds: the wall-clock limit of one call.
    """

    name: str
    arguments: str = "numpy"
    hints: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    forbids_ops: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    seconds: float = 10.0

    def __post_init__(self) -> None:
        if self.arguments not in ("numpy", "tensor"):
            raise ValueError(f'{self.name}: arguments is "numpy" or "tensor", not {self.arguments!r}.')


@dataclass(frozen=True)
class Check:
    """One property of an exercise, worth points.

    examples: how many inputs are drawn (1 without @given); least: how few may have run for a pass to count.
    """

    name: str
    exercise: str
    property: str
    points: float
    function: Callable[..., None]
    examples: int
    least: int
    capstone: bool = False
    gpu: bool = False
    hidden: bool = False
    takes_reference: bool = False


def check(
    exercise: str,
    *,
    points: float,
    examples: int = 20,
    least: int | None = None,
    capstone: bool = False,
    gpu: bool = False,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test function a check of `exercise`; goes above `@given`.

    The docstring's first line is the property that a student reads. least: the least number of examples that must have run
    (half of `examples` by default; give it where there are fewer different inputs than that).
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        drawn = is_hypothesis_test(function)
        body = function.hypothesis.inner_test if drawn else function  # type: ignore[attr-defined]
        signature = inspect.signature(body)

        @functools.wraps(body)
        def example(*args: Any, **kwargs: Any) -> None:
            student = kwargs["student"]
            student.log.example(lambda: body(*args, **kwargs))

        if drawn:
            function.hypothesis.inner_test = example  # type: ignore[attr-defined]
            function = settings(
                max_examples=examples,
                phases=(Phase.explicit, Phase.generate, Phase.shrink),
                database=None,
                deadline=None,
                report_multiple_bugs=False,
                suppress_health_check=tuple(HealthCheck),
            )(function)
        else:
            function = example
        doc = inspect.getdoc(body) or ""
        function.check = Check(  # type: ignore[attr-defined]
            name=body.__name__,
            exercise=exercise,
            property=" ".join(doc.split("\n\n")[0].split()),
            points=float(points),
            function=function,
            examples=examples if drawn else 1,
            least=least if least is not None else (max(1, examples // 2) if drawn else 1),
            capstone=capstone,
            gpu=gpu,
            takes_reference="reference" in signature.parameters,
        )
        return function

    return decorate
