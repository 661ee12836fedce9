"""The command line. Every command is a few lines around a function of another room."""

from __future__ import annotations

import json
import os
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from grader.chapter import ChapterError
from grader.errors import UserError
from grader.quiet import quiet_imports

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class Form(StrEnum):
    """What grade writes beside the results."""

    csv = "csv"
    gradescope = "gradescope"
    junit = "junit"


class Isolation(StrEnum):
    """How student code is held."""

    bwrap = "bwrap"
    process = "process"


app = typer.Typer(
    help="Learn and grade deep learning with TensorFlow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
TELL = 30.0  # seconds between lines of progress where there is no terminal to draw a bar in


@app.callback()
def about() -> None:
    """Learn and grade deep learning with TensorFlow."""


def _chapters(names: list[str] | None) -> list[str]:
    from grader.chapter import chapter_names

    there = chapter_names()
    for name in names or ():
        if name not in there:
            raise ChapterError(f"There is no chapter {name}. There are: {', '.join(there)}.")
    return list(names or there)


@app.command()
def build(
    chapters: Annotated[list[str] | None, typer.Argument(help="Chapters, e.g. ch08; all by default.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where exercises/ differ.")] = False,
) -> None:
    """Write exercises/ (stubs and the traces of the named bugs) from solutions/."""
    with quiet_imports():
        import tensorflow  # noqa: F401

        from grader.build import build as build_chapters

    with err.status("Building") as status:
        built = build_chapters(_chapters(chapters), check, progress=lambda bug: status.update(f"Recording {bug}"))
    for path in built.written:
        out.print(f"wrote {path}")
    for sentence in built.stale:
        err.print(sentence, style="red")
    if built.stale:
        raise typer.Exit(1)
    if not built.written:
        out.print("Everything is in step with solutions/.")


@app.command()
def audit(
    chapters: Annotated[list[str] | None, typer.Argument(help="Chapters, e.g. ch08; all by default.")] = None,
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this exercise; may be given again.")] = None,
    seeds: Annotated[int, typer.Option(help="Seeds for which the references must pass.")] = 200,
    capstone_seeds: Annotated[int, typer.Option(help="The same for training checks.")] = 3,
    variant_seeds: Annotated[int, typer.Option(help="The same for correct variants.")] = 5,
    isolated_seeds: Annotated[int, typer.Option(help="The same for the references through workers.")] = 5,
    mutants: Annotated[
        bool, typer.Option("--mutants", help="Run mutants of the references, too: the kill matrix.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what earlier runs of the mutants found.")] = False,
    html: Annotated[Path | None, typer.Option(help="Where to write the heat map (in .grader/ by default).")] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes; one for each core by default.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report to this file, too.")] = None,
) -> None:
    """Prove that the checks reject every named bug, by name, and accept every correct variant."""
    from rich.progress import MofNCompleteColumn, Progress

    with quiet_imports():
        import tensorflow  # noqa: F401

        from grader.audit import audit as audit_chapters
        from grader.kill_report import measure

    chosen = [name.split(".")[-1] for name in only] if only else None
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("Auditing", total=None)

        told = time.monotonic()

        def show(what: str, done: int, of: int) -> None:
            nonlocal told
            bar.update(task, completed=done, total=of, description=what)
            if not err.is_terminal and time.monotonic() - told > TELL:
                told = time.monotonic()
                err.print(f"{what}: {done} of {of}", markup=False)

        reports = audit_chapters(
            _chapters(chapters),
            seeds,
            capstone_seeds,
            variant_seeds,
            isolated_seeds,
            jobs,
            chosen,
            show,
        )
        figures = [measure(r, chosen, jobs, fresh, html, show) for r in reports] if mutants else []
    if json_file is not None:
        json_file.write_text(json.dumps({r.chapter: r.as_json() for r in reports}, indent=1), encoding="utf-8")
    for report in reports:
        out.print(
            f"[bold]{report.chapter}[/]  {report.bugs} bugs: {len(report.missed)} missed, "
            f"{len(report.undiagnosed)} without and {len(report.misdiagnosed)} with a wrong diagnosis; "
            f"{report.variants} correct variants: {len(report.rejected_variants)} rejections; "
            f"references over {report.seeds} seeds: {len(report.reference_failures)} failures; "
            f"{report.graded_checks} graded checks of correct work, false rejections at most "
            f"{report.false_rejection_bound:.2g} (95 %)"
        )
        slow = sorted(report.seconds.items(), key=lambda item: -item[1])[:5]
        out.print(
            f"  {sum(report.seconds.values()):.1f} s in all; slowest: " + ", ".join(f"{n} {s:.2f}" for n, s in slow)
        )
        for sentence in report.complaints:
            out.print(f"  - {sentence}", markup=False)
    for found, written in figures:
        total = found.total
        out.print(
            f"[bold]{found.chapter}[/]  {total.mutants} mutants: {total.visible} killed by visible checks, {total.hidden_only} "
            f"by hidden ones only, {total.equivalent} equivalent, {total.survivors} survivors, {total.not_run} not run; "
            f"{found.naming.right} of {found.naming.alike} that behave as a named bug are named so, "
            f"{len(found.naming.wrong)} wrongly"
        )
        for path in written:
            out.print(f"wrote {path}")
    if any(report.complaints for report in reports):
        raise typer.Exit(1)


# --- students ------------------------------------------------------------------------------------------------------


@app.command()
def new(
    exercise: Annotated[str, typer.Argument(help="The new exercise, e.g. ch08.centred.")],
    module: Annotated[
        str | None, typer.Option(help="The module it goes into, existing or new; its own by default.")
    ] = None,
) -> None:
    """Start an exercise: a small whole one (reference, bugs, variant, check), to be turned into yours."""
    from grader.new import new_exercise

    for path in new_exercise(exercise, module):
        out.print(f"wrote {escape(str(path))}", soft_wrap=True)
    chapter, _, name = exercise.partition(".")
    out.print(
        f"It is whole as it stands. Change it into yours, and now and then run\n"
        f"  grader build {chapter}\n"
        f"  grader audit {chapter} --only {name} --seeds 20 --mutants\n"
        f"docs/authors.md goes through it step by step.",
        soft_wrap=True,
    )


@app.command()
def watch(chapter: Annotated[str, typer.Argument(help="The chapter, e.g. ch08.")]) -> None:
    """Check what you change at every save, in a fraction of a second."""
    with quiet_imports():
        import tensorflow  # noqa: F401

        from grader.chapter import load_chapter
        from grader.watch import watch as watch_chapter

        loaded = load_chapter(_chapters([chapter])[0])
    watch_chapter(loaded, out)


@app.command()
def hint(exercise: Annotated[str, typer.Argument(help="The exercise, e.g. ch08.conv2d.")]) -> None:
    """Show the next hint for an exercise."""
    from grader.chapter import load_chapter
    from grader.progress import hints_shown, next_hint

    with quiet_imports():
        chapter = load_chapter(_chapters([exercise.partition(".")[0]])[0])
    name = chapter.exercise(exercise.partition(".")[2]).name
    last = hints_shown(chapter, name) + 1 >= len(chapter.exercises[name].hints)
    out.print(f"[bold]{chapter.name}.{name}[/]")
    out.print(
        next_hint(chapter, name, take=True) or "This exercise has no hints: read its statement again.", markup=False
    )
    if last:
        out.print("That was the last one. The chapter's README.md has the whole story.", style="dim")


@app.command()
def status() -> None:
    """Show how far you have come, over all chapters."""
    from grader.chapter import find_root
    from grader.status import status_table

    with quiet_imports():
        table = status_table(find_root())
    out.print(table)


@app.command()
def doctor() -> None:
    """Say whether this machine is set up right, and what to do where it is not."""
    from grader.doctor import examine

    bad = 0
    for finding in examine():
        mark = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]·[/]"}[finding.good]
        out.print(f"{mark} {finding.what:<16} {escape(finding.found)}")
        if finding.good is not True and finding.remedy:
            out.print(f"  {'':<16} {escape(finding.remedy)}", style="yellow")
        bad += finding.good is False
    if bad:
        raise typer.Exit(1)
    out.print("All is well.")


