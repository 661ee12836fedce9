"""Every file in tests/attacks/ is a submission that wants points that it did not earn, or harm.

A file says in its first lines what it tries and what must come of it:

    # tries: …                  what it does, and why that may work somewhere
    # outcome: …                what happens here instead
    # exercises: conv2d …       what is graded (by default those of USUAL that it defines)
    # points: 2                 the most that it may get (by default 0)
    # says: regular expression  that a note or message must match
    # never: regular expression that nothing in the result may match
    # hidden: regular expression that no message of a hidden check may match

Of every attack these hold, too: each check that was expected is in the result with a verdict, and none is the grader's
own error; nothing that it started lives; text in the result is harmless to show; an honest submission gets the same
score as before.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader import student as student_module
from grader.chapter import load_chapter
from grader.escape import visible
from grader.judge import grade
from grader.limits import GIB, MIB, Limits, family
from grader.sandbox import Sandbox, SandboxUnavailable
from grader.submission import Submission, read_submission

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="walls need Linux")
ATTACKS = Path(__file__).parent / "attacks"
HONEST = Path(__file__).parent / "sample_class" / "ch08" / "basil"
USUAL = ("conv_output_size", "conv2d", "im2col")
SECONDS = 3.0  # limit of one call here, so that attacks that hang do not take long
MARKS = ("/tmp/unpickled_by_the_judge", "/tmp/slipped.py", "/tmp/magic")
LIMITS = Limits(memory=GIB, processes=16, threads=300, output=8 * MIB, scratch=16 * MIB)

Grade = Callable[..., dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Attack:
    """One attack, as its own first lines describe it."""

    path: Path
    fields: dict[str, str]

    @property
    def name(self) -> str:
        return self.path.name if self.path.suffix != ".py" else self.path.stem

    @property
    def exercises(self) -> list[str]:
        if named := self.fields.get("exercises"):
            return named.split()
        text = self.text()
        return [name for name in USUAL if re.search(rf"def {name}\b", text)] or ["conv2d"]

    def text(self) -> str:
        return (self.path / "convolution.py" if self.path.is_dir() else self.path).read_text()

    def submission(self, folder: Path) -> Submission:
        """What is handed in: the file, the folder, or what an archive's recipe builds in `folder`."""
        if self.path.parent.name != "archives":
            return read_submission(self.path, "ch08")
        spec = importlib.util.spec_from_file_location(self.path.stem, self.path)
        recipe = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(recipe)
        return read_submission(recipe.build(folder), "ch08")


def attacks() -> list[Attack]:
    found = [path for path in sorted(ATTACKS.glob("*")) if path.name not in ("archives", "__pycache__")]
    found += sorted((ATTACKS / "archives").glob("*.py"))
    described = []
    for path in found:
        text = (path / "convolution.py" if path.is_dir() else path).read_text()
        if path.suffix == ".ipynb":
            text = "".join(json.loads(text)["cells"][0]["source"])
        described.append(Attack(path, dict(re.findall(r"^# (\w+): (.*)$", text, re.MULTILINE))))
    return described


def test_every_attack_says_what_it_tries_and_what_must_come_of_it():
    assert len(attacks()) >= 80
    for attack in attacks():
        assert attack.fields.get("tries"), attack.path
        assert attack.fields.get("outcome"), attack.path


@pytest.fixture(scope="module")
def judge() -> Iterator[Grade]:
    """Grades one submission as `grader grade` does, with short limits."""
    chapter = load_chapter("ch08", hidden=True)
    quick = {name: dataclasses.replace(e, seconds=min(e.seconds, SECONDS)) for name, e in chapter.exercises.items()}
    quick |= {name: e for name, e in chapter.exercises.items() if name.startswith("fit_")}
    chapter = dataclasses.replace(chapter, exercises=quick)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(student_module, "LOAD_SECONDS", SECONDS)
        sandbox = Sandbox(limits=LIMITS)
        try:
            sandbox.start()
        except SandboxUnavailable as unavailable:
            pytest.skip(str(unavailable))
        with sandbox:

            def run(submission: Submission, exercises: list[str], seed: int = 7) -> dict[str, Any]:
                result = grade(submission, chapter, seed, sandbox.launch, only=exercises)
                expected = [c.name for name in exercises for c in chapter.checks_of(name)]
                graded = [c["name"] for e in result["exercises"] for c in e["checks"]]
                assert sorted(graded) == sorted(expected)
                return result

            yield run


@pytest.fixture(scope="module")
def honest(judge) -> float:
    """What the honest submission gets alone."""
    result = judge(read_submission(HONEST, "ch08"), list(USUAL))
    assert result["score"] > 10
    return result["score"]


@pytest.mark.parametrize("attack", attacks(), ids=lambda attack: attack.name)
def test_attack_earns_nothing_and_is_contained(attack, judge, honest, tmp_path):
    quiet = len(family(str(os.getpid())))
    descriptors = len(os.listdir("/proc/self/fd"))
    chapter = load_chapter("ch08")
    exercises = [name for name in attack.exercises if name in chapter.exercises]
    if not exercises:
        pytest.skip(f"ch08 has no {' '.join(attack.exercises)} yet")

    result = judge(attack.submission(tmp_path), exercises)

    checks = [check for exercise in result["exercises"] for check in exercise["checks"]]
    texts = [*result["notes"], *(check["message"] for check in checks)]
    table(attack, result, checks)
    assert result["score"] <= float(attack.fields.get("points", 0)), [
        c["name"] for c in checks if c["verdict"] == "passed"
    ]
    assert {check["verdict"] for check in checks} <= {"passed", "failed", "not_attempted", "blocked"}, texts
    if pattern := attack.fields.get("says"):
        assert any(re.search(pattern, text) for text in texts), texts
    if pattern := attack.fields.get("never"):
        assert not any(re.search(pattern, text) for text in texts), texts
    if pattern := attack.fields.get("hidden"):
        hidden = [check["message"] for check in checks if check["hidden"]]
        assert hidden
        assert not any(re.search(pattern, text) for text in hidden), hidden
    assert all(visible(text) == text and len(text) < 20_000 for text in texts)
    assert len(family(str(os.getpid()))) == quiet
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert not [mark for mark in MARKS if os.path.exists(mark)]


def test_the_next_student_gets_what_is_earned(judge, honest):
    """After all attacks, in the same sandbox: the same score to the last digit."""
    assert judge(read_submission(HONEST, "ch08"), list(USUAL))["score"] == honest


def table(attack: Attack, result: dict[str, Any], checks: list[dict[str, Any]]) -> None:
    """One line for each attack, where ATTACK_TABLE names a file: what it tried, and what happened."""
    if file := os.environ.get("ATTACK_TABLE"):
        counts = {verdict: sum(c["verdict"] == verdict for c in checks) for verdict in {c["verdict"] for c in checks}}
        happened = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
        first = next((line for c in checks for line in c["message"].splitlines()[:1]), "")
        with open(file, "a") as out:
            out.write(
                f"| {attack.name} | {attack.fields['tries']} | {result['score']:g} points: {happened} | {first} |\n"
            )
