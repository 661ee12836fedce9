"""Which check kills which mutant, after how many examples: the power of a chapter's checks, measured.

Mutants are examined in forked processes, each with its own time limit. What was found is kept in .grader/mutants.<chapter>.jsonl, keyed by
fingerprints of the code that mattered, so that a run goes on where the last one was broken off, and after a change of one
check only that check is run again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from grader import forks, result
from grader.bugs import Patch, load_bugs
from grader.chapter import Chapter
from grader.diagnosis import load_diagnoses
from grader.draws import Draws
from grader.fingerprints import Fingerprints, digest
from grader.laboratory import Cell, Kill, Laboratory
from grader.mutants import Equivalents, Mutant, load_equivalents, mutants

BATCH = 12  # mutants that one process examines, if none of them hangs or dies
CAPSTONE_SECONDS = 100.0  # for all mutants of one training exercise; the others are listed as not run


@dataclass
class Row:
    """What is known of one mutant.

    cells: by check; said: exercise → failing check → the name it gave; like: exercise → the named bugs that the mutant
    behaves as on all checks, with other inputs; amiss: exercise → the checks whose name is wrong on their own other inputs;
    again: with other seeds, the first visible kill, or None; why: how its process ended, if badly.
    """

    mutant: Mutant
    cells: dict[str, Cell] = field(default_factory=dict)
    said: dict[str, dict[str, str]] = field(default_factory=dict)
    like: dict[str, list[str]] = field(default_factory=dict)
    amiss: dict[str, list[str]] = field(default_factory=dict)
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
        if any(name not in self.hidden for name in kills):
            return "killed"
        if kills:
            return "hidden"
        if row.equivalent:
            return "equivalent"
        return "survivor" if row.cells else "not run"

    def rows_of(self, exercise: str) -> list[Row]:
        """The mutants of one exercise; those of a helper belong to the first exercise that uses it."""
        return [row for row in self.rows if row.mutant.exercises[0] == exercise]


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
    total, done = len(chosen) + len(made), 0

    def tell(what: str) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(f"{chapter.name}: {what}", done, total)

    for step in (_measure, _examine_all):
        for what in step(laboratory, matrix, store, at_once):
            tell(what)
    return matrix


def _measure(laboratory: Laboratory, matrix: Matrix, store: Store, at_once: int) -> Iterator[str]:
    """The references' own times and draws."""
    chosen = list(laboratory.bugs)

    def job(name: str) -> forks.Job:
        return forks.Job(name, partial(laboratory.baseline, name, capstones=True), 900)

    for ended in forks.run(map(job, chosen), at_once):
        found = ended.answer
        if found is None:
            matrix.broken.append(f"The reference of {ended.key} could not be examined: {ended.why}.")
        else:
            matrix.baseline |= found["seconds"]
            laboratory.seconds |= found["seconds"]
            matrix.draws |= {name: Draws(**counts) for name, counts in found["draws"].items()}
            matrix.broken += [f"The reference fails {sentence}" for sentence in found["failed"]]
            slowest = max(found["seconds"].values(), default=0.0)
            limit = laboratory.chapter.exercises[ended.key].seconds
            laboratory.limits[ended.key] = min(limit, 3 + 5 * slowest)
        yield f"{ended.key}'s reference"


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
        names = digest(*(laboratory.prints.of_names(e, laboratory.bugs.get(e, [])) for e in mutant.exercises))
        stored = store.known.get(key, {})
        known = {n: Cell(*stored["cells"][n]) for n in keys if stored.get("keys", {}).get(n) == keys[n]}
        if not checks or (len(known) == len(keys) and stored.get("names") == names):
            _fill(row, stored if checks else {}, keys)
            yield row.mutant.id
            continue
        missing = [c for c in checks if c.name not in known]
        seconds = 60 + 20 * sum(matrix.baseline.get(c.name, 1.0) for c in checks)
        work = partial(laboratory.examine, mutant, missing, known)
        waiting.append(forks.Job((row, key, keys, names), work, min(seconds, 600)))
    for ended in forks.run(waiting, at_once, BATCH):
        row, key, keys, names = ended.key
        entry = {
            "keys": keys,
            "names": names,
            "id": row.mutant.id,
            "seconds": round(ended.seconds, 3),
            "why": ended.why,
        }
        if ended.answer is None and ended.crashed:  # a mutant that hangs, or takes its process with it, is noticed
            entry["cells"] = {name: [result.FAILED, 0, 0.0, True] for name in keys}
        elif ended.answer is None:
            matrix.broken.append(f"{row.mutant.id} could not be examined: {ended.why}.")
            yield row.mutant.id
            continue
        else:
            entry |= ended.answer
        store.put(key, entry)
        _fill(row, entry, keys)
        matrix.seconds += ended.seconds
        yield row.mutant.id


def _fill(row: Row, entry: dict[str, Any], keys: dict[str, str]) -> None:
    row.cells = {name: Cell(*entry["cells"][name]) for name in keys if name in entry.get("cells", {})}
    row.said, row.like, row.amiss = (entry.get(part, {}) for part in ("said", "like", "amiss"))
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
