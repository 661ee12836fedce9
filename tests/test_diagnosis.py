"""When a mistake gets a name: its trace is a named bug's, and no other check speaks against it."""

from types import SimpleNamespace

import numpy as np
import pytest

from grader.diagnosis import RIGHT, Diagnoses, goes_along, sign_trace


def calls(*answers):
    """A trace of one call an example; an answer that is a string stands for an exception of this type."""
    return [
        [
            SimpleNamespace(
                raised=SimpleNamespace(type=answer) if isinstance(answer, str) else None, answer=answer, ended=True
            )
        ]
        for answer in answers
    ]


ONE, TWO, THREE = (np.full((2, 3), float(n)) for n in (1, 2, 3))
FIRST, SECOND, THIRD = (SimpleNamespace(name=name) for name in ("first", "second", "third"))


@pytest.fixture
def diagnoses():
    """Two bugs, which the second check alone can tell apart; the third shows only one of them."""
    stored = {
        "first": {RIGHT: calls(ONE, ONE), "twice": calls(TWO, TWO), "late": calls(TWO, TWO)},
        "second": {RIGHT: calls(ONE, ONE), "twice": calls(TWO, TWO), "late": calls(ONE, TWO)},
        "third": {RIGHT: calls(ONE, ONE), "late": calls(THREE, ONE)},
    }
    return Diagnoses(
        traces={check: {bug: sign_trace(trace) for bug, trace in bugs.items()} for check, bugs in stored.items()}
    )


def find(diagnoses, **student):
    return diagnoses.find(FIRST, [SECOND, THIRD], lambda check: student[check.name])


def test_the_other_checks_tell_bugs_apart(diagnoses):
    assert find(diagnoses, first=calls(TWO, TWO), second=calls(TWO, TWO), third=calls(ONE, ONE)) == "twice"
    assert find(diagnoses, first=calls(TWO, TWO), second=calls(ONE, TWO), third=calls(THREE, ONE)) == "late"


def test_a_name_that_another_check_speaks_against_is_not_given(diagnoses):
    assert find(diagnoses, first=calls(TWO, TWO), second=calls(TWO, THREE), third=calls(ONE, ONE)) is None
    assert find(diagnoses, first=calls(TWO, TWO), second=calls(ONE, TWO), third=calls(ONE, ONE)) is None
    assert find(diagnoses, first=calls(TWO, "ValueError"), second=calls(TWO, TWO), third=calls(ONE, ONE)) is None


def test_a_check_that_does_not_show_a_bug_does_not_speak_against_it(diagnoses):
    """Another mistake may show there."""
    assert find(diagnoses, first=calls(TWO, TWO), second=calls(TWO, TWO), third=calls(THREE, THREE)) == "twice"


def test_a_trace_is_followed_as_long_as_a_named_bug_goes_along(diagnoses):
    asked = goes_along(diagnoses.traces["second"].values())
    trace = calls(ONE, TWO, TWO)
    assert [asked(trace[:n]) for n in (1, 2, 3)] == [True, True, False]
    assert not goes_along([])(trace[:1])
