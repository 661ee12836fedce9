"""Grades many submissions: hands each to an executor, and keeps the results so that nothing is lost or done twice.

A job is pure: (submission, kit, seed, isolation) → result. Its key is a hash of these, and stands in the result: a run
that was killed goes on where it stopped, and a resubmission costs only itself. One process, this one, writes.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, as_completed
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from grader import __version__
from grader.chapter import find_root
from grader.errors import UserError
from grader.escape import one_line
from grader.folder import class_seed, read_result, read_results, result_file, save_result, write_whole
from grader.formats import grader_errors, write_grades
from grader.pool import JobDied, JudgePool, default_jobs
from grader.submission import Submission, find_submissions, read_submission

Result = dict[str, Any]
Progress = Callable[[Result, int, int], None]  # (a result, how many are there, how many there will be)
MINE = ("*.py", "*.toml", "*.json", "*.gz")  # what of exercises/ and solutions/ a verdict depends on


class BatchError(UserError):
    """Nothing can be graded; the message says why and what to do."""


# --- one job, in the process of a judge ---------------------------------------------------------


def grade_job(submission: Submission, chapter: str, seed: int, isolation: str, root: str) -> Result:
    """Grade one submission: the result JSON. Runs in a judge's process, or on a Dask worker.

    Where the isolation asked for is not to be had, answers {"unavailable": why and what to do}.
    """
    from grader.judge import grade
    from grader.sandbox import SandboxUnavailable

    try:
        return grade(submission, _chapter(chapter, root), seed, _sandbox(isolation, root).launch, isolation)
    except SandboxUnavailable as error:
        return {"unavailable": str(error)}


@lru_cache(maxsize=2)
def _sandbox(isolation: str, root: str) -> Any:
    """This process's sandbox: its zygote serves one submission after the other."""
    from grader.sandbox import Sandbox

    return Sandbox(isolation, hidden=[Path(root) / "solutions"])


def failed_job(student: str, chapter: str, root: str) -> Result:
    """The result of a submission that the grader could not grade: every check has the verdict `error`."""
    from grader.result import ERROR, Outcome, as_json

    loaded = _chapter(chapter, root)
    sentence = "The grader failed on this submission. This is not the student's fault: it has to be graded again."
    outcomes = [
        (name, [Outcome(check, ERROR, sentence) for check in loaded.checks_of(name)]) for name in loaded.exercises
    ]
    return as_json(student, chapter, outcomes, {check.name: sentence for check in loaded.checks})


@lru_cache(maxsize=16)
def _chapter(name: str, root: str) -> Any:
    from grader.quiet import quiet_imports

    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # workers see no GPU, so the judge must not ask for a GPU's budget
    with quiet_imports():
        from grader.chapter import load_chapter

        return load_chapter(name, hidden=True, root=Path(root))


