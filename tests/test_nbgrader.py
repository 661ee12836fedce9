"""nbgrader's own commands on a course of the kit's: with the kit's preprocessor, and with nbgrader's Execute.

One course is made and graded for all tests. Each student in it springs one of nbgrader's traps.
"""

import copy
import csv
import json
import math
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbgrader.utils import determine_grade

from grader.batch import grade_folder
from grader.course import CourseError, add_submissions, make_course
from grader.nbgrader_intake import Released, UnreadableNotebook, is_harmless, read_notebook, restored
from grader.nbgrader_preprocessor import test_outputs as outputs_of
from tests import conftest
from tests.fake_results import check, exercise, result

pytestmark = pytest.mark.slow
DOUBLE, CENTRE = "def double(x):\n    return 2 * x", "def centre(x):\n    return x - x.mean()"
XSS = "<img src=x onerror=alert(1)>"


def nbgrader(course: Path, *command: str, code: int = 0) -> str:
    """Run an nbgrader command as one types it; answers what it wrote."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["nbgrader", *command], cwd=course, env=os.environ | {"PATH": path}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


# --- what students hand in ----------------------------------------------------------------------------


def filled(released: dict, double: str | None = DOUBLE, centre: str | None = CENTRE) -> dict:
    """The released notebook with these solutions."""
    notebook = copy.deepcopy(released)
    for name, source in (("double", double), ("centre", centre)):
        if source is not None:
            cell(notebook, f"ch77-{name}-solution")["source"] = source
    return notebook


def cell(notebook: dict, grade_id: str) -> dict:
    return next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def without(notebook: dict, *grade_ids: str) -> dict:
    notebook["cells"] = [
        c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") not in grade_ids
    ]
    return notebook


def code_cell(source: str, **metadata) -> dict:
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None}


def twice(notebook: dict) -> dict:
    """Cells copied with their ids, as Jupyter's copy and paste does."""
    notebook["cells"] += [copy.deepcopy(cell(notebook, name)) for name in ("ch77-double", "ch77-centre-solution")]
    return notebook


def edited(notebook: dict) -> dict:
    """A test cell that wants to be worth more, and says what it likes."""
    test = cell(notebook, "ch77-double")
    test["source"] = "1000"
    test["metadata"]["nbgrader"] |= {"points": 1000, "locked": False, "checksum": "0" * 32}
    test["outputs"] = [
        {"output_type": "execute_result", "data": {"text/plain": "1000"}, "metadata": {}, "execution_count": 1}
    ]
    cell(notebook, "ch77-double-statement")["source"] = "There is nothing to do."
    return notebook


def with_marks(notebook: dict, marks: object) -> dict:
    cell(notebook, "ch77-centre")["metadata"]["nbgrader"] = marks
    return notebook


def scripted(notebook: dict) -> dict:
    notebook["cells"] += [
        {
            "cell_type": "markdown",
            "source": f"{XSS} and [a](javascript:alert(2)) <script>alert(3)</script> ![](attachment:no.png)",
            "metadata": {},
        },
        {"cell_type": "raw", "source": "<script>alert(4)</script>", "metadata": {"raw_mimetype": "text/html"}},
        code_cell(f"# {XSS}", tags=[XSS]),
    ]
    return notebook


