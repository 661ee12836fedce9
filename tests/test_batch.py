"""Grading many submissions: nothing is lost, nothing is done twice, whatever dies."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grader.batch import BatchError, Grading, dask_executor, finish, grade_folder, job_key, kit_digest
from grader.errors import UserError
from grader.folder import read_results, save_result
from grader.formats import grades_csv
from grader.pool import JobDied, JobFailed, JudgePool
from grader.submission import read_submission
from tests.fake_results import result, slow_job

RIGHT = "def double(x):\n    return 2 * x\n\n\ndef centre(x):\n    return x - x.mean()\n"
WRONG = "def double(x):\n    return 3 * x\n"


@pytest.fixture
def classroom(kit):
    """A kit with the chapter ch77, and a class of five in submitted/."""
    for name, source in {"ada": RIGHT, "bob": WRONG, "cyn": "", "dan": RIGHT, "eve": "def double(x:\n"}.items():
        folder = kit / "submitted" / name
        folder.mkdir(parents=True)
        (folder / "small.py").write_text(source)
    return kit / "submitted"


class Counting(ThreadPoolExecutor):
    """An executor in this process that remembers whom it graded."""

    def __init__(self):
        super().__init__(1)
        self.graded = []

    def submit(self, fn, submission, *rest):
        self.graded.append(submission.student)
        return super().submit(fn, submission, *rest)


def fake_job(submission, chapter, seed, isolation, root):
    return result(submission.student, chapter=chapter, seed=seed, isolation=isolation, notes=submission.notes)


def run(classroom, executor=None, **more):
    executor = executor or Counting()
    out = classroom.parent / "out"
    results = grade_folder(
        classroom, "ch77", out, executor=executor, **({"seed": 1, "job": fake_job, "form": "junit"} | more)
    )
    return out, results, executor


# --- folders, keys and going on -----------------------------------------------------------------------


def test_a_class_becomes_a_folder_of_results(classroom):
    seen = []
    out, results, _ = run(classroom, form="csv", progress=lambda r, n, total: seen.append((r["student"], n, total)))
    assert [r["student"] for r in results] == ["ada", "bob", "cyn", "dan", "eve"]
    assert {p.relative_to(out).as_posix() for p in out.rglob("*.*")} >= {
        *(f"{name}/ch77.json" for name in ("ada", "bob", "cyn", "dan", "eve")),
        "ada/ch77.html",
        "grades.csv",
        "report.html",
    }
    assert sorted(seen) == sorted((name, i, 5) for i, (name, _, _) in enumerate(seen, 1)) and len(seen) == 5
    assert json.loads((out / "bob/ch77.json").read_text())["key"] == results[1]["key"]


def test_a_second_run_grades_nobody_and_a_resubmission_costs_only_itself(classroom):
    out, before, _ = run(classroom)
    grades = (out / "junit.xml").read_bytes()
    _, again, executor = run(classroom)
    assert executor.graded == [] and again == before and (out / "junit.xml").read_bytes() == grades
    (classroom / "bob/small.py").write_text(RIGHT)
    assert run(classroom)[2].graded == ["bob"]


def test_another_seed_isolation_or_kit_is_another_job(classroom):
    run(classroom)
    assert len(run(classroom, seed=2)[2].graded) == 5
    assert len(run(classroom, seed=2, isolation="process")[2].graded) == 5
    checks = classroom.parent / "exercises/ch77/test_small.py"
    checks.write_text(checks.read_text() + "\n# a better check\n")
    kit_digest.cache_clear()
    assert len(run(classroom, seed=2, isolation="process")[2].graded) == 5


def test_keys_depend_on_content_and_not_on_the_student(classroom):
    root = str(classroom.parent)
    key = {
        name: job_key(read_submission(classroom / name, "ch77", ["small"]), 1, "bwrap", root)
        for name in os.listdir(classroom)
    }
    assert key["ada"] == key["dan"] and len(set(key.values())) == 4


def test_notes_are_brought_up_to_date_without_grading(classroom):
    run(classroom)
    (classroom / "bob" / "numpy.py").write_text("")
    _, results, executor = run(classroom)
    assert executor.graded == [] and "numpy.py" in results[1]["notes"][0]


def test_a_torn_or_foreign_result_is_graded_again(classroom):
    out, _, _ = run(classroom)
    (out / "ada/ch77.json").write_text((out / "ada/ch77.json").read_text()[:100])
    (out / "bob/ch77.json").write_text(json.dumps(result("bob", chapter="ch77")))  # nobody knows of what
    assert run(classroom)[2].graded == ["ada", "bob"]


def test_one_submission_is_a_class_of_one(classroom):
    out = classroom.parent / "out"
    results = grade_folder(classroom / "ada", "ch77", out, executor=Counting(), seed=1, job=fake_job, form="junit")
    assert len(results) == 1 and len(read_results(out)) == 1


def test_the_seed_of_a_folder_is_drawn_once(classroom):
    _, first, _ = run(classroom, seed=None)
    _, second, executor = run(classroom, seed=None)
    assert executor.graded == [] and first[0]["seed"] == second[0]["seed"]


def test_grades_cover_everything_in_the_folder(classroom):
    out, _, _ = run(classroom)
    finish(out, [result("zoe")])
    assert (out / "grades.csv").read_text().count("ch77") == 5


@pytest.mark.parametrize("form, file", [("gradescope", "ada/results.json"), ("junit", "junit.xml")])
def test_other_formats_are_written_instead(classroom, form, file):
    out, _, _ = run(classroom, form=form)
    assert (out / file).exists() and not (out / "grades.csv").exists() and not (out / "report.html").exists()


def test_nothing_to_grade_is_said(classroom):
    empty = classroom.parent / "empty"
    empty.mkdir()
    with pytest.raises(BatchError, match=r"holds no submission for ch77\. A submission is"):
        grade_folder(empty, "ch77", classroom.parent / "out")
    with pytest.raises(BatchError, match="There is no "):
        grade_folder(classroom / "nobody", "ch77", classroom.parent / "out")


def test_the_folder_of_results_may_lie_among_the_entries(classroom):
    out = classroom / "results"
    for _ in range(2):
        results = grade_folder(classroom, "ch77", out, executor=Counting(), seed=1, job=fake_job)
        assert [r["student"] for r in results] == ["ada", "bob", "cyn", "dan", "eve"]


def test_one_stray_file_does_not_stand_for_a_class(classroom):
    (classroom / "small.py").write_text(RIGHT)
    with pytest.raises(UserError, match=r"For a class, put small\.py into a folder"):
        run(classroom)
    assert not (classroom.parent / "out").exists()


# --- the grader's own faults --------------------------------------------------------------------------


def faulty_job(submission, chapter, seed, isolation, root):
    if submission.student == "bob":
        raise RuntimeError("a bug of ours")
    return fake_job(submission, chapter, seed, isolation, root)


def test_a_fault_of_the_grader_costs_one_student_and_is_no_zero(classroom):
    out, results, _ = run(classroom, job=faulty_job, form="csv")
    bob = results[1]
    assert {c["verdict"] for e in bob["exercises"] for c in e["checks"]} == {"error"}
    assert bob["max_score"] == 100 and "graded again" in bob["notes"][0]
    assert "a bug of ours" in (out / "bob/ch77.error.txt").read_text()
    assert "a bug of ours" not in (out / "bob/ch77.html").read_text() + (out / "report.html").read_text()
    assert "could not be graded wholly" in (out / "report.html").read_text()
    _, results, executor = run(classroom)  # the same command again
    assert executor.graded == ["bob"] and results[1]["score"] == 2


def test_a_result_that_cannot_be_saved_costs_one_student(classroom, monkeypatch):
    import grader.batch

    def saving(out, result):
        if result["student"] == "bob":
            raise OSError(36, "File name too long")
        return save_result(out, result)

    monkeypatch.setattr(grader.batch, "save_result", saving)
    with pytest.raises(BatchError, match=r"1 of 5 results .*: bob \(\[Errno 36\] File name too long\)\. Mend this"):
        run(classroom, form="csv")
    out = classroom.parent / "out"
    assert [r["student"] for r in read_results(out)] == ["ada", "cyn", "dan", "eve"]
    assert '"eve"' in (out / "grades.csv").read_text() and (out / "report.html").exists()


def test_a_name_that_is_too_long_for_a_folder_costs_nobody(classroom):
    (classroom / f"{':' * 100}.zip").write_bytes(b"no zip")
    out, results, _ = run(classroom, form="csv")
    assert len(results) == 6 and (out / "grades.csv").read_text().count('"ch77"') == 6


def test_where_the_walls_cannot_be_had_the_run_stops(classroom):
    sentence = "No namespaces here. Ask for --isolation=process."
    with pytest.raises(BatchError, match=r"No namespaces here\. Ask"):
        run(classroom, job=lambda *_: {"unavailable": sentence})
    assert not list((classroom.parent / "out").glob("*/*.json"))


def test_intake_that_breaks_costs_one_student(classroom, monkeypatch):
    import grader.batch

    def reading(path, chapter, modules):
        if path.name == "cyn":
            raise ZeroDivisionError
        return read_submission(path, chapter, modules)

    monkeypatch.setattr(grader.batch, "read_submission", reading)
    _, results, executor = run(classroom)
    assert len(results) == 5 and "cyn" not in executor.graded
    assert results[2]["exercises"][0]["checks"][0]["verdict"] == "error"


# --- the pool -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pool():
    with JudgePool(2, preload=("json",)) as pool:
        yield pool


def test_what_is_stopped_has_not_failed(kit, classroom):
    grading = Grading("ch77", kit / "out", jobs=1, root=kit, job=slow_job)
    running, waiting = (grading.submit(name, classroom / name) for name in ("ada", "bob"))
    started = time.monotonic()
    grading.close(cancel=True)  # while the pool's first process is still being started
    assert running.cancelled() and waiting.cancelled() and time.monotonic() - started < 50
    assert not list((kit / "out").glob("*/*"))


def test_the_pool_answers(pool):
    assert [f.result(30) for f in [pool.submit(math.sqrt, n) for n in (1, 4, 9)]] == [1, 2, 3]


def test_a_job_that_kills_its_process_costs_only_itself(pool):
    futures = [pool.submit(math.sqrt, 4), pool.submit(os._exit, 3), pool.submit(os.abort), pool.submit(math.sqrt, 9)]
    assert [futures[0].result(30), futures[3].result(30)] == [2, 3]
    with pytest.raises(JobDied, match="exit code 3"):
        futures[1].result(30)
    with pytest.raises(JobDied, match="SIGABRT"):
        futures[2].result(30)
    assert pool.submit(math.sqrt, 16).result(30) == 4


def test_a_job_that_raises_says_where(pool):
    with pytest.raises(JobFailed, match="ValueError"):
        pool.submit(math.sqrt, -1).result(30)
    with pytest.raises(Exception, match="pickle|local object"):
        pool.submit(lambda: 1).result(30)
    assert pool.submit(math.sqrt, 1).result(30) == 1


def test_a_job_that_never_ends_is_stopped():
    with JudgePool(1, seconds=0.5, preload=("json",)) as pool:
        with pytest.raises(JobDied, match=r"stopped after 0\.5 seconds"):
            pool.submit(time.sleep, 60).result(30)
        assert pool.submit(math.sqrt, 4).result(30) == 2


def test_a_cancelled_pool_ends_at_once():
    pool = JudgePool(1, preload=("json",))
    running, waiting = pool.submit(time.sleep, 60), pool.submit(math.sqrt, 1)
    time.sleep(0.5)
    started = time.monotonic()
    pool.shutdown(cancel_futures=True)
    assert time.monotonic() - started < 10 and waiting.cancelled() and isinstance(running.exception(), JobDied)
    with pytest.raises(RuntimeError):
        pool.submit(math.sqrt, 1)


# --- kill -9 ------------------------------------------------------------------------------------------

RUN = """
import sys, time
from pathlib import Path

