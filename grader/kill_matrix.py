"""Which check kills which mutant, after how many examples: the power of a chapter's checks, measured.

Every mutant is examined in a forked process of its own. What was found is kept in .grader/mutants.<chapter>.jsonl, keyed by
fingerprints of the code that mattered, so that a run goes on where the last one was broken off, and after a change of one
check only that check is run again.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from grader import forks, result
from grader.bugs import Patch, load_bugs
from grader.build import open_local, reference_modules
from grader.chapter import Chapter
from grader.checks import Check
from grader.diagnosis import Diagnoses, Trace, alike, load_diagnoses, sign_trace
from grader.draws import Draws, draws
from grader.host import Host
from grader.judge import Examiner, trace_check
from grader.mutants import Equivalents, Mutant, definitions, load_equivalents, mutants, reached
from grader.student import Local, Student

SEED = 0  # of the run that makes the matrix
LATE = 4  # a mutant whose first kill came at this example or later is run again with
AGAIN = (1, 2, 3, 4)  # these seeds
CAPSTONE_SECONDS = 240.0  # for all mutants of one training exercise; the others are listed as not run
ENGINE = ("comparison.py", "gradients.py", "probes.py", "strategies.py", "training.py", "values.py")


@dataclass(frozen=True)
class Cell:
    """One check on one mutant. examples: at the first kill, or all that passed; crashed: the mutant raised."""

    verdict: str
    examples: int
    seconds: float = 0.0
    crashed: bool = False

    @property
    def kills(self) -> bool:
        return self.verdict in (result.FAILED, result.NOT_ATTEMPTED)


@dataclass
class Row:
    """What is known of one mutant.

    cells: by check; said: for each exercise, the names that its failing checks gave; like: for each exercise, the named
    bugs that the mutant behaves as, on more and other inputs; again: with other seeds, the example of the first visible
    kill, or None; why: how its process ended, if badly.
    """

    mutant: Mutant
    cells: dict[str, Cell] = field(default_factory=dict)
    said: dict[str, list[str]] = field(default_factory=dict)
    like: dict[str, list[str]] = field(default_factory=dict)
    again: list[Kill | None] = field(default_factory=list)
    why: str = ""
    equivalent: str = ""


@dataclass
class Matrix:
    """A chapter's kill matrix. baseline: the reference's seconds by check; broken: sentences on a reference that fails."""

    chapter: Chapter
    rows: list[Row]
    equivalents: Equivalents
    baseline: dict[str, float] = field(default_factory=dict)
    draws: dict[str, Draws] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @cached_property
    def hidden(self) -> frozenset[str]:
        return frozenset(c.name for c in self.chapter.checks if c.hidden)

    def fate(self, row: Row) -> str:
        """killed, hidden (by hidden checks only), equivalent, survivor, or not run."""
        kills = [name for name, cell in row.cells.items() if cell.kills]
        if row.why or any(name not in self.hidden for name in kills):
            return "killed"
        if kills:
            return "hidden"
        if row.equivalent:
            return "equivalent"
        return "survivor" if row.cells else "not run"

    def rows_of(self, exercise: str) -> list[Row]:
        """The mutants of one exercise; those of a helper belong to the first exercise that uses it."""
        return [row for row in self.rows if row.mutant.exercises[0] == exercise]


Kill = tuple[int, str]  # the example at which a check killed, and the check


def first_kill(cells: dict[str, Cell], names: Iterable[str]) -> Kill | None:
    """The earliest kill by one of these checks."""
    return min(((cells[n].examples, n) for n in names if n in cells and cells[n].kills), default=None)


# --- fingerprints --------------------------------------------------------------------------------------------------------


def _hash(*parts: Any) -> str:
    return hashlib.sha1("\0".join(map(str, parts)).encode()).hexdigest()[:16]


def _code_only(text: str) -> str:
    """A source's syntax tree without docstrings, as text."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            match node.body:
                case [ast.Expr(value=ast.Constant()), *rest]:
                    node.body = rest or [ast.Pass()]
    return ast.dump(tree)


