"""The audit's own test: a sound small chapter is let through, and each way of weakening it is reported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from grader.audit import upper_bound

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, dict[str, Any]]:
    """The audits of all cases, by name (made in one process of their own: they fork, and this one may have run ops)."""
    folder = tmp_path_factory.mktemp("audits")
    script = [sys.executable, str(HERE / "audit_cases.py"), str(folder)]
    done = subprocess.run(script, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def said(found: dict[str, Any], *parts: str) -> bool:
    """Whether some complaint holds all of these texts."""
    return any(all(part in text for part in parts) for text in found["complaints"])


def test_a_sound_chapter_is_let_through(found) -> None:
    sound = found["sound"]
    assert sound["complaints"] == []
    assert (sound["bugs"], sound["missed"], sound["undiagnosed"], sound["misdiagnosed"]) == (6, [], [], [])
    assert (sound["variants"], sound["rejected_variants"], sound["reference_failures"]) == (2, [], [])
    total = sound["total"]
    assert total["mutants"] == total["visible"] + total["equivalent"] > 80
    assert (total["equivalent"], total["survivors"], total["hidden_only"]) == (3, 0, 0)
    assert sound["idle_checks"] == []
    assert sound["named"][0] == sound["named"][1] > 0 and sound["named"][2] == 0


def test_the_pages_say_what_was_found(found) -> None:
    html, markdown = (Path(path).read_text(encoding="utf-8") for path in found["sound"]["written"])
    total = found["sound"]["total"]
    assert f"- **Mutants**: {total['mutants']}, of which 0 were not run." in markdown
    assert "## Survivors\n\nNone." in markdown and "the last one is axis 1" in markdown
    assert html.count('<tr class="fate-killed">') == total["visible"]
    assert html.count('<tr class="fate-equivalent">') == 3
    assert "<script" not in html


# --- weakened checks -------------------------------------------------------------------------------------------------


def test_a_deleted_assertion_is_reported(found) -> None:
    weak = found["assertion_deleted"]
    assert said(weak, "centre.sums: only hidden checks reject it.")
    assert said(weak, "are killed by hidden checks only; at most 2 % may be: centre#")


def test_a_tolerance_of_one_is_reported(found) -> None:
    assert said(found["tolerance_of_one"], "centre.nearly: only hidden checks reject it.")


def test_a_cotangent_of_ones_is_reported(found) -> None:
    weak = found["cotangent_of_ones"]
    assert said(weak, "softmax_backward.upstream_ignored: no check rejects it.")
    assert said(weak, "survives all checks", "+ return -(p * (d_out - inner))")
    survivors = [now for now, fate, _ in weak["rows"] if fate == "survivor"]
    assert "return 2 * (p * (d_out - inner))" in survivors and "return p * (inner - d_out)" in survivors


def test_draws_that_show_nothing_are_reported(found) -> None:
    weak = found["nothing_but_zeros"]
    assert said(weak, "test_centre_gives_rows_and_means mostly draws arrays that are empty, or of one value")
    assert said(weak, "centre.nearly: only hidden checks reject it.")


# --- weakened everything else ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("missed_bug", "centre.right: no check rejects it."),
        ("two_bugs_alike", "centre.totals (failed test_centre_gives_rows_and_means, test_centre_of_one_large_batch): "
         "rejected, but not by its own diagnosis."),
        ("two_bugs_alike", "centre.sums (failed test_centre_gives_rows_and_means, test_centre_of_one_large_batch): "
         "rejected, but not by its own diagnosis."),
        ("rejected_variant", "Correct variant rejected: softmax_backward.jacobian by "
         "test_softmax_backward_is_the_chain_rule: dx has the wrong dtype: float32 came back, float64 is right."),
        ("points_do_not_add_up", "The points of ch90 add up to 99, not to 100."),
        ("hint_missing", "centre has 1 hints. Give it two or three."),
        ("bug_missing", "centre has 2 named bugs. Give it at least 3."),
        ("statement_missing", "centre has no statement: its docstring in solutions/ says what to do, with shapes and an example."),
        ("statement_missing", "rows.py is out of step with its source. Run: grader build ch90"),
        ("traces_missing", "No mistake can be named: diagnoses.json.gz is not there. Run: grader build ch90"),
        ("traces_missing", "centre.sums (failed test_centre_gives_rows_and_means, test_centre_of_one_large_batch): "
         "rejected, but not by its own diagnosis."),
        ("reference_wrong", "Reference rejected: test_centre_gives_rows_and_means: The rows has wrong values."),
        ("marks_out_of_step", "equivalent.rows.toml: [[centre]] 'mean = x.mean(axis=1) # [n]' → 'mean = x.mean(axis=-3) # [n]' "
         "fits no mutant any more."),
    ],
)  # fmt: skip
def test_each_fault_is_reported_in_a_sentence(found, case: str, sentence: str) -> None:
    assert sentence in found[case]["complaints"]


def test_a_mark_on_a_mutant_that_is_killed_is_reported(found) -> None:
    assert said(found["marks_out_of_step"], "is marked equivalent, and test_centre_gives_rows_and_means")
    assert said(found["marks_out_of_step"], "survives all checks", "+ mean = x.mean(axis=-1) # [n]")


def test_what_did_not_change_is_not_run_again(found) -> None:
    assert found["sound"]["seconds_of_mutants"] > 0
    assert found["marks_out_of_step"]["seconds_of_mutants"] == 0


def test_the_bound_is_that_of_clopper_and_pearson() -> None:
    assert upper_bound(0, 10_000) == pytest.approx(1 - 0.05 ** (1 / 10_000), rel=1e-6)
    assert upper_bound(2, 50) == pytest.approx(0.12061, abs=1e-4)  # beta quantile: Beta(3, 48) at 0.95
    assert upper_bound(0, 0) == 1.0
