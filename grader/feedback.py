"""What people read: a failed check, the checklist of a fresh chapter, the table at the end.

Texts are built once, as rich Text: coloured in a terminal, plain in a file. All that comes from a student is stripped of
control characters first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader import result
from grader.chapter import Chapter
from grader.comparison import show
from grader.escape import one_line, visible
from grader.result import Outcome

LABEL = 12  # width of the column of labels
MARKS = {
    result.PASSED: ("✓", "green"),
    result.FAILED: ("✗", "red"),
    result.NOT_ATTEMPTED: ("·", "dim"),
    result.BLOCKED: ("⊘", "yellow"),
    result.ERROR: ("!", "magenta"),
}
WORDS = {
    result.PASSED: "passed",
    result.FAILED: "failed",
    result.NOT_ATTEMPTED: "not attempted",
    result.BLOCKED: "blocked",
    result.ERROR: "grader's fault",
}


def number(points: float) -> str:
    """Points as people write them: 4, 2.5."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def describe_calls(calls: Sequence[Any]) -> str:
    """The last call of an example, with its arguments: what a student types to see it for themselves."""
    if not calls:
        return ""
    call = calls[-1]
    if call.probe:
        rest = [show(a, 300) for a in call.args if not (isinstance(a, str) and a == call.exercise)]
        rest += [f"{key}={show(value, 300)}" for key, value in call.kwargs.items()]
        return f"{call.exercise}, by the probe {call.name}({', '.join(rest)})"
    shown = [show(a, 400) for a in call.args] + [f"{k}={show(v, 400)}" for k, v in call.kwargs.items()]
    body = ", ".join(shown)
    if "\n" in body or len(body) > 100:
        body = "\n" + ",\n".join(shown) + "\n"
    return f"{call.name}({body})"


def describe_exception(name: str, error: Any) -> str:
    """One sentence about an exception that the student's code raised."""
    lines = [line.strip() for line in error.message.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("Exception encountered when calling"):
        del lines[0]  # Keras says where first, and then what
    message = re.sub(r"\x1b\[\d*m", "", lines[0]) if lines else ""
    if error.type in ("SyntaxError", "IndentationError", "TabError"):
        where = f" in {error.frames[-1][0]}, line {error.frames[-1][1]}" if error.frames else ""
        return f"{error.type}{where}: {message}."
    if error.type in ("WrongSignature", "Forbidden", "Overwritten"):
        return message
    return f"{name} raised {error.type}: {message}" if message else f"{name} raised {error.type}."


# What a hidden check may say of an exception: a student's code can name its exceptions and write their messages as it
# likes, and would put the check's inputs there. Which of a few types it was says next to nothing of them.
EXCEPTIONS = {
    "WrongSignature": "cannot be called as the statement says",
    "Forbidden": "is done with an op that its statement rules out",
    "Overwritten": "writes its answer over that of an earlier call",
    "TooSlow": "cannot be had: its file does not come to its end",
} | {
    kind: f"raised {kind}"
    for kind in (
        "AssertionError",
        "AttributeError",
        "ImportError",
        "IndexError",
        "InvalidArgumentError",
        "KeyError",
        "MemoryError",
        "ModuleNotFoundError",
        "NameError",
        "OverflowError",
        "RecursionError",
        "SyntaxError",
        "TypeError",
        "UnboundLocalError",
        "ValueError",
        "ZeroDivisionError",
    )
}


def public_exception(name: str, error: Any) -> str:
    """One sentence about an exception that the student's code raised on a hidden input."""
    return f"{name} {EXCEPTIONS.get(error.type, 'raised an exception')}."


def render(outcome: Outcome, chapter: Chapter, hint: str | None = None) -> Text:
    """A check that did not pass, as a student reads it. Hidden checks show neither inputs nor values."""
    check = outcome.check
    mark, colour = MARKS[outcome.verdict]
    text = Text()
    text.append(f"{mark} {check.exercise}", style=f"bold {colour}")
    text.append(f"  {WORDS[outcome.verdict]}, {number(outcome.points)} of {number(check.points)} points", style=colour)
    text.append("   hidden check\n" if check.hidden else f"   {check.name}\n", style="dim")
    _line(text, "Property", check.property)
    if outcome.verdict == result.NOT_ATTEMPTED:
        _line(text, "To do", outcome.public if check.hidden else outcome.sentence)
    elif not check.hidden:
        _line(text, "Wrong", outcome.sentence, "bold")
        if outcome.called and outcome.verdict != result.ERROR:
            _line(text, "Called", outcome.called)
        if outcome.got is not None:
            _line(text, "Came back", outcome.got)
        if outcome.expected is not None:
            _line(text, "Expected", outcome.expected)
        for label, detail in outcome.details:
            _line(text, label if len(label) < LABEL else label.split()[0], detail)
        for file, line, function, source in outcome.frames:
            _line(
                text,
                "Traceback",
                f"{file}:{line}" + (f" in {function}" if function else "") + f"\n    {source}",
            )
    elif outcome.verdict == result.ERROR:
        _line(text, "Wrong", "The check itself broke. This is not your fault.")
    elif outcome.public:
        _line(text, "Wrong", outcome.public)
    if outcome.mistake:
        _line(text, "Mistake", outcome.mistake, "bold yellow")
    if hint:
        _line(text, "Hint", hint, "cyan")
    if outcome.where is not None:
        _line(text, "Where", f"{outcome.where[0]}:{outcome.where[1]}")
    return text


def _line(text: Text, label: str, body: str, style: str = "") -> None:
    lines = visible(body).splitlines() or [""]
    text.append(f"  {label:<{LABEL}}", style="dim")
    text.append(lines[0] + "\n", style=style)
    for line in lines[1:]:
        text.append(" " * (LABEL + 2) + line + "\n", style=style)


def plain(outcome: Outcome, chapter: Chapter, hints: bool = True) -> str:
    """The same text for files; empty for a check that passed."""
    if outcome.verdict == result.PASSED:
        return ""
    hint = chapter.exercises[outcome.check.exercise].hints[:1] if hints else ()
    return render(outcome, chapter, hint[0] if hint else None).plain.rstrip("\n")


def totals(outcomes: Sequence[Outcome]) -> tuple[float, float]:
    """(points, points that could be had)."""
    return (
        result.round_points(sum(o.points for o in outcomes)),
        result.round_points(sum(o.check.points for o in outcomes)),
    )


def state(outcomes: Sequence[Outcome]) -> str:
    """One verdict for an exercise: passed only if all passed, not attempted only if none was."""
    verdicts = {o.verdict for o in outcomes}
    for verdict in (result.ERROR, result.FAILED, result.BLOCKED):
        if verdict in verdicts:
            return verdict
    if verdicts == {result.PASSED}:
        return result.PASSED
    return result.NOT_ATTEMPTED if result.PASSED not in verdicts else result.FAILED


def table(chapter: Chapter, outcomes: Mapping[str, Sequence[Outcome]]) -> Table:
    """Exercises with their points, like `conv2d  4/6`, and the total."""
    points, possible = totals([o for listed in outcomes.values() for o in listed])
    grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0), title=None)
    for _ in range(4):
        grid.add_column()
    module = ""
    for name, listed in outcomes.items():
        if chapter.home[name] != module:
            module = chapter.home[name]
            grid.add_row(Text(f"{module}.py", style="dim"))
        mark, colour = MARKS[state(listed)]
        got, of = totals(listed)
        said = next(
            (o.mistake or o.sentence for o in listed if o.verdict not in (result.PASSED, result.NOT_ATTEMPTED)),
            "",
        )
        grid.add_row(
            Text(f"  {mark} {name}", style=colour),
            Text(f"{number(got)}/{number(of)}", style=colour),
            Text(one_line(said, 120), style="dim"),
        )
    grid.add_row(Text("  total", style="bold"), Text(f"{number(points)}/{number(possible)}", style="bold"))
    return grid


