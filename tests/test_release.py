"""What students get holds no solution, and what is imported before a fork runs no TensorFlow op."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.build import build
from grader.chapter import ChapterError, chapter_names, find_root, load_chapter
from grader.release import write_release

KIT = Path(__file__).parents[1]

FORK_SAFE = """
from grader.chapter import chapter_names, load_chapter
for name in chapter_names():
    load_chapter(name, hidden=True)
from tensorflow.python.eager import context
raise SystemExit(context.context()._context_handle is not None)
"""


def test_the_release_has_no_solutions(tmp_path: Path) -> None:
    names = write_release(chapter_names(KIT), tmp_path / "kit.zip", root=KIT)
    with zipfile.ZipFile(tmp_path / "kit.zip") as archive:
        texts = {name: archive.read(name) for name in archive.namelist()}
    assert "exercises/ch08/convolution.py" in names and "grader/cli.py" in names and "Makefile" in names
    assert not any("solutions" in name or "tests/" in name for name in names)
    assert not any(b"### BEGIN SOLUTION\n" in text for name, text in texts.items() if "/exercises/" in name)
    references = {path.read_bytes() for path in (KIT / "solutions").rglob("*.py")}
    assert not references & set(texts.values())


def test_a_solution_among_the_exercises_stops_the_release(kit: Path) -> None:
    build(["ch77"])
    (kit / "exercises/ch77/small.py").write_text((kit / "solutions/ch77/small.py").read_text())
    with pytest.raises(ChapterError, match=r"small.py holds a solution. Run grader build"):
        write_release(["ch77"], kit / "kit.zip")
    assert not (kit / "kit.zip").exists()


def test_loading_the_chapters_runs_no_op() -> None:
    done = subprocess.run([sys.executable, "-c", FORK_SAFE], cwd=KIT, stderr=subprocess.DEVNULL)
    assert done.returncode == 0


def test_chapters_that_are_not_there_are_named(kit: Path) -> None:
    with pytest.raises(ChapterError, match=r"There is no chapter ch08. There are: ch77."):
        load_chapter("ch08")
    with pytest.raises(ChapterError, match=r"ch77 has no exercise triple. It has: double, centre."):
        load_chapter("ch77").exercise("ch77.triple")
    assert find_root() == kit


def test_exercises_must_be_declared_and_unique(kit: Path) -> None:
    path = kit / "exercises/ch77/test_small.py"
    text = path.read_text()
    path.write_text(text.replace('@check("double", points=40)', '@check("triple", points=40)'))
    with pytest.raises(ChapterError, match="checks triple, which no EXERCISES"):
        load_chapter("ch77")
    path.write_text(text.replace('Exercise("centre"', 'Exercise("double"'))
    with pytest.raises(ChapterError, match="declares double again"):
        load_chapter("ch77")
