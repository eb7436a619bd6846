"""The GRU layer of the core against the reference: every option, both dtypes."""

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
    """Wild: any activations. Rounding errors may grow with every step, so sequences are short."""
    wild = draw(st.booleans())
    functions = tools.BOUNDED + (tools.UNBOUNDED if wild else [])
    cell = ref.GRU(
        units=draw(st.one_of(tools.SIZES, st.just(65))),
        activation=draw(st.sampled_from(functions)),
        recurrent_activation=draw(st.sampled_from(functions if wild else tools.GATE_FUNCTIONS)),
        use_bias=draw(st.booleans()),
        reset_after=draw(st.booleans()),
    )
    return draw_problem(draw, cell, st.integers(1, 3) if wild else tools.STEPS)


@examples(100)
@given(problems())
def test_forward(problem):
    check_forward(problem)


@examples(150)
@given(problems())
def test_gradients(problem):
    check_gradients(problem)


@examples(30)
@given(problems())
def test_trace(problem):
    check_trace(problem, {"z": "z", "r": "r", "g": "g", "h": "h_new"})


def probe(cell: ref.GRU, batch: int, side: str, k: int) -> dropout_checks.Probe:
    """Makes a probe: h' = z h + (1 - z) g.

    With z = 0 the output is g; for the mask of z it is 1 - z (from x) or z (from h). If the reset
    gate is applied before the product, g = (r h) R reveals r only where the candidate's own mask is
    not 0: therefore every unit receives the whole mask of r, encoded as a binary number.
    """
    made = dropout_checks.Probe.blank(cell, cell.units, batch)
    made.let_through(side, k)
    name, units, bias = cell.blocks[k], cell.units, made.weights["bias"]
    input_bias = bias[0] if cell.reset_after else bias
    if name == "z" and side == "x":
        ref.block(input_bias, 2, units)[...] = 1.0
    if name == "r" and cell.reset_after:
        ref.block(bias[1], 2, units)[...] = 1.0
    if name == "r" and not cell.reset_after:
        kernel = made.weights["kernel" if side == "x" else "recurrent_kernel"]
        ref.block(kernel, 1, units)[...] = 2.0 ** np.arange(units)[:, None]
        made.let_through("h", 2)
    if name == "h" and side == "h":
        ref.block(input_bias, 1, units)[...] = 1.0
    return made


def untangle(cell: ref.GRU, drops: ref.Drops, dropout: float, recurrent_dropout: float) -> None:
    """Computes the masks from the outputs of the probes."""
    drops.x[0] = 1.0 - drops.x[0]
    if cell.reset_after:
        return
    rows, units = np.arange(drops.h.shape[1]), cell.units
    seen = drops.h[2].argmax(axis=1)  # a unit that is not dropped, in each row
    for masks, rate in ((drops.x, dropout), (drops.h, recurrent_dropout)):
        number = masks[1][rows, seen] / drops.h[2][rows, seen] * (1.0 - rate)
        bits = number.round().astype(int)[:, None] >> np.arange(units) & 1
        masks[1] = bits / (1.0 - rate)


@pytest.mark.parametrize("dtype", tools.DTYPES)
@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize(("dropout", "recurrent"), [(0.5, 0.0), (0.0, 0.4), (0.3, 0.5)])
@examples(5)
@given(data=st.data())
def test_dropout(dtype, reset_after, dropout, recurrent, data):
    cell = ref.GRU(units=17, reset_after=reset_after)
    problem = draw_problem(data.draw, cell, tools.STEPS, dtype, features=17, batch=33)
    rates = {"dropout": dropout, "recurrent_dropout": recurrent}
    drops = dropout_checks.read_masks(problem, probe, **rates)
    untangle(cell, drops, **rates)
    dropout_checks.check_masks(drops, dropout, recurrent)
    check_gradients(problem, drops, **rates)


def test_parameters():
    def shapes(**options):
        return _core.make_network([_core.GRUOptions(units=4, **options)], [-1, 3]).parameters(0)

    kernels = [("kernel", (3, 12)), ("recurrent_kernel", (4, 12))]
    assert shapes() == [*kernels, ("bias", (2, 12))]
    assert shapes(reset_after=False) == [*kernels, ("bias", (12,))]
    assert shapes(use_bias=False) == kernels


@pytest.mark.parametrize("reset_after", [True, False])
def test_state_carries_from_batch_to_batch(reset_after):
    rng = np.random.default_rng(1)
    cell = ref.GRU(units=6, reset_after=reset_after)
    weights = tools.random_weights(cell.shapes(3), rng, "float64")
    x = rng.standard_normal((3, 8, 3))
    network = tools.make_network(
        [tools.core_options(cell, stateful=True)], [-1, 3], weights={0: tools.ordered(weights)}
    )
    run = ref.forward(cell, weights, x)
    for first, last in ((0, 5), (5, 8)):
        part = np.ascontiguousarray(x[:, first:last])
        tools.assert_close(network.predict(part, batch_size=3), run.outputs[:, last - 1])
    tools.assert_close(network.get_states(0)[0], run.states[0])