# --- instructors ---------------------------------------------------------------------------------------------------


@app.command()
def grade(
    path: Annotated[Path, typer.Argument(help="A submission, or a folder with one entry a student.")],
    chapter: Annotated[str, typer.Option(help="The chapter, e.g. ch08.")],
    out_folder: Annotated[Path, typer.Option("--out", help="Where results go.")],
    jobs: Annotated[int | None, typer.Option(help="Submissions at a time; one for each core by default.")] = None,
    dask: Annotated[str | None, typer.Option(help="A Dask scheduler's address, to grade on its cluster.")] = None,
    form: Annotated[Form, typer.Option("--format", help="What to write beside the results.")] = Form.csv,
    isolation: Annotated[Isolation, typer.Option(help="process: no walls, for code that you trust.")] = Isolation.bwrap,
    seed: Annotated[int | None, typer.Option(help="Draw the examples from this seed.")] = None,
) -> None:
    """Grade a folder of submissions, or one. A run that was ended goes on where it stopped."""
    import contextlib

    from grader.batch import dask_executor, grade_folder, show_progress
    from grader.folder import class_seed

    _chapters([chapter])
    with contextlib.ExitStack() as stack:
        executor = stack.enter_context(dask_executor(dask)) if dask else None
        progress = stack.enter_context(show_progress(err))
        results = grade_folder(
            path,
            chapter,
            out_folder,
            jobs=jobs,
            seed=class_seed(out_folder) if seed is None else seed,
            isolation=isolation.value,
            executor=executor,
            progress=progress,
            form=form.value,
        )
    out.print(f"{len(results)} graded. Results are in {escape(str(out_folder))}.")
    if form is Form.csv:
        out.print(f"The class report: {escape(str(out_folder / 'report.html'))}", soft_wrap=True)


