"""`grader new ch08.centred`: the files of a new exercise, small but whole, so that it can be audited before it is changed."""

from __future__ import annotations

import ast
import keyword
import re
from pathlib import Path

import jinja2

from grader.chapter import find_root
from grader.errors import UserError


class NewError(UserError):
    """An exercise that cannot be made. The message is for the author."""


def new_exercise(name: str, module: str | None = None, root: Path | None = None) -> list[Path]:
    """Write reference, bugs, a variant, equivalent mutants and a check of a new exercise; answers the files written.

    name: "ch08.centred"; module: the module that it goes into, an existing or a new one (by default one of its own name).
    Raises NewError for a name that is taken or is none; writes nothing then.
    """
    chapter, _, exercise = name.partition(".")
    module = module or exercise
    _check_names(name, chapter, exercise, module)
    base = find_root(root)
    visible, secret = base / "exercises" / chapter, base / "solutions" / chapter
    for path in sorted(secret.glob("[a-z]*.py")):
        if not path.name.startswith("test_") and exercise in _defined(path):
            raise NewError(f"{path} has a {exercise} already. Names are unique in a chapter: choose another.")
    texts = {
        secret / f"{module}.py": "new_reference.py.j2",
        secret / f"bugs.{module}.toml": "new_bugs.toml.j2",
        secret / f"variants.{module}.toml": "new_variants.toml.j2",
        secret / f"equivalent.{module}.toml": "new_equivalent.toml.j2",
        visible / f"test_{module}.py": "new_check.py.j2",
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("grader"), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    made = {}
    for path, template in texts.items():
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        text = environment.get_template(template).render(name=exercise, module=module, new=not old)
        made[path] = _with_exercise(path, old, text, exercise) if path.name.startswith("test_") and old else old + text
    readme = visible / "README.md"
    if not readme.exists():
        made[readme] = f"# Chapter {int(chapter[2:])}\n\n- `{exercise}` in `{module}.py`\n"
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(made)


def _check_names(name: str, chapter: str, exercise: str, module: str) -> None:
    if not re.fullmatch(r"ch\d\d", chapter) or not exercise:
        raise NewError(f"{name} names no exercise. Say chapter and name, as in ch08.centred.")
    for word in (exercise, module):
        if not word.isidentifier() or keyword.iskeyword(word):
            raise NewError(f"{word!r} is no name that Python allows. Use letters, digits and underscores.")
    if module.startswith("test_") or module == "probes":
        raise NewError(f"A module cannot be called {module}: that name belongs to checks and probes.")


def _defined(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def _with_exercise(path: Path, old: str, text: str, exercise: str) -> str:
    """A check module with one exercise more, last in EXERCISES, and its check at the end."""
    entry, _, check = text.partition("# ---\n")
    for node in ast.parse(old).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="EXERCISES")], value=ast.Tuple() as listed):
                lines = old.splitlines(keepends=True)
                last = (listed.end_lineno or 1) - 1
                head, tail = (
                    lines[last][: (listed.end_col_offset or 1) - 1],
                    lines[last][(listed.end_col_offset or 1) - 1 :],
                )
                before = "".join(lines[:last]) + head
                if not before.rstrip().endswith((",", "(")):
                    before = before.rstrip() + ",\n"
                return before + entry + tail + "".join(lines[last + 1 :]) + _imports(old) + check
    raise NewError(f"{path} has no EXERCISES = (…) that {exercise} could be added to. Give it one.")


def _imports(old: str) -> str:
    """The names that the check needs and the module does not import yet, as a comment-free line."""
    names = {"given": "hypothesis", "expect_close": "grader", "expect_untouched": "grader", "check": "grader"}
    names |= {"distinct_sizes": "grader.strategies", "arrays": "grader.strategies"}
    known = {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(old))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    lines = [f"from {home} import {name}  # noqa: E402\n" for name, home in names.items() if name not in known]
    return "\n\n" + "".join(lines) if lines else ""
