"""One source: stubs, traces, and errors that say file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.bugs import PatchError, load_bugs, load_variants, strangers
from grader.build import MarkerError, build, stub
from grader.chapter import load_chapter

SOURCE = '''"""A module."""

import numpy as np

### BEGIN SOLUTION
SECRET = 1


### END SOLUTION
def f(x):
    """Say something."""
    ### BEGIN SOLUTION
    return x + SECRET
    ### END SOLUTION


class Layer:
    """A layer."""

    def call(self, x):
        y = 2 * x
        ### BEGIN SOLUTION
        return y
        ### END SOLUTION
'''


def test_a_stub_has_statements_and_no_solution() -> None:
    text = stub(SOURCE, "m.py")
    assert "SECRET" not in text and "SOLUTION" not in text
    assert '    """Say something."""\n    raise NotImplementedError\n' in text
    assert "        y = 2 * x\n        raise NotImplementedError\n" in text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f():\n    ### BEGIN SOLUTION\n    return 1\n", "m.py:2: a solution begins here and never ends."),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n", "m.py:2: a solution begins inside the one that began in line 1."),
        ("x = 1\n### END SOLUTION\n", "m.py:2: a solution ends here that never began."),
        ("x = 1  ### BEGIN SOLUTION\n", "m.py:1: a marker stands alone on its line"),
    ],
)
def test_markers_that_do_not_match_are_errors_with_file_and_line(source: str, said: str) -> None:
    with pytest.raises(MarkerError, match=said.replace("(", r"\(")):
        stub(source, "m.py")


def test_build_writes_and_check_finds_what_is_out_of_step(kit: Path) -> None:
    built = build(["ch77"])
    names = sorted(path.name for path in built.written)
    assert names == ["diagnoses.json.gz", "diagnoses.json.gz", "small.py"]
    assert "raise NotImplementedError" in (kit / "exercises/ch77/small.py").read_text()
    assert "return" not in (kit / "exercises/ch77/small.py").read_text().split('"""')[-1]
    assert not build(["ch77"], check=True).stale
    assert not build(["ch77"]).written
    reference = kit / "solutions/ch77/small.py"
    reference.write_text(reference.read_text().replace("Twice x.", "Two times x."))
    assert (
        "small.py is not what solutions/ch77 makes of it. Run: grader build ch77"
        in build(["ch77"], check=True).stale[0]
    )


def test_a_changed_bug_makes_the_stored_traces_stale(kit: Path) -> None:
    build(["ch77"])
    bugs = kit / "solutions/ch77/bugs.small.toml"
    bugs.write_text(bugs.read_text().replace("3 * x", "7 * x"))
    assert any("diagnoses.json.gz" in sentence for sentence in build(["ch77"], check=True).stale)


def test_another_length_of_traces_makes_the_stored_ones_stale(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(["ch77"])
    monkeypatch.setattr("grader.build.TRACED", 5)
    assert any("diagnoses.json.gz" in sentence for sentence in build(["ch77"], check=True).stale)


def test_only_what_changed_is_recorded_anew(kit: Path) -> None:
    build(["ch77"])
    bugs = kit / "solutions/ch77/bugs.small.toml"
    bugs.write_text(bugs.read_text().replace("-x.mean()", "-2 * x.mean()"))
    recorded: list[str] = []
    build(["ch77"], progress=recorded.append)
    assert recorded == ["centre.median", "centre.kept", "centre.added"]
    assert not build(["ch77"], check=True).stale


def test_the_stored_traces_hold_no_source(kit: Path) -> None:
    import gzip

    build(["ch77"])
    text = gzip.decompress((kit / "exercises/ch77/diagnoses.json.gz").read_bytes()).decode()
    assert "_minus" not in text and "np." not in text and "return" not in text


def test_bugs_and_variants_are_read(kit: Path) -> None:
    chapter = load_chapter("ch77")
    assert [b.id for b in load_bugs(chapter)][:2] == ["double.tripled", "double.squared"]
    assert "return 3 * x" in load_bugs(chapter)[0].source
    assert [v.id for v in load_variants(chapter)] == ["double.added", "centre.loop"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('sentence = "s"\nchange = [["nowhere", "x"]]', "occurs 0 times in double, not once"),
        ('sentence = "s"\nchange = [["2 * x", "2 *"]]', "is no Python"),
        ('change = [["2 * x", "x"]]', "needs sentence"),
        ('sentence = "s"', "either change or code"),
        ('sentence = "s"\nspelling = "x"\ncode = "x"', "spelling"),
        ("sentence = ", "bugs.small.toml"),
    ],
)
def test_a_bug_that_cannot_be_made_names_file_and_entry(kit: Path, entry: str, said: str) -> None:
    (kit / "solutions/ch77/bugs.small.toml").write_text(f"[double.odd]\n{entry}\n")
    with pytest.raises(PatchError, match=said):
        load_bugs(load_chapter("ch77"))


def test_a_bug_of_no_exercise_is_a_stranger(kit: Path) -> None:
    (kit / "solutions/ch77/bugs.small.toml").write_text('[triple.odd]\nsentence = "s"\ncode = "x = 1"\n')
    assert strangers(load_chapter("ch77")) == ["bugs.small.toml: [triple.…] belongs to no exercise of ch77."]
