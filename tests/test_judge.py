"""Verdicts: every check starts as failed, the same in process and behind the wire."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from grader import result
from grader.build import build, open_local, reference_modules
from grader.chapter import load_chapter
from grader.judge import Examiner, grade
from grader.pool import MEMORY, JobFailed, JudgePool
from grader.sandbox import Sandbox
from grader.student import Clock, OutOfTime, Student

RIGHT = "def double(x):\n    return 2 * x\ndef centre(x):\n    return x - x.mean()\n"


def examine(source: str, **more) -> dict[str, result.Outcome]:
    """All outcomes of a submission with this small.py, in process, by the check's name."""
    chapter = load_chapter("ch77", hidden=True)
    modules = {"small": (source, "small.py")}
    reference = open_local(chapter, reference_modules(chapter))
    examiner = Examiner(chapter, lambda: open_local(chapter, modules), modules, seed=1, reference=reference, **more)
    return {o.check.name: o for _, listed in examiner.chapter_outcomes() for o in listed}


def verdicts(source: str) -> list[str]:
    return [outcome.verdict for outcome in examine(source).values()]


def test_right_work_passes(kit: Path) -> None:
    outcomes = examine(RIGHT)
    assert {o.verdict for o in outcomes.values()} == {"passed"}
    assert sum(o.points for o in outcomes.values()) == 100
    assert all(o.examples >= o.check.least for o in outcomes.values())


def test_a_stub_and_an_empty_file_are_not_attempted(kit: Path) -> None:
    stub = "def double(x):\n    'Twice.'\n    raise NotImplementedError\ndef centre(x):\n    raise NotImplementedError('later')\n"
    assert set(verdicts(stub)) == {"not_attempted"}
    assert set(verdicts("")) == {"not_attempted"}


def test_a_branch_that_is_not_written_is_not_attempted_and_earns_nothing(kit: Path) -> None:
    source = RIGHT.replace("return 2 * x", "if x.ndim == 2:\n        raise NotImplementedError\n    return 2 * x")
    assert verdicts(source)[:2] == ["not_attempted", "passed"]


def test_the_smallest_input_and_the_diagnosis(kit: Path) -> None:
    build(["ch77"])
    outcome = examine(RIGHT.replace("2 * x", "3 * x"))["test_double_doubles"]
    assert outcome.verdict == "failed"
    assert outcome.diagnosis == "ch77.double/tripled"
    assert outcome.mistake == "This is three times x: multiply by two."
    assert "every entry is 1.5 times the right one." in dict(outcome.details).values()
    assert outcome.where == ("small.py", 1)


def test_a_mistake_nobody_named_is_not_guessed_at(kit: Path) -> None:
    build(["ch77"])
    outcome = examine(RIGHT.replace("2 * x", "2 * x + 1"))["test_double_doubles"]
    assert (outcome.verdict, outcome.diagnosis, outcome.mistake) == ("failed", None, "")


def test_a_call_that_only_helps_to_name_the_mistake_is_not_the_one_that_is_shown(kit: Path) -> None:
    path = kit / "exercises" / "ch77" / "test_small.py"
    aside = "    got = student.double(x)\n    with student.aside():\n        student.centre(x)\n    expect_close(got, 2 * x)"
    path.write_text(path.read_text().replace("    expect_close(student.double(x), 2 * x)", aside))
    assert examine(RIGHT.replace("2 * x", "3 * x"))["test_double_doubles"].called.startswith("double(")


def test_mutation_is_seen(kit: Path) -> None:
    build(["ch77"])
    outcomes = examine(RIGHT.replace("return 2 * x", "x *= 2\n    return x"))
    assert outcomes["test_double_doubles"].verdict == "passed"
    outcome = outcomes["test_double_leaves_x_alone"]
    assert outcome.verdict == "failed"
    assert outcome.diagnosis == "ch77.double/in_place"


def test_only_the_exercises_of_a_broken_file_fail_and_say_where(kit: Path) -> None:
    outcomes = examine("def double(x):\n    return 2 * x\n\ndef centre(x:\n")
    assert {o.verdict for o in outcomes.values()} == {"failed", "blocked"}
    first = outcomes["test_double_doubles"]
    assert first.sentence == "SyntaxError in small.py, line 4: '(' was never closed."
    assert first.where == ("small.py", 4)


