"""A chapter: its exercises, its checks, and where they lie."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.checks import Check, Exercise
from grader.errors import UserError


class ChapterError(UserError):
    """A chapter or exercise that does not exist, or whose files contradict each other. The message is for people."""


def find_root(start: Path | None = None) -> Path:
    """The folder that holds exercises/: `start`, the working directory or a parent of it, or else the kit's own."""
    here = Path(start or os.getcwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[1]):
        if any((folder / "exercises").glob("ch[0-9][0-9]")):
            return folder
    raise ChapterError(
        "No exercises folder was found here. Change into the kit's folder, the one with exercises/ in it."
    )


def chapter_names(root: Path | None = None) -> list[str]:
    """The chapters that exist: ["ch05", "ch08"]."""
    folder = find_root(root) / "exercises"
    return sorted(path.name for path in folder.glob("ch[0-9][0-9]") if any(path.glob("test_*.py")))


@dataclass(frozen=True)
class Chapter:
    """exercises: by name, in the order to do them; home: exercise → its module; checks: in order, visible ones first."""

    name: str
    folder: Path
    exercises: dict[str, Exercise]
    home: dict[str, str]
    checks: tuple[Check, ...]
    files: dict[str, Path] = field(default_factory=dict)
    sources: dict[str, ModuleType] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.folder.parents[1]

    @property
    def solutions(self) -> Path:
        return self.root / "solutions" / self.name

    @cached_property
    def title(self) -> str:
        """The first heading of the chapter's README."""
        readme = self.folder / "README.md"
        text = readme.read_text(encoding="utf-8") if readme.exists() else ""
        heading = re.search(r"^#\s+(.*)$", text, re.MULTILINE)
        return heading.group(1).strip() if heading else self.name

    @property
    def module_names(self) -> list[str]:
        return list(dict.fromkeys(self.home.values()))

    def checks_of(self, exercise: str, hidden: bool | None = None) -> list[Check]:
        """The checks of one exercise."""
        return [c for c in self.checks if c.exercise == exercise and hidden in (None, c.hidden)]

    def exercise(self, name: str) -> Exercise:
        """The exercise of this name (or id); raises ChapterError with the names that exist."""
        short = name.removeprefix(self.name + ".")
        if short not in self.exercises:
            raise ChapterError(f"{self.name} has no exercise {short}. It has: {', '.join(self.exercises)}.")
        return self.exercises[short]

    def seconds(self) -> dict[str, float]:
        """The limit of one call, for each exercise."""
        return {name: exercise.seconds for name, exercise in self.exercises.items()}

    def host_arguments(
        self,
        modules: Mapping[str, Sequence[str]],
        cells: Sequence[str] = (),
        problems: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """What a Host needs, as plain values. modules: name → (source text, file name to show)."""
        probes = self.folder / "probes.py"
        return {
            "modules": {name: list(pair) for name, pair in modules.items()},
            "exercises": {
                name: {
                    "module": self.home[name],
                    "arguments": e.arguments,
                    # Where TensorFlow is ruled out as a whole, no op of its may run, however it was come by.
                    "forbids_ops": [*e.forbids_ops, *(["*"] if "tensorflow.*" in e.forbids else [])],
                }
                for name, e in self.exercises.items()
            },
            "cells": list(cells),
            "probes": [probes.read_text(encoding="utf-8"), str(probes)] if probes.exists() else None,
            "problems": dict(problems or {}),
            "fallback": self.name,
        }

    def read_modules(self, folder: Path) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
        """The chapter's modules in a folder: name → (source, file to show), and problems: name → sentence."""
        modules, problems = {}, {}
        for name in [*self.module_names, self.name]:
            path = folder / f"{name}.py"
            if not path.is_file():
                continue
            try:
                modules[name] = (path.read_text(encoding="utf-8-sig"), shown(path))
            except (OSError, UnicodeDecodeError) as error:
                problems[name] = f"{shown(path)} cannot be read ({error}). Save it as UTF-8 text."
        return modules, problems


def shown(path: Path) -> str:
    """A path as a terminal can click it: relative to the working directory where it lies below it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def load_chapter(name: str, hidden: bool = False, root: Path | None = None) -> Chapter:
    """Import a chapter's check modules. hidden: those in solutions/ too (they must exist then)."""
    base = find_root(root)
    folder = base / "exercises" / name
    files = {path.stem: path for path in sorted(folder.glob("test_*.py"))}
    if not files:
        raise ChapterError(f"There is no chapter {name}. There are: {', '.join(chapter_names(base))}.")
    exercises: dict[str, Exercise] = {}
    home: dict[str, str] = {}
    checks: list[Check] = []
    sources: dict[str, ModuleType] = {}
    for stem in _in_reading_order(folder, files):
        module = sources[stem] = _import_checks(f"exercises_{name}_{stem}", files[stem])
        for exercise in getattr(module, "EXERCISES", ()):
            if exercise.name in exercises:
                raise ChapterError(f"{files[stem]} declares {exercise.name} again. Names are unique in a chapter.")
            exercises[exercise.name] = exercise
            home[exercise.name] = stem.removeprefix("test_")
        checks += [function.check for function in _checks_in(module)]
    if hidden:
        secret = base / "solutions" / name
        if not secret.is_dir():
            raise ChapterError(
                f"The solutions of {name} are not here ({secret}). Hidden checks need the instructor's kit."
            )
        for path in sorted(secret.glob("test_*.py")):
            module = _import_checks(f"solutions_{name}_{path.stem}", path)
            checks += [replace(function.check, hidden=True) for function in _checks_in(module)]
    for item in checks:
        if item.exercise not in exercises:
            raise ChapterError(f"{item.name} checks {item.exercise}, which no EXERCISES of {name} declares.")
    return Chapter(name, folder, exercises, home, tuple(checks), files, sources)


def _in_reading_order(folder: Path, files: Mapping[str, Path]) -> list[str]:
    """Check modules in the order in which the README first names them; then the others by name."""
    readme = folder / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""

    def place(stem: str) -> tuple[int, str]:
        at = text.find(f"{stem.removeprefix('test_')}.py")
        return (at if at >= 0 else len(text), stem)

    return sorted(files, key=place)


def _import_checks(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _checks_in(module: ModuleType) -> list[Any]:
    return [
        value
        for key, value in vars(module).items()
        if key.startswith("test_") and isinstance(getattr(value, "check", None), Check)
    ]
