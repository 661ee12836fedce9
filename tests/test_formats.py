"""grades.csv, Gradescope's results.json and JUnit's XML; and that no name or message can do harm in them."""

import csv
import io
import json
import math
from xml.etree import ElementTree

import pytest

from grader.escape import csv_cell, one_line, visible
from grader.folder import RESERVED, read_results, save_result, student_folder, write_whole
from grader.formats import grades_csv, gradescope, junit, points, write_grades
from tests.fake_results import check, exercise, result

FORMULAS = ['=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "|calc", "%0A=1"]
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202eevil\x00\ud800\ufffe]]>&"


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_grades_csv_is_one_row_a_student_and_one_column_an_exercise():
    text = grades_csv([result("bob"), result("ada")])
    assert text == (
        '"student","chapter","score","max_score","percent","errors","isolation","notes","ch08.conv2d","ch08.im2col"\n'
        '"ada","ch08",2.0,8.0,25.0,0,"bwrap","",2.0,0.0\n'
        '"bob","ch08",2.0,8.0,25.0,0,"bwrap","",2.0,0.0\n'
    )


@pytest.mark.parametrize("name", FORMULAS)
def test_no_cell_is_a_formula(name):
    (row,) = rows(grades_csv([result(name, notes=[name])]))
    for cell in (row["student"], row["notes"]):
        assert cell[0] in "'\\"
    # No other cell may begin with what starts a formula, apart from our own numbers.
    assert not any(value[:1] in "=+@" for value in row.values() if value)


def test_commas_quotes_and_line_breaks_stay_inside_their_cell():
    name = 'a,"b"\nc;=1'
    (row,) = rows(grades_csv([result(name)]))
    assert row["student"] == 'a,"b" c;=1' and row["chapter"] == "ch08"


def test_a_plain_name_is_left_alone():
    assert csv_cell("Ada Lovelace") == "Ada Lovelace" and csv_cell("øystein-2") == "øystein-2"


def test_points_are_finite_and_short():
    assert [points(x) for x in (1 / 3, -0.0, math.nan, math.inf, 2)] == [0.33, 0.0, 0.0, 0.0, 2.0]
    assert str(points(-0.0)) == "0.0"


def test_controls_are_written_out_and_text_is_kept():
    assert visible("a\x1b[31mb\u202ec\nd\te\r\nf") == "a\\x1b[31mb\\u202ec\nd\te\nf"
    assert visible("naïve 你好 🙂 é") == "naïve 你好 🙂 é"
    assert visible("a\xad\U000e0041") == "a\\xad\\U000e0041"
    assert visible("\ud800").encode() == b"\\ud800"  # a lone surrogate cannot be written to a file
    assert one_line("a\n\n  b", 10) == "a b" and one_line("x" * 30, 10) == "x" * 9 + "…"
    assert one_line("one two three", 11) == "one two …" and one_line("one two three four", 14) == "one two three…"


def test_gradescope_has_a_test_for_each_check():
    made = gradescope(result("ada"))
    assert made["score"] == 2.0
    assert [(t["score"], t["max_score"], t["status"]) for t in made["tests"]] == [
        (2.0, 2.0, "passed"),
        (0.0, 2.0, "failed"),
        (0.0, 4.0, "failed"),
    ]
    assert made["tests"][1]["name"] == "ch08.conv2d: padding holds."
    assert "It is wrong." in made["tests"][1]["output"]
    assert {t["name_format"] for t in made["tests"]} == {t["output_format"] for t in made["tests"]} == {"text"}
    assert sum(t["score"] for t in made["tests"]) == made["score"]
    assert "seed" not in json.dumps(made)  # students see it, and the seed is not for them


def test_junit_counts_and_escapes():
    bad = exercise("conv2d", check("x", "failed", message=HOSTILE), check("y", "error", message="ours"))
    root = ElementTree.fromstring(junit([result(f"eve{HOSTILE}", bad), result("ada")]))
    eve, ada = root.findall("testsuite")
    assert (eve.get("tests"), eve.get("failures"), eve.get("errors"), eve.get("skipped")) == ("2", "1", "1", "0")
    assert (ada.get("tests"), ada.get("failures"), ada.get("skipped")) == ("3", "1", "1")
    assert eve.find("testcase/failure").text == visible(HOSTILE)
    assert ada.find("properties/property[@name='score']").get("value") == "2.0"


def test_write_grades_writes_what_is_asked_for(tmp_path):
    one, two = [result("ada")], [result("ada"), result("bob")]
    assert [p.name for p in write_grades(two, tmp_path)] == ["grades.csv"]
    assert [p.name for p in write_grades(two, tmp_path, "junit")] == ["junit.xml"]
    names = [str(p.relative_to(tmp_path)) for p in write_grades(two, tmp_path, "gradescope")]
    assert names == ["ada/results.json", "bob/results.json"]
    # Gradescope grades one submission, and looks for results.json in the folder that it names.
    assert [str(p.relative_to(tmp_path)) for p in write_grades(one, tmp_path, "gradescope")][-1] == "results.json"
    with pytest.raises(ValueError, match="csv, gradescope or junit"):
        write_grades(one, tmp_path, "xls")


@pytest.mark.parametrize(
    "name", [*RESERVED, "..", ".", "", "a/b", "../../etc", ".hidden", "a\x00b", "con:", "%2E", "Grades.CSV"]
)
def test_a_student_gets_a_folder_of_their_own_whatever_they_are_called(tmp_path, name):
    save_result(tmp_path, result(name))
    folder = student_folder(tmp_path, name)
    assert folder.parent == tmp_path and folder.is_dir() and folder.name not in RESERVED
    assert [r["student"] for r in read_results(tmp_path)] == [name]


@pytest.mark.parametrize("name", [":" * 100, "%" * 110, "🙂" * 100, "\\" * 100])
def test_a_long_name_is_a_folder_that_a_file_system_takes(tmp_path, name):
    save_result(tmp_path, result(name))
    assert [r["student"] for r in read_results(tmp_path)] == [name]
    assert student_folder(tmp_path, name) == student_folder(tmp_path, name) != student_folder(tmp_path, name[:-1] + "x")


def test_different_names_get_different_folders(tmp_path):
    names = ["a/b", "a%2Fb", "a:b", "a%3Ab", ".x", "%2Ex", "grades.csv", "%67rades.csv", "é" * 101, "é" * 102]
    assert len({student_folder(tmp_path, name) for name in names}) == len(names)


def test_a_file_is_whole_or_not_there(tmp_path):
    path = write_whole(tmp_path / "deep" / "file.txt", "first")
    with pytest.raises(TypeError):
        write_whole(path, 3)  # fails half-way
    assert path.read_text() == "first" and [p.name for p in path.parent.iterdir()] == ["file.txt"]


def test_what_is_no_result_is_not_read(tmp_path):
    save_result(tmp_path, result("ada"))
    (tmp_path / "ada" / "results.json").write_text("{}")
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / "ch08.json").write_text('{"schema": 1, "student"')
    (tmp_path / "cyn").mkdir()
    (tmp_path / "cyn" / "ch08.json").write_text("[1]")
    assert [r["student"] for r in read_results(tmp_path)] == ["ada"]
    with pytest.raises(FileNotFoundError, match="Grade into it first"):
        read_results(tmp_path / "nowhere")