def test_an_exception_shows_the_students_own_line(kit: Path) -> None:
    outcome = examine(RIGHT.replace("2 * x", "x / undefined"))["test_double_doubles"]
    assert outcome.sentence == "double raised NameError: name 'undefined' is not defined"
    assert outcome.frames == [("small.py", 2, "double", "return x / undefined")]


def test_a_wrong_signature_is_said(kit: Path) -> None:
    build(["ch77"])
    outcome = examine(RIGHT.replace("def double(x)", "def double()"))["test_double_doubles"]
    assert ("Signature", "double(x)") in outcome.details
    assert outcome.sentence == "Your double() cannot be called as the statement says: too many positional arguments."
    outcome = examine("double = 3\n")["test_double_doubles"]
    assert outcome.sentence == "double is a int, not a function."


def test_a_failure_is_blocked_while_what_it_builds_on_is_wrong(kit: Path) -> None:
    outcomes = examine("def double(x):\n    return x\ndef centre(x):\n    return x\n")
    assert outcomes["test_centre_has_mean_zero"].verdict == "blocked"
    assert examine("def centre(x):\n    return x - x.mean()\n")["test_centre_has_mean_zero"].verdict == "passed"


def test_a_failure_says_which_unfinished_exercise_it_calls(kit: Path) -> None:
    path = kit / "exercises" / "ch77" / "test_small.py"
    path.write_text(path.read_text().replace(', needs=("double",)', ""))
    calls = "def _half(x):\n    return double(x) / 4\ndef centre(x):\n    return x - 2 * _half(x).mean()\n"
    first = ("First", "this calls your double, which did not pass its own checks: get that right first.")
    outcome = examine("def double(x):\n    return x\n" + calls)["test_centre_has_mean_zero"]
    assert outcome.verdict == "failed"
    assert first in outcome.details
    assert outcome.details.count(first) == 1
    outcome = examine("def double(x):\n    return 2 * x\n" + calls.replace("2 *", "3 *"))["test_centre_has_mean_zero"]
    assert (outcome.verdict, first in outcome.details) == ("failed", False)
    outcome = examine("def double(x):\n    return x\ndef centre(x):\n    return x\n")["test_centre_has_mean_zero"]
    assert (outcome.verdict, first in outcome.details) == ("failed", False)


@pytest.mark.parametrize(
    "door",
    [
        "raise SystemExit(0)",
        "raise KeyboardInterrupt",
        "raise GeneratorExit",
        "import pytest; pytest.skip('no')",
        "import pytest; pytest.xfail('no')",
        "import pytest; pytest.exit('no', 0)",
        "import hypothesis; hypothesis.reject()",
        "import hypothesis; hypothesis.assume(False)",
        "from hypothesis.errors import StopTest; raise StopTest(0)",
        "raise StopIteration",
        "raise AssertionError",
        "raise BaseException",
        "raise RecursionError",
        "return None",
        "return type('Anything', (), {'__eq__': lambda s, o: True, '__array__': lambda s, *a: x})()",
        "return float('nan')",
        "return x.view(type('Lie', (type(x),), {'shape': (3, 2)})) * 5",
    ],
)
def test_no_door_leads_to_points(kit: Path, door: str) -> None:
    if "KeyboardInterrupt" in door:
        pytest.skip("in process, Ctrl-C is the student's own; behind the wire it is tested below")
    outcomes = examine(f"def double(x):\n    {door}\n")
    assert outcomes["test_double_doubles"].points == 0
    assert outcomes["test_double_doubles"].verdict == "failed"


def test_an_endless_loop_is_named_and_costs_only_its_exercise(kit: Path) -> None:
    outcomes = examine(RIGHT.replace("return x - x.mean()", "while True: pass"))
    assert outcomes["test_double_doubles"].verdict == "passed"
    sentence = outcomes["test_centre_has_mean_zero"].sentence
    assert sentence == "centre did not come back within 1 seconds. Is there a loop that never ends?"


def test_a_module_that_ends_its_worker_while_it_loads_is_tried_twice_and_no_more(kit: Path) -> None:
    chapter = load_chapter("ch77", hidden=True)
    opened = []
    work = SimpleNamespace(
        student="ada", chapter="ch77", modules={"small": "import os\nos._exit(0)\n"}, cells=[], notes=[], problems={}
    )
    with Sandbox(isolation="process") as sandbox:

        def launch(*arguments):
            opened.append(arguments)
            return sandbox.launch(*arguments)

        got = grade(work, chapter, 1, launch, "process")
    assert got["score"] == 0
    assert len(opened) == 2
    assert "Not run:" in json.dumps(got)


