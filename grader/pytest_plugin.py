"""`pytest exercises/ch08`: runs the checks in process, and prints feedback in place of tracebacks.

The plugin touches only files test_*.py in a chapter's folder; every other test of a run is pytest's own.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

CHAPTER = re.compile(r"ch\d\d")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("grader")
    group.addoption(
        "--against", metavar="FOLDER", help="check the modules in FOLDER/chNN, e.g. solutions, not exercises/"
    )
    group.addoption("--check-seed", type=int, default=0, metavar="N", help="the seed from which all examples are drawn")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "capstone: trains on real data; takes seconds")
    config.addinivalue_line("markers", "gpu: needs a GPU to be meaningful")


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> Generator[None, Any, Any]:
    found = yield
    folder = module_path.parent
    if CHAPTER.fullmatch(folder.name) and folder.parent.name == "exercises":
        return ChapterFile.from_parent(parent, path=module_path)
    return found


class Session:
    """What the items of one run share, chapter by chapter."""

    def __init__(self, config: pytest.Config) -> None:
        self.against = config.getoption("--against")
        self.seed = config.getoption("--check-seed")
        self.examiners: dict[str, Any] = {}
        self.outcomes: dict[str, dict[str, list[Any]]] = {}

    def chapter(self, folder: Path) -> Any:
        return self.examiner(folder).chapter

    def examiner(self, folder: Path) -> Any:
        """The examiner of the student's modules of a chapter, in this process."""
        if folder.name not in self.examiners:
            from grader.chapter import load_chapter
            from grader.judge import local_examiner, warm_up

            chapter = load_chapter(folder.name, root=folder.parents[1])
            place = chapter.root / self.against / chapter.name if self.against else folder
            if not place.is_dir():
                raise pytest.UsageError(
                    f"There is no folder {place}. --against takes a folder with {chapter.name} in it."
                )
            warm_up()
            self.examiners[folder.name] = local_examiner(chapter, place, self.seed)
        return self.examiners[folder.name]


KEY = pytest.StashKey[Session]()


def session_of(config: pytest.Config) -> Session:
    if KEY not in config.stash:
        config.stash[KEY] = Session(config)
    return config.stash[KEY]


class ChapterFile(pytest.File):
    """One test_*.py of a chapter."""

    def collect(self) -> Iterator[CheckItem]:
        from grader.chapter import ChapterError

        try:
            chapter = session_of(self.config).chapter(self.path.parent)
        except ChapterError as error:
            raise self.CollectError(str(error)) from None
        home = self.path.stem.removeprefix("test_")
        for check in chapter.checks:
            if chapter.home[check.exercise] == home:
                yield CheckItem.from_parent(self, name=check.name, check=check)


class CheckItem(pytest.Item):
    """One check."""

    def __init__(self, *, check: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check = check
        self.extra_keyword_matches.add(check.exercise)
        if check.capstone:
            self.add_marker("capstone")
        if check.gpu:
            self.add_marker("gpu")

    def runtest(self) -> None:
        shared = session_of(self.config)
        examiner = shared.examiner(self.path.parent)
        (outcome,) = examiner.exercise(self.check.exercise, [self.check])
        chapter = shared.outcomes.setdefault(examiner.chapter.name, {})
        chapter.setdefault(self.check.exercise, []).append(outcome)
        if outcome.verdict != "passed":
            raise NotPassed(outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo, style: Any = None) -> Any:
        if not isinstance(excinfo.value, NotPassed):
            return super().repr_failure(excinfo)
        return Feedback(excinfo.value.outcome, session_of(self.config).chapter(self.path.parent))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


class NotPassed(Exception):
    """Carries the outcome of a check that did not pass."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome
        super().__init__(outcome.sentence)


class Feedback:
    """A failure's text, as pytest's reports want it; made when it is printed, at the end, when other exercises are known."""

    def __init__(self, outcome: Any, chapter: Any) -> None:
        self.outcome, self.chapter = outcome, chapter

    @property
    def text(self) -> Any:
        from grader import feedback
        from grader.progress import next_hint

        return feedback.render(self.outcome, self.chapter, next_hint(self.chapter, self.outcome.check.exercise))

    def __str__(self) -> str:
        return self.text.plain + (f"\n{self.outcome.trouble}" if self.outcome.trouble else "")

    def toterminal(self, writer: Any) -> None:
        from rich.console import Console

        if writer.hasmarkup:
            console = Console(force_terminal=True, width=max(writer.fullwidth, 80), highlight=False, soft_wrap=True)
            with console.capture() as capture:
                console.print(self.text, end="")
            writer.write(capture.get())
        else:
            writer.write(self.text.plain)
        if self.outcome.trouble:
            writer.write(self.outcome.trouble)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    report: Any = yield
    if isinstance(item, CheckItem) and call.excinfo is not None and isinstance(call.excinfo.value, NotPassed):
        report.verdict = call.excinfo.value.outcome.verdict
        if report.verdict == "not_attempted":  # a fresh stub is no failure
            report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, "not attempted")
    return report


def pytest_report_teststatus(report: Any, config: pytest.Config) -> Any:
    match getattr(report, "verdict", None):
        case "not_attempted":
            return "not attempted", "·", ("NOT ATTEMPTED", {"light": True})
        case "blocked":
            return "failed", "b", "BLOCKED"
        case "error":
            return "error", "E", "GRADER'S FAULT"
    return None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """What is not attempted is not done: the exit code says so."""
    shared = session.config.stash.get(KEY, None)
    if shared is None:
        return
    from grader.judge import block

    for name, outcomes in shared.outcomes.items():
        examiner = shared.examiners[name]
        block(examiner.chapter, outcomes, examiner.texts)
    if exitstatus == pytest.ExitCode.OK:
        open_checks = any(
            o.verdict != "passed" for c in shared.outcomes.values() for listed in c.values() for o in listed
        )
        if open_checks:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    shared = config.stash.get(KEY, None)
    if shared is None:
        return
    from rich.console import Console

    from grader import feedback
    from grader.progress import remember_outcomes

    writer = terminalreporter._tw
    console = Console(
        force_terminal=writer.hasmarkup,
        width=max(writer.fullwidth, 80),
        highlight=False,
        no_color=not writer.hasmarkup,
    )
    for name, outcomes in shared.outcomes.items():
        examiner = shared.examiners[name]
        ordered = {e: outcomes[e] for e in examiner.chapter.exercises if e in outcomes}
        if shared.against is None:
            remember_outcomes(examiner.chapter, ordered)
        with console.capture() as capture:
            console.print()
            if all(o.verdict == "not_attempted" for listed in ordered.values() for o in listed):
                places = {e: examiner.place(e) for e in ordered}
                console.print(feedback.checklist(examiner.chapter, ordered, places), end="")
            else:
                console.print(f"[bold]{name}[/]  {examiner.chapter.title}")
                console.print(feedback.table(examiner.chapter, ordered))
        lines = [line.rstrip() for line in capture.get().splitlines()]
        terminalreporter.write("\n".join(lines) + "\n")