class Fingerprints:
    """What a result depends on: of a mutant, of a check, of an exercise's named bugs."""

    def __init__(self, chapter: Chapter, diagnoses: Diagnoses) -> None:
        self.chapter, self.diagnoses = chapter, diagnoses
        here = Path(__file__).parent
        self.engine = _hash(*(_code_only((here / n).read_text("utf-8")) for n in ENGINE if (here / n).exists()))
        probes = chapter.folder / "probes.py"
        self.probes = _hash(_code_only(probes.read_text(encoding="utf-8"))) if probes.exists() else ""
        self._files: dict[str, tuple[str, dict[str, ast.stmt]]] = {}
        self._checks: dict[str, str] = {}
        self.modules = {n: (chapter.solutions / f"{n}.py").read_text(encoding="utf-8") for n in chapter.module_names}

    def of_mutant(self, mutant: Mutant) -> str:
        """Of the changed definition and everything that its exercises reach."""
        tree = ast.parse(mutant.source)
        known = definitions(tree)
        used = {name for start in (mutant.owner, *mutant.exercises) for name in reached(known, start)}
        texts = [ast.dump(known[name]) for name in sorted(used & set(known))]
        imported = [text for name, text in self.modules.items() if name != mutant.module and name in mutant.source]
        return _hash(mutant.id, *texts, *imported)

    def of_check(self, check: Check) -> str:
        """Of a check's function and everything in its file that it reaches."""
        if check.name not in self._checks:
            file = inspect.unwrap(check.function).__code__.co_filename
            if file not in self._files:
                text = Path(file).read_text(encoding="utf-8")
                self._files[file] = text, definitions(ast.parse(text))
            _, known = self._files[file]
            texts = [_code_only(ast.unparse(known[name])) for name in reached(known, check.name) if name != "EXERCISES"]
            exercise = self.chapter.exercises[check.exercise]
            probes = self.probes if any("probe" in text for text in texts) else ""
            terms = (exercise.arguments, exercise.forbids, exercise.forbids_ops, check.points > 0)
            self._checks[check.name] = _hash(*texts, terms, probes, self.engine, check.examples)
        return self._checks[check.name]

    def of_names(self, exercise: str, bugs: Sequence[Patch]) -> str:
        """Of what decides how a mistake is named: an exercise's checks, its bugs and their stored traces."""
        checks = self.chapter.checks_of(exercise)
        stored = [json.dumps(self.diagnoses.traces.get(c.name), sort_keys=True) for c in checks]
        return _hash(*map(self.of_check, checks), *stored, *(_code_only(b.source) for b in bugs))


# --- what happens in a forked process ----------------------------------------------------------------------------------


