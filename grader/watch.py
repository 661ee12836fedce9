"""`grader watch ch08`: a verdict at every save, in a fraction of a second.

The watching process imports TensorFlow and the checks once and runs no op; every save is checked in a forked child, which dies with
its verdict. A new save, or Ctrl-C, ends a check that is still running.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.rule import Rule

from grader import feedback, result
from grader.chapter import Chapter, shown
from grader.constraints import reached_source
from grader.diagnosis import load_diagnoses
from grader.judge import Examiner, block, local_examiner, warm_up
from grader.progress import next_hint, remember_outcomes
from grader.result import Outcome

STEP_MS = 20  # silence that ends a burst of file events: an editor that saves by renaming makes several


class Watcher:
    """Checks what changed since the last look. console: where feedback goes."""

    def __init__(self, chapter: Chapter, console: Console) -> None:
        self.chapter, self.console = chapter, console
        self.seen: dict[str, str | None] = {}
        self.child: int | None = None

    def changed(self) -> list[str]:
        """Exercises whose code, with all that it reaches, differs from the last look."""
        modules, _ = self.chapter.read_modules(self.chapter.folder)
        sources = {name: source for name, (source, _) in modules.items()}
        found = []
        for name, home in self.chapter.home.items():
            # A module that does not parse is itself the news, once for each of its versions.
            now = reached_source(name, home, sources) if home in sources else ""
            now = f"broken: {sources[home]}" if now is None else now
            if self.seen.get(name, "unseen") != now:
                found.append(name)
            self.seen[name] = now
        return found

    def forget(self, module: str) -> None:
        """Take the module's exercises for new when its file is there again."""
        for name, home in self.chapter.home.items():
            if home == module:
                self.seen[name] = ""

    def check(self, exercises: Iterable[str], started: float, overview: bool = False) -> None:
        """Check these exercises in a forked child, which prints; a child that still runs is ended first."""
        self.stop()
        sys.stdout.flush()
        sys.stderr.flush()
        self.child = os.fork()
        if self.child == 0:
            code = 1
            try:
                os.setpgid(0, 0)
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                report(self.chapter, list(exercises), self.console, started, overview)
                code = 0
            except BaseException as error:  # the watcher must live on
                self.console.print(f"The check broke ({type(error).__name__}: {error}).", style="red", markup=False)
            finally:
                sys.stdout.flush()
                os._exit(code)

    def stop(self) -> None:
        """End a child that still runs, and all that it started."""
        if self.child is None:
            return
        done, _ = os.waitpid(self.child, os.WNOHANG)
        if not done:
            for kill in (os.killpg, os.kill):
                try:
                    kill(self.child, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    continue
                break
            os.waitpid(self.child, 0)
        self.child = None


def report(chapter: Chapter, exercises: list[str], console: Console, started: float, overview: bool) -> None:
    """Check exercises here and print what failed first, in full, a line for each exercise, and the time.

    overview: print the chapter's checklist in place of failures, and leave training checks for when their code changes.
    """
    examiner = local_examiner(chapter, chapter.folder)
    outcomes: dict[str, list[Outcome]] = {}
    told: set[str] = set()
    for name in exercises:
        checks = [c for c in chapter.checks_of(name) if not (overview and c.capstone)]
        outcomes[name] = examiner.exercise(name, checks) if checks else []
        block(chapter, outcomes, examiner.texts, only=[name])
        if not overview:
            _show_first_failure(examiner, outcomes[name], console, told)
    examiner.close()
    outcomes = {name: listed for name, listed in outcomes.items() if listed}
    remember_outcomes(chapter, outcomes)
    if overview:
        places = {name: examiner.place(name) for name in outcomes}
        console.print(feedback.checklist(chapter, outcomes, places), end="")
        left = sum(feedback.state(o) != result.PASSED for o in outcomes.values())
        console.print(f"{left} to go. Save a file to check what you changed.", style="dim")
        return
    for name, listed in outcomes.items():
        mark, colour = feedback.MARKS[feedback.state(listed)]
        got, of = feedback.totals(listed)
        console.print(f"[{colour}]{mark} {name}  {feedback.number(got)}/{feedback.number(of)}[/]")
    console.print(f"{time.time() - started:.2f} s", style="dim")


def _show_first_failure(examiner: Examiner, outcomes: list[Outcome], console: Console, told: set[str]) -> None:
    """One failure is enough to work on; a sentence that was told of another exercise is not repeated."""
    for outcome in outcomes:
        if outcome.verdict in (result.FAILED, result.BLOCKED, result.ERROR):
            if outcome.sentence not in told or not outcome.frames:
                hint = next_hint(examiner.chapter, outcome.check.exercise)
                console.print(feedback.render(outcome, examiner.chapter, hint), end="", soft_wrap=True)
            told.add(outcome.sentence)
            return


def watch(chapter: Chapter, console: Console) -> None:
    """Watch a chapter's folder until Ctrl-C. Needs fork (Linux, macOS)."""
    if not hasattr(os, "fork"):
        raise OSError(
            "grader watch needs fork, which Windows has not. Run pytest exercises/" + chapter.name + " or use WSL."
        )
    from watchfiles import watch as changes

    warm_up()
    load_diagnoses(chapter)
    watcher = Watcher(chapter, console)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are born deaf to it
    console.print(f"Watching {shown(chapter.folder)}. Ctrl-C ends it.", style="dim")
    watcher.check(watcher.changed(), time.time(), overview=True)
    try:
        for events in changes(
            chapter.folder, watch_filter=_is_module(chapter), step=STEP_MS, debounce=200, raise_interrupt=True
        ):
            started = time.time()
            gone = [path for path in {Path(p) for _, p in events} if not path.exists()]
            for path in gone:
                console.print(f"{shown(path)} is gone. Put it back, or write it anew, and save.", style="yellow")
                watcher.forget(path.stem)
            exercises = [e for e in watcher.changed() if watcher.seen[e]]
            if exercises:
                console.print(Rule(time.strftime("%H:%M:%S"), style="dim"))
                watcher.check(exercises, started)
    except KeyboardInterrupt:
        pass
    finally:
        watcher.stop()


def _is_module(chapter: Chapter):  # type: ignore[no-untyped-def]
    names = {f"{name}.py" for name in (*chapter.module_names, chapter.name)}
    return lambda change, path: Path(path).name in names