def test_different_answers_to_the_same_question_fail(kit: Path) -> None:
    source = "import os\ndef double(x):\n    return 2 * x + os.urandom(1)[0] % 2\n"
    assert examine(source)["test_double_doubles"].verdict == "failed"


def test_a_broken_check_is_never_the_students_zero(kit: Path) -> None:
    path = kit / "exercises" / "ch77" / "test_small.py"
    path.write_text(path.read_text().replace("    expect_close(student.double(x), 2 * x)", "    x.nonsense"))
    outcome = examine(RIGHT)["test_double_doubles"]
    assert outcome.verdict == "error"
    assert "This is not your fault" in outcome.sentence


def test_a_check_that_breaks_where_the_students_code_only_raised_was_broken_by_it(kit: Path) -> None:
    path = kit / "exercises" / "ch77" / "test_small.py"
    path.write_text(
        path.read_text().replace(
            "    expect_close(student.double(x), 2 * x)",
            "    if student.raises('double', x):\n        raise OverflowError\n    expect_close(student.double(x), 2 * x)",
        )
    )
    assert examine(RIGHT)["test_double_doubles"].verdict == "passed"
    assert examine(RIGHT.replace("2 * x", "1 / 0"))["test_double_doubles"].verdict == "failed"


@pytest.mark.parametrize(
    "answer",
    [
        "1 << 20000",
        "{1 << 20000: 1}",
        "np.zeros((1 << 20, 0), np.complex64)",
        "np.zeros(1 << 22, np.uint8)",
    ],
)
def test_an_answer_of_any_size_is_looked_at_in_no_time(kit: Path, answer: str) -> None:
    build(["ch77"])
    started = time.process_time()
    outcome = examine(f"import numpy as np\ndef double(x):\n    return {answer}\n")["test_double_doubles"]
    assert outcome.verdict == "failed"
    assert time.process_time() - started < 10


class Slow:
    """A worker that takes its time over every question."""

    isolation = "none"

    def request(self, message: dict, seconds: float) -> dict:
        time.sleep(0.1)
        return {"id": message["id"], "ok": {"attempted": True, "why": 1 << 900}}


def test_whatever_is_asked_of_a_submission_runs_on_one_clock() -> None:
    clock = Clock(0.25)
    one, other = Student(Slow(), {}, clock), Student(Slow(), {}, clock)
    assert one.attempted("double") == (True, "")
    other.load({})
    other.attempted("double")
    for student in (one, other):
        with pytest.raises(OutOfTime, match="took longer than 20 minutes"):
            student.attempted("double")


def test_when_the_clock_has_run_out_all_other_checks_fail_at_once(kit: Path, graded, monkeypatch) -> None:
    monkeypatch.setattr("grader.judge.SUBMISSION_SECONDS", 1.0)
    found = graded("import time\ntime.sleep(1.5)\n" + RIGHT)
    assert {c["verdict"] for c in found} == {"failed", "blocked"}
    assert all("the rest is not run" in c["message"] for c in found)


def test_sources_that_no_worker_takes_cost_no_more_than_the_points(kit: Path, graded, monkeypatch) -> None:
    def refuse(self, arguments) -> None:
        raise OutOfTime("load did not come back within 60 seconds.", "load did not come back within 60 seconds.")

    monkeypatch.setattr(Student, "load", refuse)
    found = graded(RIGHT)
    assert {c["verdict"] for c in found} == {"failed", "blocked"}
    assert "Not run: load did not come back" in found[-1]["message"]


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has no such limit")
def test_a_judge_meets_memory_error_before_the_machine_has_no_memory_left() -> None:
    with JudgePool(1, preload=("json",)) as pool, pytest.raises(JobFailed, match="MemoryError"):
        pool.submit(bytearray, MEMORY + 2**30 * (os.cpu_count() or 1)).result(60)


def test_a_check_that_runs_too_few_examples_does_not_pass(kit: Path) -> None:
    path = kit / "exercises" / "ch77" / "test_small.py"
    path.write_text(path.read_text().replace('@check("double", points=10)', '@check("double", points=10, least=500)'))
    assert examine(RIGHT)["test_double_leaves_x_alone"].verdict == "error"