def notebooks(released: dict) -> dict[str, tuple[object, tuple[float, float]]]:
    """Student → (what is in ch77.ipynb: a notebook, bytes or text; points for double and for centre, of 50 each)."""
    raising = f"def double(x):\n    raise ValueError('{XSS}\\x1b[31m')"
    return {
        "perfect": (filled(released), (50, 50)),
        "half": (filled(released, centre=None), (50, 0)),
        "wrong": (filled(released, "def double(x):\n    return 3 * x"), (10, 50)),
        "untouched": (released, (0, 0)),
        "twice": (twice(filled(released)), (50, 50)),
        "deleted": (without(filled(released), "ch77-double", "ch77-centre", "ch77-setup"), (50, 50)),
        "only-tests-left": (without(copy.deepcopy(released), "ch77-double-solution", "ch77-centre-solution"), (0, 0)),
        "edited": (edited(filled(released, "def double(x):\n    return 3 * x")), (10, 50)),
        "schema": (with_marks(filled(released), {"schema_version": 99, "grade": True}), (50, 50)),
        "marks": (with_marks(filled(released), ["not", "a", "dict"]), (50, 50)),
        "foreign": (with_marks(filled(released), {"grade_id": "../x", "grade": True, "points": 9}), (50, 50)),
        "bom": (b"\xef\xbb\xbf" + json.dumps(filled(released)).encode(), (50, 50)),
        "utf16": (json.dumps(filled(released)).encode("utf-16"), (50, 50)),
        "broken": ('{"cells": [', (0, 0)),
        "list": ("[]", (0, 0)),
        "empty": ("", (0, 0)),
        "noisy": (
            filled(
                released,
                "import sys, os\ndef double(x):\n    print('x', file=sys.stderr)\n    os.write(2, b'y')\n    return 2 * x",
            ),
            (50, 50),
        ),
        "nan": (filled(released, "def double(x):\n    return x * float('nan')", "def centre(x):\n    pass"), (10, 0)),
        "loop": (filled(released, centre="def centre(x):\n    while True:\n        pass"), (50, 0)),
        "exit": (filled(released, centre="import os\ndef centre(x):\n    os._exit(0)"), (50, 0)),
        "xss": (scripted(filled(released, raising)), (0, 50)),
        "kernel": (filled(released) | {"metadata": {"kernelspec": {"name": "no-such-kernel"}}}, (50, 50)),
        "=1+1": (filled(released), (50, 50)),
        "garbage-time": (filled(released), (50, 50)),
    }


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """A kit with the small chapter ch77 of conftest, for all tests of this file."""
    root = tmp_path_factory.mktemp("kit")
    exercises, solutions = root / "exercises/ch77", root / "solutions/ch77"
    exercises.mkdir(parents=True)
    solutions.mkdir(parents=True)
    (exercises / "README.md").write_text(
        "# A small chapter\n\n![A figure](figures/dot.svg)\n\nThe tasks are in small.py.\n"
    )
    (exercises / "figures").mkdir()
    (exercises / "figures/dot.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (exercises / "test_small.py").write_text(conftest.CHECKS.lstrip())
    (solutions / "test_small.py").write_text(conftest.HIDDEN.lstrip())
    (solutions / "small.py").write_text(conftest.REFERENCE.lstrip())
    return root


def instructors_own() -> list[dict]:
    """Cells that an instructor may add: a test that is not the kit's, an essay, a task."""
    marks = {"schema_version": 3, "grade": True, "locked": True, "solution": False, "task": False, "points": 4}
    essay = marks | {"grade_id": "essay", "locked": False, "solution": True}
    task = marks | {"grade_id": "task", "grade": False, "locked": False, "task": True}
    return [
        code_cell("assert double(1) == 2", nbgrader=marks | {"grade_id": "own-test"}) | {"id": "own-test"},
        {"cell_type": "markdown", "source": "Why?", "metadata": {"nbgrader": essay}, "id": "essay"},
        {"cell_type": "markdown", "source": "Draw it.", "metadata": {"nbgrader": task}, "id": "task"},
    ]


@pytest.fixture(scope="module")
def course(kit):
    """The course after `nbgrader generate_assignment`."""
    folder = kit / "course"
    make_course(folder, ["ch77"], root=kit)
    source = folder / "source/ch77/ch77.ipynb"
    notebook = json.loads(source.read_text())
    notebook["cells"] += instructors_own()
    source.write_text(json.dumps(notebook))
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.IsolatedGrader.kit = {str(kit)!r}\nc.IsolatedGrader.seed = 1\n")
    nbgrader(folder, "generate_assignment", "ch77")
    return folder


@pytest.fixture(scope="module")
def released(course):
    return json.loads((course / "release/ch77/ch77.ipynb").read_text())


@pytest.fixture(scope="module")
def graded(kit, course, released):
    """The course after `nbgrader autograde`, with what nbgrader said and what it has in its gradebook."""
    expected = {}
    for student, (content, points) in notebooks(released).items():
        folder = course / "submitted" / student / "ch77"
        folder.mkdir(parents=True)
        data = content if isinstance(content, (bytes, str)) else json.dumps(content)
        (folder / "ch77.ipynb").write_bytes(data if isinstance(data, bytes) else data.encode())
        expected[student] = points
    submitted = course / "submitted"
    (submitted / "garbage-time/ch77/timestamp.txt").write_bytes(b"\xff yesterday")
    (submitted / "half/ch77/notes.txt").symlink_to(submitted / "perfect/ch77/ch77.ipynb")
    os.mkfifo(submitted / "half/ch77/pipe")
    for student, target in {
        "link": submitted / "perfect/ch77/ch77.ipynb",
        "ref": course / "source/ch77/ch77.ipynb",
    }.items():
        (submitted / student / "ch77").mkdir(parents=True)
        (submitted / student / "ch77/ch77.ipynb").symlink_to(target)
        expected[student] = (0, 0)
    (submitted / "linked-folder").symlink_to(submitted / "perfect")
    expected["linked-folder"] = (0, 0)
    entry = kit / "inbox/modules"
    entry.mkdir(parents=True)
    (entry / "small.py").write_text(f"{DOUBLE}\n\n\n{CENTRE}\n")
    assert add_submissions(course, kit / "inbox", "ch77", root=kit) == ["modules"]
    expected["modules"] = (50, 50)
    expected["cluster"] = graded_elsewhere(kit, course, released)
    said = nbgrader(course, "autograde", "ch77")
    return SimpleNamespace(course=course, said=said, expected=expected, grades=grades_of(course))


def graded_elsewhere(kit, course, released) -> tuple[float, float]:
    """A submission whose result `grader grade` has put into the course already, from a cluster say; its points."""
    folder = course / "submitted/cluster/ch77"
    folder.mkdir(parents=True)
    (folder / "ch77.ipynb").write_text(json.dumps(filled(released)))
    (folder / "timestamp.txt").write_text("2030-01-01 00:00:00 UTC")
    parts = [exercise("double", check("a", points=3.0)), exercise("centre", check("b", "failed", points=1.0))]
    for part in parts:
        part["id"] = part["id"].replace("ch08", "ch77")
    with ThreadPoolExecutor(1) as here:
        grade_folder(
            folder,
            "ch77",
            course / "results",
            seed=1,
            executor=here,
            root=kit,
            form="junit",
            job=lambda submission, *_: result(submission.student, *parts, chapter="ch77"),
        )
    return 50, 0


def grades_of(course: Path) -> dict[str, dict[str, tuple[float | None, bool]]]:
    """Student → grade id → (score, whether nbgrader wants a person to look at it)."""
    rows = sqlite3.connect(course / "gradebook.db").execute(
        """select submitted_assignment.student_id, base_cell.name, grade.auto_score, grade.needs_manual_grade
           from grade join base_cell on grade.cell_id = base_cell.id
           join submitted_notebook on grade.notebook_id = submitted_notebook.id
           join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id"""
    )
    found: dict = {}
    for student, name, score, by_hand in rows:
        found.setdefault(student, {})[name] = (score, bool(by_hand))
    return found


def autograded(course: Path, student: str) -> dict:
    return json.loads((course / "autograded" / student / "ch77/ch77.ipynb").read_text())


# --- the course ---------------------------------------------------------------------------------------


def test_the_source_has_the_references_and_the_release_has_not(course, released):
    source = (course / "source/ch77/ch77.ipynb").read_text()
    assert "return 2 * x" in source and "_minus" in source and source.count("BEGIN SOLUTION") == 3
    text = json.dumps(released)
    assert "return 2 * x" not in text and "_minus" not in text and "SOLUTION" not in text
    assert "raise NotImplementedError" in cell(released, "ch77-double-solution")["source"][-1]
    assert "NotImplementedError" not in "".join(cell(released, "ch77-small-own")["source"])


def test_nothing_but_the_notebook_is_released(course):
    assert [p.name for p in (course / "source/ch77").iterdir()] == ["ch77.ipynb"]
    assert [p.name for p in (course / "release/ch77").iterdir()] == ["ch77.ipynb"]


def test_each_exercise_has_a_statement_a_solution_and_a_locked_test_worth_its_points(released):
    for name in ("double", "centre"):
        marks = {
            kind: cell(released, f"ch77-{name}{kind}")["metadata"]["nbgrader"]
            for kind in ("-statement", "-solution", "")
        }
        assert [(m["locked"], m["solution"], m["grade"]) for m in marks.values()] == [
            (True, False, False),
            (False, True, False),
            (True, False, True),
        ]
        assert marks[""]["points"] == 50  # the hidden check's points are in it
        assert "".join(cell(released, f"ch77-{name}")["source"]) == f'check("ch77.{name}")'
    assert "Twice x." in "".join(cell(released, "ch77-double-statement")["source"])
    assert "hidden" not in json.dumps(released).lower().replace("hidden checks included", "")


def test_the_lecture_carries_its_figures(released):
    (lecture,) = [c for c in released["cells"] if "attachments" in c]
    assert (
        "![A figure](attachment:dot.svg)" in "".join(lecture["source"])
        and "image/svg+xml" in lecture["attachments"]["dot.svg"]
    )


def test_making_the_course_again_changes_nothing_and_loses_nothing(kit, tmp_path):
    course = tmp_path / "course"
    assert len(make_course(course, ["ch77"], root=kit)) == 2
    assert make_course(course, ["ch77"], root=kit) == []
    path = course / "source/ch77/ch77.ipynb"
    before = path.read_text()
    path.write_text(before.replace("Twice x.", "Two times x."))
    with pytest.raises(CourseError, match="Use --force"):
        make_course(course, ["ch77"], root=kit)
    assert make_course(course, ["ch77"], root=kit, force=True) == [path] and path.read_text() == before


def test_a_config_that_fails_stops_nbgrader(course, tmp_path):
    """nbgrader logs an error in its config and goes on, here without any walls around student code."""
    shutil.copy(course / "nbgrader_config.py", tmp_path)
    (tmp_path / "traitlets.py").write_text("")  # nbgrader puts the working folder first on its path
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    code = "import sys; sys.modules['grader.batch'] = None; from nbgrader.apps import NbGraderApp; NbGraderApp.launch_instance()"
    (tmp_path / "traitlets.py").unlink()
    done = subprocess.run(
        [sys.executable, "-c", code, "autograde", "x"],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and "The grader kit cannot be set up" in done.stderr
    assert "No notebooks were matched" not in done.stderr


# --- autograde with the kit's preprocessor ------------------------------------------------------------


def test_everybody_gets_what_they_earned_and_nobody_waits_for_a_person(graded):
    found = {
        student: tuple(grades[f"ch77-{name}"][0] for name in ("double", "centre"))
        for student, grades in graded.grades.items()
    }
    assert found == graded.expected
    waiting = {name for grades in graded.grades.values() for name, (_, by_hand) in grades.items() if by_hand}
    # What no program of ours can grade gets no points, and a person is asked (but not for an essay that nobody wrote).
    assert waiting == {"own-test", "task"}
    assert {grades["own-test"] for grades in graded.grades.values()} == {(0.0, True)}


def test_the_autograded_notebook_is_the_released_one_with_the_students_cells(graded, released):
    locked = [c for c in released["cells"] if c["metadata"].get("nbgrader", {}).get("locked")]
    for student in graded.expected:
        notebook = autograded(graded.course, student)
        nbformat.validate(nbformat.from_dict(notebook))
        for original in locked:
            (found,) = [
                c
                for c in notebook["cells"]
                if c["metadata"].get("nbgrader", {}).get("grade_id") == original["metadata"]["nbgrader"]["grade_id"]
            ]
            assert "".join(found["source"]) == "".join(original["source"]), student


def test_a_test_cell_says_what_is_wrong(graded):
    test = cell(autograded(graded.course, "wrong"), "ch77-double")
    said, result = test["outputs"]
    text = "".join(said["text"])
    assert text.startswith("ch77.double  10/50\n\n✗ double gives twice every entry.\n  Wrong ")
    assert "Came back" in text and "Expected" in text
    assert "".join(result["data"]["text/plain"]) == "10" and result["output_type"] == "execute_result"


def test_hidden_checks_show_neither_inputs_nor_values(graded):
    text = "".join(cell(autograded(graded.course, "nan"), "ch77-centre")["outputs"][0]["text"])
    hidden = text.partition("centre agrees with the reference.  (hidden check)")[2]
    assert hidden and "Called" not in hidden and "Expected" not in hidden and "Came back" not in hidden


def test_intake_says_what_it_refused(graded):
    for student, word in {"broken": "can be read", "link": "link", "ref": "link", "linked-folder": "link"}.items():
        assert word in json.dumps(autograded(graded.course, student)), student
    assert "The locked cell ch77-double was deleted, and is put back." in graded.said
    assert "The cell id ch77-double stands there more than once" in graded.said


def test_no_link_of_a_student_is_followed(graded):
    half = graded.course / "autograded/half/ch77"
    assert not (half / "notes.txt").exists() and not (half / "pipe").exists()
    assert "a link to" in (half / "notes.txt.refused.txt").read_text()
    assert "return 2 * x" not in json.dumps(autograded(graded.course, "ref"))


def test_results_and_report_lie_in_the_course(graded):
    found = json.loads((graded.course / "results/perfect/ch77.json").read_text())
    assert found["score"] == found["max_score"] == 100 and found["isolation"] == "bwrap"


def test_what_grader_grade_has_graded_is_not_graded_again(graded):
    """So a cluster grades, and nbgrader alone writes the gradebook."""
    found = json.loads((graded.course / "results/cluster/ch77.json").read_text())
    assert found["kit"] == "0.1.0" and found["score"] == 3.0  # the made-up result, although the work is perfect


def test_running_it_again_changes_nothing(graded):
    (graded.course / "submitted/garbage-time/ch77/timestamp.txt").write_text("31 Nonember 99999")
    (graded.course / "submitted/perfect/ch77/timestamp.txt").write_text("9999-12-31 00:00:00 UTC")
    nbgrader(graded.course, "autograde", "ch77")
    assert grades_of(graded.course) == graded.grades


def test_feedback_has_no_html_of_a_student(graded):
    nbgrader(graded.course, "generate_feedback", "ch77")
    text = (graded.course / "feedback/xss/ch77/ch77.html").read_text()
    body = text[text.index("<body") :]
    assert "alert(1)" in body and "alert(4)" in body  # shown, as text
    assert not re.search(r"<(img|script)[^>]*(onerror|>alert)", body) and 'href="javascript:' not in body
    assert "data:image/svg+xml" in text  # the lecture's own figures are there
    assert "Score: 100.0 / 112.0" in (graded.course / "feedback/perfect/ch77/ch77.html").read_text()


def test_export_is_a_csv_that_does_not_calculate(graded):
    nbgrader(graded.course, "export")
    with (graded.course / "grades.csv").open(newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert (
        rows["'=1+1"]["score"] == "100.0" and rows["half"]["score"] == "50.0" and rows["half"]["max_score"] == "112.0"
    )
    assert set(rows) == {name.replace("=1+1", "'=1+1") for name in graded.expected}


# --- the trap in nbgrader's reading of points ---------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "full", "points"),
    [
        (1, 2, 3.0),
        (2, 2, 6.0),
        (5, 2, 6.0),
        (-1, 2, 0.0),
        (math.nan, 2, 0.0),
        (1, math.nan, 0.0),
        (math.inf, 2, 0.0),
        (0, 0, 0.0),
        (1 / 3, 1, 2.0),
    ],
)
def test_nbgrader_reads_the_points_that_were_meant(score, full, points):
    graded = exercise("conv2d", check("x")) | {"score": score, "max_score": full}
    metadata = {"nbgrader": {"grade": True, "points": 6, "locked": True, "solution": False}}
    made = nbformat.v4.new_code_cell("check()", metadata=metadata, outputs=outputs_of(graded, 6.0))
    assert determine_grade(made) == (points, 6.0)


def test_a_cell_that_is_not_ours_gets_no_points_by_itself():
    metadata = {"nbgrader": {"grade": True, "points": 6, "locked": True, "solution": False}}
    made = nbformat.v4.new_code_cell("assert True", metadata=metadata, outputs=outputs_of(None, 6.0))
    assert determine_grade(made) == (0, 6.0)


# --- what is no notebook ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"cells": 3}',
        b'{"cells": {}}',
        b"\xff\xfe\x00",
        b"\x00" * 10,
        b"[" * 100_000,
        b'{"cells": [' + b"[" * 100_000,
        b'{"nbformat": 3}',
        b'{"nbformat": 3, "worksheets": [3]}',
    ],
    ids=lambda data: repr(data[:24]),
)
def test_bytes_that_are_no_notebook_are_refused_in_a_sentence(tmp_path, data):
    (tmp_path / "x.ipynb").write_bytes(data)
    try:
        notebook = read_notebook(tmp_path / "x.ipynb")
    except UnreadableNotebook as problem:
        assert str(problem).startswith("x.ipynb") and "\n" not in str(problem)
    else:
        assert notebook.cells == []


