"""The author's gate: proves that a chapter's checks reject what is wrong and accept what is right.

Every submission of the audit (a stub, a reference, a named bug, a correct variant) is examined in a forked process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from typing import Any

from grader import diagnosis, result
from grader.bugs import Patch, load_bugs, load_variants, strangers
from grader.build import MarkerError, open_local, reference_modules, stubs
from grader.chapter import Chapter, load_chapter
from grader.judge import Examiner

MIN_BUGS = 3
POINTS = 100


@dataclass
class Finding:
    """What one examined submission showed: verdicts and diagnoses by check, times, margins and sentences."""

    verdicts: dict[str, str] = field(default_factory=dict)
    diagnoses: dict[str, str | None] = field(default_factory=dict)
    examples: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    margins: dict[str, float] = field(default_factory=dict)
    sentences: dict[str, str] = field(default_factory=dict)


@dataclass
class Audit:
    """The gate's report for one chapter. complaints: sentences; empty means the gate is open."""

    chapter: str
    complaints: list[str] = field(default_factory=list)
    bugs: int = 0
    missed: list[str] = field(default_factory=list)
    hidden_only: list[str] = field(default_factory=list)
    undiagnosed: list[str] = field(default_factory=list)
    misdiagnosed: list[str] = field(default_factory=list)
    variants: int = 0
    rejected_variants: list[str] = field(default_factory=list)
    seeds: int = 0
    graded_checks: int = 0
    reference_failures: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    margins: dict[str, float] = field(default_factory=dict)
    examples_needed: dict[str, int] = field(default_factory=dict)
    idle_checks: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "false_rejection_bound": self.false_rejection_bound}

    @property
    def false_rejection_bound(self) -> float:
        """Upper 95 % confidence bound of the rate at which correct work fails a check (Clopper–Pearson; 3/n at 0 failures)."""
        n, k = self.graded_checks, len(self.reference_failures) + len(self.rejected_variants)
        if n == 0:
            return 1.0
        low, high = k / n, 1.0
        for _ in range(60):  # the bound p solves P(X <= k; n, p) = 0.05
            middle = (low + high) / 2
            low, high = (middle, high) if _binomial_cdf(k, n, middle) > 0.05 else (low, middle)
        return high


def _binomial_cdf(k: int, n: int, p: float) -> float:
    import math

    if p <= 0:
        return 1.0
    if p >= 1:
        return 0.0
    logs = [
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p) + (n - i) * math.log1p(-p)
        for i in range(k + 1)
    ]
    return sum(math.exp(value) for value in logs)


# --- jobs, each in a forked process -----------------------------------------------------------------------------------

_chapters: dict[str, Chapter] = {}
_bugs: dict[str, dict[str, Patch]] = {}


def _prepare(names: Sequence[str]) -> None:
    """Load chapters before the pool forks, so that no child pays for it."""
    for name in names:
        chapter = _chapters[name] = load_chapter(name, hidden=True)
        _bugs[name] = {p.id: p for p in load_bugs(chapter)}
        _bugs[name] |= {f"variant:{p.id}": p for p in load_variants(chapter)}


def _examine(
    name: str, patch: str | None, seeds: Sequence[int], only: Sequence[str] | None, capstones: bool
) -> list[Finding]:
    """Examine a patched (or plain) reference with every seed."""
    from grader.worker import quiet_tensorflow

    quiet_tensorflow()
    chapter = _chapters[name]
    modules = reference_modules(chapter, _bugs[name][patch] if patch else None)
    reference = open_local(chapter, reference_modules(chapter))
    found = []
    for seed in seeds:
        examiner = Examiner(chapter, lambda: open_local(chapter, modules), modules, seed, reference, hasty=True)
        found.append(_find(examiner, only, capstones))
    return found


def _examine_stubs(name: str) -> Finding:
    from grader.worker import quiet_tensorflow

    quiet_tensorflow()
    chapter = _chapters[name]
    modules = {path.stem: (text, str(path)) for path, text in stubs(chapter).items()}
    reference = open_local(chapter, reference_modules(chapter))
    return _find(Examiner(chapter, lambda: open_local(chapter, modules), modules, 0, reference), None, True)


