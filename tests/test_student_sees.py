"""What a student sees: pytest's output, from the fresh stub to the last point, and the small commands around it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests_stored import same_as_stored

from grader.build import build

RIGHT = "def double(x):\n    return 2 * x\n\n\ndef centre(x):\n    return x - x.mean()\n"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run a Python module as a student would, in the working directory."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "110", "PYTHONDONTWRITEBYTECODE": "1", **environment},
        stdin=subprocess.DEVNULL,
    )


def pytest_says(*arguments: str, **environment: str) -> tuple[int, str]:
    """Exit code and output of pytest without its header."""
    done = run("pytest", "exercises/ch77", "-q", "-p", "no:cacheprovider", *arguments, **environment)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture
def built(kit: Path) -> Path:
    (kit / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    build(["ch77"])
    return kit


def write(kit: Path, source: str) -> None:
    (kit / "exercises/ch77/small.py").write_text(source)


def test_a_fresh_stub_prints_a_checklist_and_where_to_start(built: Path) -> None:
    code, text = pytest_says()
    assert code == 1
    same_as_stored("fresh_stub", text)


def test_a_wrong_answer_is_shown_with_input_answer_mistake_and_hint(built: Path) -> None:
    write(built, RIGHT.replace("2 * x", "3 * x"))
    code, text = pytest_says()
    assert code == 1
    same_as_stored("wrong_answer", text)


def test_an_exception_is_shown_without_the_grader(built: Path) -> None:
    write(built, RIGHT.replace("2 * x", "helper(x)") + "\n\ndef helper(x):\n    return x.no_such_thing\n")
    code, text = pytest_says("-k", "double_doubles")
    assert code == 1
    assert "grader/" not in text
    same_as_stored("exception", text)


def test_a_failure_says_what_to_get_right_first_and_only_what_this_run_knows(built: Path) -> None:
    write(built, RIGHT.replace("2 * x", "x").replace("x - x.mean()", "x"))
    first = "First       this builds on double: get that right first."
    assert first in pytest_says()[1]
    write(
        built, RIGHT.replace("x - x.mean()", "x")
    )  # double was mended meanwhile: what the last run knew is not true any more
    assert first not in pytest_says("-k", "centre")[1]


def test_a_syntax_error_is_shown_by_its_line(built: Path) -> None:
    write(built, "def double(x):\n    return 2 * (x\n")
    code, text = pytest_says("-k", "double_doubles")
    assert code == 1
    same_as_stored("syntax_error", text)


def test_right_answers_are_green_and_add_up(built: Path) -> None:
    write(built, RIGHT)
    code, text = pytest_says()
    assert code == 0
    same_as_stored("right_answers", text)


def test_colours_in_a_terminal_and_plain_in_a_file(built: Path) -> None:
    write(built, RIGHT.replace("2 * x", "3 * x"))
    assert "\x1b[" in pytest_says("--color=yes")[1]
    assert "\x1b[" not in pytest_says()[1]


def test_against_solutions_checks_the_references(built: Path) -> None:
    code, text = pytest_says("--against", "solutions")
    assert code == 0 and "3 passed" in text
    code, text = pytest_says("--against", "nowhere")
    assert code != 0 and "There is no folder" in text


def test_what_a_student_prints_and_broken_text_do_no_harm(built: Path) -> None:
    write(built, RIGHT.replace("return 2 * x", "raise ValueError('\\x1b[2J\\u202egnp.exe')"))
    _, text = pytest_says("-k", "double_doubles")
    assert "\x1b" not in text and "\u202e" not in text
    assert "\\x1b[2J" in text


def test_the_small_commands(built: Path) -> None:
    assert run("grader", "hint", "ch77.double").stdout == "ch77.double\n(1 of 2) What is twice a number?\n"
    assert "(2 of 2) Multiply by two.\nThat was the last one." in run("grader", "hint", "ch77.double").stdout
    wrong = run("grader", "hint", "ch77.triple")
    assert wrong.returncode == 2
    assert wrong.stderr == "ch77 has no exercise triple. It has: double, centre.\n"
    wrong = run("grader", "hint", "ch78.triple")
    assert wrong.stderr == "There is no chapter ch78. There are: ch77.\n"
    write(built, RIGHT)
    pytest_says()
    status = run("grader", "status").stdout
    assert "90/90" in status and "2/2" in status and "done" in status
