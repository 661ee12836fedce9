"""Hidden checks of activations.py."""

from hypothesis import given
from hypothesis import strategies as st

from grader import check, expect_close, expect_untouched
from grader.strategies import arrays, away_from, distinct_sizes


@check("leaky_relu_grad", points=1, examples=20)
@given(
    x=st.integers(1, 4).flatmap(lambda rank: arrays(distinct_sizes(rank, 1, 6))),
    alpha=st.floats(0, 0.99),
)
def test_leaky_relu_grad_for_any_alpha_and_rank(student, reference, x, alpha):
    """leaky_relu_grad takes any alpha from 0 to 1 and arrays of any rank."""
    x = away_from(x, 0.0)
    answer = student.call("leaky_relu_grad", x, alpha)
    expect_close(answer.value, reference.leaky_relu_grad(x, alpha))
    expect_untouched(answer)