def _find(examiner: Examiner, only: Sequence[str] | None, capstones: bool) -> Finding:
    finding = Finding()
    for name in only or examiner.chapter.exercises:
        checks = [c for c in examiner.chapter.checks_of(name) if capstones or not c.capstone]
        for outcome in examiner.exercise(name, checks):
            check = outcome.check.name
            finding.verdicts[check] = outcome.verdict
            finding.diagnoses[check] = outcome.diagnosis
            finding.examples[check] = outcome.examples
            finding.seconds[check] = outcome.seconds
            finding.margins[check] = outcome.margin
            if outcome.verdict != result.PASSED:
                finding.sentences[check] = f"{outcome.sentence} {outcome.trouble}".strip()
    examiner.close()
    return finding


# --- the gate -----------------------------------------------------------------------------------------------------------


def audit(
    names: Sequence[str],
    seeds: int = 200,
    capstone_seeds: int = 3,
    variant_seeds: int = 5,
    jobs: int | None = None,
    only: Sequence[str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Audit]:
    """Audit chapters. only: exercises ("conv2d") to restrict it to; progress(what, done, of)."""
    _prepare(names)
    reports = {name: Audit(name) for name in names}
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs or os.cpu_count(), mp_context=context, max_tasks_per_child=None) as pool:
        waiting: dict[Future, tuple[str, Callable[[Any], None]]] = {}
        for name, report in reports.items():
            chapter = _chapters[name]
            chosen = [e for e in chapter.exercises if only is None or e in only]
            _formalities(chapter, report, chosen)
            for future, take in _jobs(pool, chapter, report, chosen, seeds, capstone_seeds, variant_seeds):
                waiting[future] = (name, take)
        for done, future in enumerate(as_completed(waiting), 1):
            name, take = waiting[future]
            take(future.result())
            if progress is not None:
                progress(name, done, len(waiting))
    for name, report in reports.items():
        _conclude(_chapters[name], report, only)
    return list(reports.values())


def _jobs(
    pool: ProcessPoolExecutor,
    chapter: Chapter,
    report: Audit,
    chosen: list[str],
    seeds: int,
    capstone_seeds: int,
    variant_seeds: int,
) -> Iterable[tuple[Future, Callable[[Any], None]]]:
    """All the work of one chapter: futures, and what to do with each result."""
    name = chapter.name
    times: dict[str, list[float]] = {}
    report.seeds = seeds

    def take_stub(finding: Finding) -> None:
        for check, verdict in finding.verdicts.items():
            if verdict != result.NOT_ATTEMPTED:
                report.complaints.append(f"{check}: the fresh stub is {verdict}. {finding.sentences.get(check, '')}")

    def take_reference(findings: list[Finding]) -> None:
        for finding in findings:
            _count(report, finding)
            for check, seconds in finding.seconds.items():
                times.setdefault(check, []).append(seconds)
                report.seconds[check] = round(statistics.median(times[check]), 4)
            for check, sentence in finding.sentences.items():
                report.reference_failures.append(f"{check}: {sentence}")

    def variant_taker(patch: Patch) -> Callable[[list[Finding]], None]:
        def take(findings: list[Finding]) -> None:
            for finding in findings:
                _count(report, finding)
                for check, sentence in finding.sentences.items():
                    report.rejected_variants.append(f"{patch.id} by {check}: {sentence}")

        return take

    yield pool.submit(_examine_stubs, name), take_stub
    block = 10
    for first in range(0, seeds, block):
        numbers = range(first + 1, min(first + block, seeds) + 1)
        yield pool.submit(_examine, name, None, list(numbers), chosen, False), take_reference
    yield pool.submit(_examine, name, None, list(range(1, capstone_seeds + 1)), chosen, True), take_reference
    for key, patch in _bugs[name].items():
        if patch.exercise not in chosen:
            continue
        capstone = all(c.capstone for c in chapter.checks_of(patch.exercise))
        if key.startswith("variant:"):
            report.variants += 1
            numbers = range(1, (min(variant_seeds, 2) if capstone else variant_seeds) + 1)
            yield pool.submit(_examine, name, key, list(numbers), [patch.exercise], True), variant_taker(patch)
        else:
            report.bugs += 1
            yield (
                pool.submit(_examine, name, key, [0], [patch.exercise], True),
                lambda found, patch=patch: _judge_bug(chapter, report, patch, found[0]),
            )


def _count(report: Audit, finding: Finding) -> None:
    report.graded_checks += len(finding.verdicts)
    for check, margin in finding.margins.items():
        report.margins[check] = max(report.margins.get(check, 0.0), round(margin, 4))


