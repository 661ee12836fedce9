"""`grader watch`: what changed is checked, and nothing that a student does to a file ends the watch."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from grader.build import build
from grader.chapter import load_chapter
from grader.watch import Watcher

RIGHT = "def double(x):\n    return 2 * x\n\n\ndef centre(x):\n    return x - x.mean()\n"


def test_only_what_a_save_reaches_has_changed(kit: Path) -> None:
    file = kit / "exercises/ch77/small.py"
    file.write_text(RIGHT)
    watcher = Watcher(load_chapter("ch77"), Console(quiet=True))
    assert watcher.changed() == ["double", "centre"]
    assert watcher.changed() == []
    file.write_text("# a comment\n" + RIGHT)
    assert watcher.changed() == []
    file.write_text(RIGHT.replace("2 * x", "3 * x"))
    assert watcher.changed() == ["double"]
    file.write_text(RIGHT.replace("2 * x", "3 * (x"))
    assert watcher.changed() == ["double", "centre"]
    file.unlink()
    watcher.changed()
    file.write_text(RIGHT)
    assert watcher.changed() == ["double", "centre"]


class Terminal:
    """A running `grader watch ch77`, and the lines that it has printed."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "grader", "watch", "ch77"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "COLUMNS": "110"},
            start_new_session=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def wait_for(self, text: str, seconds: float = 120) -> str:
        """Everything printed up to the line that has `text` in it."""
        seen = ""
        while text not in seen:
            try:
                seen += self.lines.get(timeout=seconds)
            except queue.Empty:
                pytest.fail(f"{text!r} was not printed. What was: {seen}")
        return seen


@pytest.fixture
def terminal(kit: Path) -> Iterator[Terminal]:
    build(["ch77"])
    found = Terminal()
    yield found
    found.process.kill()
    found.process.wait()


def test_a_day_at_the_keyboard(kit: Path, terminal: Terminal) -> None:
    file = kit / "exercises/ch77/small.py"
    started = terminal.wait_for("to go. Save a file")
    assert "☐ double" in started and "Start with double" in started

    file.write_text(RIGHT)
    assert "✓ double  50/50" in terminal.wait_for("✓ centre  40/40")

    file.write_text(RIGHT.replace("2 * x", "3 * x"))  # wrong: named, and only this exercise is looked at
    said = terminal.wait_for("✗ double  10/50")
    assert "This is three times x: multiply by two." in said and "small.py:1" in said
    assert "centre" not in terminal.wait_for(" s")

    file.write_text(RIGHT.replace("2 * x", "2 * (x"))  # a syntax error, told once
    said = terminal.wait_for("⊘ centre")  # it builds on double, which is in the same file
    assert said.count("SyntaxError in") == 1

    saved = kit / "exercises/ch77/.small.py.swp"  # an editor that saves by renaming
    saved.write_text(RIGHT)
    saved.replace(file)
    assert "✓ double  50/50" in terminal.wait_for("✓ centre  40/40")

    file.unlink()
    assert "Put it back" in terminal.wait_for("is gone")
    file.write_text(RIGHT)
    terminal.wait_for("✓ centre  40/40")

    file.write_text(RIGHT.replace("return x - x.mean()", "while True: pass"))  # endless: ended by its limit
    assert "did not come back within 1 seconds" in terminal.wait_for("✗ centre  0/40")

    file.write_text(RIGHT.replace("return 2 * x", "while True: pass"))  # endless: ended by the next save
    terminal.wait_for("─")
    file.write_text(RIGHT)
    terminal.wait_for("✓ double  50/50")

    os.kill(terminal.process.pid, signal.SIGINT)
    assert terminal.process.wait(timeout=20) == 0