def test_odd_cells_are_left_out_or_made_whole(tmp_path):
    cells = [3, {"cell_type": "code"}, {"cell_type": "code", "source": ["a\n", "b"]}, {"cell_type": "??", "source": 5}]
    cells += [
        {"cell_type": "markdown", "source": "x", "attachments": {"a": {"text/html": XSS, "image/png": "aGk="}, "b": 3}}
    ]
    (tmp_path / "x.ipynb").write_text(json.dumps({"cells": cells}))
    notebook = read_notebook(tmp_path / "x.ipynb")
    nbformat.validate(notebook)
    assert [c.source for c in notebook.cells] == ["", "a\nb", "5", "x"]


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("# Title\n\n*a* < b, x[i], $a[0]$ [here](https://example.org) and [mail](mailto:a@b.org)", True),
        ("1 < 2 and a<b", False),  # so it is shown as it was typed: the safe side
        (XSS, False),
        ("[a](javascript:alert(1))", False),
        ("[a]( javascript:alert(1))", False),
        ("[a](&#106;avascript:alert(1))", False),
        ("[a][b]\n\n[b]: javascript:alert(1)", False),
        ("![](attachment:x)", False),
        ("![x](http://example.org/tracker.png)", False),
        ("[a](file:///etc/passwd)", False),
        ('[a](https://x" onmouseover="alert(1))', False),
        ('[a](https://example.org?a=1&b=2#c "title") and [b]: https://example.org', True),
        (r"$\href{javascript:alert(1)}{\text{10 of 10 points}}$", False),
        (r"$$\class{x}{y}$$ \htmlData{a=b}{c}", False),
        (r"$\frac{\partial L}{\partial x} \bbox$", False),
        (r"$\frac{\partial L}{\partial x} = \hat\sigma \dataset \hrefs$", True),
    ],
)
def test_markdown_that_could_do_more_than_be_read_is_known(text, harmless):
    assert is_harmless(text) == harmless