def checklist(
    chapter: Chapter, outcomes: Mapping[str, Sequence[Outcome]], places: Mapping[str, tuple[str, int] | None]
) -> Text:
    """What a fresh chapter shows: everything there is to do, and where to start."""
    points, possible = totals([o for listed in outcomes.values() for o in listed])
    text = Text()
    text.append(f"{chapter.name}  {chapter.title}", style="bold")
    text.append(f"   {number(points)} of {number(possible)} points\n")
    module = ""
    first: str | None = None
    width = max(map(len, outcomes), default=0)
    for name, listed in outcomes.items():
        if chapter.home[name] != module:
            module = chapter.home[name]
            text.append(f"  {module}.py\n", style="dim")
        verdict = state(listed)
        done = verdict == result.PASSED
        box, colour = ("☑", "green") if done else ("☐", "" if verdict == result.NOT_ATTEMPTED else "red")
        got, of = totals(listed)
        text.append(f"    {box} {name:<{width}}  {number(got):>4} / {number(of)}\n", style=colour)
        first = first or (None if done else name)
    if first is not None:
        place = places.get(first)
        where = f"open {place[0]}:{place[1]}, " if place else ""
        text.append(f"Start with {first}: ", style="bold")
        text.append(f"{where}read what it should do, write it, then run\n")
        text.append(f"    pytest exercises/{chapter.name} -k {first}\n", style="cyan")
        text.append("The chapter's note is exercises/" + chapter.name + "/README.md; ", style="dim")
        text.append(f"stuck? grader hint {chapter.name}.{first}\n", style="dim")
    return text


def as_plain(renderable: Any, width: int = 110) -> str:
    """Any rich renderable as plain text."""
    console = Console(width=width, no_color=True, force_terminal=False, highlight=False, color_system=None)
    with console.capture() as capture:
        console.print(renderable, end="")
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
