"""The command line. Every command is a few lines around a function of another room."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from grader.quiet import quiet_imports

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

app = typer.Typer(
    help="Learn and grade deep learning with TensorFlow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@app.callback()
def about() -> None:
    """Learn and grade deep learning with TensorFlow."""


def _chapters(names: list[str] | None) -> list[str]:
    from grader.chapter import ChapterError, chapter_names

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
    jobs: Annotated[int | None, typer.Option(help="Processes; one for each core by default.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report to this file, too.")] = None,
) -> None:
    """Prove that the checks reject every named bug, by name, and accept every correct variant."""
    from rich.progress import Progress

    with quiet_imports():
        import tensorflow  # noqa: F401

        from grader.audit import audit as audit_chapters

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("Auditing", total=None)
        reports = audit_chapters(
            _chapters(chapters),
            seeds,
            capstone_seeds,
            variant_seeds,
            jobs,
            [name.split(".")[-1] for name in only] if only else None,
            progress=lambda what, done, of: bar.update(task, completed=done, total=of, description=what),
        )
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
    if any(report.complaints for report in reports):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; an error that is meant for people ends in one sentence, not in a traceback."""
    from grader.bugs import PatchError
    from grader.build import MarkerError
    from grader.chapter import ChapterError

    try:
        app()
    except (ChapterError, PatchError, MarkerError) as error:
        err.print(str(error), style="red", markup=False)
        sys.exit(2)


if __name__ == "__main__":
    main()