@pytest.fixture(scope="module")
def graded() -> Iterator[Callable[[str], list[dict]]]:
    """Grades a submission with this small.py behind the wire: its checks in the result."""
    with Sandbox(isolation="process") as sandbox:

        def graded(source: str) -> list[dict]:
            work = SimpleNamespace(
                student="ada", chapter="ch77", modules={"small": source}, cells=[], notes=[], problems={}
            )
            found = grade(work, load_chapter("ch77", hidden=True), 1, sandbox.launch, "process")
            return [check for exercise in found["exercises"] for check in exercise["checks"]]

        yield graded


def test_behind_the_wire_the_verdicts_are_the_same(kit: Path) -> None:
    build(["ch77"])
    chapter = load_chapter("ch77", hidden=True)
    sources = [
        RIGHT,
        RIGHT.replace("2 * x", "3 * x"),
        RIGHT.replace("return 2 * x", "x *= 2\n    return x"),
        RIGHT.replace("2 * x", "x / undefined"),
        "def centre(x:\n",
        "def double(x):\n    raise NotImplementedError\n",
    ]
    with Sandbox(isolation="process") as sandbox:
        for source in sources:
            local = examine(source)
            submission = SimpleNamespace(
                student="ada", chapter="ch77", modules={"small": source}, cells=[], notes=[], problems={}
            )
            remote = grade(submission, chapter, 1, sandbox.launch, isolation="process")
            json.dumps(remote)
            found = {c["name"]: c for e in remote["exercises"] for c in e["checks"]}
            assert {n: c["verdict"] for n, c in found.items()} == {n: o.verdict for n, o in local.items()}
            assert {n: c["diagnosis"] for n, c in found.items()} == {n: o.diagnosis for n, o in local.items()}
            assert {n: c["examples"] for n, c in found.items()} == {n: o.examples for n, o in local.items()}


def test_hidden_checks_show_neither_inputs_nor_values(kit: Path) -> None:
    chapter = load_chapter("ch77", hidden=True)
    with Sandbox(isolation="process") as sandbox:
        source = RIGHT.replace("x - x.mean()", "x - x.mean() + 0.123")
        submission = SimpleNamespace(
            student="ada", chapter="ch77", modules={"small": source}, cells=[], notes=[], problems={}
        )
        found = grade(submission, chapter, 1, sandbox.launch, isolation="process")
    hidden = next(c for e in found["exercises"] for c in e["checks"] if c["hidden"])
    assert hidden["verdict"] == "failed"
    assert "centre agrees with the reference." in hidden["message"]
    assert "float64" not in hidden["message"] and "0.123" not in hidden["message"]
    assert found["score"] == 50 and found["max_score"] == 100


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ValueError(x)", "centre raised ValueError."),
        ("raise type('SMUGGLED', (Exception,), {})", "centre raised an exception."),
        ("raise type('Missing', (Exception,), {})('small.py does not define SMUGGLED.')", "centre is not there."),
        (
            "raise type('Forbidden', (Exception,), {})('centre is to be written without SMUGGLED: the statement says')",
            "centre is done with an op that its statement rules out.",
        ),
        ("raise NotImplementedError('SMUGGLED')", "centre raises NotImplementedError."),
        ("import os; os._exit(77)", "The program ended while centre ran."),
        ("import time; time.sleep(9)", "centre did not come back within 1 seconds. Is there a loop that never ends?"),
        ("exec(compile('\\n' * 776 + 'raise ValueError', 'small.py', 'exec'))", "centre raised ValueError."),
    ],
    ids=["builtin", "own type", "missing", "forbidden", "not implemented", "exit status", "time", "line"],
)
def test_a_hidden_check_says_what_the_judge_knows_and_nothing_that_the_program_chose(
    kit: Path, graded, code: str, said: str
) -> None:
    found = graded(RIGHT.replace("return x - x.mean()", f"if len(x) == 7: {code}\n    return x - x.mean()"))
    (hidden,) = (check["message"] for check in found if check["hidden"])
    assert f"  {said}\n" in hidden
    assert "SMUGGLED" not in hidden and "77" not in hidden
    assert "small.py:3" in hidden  # where the definition stands: the judge's own finding