@dataclass
class Laboratory:
    """All that the jobs of one chapter share; made before the forks."""

    chapter: Chapter
    diagnoses: Diagnoses
    bugs: dict[str, list[Patch]]
    prints: Fingerprints
    limits: dict[str, float] = field(default_factory=dict)
    traces: dict[str, dict[str, Trace]] = field(default_factory=dict)  # bug id → check → independent trace

    def student(self, modules: dict[str, tuple[str, str]]) -> Student:
        host = Host(**self.chapter.host_arguments(modules))
        return Student(Local(host), {**self.chapter.seconds(), **self.limits})

    def quick(self, exercise: str) -> list[Check]:
        """The checks of an exercise that take no training and no special machine."""
        return [c for c in self.chapter.checks_of(exercise) if not c.capstone and not c.gpu]

    def baseline(self, exercise: str, capstones: bool) -> dict[str, Any]:
        """The reference on its own checks: seconds and draws, and sentences where it fails."""
        _begin()
        reference = open_local(self.chapter, reference_modules(self.chapter))
        modules = reference_modules(self.chapter)
        checks = [c for c in self.chapter.checks_of(exercise) if (capstones or not c.capstone) and not c.gpu]
        examiner = Examiner(
            self.chapter, lambda: open_local(self.chapter, modules), modules, SEED, reference, hasty=True
        )
        outcomes = examiner.exercise(exercise, checks)
        return {
            "seconds": {o.check.name: o.seconds for o in outcomes},
            "failed": [f"{o.check.name}: {o.sentence}" for o in outcomes if o.verdict != result.PASSED],
            "draws": {c.name: asdict(draws(c, self.student(modules), reference)) for c in checks if not c.capstone},
        }

    def trace_bug(self, bug: Patch) -> dict[str, Trace]:
        """A named bug on other inputs than those by which it is recognised."""
        _begin()
        reference = open_local(self.chapter, reference_modules(self.chapter))
        student = self.student(reference_modules(self.chapter, bug))
        return {c.name: _other_trace(c, student, reference) for c in self.quick(bug.exercise)}

    def examine(self, mutant: Mutant, checks: Sequence[Check], known: dict[str, Cell]) -> dict[str, Any]:
        """Run checks on a mutant; then, if it was killed, see how it is named, and whether that was luck."""
        _begin()
        modules = reference_modules(self.chapter)
        reference = open_local(self.chapter, modules)
        modules = {**modules, mutant.module: (mutant.source, f"{mutant.module}.py")}

        def examine(checks: Iterable[Check], seed: int) -> dict[str, Cell]:
            names = Diagnoses(sentences=self.diagnoses.sentences)
            examiner = Examiner(
                self.chapter, lambda: self.student(modules), modules, seed, reference, names, hasty=True
            )
            found = {}
            for exercise in mutant.exercises:
                for o in examiner.exercise(exercise, [c for c in checks if c.exercise == exercise]):
                    found[o.check.name] = Cell(o.verdict, o.examples, round(o.seconds, 4), bool(o.frames))
                    if o.diagnosis:
                        said.setdefault(exercise, set()).add(o.diagnosis.partition("/")[2])
            return found

        said: dict[str, set[str]] = {}
        cells = known | examine(checks, SEED)
        like = {}
        for exercise in mutant.exercises:
            failed = [c for c in self.quick(exercise) if c.name in cells and cells[c.name].kills]
            if failed and self.bugs.get(exercise):
                student = self.student(modules)
                said.setdefault(exercise, set()).update(self._names(exercise, failed, student, reference))
                like[exercise] = self._like(exercise, student, reference)
        visible = [c for e in mutant.exercises for c in self.quick(e) if not c.hidden]
        first = first_kill(cells, [c.name for c in visible])
        again: list[Kill | None] = []
        if first is not None and first[0] >= LATE:
            names = [c.name for c in visible]
            again = [first_kill(examine(visible, seed), names) for seed in AGAIN]
        return {
            "cells": {name: list(asdict(cell).values()) for name, cell in cells.items()},
            "said": {e: sorted(names) for e, names in said.items()},
            "like": like,
            "again": again,
        }

    def _names(self, exercise: str, failed: Sequence[Check], student: Student, reference: Student) -> set[str]:
        """The names that the failing checks would give, as `Examiner.name_mistake` finds them."""
        traces: dict[str, Any] = {}

        def trace(check: Check) -> Any:
            if check.name not in traces:
                traces[check.name] = trace_check(check, student, reference) if student.alive else []
            return traces[check.name]

        found = set()
        for check in failed:
            others = [c for c in self.chapter.checks_of(exercise) if c is not check and not c.capstone]
            found.add(self.diagnoses.find(check, others, trace))
        return {name for name in found if name}

    def _like(self, exercise: str, student: Student, reference: Student) -> list[str]:
        """The named bugs that behave as this code does, on other inputs."""
        same = [bug for bug in self.bugs[exercise] if bug.id in self.traces]
        for check in self.quick(exercise):
            if not same or not student.alive:
                break
            mine = json.loads(json.dumps(_other_trace(check, student, reference)))
            same = [bug for bug in same if alike(self.traces[bug.id].get(check.name), mine)]
        return [bug.name for bug in same] if student.alive else []


