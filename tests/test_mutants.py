"""Mutants: what is changed and what is not, names that last, marks of equivalence, and jobs that hang or die."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from grader import forks
from grader.chapter import load_chapter
from grader.kill_matrix import Store
from grader.mutants import EquivalentError, Module, load_equivalents, mutants

CHAPTER = Path(__file__).parent / "audit_chapter"

MODULE = '''"""One of everything."""

import numpy as np
import tensorflow as tf


def helper(n):
    ### BEGIN SOLUTION
    return n - 1
    ### END SOLUTION


def target(x, w, b, training=False):
    """Not 2 of 3."""
    given = 7
    ### BEGIN SOLUTION
{body}
    ### END SOLUTION
'''
CHECKS = '''"""Checks."""

from grader import Exercise, check

EXERCISES = (Exercise("target", arguments="{kind}", hints=("a", "b")),)


@check("target", points=100)
def test_target(student):
    """It is right."""
'''


def make(folder: Path, body: str, kind: str = "numpy"):
    """A chapter whose one exercise has this body."""
    for half in ("exercises", "solutions"):
        (folder / half / "ch91").mkdir(parents=True, exist_ok=True)
    text = MODULE.format(body="\n".join(f"    {line}" for line in body.splitlines()))
    (folder / "solutions" / "ch91" / "one.py").write_text(text, encoding="utf-8")
    (folder / "exercises" / "ch91" / "test_one.py").write_text(CHECKS.format(kind=kind), encoding="utf-8")
    return load_chapter("ch91", root=folder)


def changed(folder: Path, body: str, kind: str = "numpy") -> set[str]:
    """The changed lines of all mutants of a body."""
    return {m.now for m in mutants(make(folder, body, kind))}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return x.sum(axis=(0, 1))", ["return x.sum(axis=(1,))", "return x.sum()", "return x.mean(axis=(0, 1))"]),
        ("return x.max(axis=1)", ["return x.max(axis=0)", "return x.min(axis=1)", "return x.max(axis=1, keepdims=True)"]),
        ("return x @ w + b", ["return (x @ w)", "return w @ x + b", "return x @ w - b", "return 2 * (x @ w + b)"]),
        ("return x @ w.T", ["return x @ w", "return x * w.T", "return -(x @ w.T)", "return np.float32(x @ w.T)"]),
        ("return x.transpose(0, 2, 1)", ["return x.transpose(2, 0, 1)", "return x", "return x.transpose(0, 1, 2)"]),
        ("return (x - b) / len(x)", ["return (b - x) / len(x)", "return (x - b)", "return (x - b) * len(x)"]),
        ("return x, w, b", ["return w, x, b", "return x, b, w", "return x, w"]),
        ("return np.maximum(x, 0)", ["return x", "return np.minimum(x, 0)", "return np.maximum(x, 1)"]),
        ("return x / np.sqrt(w + 1e-5)", ["return x / (np.sqrt(w) + 1e-5)", "return x / np.sqrt(w)", "return x / (w + 1e-5)"]),
        ("w -= 0.1 * x\nreturn w", ["w = 0.1 * x", "w += 0.1 * x", "pass", "w -= x"]),
        ("b = 0.9 * b + x\nreturn b", ["pass", "b = (0.9 * b)", "b = 1.8 * b + x"]),
        ("return [i for i in range(len(x))]", ["return [i for i in range(len(x) - 1)]", "return [i for i in range(1, len(x))]"]),
        ("return x[1:-1]", ["return x[1 + 1:-1]", "return x[1:(-1) - 1]"]),
        ("return x[::2]", ["return x[:]"]),
        ("return np.zeros_like(x)", ["return np.ones_like(x)"]),
        ("return np.where(x > 0, x, w)", ["return np.where(x > 0, w, x)", "return np.where(x >= 0, x, w)"]),
        ("if training:\n    return x\nreturn w", ["if True:", "if False:"]),
        ("return np.einsum('ij,jk->ik', x, w)", ["return np.einsum('ij,jk->ki', x, w)", "return np.einsum('ji,jk->ik', x, w)"]),
        ("return x * w", ["return w * w", "return x * b"]),
    ],
)  # fmt: skip
def test_the_mistakes_of_arrays_are_made(tmp_path: Path, body: str, expected: list[str]) -> None:
    found = changed(tmp_path, body)
    assert [line for line in expected if line not in found] == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return tf.nn.relu(x @ w)", ["return (x @ w)", "return tf.nn.tanh(x @ w)", "return tf.stop_gradient(tf.nn.relu(x @ w))"]),
        ("y = x * w\nreturn y", ["y = tf.stop_gradient(x * w)", "return (lambda y: 2 * y - tf.stop_gradient(y))(y)"]),
        ("return tf.stop_gradient(x)", ["return x"]),
        ("return tf.reduce_mean(x)", ["return tf.reduce_sum(x)", "return tf.cast(tf.reduce_mean(x), tf.float32)"]),
        ("y = f(x, strides=2, padding='SAME')", ["y = f(x, strides=2, padding='VALID')", "y = f(x, padding='SAME')"]),
        ("y = Dense(3, activation='relu')", ["y = Dense(3)", "y = Dense(3, activation='tanh')", "y = Dense(4, activation='relu')"]),
        ("y = Dense(3, use_bias=False)", ["y = Dense(3)", "y = Dense(3, use_bias=True)"]),
        ("return layer(x, training=training)", ["return layer(x, training=True)", "return layer(x)"]),
        ("return tf.keras.losses.CategoricalCrossentropy(from_logits=True)", ["return tf.keras.losses.CategoricalCrossentropy()"]),
        ("return tf.keras.layers.MaxPooling2D(2)(x)", ["return tf.keras.layers.AveragePooling2D(2)(x)", "return x"]),
        ("return layer(x, dilation_rate=w)", ["return layer(x)"]),
        ("logits = x @ w\nreturn logits + b", ["return tf.nn.softmax(logits) + b"]),
    ],
)  # fmt: skip
def test_the_mistakes_of_tensors_and_layers_are_made(tmp_path: Path, body: str, expected: list[str]) -> None:
    found = changed(tmp_path, body, "tensor")
    assert [line for line in expected if line not in found] == []


def test_only_lines_between_the_markers_are_changed(tmp_path: Path) -> None:
    chapter = make(tmp_path, "return helper(3) + given")
    made = mutants(chapter)
    assert {m.was for m in made} == {"return n - 1", "return helper(3) + given"}
    for mutant in made:
        assert '"""Not 2 of 3."""' in mutant.source and "given = 7" in mutant.source


def test_no_two_mutants_are_the_same_program(tmp_path: Path) -> None:
    import ast

    made = mutants(make(tmp_path, "y = x.mean(axis=0, keepdims=True)\nreturn (x - y) / (x.std(axis=0) + 1e-5), y"))
    trees = [ast.dump(ast.parse(m.source)) for m in made]
    assert len(trees) > 40
    assert len(set(trees)) == len(trees)
    assert len({m.id for m in made}) == len(made)


def test_a_helpers_mutants_belong_to_the_exercises_that_use_it(tmp_path: Path) -> None:
    chapter = make(tmp_path, "return helper(3)")
    assert {m.exercises for m in mutants(chapter) if m.owner == "helper"} == {("target",)}
    assert Module(make(tmp_path, "return x"), "one").exercises_of("helper") == ()


def test_a_mutant_keeps_its_name_when_lines_are_added_before_it(tmp_path: Path) -> None:
    before = {m.id for m in mutants(make(tmp_path, "return x + w"))}
    after = {m.id for m in mutants(make(tmp_path, "assert len(x) == 1\nreturn x + w"))}
    assert before < after


def test_equal_lines_are_told_apart(tmp_path: Path) -> None:
    made = mutants(make(tmp_path, "x = x + 1\nx = x + 1\nreturn x"))
    twice = [m for m in made if m.now == "x = x - 1"]
    assert sorted(m.occurrence for m in twice) == [1, 2]
    assert len({m.id for m in twice}) == 2


# --- equivalent mutants ------------------------------------------------------------------------------------------------


def mark(folder: Path, text: str):
    """The marks of equivalence in this file, for a body of one line."""
    chapter = make(folder, "return x + w")
    (folder / "solutions" / "ch91" / "equivalent.one.toml").write_text(text, encoding="utf-8")
    made = mutants(chapter)
    return load_equivalents(chapter, made), made


def test_a_mark_names_its_mutant_by_its_lines(tmp_path: Path) -> None:
    found, made = mark(tmp_path, '[[target]]\nreason = "So it is."\nchanges = [["return x  +  w", "return x - w"]]\n')
    (name,) = found.reasons
    assert [m.now for m in made if m.id == name] == ["return x - w"]
    assert found.reasons[name] == "So it is." and found.stale == []


def test_a_mark_that_fits_nothing_any_more_is_said(tmp_path: Path) -> None:
    found, _ = mark(tmp_path, '[[target]]\nreason = "Once."\nchanges = [["return x + v", "return x - v"]]\n')
    assert found.reasons == {}
    assert found.stale == ["equivalent.one.toml: [[target]] 'return x + v' → 'return x - v' fits no mutant any more."]


@pytest.mark.parametrize("text", ["[[target]]\nchanges = []\n", '[[target]]\nreason = ""\nchanges = []\n', "[[target"])
def test_a_mark_without_a_reason_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(EquivalentError, match="equivalent.one.toml"):
        mark(tmp_path, text)


# --- jobs in forked processes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_a_job_that_hangs_or_dies_costs_only_itself(batch: int) -> None:
    def hang() -> None:
        while True:
            pass

    jobs = [
        forks.Job("right", lambda: [1, "two"], 10),
        forks.Job("hangs", hang, 0.5),
        forks.Job("dies", lambda: os.abort(), 10),
        forks.Job("raises", lambda: {}["key"], 10),
        forks.Job("long answer", lambda: "x" * 300_000, 10),
    ]
    started = time.monotonic()
    ended = {e.key: e for e in forks.run(jobs, 1, batch)}
    assert time.monotonic() - started < 9
    assert (ended["right"].answer, ended["right"].why) == ([1, "two"], "")
    assert (ended["hangs"].answer, ended["hangs"].why) == (None, "time")
    assert ended["dies"].answer is None and "SIGABRT" in ended["dies"].why
    assert ended["raises"].answer is None and ended["raises"].why == "KeyError: 'key'"
    assert len(ended["long answer"].answer) == 300_000


def test_jobs_that_still_run_end_with_the_iteration(tmp_path: Path) -> None:
    def write_later() -> None:
        time.sleep(1.5)
        (tmp_path / "late").touch()

    running = forks.run([forks.Job("quick", lambda: 1, 10), forks.Job("slow", write_later, 10)])
    assert next(running).key == "quick"
    running.close()
    time.sleep(2)
    assert not (tmp_path / "late").exists()


def test_a_store_survives_a_run_that_was_broken_off(tmp_path: Path) -> None:
    path = tmp_path / ".grader" / "mutants.jsonl"
    store = Store(path)
    store.put("a", {"cells": {}})
    store.put("a", {"cells": {"test": ["failed", 1, 0.0, False]}})
    with path.open("a") as file:
        file.write('{"key": "b", "cel')
    again = Store(path)
    assert list(again.known) == ["a"] and again.known["a"]["cells"] == {"test": ["failed", 1, 0.0, False]}
    assert Store(path, fresh=True).known == {}