def test_markdown_that_is_a_graded_answer_is_only_text():
    released = [Released("essay", "markdown", f"Write here. {XSS}", False, True, 3.0, None)]
    lecture = {released[0].source: None}

    def answered(text):
        made = nbformat.v4.new_markdown_cell(text, metadata={"nbgrader": {"grade_id": "essay"}})
        ((cell,), changes) = restored([made], released, lecture)
        assert cell.metadata == released[0].metadata() and not changes
        return cell.source

    assert answered(XSS) == f"```text\n{XSS}\n```"
    assert answered("It is *convex*.") == "It is *convex*."
    assert answered(released[0].source) == released[0].source  # the instructor's own, left as it was


# --- nbgrader's own Execute ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stock(kit, course, released):
    """The same release in a course with nothing of the kit's in its config, graded by nbgrader's Execute."""
    folder = kit / "stock"
    make_course(folder, ["ch77"], root=kit)
    (folder / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "stock"\n')
    nbgrader(folder, "generate_assignment", "ch77")
    theirs = json.loads((folder / "release/ch77/ch77.ipynb").read_text())
    noisy = "import sys, os, logging\ndef double(x):\n    os.write(2, b'y')\n    logging.warning('z')\n    return 2 * x"
    partly = "def double(x):\n    x *= 2\n    return x"  # the values are right, the argument is spoilt
    for student, notebook in {
        "perfect": filled(theirs),
        "noisy": filled(theirs, noisy, None),
        "partly": filled(theirs, partly, "def centre(x):\n    return None"),
    }.items():
        path = folder / "submitted" / student / "ch77/ch77.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook))
    nbgrader(folder, "autograde", "ch77", "--ExecutePreprocessor.timeout=120")
    return folder


def test_the_stock_preprocessor_gives_the_same_points(stock):
    grades = {name: {cell: score for cell, (score, _) in found.items()} for name, found in grades_of(stock).items()}
    assert grades["perfect"] == {"ch77-double": 50, "ch77-centre": 50}
    assert grades["noisy"] == {"ch77-double": 50, "ch77-centre": 0}
    assert grades["partly"] == {"ch77-double": 40, "ch77-centre": 0}


def test_nothing_of_a_check_reaches_standard_error(stock):
    for student in ("perfect", "noisy", "partly"):
        for found in autograded(stock, student)["cells"]:
            marks = found["metadata"].get("nbgrader", {})
            if marks.get("grade"):
                kinds = [(o["output_type"], o.get("name")) for o in found["outputs"]]
                assert kinds == [("stream", "stdout"), ("execute_result", None)], (student, kinds)


def test_the_stock_feedback_is_the_kits(stock):
    text = "".join(cell(autograded(stock, "partly"), "ch77-double")["outputs"][0]["text"])
    assert "ch77.double: 40 of 50 points by the visible checks" in text
    assert "✓ double gives twice every entry." in text and "double does not change its argument." in text
