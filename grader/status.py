"""`grader status`: how far a student has come, over all chapters."""

from __future__ import annotations

from pathlib import Path

from rich.progress_bar import ProgressBar
from rich.table import Table

from grader.chapter import chapter_names, load_chapter
from grader.feedback import number
from grader.progress import read_progress


def status_table(root: Path) -> Table:
    """Chapters with the points of the last runs, a bar, and the first exercise that is not done."""
    progress = read_progress(root)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("chapter", "", "points", "exercises", "next"):
        table.add_column(heading, justify="right" if heading in ("points", "exercises") else "left")
    for name in chapter_names(root):
        chapter = load_chapter(name, root=root)
        kept = progress.get(name, {})
        points, done, following = 0.0, 0, ""
        for exercise in chapter.exercises:
            checks = kept.get(exercise, {}).get("checks", {})
            names = [c.name for c in chapter.checks_of(exercise)]
            points += sum(checks[n][1] for n in names if n in checks)
            if all(checks.get(n, ["", 0])[0] == "passed" for n in names):
                done += 1
            elif not following:
                following = f"{name}.{exercise}"
        possible = sum(c.points for c in chapter.checks)
        table.add_row(
            f"{name}  {chapter.title}",
            ProgressBar(total=possible, completed=points, width=24),
            f"{number(points)}/{number(possible)}",
            f"{done}/{len(chapter.exercises)}",
            following or "done",
        )
    return table
