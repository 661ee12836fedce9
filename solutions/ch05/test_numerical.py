"""Hidden checks of numerical.py."""

from hypothesis import given
from hypothesis import strategies as st

from grader import check, expect_close
from grader.strategies import arrays, away_from, distinct_sizes


@check("relative_error", points=1, examples=20)
@given(data=st.data(), shape=st.integers(1, 4).flatmap(lambda rank: distinct_sizes(rank, 1, 5)))
def test_relative_error_for_unrelated_arrays(student, reference, data, shape):
    """relative_error of two unrelated arrays, of any rank and with any signs."""
    a, b = (away_from(data.draw(arrays(shape, nth=nth)), 0.0, margin=0.25) for nth in range(2))
    expect_close(student.relative_error(a, b), reference.relative_error(a, b), what="the relative error")
