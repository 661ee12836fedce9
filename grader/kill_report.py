"""Writes what the kill matrix shows: solutions/<chapter>/AUDIT.md for the repository, and a heat map as one HTML page."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Sequence
from pathlib import Path

from grader.audit import Audit
from grader.chapter import load_chapter
from grader.judge import TRACED
from grader.kill_figures import Figures
from grader.kill_matrix import CAPSTONE_SECONDS, Progress, Row, kill_matrix
from grader.laboratory import AGAIN, SEED

SHADES = 5  # of the heat map: killed by the first example, the second, up to 4, up to 8, later


def measure(
    report: Audit,
    only: Sequence[str] | None = None,
    jobs: int | None = None,
    fresh: bool = False,
    html: Path | None = None,
    progress: Progress | None = None,
) -> tuple[Figures, list[Path]]:
    """Run a chapter's mutants, add to its report what they show, and write the pages; answers figures and paths.

    only: these exercises (AUDIT.md, which is of the whole chapter, is not written then); fresh: forget earlier results.
    """
    chapter = load_chapter(report.chapter, hidden=True)
    figures = Figures(kill_matrix(chapter, only, jobs, fresh, progress), report.bug_kills, set(only) if only else None)
    report.complaints += figures.complaints()
    report.idle_checks = figures.idle
    page = html or chapter.root / ".grader" / f"mutants.{chapter.name}.html"
    written = [write_heat_map(figures, report, page)]
    if only is None:
        written.append(write_audit(figures, report))
    return figures, written


def write_audit(figures: Figures, report: Audit) -> Path:
    """Write AUDIT.md beside the references; answers its path."""
    path = figures.matrix.chapter.solutions / "AUDIT.md"
    path.write_text(as_markdown(figures, report), encoding="utf-8")
    return path


def write_heat_map(figures: Figures, report: Audit, path: Path) -> Path:
    """Write the HTML page: every mutant's row, every check's column; answers its path."""
    from grader.report import environment

    path.parent.mkdir(parents=True, exist_ok=True)
    pages = environment()
    pages.globals["shade"] = _shade
    page = pages.get_template("kill_matrix.html.j2").render(figures=figures, report=report, matrix=figures.matrix)
    path.write_text(page, encoding="utf-8")
    return path


def _shade(row: Row, check: str) -> int | None:
    """How late a check killed a mutant, from 0 to SHADES - 1; None if it did not."""
    cell = row.cells.get(check)
    if cell is None or not cell.kills:
        return None
    return next((i for i, last in enumerate((1, 2, 4, 8)) if cell.examples <= last), SHADES - 1)


# --- AUDIT.md --------------------------------------------------------------------------------------------------------------


def as_markdown(figures: Figures, report: Audit) -> str:
    """The chapter's audit as a page of Markdown; the same figures give the same text."""
    parts = [
        f"# What the checks of {figures.chapter} catch",
        f"Written by `grader audit {figures.chapter} --mutants`; do not edit. Python {platform.python_version()}, "
        + ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("tensorflow", "numpy", "hypothesis"))
        + ".",
        _summary(figures, report),
        "## Mutants, exercise by exercise",
        _exercises(figures),
        "## Checks",
        _checks(figures, report),
        *_survivors(figures),
        *_equivalents(figures),
        *_names(figures),
        *_not_run(figures),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]], left: int = 1) -> str:
    """A Markdown table; the first `left` columns are text, the others numbers."""
    rule = ["---"] * left + ["--:"] * (len(head) - left)
    lines: list[Sequence[object]] = [head, rule, *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _summary(figures: Figures, report: Audit) -> str:
    total, naming, checks = figures.total, figures.naming, figures.checks
    killed = total.visible + total.hidden_only
    late = sum(bool(row.again) for row in figures.matrix.rows)
    run = total.mutants - total.not_run
    lines = [
        f"- **Mutants**: {total.mutants}, of which {total.not_run} were not run. Killed by visible checks "
        f"{total.visible} ({_share(total.visible, run)}; {total.crashed} of them raised an exception wherever they were "
        f"noticed), by hidden checks only {total.hidden_only} ({_share(total.hidden_only, killed)} of those killed), "
        f"equivalent {total.equivalent}, survivors {total.survivors}.",
        f"- **Luck**: {late} mutants were first noticed at the fourth example or later. Run again with {len(AGAIN)} other "
        f"seeds, {len(figures.lucky)} of them passed all visible checks at least once.",
        f"- **Named bugs**: {report.bugs}; missed {len(report.missed)}, rejected by hidden checks only "
        f"{len(report.hidden_only)}, not named {len(report.undiagnosed)}, named wrongly {len(report.misdiagnosed)}.",
        f"- **Diagnosis of mutants**: {naming.alike} mutants behave as a named bug on other inputs, too; {naming.right} of "
        f"them were named rightly, {len(naming.silent)} got no name. {len(naming.partial)} times a mutant was named for what it "
        f"does on one check, and does something else on another. Wrong names: {len(naming.wrong)}.",
        *_false_rejections(report),
        f"- **Examples**: one pass over all checks takes {sum(f.seconds for f in checks):.1f} s here. The evidence below asks "
        f"for fewer examples in {sum(f.proposed < f.check.examples for f in checks)} checks, which would save "
        f"{sum(f.saving for f in checks):.1f} s, and for more in "
        f"{sum(f.proposed > f.check.examples for f in checks)}.",
        f"- **Checks that cannot fail**: {len(figures.idle)}"
        + (": " + "; ".join(_idle(figures, name) for name in figures.idle) if figures.idle else "")
        + ".",
    ]
    return "\n".join(lines)


def _idle(figures: Figures, name: str) -> str:
    return f"`{name}` ({figures.matrix.equivalents.idle.get(name, 'unexplained')})"


def _false_rejections(report: Audit) -> list[str]:
    rejected = len(report.reference_failures) + len(report.rejected_variants)
    lines = [
        f"- **False rejections**: {rejected} of {report.graded_checks} graded checks of correct work (the references over "
        f"{report.seeds} seeds, {report.variants} recorded correct variants), so at most "
        f"{report.false_rejection_bound:.2g} with 95 % confidence (Clopper–Pearson)."
    ]
    if report.isolated_checks:
        lines.append(
            f"- **The same through the worker** ({report.isolation}): {len(report.isolated_rejections)} of "
            f"{report.isolated_checks} graded checks, so at most {report.isolated_bound:.2g} with 95 % confidence."
        )
    return lines


def _exercises(figures: Figures) -> str:
    head = [
        "exercise",
        "mutants",
        "killed by visible",
        "raised",
        "by hidden only",
        "equivalent",
        "survivors",
        "not run",
    ]
    rows: list[list[object]] = [
        [f"`{f.name}`", f.mutants, f.visible, f.crashed, f.hidden_only, f.equivalent, f.survivors, f.not_run]
        for f in figures.exercises
    ]
    t = figures.total
    rows.append(["**all**", t.mutants, t.visible, t.crashed, t.hidden_only, t.equivalent, t.survivors, t.not_run])
    return _table(head, rows)


def _checks(figures: Figures, report: Audit) -> str:
    head = [
        "check", "side", "mutants", "alone", "bugs", "examples", "last kill", "needed", "proposed", "margin",
        "rejected draws", "degenerate", "seconds",
    ]  # fmt: skip
    rows: list[list[object]] = []
    for f in figures.checks:
        draws = figures.matrix.draws.get(f.check.name)
        rows.append([
            f"`{f.check.name}`", "hidden" if f.check.hidden else "visible", f.kills, f.alone, f.bugs, f.check.examples,
            f.last or "–", f.needed or "–", f.proposed, f"{report.margins.get(f.check.name, 0.0):.2g}",
            draws.rejected if draws else "–", draws.empty + draws.uniform if draws else "–", f"{f.seconds:.2f}",
        ])  # fmt: skip
    text = (
        "*mutants*, *bugs*: how many it kills; *alone*: mutants that no other check of its side kills; *last kill*: the "
        "example at which the last of them was first noticed; *needed*: the same among those that no visible check noticed "
        f"earlier, over seeds {SEED} to {max(AGAIN)} (later seeds for those noticed late); *proposed*: one and a half times "
        f"that, and of what there is at least {TRACED}, those of a stored trace (all, if it is hidden: no student waits for "
        "it); *margin*: the largest error of correct work over the tolerance; *degenerate*: examples with an empty array, or "
        "in which every array has one value only; *seconds*: of one passing run."
    )
    return text + "\n\n" + _table(head, rows, left=2)


def _survivors(figures: Figures) -> list[str]:
    rows = [row for row in figures.matrix.rows if figures.matrix.fate(row) in ("survivor", "hidden")]
    if not rows:
        return ["## Survivors", "None."]
    return ["## Survivors, and mutants that only hidden checks kill", *map(_shown, rows)]


def _shown(row: Row) -> str:
    kills = [name for name, cell in row.cells.items() if cell.kills]
    by = f", killed by `{'`, `'.join(kills)}`" if kills else ""
    return f"`{row.mutant.id}` ({row.mutant.operator}, line {row.mutant.line}{by})\n\n```diff\n{row.mutant.diff}\n```"


def _equivalents(figures: Figures) -> list[str]:
    reasons: dict[tuple[str, str], list[Row]] = {}
    for row in figures.matrix.rows:
        if figures.matrix.fate(row) == "equivalent":
            reasons.setdefault((row.mutant.owner, row.equivalent), []).append(row)
    if not reasons:
        return []
    parts = [
        "## Equivalent mutants",
        "They behave as the reference does, as far as the statement goes, for these reasons.",
    ]
    for (owner, reason), rows in reasons.items():
        diffs = "\n".join(row.mutant.diff for row in rows)
        parts.append(f"`{owner}`: {reason}\n\n```diff\n{diffs}\n```")
    return parts


def _names(figures: Figures) -> list[str]:
    naming = figures.naming
    if not naming.silent and not naming.wrong:
        return []
    lines = [f"- {text}." for text in naming.silent]
    lines += [f"- **wrong**: {text.replace(chr(10), '; ')}" for text in naming.wrong]
    return ["## Mutants that behave as a named bug and got no name, or a wrong one", "\n".join(lines)]


def _not_run(figures: Figures) -> list[str]:
    names = [f"`{f.name}` ({f.not_run})" for f in figures.exercises if f.not_run]
    if not names:
        return []
    return [
        "## Not run",
        f"Checks that train take too long for every mutant: as many were run as {CAPSTONE_SECONDS:.0f} seconds an exercise allow, "
        f"chosen by their ids. Left out: {', '.join(names)}.",
    ]