# --- keys ---------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def kit_digest(chapter: str, root: str) -> str:
    """A hash of the engine and of the chapter's checks: another kit may give another verdict."""
    digest = hashlib.sha256(__version__.encode())
    engine = sorted(Path(__file__).parent.glob("*.py"))
    folders = [Path(root) / half / chapter for half in ("exercises", "solutions")]
    for path in [*engine, *(path for folder in folders for kind in MINE for path in sorted(folder.glob(kind)))]:
        digest.update(f"\0{path.parent.name}/{path.name}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def job_key(submission: Submission, seed: int, isolation: str, root: str) -> str:
    """The key of a job: equal for equal work. Notes are not of the work: they are brought up to date by themselves."""
    content = [
        submission.chapter,
        sorted(submission.modules.items()),
        list(submission.cells),
        sorted(submission.problems.items()),
        seed,
        isolation,
        kit_digest(submission.chapter, root),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


# --- many jobs ----------------------------------------------------------------------------------


class Grading:
    """Grades submissions of one chapter into a folder of results. `submit` may be called from any thread.

    executor: anything with concurrent.futures's interface; a JudgePool of `jobs` processes by default. job: what it
    runs, with grade_job's arguments.
    """

    def __init__(
        self,
        chapter: str,
        out: str | Path,
        jobs: int | None = None,
        seed: int = 0,
        isolation: str = "bwrap",
        executor: Executor | None = None,
        root: Path | None = None,
        job: Callable[..., Result] = grade_job,
    ) -> None:
        self.chapter, self.out, self.seed, self.isolation = chapter, Path(out), seed, isolation
        self.root = str(find_root(root))
        self.modules = module_names(chapter, self.root)
        self.executor = executor if executor is not None else JudgePool(jobs or default_jobs())
        self._owned = executor is None
        self._job = job
        self.reused = 0
        self._cancelled = False
        self._lock = threading.Lock()

    def submit(self, student: str, entry: Path | Submission) -> Future[Result]:
        """Grade what one student handed in; the future gives the result that was saved, never the job's exception."""
        done: Future[Result] = Future()
        try:
            submission = entry if isinstance(entry, Submission) else read_submission(entry, self.chapter, self.modules)
            submission.student = student
            key = job_key(submission, self.seed, self.isolation, self.root)
        except Exception:  # intake answers every bad input; what it did not foresee is our fault, not the class's
            self._fail(student, "", traceback.format_exc(), done)
            return done
        stored = read_result(result_file(self.out, student, self.chapter))
        if stored is not None and stored.get("key") == key and not grader_errors(stored):
            with self._lock:
                self.reused += 1
            if stored["notes"] == submission.notes:
                done.set_result(stored)
            else:
                self._save(stored | {"notes": submission.notes}, done)
            return done
        job = self.executor.submit(self._job, submission, self.chapter, self.seed, self.isolation, self.root)
        job.add_done_callback(lambda job: self._finish(student, key, job, done))
        return done

    def _finish(self, student: str, key: str, job: Future[Result], done: Future[Result]) -> None:
        if job.cancelled() or (self._cancelled and job.exception() is not None):  # it was stopped, and did not fail
            done.cancel()
            return
        error = job.exception()
        if error is None and "unavailable" in job.result():
            done.set_exception(BatchError(job.result()["unavailable"]))
        elif error is None:
            self._save({**job.result(), "student": student, "key": key}, done)
        else:
            detail = str(error) or type(error).__name__
            self._fail(student, key, f"{type(error).__name__}: {detail}", done)

    def _fail(self, student: str, key: str, detail: str, done: Future[Result]) -> None:
        """Keep a result that says that the grader failed; the detail goes to a file beside it."""
        try:
            result = failed_job(student, self.chapter, self.root)
        except Exception:
            result = {"schema": 1, "student": student, "chapter": self.chapter, "score": 0.0, "max_score": 0.0}
            result["exercises"] = []
        notes = ["The grader failed on this submission: it has to be graded again."]
        result |= {"seed": self.seed, "isolation": self.isolation, "notes": notes, "kit": __version__, "key": key}
        try:
            write_whole(result_file(self.out, student, self.chapter).with_suffix(".error.txt"), detail + "\n")
        except OSError as error:
            done.set_exception(error)
            return
        self._save(result, done)

    def _save(self, result: Result, done: Future[Result]) -> None:
        try:
            save_result(self.out, result)
        except Exception as error:  # a full disk, say: this must not be silent
            done.set_exception(error)
        else:
            done.set_result(result)

    def close(self, cancel: bool = False) -> None:
        """Wait for what runs (or, with `cancel`, stop it: of that there is no result)."""
        self._cancelled = cancel
        if self._owned:
            self.executor.shutdown(wait=True, cancel_futures=cancel)


def grade_folder(
    path: str | Path,
    chapter: str,
    out: str | Path,
    jobs: int | None = None,
    seed: int | None = None,
    isolation: str = "bwrap",
    executor: Executor | None = None,
    progress: Progress | None = None,
    form: str = "csv",
    root: Path | None = None,
    job: Callable[..., Result] = grade_job,
) -> list[Result]:
    """Grade one submission or a folder of them; answers the results of this run, by student.

    Writes out/<student>/<chapter>.json as each is done, at the end the grades in the form asked for ("csv",
    "gradescope" or "junit") and, with "csv", out/report.html. What is there already, with the same key, is not graded
    again. seed: that of the folder by default (`class_seed`); progress: called with each result.

    Raises BatchError where nothing can be graded, and, after all the others are graded and written, where a result could
    not be saved; UserError for a folder that can be read as a class and as one submission.
    """
    path, out = Path(path), Path(out)
    entries = _entries(path, chapter, module_names(chapter, find_root(root)), out)
    seed = class_seed(out) if seed is None else seed
    grading = Grading(chapter, out, min(jobs or default_jobs(), len(entries)), seed, isolation, executor, root, job)
    results: list[Result] = []
    lost: list[str] = []
    try:
        futures = {grading.submit(student, entry): student for student, entry in entries}
        for future in as_completed(futures):
            try:
                results.append(future.result())
            except BatchError:  # the same for every student
                raise
            except Exception as error:  # one student's result could not be saved: the others' can
                lost.append(one_line(f"{futures[future]} ({error or type(error).__name__})"))
                continue
            if progress is not None:
                progress(results[-1], len(results), len(entries))
    except BaseException:
        grading.close(cancel=True)
        raise
    grading.close()
    results.sort(key=lambda result: result["student"])
    if results:
        finish(out, results, form)
    if lost:
        raise BatchError(
            f"{len(lost)} of {len(entries)} results could not be saved, and the students are not among the grades: "
            f"{', '.join(sorted(lost))}. Mend this and give the same command again: what is there is not graded twice."
        )
    return results


def finish(out: Path, results: list[Result], form: str = "csv") -> list[Path]:
    """Write the class's own files: grades of everything in `out` and the report, or another form of these results."""
    if form != "csv":
        return write_grades(results, out, form)
    from grader.report import write_report

    everything = read_results(out)
    return [*write_grades(everything, out), write_report(out, everything)]


def module_names(chapter: str, root: str | Path) -> list[str]:
    """The chapter's modules, by their check files: intake needs no more, and no TensorFlow."""
    return [path.stem.removeprefix("test_") for path in sorted((Path(root) / "exercises" / chapter).glob("test_*.py"))]


def _entries(path: Path, chapter: str, modules: list[str], out: Path) -> list[tuple[str, Path]]:
    if not path.exists():
        raise BatchError(f"There is no {path}. Give a submission, or a folder with one entry a student.")
    try:
        entries = find_submissions(path, chapter, modules, out)
    except PermissionError:
        raise BatchError(f"{path} may not be read by you. Change its permissions: chmod -R u+rX {path}") from None
    if not entries:
        raise BatchError(
            f"{path} holds no submission for {chapter}. A submission is a folder with the chapter's modules, "
            f"{chapter}.py, {chapter}.ipynb, or a zip or tar of these."
        )
    return entries


@contextmanager
def dask_executor(address: str) -> Iterator[Executor]:
    """An executor that runs jobs on the Dask cluster at `address` ("tcp://host:8786").

    The kit, with solutions/, must be installed on the workers at the same place. Raises BatchError without dask.
    """
    try:
        from distributed import Client
    except ImportError:
        raise BatchError("--dask needs Dask: pip install 'grader[cluster]'") from None
    with Client(address) as client:
        # Not `pure`: keys are the kit's, and a job that failed is to be run again.
        yield client.get_executor(pure=False, retries=1)


def show_progress(console: Any) -> Any:
    """A context manager that gives a Progress drawing a bar on a rich console, or a line each where that is a file."""
    return _bar(console)


@contextmanager
def _bar(console: Any) -> Iterator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from grader.formats import points

    if not console.is_terminal:
        yield lambda r, n, total: console.print(
            f"{n}/{total}  {one_line(r['student'], 40)}  {points(r['score']):g}/{points(r['max_score']):g}",
            markup=False,
        )
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda r, n, total: bar.update(task, completed=n, total=total, description=one_line(r["student"], 40))


__all__ = ["BatchError", "Grading", "JobDied", "dask_executor", "finish", "grade_folder", "grade_job", "show_progress"]
