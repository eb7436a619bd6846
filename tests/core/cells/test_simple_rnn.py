"""The SimpleRNN layer of the core against the reference: every option, both dtypes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell import _core
from support import dropout_checks, tools
from support import reference as ref
from support.examples import examples
from support.layer_problems import (
    Problem,
    check_forward,
    check_gradients,
    check_trace,
    draw_problem,
)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Unbounded activations grow without limit, so those sequences are short."""
    unbounded = draw(st.booleans())
    cell = ref.SimpleRNN(
        units=draw(st.one_of(tools.SIZES, st.just(65))),
        activation=draw(st.sampled_from(tools.UNBOUNDED if unbounded else tools.BOUNDED)),
        use_bias=draw(st.booleans()),
    )
    return draw_problem(draw, cell, st.integers(1, 3) if unbounded else tools.STEPS)


@examples(100)
@given(problems())
def test_forward(problem):
    check_forward(problem)


@examples(100)
@given(problems())
def test_gradients(problem):
    check_gradients(problem)


@examples(30)
@given(problems())
def test_trace(problem):
    check_trace(problem, {"h": "h_new"})


def probe(cell: ref.SimpleRNN, batch: int, side: str, k: int) -> dropout_checks.Probe:
    made = dropout_checks.Probe.blank(cell, cell.units, batch)
    made.let_through(side, k)
    return made


@pytest.mark.parametrize("dtype", tools.DTYPES)
@pytest.mark.parametrize(("dropout", "recurrent"), [(0.5, 0.0), (0.0, 0.4), (0.3, 0.5)])
@examples(5)
@given(data=st.data())
def test_dropout(dtype, dropout, recurrent, data):
    cell = ref.SimpleRNN(units=17)
    problem = draw_problem(data.draw, cell, tools.STEPS, dtype, features=17, batch=33)
    dropout_checks.check_dropout(problem, probe, dropout=dropout, recurrent_dropout=recurrent)


def test_parameters():
    def shapes(**options):
        layer = _core.SimpleRNNOptions(units=4, **options)
        return _core.make_network([layer], [-1, 3]).parameters(0)

    assert shapes() == [("kernel", (3, 4)), ("recurrent_kernel", (4, 4)), ("bias", (4,))]
    assert shapes(use_bias=False) == [("kernel", (3, 4)), ("recurrent_kernel", (4, 4))]


def test_state_carries_from_batch_to_batch():
    rng = np.random.default_rng(1)
    cell = ref.SimpleRNN(units=6)
    weights = tools.random_weights(cell.shapes(3), rng, "float64")
    x = rng.standard_normal((3, 8, 3))
    network = tools.make_network(
        [tools.core_options(cell, stateful=True)], [-1, 3], weights={0: tools.ordered(weights)}
    )
    run = ref.forward(cell, weights, x)
    for first, last in ((0, 5), (5, 8)):
        part = np.ascontiguousarray(x[:, first:last])
        tools.assert_close(network.predict(part, batch_size=3), run.outputs[:, last - 1])
