"""The sample class: what each of its students gets, and what they are told."""

import zipfile

import pytest

from grader.batch import grade_folder
from grader.demo import NOTEBOOK, PERFECT, UNTOUCHED, ZIPPED, stage_class, what_was_seen
from grader.submission import find_submissions

MISTAKES = {
    "cleo": {"conv2d_backward/crop_is_empty_without_padding", "max_pool_backward/overwritten"},
    "dmitri": {
        "batch_norm/eps_outside_root",
        "update_moving/in_place",
        "instance_norm/over_batch",
        "group_norm/interleaved",
    },
    "edda": {
        "conv2d/same_pads_more_before",
        "batch_norm_backward/statistics_constant",
        "update_moving/momentum_swapped",
        "max_pool_backward/ties_all_get_it",
    },
    "gudrun": {"batch_norm/eps_outside_root", "group_norm/per_pixel"},
    "ines": {"layer_norm_backward/gamma_before_the_bracket"},
    "jonas": {"lenet5/softmax_output"},
}


@pytest.fixture(scope="module")
def inbox(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "inbox"
    stage_class(folder)
    return folder


@pytest.fixture(scope="module")
def results(inbox):
    found = grade_folder(inbox, "ch08", inbox.parent / "out", seed=1)
    return {result["student"]: result for result in found}


def verdicts(result, exercise):
    (found,) = [e for e in result["exercises"] if e["id"] == f"ch08.{exercise}"]
    return {check["verdict"] for check in found["checks"]}


def messages(result, exercise):
    (found,) = [e for e in result["exercises"] if e["id"] == f"ch08.{exercise}"]
    return "\n".join(check["message"] for check in found["checks"])


def test_the_class_has_modules_notebooks_and_a_zip(inbox):
    students = dict(find_submissions(inbox, "ch08"))
    assert len(students) >= 10 and {PERFECT, UNTOUCHED, ZIPPED} <= set(students)
    kinds = {
        ".zip" if path.is_file() else "".join(sorted(p.suffix for p in path.iterdir())) for path in students.values()
    }
    assert {".zip", ".ipynb"} <= kinds and any(kind.startswith(".py") for kind in kinds)
    assert "SOLUTION" not in "".join(path.read_text() for path in (inbox / PERFECT).iterdir())
    names = zipfile.ZipFile(inbox / f"{ZIPPED}.zip").namelist()
    assert sorted(names) == [f"{ZIPPED}/{name}.py" for name in ("convolution", "normalisation", "pooling", "variants")]


@pytest.mark.slow
def test_nobody_meets_a_fault_of_the_grader(results):
    for student, result in results.items():
        assert not {"error"} & {c["verdict"] for e in result["exercises"] for c in e["checks"]}, student


@pytest.mark.slow
def test_the_perfect_and_the_untouched(results):
    assert results[PERFECT]["score"] == results[PERFECT]["max_score"] == 100
    assert results[UNTOUCHED]["score"] == 0
    assert {c["verdict"] for e in results[UNTOUCHED]["exercises"] for c in e["checks"]} == {"not_attempted"}
    assert what_was_seen(results[PERFECT]) == "everything passed"


@pytest.mark.slow
def test_the_references_as_a_notebook_are_as_good_as_modules(results):
    """In a notebook all modules share one namespace: none of their names may get in another's way."""
    wrong = {e["id"] for e in results[NOTEBOOK]["exercises"] for c in e["checks"] if c["verdict"] != "passed"}
    assert wrong == {"ch08.fit_lenet", "ch08.fit_resnet"}  # left out, to save time


@pytest.mark.slow
@pytest.mark.parametrize("student", MISTAKES)
def test_every_subtle_mistake_is_found_and_named(results, student):
    checks = [check for exercise in results[student]["exercises"] for check in exercise["checks"]]
    assert {c["diagnosis"].removeprefix("ch08.") for c in checks if c["diagnosis"]} == MISTAKES[student]


@pytest.mark.slow
def test_what_is_right_gets_its_points_whatever_stands_beside_it(results):
    for exercise in ("conv_output_size", "conv2d", "im2col", "conv_matrix", "conv2d_backward", "max_pool"):
        assert verdicts(results["basil"], exercise) == {"passed"}, exercise
    assert verdicts(results["farid"], "max_pool_backward") == {"passed"}
    assert verdicts(results["dmitri"], "layer_norm") == verdicts(results["dmitri"], "max_pool") == {"passed"}
    assert verdicts(results["gudrun"], "average_pool") == {"passed"}
    assert verdicts(results["jonas"], "conv_output_size") == {"passed"}  # the second of two cells with the same id


@pytest.mark.slow
def test_bad_input_is_answered_in_a_sentence(results):
    assert "SyntaxError in convolution.py, line 5" in messages(results["farid"], "conv2d")
    assert "max_pool did not come back within" in messages(results["gudrun"], "max_pool")
    assert "but None came back" in messages(results["hugo"], "conv2d")
    assert "cannot be called as the statement says" in messages(results["hugo"], "conv_matrix")
    assert "but a list" in messages(results["hugo"], "average_pool")
    assert verdicts(results["basil"], "average_pool") == {"not_attempted"}