def _judge_bug(chapter: Chapter, report: Audit, patch: Patch, finding: Finding) -> None:
    """A bug must be rejected by a visible check, and named, and never named as another."""
    hidden = {c.name for c in chapter.checks if c.hidden}
    failed = [check for check, verdict in finding.verdicts.items() if verdict == result.FAILED]
    wanted = f"{chapter.name}.{patch.exercise}/{patch.name}"
    for check in failed:
        if not check.startswith("_"):
            needed = finding.examples[check]
            report.examples_needed[check] = max(report.examples_needed.get(check, 0), needed)
    if not failed:
        report.missed.append(patch.id)
    elif all(check in hidden for check in failed):
        report.hidden_only.append(patch.id)
    said = {finding.diagnoses[check] for check in failed} - {None}
    if failed and wanted not in said:
        report.undiagnosed.append(f"{patch.id} (failed {', '.join(failed)})")
    for other in sorted(said - {wanted}, key=str):
        report.misdiagnosed.append(f"{patch.id} was taken for {other}")
    report.complaints += [
        f"{patch.id}: {check} broke: {finding.sentences[check]}"
        for check, verdict in finding.verdicts.items()
        if verdict == result.ERROR
    ]


def _formalities(chapter: Chapter, report: Audit, chosen: Sequence[str]) -> None:
    """Statements, hints, points, and stubs in step with their sources."""
    complain = report.complaints.append
    if len(chosen) == len(chapter.exercises):
        report.complaints += strangers(chapter)
    total = sum(c.points for c in chapter.checks)
    if abs(total - POINTS) > 1e-6 and len(chosen) == len(chapter.exercises):
        complain(f"The points of {chapter.name} add up to {total:g}, not to {POINTS}.")
    bugs = [p for key, p in _bugs[chapter.name].items() if not key.startswith("variant:")]
    for name in chosen:
        exercise = chapter.exercises[name]
        if len(exercise.hints) not in (2, 3):
            complain(f"{name} has {len(exercise.hints)} hints. Give it two or three.")
        if not chapter.checks_of(name, hidden=False):
            complain(f"{name} has no visible check.")
        if (count := sum(bug.exercise == name for bug in bugs)) < MIN_BUGS:
            complain(f"{name} has {count} named bugs. Give it at least {MIN_BUGS}.")
        source = (chapter.solutions / f"{chapter.home[name]}.py").read_text(encoding="utf-8")
        found = re.search(rf'^(?:def|class) {name}\b[^\n]*(?:\n[^"\n]*)*?\n?\s+"""(.*?)"""', source, re.S | re.M)
        if not found or len(found.group(1)) < 80:
            complain(
                f"{name} has no statement: its docstring in solutions/ says what to do, with shapes and an example."
            )
    for check in chapter.checks:
        if check.exercise in chosen and not check.property:
            complain(f"{check.name} has no docstring. Its first paragraph is the property that a student reads.")
    names = [c.name for c in chapter.checks]
    for name in sorted({n for n in names if names.count(n) > 1}):
        complain(f"Two checks are called {name}.")
    if not (chapter.folder / "README.md").is_file():
        complain(f"exercises/{chapter.name}/README.md is not there.")
    if not (chapter.folder / diagnosis.FILE).is_file():
        complain(f"No mistake can be named: {diagnosis.FILE} is not there. Run: grader build {chapter.name}")
    try:
        for path, text in stubs(chapter).items():
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                complain(f"{path.name} is out of step with its source. Run: grader build {chapter.name}")
    except MarkerError as error:
        complain(str(error))


def _conclude(chapter: Chapter, report: Audit, only: Sequence[str] | None) -> None:
    """Complaints that need the whole picture."""
    report.complaints += [f"{bug}: no check rejects it." for bug in report.missed]
    report.complaints += [f"{bug}: only hidden checks reject it." for bug in report.hidden_only]
    report.complaints += [f"{bug}: rejected, but not by its own diagnosis." for bug in report.undiagnosed]
    report.complaints += [f"{text}." for text in report.misdiagnosed]
    report.complaints += [f"Correct variant rejected: {text}" for text in report.rejected_variants]
    report.complaints += [f"Reference rejected: {text}" for text in report.reference_failures]
    report.idle_checks = [
        c.name for c in chapter.checks if c.name not in report.examples_needed and (only is None or c.exercise in only)
    ]
