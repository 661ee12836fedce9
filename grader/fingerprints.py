"""What a measured result depends on, as short fingerprints: a result is valid as long as its fingerprints are the same."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from grader.bugs import Patch
from grader.chapter import Chapter
from grader.checks import Check
from grader.diagnosis import Diagnoses
from grader.mutants import Mutant, definitions, reached

# What draws, compares and probes, and so decides a verdict.
ENGINE = ("comparison.py", "gradients.py", "probes.py", "strategies.py", "training.py", "values.py")
NAMING = 3  # of the form in which names are kept


def digest(*parts: Any) -> str:
    """A short fingerprint of texts."""
    return hashlib.sha1("\0".join(map(str, parts)).encode()).hexdigest()[:16]


@cache  # a bug's source is asked for once a mutant
def code_only(text: str) -> str:
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
        self.engine = digest(*(code_only((here / n).read_text("utf-8")) for n in ENGINE if (here / n).exists()))
        probes = chapter.folder / "probes.py"
        self.probes = digest(code_only(probes.read_text(encoding="utf-8"))) if probes.exists() else ""
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
        return digest(mutant.id, *texts, *imported)

    def of_check(self, check: Check) -> str:
        """Of a check's function and everything in its file that it reaches."""
        if check.name not in self._checks:
            file = inspect.unwrap(check.function).__code__.co_filename
            if file not in self._files:
                text = Path(file).read_text(encoding="utf-8")
                self._files[file] = text, definitions(ast.parse(text))
            _, known = self._files[file]
            texts = [code_only(ast.unparse(known[name])) for name in reached(known, check.name) if name != "EXERCISES"]
            exercise = self.chapter.exercises[check.exercise]
            probes = self.probes if any("probe" in text for text in texts) else ""
            terms = (exercise.arguments, exercise.forbids, exercise.forbids_ops, check.points > 0)
            self._checks[check.name] = digest(*texts, terms, probes, self.engine, check.examples)
        return self._checks[check.name]

    def of_names(self, exercise: str, bugs: Sequence[Patch]) -> str:
        """Of what decides how a mistake is named: an exercise's checks, its bugs and their stored traces."""
        checks = self.chapter.checks_of(exercise)
        stored = [json.dumps(self.diagnoses.traces.get(c.name), sort_keys=True) for c in checks]
        return digest(NAMING, *map(self.of_check, checks), *stored, *(code_only(b.source) for b in bugs))
