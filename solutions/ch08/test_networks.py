"""Hidden checks of networks.py: the references are the oracle, on sizes that the visible checks do not use."""

from hypothesis import given
from hypothesis import strategies as st

from grader import check, expect_close, expect_equal
from grader.strategies import SEEDS, Case, arrays, cotangents, distinct_sizes


def expect_the_same(student, reference, case):
    """Fail unless student and reference, with the same known weights, answer alike in every way that the probe reports."""
    asked = ("network_answer", case.name, case.arguments, case.x, case.seed)
    got, right = (who.probe(*asked, training=True, cotangent=case.d_out) for who in (student, reference))
    for key in ("inference", "kept", "training", "moved", "input", "weights"):
        expect_close(got[key], right[key], key)
    expect_equal(got["unreached"], right["unreached"], "the weights that no gradient reaches")


@st.composite
def lenets(draw):
    n, classes = draw(st.integers(1, 4)), draw(st.sampled_from([2, 11]))
    return Case(
        name="lenet5",
        arguments=[classes],
        x=draw(arrays((n, 28, 28, 1), "float32", "normal")),
        d_out=draw(cotangents((n, classes), "float32")),
        seed=draw(SEEDS),
    )


@st.composite
def blocks(draw, name, arguments, height=lambda h, *_: h, channels=None):
    """A block on images of some size. height: of the answer, given the images' and the arguments; channels: likewise."""
    n, h, w, c = draw(distinct_sizes(4, 2, 9))
    given_arguments = draw(arguments)
    out = (n, height(h, *given_arguments), height(w, *given_arguments), channels(c, *given_arguments))
    return Case(
        name=name,
        arguments=given_arguments,
        x=draw(arrays((n, h, w, c), "float32", "normal")),
        d_out=draw(cotangents(out, "float32")),
        seed=draw(SEEDS),
    )


@check("lenet5", points=0.5, examples=2)
@given(case=lenets())
def test_lenet5_agrees_with_the_reference(student, reference, case):
    """LeNet-5 does what its statement says, for other numbers of classes and images."""
    expect_the_same(student, reference, case)


@check("inception_block", points=0.5, examples=2)
@given(
    case=blocks(
        "inception_block",
        distinct_sizes(6, 1, 9).map(list),
        channels=lambda c, one, _, three, __, five, pool: one + three + five + pool,
    )
)
def test_inception_block_agrees_with_the_reference(student, reference, case):
    """The block does what its statement says, for other numbers of filters and images of other sizes."""
    expect_the_same(student, reference, case)


@check("ResidualBlock", points=0.5, examples=4)
@given(
    case=blocks(
        "ResidualBlock",
        st.tuples(st.integers(1, 9), st.integers(1, 3)).map(list),
        height=lambda h, filters, stride: -(-h // stride),
        channels=lambda c, filters, stride: filters,
    )
)
def test_residual_block_agrees_with_the_reference(student, reference, case):
    """The block does what its statement says, for other channels, strides and images of other sizes."""
    expect_the_same(student, reference, case)


@check("DenseBlock", points=0.5, examples=3)
@given(
    case=blocks(
        "DenseBlock",
        st.tuples(st.integers(1, 4), st.integers(1, 6)).map(list),
        channels=lambda c, layers, growth: c + layers * growth,
    )
)
def test_dense_block_agrees_with_the_reference(student, reference, case):
    """The block does what its statement says, for other numbers of layers and images of other sizes."""
    expect_the_same(student, reference, case)
