"""Audits of a small chapter and of weakened copies of it, in one process that has TensorFlow imported; prints them as JSON.

Run as `python audit_cases.py FOLDER`. A fork of this process audits, so this one runs no TensorFlow op.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tensorflow  # noqa: F401

from grader import forks
from grader.audit import audit
from grader.build import build
from grader.kill_report import measure

CHECKS, BUGS = "exercises/ch90/test_rows.py", "solutions/ch90/bugs.rows.toml"
VARIANTS, EQUIVALENT = "solutions/ch90/variants.rows.toml", "solutions/ch90/equivalent.rows.toml"
REFERENCE = "solutions/ch90/rows.py"
ASSERTION = '    expect_close(mean, tf.reduce_mean(x, axis=1), what="the means")\n'
BUG = '[centre.{}]\nsentence = "One more."\nchange = [["{}", "{}"]]\n\n[centre.columns]'
LAST_BUG = """
[centre.nearly]
sentence = "A little less than the mean is taken away."
change = [["x - mean[:, None]", "x - 0.9 * mean[:, None]"]]
"""


@dataclass(frozen=True)
class Case:
    """One thing changed in the sound chapter. mutants: run them, too; build: record the bugs' traces after the change."""

    file: str = ""
    old: str = ""
    new: str = ""
    mutants: bool = False
    build: bool = False


CASES = {
    "sound": Case(mutants=True, build=True),
    "assertion_deleted": Case(CHECKS, ASSERTION, "", mutants=True, build=True),
    "tolerance_of_one": Case(CHECKS, 'what="the rows")', 'what="the rows", atol=1.0)', build=True),
    "cotangent_of_ones": Case(CHECKS, "draw(cotangents(shape))", "np.ones(shape)", mutants=True, build=True),
    "nothing_but_zeros": Case(CHECKS, "rows, mean = ", "x = 0 * x\n    rows, mean = ", mutants=True, build=True),
    "marks_out_of_step": Case(
        EQUIVALENT,
        '["mean = x.mean(axis=1) # [n]", "mean = x.mean(axis=-1) # [n]"]',
        '["mean = x.mean(axis=1) # [n]", "mean = x.mean(axis=-3) # [n]"], ["mean = x.mean(axis=1) # [n]", "mean = x.mean(axis=0) # [n]"]',
        mutants=True,
    ),
    "missed_bug": Case(BUGS, "[centre.columns]", BUG.format("right", "return x", "return +x"), build=True),
    "two_bugs_alike": Case(BUGS, "[centre.columns]", BUG.format("totals", "], mean", "], x.sum(1)"), build=True),
    "rejected_variant": Case(VARIANTS, "return np.array(rows)", "return np.float32(rows)"),
    "points_do_not_add_up": Case(CHECKS, "points=40", "points=39"),
    "hint_missing": Case(CHECKS, '            "Which axis is a row?",\n', ""),
    "bug_missing": Case(BUGS, LAST_BUG, ""),
    "statement_missing": Case(REFERENCE, '"""Rows without their means, and the means.\n', '"""Rows.\n"""\n    """'),
    "reference_wrong": Case(REFERENCE, "x.mean(axis=1)  # [n]", "x.mean(axis=1) + 1e-3"),
    "traces_missing": Case(),
}  # fmt: skip


def prepare(name: str, folder: Path) -> Path:
    """A copy of the chapter, with one thing changed."""
    root = folder / name
    shutil.copytree(Path(__file__).parent / "audit_chapter", root)
    case = CASES[name]
    if case.file:
        text = (root / case.file).read_text(encoding="utf-8")
        assert text.count(case.old) == 1, f"{name}: {case.old!r} is not once in {case.file}"
        (root / case.file).write_text(text.replace(case.old, case.new), encoding="utf-8")
    return root


def record(root: Path) -> list[str]:
    """Build the chapter."""
    os.chdir(root)
    return [str(path) for path in build(["ch90"]).written]


def examine(root: Path, mutants: bool) -> dict:
    """Audit the chapter; its report as plain values, with what its mutants came to."""
    os.chdir(root)
    (report,) = audit(["ch90"], seeds=2, variant_seeds=1, isolated_seeds=0, jobs=1)
    found = report.as_json()
    if mutants:
        figures, written = measure(report, jobs=1)
        found |= {
            "complaints": report.complaints,
            "total": vars(figures.total),
            "written": [str(path) for path in written],
            "seconds_of_mutants": figures.matrix.seconds,
            "rows": [
                [row.mutant.now, figures.matrix.fate(row), [n for n, c in row.cells.items() if c.kills]]
                for row in figures.matrix.rows
            ],
            "named": [figures.naming.alike, figures.naming.right, len(figures.naming.wrong)],
        }
    return found


def examine_all(roots: dict[str, Path]) -> dict[str, dict]:
    """Build and audit, two at a time."""
    for ended in forks.run([forks.Job(n, partial(record, root), 300) for n, root in roots.items() if CASES[n].build]):
        assert ended.answer, f"{ended.key}: {ended.why}"
    jobs = [forks.Job(name, partial(examine, root, CASES[name].mutants), 600) for name, root in roots.items()]
    return {ended.key: ended.answer or {"why": ended.why} for ended in forks.run(jobs)}


def main(folder: Path) -> None:
    """The sound chapter first; the others begin with what was made for it and found in it, and so run only what changed."""
    roots = {name: prepare(name, folder) for name in CASES}
    sound = roots.pop("sound")
    found = examine_all({"sound": sound})
    made = ("exercises/ch90/rows.py", "exercises/ch90/diagnoses.json.gz", "solutions/ch90/diagnoses.json.gz")
    for name, root in roots.items():
        for file in made if name != "traces_missing" else made[:1]:
            shutil.copy(sound / file, root / file)
        shutil.copytree(sound / ".grader", root / ".grader")
    print(json.dumps(found | examine_all(roots)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