def _begin() -> None:
    from grader.worker import quiet_tensorflow

    quiet_tensorflow()


def _other_trace(check: Check, student: Student, reference: Student) -> Trace:
    """The answers to three times as many inputs as a trace has, under another seed."""
    return sign_trace(trace_check(check, student, reference, seed="other/", examples=24))


# --- the run -------------------------------------------------------------------------------------------------------------


class Store:
    """Results on disk, one JSON line each: {"key": …, …}; the last line of a key counts."""

    def __init__(self, path: Path, fresh: bool = False) -> None:
        self.path = path
        path.parent.mkdir(exist_ok=True)
        self.known: dict[str, dict[str, Any]] = {}
        if fresh and path.exists():
            path.unlink()
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                entry = json.loads(line)
            except ValueError:  # the run was broken off while this line was written
                continue
            self.known[entry["key"]] = entry

    def put(self, key: str, entry: dict[str, Any]) -> None:
        """Keep an entry, on disk at once."""
        self.known[key] = {"key": key, **entry}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(self.known[key]) + "\n")


Progress = Callable[[str, int, int], None]


def kill_matrix(
    chapter: Chapter,
    only: Sequence[str] | None = None,
    jobs: int | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Matrix:
    """Run a chapter's checks on all of its mutants. only: exercises; fresh: forget what earlier runs found.

    To be called where TensorFlow is imported and no op has run.
    """
    chosen = [e for e in chapter.exercises if only is None or e in only]
    diagnoses, at_once = load_diagnoses(chapter), jobs or os.cpu_count() or 2
    bugs: dict[str, list[Patch]] = {name: [] for name in chosen}
    for bug in load_bugs(chapter):
        bugs.get(bug.exercise, []).append(bug)
    laboratory = Laboratory(chapter, diagnoses, bugs, Fingerprints(chapter, diagnoses))
    store = Store(chapter.root / ".grader" / f"mutants.{chapter.name}.jsonl", fresh)
    made = mutants(chapter, chosen)
    matrix = Matrix(chapter, [Row(m) for m in made], load_equivalents(chapter, made, only))
    for row in matrix.rows:
        row.equivalent = matrix.equivalents.reasons.get(row.mutant.id, "")
    total, done = len(chosen) + sum(map(len, bugs.values())) + len(made), 0

    def tell(what: str) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(f"{chapter.name}: {what}", done, total)

    for step in (_measure, _trace_bugs, _examine_all):
        for what in step(laboratory, matrix, store, at_once):
            tell(what)
    return matrix


def _measure(laboratory: Laboratory, matrix: Matrix, store: Store, at_once: int) -> Iterator[str]:
    """The references' own times and draws."""
    chosen = list(laboratory.bugs)

    def job(name: str) -> forks.Job:
        return forks.Job(name, lambda: laboratory.baseline(name, capstones=True), 900)

    for ended in forks.run(map(job, chosen), at_once):
        found = ended.answer
        if found is None:
            matrix.broken.append(f"The reference of {ended.key} could not be examined: {ended.why}.")
        else:
            matrix.baseline |= found["seconds"]
            matrix.draws |= {name: Draws(**counts) for name, counts in found["draws"].items()}
            matrix.broken += [f"The reference fails {sentence}" for sentence in found["failed"]]
            slowest = max(found["seconds"].values(), default=0.0)
            limit = laboratory.chapter.exercises[ended.key].seconds
            laboratory.limits[ended.key] = min(limit, 3 + 5 * slowest)
        yield f"{ended.key}'s reference"


def _trace_bugs(laboratory: Laboratory, matrix: Matrix, store: Store, at_once: int) -> Iterator[str]:
    """What the named bugs do on other inputs than those of their diagnoses."""
    waiting = []
    for exercise, bugs in laboratory.bugs.items():
        checks = [laboratory.prints.of_check(c) for c in laboratory.quick(exercise)]
        for bug in bugs:
            key = _hash("bug", bug.id, _code_only(bug.source), *checks)
            if key in store.known:
                laboratory.traces[bug.id] = store.known[key]["traces"]
                yield bug.id
            elif checks:
                waiting.append(forks.Job((key, bug.id), lambda bug=bug: laboratory.trace_bug(bug), 120))
    for ended in forks.run(waiting, at_once):
        key, name = ended.key
        if ended.answer is not None:
            laboratory.traces[name] = ended.answer
            store.put(key, {"traces": ended.answer})
        yield name


def _examine_all(laboratory: Laboratory, matrix: Matrix, store: Store, at_once: int) -> Iterator[str]:
    """Every mutant on the checks that are not known yet."""
    waiting = []
    sampled = _sampled_capstones(laboratory, matrix)
    for row in matrix.rows:
        mutant = row.mutant
        checks = [c for e in mutant.exercises for c in laboratory.quick(e)]
        if mutant.id in sampled:
            checks += [c for e in mutant.exercises for c in laboratory.chapter.checks_of(e) if c.capstone and not c.gpu]
        key = laboratory.prints.of_mutant(mutant)
        keys = {c.name: laboratory.prints.of_check(c) for c in checks}
        names = _hash(*(laboratory.prints.of_names(e, laboratory.bugs.get(e, [])) for e in mutant.exercises))
        stored = store.known.get(key, {})
        known = {n: Cell(*stored["cells"][n]) for n in keys if stored.get("keys", {}).get(n) == keys[n]}
        if not checks or (len(known) == len(keys) and stored.get("names") == names):
            _fill(row, stored if checks else {}, keys)
            yield row.mutant.id
            continue
        missing = [c for c in checks if c.name not in known]
        seconds = 60 + 20 * sum(matrix.baseline.get(c.name, 1.0) for c in checks)
        work = lambda mutant=mutant, missing=missing, known=known: laboratory.examine(mutant, missing, known)  # noqa: E731
        waiting.append(forks.Job((row, key, keys, names), work, min(seconds, 600)))
    for ended in forks.run(waiting, at_once):
        row, key, keys, names = ended.key
        entry = {
            "keys": keys,
            "names": names,
            "id": row.mutant.id,
            "seconds": round(ended.seconds, 3),
            "why": ended.why,
        }
        entry |= ended.answer or {"cells": {name: [result.FAILED, 0, 0.0, True] for name in keys}}
        store.put(key, entry)
        _fill(row, entry, keys)
        matrix.seconds += ended.seconds
        yield row.mutant.id


def _fill(row: Row, entry: dict[str, Any], keys: dict[str, str]) -> None:
    row.cells = {name: Cell(*entry["cells"][name]) for name in keys if name in entry.get("cells", {})}
    row.said, row.like = entry.get("said", {}), entry.get("like", {})
    row.again, row.why = [kill and (kill[0], kill[1]) for kill in entry.get("again", [])], entry.get("why", "")


def _sampled_capstones(laboratory: Laboratory, matrix: Matrix) -> frozenset[str]:
    """As many mutants of each training exercise as its time allows, chosen by their ids."""
    chosen: set[str] = set()
    for exercise in laboratory.bugs:
        checks = [c for c in laboratory.chapter.checks_of(exercise) if c.capstone and not c.gpu]
        cost = sum(matrix.baseline.get(c.name, 1e9) for c in checks)
        if checks:
            ids = sorted(r.mutant.id for r in matrix.rows_of(exercise))
            ids.sort(key=lambda i: hashlib.sha1(i.encode()).digest())
            chosen.update(ids[: int(CAPSTONE_SECONDS / max(cost, 1e-3))])
    return frozenset(chosen)