@app.command()
def course(
    folder: Annotated[Path, typer.Argument(help="The course's folder.")],
    chapter: Annotated[list[str] | None, typer.Option(help="A chapter; may be given again; all by default.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite notebooks that were changed.")] = False,
) -> None:
    """Make an nbgrader course: nbgrader_config.py and source notebooks."""
    from grader.course import make_course

    with quiet_imports():
        written = make_course(folder, _chapters(chapter), force=force)
    for path in written:
        out.print(f"wrote {escape(str(path))}", soft_wrap=True)
    out.print(f"From here nbgrader's own commands work: cd {escape(str(folder))}; nbgrader generate_assignment ch08 …")


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="The folder with the results of grader grade.")]) -> None:
    """Write the class report, report.html, from the results in a folder."""
    from grader.folder import read_results
    from grader.report import write_report

    results = read_results(folder)
    if not results:
        raise ChapterError(f"{folder} holds no results. Make some: grader grade PATH --chapter ch08 --out {folder}")
    out.print(str(write_report(folder, results)), markup=False, soft_wrap=True)


@app.command()
def release(
    chapters: Annotated[list[str], typer.Argument(help="Chapters, e.g. ch08.")],
    out_file: Annotated[Path, typer.Option("--out", help="The zip to write.")] = Path("kit.zip"),
) -> None:
    """Write what students get: everything but solutions/ and the kit's own tests."""
    from grader.release import write_release

    names = write_release(_chapters(chapters), out_file)
    out.print(f"wrote {escape(str(out_file))}: {len(names)} files")


@app.command()
def calibrate(
    chapter: Annotated[str, typer.Argument(help="The chapter, e.g. ch08.")],
    seeds: Annotated[int, typer.Option(help="How many trainings to measure.")] = 20,
) -> None:
    """Measure the figures of the training exercises over seeds, and write calibration.json."""
    with quiet_imports():
        from grader.calibrate import calibrate as measure

    measure(_chapters([chapter])[0], seeds)


def main() -> None:
    """Run the command line; an error that is meant for people ends in one sentence, not in a traceback."""
    try:
        app()
    except UserError as error:
        err.print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
