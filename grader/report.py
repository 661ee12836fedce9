"""Writes the class report: DIR/report.html for the instructor, DIR/<student>/<chapter>.html for each student.

The pages are whole by themselves: styles and plots are inside, nothing is loaded and no script runs.
"""

from __future__ import annotations

import urllib.parse
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from markupsafe import Markup

from grader import diagnosis, plots
from grader.chapter import find_root
from grader.classwork import AT_RISK, STATES, classwork, state
from grader.escape import one_line, visible
from grader.feedback import LABEL
from grader.folder import read_results, student_folder, write_whole
from grader.formats import points


class Sign(NamedTuple):
    """How a verdict is shown."""

    sign: str
    text: str


VERDICTS = {
    "passed": Sign("✓", "passed"),
    "failed": Sign("✗", "failed"),
    "not_attempted": Sign("○", "not attempted"),
    "blocked": Sign("◌", "waits for another exercise"),
    "error": Sign("!", "not graded, by the grader's own fault"),
}


def write_report(
    out: str | Path,
    results: Sequence[dict[str, Any]] | None = None,
    sentences: Mapping[str, str] | None = None,
) -> Path:
    """Write report.html and every student's page into the folder `out`; answers report.html's path.

    results: those of `out` unless given; sentences: diagnosis → its sentence, unless given those of the chapters.
    Raises FileNotFoundError if there is no such folder, ValueError if it holds no result.
    """
    out = Path(out)
    results = read_results(out) if results is None else results
    if not results:
        raise ValueError(f"{out} holds no result. Grade into it first: grader grade PATH --chapter ch08 --out {out}")
    chapters: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for result in results:
        chapters[result["chapter"]].append(result)
    known = dict(sentences if sentences is not None else all_sentences(chapters))
    works = [classwork(chapters[name], known) for name in sorted(chapters)]
    pages = environment()
    for result in results:
        page = pages.get_template("student.html.j2").render(result=result, sentences=known, verdicts=VERDICTS)
        write_whole(student_folder(out, result["student"]) / f"{result['chapter']}.html", page)
    drawn = {
        work.chapter: {
            "distribution": Markup(plots.distribution(work)),
            "exercises": Markup(plots.exercises(work)),
        }
        for work in works
    }
    page = pages.get_template("report.html.j2").render(
        works=works, plots=drawn, states=STATES, at_risk=AT_RISK, written=f"{datetime.now():%d %B %Y, %H:%M}"
    )
    return write_whole(out / "report.html", page)


def all_sentences(chapters: Iterable[str], root: Path | None = None) -> dict[str, str]:
    """Diagnosis ("ch08.conv2d/kernel_flipped") → its sentence, as `grader build` stored it."""
    found = {}
    for chapter in chapters:
        for half in ("exercises", "solutions"):
            path = find_root(root) / half / chapter / diagnosis.FILE
            stored = diagnosis.read(path).sentences if path.is_file() else {}
            for name, sentence in stored.items():
                exercise, _, bug = name.partition(".")
                found[f"{chapter}.{exercise}/{bug}"] = sentence
    return found


def sections(message: str) -> list[tuple[str, str]]:
    """A feedback text as (label, text) pairs; the whole of it under no label if it is not of `grader.feedback`'s form.

    The headline, the property and the named mistake are left out: the page shows them by itself.
    """
    _, *lines = message.splitlines() or [""]
    rows: list[tuple[str, list[str]]] = []
    for line in lines:
        label, rest = line[2 : LABEL + 2].strip(), line[LABEL + 2 :]
        if line.startswith("  ") and label and line[:3] != "   ":
            rows.append((label, [rest]))
        elif rows and line.startswith(" " * (LABEL + 2)):
            rows[-1][1].append(rest)
        else:
            return [("", message)]
    if not rows:
        return [("", message)] if message else []
    return [(label, "\n".join(text)) for label, text in rows if label not in ("Property", "Mistake")]


def environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("grader"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "visible": visible,
        "one_line": one_line,
        "number": lambda value: f"{points(value):g}",
    }
    order = list(STATES)
    environment.globals |= {
        "link": _link,
        "sections": sections,
        "state_number": lambda exercise: order.index(state(exercise)),
    }
    return environment


def _link(student: str, chapter: str) -> str:
    """The student's page, relative to report.html; every odd character quoted, so it can only be a path."""
    folder = student_folder(Path(), student).name
    return f"{urllib.parse.quote(folder, safe='')}/{urllib.parse.quote(chapter, safe='')}.html"
