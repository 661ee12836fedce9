"""The figures of a kill matrix: by exercise, by check, of diagnoses; and what the author's gate has to say to them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from grader.checks import Check
from grader.judge import TRACED
from grader.kill_matrix import Matrix, Row
from grader.laboratory import Kill

SURPRISES = 0.02  # the share of mutants that may be killed by hidden checks only
ROOM = 1.5  # examples proposed: the most that were needed, times this
BugKills = Mapping[str, Mapping[str, int]]  # bug id → check → the example at which it was rejected


@dataclass
class ExerciseFigures:
    """One exercise's mutants. crashed: of the killed ones, those that raised on every check that killed them."""

    name: str
    mutants: int = 0
    visible: int = 0
    hidden_only: int = 0
    equivalent: int = 0
    survivors: int = 0
    not_run: int = 0
    crashed: int = 0


@dataclass
class CheckFigures:
    """One check. kills: mutants; alone: those that no other check of its side kills; bugs: named ones that it rejects;
    last: the latest first kill; needed: the same among mutants and bugs that it kills earliest of all visible checks."""

    check: Check
    kills: int = 0
    alone: int = 0
    bugs: int = 0
    last: int = 0
    needed: int = 0
    seconds: float = 0.0

    @property
    def proposed(self) -> int:
        """How many examples the evidence asks for. A visible check keeps those of a trace, since names follow from them, and
        a hidden one all that it has: no student waits for it."""
        if self.check.examples == 1:
            return 1
        least = self.check.examples if self.check.hidden else min(self.check.examples, TRACED)
        return max(math.ceil(ROOM * self.needed), least)

    @property
    def saving(self) -> float:
        """Seconds that a passing run would save with the proposed number."""
        return self.seconds * max(0.0, 1 - self.proposed / self.check.examples)


