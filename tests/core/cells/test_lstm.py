"""The LSTM layer of the core against the reference: every option, both dtypes."""

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

GATES = ["ifo", "io", "if", "fo", "i", "f", "o"]
TRACED = {"i": "i", "f": "f", "g": "g", "o": "o", "c": "c_new", "h": "h_new"}


@st.composite
def problems(draw: st.DrawFn, wild: bool = False) -> Problem:
    """Wild: any activations. Rounding errors may grow with every step, so sequences are short."""
    coupled = draw(st.booleans())
    functions = tools.BOUNDED + (tools.UNBOUNDED if wild else [])
    cell = ref.LSTM(
        units=draw(tools.SIZES),
        activation=draw(st.sampled_from(functions)),
        recurrent_activation=draw(st.sampled_from(functions if wild else tools.GATE_FUNCTIONS)),
        use_bias=draw(st.booleans()),
        peephole=draw(st.booleans()),
        gates=draw(st.sampled_from(["ifo", "io", "if", "i"] if coupled else GATES)),
        coupled=coupled,
    )
    return draw_problem(draw, cell, st.integers(1, 3) if wild else tools.STEPS)


@st.composite
def plain_problems(draw: st.DrawFn) -> Problem:
    """The standard cell, in all sizes."""
    cell = ref.LSTM(units=draw(st.one_of(tools.SIZES, st.just(65))))
    return draw_problem(draw, cell, st.one_of(tools.STEPS, st.just(33)))


ALL = st.one_of(problems(), problems(wild=True), plain_problems())


@examples(150)
@given(ALL)
def test_forward(problem):
    check_forward(problem)


@examples(200)
@given(ALL)
def test_gradients(problem):
    check_gradients(problem)


@examples(50)
@given(problems())
def test_trace(problem):
    cell = problem.cell
    names = [name for name in TRACED if name in "gch" or name in cell.blocks]
    check_trace(problem, {name: TRACED[name] for name in names})


def probe(cell: ref.LSTM, batch: int, side: str, k: int) -> dropout_checks.Probe:
    """i, g, o: h' = o i g with the others 1; f: h' = f c from c = 1, with g = 0."""
    made = dropout_checks.Probe.blank(cell, cell.units, batch)
    made.let_through(side, k)
    name = cell.blocks[k]
    for other, gate in enumerate(cell.blocks):
        if other != k and not (name == "f" and gate == "c"):
            ref.block(made.weights["bias"], other, cell.units)[...] = 1.0
    if name == "f":
        made.states = [made.states[0], np.ones_like(made.states[1])]
    return made


@pytest.mark.parametrize("dtype", tools.DTYPES)
@pytest.mark.parametrize(("dropout", "recurrent"), [(0.5, 0.0), (0.0, 0.4), (0.3, 0.5)])
@examples(8)
@given(data=st.data())
def test_dropout(dtype, dropout, recurrent, data):
    cell = ref.LSTM(
        units=17,
        peephole=data.draw(st.booleans()),
        gates=data.draw(st.sampled_from(["ifo", "io", "fo"])),
    )
    problem = draw_problem(data.draw, cell, tools.STEPS, dtype, features=17, batch=33)
    dropout_checks.check_dropout(problem, probe, dropout=dropout, recurrent_dropout=recurrent)


def test_parameters_of_variants():
    def shapes(**options):
        network = _core.make_network([_core.LSTMOptions(units=4, **options)], [-1, 3])
        return network.parameters(0)

    full = [("kernel", (3, 16)), ("recurrent_kernel", (4, 16)), ("bias", (16,))]
    assert shapes() == full
    assert shapes(peephole=True) == [*full, ("peephole_kernel", (3, 4))]
    assert shapes(use_bias=False) == full[:2]
    assert shapes(gates="io", peephole=True) == [
        ("kernel", (3, 12)),
        ("recurrent_kernel", (4, 12)),
        ("bias", (12,)),
        ("peephole_kernel", (2, 4)),
    ]
    assert shapes(coupled=True) == shapes(gates="io")


@pytest.mark.parametrize("dtype", tools.DTYPES)
def test_large_inputs_stay_finite(dtype):
    """Gates that are fully open or closed, far beyond the overflow of exp."""
    rng = np.random.default_rng(0)
    cell = ref.LSTM(units=5, peephole=True)
    weights = tools.random_weights(cell.shapes(3), rng, dtype)
    x = tools.normal(rng, (2, 4, 3), dtype) * 2.0**13
    network = tools.make_network(
        [tools.core_options(cell, return_sequences=True)],
        [-1, 3],
        dtype,
        {0: tools.ordered(weights)},
    )
    expected = ref.forward(cell, weights, x).outputs
    tools.assert_close(network.predict(tools.contiguous(x, dtype), batch_size=2), expected, dtype)


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_state_carries_from_batch_to_batch(batch):
    """Two halves of a sequence through a stateful layer equal the whole through another."""
    rng = np.random.default_rng(1)
    cell = ref.LSTM(units=6, peephole=True)
    weights = tools.random_weights(cell.shapes(3), rng, "float64")
    x = rng.standard_normal((batch, 8, 3))
    network = tools.make_network(
        [tools.core_options(cell, stateful=True, return_sequences=True)],
        [-1, 3],
        weights={0: tools.ordered(weights)},
    )
    run = ref.forward(cell, weights, x)
    halves = [np.ascontiguousarray(x[:, :5]), np.ascontiguousarray(x[:, 5:])]
    outputs = np.concatenate([network.predict(half, batch_size=batch) for half in halves], axis=1)
    tools.assert_close(outputs, run.outputs)
    assert network.state_batch == batch
    for state, wanted in zip(network.get_states(0), run.states, strict=True):
        tools.assert_close(state, wanted)

    network.reset_states()
    assert network.state_batch == 0
    tools.assert_close(network.predict(halves[0], batch_size=batch), run.outputs[:, :5])


def test_step_by_step_equals_the_whole():
    rng = np.random.default_rng(2)
    cell = ref.LSTM(units=6)
    weights = tools.random_weights(cell.shapes(3), rng, "float64")
    x = rng.standard_normal((4, 7, 3))
    network = tools.make_network(
        [tools.core_options(cell)], [-1, 3], weights={0: tools.ordered(weights)}
    )
    run = ref.forward(cell, weights, x)
    for t in range(x.shape[1]):
        tools.assert_close(network.step(np.ascontiguousarray(x[:, t])), run.outputs[:, t])