from grader.batch import grade_folder
from grader.pool import JudgePool
from tests.fake_results import result


def slow_job(submission, chapter, seed, isolation, root):
    with open(Path(root) / "log.txt", "a") as log:
        log.write(submission.student + "\\n")
    time.sleep(0.15)
    return result(submission.student, chapter=chapter)


if __name__ == "__main__":
    grade_folder("submitted", "ch77", "out", seed=1, form="junit", executor=JudgePool(2, preload=("json",)), job=slow_job)
"""


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_where_it_stopped(kit):
    names = [f"student{i:02}" for i in range(16)]
    for name in names:
        (kit / "submitted" / name).mkdir(parents=True)
        (kit / "submitted" / name / "small.py").write_text(f"# {name}\n")
    (kit / "run.py").write_text(RUN)
    environment = os.environ | {"PYTHONPATH": f"{Path(__file__).parents[1]}:{os.environ.get('PYTHONPATH', '')}"}

    def start():
        return subprocess.Popen([sys.executable, "run.py"], cwd=kit, env=environment)

    done = []
    for moment in (0.3, 1.2, 1.5, 1.8):
        process = start()
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        done.append(sorted(path.parent.name for path in (kit / "out").glob("*/ch77.json")))
        assert all(json.loads(path.read_text()) for path in (kit / "out").glob("*/*.json"))  # whole, or not there
    assert start().wait(60) == 0
    graded = (kit / "log.txt").read_text().split()
    # What was saved before a kill was never graded again; only what ran at that moment was.
    assert len(graded) - len(names) <= 2 * len(done)
    assert [r["student"] for r in read_results(kit / "out")] == names
    assert grades_csv(read_results(kit / "out")) == grades_csv([result(name, chapter="ch77") for name in names])
    assert start().wait(60) == 0
    assert (kit / "log.txt").read_text().split() == graded


# --- Dask ---------------------------------------------------------------------------------------------


def test_without_dask_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BatchError, match=r"pip install 'grader\[cluster\]'"), dask_executor("tcp://127.0.0.1:1"):
        pass


@pytest.mark.slow
def test_a_dask_cluster_grades_a_class(classroom):
    distributed = pytest.importorskip("distributed", reason="needs grader[cluster]")
    cloudpickle = pytest.importorskip("cloudpickle")
    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the workers do not have this file
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        dask_executor(cluster.scheduler_address) as executor,
    ):
        _, results, _ = run(classroom, executor=executor)
        assert [r["student"] for r in results] == ["ada", "bob", "cyn", "dan", "eve"]
        # A job that takes its worker with it costs one student.
        _, results, _ = run(classroom, executor=executor, job=deadly_job, seed=2)
    verdicts = [{c["verdict"] for e in r["exercises"] for c in e["checks"]} for r in results]
    assert verdicts[1] == {"error"} and all("passed" in found for i, found in enumerate(verdicts) if i != 1)


def deadly_job(submission, *rest):
    if submission.student == "bob":
        os._exit(9)
    return fake_job(submission, *rest)
