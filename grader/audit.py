"""The author's gate: proves that a chapter's checks reject what is wrong and accept what is right.

Every submission of the audit (a stub, a reference, a named bug, a correct variant) is examined in a forked process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from grader import result
from grader.bugs import Patch, load_bugs, load_variants
from grader.build import open_local, reference_modules, stubs
from grader.chapter import Chapter, load_chapter
from grader.formalities import formalities
from grader.judge import Examiner, grade, warm_up

BLOCK = 10  # seeds that one job examines


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
    """The gate's report for one chapter. complaints: sentences; empty means the gate is open.

    graded_checks: of correct work, in process; isolated_checks: the same through workers; margins: by check, the largest
    error of correct work over the tolerance; bug_kills: bug → check → the example at which it was first rejected.
    """

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
    isolation: str = ""
    isolated_checks: int = 0
    isolated_rejections: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    margins: dict[str, float] = field(default_factory=dict)
    bug_kills: dict[str, dict[str, int]] = field(default_factory=dict)
    idle_checks: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "false_rejection_bound": self.false_rejection_bound,
            "isolated_bound": self.isolated_bound,
        }

    @property
    def false_rejection_bound(self) -> float:
        """Upper 95 % confidence bound of the rate at which correct work fails a check, in process."""
        return upper_bound(len(self.reference_failures) + len(self.rejected_variants), self.graded_checks)

    @property
    def isolated_bound(self) -> float:
        """The same through workers."""
        return upper_bound(len(self.isolated_rejections), self.isolated_checks)


def upper_bound(failures: int, trials: int) -> float:
    """Upper 95 % confidence bound of a rate (Clopper–Pearson; about 3/n without failures)."""
    if trials == 0:
        return 1.0
    low, high = failures / trials, 1.0
    for _ in range(60):  # the bound p solves P(X <= failures; trials, p) = 0.05
        middle = (low + high) / 2
        low, high = (middle, high) if _binomial_cdf(failures, trials, middle) > 0.05 else (low, middle)
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
    warm_up()


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


def _examine_isolated(name: str, seeds: Sequence[int], only: Sequence[str]) -> tuple[str, list[dict[str, Any]]]:
    """Grade the references as submissions are graded, through workers: the isolation, and a result for each seed."""
    from grader.sandbox import Sandbox, SandboxUnavailable
    from grader.submission import Submission

    quick = [c for c in _chapters[name].checks if not c.capstone and c.exercise in only]
    chapter = replace(_chapters[name], checks=tuple(quick))
    work = Submission("reference", name, {m: source for m, (source, _) in reference_modules(chapter).items()})
    for isolation in ("bwrap", "process"):
        try:
            with Sandbox(isolation, hidden=[chapter.root / "solutions"]) as sandbox:
                return isolation, [grade(work, chapter, seed, sandbox.launch, isolation, only=only) for seed in seeds]
        except SandboxUnavailable:
            continue
    return "", []


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
    isolated_seeds: int = 5,
    jobs: int | None = None,
    only: Sequence[str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Audit]:
    """Audit chapters. The seeds: for the references, their training checks, the correct variants, and the references
    through workers. only: exercises ("conv2d") to restrict it to; progress(what, done, of)."""
    _prepare(names)
    reports = {name: Audit(name) for name in names}
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs or os.cpu_count(), mp_context=context, max_tasks_per_child=None) as pool:
        waiting: dict[Future, tuple[str, Callable[[Any], None]]] = {}
        for name, report in reports.items():
            chapter = _chapters[name]
            chosen = [e for e in chapter.exercises if only is None or e in only]
            bugs = [p for key, p in _bugs[name].items() if not key.startswith("variant:")]
            report.complaints += formalities(chapter, bugs, chosen)
            for future, take in _jobs(pool, chapter, report, chosen, seeds, capstone_seeds, variant_seeds):
                waiting[future] = (name, take)
            for first in range(0, isolated_seeds, BLOCK):
                numbers = list(range(first + 1, min(first + BLOCK, isolated_seeds) + 1))
                future = pool.submit(_examine_isolated, name, numbers, chosen)
                waiting[future] = (name, partial(_take_isolated, report))
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
    for first in range(0, seeds, BLOCK):
        numbers = range(first + 1, min(first + BLOCK, seeds) + 1)
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
                partial(_judge_bug, chapter, report, patch),
            )


def _take_isolated(report: Audit, found: tuple[str, list[dict[str, Any]]]) -> None:
    isolation, results = found
    report.isolation = isolation or report.isolation
    for graded in results:
        for check in (check for exercise in graded["exercises"] for check in exercise["checks"]):
            report.isolated_checks += 1
            if check["verdict"] != result.PASSED:
                seed = graded["seed"]
                report.isolated_rejections.append(f"{check['name']}, seed {seed}: {check['message'].strip()[:400]}")


def _count(report: Audit, finding: Finding) -> None:
    report.graded_checks += len(finding.verdicts)
    for check, margin in finding.margins.items():
        report.margins[check] = max(report.margins.get(check, 0.0), round(margin, 4))


def _judge_bug(chapter: Chapter, report: Audit, patch: Patch, findings: list[Finding]) -> None:
    """A bug must be rejected by a visible check, and named, and never named as another."""
    (finding,) = findings
    hidden = {c.name for c in chapter.checks if c.hidden}
    failed = [check for check, verdict in finding.verdicts.items() if verdict == result.FAILED]
    wanted = f"{chapter.name}.{patch.exercise}/{patch.name}"
    report.bug_kills[patch.id] = {check: finding.examples[check] for check in failed}
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


def _conclude(chapter: Chapter, report: Audit, only: Sequence[str] | None) -> None:
    """Complaints that need the whole picture."""
    report.complaints += [f"{bug}: no check rejects it." for bug in report.missed]
    report.complaints += [f"{bug}: only hidden checks reject it." for bug in report.hidden_only]
    report.complaints += [f"{bug}: rejected, but not by its own diagnosis." for bug in report.undiagnosed]
    report.complaints += [f"{text}." for text in report.misdiagnosed]
    report.complaints += [f"Correct variant rejected: {text}" for text in report.rejected_variants]
    report.complaints += [f"Reference rejected: {text}" for text in report.reference_failures]
    report.complaints += [f"Reference rejected through a worker: {text}" for text in report.isolated_rejections]
    busy = {check for kills in report.bug_kills.values() for check in kills}
    report.idle_checks = [c.name for c in chapter.checks if c.name not in busy and (only is None or c.exercise in only)]