@dataclass
class Naming:
    """Diagnoses of mutants.

    alike: mutants that behave as a named bug; right: those named as it; silent: those of them that got no name; partial:
    mutants named for what they do on the check that failed, and that do something else on other checks; wrong: mutants
    with a name that is not even true of the check that gave it, with other inputs.
    """

    alike: int = 0
    right: int = 0
    silent: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Figures:
    """All figures of one chapter. bug_kills: what the audit found of the named bugs."""

    def __init__(self, matrix: Matrix, bug_kills: BugKills | None = None, only: set[str] | None = None) -> None:
        self.matrix, self.bug_kills = matrix, bug_kills or {}
        self.chosen = [e for e in matrix.chapter.exercises if only is None or e in only]
        self.chapter = matrix.chapter.name

    @cached_property
    def exercises(self) -> list[ExerciseFigures]:
        """By exercise, in order."""
        found = []
        for name in self.chosen:
            figures = ExerciseFigures(name)
            for row in self.matrix.rows_of(name):
                figures.mutants += 1
                match self.matrix.fate(row):
                    case "killed":
                        figures.visible += 1
                        kills = [c for c in row.cells.values() if c.kills]
                        figures.crashed += bool(kills) and all(c.crashed for c in kills)
                    case "hidden":
                        figures.hidden_only += 1
                    case "equivalent":
                        figures.equivalent += 1
                    case "survivor":
                        figures.survivors += 1
                    case "not run":
                        figures.not_run += 1
            found.append(figures)
        return found

    @cached_property
    def total(self) -> ExerciseFigures:
        """The whole chapter."""
        names = [f for f in ExerciseFigures.__dataclass_fields__ if f != "name"]
        return ExerciseFigures("all", **{n: sum(getattr(f, n) for f in self.exercises) for n in names})

    @cached_property
    def checks(self) -> list[CheckFigures]:
        """By check, in order."""
        matrix = self.matrix
        found = {
            c.name: CheckFigures(c, seconds=matrix.baseline.get(c.name, 0.0))
            for c in matrix.chapter.checks
            if c.exercise in self.chosen
        }
        for row in matrix.rows:
            kills = {name: cell.examples for name, cell in row.cells.items() if cell.kills and name in found}
            self._count(found, kills, [kill for kill in row.again if kill])
            for side in (True, False):
                mine = [name for name in kills if (name in matrix.hidden) is side]
                if len(mine) == 1:
                    found[mine[0]].alone += 1
            for name in kills:
                found[name].kills += 1
        for rejected in self.bug_kills.values():
            kills = {name: at for name, at in rejected.items() if name in found}
            self._count(found, kills, [])
            for name in kills:
                found[name].bugs += 1
        return list(found.values())

    def _count(self, found: dict[str, CheckFigures], kills: Mapping[str, int], again: list[Kill]) -> None:
        for name, at in kills.items():
            found[name].last = max(found[name].last, at)
        visible = [(at, name) for name, at in kills.items() if name not in self.matrix.hidden]
        for at, name in [*([min(visible)] if visible else []), *again]:
            if name in found:
                found[name].needed = max(found[name].needed, at)
                found[name].last = max(found[name].last, at)

    @cached_property
    def idle(self) -> list[str]:
        """Checks that were run and kill no mutant and no bug."""
        run = {name for row in self.matrix.rows for name in row.cells}
        return [f.check.name for f in self.checks if f.check.name in run and not f.kills and not f.bugs]

    @cached_property
    def lucky(self) -> list[Row]:
        """Mutants that visible checks kill with one seed and not with another."""
        return [row for row in self.matrix.rows if any(kill is None for kill in row.again)]

    @cached_property
    def naming(self) -> Naming:
        """How mutants are named."""
        found = Naming()
        for row in self.matrix.rows:
            for exercise in row.mutant.exercises:
                said, like = row.said.get(exercise, {}), set(row.like.get(exercise, ()))
                text = f"{row.mutant.id} ({exercise})"
                if like:
                    found.alike += 1
                    if said and set(said.values()) <= like:
                        found.right += 1
                    elif not said:
                        found.silent.append(f"{text} behaves as {' and '.join(sorted(like))}")
                for check, name in said.items():
                    if name not in like:
                        amiss = check in row.amiss.get(exercise, ())
                        sentence = f"{text} is named {name} by {check}:\n{row.mutant.diff}"
                        (found.wrong if amiss else found.partial).append(sentence)
        return found

    @property
    def surprises(self) -> float:
        """The share of the mutants killed that only hidden checks kill."""
        killed = self.total.visible + self.total.hidden_only
        return self.total.hidden_only / killed if killed else 0.0

    def complaints(self) -> list[str]:
        """What the author has to see to, one sentence each (with a diff)."""
        matrix = self.matrix
        found = list(matrix.broken)
        for row in matrix.rows:
            fate, mutant = matrix.fate(row), row.mutant
            where = f"solutions/{self.chapter}/{mutant.module}.py:{mutant.line}"
            if fate == "survivor":
                found.append(
                    f"{mutant.id} survives all checks ({where}, {mutant.operator}). Kill it by a better check, or say in "
                    f"equivalent.{mutant.module}.toml why it is equivalent:\n{mutant.diff}"
                )
            if row.equivalent and fate in ("killed", "hidden"):
                by = ", ".join(name for name, cell in row.cells.items() if cell.kills) or row.why
                found.append(f"{mutant.id} is marked equivalent, and {by} kills it.")
            for name, cell in row.cells.items():
                if cell.verdict == "error":
                    found.append(
                        f"{name} broke on {mutant.id} ({where}): wrong work would get no verdict.\n{mutant.diff}"
                    )
        found += matrix.equivalents.stale
        if self.surprises > SURPRISES:
            found.append(
                f"{self.total.hidden_only} mutants ({100 * self.surprises:.1f} %) are killed by hidden checks only; at most "
                f"{100 * SURPRISES:.0f} % may be: {', '.join(r.mutant.id for r in matrix.rows if matrix.fate(r) == 'hidden')}."
            )
        found += [f"Wrong name: {text}" for text in self.naming.wrong]
        for row in self.lucky:
            missed = sum(kill is None for kill in row.again)
            found.append(
                f"{row.mutant.id} is killed by luck: with {missed} of {len(row.again)} other seeds it passes all visible "
                f"checks. Draw what shows it more often:\n{row.mutant.diff}"
            )
        for name in self.idle:
            if name not in matrix.equivalents.idle:
                found.append(f"{name} kills no mutant and no bug. Remove it, or say under [checks] why it stays.")
        for f in self.checks:
            if f.check.name in matrix.draws:
                found += matrix.draws[f.check.name].complaints(f.check)
        return found
